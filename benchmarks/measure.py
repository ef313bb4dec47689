"""Runs commands and measures their time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from process_memory import MemoryWatch, is_supported


class CommandFailed(Exception):
    """A measured command failed; the message has its output."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: wall time in seconds, and if the system reports them, processor time and peak memory in MB.

    Attributes:
        megabytes: of the largest process alone.
        megabytes_together: of all processes at once; never less than `megabytes`.
    """

    seconds: float
    megabytes: float | None
    processor_seconds: float | None = None
    megabytes_together: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Several runs of the same command."""

    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """The median wall time in seconds."""
        return median(run.seconds for run in self.runs)

    @property
    def fastest(self) -> float:
        """The shortest wall time in seconds."""
        return min(run.seconds for run in self.runs)

    @property
    def slowest(self) -> float:
        """The longest wall time in seconds."""
        return max(run.seconds for run in self.runs)

    @property
    def processor_seconds(self) -> float | None:
        """The median processor time in seconds; None if the system does not report it."""
        times = [run.processor_seconds for run in self.runs if run.processor_seconds is not None]
        return median(times) if times else None

    @property
    def megabytes(self) -> float | None:
        """The highest peak memory of one process in MB (1,000,000 bytes); None if not reported."""
        return max((run.megabytes for run in self.runs if run.megabytes is not None), default=None)

    @property
    def megabytes_together(self) -> float | None:
        """The highest peak memory of all processes of a run in MB; None if not reported."""
        peaks = (run.megabytes_together for run in self.runs if run.megabytes_together is not None)
        return max(peaks, default=None)


@dataclass(frozen=True, slots=True)
class Task:
    """A command to measure.

    Attributes:
        before: called before each run, outside the measured time.
        accepted: exit codes that are not failures.
        watched: whether to sample the memory of all its processes, ten times a second.
    """

    command: Sequence[str | Path]
    before: Callable[[], None] | None = None
    environment: Mapping[str, str] | None = None
    accepted: tuple[int, ...] = (0,)
    watched: bool = False


def run_once(task: Task, folder: Path) -> Run:
    """Run the command in the folder and write its output to a file.

    Raises:
        CommandFailed: the task does not accept its exit code.
    """
    if task.before:
        task.before()
    environment = {**os.environ, **(task.environment or {})}
    with (folder / "output.txt").open("w+b") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in task.command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        watch = MemoryWatch(process.pid) if task.watched and is_supported() else None
        with watch or nullcontext():
            code, megabytes, processor_seconds = _wait(process)
            seconds = time.perf_counter() - started
        if code not in task.accepted:
            output.seek(0)
            said = output.read().decode(errors="replace")[-2000:]
            raise CommandFailed(f"{' '.join(map(str, task.command))} ended with {code}:\n{said}")
    together = max(watch.peak, megabytes or 0) if watch else None
    return Run(seconds, megabytes, processor_seconds, together)


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, float | None, float | None]:
    if sys.platform == "win32":
        return process.wait(), None, None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return process.returncode, usage.ru_maxrss * unit / 1_000_000, usage.ru_utime + usage.ru_stime


def run_alternately(rounds: int, folder: Path, **tasks: Task) -> dict[str, Series]:
    """Run every task once in each round, so that a busy minute of the machine slows all of them."""
    runs: dict[str, list[Run]] = {name: [] for name in tasks}
    for number in range(rounds):
        for name, task in tasks.items():
            run = run_once(task, folder)
            runs[name].append(run)
            sys.stderr.write(f"  round {number + 1} of {rounds}: {name}: {run.seconds:.3f} s\n")
    return {name: Series(tuple(found)) for name, found in runs.items()}
