"""The command about a single lead: show."""

from __future__ import annotations

from typing import Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.invocation import Invocation


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app, "show", examples=("leadtriage show 12", "leadtriage show anna@example.com", "leadtriage show hubspot:101")
    )(show)


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
