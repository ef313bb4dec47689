"""The command that hands leads on, or all that is held about one person: export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.files import STANDARD_OUTPUT, refuse_existing, write_file
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.selection import FILTERS, Selection
from leadtriage.cli.streams import write_out
from leadtriage.errors import UsageError
from leadtriage.settings import OutputFormat

if TYPE_CHECKING:
    from leadtriage.tabular import Table

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
            "leadtriage export --subject ann@example.com ann.json",
        ),
    )(export)


def export(
    invocation: Invocation,
    selection: Selection,
    file: Annotated[
        str | None,
        typer.Argument(
            help="A new .csv, .xlsx or .json file; - is standard output.", metavar="FILE", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="Everything held about the person that this lead is.", metavar="LEAD"),
    ] = None,
) -> None:
    """Export leads with scores, grades and reasons.

    For a CRM's importer, a spreadsheet or a script. Importing our own export changes nothing. With --subject instead
    all that is held about one person, as JSON in a file that only you may read, or to standard output.
    """
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.export import export_leads

    if file is None and subject is None:
        raise UsageError("to which file?", place="export", hint="name one such as leads.csv, or - for standard output")
    file = file or STANDARD_OUTPUT
    path = None if file == STANDARD_OUTPUT else Path(file).expanduser()
    endings = _ENDINGS if subject is None else (".json",)
    if path is not None and path.suffix.lower() not in endings:
        name = f"leads{endings[0]}"
        raise UsageError(f"{file!r} does not end in {', '.join(endings)}", place="export", hint=f"name it {name}")
    if path is not None and not force:
        refuse_existing(path)
    if subject is not None:
        _export_subject(invocation, selection, subject, path)
        return
    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = explain_if_empty(connection, export_leads(connection, filters), filters)
    invocation.warn_all(table.warnings)
    if path is None:
        _write_out(invocation, table)
        return
    write_file(path, _as_bytes(table, path.suffix.lower()))
    invocation.note(f"{len(table.rows):,} leads written: {file}")


def _export_subject(invocation: Invocation, selection: Selection, subject: str, path: Path | None) -> None:
    import json

    from leadtriage.db.lookup import resolve_any_lead
    from leadtriage.reports.subject import describe_subject

    if selection.is_narrowed:
        raise UsageError("is about one person, and options choose leads", place="--subject", hint="leave them out")
    with invocation.reading() as connection:
        told = describe_subject(connection, resolve_any_lead(connection, subject))
    text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    if path is None:
        write_out(text)
        return
    write_file(path, text.encode("utf-8", errors="replace"), private=True)
    invocation.note(f"everything held about lead {told['lead_id']} is written: {path}")


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
