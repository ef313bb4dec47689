"""The command about junk: lists the candidates, and leads to each thing that a person can do about them.

The review at the terminal is `cli.reviewing`'s, what the other acts show `cli.junk_tables`'.

What the acts on junk candidates show of the leads that they changed: small tables of plain values.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadtriage.cli.commands.lists import FOUND, MORE
from leadtriage.cli.framework.command import add_command, end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import FILTERS, PAGE, Selection, named_lead
from leadtriage.core.context import OutputFormat
from leadtriage.core.errors import UsageError
from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.text import format_count

if TYPE_CHECKING:
    from leadtriage.actions import Flagged, Restored, ReviewFileResult


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "junk",
        selects=(*FILTERS, *PAGE),
        examples=(
            "leadtriage junk --reason spam --all",
            "leadtriage junk --review --owner 'Anna Berg' --limit 20",
            "leadtriage junk --flag 12 --reason no_budget --note 'told me so'",
            "leadtriage junk --restore anna@example.com",
            "leadtriage junk --verdicts candidates.csv --dry-run",
            "leadtriage junk --audit 20 --review",
            "leadtriage junk --audit 20 --seed 7 --format csv",
            "leadtriage junk --quiet --fail-if-any",
        ),
    )(junk)


_MOST_SEEDS = 1_000_000


def junk(
    invocation: Invocation,
    selection: Selection,
    review: Annotated[
        bool, typer.Option("--review", help="Go through the candidates one by one; or through what --audit draws.")
    ] = False,
    audit: Annotated[
        int | None,
        typer.Option("--audit", help="Look again at so many junk leads, drawn by chance.", metavar="N", min=1),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of --audit: draws the same leads again.", metavar="S")
    ] = None,
    flag_lead: Annotated[
        str | None, typer.Option("--flag", help="Nominate this lead, with --reason.", metavar="LEAD")
    ] = None,
    restore: Annotated[str | None, typer.Option("--restore", help="Bring this junk lead back.", metavar="LEAD")] = None,
    verdicts: Annotated[
        Path | None,
        typer.Option("--verdicts", help="Give the verdicts of a filled-in list; - is standard input.", metavar="FILE"),
    ] = None,
    rates: Annotated[
        bool, typer.Option("--rates", help="Show how often rules, people, systems and reviewers were overturned.")
    ] = False,
    note: Annotated[
        str | None, typer.Option("--note", help="Of --flag and --restore: what to say besides.", metavar="TEXT")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Of --verdicts: say what would be done.")] = False,
    fail_if_any: Annotated[bool, typer.Option("--fail-if-any", help="End with 4 where there are candidates.")] = False,
) -> None:
    """Show the junk candidates and what nominates each, or decide them.

    None of them is junk before a person has looked. Those that could still reach most are on top. For --verdicts, add
    the columns verdict, verdict_reason, note, until and ask_for to what --all --format csv writes, as far as you need
    them. An audit is blind: it shows nothing of what was said before, and what it says changes no lead.
    """
    chosen = {
        "--review": review,
        "--flag": flag_lead is not None,
        "--restore": restore is not None,
        "--verdicts": verdicts is not None,
        "--audit": audit is not None,
        "--rates": rates,
    }
    mode = _choose(chosen)
    _refuse_strays(
        mode,
        {
            ("--seed", "--audit"): seed is not None,
            ("--note", "--flag and --restore"): note is not None,
            ("--dry-run", "--verdicts"): dry_run,
            ("--fail-if-any", "the list"): fail_if_any,
        },
    )
    if mode and mode != "--review":
        _refuse_selection(mode, replace(selection, reason=None) if flag_lead is not None else selection)
    if verdicts is not None:
        _read_verdicts(invocation, verdicts, dry_run=dry_run, again=audit is not None)
    elif flag_lead is not None:
        _flag(invocation, flag_lead, selection.reason, note)
    elif restore is not None:
        _restore(invocation, restore, note)
    elif audit is not None:
        _audit(invocation, audit, seed, review=review)
    elif review:
        _review(invocation, selection)
    elif rates:
        _show_rates(invocation)
    else:
        show_candidates(invocation, selection, fail_if_any=fail_if_any)


def _choose(chosen: dict[str, bool]) -> str:
    """The one thing that is to be done, by its option; "" for the list."""
    said = [option for option, is_said in chosen.items() if is_said]
    if said == ["--verdicts", "--audit"]:
        return "--verdicts"
    if said == ["--review", "--audit"]:
        return "--audit"
    if len(said) > 1:
        raise UsageError("are things to do one at a time", place=" and ".join(said))
    return said[0] if said else ""


def _refuse_strays(mode: str, said: dict[tuple[str, str], bool]) -> None:
    """Raise where an option says nothing beside the one that was chosen."""
    for (option, belongs_to), is_said in said.items():
        if is_said and (mode or "the list") not in belongs_to.split(" and "):
            raise UsageError(f"belongs to {belongs_to}", place=option)


def _refuse_selection(mode: str, selection: Selection) -> None:
    if selection != Selection():
        raise UsageError("takes no options that choose leads or cut a list", place=mode)


def show_candidates(invocation: Invocation, selection: Selection, *, fail_if_any: bool = False) -> None:
    """Show the list of candidates."""
    from leadtriage.reports.lists import list_candidates
    from leadtriage.reports.query import explain_if_empty

    criteria = invocation.criteria()
    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_candidates(connection, criteria, filters, as_of, limit=selection.most)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)
    end_with(FOUND if fail_if_any and table.rows else 0)


def _review(invocation: Invocation, selection: Selection) -> None:
    from leadtriage.cli.review.junk import review

    review(invocation, selection)


def _flag(invocation: Invocation, name: str, reason: str | None, note: str | None) -> None:
    from leadtriage.actions import flag_lead

    if reason is None:
        raise UsageError("a nomination needs a reason", place="--flag", hint="such as --reason no_budget")
    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with named_lead(invocation, name) as (engine, lead_id):
        done = flag_lead(engine, criteria, act, lead_id, reason, note)
    show_flagged(invocation, done, act.by)


def _restore(invocation: Invocation, name: str, note: str | None) -> None:
    from leadtriage.actions import restore_lead

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with named_lead(invocation, name) as (engine, lead_id):
        done = restore_lead(engine, criteria, act, lead_id, note)
    show_restored(invocation, done)


def _read_verdicts(invocation: Invocation, file: Path, *, dry_run: bool, again: bool) -> None:
    from leadtriage.actions import judge_from_file
    from leadtriage.core.vocabulary import VerdictKind

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    kind = VerdictKind.AUDIT if again else VerdictKind.REVIEW
    path = None if str(file) == "-" else file
    stream = sys.stdin.buffer if path is None else None
    with invocation.database() as engine:
        filed = judge_from_file(engine, criteria, act, path, stream=stream, kind=kind, dry_run=dry_run)
    show_filed(invocation, filed, dry_run=dry_run)


def _audit(invocation: Invocation, count: int, seed: int | None, *, review: bool) -> None:
    """List a sample to be filled in and read again by --verdicts, or go through it one by one."""
    from secrets import randbelow

    from leadtriage.actions import draw_audit
    from leadtriage.reports.lists import list_audit_sample

    drawn_by = randbelow(_MOST_SEEDS) if seed is None else seed
    with invocation.reading_list() as (connection, as_of):
        sample = draw_audit(connection, count, drawn_by, invocation.settings.by)
        table = list_audit_sample(connection, sample, as_of)
    if seed is None and sample:
        invocation.note(f"--seed {drawn_by} draws the same leads again")
    if not sample:
        invocation.note("no review has called a lead junk yet: leadtriage junk --review")
    elif len(sample) < count:
        invocation.note(f"only {format_count(len(sample), 'lead')}, not {count:,}: reviews have called no more junk")
    if review and sample:
        from leadtriage.cli.review.junk import review_again

        review_again(invocation, sample)
        return
    invocation.show(table)
    if sample and invocation.settings.format is OutputFormat.TABLE:
        invocation.note("look at them one by one with --review, or fill in what --format csv writes, for --verdicts")


def _show_rates(invocation: Invocation) -> None:
    from leadtriage.reports.manager import list_overturns

    with invocation.reporting() as (connection, criteria, _):
        table = list_overturns(connection, criteria)
    if not table.rows:
        invocation.note("no verdict was given yet: leadtriage junk --review")
    invocation.show(table)


_WHO = (
    Column("id", "Id", keep=95, align="right"),
    Column("name", "Name", keep=90),
    Column("company", "Company", keep=60),
)


def show_flagged(invocation: Invocation, done: Flagged, by: str) -> None:
    """Show a lead that was nominated."""
    columns = (*_WHO, Column("reason", "Reason", keep=92), Column("flagged_by", "Flagged by", keep=80))
    invocation.show(Table("Flagged", columns, ({**_who(done.lead), "reason": done.reason, "flagged_by": by},)))
    invocation.note("it is out of the queue until a reviewer has looked: leadtriage junk --review")


def show_restored(invocation: Invocation, done: Restored) -> None:
    """Show a lead that is no junk any more."""
    columns = (*_WHO, Column("stage", "Stage", keep=92))
    invocation.show(Table("Brought back", columns, ({**_who(done.lead), "stage": done.stage},)))


def show_filed(invocation: Invocation, filed: ReviewFileResult, *, dry_run: bool) -> None:
    """Show the verdicts of a file, and how many of its rows had none."""
    columns = (
        *_WHO,
        Column("verdict", "Verdict", keep=94),
        Column("reason", "Reason", keep=93),
        Column("until", "Until", keep=70),
        Column("ask_for", "Ask for", keep=65),
        Column("note", "Note", keep=40),
    )
    rows = tuple(
        {
            "id": one.lead_id,
            "name": one.name,
            "company": one.company,
            "verdict": one.judgement.verdict.value,
            "reason": one.judgement.reason,
            "until": one.judgement.until,
            "ask_for": one.judgement.ask_for,
            "note": one.judgement.note,
        }
        for one in filed.verdicts
    )
    stored = "would be stored" if dry_run else "stored"
    left = f"; {format_count(filed.left_alone, 'row')} without a verdict left alone" if filed.left_alone else ""
    invocation.show(Table("Verdicts", columns, rows))
    invocation.note(f"{format_count(len(rows), 'verdict')} {stored}{left}")
    if rows and not dry_run:
        invocation.note(f"take them back with: {invocation.say_undo()}")


def _who(lead: Mapping[str, Any]) -> dict[str, Cell]:
    return {column.key: lead[column.key] for column in _WHO}
