"""The shape of a page of reports: figures, charts and tables of plain values, and how to list the leads behind them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from leadtriage.tabular import Cell, Table


@dataclass(frozen=True, slots=True)
class Trace:
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
    traces: tuple[Trace, ...]
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
    traces: tuple[Trace, ...]
    parts: tuple[Part, ...]
    facts: tuple[tuple[str, Cell], ...]
    limits: tuple[str, ...]
