"""The command that looks at a file before it is imported: peek."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.import_options import READING, UNDERSTANDING, ImportChoice
from leadtriage.cli.importing import STANDARD_INPUT
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.streams import write_out
from leadtriage.settings import OutputFormat

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ROWS_AT_ONCE = 2_000


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "peek",
        selects=(*UNDERSTANDING, *READING),
        examples=(
            "leadtriage peek leads.csv",
            "leadtriage peek leads.csv --encoding cp1250 --delimiter ';'",
            "leadtriage peek odd.csv --format csv > clean.csv",
        ),
    )(peek)


def peek(
    invocation: Invocation,
    selection: ImportChoice,
    file: Annotated[str, typer.Argument(help="A CSV, TSV or Excel file; - is standard input.", metavar="FILE")],
) -> None:
    """Show how a file is read, without importing it.

    Encoding, delimiter and header row, which column fills which field and why, the first rows, and values that
    cannot be read. With --format csv the whole file is printed as it was parsed, headers first, nothing renamed.
    """
    path = None if file == STANDARD_INPUT else Path(file)
    if invocation.settings.format is OutputFormat.CSV:
        _print_parsed(path, selection)
        return
    from leadtriage.importing.peek import peek_source
    from leadtriage.importing.source import open_source

    options = selection.options()
    source = open_source(path, sys.stdin.buffer, options.read)  # before the database: standard input may take its time
    with _remembered(invocation) as connection:
        card = peek_source(source, options, invocation.act(None), connection=connection)
    invocation.show_card(card)


@contextmanager
def _remembered(invocation: Invocation) -> Iterator[Connection | None]:
    """The database that may remember what --map said; none where there is no file of it yet."""
    if not invocation.has_database:
        yield None
        return
    with invocation.reading() as connection:
        yield connection


def _print_parsed(path: Path | None, selection: ImportChoice) -> None:
    from leadtriage.importing.source import open_source, parsed_table
    from leadtriage.output.documents import write_rows
    from leadtriage.output.safe import safe_lines

    source = open_source(path, sys.stdin.buffer, selection.reading(), allow_empty=True)
    on_terminal = sys.stdout.isatty()
    rows = parsed_table(source)
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        text = write_rows(block)
        write_out(safe_lines(text) if on_terminal else text)
