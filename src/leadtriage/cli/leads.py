"""The commands about single leads and about junk candidates: show, junk."""

from __future__ import annotations

from typing import Annotated

import typer

from leadtriage.cli.command import add_command, end_with
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.lists import FOUND, MORE
from leadtriage.cli.selection import FILTERS, PAGE, Selection


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app, "show", examples=("leadtriage show 12", "leadtriage show anna@example.com", "leadtriage show hubspot:101")
    )(show)
    add_command(
        app,
        "junk",
        selects=(*FILTERS, *PAGE),
        examples=("leadtriage junk", "leadtriage junk --reason spam --all", "leadtriage junk --quiet --fail-if-any"),
    )(show_candidates)


def show(
    invocation: Invocation,
    lead: Annotated[str, typer.Argument(help="Our id, an e-mail address, or SYSTEM:ID.", metavar="LEAD")],
) -> None:
    """Show a lead, why it has its score, and its history.

    The score's parts add up to it. Below stand the open questions, the best first, what nominates the lead as junk,
    and its likely duplicates.
    """
    from leadtriage.db.lookup import resolve_lead
    from leadtriage.reports.show import show_lead

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with invocation.reading() as connection:
        card = show_lead(connection, criteria, resolve_lead(connection, lead), act.as_of)
    invocation.show_card(card)


def show_candidates(
    invocation: Invocation,
    selection: Selection,
    fail_if_any: Annotated[bool, typer.Option("--fail-if-any", help="End with 4 where there are candidates.")] = False,
) -> None:
    """Show the junk candidates and what nominates each.

    None of them is junk before a person has looked. Those that could still reach most are on top.
    """
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.junk import list_candidates

    criteria = invocation.criteria()
    filters = selection.filters()
    with invocation.reading_list() as (connection, as_of):
        table = list_candidates(connection, criteria, filters, as_of, limit=selection.most)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)
    end_with(FOUND if fail_if_any and table.rows else 0)
