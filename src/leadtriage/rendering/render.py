"""Chooses the drawing for a format. Imports what a format needs when it is asked for.

Shows on standard error how far a long command is; on a terminal only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from leadtriage.core.context import OutputFormat
from leadtriage.core.tables import Table
from leadtriage.rendering.sanitize import safe
from leadtriage.rendering.screen import Screen


def render_table(table: Table, format: OutputFormat, screen: Screen, *, upright: bool = False) -> str:
    """A table as the text of a format.

    Args:
        upright: for people, each row as a list of its values.
    """
    if format is OutputFormat.TABLE:
        from leadtriage.rendering.terminal import draw_table, draw_upright

        return draw_upright(table, screen) if upright else draw_table(table, screen)

    from leadtriage.rendering.files import write_csv, write_json, write_markdown

    write = {
        OutputFormat.JSON: write_json,
        OutputFormat.CSV: write_csv,
        OutputFormat.MARKDOWN: write_markdown,
    }[format]
    return write(table)


def tell_misfit(table: Table, format: OutputFormat, screen: Screen) -> str:
    """Say how many columns of a table that adds up are too many for the screen; nothing where all are shown."""
    if not (table.adds_up and table.rows and format is OutputFormat.TABLE):
        return ""
    from leadtriage.core.text import format_count
    from leadtriage.rendering.text import lay_out

    left_out = lay_out(table, screen).left_out
    if not left_out:
        return ""
    verb, them = ("does", "it") if left_out == 1 else ("do", "them all")
    return f"{format_count(left_out, 'column')} {verb} not fit; --format csv has {them}"


_BLOCK = 1 << 20


@contextmanager
def show_progress(what: str, total: int | None, environment: Mapping[str, str]) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how much is done; it draws a bar where standard error is a terminal.

    Args:
        total: how much there is in all, about; None where that is not known.
    """
    if not sys.stderr.isatty() or environment.get("TERM") == "dumb":
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:,.0f} rows", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(safe(what), total=total)
        yield lambda done: progress.update(task, completed=done)


def count_lines(path: Path) -> int | None:
    """About how many rows a text file has; None where it cannot be told, as of a pipe that can be read only once."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b"")) or None
    except OSError:
        return None
