"""Draws a table for people: what fits the width, with colour where there is any. Only text that is safe is drawn."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from leadtriage.output.cells import write_shown
from leadtriage.output.layout import GAP, Measure, fit_columns
from leadtriage.output.safe import safe
from leadtriage.output.screen import Screen
from leadtriage.tabular import Cell, Column, Table

BAR_CELLS = 10
_BAR_OF = 100
_UNBOUNDED = 100_000

GRADE_STYLES = {"A": "bold green", "B": "cyan", "C": "yellow", "D": "dim"}

_RULED = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
_RULED_ASCII = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def draw_table(table: Table, screen: Screen, *, wrap: bool = False) -> str:
    """A table as lines of text; without rows a sentence that says so.

    Args:
        wrap: break texts that are too long into several lines instead of cutting them.
    """
    if not table.rows:
        return f"{safe(table.title)}: none\n" if table.title else ""
    columns = [
        column
        for column in table.columns
        if column.key != table.group_by and any(write_shown(column, row) for row in table.rows)
    ] or list(table.columns[:1])
    bars = screen.unicode and screen.width is not None
    if bars:
        widths = fit_columns(_measure(columns, table.rows, bars=True), screen.width)
        bars = len(widths) == len(columns)
    widths = fit_columns(_measure(columns, table.rows, bars=bars), screen.width)
    shown = [(columns[place], width) for place, width in widths.items()]
    console = open_console(screen)
    if table.title:
        console.print(Text(safe(table.title), "bold"))
    groups = [column for column in table.columns if column.key == table.group_by]
    for heading, rows in groupby(table.rows, key=lambda row: [write_shown(column, row) for column in groups]):
        group = list(rows)
        if heading:
            console.print()
            console.print(Text(f"{heading[0] or 'none'} ({len(group)})", "bold"))
        console.print(_draw_grid(shown, group, screen, bars=bars, wrap=wrap))
    return finish(console)


def draw_upright(table: Table, screen: Screen) -> str:
    """Each row as a list of its values, those that are there; long ones wrap."""
    console = open_console(screen)
    if table.title:
        console.print(Text(safe(table.title), "bold"))
    for place, row in enumerate(table.rows):
        if place:
            console.print()
        shown = [(column.label, write_shown(column, row)) for column in table.columns]
        print_facts(console, [(label, text) for label, text in shown if text], screen)
    return finish(console)


def print_facts(console: Console, facts: Sequence[tuple[str, str]], screen: Screen) -> None:
    """Labels with their values beside them, one to a line."""
    widest = max((cell_len(safe(label)) for label, _ in facts), default=0)
    grid = Grid(box=None, show_header=False, padding=(0, GAP, 0, 0), pad_edge=False)
    grid.add_column(width=widest + 2, no_wrap=True, style="dim")
    grid.add_column(overflow="fold", max_width=screen.width and max(10, screen.width - widest - GAP - 2))
    for label, text in facts:
        grid.add_row(Text(f"  {safe(label)}"), Text(text))
    console.print(grid)


def open_console(screen: Screen) -> Console:
    """A console of Rich that draws into memory and takes nothing from the environment or the text."""
    return Console(
        file=io.StringIO(),
        width=screen.width or _UNBOUNDED,
        force_terminal=screen.colour,
        color_system="standard" if screen.colour else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )


def finish(console: Console) -> str:
    """What was drawn, without the blanks at the ends of its lines."""
    assert isinstance(console.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def _measure(columns: Sequence[Column], rows: Sequence[Mapping[str, Cell]], *, bars: bool) -> list[Measure]:
    measures = []
    for column in columns:
        widest = max(cell_len(write_shown(column, row)) for row in rows)
        if column.kind == "bar" and bars:
            widest += 1 + BAR_CELLS
        text = column.kind == "text" and any(isinstance(row[column.key], str) for row in rows)
        measures.append(Measure(max(widest, cell_len(column.label)), column.keep, shrinks=text))
    return measures


def _draw_grid(
    columns: Sequence[tuple[Column, int]],
    rows: Sequence[Mapping[str, Cell]],
    screen: Screen,
    *,
    bars: bool,
    wrap: bool,
) -> Grid:
    grid = Grid(
        box=_RULED if screen.unicode else _RULED_ASCII,
        show_edge=False,
        padding=(0, GAP - 1, 0, 0),
        pad_edge=False,
        header_style="dim",
        safe_box=False,
    )
    for column, width in columns:
        drawn_as_bar = column.kind == "bar" and bars
        grid.add_column(
            Text(safe(column.label)),
            width=width,
            no_wrap=not wrap,
            overflow="fold" if wrap else "ellipsis" if screen.unicode else "crop",
            justify="right" if column.align == "right" and not drawn_as_bar else "left",
        )
    for row in rows:
        grid.add_row(*(_draw_cell(column, row, width, bars=bars) for column, width in columns))
    return grid


def _draw_cell(column: Column, row: Mapping[str, Cell], width: int, *, bars: bool) -> Text:
    text, value = write_shown(column, row), row[column.key]
    if column.kind == "grade":
        return Text(text, GRADE_STYLES.get(text[:1], ""))
    if column.kind == "bar" and bars and isinstance(value, int | float):
        number = text.rjust(width - BAR_CELLS - 1)
        return Text.assemble(number, " ", (draw_bar(value, _BAR_OF, BAR_CELLS), "green"))
    return Text(text)


def draw_bar(value: float, of: float, cells: int) -> str:
    """A bar of at most `cells` cells, in steps of an eighth; nothing for nothing and below, padded with blanks."""
    share = min(1.0, max(0.0, value / of)) if of else 0.0
    eighths = round(share * cells * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(cells)
