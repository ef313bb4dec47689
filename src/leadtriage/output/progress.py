"""Shows on standard error how far a long command is; on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from leadtriage.output.safe import safe

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
