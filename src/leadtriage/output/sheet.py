"""Lays a table out as text in columns that fit the screen, before anything is drawn."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from rich.cells import cell_len, set_cell_size

from leadtriage.output.cells import write_shown
from leadtriage.output.layout import DEAR, Measure, fit_columns
from leadtriage.output.safe import safe
from leadtriage.output.screen import Screen
from leadtriage.output.trends import draw_trends
from leadtriage.tabular import Cell, Column, Table

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
