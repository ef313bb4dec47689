"""The commands that list leads and imports, show one lead or the history, and export."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.framework.command import FOUND, add_command, exit_with
from leadtriage.cli.framework.context import Context
from leadtriage.cli.framework.options import (
    EXTRA_FILTERS,
    FILTERS,
    PAGE,
    FailIfAny,
    Force,
    LeadArgument,
    Selection,
    Text,
    argument,
    choice,
    option,
)
from leadtriage.cli.framework.terminal import STANDARD_STREAM, parse_target, write_file, write_out
from leadtriage.core.context import OutputFormat
from leadtriage.core.dates import parse_bound
from leadtriage.core.errors import UsageError
from leadtriage.core.vocabulary import AgingBy, Clock, EventKind, FunnelStep

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from leadtriage.core.tables import Table
    from leadtriage.reports.query import ListRequest

MORE = "add --limit N or --all for more"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "queue", show_queue, *FILTERS, *PAGE)
    add_command(app, "leads", show_leads, *FILTERS, *EXTRA_FILTERS, *PAGE)
    add_command(app, "find", find, *PAGE)
    add_command(app, "stale", show_stale, *FILTERS, *PAGE)
    add_command(app, "aging", show_aging, *FILTERS)
    add_command(app, "imports", show_imports, *PAGE)
    add_command(app, "show", show)
    add_command(app, "history", show_history, *PAGE)
    add_command(app, "export", export, *FILTERS)


def show_list(
    context: Context,
    selection: Selection,
    read: Callable[[ListRequest], Table],
    *,
    fail_if_any: bool = False,
    until: str = "--until",
) -> None:
    """Read a list and print it, or explain why it is empty.

    Args:
        fail_if_any: exit with 4 if there are rows.
        until: the flag of that filter.
    """
    from leadtriage.reports.query import ListRequest, explain_if_empty

    with context.reading_list() as (connection, today):
        request = ListRequest(connection, selection.filters(today, until=until), today, selection.most)
        table = explain_if_empty(connection, read(request), request.filters)
    context.printer.show(table, more=MORE)
    exit_with(FOUND if fail_if_any and table.rows else 0)


def show_queue(
    context: Context,
    selection: Selection,
    needs_answers: Annotated[
        bool, option("--needs-answers", "Only leads that a few answers could qualify, closest first.")
    ] = False,
) -> None:
    """Show which leads to work now, best first.

    Sorted by grade, then overdue leads, then score, then potential. Leads in nurture, closed leads and junk candidates
    are left out.

    Examples:
      leadtriage queue
      leadtriage queue --owner 'Anna Berg' --grade A
      leadtriage queue --format csv
    """
    from leadtriage.reports.lists import list_queue

    show_list(context, selection, lambda request: list_queue(request, needs_answers=needs_answers))


def show_leads(
    context: Context,
    selection: Selection,
    step: Annotated[
        FunnelStep | None, choice("--step", "Only leads that reached this step of the funnel.", FunnelStep)
    ] = None,
    backlog: Annotated[
        bool, option("--backlog", "Only leads that had expired on import: the backlog of `stale`.")
    ] = False,
    stale_on: Annotated[Text, option("--stale-on", "Only leads that were stale on this day.", "DATE")] = None,
    criterion: Annotated[
        Text, option("--criterion", "Only leads whose answer to this criterion is known.", "NAME")
    ] = None,
    tier: Annotated[Text, option("--tier", "Only leads that score with this answer to --criterion.", "ANSWER")] = None,
) -> None:
    """List all leads, or those that the options match.

    Open and closed leads, the most recently imported first. Use it to list the leads behind the numbers of the reports:
    --step takes the steps of `report funnel`, --dated says what --since and --until apply to, --stale-on lists what
    `report trend` counts as stale, --criterion and --tier take the names in `report criteria`.

    Examples:
      leadtriage leads --stage won --since 2026-10-01
      leadtriage leads --step touched_late --owner 'Anna Berg'
      leadtriage leads --dated closed --since 2026-10-01 --stage won
    """
    from leadtriage.reports.lists import list_leads

    def read(request: ListRequest) -> Table:
        answering = _select_answering(context, request.connection, request.as_of, criterion, tier)
        if stale_on is None:
            return list_leads(request, step=step, backlog=backlog, answering=answering)
        from leadtriage.reports.manager import list_stale_on

        for flag, is_given in (("--step", step), ("--backlog", backlog), ("--criterion", criterion)):
            if is_given:
                raise UsageError("cannot be combined with --stale-on", place=flag)
        day = parse_bound(stale_on, request.as_of, place="--stale-on")
        return list_stale_on(request.connection, context.criteria, request.filters, day, limit=request.limit)

    show_list(context, selection, read)


def _select_answering(
    context: Context, connection: Connection, today: date, criterion: Text, tier: Text
) -> ColumnElement[bool] | None:
    if criterion is None:
        if tier is not None:
            raise UsageError("requires --criterion", place="--tier")
        return None
    from leadtriage.scoring import has_answered

    return has_answered(connection, context.criteria, today, criterion, tier)


def find(
    context: Context,
    selection: Selection,
    text: Annotated[str, argument("Words, part of an address, digits of a phone number, or an id.", "TEXT")],
) -> None:
    """Find leads by name, company, email, phone or CRM id.

    Examples:
      leadtriage find 'acme'
      leadtriage find 030123456
    """
    from leadtriage.reports.lists import find_leads

    show_list(context, selection, lambda request: find_leads(request, text))


def show_stale(
    context: Context,
    selection: Selection,
    clock: Annotated[list[Clock] | None, choice("--clock", "Only this clock; may be repeated.", Clock)] = None,
    fail_if_any: FailIfAny = False,
) -> None:
    """Show overdue leads: who owes which lead what since when.

    Grouped by owner, longest overdue first. For cron: with --quiet it prints nothing if no lead is stale.

    Examples:
      leadtriage stale
      leadtriage stale --clock first_touch --owner 'Anna Berg'
      leadtriage stale --quiet
    """
    from leadtriage.reports.lists import list_stale

    show_list(context, selection, partial(list_stale, clocks=clock or ()), fail_if_any=fail_if_any)


def show_aging(
    context: Context,
    selection: Selection,
    by: Annotated[AgingBy, choice("--by", "What to group by.", AgingBy)] = AgingBy.GRADE,
) -> None:
    """Count open leads by age, and by grade, owner or source.

    Examples:
      leadtriage aging
      leadtriage aging --by owner
    """
    from leadtriage.reports.lists import list_aging
    from leadtriage.reports.query import ListRequest, explain_emptiness

    with context.reading_list() as (connection, today):
        request = ListRequest(connection, selection.filters(today), today)
        table = list_aging(request, by)
        if not any(row["total"] for row in table.rows):
            table = explain_emptiness(connection, table, request.filters)
    context.printer.show(table)


def show_imports(context: Context, selection: Selection) -> None:
    """List the imports, latest first.

    Examples:
      leadtriage imports
    """
    from leadtriage.reports.lists import list_imports

    with context.reading_list() as (connection, _):
        table = list_imports(connection, limit=selection.most)
    context.printer.show(table, more=MORE)


def show(context: Context, lead: LeadArgument) -> None:
    """Show a lead, how its score adds up, and its history.

    Also its open questions, most valuable first, why it is flagged as junk, and its likely duplicates.

    Examples:
      leadtriage show 12
      leadtriage show anna@example.com
      leadtriage show hubspot:101
    """
    from leadtriage.db import resolve_lead
    from leadtriage.reports.lead import show_lead

    with context.reporting() as (connection, criteria, today):
        card = show_lead(connection, criteria, resolve_lead(connection, lead), today)
    context.printer.show_card(card)


def show_history(
    context: Context,
    selection: Selection,
    since: Annotated[
        Text, option("--since", "Only events on or after this day: 2026-11-20, yesterday, 7d.", "DATE")
    ] = None,
    until: Annotated[Text, option("--until", "Only events on or before this day.", "DATE")] = None,
    by: Annotated[Text, option("--by", "Only events by this person or system.", "NAME")] = None,
    kind: Annotated[
        list[EventKind] | None,
        option(
            "--kind",
            f"Only this kind of event; may be repeated: {', '.join(EventKind)}.",
            "KIND",
            case_sensitive=False,
        ),
    ] = None,
    lead: Annotated[Text, option("--lead", "Only this lead and leads merged into it.", "LEAD")] = None,
    details: Annotated[bool, option("--details", "Also events that follow from another one of the same act.")] = False,
) -> None:
    """Show what was done to the leads, latest first.

    Each act is one line; --details adds the counts and stages that follow from it. Use --all --format csv to export
    the whole history.

    Examples:
      leadtriage history
      leadtriage history --since yesterday
      leadtriage history --by Maria --kind verdict --since 2026-11-01
      leadtriage history --lead anna@example.com --details
      leadtriage history --all --format csv >log.csv
    """
    from leadtriage.db import resolve_any_lead
    from leadtriage.reports.lists import LogFilters, list_history

    with context.reading_list() as (connection, today):
        filters = LogFilters(
            since=parse_bound(since, today, place="--since") if since else None,
            until=parse_bound(until, today, place="--until") if until else None,
            by=by,
            kinds=tuple(kind or ()),
            lead_id=None if lead is None else resolve_any_lead(connection, lead),
        )
        table = list_history(connection, filters, limit=selection.most, details=details)
    context.printer.show(table, more=MORE)
    if not table.rows:
        context.printer.note("no event matches" if filters != LogFilters() else "nothing has happened yet")


def export(
    context: Context,
    selection: Selection,
    file: Annotated[
        Text, argument("A new .csv, .xlsx or .json file; - is standard output.", "FILE", show_default=False)
    ] = None,
    force: Force = False,
    subject: Annotated[Text, option("--subject", "Export everything stored about this person.", "LEAD")] = None,
) -> None:
    """Export leads with scores, grades and reasons.

    For a CRM's importer, a spreadsheet or a script. Importing the export changes nothing. With --subject, export all
    data stored about one person as JSON, to a file that only you can read or to standard output.

    Examples:
      leadtriage export leads.xlsx --qualified
      leadtriage export leads.csv --owner Anna --force
      leadtriage export - --format json
      leadtriage export --subject ann@example.com ann.json
    """
    from leadtriage.reports.lead import export_leads
    from leadtriage.reports.query import explain_if_empty

    if file is None and subject is None:
        raise UsageError("no file given", place="export", hint="name one such as leads.csv, or - for standard output")
    endings = (".csv", ".xlsx", ".json") if subject is None else (".json",)
    path = parse_target(file or STANDARD_STREAM, endings, "export", force=force)
    if subject is not None:
        selection.require_none("cannot be combined with filters", place="--subject", hint="leave them out")
        _export_subject(context, subject, path)
        return
    with context.reading_list() as (connection, today):
        filters = selection.filters(today)
        table = explain_if_empty(connection, export_leads(connection, filters), filters)
    context.printer.warn(*table.warnings)
    if path is None:
        _write_to_output(table, context.printer.format)
        return
    write_file(path, _render(table, path.suffix.lower()))
    context.printer.note(f"{len(table.rows):,} leads written: {file}")


def _export_subject(context: Context, subject: str, path: Path | None) -> None:
    from leadtriage.db import resolve_any_lead
    from leadtriage.reports.lead import describe_subject

    with context.reading() as connection:
        record = describe_subject(connection, resolve_any_lead(connection, subject))
    text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    if path is None:
        write_out(text)
        return
    write_file(path, text, private=True)
    context.printer.note(f"all data stored about lead {record['lead_id']} written: {path}")


def _write_to_output(table: Table, format: OutputFormat) -> None:
    """Write CSV, unless another format was asked for."""
    from leadtriage.rendering import Screen, render_table

    write_out(render_table(table, OutputFormat.CSV if format is OutputFormat.TABLE else format, Screen()))


def _render(table: Table, ending: str) -> str | bytes:
    from leadtriage.rendering import write_csv, write_json, write_xlsx

    if ending == ".xlsx":
        return write_xlsx(table)
    return write_json(table) if ending == ".json" else write_csv(table, exact=True)
