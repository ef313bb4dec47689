"""The command that shows the team's log: history."""

from __future__ import annotations

from typing import Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.lists import MORE
from leadtriage.cli.selection import PAGE, Selection
from leadtriage.days import parse_bound
from leadtriage.vocabulary import EventKind

_PANEL = "Which rows"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "history",
        selects=PAGE,
        examples=(
            "leadtriage history",
            "leadtriage history --since yesterday",
            "leadtriage history --by Maria --kind verdict --since 2026-11-01",
            "leadtriage history --lead anna@example.com --details",
            "leadtriage history --all --format csv >log.csv",
        ),
    )(show_history)


def show_history(
    invocation: Invocation,
    selection: Selection,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="Only what happened on this day or later: 2026-11-20, yesterday, 7d.",
            metavar="DATE",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Only what happened until this day.", metavar="DATE", rich_help_panel=_PANEL),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Only what this person or system did.", metavar="NAME", rich_help_panel=_PANEL),
    ] = None,
    kind: Annotated[
        list[EventKind] | None,
        typer.Option(
            "--kind",
            help=f"Only this kind of line; may be repeated: {', '.join(EventKind)}.",
            metavar="KIND",
            case_sensitive=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    lead: Annotated[
        str | None,
        typer.Option(
            "--lead", help="Only this lead, with what was merged into it.", metavar="LEAD", rich_help_panel=_PANEL
        ),
    ] = None,
    details: Annotated[
        bool,
        typer.Option("--details", help="Also lines that repeat what another line of the same act says."),
    ] = False,
) -> None:
    """Show what was done to the leads, the last first.

    Each act is told once; with --details the counts and stages that follow from it have lines of their own. With --all
    and --format csv the whole log is exported.
    """
    from leadtriage.db.lookup import resolve_any_lead
    from leadtriage.reports.team_log import LogFilters, list_history

    with invocation.reading_list() as (connection, today):
        filters = LogFilters(
            since=parse_bound(since, today, place="--since") if since else None,
            until=parse_bound(until, today, place="--until") if until else None,
            by=by,
            kinds=tuple(kind or ()),
            lead_id=None if lead is None else resolve_any_lead(connection, lead),
        )
        table = list_history(connection, filters, limit=selection.most, details=details)
    invocation.show(table, more=MORE)
    if not table.rows:
        invocation.note("nothing of that kind has happened" if filters != LogFilters() else "nothing has happened yet")
