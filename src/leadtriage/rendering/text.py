"""Lays a table out as text in columns that fit the screen, before anything is drawn.

Fits a table's columns into a terminal's width: which stay, and how wide each is.

How one value is written for people; scripts get it plain from the formats of their own.

Draws a sheet without colours: a pipe's reader waits for no library that draws for terminals.

Draws columns of numbers over time as lines of block signs, one sign for each row or for some rows together.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from math import ceil

from rich.cells import cell_len, set_cell_size

from leadtriage.core.tables import Cell, Column, Table
from leadtriage.rendering.sanitize import safe
from leadtriage.rendering.screen import Screen

GAP = 2
"""Blanks between two columns."""

DEAR = 80
"""A column that is kept less dearly than this is dropped before texts are cut much."""

DEAREST = 95
"""From this `keep` on texts are cut less than others."""

COMFORTABLE = {True: 32, False: 18}
NARROWEST = {True: 20, False: 12}
"""The cells that a text has at least, the dearest ones and others: while there are columns to drop, and at the end."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a column asks for, in terminal cells.

    Attributes:
        widest: of its label and values.
        keep: how dearly it is kept.
        shrinks: whether its values may be cut; numbers and dates are shown whole or not at all.
    """

    widest: int
    keep: int
    shrinks: bool

    def least(self, limits: Mapping[bool, int]) -> int:
        """The fewest cells it can do with."""
        return min(self.widest, limits[self.keep >= DEAREST]) if self.shrinks else self.widest


def fit_columns(columns: Sequence[Measure], width: int | None) -> dict[int, int]:
    """Choose columns and their widths, as place -> width in the order of the places.

    The columns that are kept least dearly go (of equals the last) until the others fit when cut; these share what
    there is, the widest texts cut first. At least one column stays, cut if it must be.

    Args:
        width: of the terminal; None where any width will do.
    """
    places = list(range(len(columns)))
    if width is None:
        return {place: columns[place].widest for place in places}
    for place in sorted(places, key=lambda place: (columns[place].keep, -place)):
        limits = COMFORTABLE if columns[place].keep < DEAR else NARROWEST
        if len(places) == 1 or _total(columns[place].least(limits) for place in places) <= width:
            break
        places.remove(place)
    widths = {place: columns[place].widest for place in places}
    excess = _total(widths.values()) - width
    for _ in range(excess):
        widest = max(places, key=lambda place: _rank(columns[place], widths[place]))
        widths[widest] = max(1, widths[widest] - 1)
    return widths


def _rank(column: Measure, width: int) -> tuple[bool, bool, bool, int, int]:
    """How ready a column is to give up a cell: what is above comfort, then texts that are not the dearest, then all."""
    can_be_cut = width > column.least(NARROWEST)
    return (
        width > column.least(COMFORTABLE),
        can_be_cut and column.keep < DEAREST,
        can_be_cut,
        width if column.shrinks else 0,
        -column.keep,
    )


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + GAP * (len(each) - 1)


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


BAR_CELLS = 10
_BAR_OF = 100
_BARRED = frozenset({"bar", "progress"})
"""The kinds of columns whose numbers have bars."""

_CUT = ("text", "line", "path")
"""The kinds of columns whose values may be cut."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column that is shown; `width` in terminal cells."""

    label: str
    width: int
    right: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table laid out: all texts are safe and of one line.

    Attributes:
        summary: lines that say what the table says, above it.
        groups: a heading with what it counts, or None where the table has no groups, and the rows' cells in the order
            of the columns.
        left_out: how many columns that have values do not fit.
    """

    title: str
    summary: tuple[str, ...]
    columns: tuple[SheetColumn, ...]
    groups: tuple[tuple[str | None, tuple[tuple[str, ...], ...]], ...]
    left_out: int = 0


def lay_out(table: Table, screen: Screen) -> Sheet:
    """Choose what of a table with rows is shown on a screen.

    Columns without any value are left out; bars are drawn where no column must go for them, those of
    progress where no dear one must.
    """
    heading = next((column for column in table.columns if column.key == table.group_by), None)
    columns = [
        column
        for column in table.columns
        if column is not heading and any(write_shown(column, row) for row in table.rows)
    ] or list(table.columns[:1])
    texts = [[write_shown(column, row) for column in columns] for row in table.rows]
    barred = _BARRED if screen.unicode and screen.width is not None else frozenset[str]()
    widths = fit_columns(_measure(columns, table.rows, texts, barred), screen.width)
    if len(widths) < len(columns):
        barred -= {"bar"}
        widths = fit_columns(_measure(columns, table.rows, texts, barred), screen.width)
        bare = fit_columns(_measure(columns, table.rows, texts, frozenset()), screen.width)
        if any(columns[place].keep >= DEAR for place in bare.keys() - widths.keys()):
            barred, widths = frozenset[str](), bare
    shown = tuple(
        SheetColumn(
            label=safe(columns[place].label),
            width=width,
            right=columns[place].align == "right" and columns[place].kind not in barred,
            kind=columns[place].kind,
        )
        for place, width in widths.items()
    )
    lines = [
        tuple(
            _fit(cells[place], columns[place], row, width, barred, unicode=screen.unicode)
            for place, width in widths.items()
        )
        for row, cells in zip(table.rows, texts, strict=True)
    ]
    summary = tuple(line for sentence in table.summary for line in _wrap(safe(sentence), screen.width))
    trends = draw_trends(table, screen) if table.lines else ()
    groups = tuple(_group(table, heading, lines))
    return Sheet(safe(table.title), (*summary, *trends), shown, groups, left_out=len(columns) - len(shown))


def _wrap(sentence: str, width: int | None) -> list[str]:
    return [sentence] if width is None else textwrap.wrap(sentence, max(width, 1))


def _group(
    table: Table, heading: Column | None, lines: Sequence[tuple[str, ...]]
) -> Iterator[tuple[str | None, tuple[tuple[str, ...], ...]]]:
    if heading is None:
        yield None, tuple(lines)
        return
    key = table.group_key or heading.key
    for value, group in groupby(zip(table.rows, lines, strict=True), key=lambda pair: pair[0][key]):
        pairs = list(group)
        number = table.group_sizes.get(value, len(pairs))
        size = "" if number is None else f" ({number:,})"
        yield f"{write_shown(heading, pairs[0][0]) or 'none'}{size}", tuple(line for _, line in pairs)


def _measure(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Cell]],
    texts: Sequence[Sequence[str]],
    barred: frozenset[str],
) -> list[Measure]:
    measures = []
    for place, column in enumerate(columns):
        widest = max(cell_len(cells[place]) for cells in texts)
        if column.kind in barred:
            widest += 1 + BAR_CELLS
        shrinks = column.kind in _CUT and any(isinstance(row[column.key], str) for row in rows)
        measures.append(Measure(max(widest, cell_len(column.label)), column.keep, shrinks=shrinks))
    return measures


def _fit(
    text: str, column: Column, row: Mapping[str, Cell], width: int, barred: frozenset[str], *, unicode: bool
) -> str:
    if column.kind in barred:
        of, mark = (row[key] if key else None for key in (column.of, column.mark))
        return _with_bar(text, row[column.key], of if column.of else _BAR_OF, mark, width)
    return keep_end(text, width, unicode=unicode) if column.kind == "path" else text


def keep_end(text: str, width: int, *, unicode: bool) -> str:
    """The last part of a path that fits, from a folder's name on where there is one."""
    if cell_len(text) <= width:
        return text
    sign = "…" if unicode else ""
    tail = set_cell_size(text[::-1], width - len(sign))[::-1].lstrip(" ")
    folder = re.search(r"[/\\]", tail)
    # Without a sign for what is cut the separator would make a whole path of it.
    start = 0 if folder is None else folder.start() if unicode else folder.end()
    return sign + tail[start:]


