"""The command about junk: lists the candidates, and leads to each thing that a person can do about them.

The review at the terminal is `cli.reviewing`'s, what the other acts show `cli.junk_tables`'.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from leadtriage.cli.choosing import named_lead
from leadtriage.cli.command import add_command, end_with
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.lists import FOUND, MORE
from leadtriage.cli.selection import FILTERS, PAGE, Selection
from leadtriage.errors import UsageError
from leadtriage.settings import OutputFormat
from leadtriage.words import count_of

_MOST_SEEDS = 1_000_000


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
    flag: Annotated[
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
        "--flag": flag is not None,
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
        _refuse_selection(mode, replace(selection, reason=None) if flag is not None else selection)
    if verdicts is not None:
        _read_verdicts(invocation, verdicts, dry_run=dry_run, again=audit is not None)
    elif flag is not None:
        _flag(invocation, flag, selection.reason, note)
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
    from leadtriage.reports.emptiness import explain_if_empty
    from leadtriage.reports.junk import list_candidates

    criteria = invocation.criteria()
    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_candidates(connection, criteria, filters, as_of, limit=selection.most)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)
    end_with(FOUND if fail_if_any and table.rows else 0)


def _review(invocation: Invocation, selection: Selection) -> None:
    from leadtriage.cli.reviewing import review

    review(invocation, selection)


def _flag(invocation: Invocation, name: str, reason: str | None, note: str | None) -> None:
    from leadtriage.cli.junk_tables import show_flagged
    from leadtriage.triage.flagging import flag

    if reason is None:
        raise UsageError("a nomination needs a reason", place="--flag", hint="such as --reason no_budget")
    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with named_lead(invocation, name) as (engine, lead_id):
        done = flag(engine, criteria, act, lead_id, reason, note)
    show_flagged(invocation, done, act.by)


def _restore(invocation: Invocation, name: str, note: str | None) -> None:
    from leadtriage.cli.junk_tables import show_restored
    from leadtriage.triage.flagging import restore

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with named_lead(invocation, name) as (engine, lead_id):
        done = restore(engine, criteria, act, lead_id, note)
    show_restored(invocation, done)


def _read_verdicts(invocation: Invocation, file: Path, *, dry_run: bool, again: bool) -> None:
    from leadtriage.cli.junk_tables import show_filed
    from leadtriage.triage.verdict_file import judge_from_file
    from leadtriage.vocabulary import VerdictKind

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

    from leadtriage.reports.audit import list_sample
    from leadtriage.triage.auditing import draw_audit

    drawn_by = randbelow(_MOST_SEEDS) if seed is None else seed
    with invocation.reading_list() as (connection, as_of):
        sample = draw_audit(connection, count, drawn_by, invocation.settings.by)
        table = list_sample(connection, sample, as_of)
    if seed is None and sample:
        invocation.note(f"--seed {drawn_by} draws the same leads again")
    if not sample:
        invocation.note("no review has called a lead junk yet: leadtriage junk --review")
    elif len(sample) < count:
        invocation.note(f"only {count_of(len(sample), 'lead')}, not {count:,}: reviews have called no more junk")
    if review and sample:
        from leadtriage.cli.reviewing_again import review_again

        review_again(invocation, sample)
        return
    invocation.show(table)
    if sample and invocation.settings.format is OutputFormat.TABLE:
        invocation.note("look at them one by one with --review, or fill in what --format csv writes, for --verdicts")


def _show_rates(invocation: Invocation) -> None:
    from leadtriage.reports.overturns import list_overturns

    with invocation.reporting() as (connection, criteria, _):
        table = list_overturns(connection, criteria)
    if not table.rows:
        invocation.note("no verdict was given yet: leadtriage junk --review")
    invocation.show(table)
