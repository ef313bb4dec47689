"""The command about duplicates: lists likely pairs, merges two leads or keeps them apart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.commands.lists import show_list
from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Context
from leadtriage.cli.framework.options import FILTERS, PAGE, FailIfAny, Selection, option, split_pair
from leadtriage.core.errors import UsageError
from leadtriage.core.tables import Column, Table

if TYPE_CHECKING:
    from sqlalchemy import Engine


_LIKELY = 0.8


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "duplicates", duplicates, *FILTERS, *PAGE)


def duplicates(
    context: Context,
    selection: Selection,
    review: Annotated[bool, option("--review", "Review the pairs side by side, one by one.")] = False,
    merge: Annotated[
        tuple[str, str] | None, option("--merge", "Merge the second lead into the first.", "LEAD LEAD")
    ] = None,
    apart: Annotated[
        tuple[str, str] | None, option("--apart", "Keep two leads apart and never list them again.", "LEAD LEAD")
    ] = None,
    take: Annotated[
        list[str] | None,
        option(
            "--take",
            "With --merge: the lead whose value to keep, instead of the newer known one; may be repeated.",
            "FIELD=LEAD",
        ),
    ] = None,
    least: Annotated[
        float, option("--min-confidence", "Only pairs with at least this confidence, 0 to 1.", "P", min=0, max=1)
    ] = _LIKELY,
    fail_if_any: FailIfAny = False,
) -> None:
    """Show likely duplicates that no import merged, or decide them.

    No id, address or number proves that the two are the same. The likeliest pairs come first, with what agrees. A
    merge keeps both histories and everything that identifies either lead; `undo` reverts it. Leads that are kept apart
    are never listed again.

    Examples:
      leadtriage duplicates
      leadtriage duplicates --min-confidence 0.95 --source 'Trade fair'
      leadtriage duplicates --review
      leadtriage duplicates --merge 12 47 --take phone=47
      leadtriage duplicates --apart anna@example.com 47
      leadtriage duplicates --quiet --fail-if-any
    """
    modes = {"--review": review, "--merge": merge is not None, "--apart": apart is not None}
    given = [flag for flag, is_given in modes.items() if is_given]
    if len(given) > 1:
        raise UsageError("cannot be combined", place=" and ".join(given))
    if take and merge is None:
        raise UsageError("applies to --merge only", place="--take")
    if fail_if_any and given:
        raise UsageError("applies to the list only", place="--fail-if-any")
    if given in (["--merge"], ["--apart"]) and (selection != Selection() or least != _LIKELY):
        raise UsageError("cannot be combined with filters or limits", place=given[0])
    if merge is not None:
        _merge(context, merge, take or [])
    elif apart is not None:
        _keep_apart(context, apart)
    elif review:
        from leadtriage.cli.review.duplicates import review_pairs

        review_pairs(context, selection, least)
    else:
        from leadtriage.reports.lists import list_duplicates

        show_list(context, selection, partial(list_duplicates, least=least), fail_if_any=fail_if_any)


def _merge(context: Context, names: tuple[str, str], take: list[str]) -> None:
    from leadtriage.actions import merge_leads

    with context.acting() as (engine, criteria, act):
        winner_id, loser_id = _resolve(engine, *names)
        choices = [split_pair(pair, "--take", "FIELD=LEAD") for pair in take]
        chosen = {field: _resolve(engine, name)[0] for field, name in choices}
        done = merge_leads(engine, criteria, act, winner_id, loser_id, chosen)
    columns = (
        Column("id", "Id", keep=95, align="right"),
        Column("name", "Name", keep=90),
        Column("company", "Company", keep=60),
        Column("email", "Email", keep=70),
        Column("stage", "Stage", keep=50),
        Column("merged", "Merged lead", keep=94, align="right"),
        Column("taken", "Values taken", keep=80),
    )
    row = {column.key: done.winner.get(column.key) for column in columns}
    row |= {"merged": done.loser_id, "taken": ", ".join(done.taken) or None}
    context.printer.warn(*done.warnings)
    context.printer.show(Table("Merged", columns, (row,)))


def _keep_apart(context: Context, names: tuple[str, str]) -> None:
    from leadtriage.actions import keep_apart

    with context.acting() as target:
        one, other = _resolve(target[0], *names)
        keep_apart(*target, one, other)
    columns = (Column("a_id", "Id", align="right"), Column("b_id", "Other id", align="right"))
    context.printer.show(Table("Kept apart", columns, ({"a_id": one, "b_id": other},)))


def _resolve(engine: Engine, *names: str) -> list[int]:
    from leadtriage.db import reading, resolve_lead

    with reading(engine) as connection:
        return [resolve_lead(connection, name) for name in names]
