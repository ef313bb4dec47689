"""Draws what was measured as a Markdown table with its bars, and puts it into docs/performance.md; measures nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import Series

BEGIN = "<!-- results: written by `make bench BENCH=--write` -->"
END = "<!-- end of results -->"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Attributes:
        what: what was measured.
        measured: the numbers in words.
        value: what is held against the bar, in words.
        bar: the bar in words, empty where there is none.
        met: whether the bar is met, None where there is none.
    """

    what: str
    measured: str
    value: str
    bar: str = ""
    met: bool | None = None


def say_seconds(series: Series) -> str:
    """Return the median with the fastest and the slowest run, in seconds or milliseconds."""
    if series.seconds < 1:
        return f"{series.seconds * 1000:.0f} ms ({series.fastest * 1000:.0f}-{series.slowest * 1000:.0f})"
    return f"{series.seconds:.1f} s ({series.fastest:.1f}-{series.slowest:.1f})"


def ratio(what: str, ours: Series, theirs: Series, at_most: float) -> Result:
    """Compare two medians, with the processor time in brackets; `at_most` is the bar as a multiple of theirs."""
    value = ours.seconds / theirs.seconds
    measured = f"{say_seconds(ours)} against {say_seconds(theirs)}"
    said = f"{value:.2f} x"
    if ours.processor_seconds and theirs.processor_seconds:
        said += f" ({ours.processor_seconds / theirs.processor_seconds:.2f} x)"
    return Result(what, measured, said, f"{at_most:g} x", value <= at_most)


def difference(what: str, ours: Series, theirs: Series, at_most: float) -> Result:
    """Compare two medians, with the processor time in brackets; `at_most` is the bar in seconds of difference."""
    value = ours.seconds - theirs.seconds
    measured = f"{say_seconds(ours)} against {say_seconds(theirs)}"
    said = f"{value * 1000:+.0f} ms"
    if ours.processor_seconds is not None and theirs.processor_seconds is not None:
        said += f" ({(ours.processor_seconds - theirs.processor_seconds) * 1000:+.0f} ms)"
    return Result(what, measured, said, f"{at_most * 1000:.0f} ms", value <= at_most)


def memory(what: str, series: Series, at_most: float | None = None) -> Result:
    """Report the peak of the memory of all processes together, and of the largest beside it; the bar is in MB.

    Where the system tells only the largest, that can miss the bar but not meet it.
    """
    together, largest = series.megabytes_together, series.megabytes
    if largest is None:
        return Result(what, "not told by this system", "")
    bar = "" if at_most is None else f"{at_most:.0f} MB"
    if together is None:
        missed = at_most is not None and largest > at_most
        return Result(what, "the largest process alone", f"{largest:.0f} MB", bar, False if missed else None)
    met = None if at_most is None else together <= at_most
    return Result(what, f"all processes; the largest alone {largest:.0f} MB", f"{together:.0f} MB", bar, met)


def draw_table(results: Sequence[Result]) -> str:
    """Return the results as a Markdown table."""
    verdicts = {True: "yes", False: "**no**", None: ""}
    lines = ["| what | median (fastest-slowest) | result (processor time) | at most | met |", "|---|---|---|---|---|"]
    lines += [f"| {r.what} | {r.measured} | {r.value} | {r.bar} | {verdicts[r.met]} |" for r in results]
    return "\n".join(lines)


def describe_machine() -> str:
    """Return one sentence on the machine and the versions, without its name."""
    memory_text = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
        memory_text = f"{size:.0f} GiB of memory, "
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory_text}{platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def write_into(document: Path, text: str) -> None:
    """Put the text between the document's two markers."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8", newline="\n")
