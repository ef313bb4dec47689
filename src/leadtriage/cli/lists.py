"""The commands that list leads and imports: queue, leads, find, stale, aging, imports."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.command import add_command, end_with
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.selection import DATED, FILTERS, PAGE, POINTS, Selection
from leadtriage.days import parse_bound
from leadtriage.errors import UsageError
from leadtriage.vocabulary import AgingBy, Clock, Step

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

FOUND = 4
MORE = "more with --limit N or --all"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "queue",
        selects=(*FILTERS, *PAGE),
        examples=(
            "leadtriage queue",
            "leadtriage queue --owner 'Anna Berg' --grade A",
            "leadtriage queue --format csv",
        ),
    )(show_queue)
    add_command(
        app,
        "leads",
        selects=(*FILTERS, DATED, POINTS, *PAGE),
        examples=(
            "leadtriage leads --stage won --since 2026-10-01",
            "leadtriage leads --step touched_late --owner 'Anna Berg'",
            "leadtriage leads --dated closed --since 2026-10-01 --stage won",
        ),
    )(show_leads)
    add_command(app, "find", selects=PAGE, examples=("leadtriage find 'acme'", "leadtriage find 030123456"))(find)
    add_command(
        app,
        "stale",
        selects=(*FILTERS, *PAGE),
        examples=(
            "leadtriage stale",
            "leadtriage stale --clock first_touch --owner 'Anna Berg'",
            "leadtriage stale --quiet",
        ),
    )(show_stale)
    add_command(app, "aging", selects=FILTERS, examples=("leadtriage aging", "leadtriage aging --by owner"))(show_aging)
    add_command(app, "imports", selects=PAGE, examples=("leadtriage imports",))(show_imports)


def show_queue(
    invocation: Invocation,
    selection: Selection,
    needs_answers: Annotated[
        bool, typer.Option("--needs-answers", help="Only leads that a few answers may qualify, the closest first.")
    ] = False,
) -> None:
    """Show which leads to work now, best first.

    By grade, then overdue ones, then score, then what they could reach. Parked leads, closed ones and junk candidates
    are not in it.
    """
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.queue import list_queue

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_queue(connection, filters, as_of, limit=selection.most, needs_answers=needs_answers)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)


def show_leads(
    invocation: Invocation,
    selection: Selection,
    step: Annotated[
        Step | None,
        typer.Option("--step", help="Only leads that count for this step of the funnel.", metavar="|".join(Step)),
    ] = None,
    backlog: Annotated[
        bool, typer.Option("--backlog", help="Only leads that were too old on arrival: the backlog of stale.")
    ] = False,
    stale_on: Annotated[
        str | None, typer.Option("--stale-on", help="Only leads that were stale on this day.", metavar="DATE")
    ] = None,
    criterion: Annotated[
        str | None,
        typer.Option("--criterion", help="Only leads whose answer to this criterion is known.", metavar="NAME"),
    ] = None,
    tier: Annotated[
        str | None,
        typer.Option("--tier", help="Only those to which this answer gives the points.", metavar="ANSWER"),
    ] = None,
) -> None:
    """Show all leads, or those that the options choose.

    Open and closed ones; the last that came to this database is on top. These are the leads behind the numbers of the
    reports: --step has the steps of report funnel, --dated says which day a period is about, and --stale-on lists what
    report trend counts as stale. --criterion and --tier name a criterion and an answer as report criteria does.
    """
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.leads import list_leads

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        answering = _find_answering(invocation, connection, as_of, criterion, tier)
        if stale_on is not None:
            for option, is_given in (("--step", step), ("--backlog", backlog), ("--criterion", criterion)):
                if is_given:
                    raise UsageError(f"--stale-on and {option} do not go together", place=option)
            from leadtriage.reports.stale_times import list_stale_on

            day = parse_bound(stale_on, as_of, place="--stale-on")
            table = list_stale_on(connection, invocation.criteria(), filters, day, limit=selection.most)
        else:
            table = list_leads(
                connection, filters, limit=selection.most, step=step, as_of=as_of, backlog=backlog, answering=answering
            )
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)


def _find_answering(
    invocation: Invocation, connection: Connection, as_of: date, criterion: str | None, tier: str | None
) -> ColumnElement[bool] | None:
    if criterion is None:
        if tier is not None:
            raise UsageError("is an answer to a criterion", place="--tier", hint="name that with --criterion")
        return None
    from leadtriage.scoring.sheets import has_answered

    return has_answered(connection, invocation.criteria(), as_of, criterion, tier)


def find(
    invocation: Invocation,
    selection: Selection,
    text: Annotated[str, typer.Argument(help="Words, part of an address, digits of a phone number, or an id.")],
) -> None:
    """Find leads by name, company, e-mail, phone or source system's id."""
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.leads import find_leads

    with invocation.reading_list() as (connection, as_of):
        table = find_leads(connection, text, limit=selection.most)
        table = explain_if_empty(connection, table, selection.filters(as_of))
    invocation.show(table, more=MORE)


def show_stale(
    invocation: Invocation,
    selection: Selection,
    clock: Annotated[
        list[Clock] | None,
        typer.Option("--clock", help="Only what this clock says; may be repeated.", metavar="|".join(Clock)),
    ] = None,
    fail_if_any: Annotated[bool, typer.Option("--fail-if-any", help="End with 4 where any lead is stale.")] = False,
) -> None:
    """Show who owes which lead what since when.

    Grouped by owner, the longest overdue first. With --quiet nothing is printed where nothing is stale, so that cron
    mails only when there is something to say.
    """
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.stale import list_stale

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_stale(connection, filters, as_of, clocks=clock or (), limit=selection.most)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)
    end_with(FOUND if fail_if_any and table.rows else 0)


def show_aging(
    invocation: Invocation,
    selection: Selection,
    by: Annotated[AgingBy, typer.Option("--by", help="What to count by.", metavar="|".join(AgingBy))] = AgingBy.GRADE,
) -> None:
    """Count open leads by age, and by grade, owner or source."""
    from leadtriage.reports.aging import list_aging
    from leadtriage.reports.emptiness import explain_emptiness

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_aging(connection, as_of, by, filters)
        if not any(row["total"] for row in table.rows):
            table = explain_emptiness(connection, table, filters)
    invocation.show(table)


def show_imports(invocation: Invocation, selection: Selection) -> None:
    """Show the imports, the last one first."""
    from leadtriage.reports.imports import list_imports

    with invocation.reading_list() as (connection, _):
        table = list_imports(connection, limit=selection.most)
    invocation.show(table, more=MORE)
