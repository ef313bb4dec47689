"""The shape of what every query returns and every output draws: a table of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

Cell = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        key: the stable snake_case name that scripts rely on.
        label: what people see above it.
        keep: how dearly a narrow terminal keeps it; the lowest go first.
        align: "left" or "right".
        kind: how the terminal draws it: "text", "grade", "bar" (a whole number out of 100), "share" (of 1), "days".
    """

    key: str
    label: str
    keep: int = 50
    align: str = "left"
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their columns; each row maps every column's key to a plain value.

    Attributes:
        title: a few words.
        columns: in the order of the contract in `docs/cli.md`.
        rows: plain values only; dates and numbers are not yet text.
        notes: sentences for people, told on standard error or beneath the table, never part of the data.
        group_by: a column's key by which the terminal draws groups; the rows stand in groups already.
        total: how many rows there are in all, where a limit left some out.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
    notes: tuple[str, ...] = ()
    group_by: str | None = None
    total: int | None = field(default=None)
