"""What queries return and outputs draw: tables, cards and pages of reports, all of plain values."""

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
        key: the stable snake_case name for scripts.
        label: the heading for people.
        keep: the priority on a narrow terminal, which drops the lowest first.
        align: "left" or "right".
        kind: how a terminal draws it: "text", "line" (cut, not wrapped), "path" (cut at its start), "grade", "bar" (of
            100), "progress" (of another number), "share" (of 1), "days".
        shown: a key of the rows with the text for people ("D?" for "D"), if not None; scripts get the plain value.
        of: for "progress": the key of the whole.
        mark: for "progress": the key of the target.
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
    """Rows that map the key (and `shown`) of every column to a plain value.

    Attributes:
        columns: in the order of the contract in `docs/cli.md`.
        rows: plain values; dates and numbers are not yet text.
        summary: sentences above the table, not part of the data.
        lines: the keys of columns that people see as sparklines below the summary.
        notes: sentences on standard error or beneath the table, not part of the data.
        warnings: like notes, but shown even if quiet.
        group_by: the key of the column by which a terminal groups the rows, which are in that order.
        group_key: the key that tells the groups apart, if not `group_by`.
        group_sizes: the number in a group's heading, by the group's value; None for no number. Without an entry it is
            the number of rows.
        total: the number of all rows, if a limit left some out and counting them is cheap.
        more: whether a limit left rows out, counted or not.
        more_than: a number that all rows exceed; counting stopped there.
        adds_up: whether the numbers of a row are parts of its total; people are then told of columns that do not fit.
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
        """Whether rows were left out."""
        return self.more or (self.total is not None and self.total > len(self.rows))


@dataclass(frozen=True, slots=True)
class Card:
    """Everything about one thing, such as a lead.

    Attributes:
        facts: label and value of what is known, in reading order.
        tables: its parts: the dimensions of the score, the ledger, the history.
        record: one object for scripts, of plain values and lists of flat objects.
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
    """Put an apostrophe before a text that a spreadsheet would run, except a plain number such as +4930123456.

    A text that already starts with apostrophes and such a sign gets one more, so that `unguard_formula` restores it.
    """
    if _STARTS_FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def unguard_formula(text: str) -> str:
    """Undo `guard_formula`."""
    return text[1:] if _GUARDED.match(text) else text


@dataclass(frozen=True, slots=True)
class DrillDown:
    """The command that lists the leads behind a number.

    Attributes:
        number: the number or numbers in a few words.
        command: a command line; a word in capitals is a placeholder for the value of a row.
    """

    number: str
    command: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure and its change.

    Attributes:
        value: None if it cannot be computed.
        kind: "count", or "share" (of 1).
        basis: what it is computed from, in words.
        change: the earlier value, in words.
        direction: 1 for an increase, -1 for a decrease, 0 if unknown.
    """

    label: str
    value: Cell
    kind: str = "count"
    basis: str = ""
    change: str = ""
    direction: int = 0


class Tone(StrEnum):
    """The colour and pattern of a series, with one meaning in all charts."""

    PLAIN = "plain"
    GOOD = "good"
    LATE = "late"
    QUIET = "quiet"
    OTHER = "other"
    FAINT = "faint"


@dataclass(frozen=True, slots=True)
class Series:
    """One of the values of each point of a chart."""

    name: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Point:
    """One place on the axis of a chart.

    Attributes:
        values: one for each series; None for unknown.
        said: the values in a few words.
        mark: the target of their sum, if any.
    """

    label: str
    values: tuple[float | None, ...]
    said: str = ""
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers.

    Attributes:
        description: a sentence for those who cannot see it.
        kind: "bars", a bar for each point with a part for each series; or "lines", a line for each series.
        mark: the name of the points' marks.
        full: the value of a bar of full width, longer ones are cut; None for the largest value.
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
    """One question of an overview and its answer.

    Attributes:
        name: one word, unique on the page.
        question: in a sentence.
        remarks: what to know about these numbers, in sentences.
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
    """A page of reports.

    Attributes:
        period: the leads and days, in a sentence.
        figures: the key figures at the top.
        basis: what these are compared with, in a sentence or two.
        traces: the leads behind the figures.
        facts: label and value of what the page is based on.
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