def _with_bar(text: str, value: Cell, of: Cell, mark: Cell, width: int) -> str:
    """A number with its bar beside it; of a value that is no number, or out of none, the text alone."""
    if not isinstance(value, int | float) or not isinstance(of, int | float):
        return text
    marked = mark if isinstance(mark, int | float) else None
    return f"{text.rjust(width - BAR_CELLS - 1)} {draw_bar(value, of, BAR_CELLS, marked)}"


def draw_bar(value: float, of: float, cells: int, mark: float | None = None) -> str:
    """A bar of at most `cells` cells, in steps of an eighth; nothing for nothing and below, padded with blanks.

    Args:
        mark: the value that it should have reached: its cell is crossed, and what is still to be done is dotted.
    """
    share = min(1.0, max(0.0, value / of)) if of else 0.0
    whole, rest = divmod(round(share * cells * 8), 8)
    bar = "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
    if mark is None or not of:
        return bar.ljust(cells)
    place = min(cells - 1, max(0, ceil(mark / of * cells) - 1))
    bar = bar.ljust(cells, "·")
    return f"{bar[:place]}│{bar[place + 1 :]}"


def draw_plain(sheet: Sheet, screen: Screen) -> str:
    """A sheet as lines of text, the same as in colour but for the colours."""
    rule = ("─" if screen.unicode else "-") * (
        sum(column.width for column in sheet.columns) + GAP * (len(sheet.columns) - 1)
    )
    lines = [*([sheet.title] if sheet.title else []), *sheet.summary]
    for heading, rows in sheet.groups:
        if heading is not None:
            lines += ["", heading]
        lines.append(_draw_line(sheet, tuple(column.label for column in sheet.columns), screen))
        lines.append(rule)
        lines += (_draw_line(sheet, cells, screen) for cells in rows)
    return "".join(f"{line}\n" for line in lines)


def _draw_line(sheet: Sheet, cells: tuple[str, ...], screen: Screen) -> str:
    parts = []
    for column, text in zip(sheet.columns, cells, strict=True):
        free = column.width - cell_len(text)
        if free < 0:
            cut = set_cell_size(text, column.width - screen.unicode)
            parts.append(cut + "…" if screen.unicode else cut)
        else:
            parts.append(" " * free + text if column.right else text + " " * free)
    return (" " * GAP).join(parts).rstrip()
