"""The command that erases a person: forget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import LeadArgument, option
from leadtriage.cli.framework.terminal import read_line, require_terminal
from leadtriage.core.errors import LeadtriageError
from leadtriage.rendering import safe

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.actions import Erasure

_COUNTS = {
    "rows": "Rows",
    "rejects": "Rejects",
    "events": "Events",
    "touches": "Contacts",
    "verdicts": "Verdicts",
    "keys": "Keys",
}


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "forget", forget)


def forget(
    context: Context,
    lead: LeadArgument,
    yes: Annotated[bool, option("--yes", "Erase without asking.")] = False,
) -> None:
    """Erase a person for good, and never import them again.

    Erases the lead and leads merged into it, its imported and rejected rows, and the contents of its history. Backups
    and imported files stay as they are; the known ones are listed. This cannot be undone.

    Examples:
      leadtriage forget 12
      leadtriage forget ann@example.com --yes --by Maria
    """
    from leadtriage.actions import forget_person
    from leadtriage.db import find_leads_of_person, reading, resolve_any_lead
    from leadtriage.reports.lead import read_lead_summary

    criteria = context.criteria
    with context.database() as engine:
        with reading(engine) as connection:
            lead_id = find_leads_of_person(connection, resolve_any_lead(connection, lead))[0]
            who = read_lead_summary(connection, lead_id)
        if not yes:
            _confirm(who)
        done = forget_person(engine, criteria, context.act(), lead_id)
        _show(context.printer, done)
        _list_remains(context.printer, engine, done)


def _confirm(who: Mapping[str, Any]) -> None:
    """Have the lead's id or address typed, so that nobody is erased by accident.

    Raises:
        UsageError: there is no terminal.
        LeadtriageError: something else was typed.
    """
    require_terminal("add --yes to erase without a question")
    person = ", ".join(str(who[key]) for key in ("name", "company", "email") if who[key]) or "a person without a name"
    names = f"lead {who['id']}" + (f" or {who['email']}" if who["email"] else "")
    typed = read_line(safe(f"This erases {person} for good. To confirm, type {names}: "))
    expected = {str(who["id"]), f"lead {who['id']}", str(who["email"] or who["id"]).lower()}
    if typed is None or typed.lower() not in expected:
        raise LeadtriageError("nothing was erased")


def _show(printer: Printer, done: Erasure) -> None:
    from leadtriage.core.tables import Column, Table

    columns = (
        Column("lead_id", "Lead", keep=100, align="right"),
        Column("leads", "Leads", keep=95, align="right"),
        *(Column(key, label, keep=80, align="right") for key, label in _COUNTS.items()),
    )
    counts = {key: getattr(done, key) for key in _COUNTS}
    printer.show(Table("Erased", columns, ({"lead_id": done.lead_ids[0], "leads": len(done.lead_ids), **counts},)))


def _list_remains(printer: Printer, engine: Engine, done: Erasure) -> None:
    from leadtriage.db import database_file, find_backups

    path = database_file(engine)
    if path is None:
        printer.note("the server overwrites the erased data when it reuses the space; it keeps its own log and backups")
    elif not done.wiped:
        printer.warn(
            f"another command uses the database, so its file may contain traces; run later: `sqlite3 {path} VACUUM`"
        )
    backups = find_backups(engine)
    if backups:
        printer.warn(f"copies of the database still contain the person: {', '.join(str(file) for file in backups)}")
    printer.note("backups kept elsewhere are unchanged")
    if done.files:
        printer.note(f"these imported files are unchanged: {', '.join(done.files)}")
    if done.alike:
        alike = ", ".join(str(lead_id) for lead_id in done.alike)
        printer.note(f"leads with the same address or number were kept: {alike}")
