"""The manager's reports: report funnel, sources, team, reasons, criteria, trend, html."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from leadtriage.cli.command import add_command
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.selection import PERIOD, Selection


class FunnelGroup(StrEnum):
    """What a funnel is drawn for each of."""

    SOURCE = "source"
    OWNER = "owner"
    CAMPAIGN = "campaign"
    MONTH = "month"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(
        help="Show where leads come from, and where they are lost.", no_args_is_help=True, rich_markup_mode=None
    )
    add_command(
        group,
        "funnel",
        selects=PERIOD,
        examples=(
            "leadtriage report funnel --since 2026-10-01 --until 2026-10-31",
            "leadtriage report funnel --by source",
        ),
    )(report_funnel)
    app.add_typer(group, name="report")


def report_funnel(
    invocation: Invocation,
    selection: Selection,
    by: Annotated[
        FunnelGroup | None, typer.Option("--by", help="A funnel for each.", metavar="|".join(FunnelGroup))
    ] = None,
) -> None:
    """Show how far the leads of a period have come.

    Of the leads that came in within the period: how many are qualified, assigned, touched in time, late or never, and
    won, and in how many days. List the leads of a step with: leadtriage leads --step STEP.
    """
    from leadtriage.reports.funnel import FunnelBy, list_funnel

    filters = selection.filters()
    with invocation.reporting() as (connection, _, as_of):
        table = list_funnel(connection, filters, as_of, FunnelBy(by.value) if by else None)
    invocation.show(table)
