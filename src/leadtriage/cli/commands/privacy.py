"""The command that erases a person: forget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.terminal import read_line, require_terminal
from leadtriage.core.errors import LeadtriageError
from leadtriage.rendering import safe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import Engine

    from leadtriage.actions import Erasure


_COUNTS = ("rows", "rejects", "events", "touches", "verdicts", "keys")


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "forget",
        examples=("leadtriage forget 12", "leadtriage forget ann@example.com --yes --by Maria"),
    )(forget_person)


def forget_person(
    invocation: Invocation,
    lead: Annotated[str, typer.Argument(help="Our id, an e-mail address, or SYSTEM:ID.", metavar="LEAD")],
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> None:
    """Erase a person for good, and keep them from coming back.

    Empties the lead and those merged into it, its imported and rejected rows, and the contents of its history. Backups
    and the imported files are not touched; those that are known are named. This cannot be taken back.
    """
    from leadtriage.actions import forget_person as erase
    from leadtriage.db import find_leads_of_person, reading, resolve_any_lead
    from leadtriage.reports.lead import read_lead_summary

    criteria = invocation.criteria()
    with invocation.database() as engine:
        with reading(engine) as connection:
            lead_id = find_leads_of_person(connection, resolve_any_lead(connection, lead))[0]
            who = read_lead_summary(connection, lead_id)
        if not yes:
            _confirm(who)
        done = erase(engine, criteria, invocation.act(criteria.timezone), lead_id)
        _show(invocation, done)
        _tell_what_stays(invocation, engine, done)


def _confirm(who: Mapping[str, Any]) -> None:
    """Have the lead's id or address typed, so that nobody is erased by a slip.

    Raises:
        UsageError: nobody can be asked.
        LeadtriageError: something else was typed.
    """
    require_terminal("to erase without a question, add --yes")
    said = ", ".join(str(who[key]) for key in ("name", "company", "email") if who[key])
    asked = f"lead {who['id']}" + (f" or {who['email']}" if who["email"] else "")
    typed = read_line(safe(f"This erases {said or 'a person without a name'} for good. To confirm, type {asked}: "))
    expected = {str(who["id"]), f"lead {who['id']}", str(who["email"] or who["id"]).lower()}
    if typed is None or typed.lower() not in expected:
        raise LeadtriageError("nothing was erased")


def _show(invocation: Invocation, done: Erasure) -> None:
    from leadtriage.core.tables import Column, Table

    columns = (
        Column("lead_id", "Lead", keep=100, align="right"),
        Column("leads", "Leads", keep=95, align="right"),
        *(Column(key, key.capitalize(), keep=80, align="right") for key in _COUNTS),
    )
    counts = {key: getattr(done, key) for key in _COUNTS}
    row = {"lead_id": done.lead_ids[0], "leads": len(done.lead_ids), **counts}
    invocation.show(Table("Erased", columns, (row,)))


def _tell_what_stays(invocation: Invocation, engine: Engine, done: Erasure) -> None:
    from leadtriage.db import database_file, find_backups

    path = database_file(engine)
    if path is None:
        invocation.note("the server overwrites what was erased as it uses the space; its own log and backups it keeps")
    elif not done.wiped:
        invocation.warn(
            f"another command is using the database, so traces may be left in its file; then run: sqlite3 {path} VACUUM"
        )
    copies = find_backups(engine)
    if copies:
        invocation.warn(f"copies of the database still hold the person: {', '.join(str(file) for file in copies)}")
    invocation.note("backups that are kept elsewhere are not touched either")
    if done.files:
        invocation.note(f"it came from these files, which are not touched: {', '.join(done.files)}")
    if done.alike:
        alike = ", ".join(str(lead_id) for lead_id in done.alike)
        invocation.note(f"these leads are alike (the same address or number) and were left: {alike}")
