"""Lays out a table as text: formats values, fits columns to the width, draws bars, trend lines and plain tables.

A pipe's reader does not wait for the library that draws for terminals.
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
LONGEST_TEXT = 400
"""Characters of a value in a table for people; JSON and CSV have the whole value."""

# Values


def write_shown(column: Column, row: Mapping[str, Cell]) -> str:
    """What people see in a column: the row's word for them, else the value."""
    word = row.get(column.shown) if column.shown else None
    return write_cell(column, row[column.key] if word is None else word)


def write_cell(column: Column, value: Cell) -> str:
    """Format a value for people, as one line of safe text; None is empty."""
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
        # People type ids, so these have no separators.
        is_id = column.key in ("id", "batch") or column.key.endswith("_id")
        return str(value) if abs(value) < 10_000 or is_id else f"{value:,}"
    text = safe(value[: LONGEST_TEXT + 1])
    return text if len(value) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def write_plain(value: Cell) -> str:
    """Format a value for scripts: ISO 8601 dates, plain numbers, true and false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


# Widths

MUST_KEEP = 80
"""Columns with a lower `keep` are dropped before texts are cut much."""
KEEP_WIDE = 95
"""From this `keep` on, texts are cut less than others."""
COMFORTABLE = {True: 32, False: 18}
NARROWEST = {True: 20, False: 12}
"""The least cells of a text, for wide ones and others: while columns can be dropped, and when none can."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a column needs, in terminal cells.

    Attributes:
        widest: the width of its label and values.
        keep: the priority of keeping it.
        shrinks: whether its values can be cut; numbers and dates are shown whole or not at all.
    """

    widest: int
    keep: int
    shrinks: bool

    def least(self, limits: Mapping[bool, int]) -> int:
        """The fewest cells that it needs."""
        return min(self.widest, limits[self.keep >= KEEP_WIDE]) if self.shrinks else self.widest


def fit_columns(columns: Sequence[Measure], width: int | None) -> dict[int, int]:
    """Choose columns and their widths, as index -> width.

    Columns with the lowest priority (of equals, the last) are dropped until the others fit when cut; these share the
    width, the widest texts cut first. At least one column stays, cut if needed.

    Args:
        width: of the terminal; None for no limit.
    """
    places = list(range(len(columns)))
    if width is None:
        return {place: columns[place].widest for place in places}
    for place in sorted(places, key=lambda place: (columns[place].keep, -place)):
        limits = COMFORTABLE if columns[place].keep < MUST_KEEP else NARROWEST
        if len(places) == 1 or _total(columns[place].least(limits) for place in places) <= width:
            break
        places.remove(place)
    widths = {place: columns[place].widest for place in places}
    for _ in range(_total(widths.values()) - width):
        widest = max(places, key=lambda place: _rank(columns[place], widths[place]))
        widths[widest] = max(1, widths[widest] - 1)
    return widths


def _rank(column: Measure, width: int) -> tuple[bool, bool, bool, int, int]:
    """How readily a column gives up a cell: first those above comfort, then texts that need not be wide, then all."""
    can_be_cut = width > column.least(NARROWEST)
    return (
        width > column.least(COMFORTABLE),
        can_be_cut and column.keep < KEEP_WIDE,
        can_be_cut,
        width if column.shrinks else 0,
        -column.keep,
    )


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + GAP * (len(each) - 1)


def keep_end(text: str, width: int, *, unicode: bool) -> str:
    """The end of a path that fits, from the start of a folder's name if possible."""
    if cell_len(text) <= width:
        return text
    sign = "…" if unicode else ""
    tail = set_cell_size(text[::-1], width - len(sign))[::-1].lstrip(" ")
    folder = re.search(r"[/\\]", tail)
    # Without the sign, a leading separator would make it look like a whole path.
    start = 0 if folder is None else folder.start() if unicode else folder.end()
    return sign + tail[start:]


# Layout

