"""Draws measurements as a Markdown table and writes it to docs/performance.md."""

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
        what: the measurement.
        measured: the numbers as text.
        value: the value to compare with the limit, as text.
        bar: the limit as text, or empty.
        met: whether the value is within the limit; None without one.
    """

    what: str
    measured: str
    value: str
    bar: str = ""
    met: bool | None = None


def format_seconds(series: Series) -> str:
    """Return the median with the fastest and the slowest run, in seconds or milliseconds."""
    if series.seconds < 1:
        return f"{series.seconds * 1000:.0f} ms ({series.fastest * 1000:.0f}-{series.slowest * 1000:.0f})"
    return f"{series.seconds:.1f} s ({series.fastest:.1f}-{series.slowest:.1f})"


def ratio(what: str, ours: Series, theirs: Series, at_most: float) -> Result:
    """Compare two medians, with processor time in brackets; `at_most` is a multiple of theirs."""
    value = ours.seconds / theirs.seconds
    measured = f"{format_seconds(ours)} against {format_seconds(theirs)}"
    text = f"{value:.2f} x"
    if ours.processor_seconds and theirs.processor_seconds:
        text += f" ({ours.processor_seconds / theirs.processor_seconds:.2f} x)"
    return Result(what, measured, text, f"{at_most:g} x", value <= at_most)


def difference(what: str, ours: Series, theirs: Series, at_most: float) -> Result:
    """Compare two medians, with processor time in brackets; `at_most` is the difference in seconds."""
    value = ours.seconds - theirs.seconds
    measured = f"{format_seconds(ours)} against {format_seconds(theirs)}"
    text = f"{value * 1000:+.0f} ms"
    if ours.processor_seconds is not None and theirs.processor_seconds is not None:
        text += f" ({(ours.processor_seconds - theirs.processor_seconds) * 1000:+.0f} ms)"
    return Result(what, measured, text, f"{at_most * 1000:.0f} ms", value <= at_most)


def memory(what: str, series: Series, at_most: float | None = None) -> Result:
    """Report the peak memory of all processes, and of the largest one; `at_most` is in MB.

    If the system reports only the largest process, that can exceed the limit but not prove that it is met.
    """
    together, largest = series.megabytes_together, series.megabytes
    if largest is None:
        return Result(what, "not reported by this system", "")
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
    """Return the machine and the versions in a sentence, without the machine's name."""
    memory_text = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
        memory_text = f"{size:.0f} GiB of memory, "
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory_text}{platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def write_into(document: Path, text: str) -> None:
    """Write the text between the two markers of a document."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8", newline="\n")
