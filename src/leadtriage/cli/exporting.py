"""The command that hands leads on: export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.selection import FILTERS, Selection
from leadtriage.cli.streams import write_out
from leadtriage.errors import FileError, UsageError
from leadtriage.settings import OutputFormat

if TYPE_CHECKING:
    from leadtriage.tabular import Table

STANDARD_OUTPUT = "-"
_ENDINGS = (".csv", ".xlsx", ".json")


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "export",
        selects=FILTERS,
        examples=(
            "leadtriage export leads.xlsx --qualified",
            "leadtriage export leads.csv --owner Anna --force",
            "leadtriage export - --format json",
        ),
    )(export)


def export(
    invocation: Invocation,
    selection: Selection,
    file: Annotated[str, typer.Argument(help="A new .csv, .xlsx or .json file; - is standard output.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
) -> None:
    """Export leads with scores, grades and reasons.

    For a CRM's importer, a spreadsheet or a script. Importing our own export changes nothing.
    """
    from leadtriage.reports.export import export_leads

    path = None if file == STANDARD_OUTPUT else Path(file).expanduser()
    if path is not None and path.suffix.lower() not in _ENDINGS:
        raise UsageError(f"{file!r} does not end in {', '.join(_ENDINGS)}", place="export", hint="name it leads.csv")
    if path is not None and path.exists() and not force:
        raise FileError("is there already", place=file, hint="name another, or replace it with --force")
    with invocation.reading_list() as (connection, _):
        table = export_leads(connection, selection.filters())
    if path is None:
        _write_out(invocation, table)
        return
    _write_file(path, _as_bytes(table, path.suffix.lower()))
    invocation.note(f"{len(table.rows):,} leads written: {file}")


def _write_out(invocation: Invocation, table: Table) -> None:
    """To standard output as CSV, unless another format was asked for."""
    from leadtriage.output.render import render_table
    from leadtriage.output.screen import Screen

    format = OutputFormat.CSV if invocation.settings.format is OutputFormat.TABLE else invocation.settings.format
    write_out(render_table(table, format, Screen()))


def _as_bytes(table: Table, ending: str) -> bytes:
    if ending == ".xlsx":
        from leadtriage.output.spreadsheet import write_xlsx

        return write_xlsx(table)
    from leadtriage.output.documents import write_csv, write_json

    text = write_json(table) if ending == ".json" else write_csv(table, exact=True)
    return text.encode("utf-8", errors="replace")


def _write_file(path: Path, content: bytes) -> None:
    """Write the whole file or nothing: what is there stays until the new one is complete.

    Raises:
        FileError: it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise FileError(f"cannot be written: {error.strerror or error}", place=str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
