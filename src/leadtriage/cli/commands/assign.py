"""The command that hands leads to the team: assign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import FILTERS, PAGE, Selection, named_lead
from leadtriage.core.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.actions import Assignment
    from leadtriage.reports.query import Filters


_MOST_TOLD = 3


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "assign",
        selects=(*(option for option in FILTERS if option.name != "owner"), *PAGE),
        examples=(
            "leadtriage assign --dry-run --explain",
            "leadtriage assign --source 'Trade fair' --seed 7",
            "leadtriage assign --from 'Anna Berg'",
            "leadtriage assign --lead 12 --to Maria",
        ),
    )(assign)


def assign(
    invocation: Invocation,
    selection: Selection,
    leaver: Annotated[
        str | None, typer.Option("--from", help="Hand over all open leads of this rep.", metavar="NAME")
    ] = None,
    lead: Annotated[str | None, typer.Option("--lead", help="Give this one lead by hand.", metavar="LEAD")] = None,
    to: Annotated[str | None, typer.Option("--to", help="To whom, with --lead.", metavar="NAME")] = None,
    force: Annotated[bool, typer.Option("--force", help="With --to: also to somebody who is away or full.")] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Decides between equals. [default: the day's number]", metavar="N")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show who would get what.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what everybody had when each was chosen.")] = False,
) -> None:
    """Hand leads that nobody has to the team.

    Qualified ones go to sales, those that need answers to qualifiers, by the team section of the criteria: territory,
    capacity, days off. A company stays with the rep who has it. What finds nobody stays and is listed with why.
    """
    from leadtriage.actions import assign_by_hand, assign_leads

    if (lead is None) != (to is None):
        raise UsageError("belong together", place="--lead, --to", hint="such as --lead 12 --to Maria")
    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    if lead is not None and to is not None:
        if leaver or selection.is_narrowed or dry_run:
            raise UsageError("goes with --to and --force only", place="--lead")
        with named_lead(invocation, lead) as (engine, lead_id):
            given = assign_by_hand(engine, criteria, act, lead_id, to, force=force)
        _show(invocation, "Assigned", (given,), selection)
        return
    if force:
        raise UsageError("goes with --lead and --to only", place="--force")
    drawn = act.as_of.toordinal() if seed is None else seed
    with invocation.database() as engine:
        plan = assign_leads(
            engine,
            criteria,
            act,
            seed=drawn,
            lead_ids=_choose(engine, selection, act.as_of),
            leaver=leaver,
            explain=explain,
            dry_run=dry_run,
        )
    _show(invocation, "Would be assigned" if dry_run else "Assigned", plan.assignments, selection)
    for sentence in plan.conflicts[:_MOST_TOLD]:
        invocation.note(sentence)
    if len(plan.conflicts) > _MOST_TOLD:
        invocation.note(f"and {len(plan.conflicts) - _MOST_TOLD:,} more companies are worked by two reps or more")
    given_away = sum(assignment.owner is not None for assignment in plan.assignments)
    left = len(plan.assignments) - given_away
    if not plan.assignments:
        _explain_nothing(invocation, selection.filters(act.as_of), leaver)
        return
    invocation.note(f"{given_away:,} assigned, {left:,} left; to replay it: --seed {drawn}")


def _explain_nothing(invocation: Invocation, filters: Filters, leaver: str | None) -> None:
    from leadtriage.core.tables import Table
    from leadtriage.reports.query import explain_emptiness

    asked = filters if leaver is None else replace(filters, owner=leaver)
    with invocation.reading() as connection:
        nobody = explain_emptiness(connection, Table("Assigned", (), ()), asked)
    invocation.warn_all(nobody.warnings)
    if leaver is None:
        invocation.note("no lead waits for an owner; scored ones that are qualified or need answers are assigned")
    elif not nobody.warnings:
        invocation.note("; ".join(nobody.notes) or f"{leaver} has no open leads")


def _choose(engine: Engine, selection: Selection, today: date) -> frozenset[int] | None:
    """The leads that options choose; None for all."""
    from leadtriage.db import reading
    from leadtriage.reports.lists import choose_leads

    if not selection.is_narrowed:
        return None
    with reading(engine) as connection:
        return frozenset(choose_leads(connection, selection.filters(today)).open)


def _show(invocation: Invocation, title: str, assignments: Sequence[Assignment], selection: Selection) -> None:
    from leadtriage.core.tables import Column, Table

    columns = (
        Column("id", "Id", keep=99, align="right"),
        Column("name", "Name", keep=85),
        Column("company", "Company", keep=40),
        Column("owner", "Owner", keep=90),
        Column("why", "Why", keep=97),
    )
    rows = tuple(
        {
            "id": each.lead_id,
            "name": each.name,
            "company": each.company,
            "owner": each.owner,
            "why": each.why,
        }
        for each in assignments[: selection.most]
    )
    cut = len(rows) < len(assignments)
    invocation.show(Table(title, columns, rows, total=len(assignments), more=cut), more=MORE)
