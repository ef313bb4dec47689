"""Draws tables for people with Rich: in colour, or with texts that wrap. Draws safe text only."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from leadtriage.core.tables import Table
from leadtriage.rendering.sanitize import safe
from leadtriage.rendering.screen import Screen
from leadtriage.rendering.text import GAP, Sheet, draw_plain, lay_out, write_shown

if TYPE_CHECKING:
    import io
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text


_UNBOUNDED = 100_000
_BAR_SIGNS = " █▏▎▍▌▋▊▉·│"

GRADE_STYLES = {"A": "bold green", "B": "cyan", "C": "yellow", "D": "dim"}


def draw_table(table: Table, screen: Screen, *, wrap: bool = False) -> str:
    """Draw a table; without rows, print that there are none.

    Args:
        wrap: wrap long texts instead of cutting them.
    """
    if not table.rows:
        return f"{safe(table.title)}: none\n" if table.title else ""
    sheet = lay_out(table, screen)
    if not (screen.colour or wrap):
        return draw_plain(sheet, screen)
    return draw_rich(sheet, screen, wrap=wrap)


def draw_rich(sheet: Sheet, screen: Screen, *, wrap: bool) -> str:
    """Draw a sheet with colours, or with texts that wrap."""
    from rich.text import Text

    console = open_console(screen)
    if sheet.title:
        console.print(Text(sheet.title, "bold"))
    for line in sheet.summary:
        console.print(Text(line))
    for heading, rows in sheet.groups:
        if heading is not None:
            console.print()
            console.print(Text(heading, "bold"))
        console.print(_draw_grid(sheet, rows, screen, wrap=wrap))
    return finish(console)


def draw_list(table: Table, screen: Screen) -> str:
    """Draw each row as a list of its values; long ones wrap, empty ones are left out."""
    from rich.text import Text

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
    """Print labels with their values, one per line."""
    from rich.cells import cell_len
    from rich.table import Table as Grid
    from rich.text import Text

    widest = max((cell_len(safe(label)) for label, _ in facts), default=0)
    grid = Grid(box=None, show_header=False, padding=(0, GAP, 0, 0), pad_edge=False)
    grid.add_column(width=widest + 2, no_wrap=True, style="dim")
    grid.add_column(overflow="fold", max_width=screen.width and max(10, screen.width - widest - GAP - 2))
    for label, text in facts:
        grid.add_row(Text(f"  {safe(label)}"), Text(text))
    console.print(grid)


def open_console(screen: Screen) -> Console:
    """Open a Rich console that draws into memory, and interprets neither the environment nor the text."""
    import io

    from rich.console import Console

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
    """Return what was drawn, without trailing blanks."""
    drawn = cast("io.StringIO", console.file).getvalue()
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())


def _draw_grid(sheet: Sheet, rows: Sequence[tuple[str, ...]], screen: Screen, *, wrap: bool) -> Grid:
    from rich.box import Box
    from rich.table import Table as Grid
    from rich.text import Text

    rule = " ── " if screen.unicode else " -- "
    blank = "    \n"
    grid = Grid(
        box=Box(f"{blank * 2}{rule}\n{blank * 5}", ascii=not screen.unicode),
        show_edge=False,
        padding=(0, GAP - 1, 0, 0),
        pad_edge=False,
        header_style="dim",
        safe_box=False,
    )
    for column in sheet.columns:
        wraps = wrap and column.kind != "line"
        grid.add_column(
            Text(column.label),
            width=column.width,
            no_wrap=not wraps,
            overflow="fold" if wraps else "ellipsis" if screen.unicode else "crop",
            justify="right" if column.right else "left",
        )
    for cells in rows:
        pairs = zip(sheet.columns, cells, strict=True)
        grid.add_row(*(_colour(text, column.kind) for column, text in pairs))
    return grid


def _colour(text: str, kind: str) -> Text:
    from rich.text import Text

    if kind == "grade":
        return Text(text, GRADE_STYLES.get(text[:1], ""))
    if kind in ("bar", "progress"):
        number = text.rstrip(_BAR_SIGNS)
        return Text.assemble(number, (text[len(number) :], "green"))
    return Text(text)
