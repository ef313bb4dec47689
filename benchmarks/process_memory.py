"""Samples the memory of a process and its children.

Linux reports the proportional set size of a process (`/proc/PID/smaps_rollup`), in which processes split shared pages.
So the sum over processes counts each page once. No other system reports it.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import TracebackType

_PROCESSES = Path("/proc")
_SECONDS_BETWEEN = 0.1


def is_supported() -> bool:
    """Whether this system reports proportional set sizes."""
    return sys.platform == "linux" and Path("/proc/self/smaps_rollup").exists()


class MemoryWatch:
    """Samples a process and its children, ten times a second.

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
    """Return a process and its running descendants."""
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
    """Return the proportional set size of a process in MB; 0 if it has ended."""
    for line in _read(_PROCESSES / str(process) / "smaps_rollup").splitlines():
        name, _, size = line.partition(":")
        if name == "Pss":
            return int(size.split()[0]) * 1024 / 1_000_000
    return 0.0


def _read(path: Path) -> str:
    # Empty if the process has ended.
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
