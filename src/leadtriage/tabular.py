"""The shape of what every query returns and every output draws: plain values as a table or a card.

Many tables with charts on one page are `overviews`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Cell = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        key: the stable snake_case name that scripts rely on.
        label: what people see above it.
        keep: how dearly a narrow terminal keeps it; the lowest go first.
        align: "left" or "right".
        kind: how the terminal draws it: "text", "line" (a text that is cut where others wrap), "path" (a text whose end
            tells most), "grade", "bar" (a whole number out of 100), "progress" (a number out of another), "share" (of
            1), "days".
        shown: a key of the rows that is no column: what people see in this one's place ("D?" for "D"); scripts (JSON,
            CSV) get the plain value. A row without that key, or with None there, shows the plain value.
        of: of "progress": the key of the number that it is out of.
        mark: of "progress": the key of the number that it should have reached.
    """

    key: str
    label: str
    keep: int = 50
    align: str = "left"
    kind: str = "text"
    shown: str | None = None
    of: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their columns; each row maps every column's key (and every column's `shown`) to a plain value.

    Attributes:
        title: a few words.
        columns: in the order of the contract in `docs/cli.md`.
        rows: plain values only; dates and numbers are not yet text.
        summary: what the table says, in a sentence or two that people read above it; no part of the data.
        lines: the keys of columns of numbers over time, each of which people see as a line of signs below the summary.
        notes: sentences for people, told on standard error or beneath the table, never part of the data.
        warnings: sentences on what may be wrong with what was asked for, told like notes, but quiet or not.
        group_by: a column's key by which the terminal draws groups; the rows stand in groups already.
        group_key: the key of the rows that tells these groups apart, where it is not the column's own.
        group_sizes: what the heading of a group counts, by the group's value; None where it counts nothing. A group
            that is not here counts its rows.
        total: how many rows there are in all, where a limit left some out and counting them is cheap.
        more: a limit left rows out, be their number known or not.
        more_than: there are more rows than so many in all; counting them went no further.
        adds_up: the numbers of a row are parts of its total: people are told of columns that do not fit.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
    summary: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    group_by: str | None = None
    group_key: str | None = None
    group_sizes: Mapping[Cell, int | None] = field(default_factory=dict)
    total: int | None = None
    more: bool = False
    more_than: int | None = None
    adds_up: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether there are rows that are not among these."""
        return self.more or (self.total is not None and self.total > len(self.rows))


@dataclass(frozen=True, slots=True)
class Card:
    """Everything about one thing, such as a lead.

    Attributes:
        title: its name in a few words.
        facts: label and value, in the order in which people read them; what is unknown is not among them.
        tables: its parts, each under its own title: the dimensions of the score, the ledger, the story.
        record: the one flat object for scripts; values are plain, or lists of flat objects.
        notes: sentences for people.
    """

    title: str
    facts: tuple[tuple[str, Cell], ...]
    tables: tuple[Table, ...]
    record: Mapping[str, Any]
    notes: tuple[str, ...] = ()
