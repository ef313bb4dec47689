"""How one value is written for people; scripts get it plain from the formats of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from leadtriage.output.safe import safe
from leadtriage.tabular import Cell, Column

LONGEST_TEXT = 400
"""Characters of one value that a person is shown in a table; whole values are in JSON and CSV."""


def write_shown(column: Column, row: Mapping[str, Cell]) -> str:
    """What people see of a row in a column: its word for them where it has one, else the value."""
    word = row.get(column.shown) if column.shown else None
    return write_cell(column, row[column.key] if word is None else word)


def write_cell(column: Column, value: Cell) -> str:
    """One line of harmless text for a value; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column.kind == "share" and isinstance(value, int | float):
        return f"{value:.0%}"
    if column.kind == "days" and isinstance(value, int | float):
        return f"{value:,.1f} d" if value % 1 else f"{value:,.0f} d"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return str(value) if abs(value) < 10_000 or _names_something(column.key) else f"{value:,}"
    text = safe(value[: LONGEST_TEXT + 1])
    return text if len(value) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _names_something(key: str) -> bool:
    """Whether a column's numbers are no counts, but what people type to name a lead or an import."""
    return key in ("id", "batch") or key.endswith("_id")


def write_plain(value: Cell) -> str:
    """A value as scripts read it: ISO 8601 dates, plain numbers, true and false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
