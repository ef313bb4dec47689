"""How much memory a process and all that it started hold together, sampled while they run; knows of no command.

Linux tells for each process its proportional set size (`/proc/PID/smaps_rollup`): its resident pages, those that it
shares with others in equal parts. Added up they count every page once. No other system tells that.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import TracebackType

_PROCESSES = Path("/proc")
_SECONDS_BETWEEN = 0.1


def is_told() -> bool:
    """Whether this system tells proportional set sizes."""
    return sys.platform == "linux" and Path("/proc/self/smaps_rollup").exists()


class MemoryWatch:
    """Samples a process and those below it, ten times a second, from `__enter__` to `__exit__`.

    Attributes:
        peak: the highest sum so far, in MB (1,000,000 bytes).
    """

    def __init__(self, process: int) -> None:
        self.peak = 0.0
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.is_set():
            self.peak = max(self.peak, sum(map(read_megabytes, find_tree(self._process))))
            self._over.wait(_SECONDS_BETWEEN)


def find_tree(root: int) -> list[int]:
    """Return a process and all that it, or one of these, started and that still run."""
    started = defaultdict(list)
    for folder in _PROCESSES.iterdir():
        if folder.name.isdecimal():
            parent = _read(folder / "stat").rpartition(")")[2].split()[1:2]
            started[parent[0] if parent else ""].append(int(folder.name))
    tree = [root]
    for process in tree:
        tree += started[str(process)]
    return tree


def read_megabytes(process: int) -> float:
    """Return a process's proportional set size in MB; 0 for one that has ended."""
    for line in _read(_PROCESSES / str(process) / "smaps_rollup").splitlines():
        name, _, size = line.partition(":")
        if name == "Pss":
            return int(size.split()[0]) * 1024 / 1_000_000
    return 0.0


def _read(path: Path) -> str:
    """A file's text; empty where its process has ended meanwhile."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