BAR_CELLS = 10
_BAR_OF = 100
_WITH_BARS = frozenset({"bar", "progress"})
"""The kinds of columns whose numbers have bars."""
_CAN_BE_CUT = ("text", "line", "path")
"""The kinds of columns whose values can be cut."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A visible column; `width` in terminal cells."""

    label: str
    width: int
    right: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table laid out: all texts are safe and on one line.

    Attributes:
        summary: lines above the table.
        groups: headings, None without groups, each with the cells of its rows.
        left_out: how many columns with values don't fit.
    """

    title: str
    summary: tuple[str, ...]
    columns: tuple[SheetColumn, ...]
    groups: tuple[tuple[str | None, tuple[tuple[str, ...], ...]], ...]
    left_out: int = 0


def lay_out(table: Table, screen: Screen) -> Sheet:
    """Choose what of a table with rows to show on a screen.

    Columns without values are left out. Bars are drawn if no column has to go for them, those of progress if no
    important one has to.
    """
    heading = next((column for column in table.columns if column.key == table.group_by), None)
    columns = [
        column
        for column in table.columns
        if column is not heading and any(write_shown(column, row) for row in table.rows)
    ] or list(table.columns[:1])
    texts = [[write_shown(column, row) for column in columns] for row in table.rows]

    def fit(barred: frozenset[str]) -> dict[int, int]:
        measures = (_measure(column, place, table, texts, barred) for place, column in enumerate(columns))
        return fit_columns(list(measures), screen.width)

    barred = _WITH_BARS if screen.unicode and screen.width is not None else frozenset[str]()
    widths = fit(barred)
    if len(widths) < len(columns):
        barred -= {"bar"}
        widths, bare = fit(barred), fit(frozenset())
        if any(columns[place].keep >= MUST_KEEP for place in bare.keys() - widths.keys()):
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
            _with_bar(cells[place], columns[place], row, width)
            if columns[place].kind in barred
            else keep_end(cells[place], width, unicode=screen.unicode)
            if columns[place].kind == "path"
            else cells[place]
            for place, width in widths.items()
        )
        for row, cells in zip(table.rows, texts, strict=True)
    ]
    summary = [line for sentence in table.summary for line in _wrap(safe(sentence), screen.width)]
    trends = draw_trends(table, screen) if table.lines else ()
    groups = tuple(_group(table, heading, lines))
    return Sheet(safe(table.title), (*summary, *trends), shown, groups, left_out=len(columns) - len(shown))


def _measure(
    column: Column, place: int, table: Table, texts: Sequence[Sequence[str]], barred: frozenset[str]
) -> Measure:
    widest = max(cell_len(cells[place]) for cells in texts) + (1 + BAR_CELLS if column.kind in barred else 0)
    shrinks = column.kind in _CAN_BE_CUT and any(isinstance(row[column.key], str) for row in table.rows)
    return Measure(max(widest, cell_len(column.label)), column.keep, shrinks=shrinks)


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


def _with_bar(text: str, column: Column, row: Mapping[str, Cell], width: int) -> str:
    """A number with its bar; only the text if it, or what it is out of, is not a number."""
    value, of = row[column.key], row[column.of] if column.of else _BAR_OF
    mark = row[column.mark] if column.mark else None
    if not isinstance(value, int | float) or not isinstance(of, int | float):
        return text
    bar = draw_bar(value, of, BAR_CELLS, mark if isinstance(mark, int | float) else None)
    return f"{text.rjust(width - BAR_CELLS - 1)} {bar}"


def draw_bar(value: float, of: float, cells: int, mark: float | None = None) -> str:
    """Draw a bar of at most `cells` cells, in steps of an eighth, padded with blanks; empty for 0 and below.

    Args:
        mark: the value it should have reached: its cell is crossed, and what is still to do is dotted.
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
    """Draw a sheet without colours, otherwise like `draw_rich`."""
    rule = ("─" if screen.unicode else "-") * _total(column.width for column in sheet.columns)
    lines = [*([sheet.title] if sheet.title else []), *sheet.summary]
    for heading, rows in sheet.groups:
        if heading is not None:
            lines += ["", heading]
        lines += [_draw_line(sheet, tuple(column.label for column in sheet.columns), screen), rule]
        lines += (_draw_line(sheet, cells, screen) for cells in rows)
    return "".join(f"{line}\n" for line in lines)


def _draw_line(sheet: Sheet, cells: tuple[str, ...], screen: Screen) -> str:
    parts = []
    for column, text in zip(sheet.columns, cells, strict=True):
        free = column.width - cell_len(text)
        if free < 0:
            text = set_cell_size(text, column.width - screen.unicode) + ("…" if screen.unicode else "")
        parts.append(" " * free + text if column.right else text + " " * free)
    return (" " * GAP).join(parts).rstrip()


# Trends

_BLOCKS = "▁▂▃▅▇"
"""Blocks that every terminal's font draws from the same base line."""
_UNKNOWN = "·"
_SHORTEST, _LONGEST = 3, 60
"""Blocks of a line: fewer show no trend, more no longer look like one line."""


def draw_trends(table: Table, screen: Screen) -> tuple[str, ...]:
    """Draw a line for each of the table's `lines`: label, first value, trend, last value.

    Each trend is drawn from 0 to its own maximum. Nothing is drawn without Unicode, without room, or for too few rows.
    """
    columns = {column.key: column for column in table.columns}
    series = {columns[key].label: [_number(row[key]) for row in table.rows] for key in table.lines}
    names = {label: safe(label) for label in series}
    ends = {label: [_format_end(values[0]), _format_end(values[-1])] for label, values in series.items()}
    widths = [max((len(pair[place]) for pair in ends.values()), default=0) for place in (0, 1)]
    widest = max((cell_len(name) for name in names.values()), default=0)
    room = _LONGEST if screen.width is None else min(_LONGEST, screen.width - widest - sum(widths) - 3)
    if not screen.unicode or room < _SHORTEST or len(table.rows) < _SHORTEST:
        return ()
    return tuple(
        f"{names[label]}{' ' * (widest - cell_len(names[label]))} {ends[label][0]:>{widths[0]}} "
        f"{draw_course(_condense(values, room))} {ends[label][1]:>{widths[1]}}"
        for label, values in series.items()
    )


def draw_course(values: Sequence[float | None]) -> str:
    """A block for each value, from 0 to the maximum; a dot for an unknown one."""
    most = max((value for value in values if value is not None), default=0)
    top = len(_BLOCKS) - 1
    return "".join(
        _UNKNOWN if value is None else _BLOCKS[round(max(0.0, value) / most * top) if most > 0 else 0]
        for value in values
    )


def _number(value: Cell) -> float | None:
    return value if isinstance(value, int | float) else None


def _format_end(value: float | None) -> str:
    return "?" if value is None else f"{value:,}"


def _condense(values: Sequence[float | None], room: int) -> list[float | None]:
    """At most so many values: the means of neighbours if there are more."""
    size = -(-len(values) // room)
    parts = [values[start : start + size] for start in range(0, len(values), size)]
    known = [[value for value in part if value is not None] for part in parts]
    return [sum(part) / len(part) if part else None for part in known]
