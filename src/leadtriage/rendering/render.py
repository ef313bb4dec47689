"""Renders a table in the chosen format, and shows the progress of long commands. Loads only what a format needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from leadtriage.core.context import OutputFormat
from leadtriage.core.tables import Table
from leadtriage.rendering.sanitize import safe
from leadtriage.rendering.screen import Screen


def render_table(table: Table, format: OutputFormat, screen: Screen, *, as_list: bool = False) -> str:
    """Render a table in a format.

    Args:
        as_list: for people, render each row as a list of its values.
    """
    if format is OutputFormat.TABLE:
        from leadtriage.rendering.terminal import draw_list, draw_table

        return draw_list(table, screen) if as_list else draw_table(table, screen)

    from leadtriage.rendering.files import write_csv, write_json, write_markdown

    write = {OutputFormat.JSON: write_json, OutputFormat.CSV: write_csv, OutputFormat.MARKDOWN: write_markdown}
    return write[format](table)


def describe_hidden_columns(table: Table, format: OutputFormat, screen: Screen) -> str:
    """Say how many columns of a table that adds up don't fit the screen; empty if all do."""
    if not (table.adds_up and table.rows and format is OutputFormat.TABLE):
        return ""
    from leadtriage.core.text import format_count
    from leadtriage.rendering.text import lay_out

    left_out = lay_out(table, screen).left_out
    if not left_out:
        return ""
    verb, them = ("does", "it") if left_out == 1 else ("do", "them")
    return f"{format_count(left_out, 'column')} {verb} not fit; add --format csv to see {them}"


_BLOCK = 1 << 20


@contextmanager
def show_progress(what: str, total: int | None, environment: Mapping[str, str]) -> Iterator[Callable[[int], None]]:
    """Yield a function to report progress to; it draws a bar if standard error is a terminal.

    Args:
        total: about how much there is in all; None if unknown.
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
    """Estimate the rows of a text file; None if unknown, as for a pipe, which can be read only once."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b"")) or None
    except OSError:
        return None
