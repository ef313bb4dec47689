"""The command about junk: lists the candidates, and does what people decide about them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadtriage.cli.commands.importing import open_input
from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.commands.work import LEAD_COLUMNS
from leadtriage.cli.framework.command import FOUND, add_command, exit_with
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import FILTERS, PAGE, FailIfAny, Selection, Text, option
from leadtriage.core.context import OutputFormat
from leadtriage.core.errors import UsageError
from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_count

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEEDS = 1_000_000
_LIST = "the list"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "junk", junk, *FILTERS, *PAGE)


def junk(
    context: Context,
    selection: Selection,
    review: Annotated[bool, option("--review", "Review the candidates, or the --audit sample, one by one.")] = False,
    audit: Annotated[int | None, option("--audit", "Re-check N junk leads, drawn at random.", "N", min=1)] = None,
    seed: Annotated[int | None, option("--seed", "With --audit: draw the same leads again.", "S")] = None,
    flag_lead: Annotated[Text, option("--flag", "Flag this lead as junk, with --reason.", "LEAD")] = None,
    restore: Annotated[Text, option("--restore", "Restore this junk lead.", "LEAD")] = None,
    verdicts: Annotated[
        Text, option("--verdicts", "Apply the verdicts of a filled-in list; - is standard input.", "FILE")
    ] = None,
    rates: Annotated[
        bool, option("--rates", "Show how often rules, people, systems and reviewers were overturned.")
    ] = False,
    note: Annotated[Text, option("--note", "With --flag or --restore: a comment for the history.", "TEXT")] = None,
    dry_run: Annotated[bool, option("--dry-run", "With --verdicts: show what would happen.")] = False,
    fail_if_any: FailIfAny = False,
) -> None:
    """Show junk candidates and why each is flagged, or decide them.

    No lead is junk until a person has reviewed it. Candidates with the highest potential come first. To decide them in
    a file, add the columns verdict, verdict_reason, note, until and ask_for to what --all --format csv prints, fill in
    those you need, and pass it to --verdicts. An audit is blind: it hides earlier verdicts, and changes no lead.

    Examples:
      leadtriage junk --reason spam --all
      leadtriage junk --review --owner 'Anna Berg' --limit 20
      leadtriage junk --flag 12 --reason no_budget --note 'told me so'
      leadtriage junk --restore anna@example.com
      leadtriage junk --verdicts candidates.csv --dry-run
      leadtriage junk --audit 20 --review
      leadtriage junk --audit 20 --seed 7 --format csv
      leadtriage junk --quiet --fail-if-any
    """
    modes = {
        "--review": review,
        "--flag": flag_lead is not None,
        "--restore": restore is not None,
        "--verdicts": verdicts is not None,
        "--audit": audit is not None,
        "--rates": rates,
    }
    mode = _find_mode([flag for flag, is_given in modes.items() if is_given])
    for flag, is_given, owners in (
        ("--seed", seed is not None, ("--audit",)),
        ("--note", note is not None, ("--flag", "--restore")),
        ("--dry-run", dry_run, ("--verdicts",)),
        ("--fail-if-any", fail_if_any, (_LIST,)),
    ):
        if is_given and mode not in owners:
            raise UsageError(f"applies to {' and '.join(owners)} only", place=flag)
    others = replace(selection, reason=None) if flag_lead is not None else selection
    if mode not in (_LIST, "--review") and others != Selection():
        raise UsageError("cannot be combined with filters or limits", place=mode)
    if verdicts is not None:
        _apply_verdicts(context, verdicts, dry_run=dry_run, is_audit=audit is not None)
    elif flag_lead is not None:
        _flag(context, flag_lead, selection.reason, note)
    elif restore is not None:
        _restore(context, restore, note)
    elif audit is not None:
        _audit(context, audit, seed, review=review)
    elif review:
        from leadtriage.cli.review.junk import review_candidates

        review_candidates(context, selection)
    elif rates:
        _show_rates(context)
    else:
        show_candidates(context, selection, fail_if_any=fail_if_any)


def _find_mode(given: list[str]) -> str:
    """What to do, by its option."""
    if given == ["--verdicts", "--audit"]:
        return "--verdicts"
    if given == ["--review", "--audit"]:
        return "--audit"
    if len(given) > 1:
        raise UsageError("cannot be combined", place=" and ".join(given))
    return given[0] if given else _LIST


def show_candidates(context: Context, selection: Selection, *, fail_if_any: bool = False) -> None:
    """Print the list of candidates."""
    from leadtriage.reports.lists import list_candidates
    from leadtriage.reports.query import ReportRequest, explain_if_empty

    criteria = context.criteria
    with context.reading_list() as (connection, today):
        request = ReportRequest(connection, selection.filters(today), today, selection.most, criteria=criteria)
        table = explain_if_empty(connection, list_candidates(request), request.filters)
    context.printer.show(table, more=MORE)
    exit_with(FOUND if fail_if_any and table.rows else 0)


def _flag(context: Context, lead: str, reason: str | None, note: str | None) -> None:
    from leadtriage.actions import flag_lead

    if reason is None:
        raise UsageError("no reason given", place="--flag", hint="e.g. --reason no_budget")
    with context.acting_on(lead) as target:
        done = flag_lead(*target, reason, note)
    columns = (Column("reason", "Reason", keep=92), Column("flagged_by", "Flagged by", keep=80))
    _show_lead(
        context.printer, "Flagged", {**done.lead, "reason": done.reason, "flagged_by": context.settings.by}, *columns
    )
    context.printer.note("it stays out of the queue until it is reviewed with `leadtriage junk --review`")


def _restore(context: Context, lead: str, note: str | None) -> None:
    from leadtriage.actions import restore_lead

    with context.acting_on(lead) as target:
        done = restore_lead(*target, note)
    _show_lead(context.printer, "Restored", {**done.lead, "stage": done.stage}, Column("stage", "Stage", keep=92))


def _show_lead(printer: Printer, title: str, lead: Mapping[str, Any], *more: Column) -> None:
    columns = (*LEAD_COLUMNS, *more)
    printer.show(Table(title, columns, ({column.key: lead[column.key] for column in columns},)))


def _apply_verdicts(context: Context, file: str, *, dry_run: bool, is_audit: bool) -> None:
    from leadtriage.actions import judge_from_file
    from leadtriage.core.vocabulary import VerdictKind

    kind = VerdictKind.AUDIT if is_audit else VerdictKind.REVIEW
    path, stream = open_input(file)
    with context.acting() as target:
        filed = judge_from_file(*target, path, stream=stream, kind=kind, dry_run=dry_run)
    columns = (
        *LEAD_COLUMNS,
        Column("verdict", "Verdict", keep=94),
        Column("reason", "Reason", keep=93),
        Column("until", "Until", keep=70),
        Column("ask_for", "Ask for", keep=65),
        Column("note", "Note", keep=40),
    )
    rows = tuple(
        {"id": one.lead_id, "name": one.name, "company": one.company}
        | {column.key: getattr(one.judgement, column.key) for column in columns[len(LEAD_COLUMNS) :]}
        for one in filed.verdicts
    )
    context.printer.show(Table("Verdicts", columns, rows))
    stored = "would be stored" if dry_run else "stored"
    skipped = f"; {format_count(filed.left_alone, 'row')} without a verdict skipped" if filed.left_alone else ""
    context.printer.note(f"{format_count(len(rows), 'verdict')} {stored}{skipped}")
    if rows and not dry_run:
        context.printer.note(f"to undo: `{context.undo_command}`")


def _audit(context: Context, count: int, seed: int | None, *, review: bool) -> None:
    """Print a sample to fill in for --verdicts, or review it."""
    from secrets import randbelow

    from leadtriage.actions import draw_audit
    from leadtriage.reports.lists import list_audit_sample

    drawn_by = randbelow(_SEEDS) if seed is None else seed
    with context.reading_list() as (connection, today):
        sample = draw_audit(connection, count, drawn_by, context.settings.by)
        table = list_audit_sample(connection, sample, today)
    if seed is None and sample:
        context.printer.note(f"add --seed {drawn_by} to draw the same leads again")
    if not sample:
        context.printer.note("no lead was reviewed as junk yet; run `leadtriage junk --review`")
    elif len(sample) < count:
        context.printer.note(f"only {format_count(len(sample), 'lead')}, not {count:,}: no more were reviewed as junk")
    if review and sample:
        from leadtriage.cli.review.junk import review_audit

        review_audit(context, sample)
        return
    context.printer.show(table)
    if sample and context.printer.format is OutputFormat.TABLE:
        context.printer.note("add --review to review them one by one, or --format csv to fill in a file for --verdicts")


def _show_rates(context: Context) -> None:
    from leadtriage.reports.manager import list_overturns

    with context.reporting() as (connection, criteria, _):
        table = list_overturns(connection, criteria)
    if not table.rows:
        context.printer.note("no verdicts yet; run `leadtriage junk --review`")
    context.printer.show(table)
