"""The command that assigns leads to the team: assign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import FILTERS, PAGE, Selection, Text, option
from leadtriage.core.errors import UsageError

if TYPE_CHECKING:
    from leadtriage.actions import Assignment
    from leadtriage.reports.query import Filters

_SHOWN_CONFLICTS = 3


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "assign", assign, *(option for option in FILTERS if option.name != "owner"), *PAGE)


def assign(
    context: Context,
    selection: Selection,
    leaver: Annotated[Text, option("--from", "Reassign all open leads of this rep.", "NAME")] = None,
    lead: Annotated[Text, option("--lead", "Assign this one lead, with --to.", "LEAD")] = None,
    to: Annotated[Text, option("--to", "The rep who gets --lead.", "NAME")] = None,
    force: Annotated[bool, option("--force", "With --to: even if the rep is away or at capacity.")] = False,
    seed: Annotated[int | None, option("--seed", "Breaks ties. [default: the day's number]", "N")] = None,
    dry_run: Annotated[bool, option("--dry-run", "Show who would get what, and change nothing.")] = False,
    explain: Annotated[bool, option("--explain", "Show everyone's load at each decision.")] = False,
) -> None:
    """Assign leads without an owner to the team.

    Qualified leads go to sales, leads that need answers to qualifiers, by the team section of the criteria: territory,
    capacity, days off. A company stays with the rep who works it. Leads that nobody can take are listed with the
    reason.

    Examples:
      leadtriage assign --dry-run --explain
      leadtriage assign --source 'Trade fair' --seed 7
      leadtriage assign --from 'Anna Berg'
      leadtriage assign --lead 12 --to Maria
    """
    from leadtriage.actions import assign_by_hand, assign_leads
    from leadtriage.db import reading
    from leadtriage.reports.lists import choose_leads

    if (lead is None) != (to is None):
        raise UsageError("require each other", place="--lead, --to", hint="e.g. --lead 12 --to Maria")
    if lead is not None and to is not None:
        if leaver or selection.is_narrowed or dry_run:
            raise UsageError("can be combined with --to and --force only", place="--lead")
        with context.acting_on(lead) as target:
            given = assign_by_hand(*target, to, force=force)
        _show(context.printer, "Assigned", (given,), selection)
        return
    if force:
        raise UsageError("requires --lead and --to", place="--force")
    with context.acting() as (engine, criteria, act):
        drawn_by = act.as_of.toordinal() if seed is None else seed
        filters = selection.filters(act.as_of)
        lead_ids: frozenset[int] | None = None
        if selection.is_narrowed:
            with reading(engine) as connection:
                lead_ids = frozenset(choose_leads(connection, filters).open)
        plan = assign_leads(
            engine,
            criteria,
            act,
            seed=drawn_by,
            lead_ids=lead_ids,
            leaver=leaver,
            explain=explain,
            dry_run=dry_run,
        )
    _show(context.printer, "Would be assigned" if dry_run else "Assigned", plan.assignments, selection)
    context.printer.note(*plan.conflicts[:_SHOWN_CONFLICTS])
    if len(plan.conflicts) > _SHOWN_CONFLICTS:
        context.printer.note(f"and {len(plan.conflicts) - _SHOWN_CONFLICTS:,} more companies have several reps")
    if not plan.assignments:
        _explain_nothing(context, filters, leaver)
        return
    assigned = sum(assignment.owner is not None for assignment in plan.assignments)
    context.printer.note(
        f"{assigned:,} assigned, {len(plan.assignments) - assigned:,} not assigned; add --seed {drawn_by} to repeat"
    )


def _explain_nothing(context: Context, filters: Filters, leaver: str | None) -> None:
    from leadtriage.core.tables import Table
    from leadtriage.reports.query import explain_emptiness

    asked = filters if leaver is None else replace(filters, owner=leaver)
    with context.reading() as connection:
        nobody = explain_emptiness(connection, Table("Assigned", (), ()), asked)
    printer = context.printer
    printer.warn(*nobody.warnings)
    if leaver is None:
        printer.note("no lead needs an owner; `assign` takes scored leads that are qualified or need answers")
    elif not nobody.warnings:
        printer.note("; ".join(nobody.notes) or f"{leaver} has no open leads")


def _show(printer: Printer, title: str, assignments: Sequence[Assignment], selection: Selection) -> None:
    from leadtriage.core.tables import Column, Table

    columns = (
        Column("id", "Id", keep=99, align="right"),
        Column("name", "Name", keep=85),
        Column("company", "Company", keep=40),
        Column("owner", "Owner", keep=90),
        Column("why", "Why", keep=97),
    )
    rows = tuple(
        {"id": each.lead_id, "name": each.name, "company": each.company, "owner": each.owner, "why": each.why}
        for each in assignments[: selection.most]
    )
    cut = len(rows) < len(assignments)
    printer.show(Table(title, columns, rows, total=len(assignments), more=cut), more=MORE)
