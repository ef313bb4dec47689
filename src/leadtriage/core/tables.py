"""The shape of what every query returns and every output draws: plain values as a table or a card.

Many tables with charts on one page are `overviews`'.

Keeps a spreadsheet from running a cell's text as a formula, in a way that can be taken back.

The shape of a page of reports: figures, charts and tables of plain values, and how to list the leads behind them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
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


_STARTS_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_PLAIN_NUMBER = re.compile(r"[+-]\d+([.,]\d+)*")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n]")


def guard_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run; a plain number such as +4930123456 is none.

    A text that begins with apostrophes and then such a sign gets one more, so that `unguard_formula` gives every
    text back.
    """
    if _STARTS_FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def unguard_formula(text: str) -> str:
    """Take back what `guard_formula` did."""
    return text[1:] if _GUARDED.match(text) else text


@dataclass(frozen=True, slots=True)
class DrillDown:
    """How to list the leads behind a number.

    Attributes:
        number: which number or numbers, in a few words.
        command: a command line; a word in capitals stands for what differs from row to row.
    """

    number: str
    command: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that matters, and how it has changed.

    Attributes:
        label: what it is, in a few words.
        value: the number; None where it cannot be said.
        kind: how it is written: "count", or "share" (of 1).
        basis: what it rests on, in words.
        change: what it was before, in words.
        direction: 1 where there is more of it than before, -1 where there is less, 0 where that cannot be said.
    """

    label: str
    value: Cell
    kind: str = "count"
    basis: str = ""
    change: str = ""
    direction: int = 0


class Tone(StrEnum):
    """How a series looks, the same meaning alike in all charts: each has its own colour and pattern."""

    PLAIN = "plain"
    GOOD = "good"
    LATE = "late"
    QUIET = "quiet"
    OTHER = "other"
    FAINT = "faint"


@dataclass(frozen=True, slots=True)
class Series:
    """One of the values that each point of a chart has."""

    name: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Point:
    """What a chart draws in one place.

    Attributes:
        values: one for each of the chart's series; None for unknown.
        said: what is said of them, in a few words.
        mark: a value that they should have reached together, if any.
    """

    label: str
    values: tuple[float | None, ...]
    said: str = ""
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers.

    Attributes:
        title: a few words.
        description: what it shows, in a sentence, for those who do not see it.
        kind: "bars", a bar for each point with a part for each series; or "lines", a line for each series over the
            points.
        series: what each of a point's values is.
        mark: what the mark of a point is.
        full: the value of a bar as wide as the picture; None for the largest there is. Longer ones are cut.
    """

    title: str
    description: str
    kind: str
    series: tuple[Series, ...]
    points: tuple[Point, ...]
    mark: str = ""
    full: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One question of an overview, with what answers it.

    Attributes:
        name: one word, unlike that of any other part.
        question: in a sentence.
        remarks: what a reader has to know of these numbers, in sentences.
    """

    name: str
    title: str
    question: str
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    traces: tuple[DrillDown, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """Many tables on one page.

    Attributes:
        title: a few words.
        period: which leads and days it is about, in a sentence.
        figures: the numbers that matter, the first things to be read.
        basis: what these are compared with, in a sentence or two.
        traces: the leads behind the figures.
        facts: label and value: what the whole rests on.
        limits: what it cannot tell, in sentences.
    """

    title: str
    period: str
    figures: tuple[Figure, ...]
    basis: tuple[str, ...]
    traces: tuple[DrillDown, ...]
    parts: tuple[Part, ...]
    facts: tuple[tuple[str, Cell], ...]
    limits: tuple[str, ...]
