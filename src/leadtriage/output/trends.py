"""Draws columns of numbers over time as lines of block signs, one sign for each row or for some rows together."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from leadtriage.output.safe import safe
from leadtriage.output.screen import Screen
from leadtriage.tabular import Cell, Column, Table

_SIGNS = "▁▂▃▅▇"
"""Those that every terminal's font draws from one base line."""

_UNKNOWN = "·"
_FEWEST, _MOST = 3, 60
"""Signs of a line: fewer show no course, more are no more seen as one line."""


def draw_trends(table: Table, screen: Screen) -> tuple[str, ...]:
    """A line for each of the table's `lines`: its label, its first value, its course, its last value.

    Each course is drawn from 0 to its own largest value. There are none where the screen has ASCII alone, or has no
    room, or where there are too few rows to show a course.
    """
    courses = {column.label: [_number(row[column.key]) for row in table.rows] for column in _find_columns(table)}
    names = {label: safe(label) for label in courses}
    ends = {label: [_say(values[0]), _say(values[-1])] for label, values in courses.items()}
    widths = [max((len(pair[place]) for pair in ends.values()), default=0) for place in (0, 1)]
    widest = max((cell_len(name) for name in names.values()), default=0)
    room = _MOST if screen.width is None else min(_MOST, screen.width - widest - sum(widths) - 3)
    if not screen.unicode or room < _FEWEST or len(table.rows) < _FEWEST:
        return ()
    return tuple(
        f"{names[label]}{' ' * (widest - cell_len(names[label]))} {ends[label][0]:>{widths[0]}} "
        f"{draw_course(_gather(values, room))} {ends[label][1]:>{widths[1]}}"
        for label, values in courses.items()
    )


def draw_course(values: Sequence[float | None]) -> str:
    """A sign for each value, from 0 to the largest of them; a dot for one that is not known."""
    most = max((value for value in values if value is not None), default=0)
    top = len(_SIGNS) - 1
    return "".join(
        _UNKNOWN if value is None else _SIGNS[round(max(0.0, value) / most * top) if most > 0 else 0]
        for value in values
    )


def _find_columns(table: Table) -> list[Column]:
    by_key = {column.key: column for column in table.columns}
    return [by_key[key] for key in table.lines]


def _number(value: Cell) -> float | None:
    return value if isinstance(value, int | float) else None


def _say(value: float | None) -> str:
    return "?" if value is None else f"{value:,}"


def _gather(values: Sequence[float | None], room: int) -> list[float | None]:
    """At most so many values: the means of neighbours where there are more."""
    size = -(-len(values) // room)
    parts = [values[start : start + size] for start in range(0, len(values), size)]
    known = [[value for value in part if value is not None] for part in parts]
    return [sum(part) / len(part) if part else None for part in known]
