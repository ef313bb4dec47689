"""The command about duplicates: lists pairs, merges two leads or keeps them apart. The review is `cli.pairing`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.commands.lists import FOUND, MORE
from leadtriage.cli.framework.command import add_command, end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import FILTERS, PAGE, Selection
from leadtriage.core.errors import UsageError
from leadtriage.core.tables import Column, Table

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.actions import Merged


_LIKELY = 0.8


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "duplicates",
        selects=(*FILTERS, *PAGE),
        examples=(
            "leadtriage duplicates",
            "leadtriage duplicates --min-confidence 0.95 --source 'Trade fair'",
            "leadtriage duplicates --review",
            "leadtriage duplicates --merge 12 47 --take phone=47",
            "leadtriage duplicates --apart anna@example.com 47",
            "leadtriage duplicates --quiet --fail-if-any",
        ),
    )(duplicates)


def duplicates(
    invocation: Invocation,
    selection: Selection,
    review: Annotated[
        bool, typer.Option("--review", help="Go through the pairs side by side, one after the other.")
    ] = False,
    merge_leads: Annotated[
        tuple[str, str] | None,
        typer.Option("--merge", help="Merge the second of two leads into the first.", metavar="LEAD LEAD"),
    ] = None,
    apart: Annotated[
        tuple[str, str] | None,
        typer.Option("--apart", help="These two leads are two; do not ask again.", metavar="LEAD LEAD"),
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option(
            "--take",
            help="Of --merge: whose value a field has, where not the newer known one; may be repeated.",
            metavar="FIELD=LEAD",
        ),
    ] = None,
    least: Annotated[
        float,
        typer.Option("--min-confidence", help="Only pairs that are so likely, 0 to 1.", metavar="P", min=0, max=1),
    ] = _LIKELY,
    fail_if_any: Annotated[bool, typer.Option("--fail-if-any", help="End with 4 where there are pairs.")] = False,
) -> None:
    """Show pairs of leads that are probably one, or decide them.

    They were not merged by an import, since no id, address or number made sure. The likeliest are on top, with what
    agrees. A merge keeps both histories and what both leads are known by; undo takes it back. What is kept apart is
    never listed again.
    """
    chosen = {"--review": review, "--merge": merge_leads is not None, "--apart": apart is not None}
    said = [option for option, is_said in chosen.items() if is_said]
    if len(said) > 1:
        raise UsageError("are things to do one at a time", place=" and ".join(said))
    if take and merge_leads is None:
        raise UsageError("belongs to --merge", place="--take")
    if fail_if_any and said:
        raise UsageError("belongs to the list", place="--fail-if-any")
    if said in (["--merge"], ["--apart"]) and (selection != Selection() or least != _LIKELY):
        raise UsageError("takes no options that choose leads or cut a list", place=said[0])
    if merge_leads is not None:
        _merge(invocation, merge_leads, take or [])
    elif apart is not None:
        _keep_apart(invocation, apart)
    elif review:
        from leadtriage.cli.review.duplicates import review_pairs

        review_pairs(invocation, selection, least)
    else:
        _list(invocation, selection, least, fail_if_any=fail_if_any)


def _list(invocation: Invocation, selection: Selection, least: float, *, fail_if_any: bool) -> None:
    from leadtriage.reports.lists import list_duplicates
    from leadtriage.reports.query import explain_if_empty

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_duplicates(connection, filters, least=least, limit=selection.most)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)
    end_with(FOUND if fail_if_any and table.rows else 0)


def _merge(invocation: Invocation, names: tuple[str, str], take: list[str]) -> None:
    from leadtriage.actions import merge_leads

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with invocation.database() as engine:
        winner_id, loser_id = _resolve(engine, *names)
        chosen: dict[str, int] = {}
        for said in take:
            field, equals, name = said.partition("=")
            if not equals:
                raise UsageError(f"{said!r} does not say whose value is taken", place="--take", hint="FIELD=LEAD")
            chosen[field.strip()] = _resolve(engine, name)[0]
        done = merge_leads(engine, criteria, act, winner_id, loser_id, chosen)
    _show_merged(invocation, done)


def _show_merged(invocation: Invocation, done: Merged) -> None:
    columns = (
        Column("id", "Id", keep=95, align="right"),
        Column("name", "Name", keep=90),
        Column("company", "Company", keep=60),
        Column("email", "E-mail", keep=70),
        Column("stage", "Stage", keep=50),
        Column("merged", "Merged into it", keep=94, align="right"),
        Column("taken", "Taken from that", keep=80),
    )
    row = {column.key: done.winner.get(column.key) for column in columns}
    row |= {"merged": done.loser_id, "taken": ", ".join(done.taken) or None}
    invocation.warn_all(done.warnings)
    invocation.show(Table("Merged", columns, (row,)))


def _keep_apart(invocation: Invocation, names: tuple[str, str]) -> None:
    from leadtriage.actions import keep_apart

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with invocation.database() as engine:
        one, other = _resolve(engine, *names)
        keep_apart(engine, criteria, act, one, other)
    columns = (Column("a_id", "Id", align="right"), Column("b_id", "Other id", align="right"))
    invocation.show(Table("Kept apart", columns, ({"a_id": one, "b_id": other},)))


def _resolve(engine: Engine, *names: str) -> list[int]:
    from leadtriage.db import reading, resolve_lead

    with reading(engine) as connection:
        return [resolve_lead(connection, name) for name in names]
