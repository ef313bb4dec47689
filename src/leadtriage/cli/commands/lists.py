"""The commands that list leads and imports: queue, leads, find, stale, aging, imports.

The command about a single lead: show.

The command that shows the team's log: history.

The command that hands leads on, or all that is held about one person: export.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.framework.command import add_command, end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import DATED, FILTERS, PAGE, POINTS, Selection
from leadtriage.cli.framework.terminal import STANDARD_OUTPUT, refuse_existing, write_file, write_out
from leadtriage.core.context import OutputFormat
from leadtriage.core.dates import parse_bound
from leadtriage.core.errors import UsageError
from leadtriage.core.vocabulary import AgingBy, Clock, EventKind, FunnelStep

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from leadtriage.core.tables import Table


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
    add_command(
        app, "show", examples=("leadtriage show 12", "leadtriage show anna@example.com", "leadtriage show hubspot:101")
    )(show)
    add_command(
        app,
        "history",
        selects=PAGE,
        examples=(
            "leadtriage history",
            "leadtriage history --since yesterday",
            "leadtriage history --by Maria --kind verdict --since 2026-11-01",
            "leadtriage history --lead anna@example.com --details",
            "leadtriage history --all --format csv >log.csv",
        ),
    )(show_history)
    add_command(
        app,
        "export",
        selects=FILTERS,
        examples=(
            "leadtriage export leads.xlsx --qualified",
            "leadtriage export leads.csv --owner Anna --force",
            "leadtriage export - --format json",
            "leadtriage export --subject ann@example.com ann.json",
        ),
    )(export)


FOUND = 4
MORE = "more with --limit N or --all"


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
    from leadtriage.reports.lists import list_queue
    from leadtriage.reports.query import explain_if_empty

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_queue(connection, filters, as_of, limit=selection.most, needs_answers=needs_answers)
        table = explain_if_empty(connection, table, filters)
    invocation.show(table, more=MORE)


def show_leads(
    invocation: Invocation,
    selection: Selection,
    step: Annotated[
        FunnelStep | None,
        typer.Option("--step", help="Only leads that count for this step of the funnel.", metavar="|".join(FunnelStep)),
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
    from leadtriage.reports.lists import list_leads
    from leadtriage.reports.query import explain_if_empty

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        answering = _find_answering(invocation, connection, as_of, criterion, tier)
        if stale_on is not None:
            for option, is_given in (("--step", step), ("--backlog", backlog), ("--criterion", criterion)):
                if is_given:
                    raise UsageError(f"--stale-on and {option} do not go together", place=option)
            from leadtriage.reports.manager import list_stale_on

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
    from leadtriage.scoring import has_answered

    return has_answered(connection, invocation.criteria(), as_of, criterion, tier)


def find(
    invocation: Invocation,
    selection: Selection,
    text: Annotated[str, typer.Argument(help="Words, part of an address, digits of a phone number, or an id.")],
) -> None:
    """Find leads by name, company, e-mail, phone or source system's id."""
    from leadtriage.reports.lists import find_leads
    from leadtriage.reports.query import explain_if_empty

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
    from leadtriage.reports.lists import list_stale
    from leadtriage.reports.query import explain_if_empty

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
    from leadtriage.reports.lists import list_aging
    from leadtriage.reports.query import explain_emptiness

    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = list_aging(connection, as_of, by, filters)
        if not any(row["total"] for row in table.rows):
            table = explain_emptiness(connection, table, filters)
    invocation.show(table)


def show_imports(invocation: Invocation, selection: Selection) -> None:
    """Show the imports, the last one first."""
    from leadtriage.reports.lists import list_imports

    with invocation.reading_list() as (connection, _):
        table = list_imports(connection, limit=selection.most)
    invocation.show(table, more=MORE)


def show(
    invocation: Invocation,
    lead: Annotated[str, typer.Argument(help="Our id, an e-mail address, or SYSTEM:ID.", metavar="LEAD")],
) -> None:
    """Show a lead, why it has its score, and its history.

    The score's parts add up to it. Below stand the open questions, the best first, what nominates the lead as junk,
    and its likely duplicates.
    """
    from leadtriage.db import resolve_lead
    from leadtriage.reports.lead import show_lead

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with invocation.reading() as connection:
        card = show_lead(connection, criteria, resolve_lead(connection, lead), act.as_of)
    invocation.show_card(card)


_PANEL = "Which rows"


def show_history(
    invocation: Invocation,
    selection: Selection,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="Only what happened on this day or later: 2026-11-20, yesterday, 7d.",
            metavar="DATE",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Only what happened until this day.", metavar="DATE", rich_help_panel=_PANEL),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Only what this person or system did.", metavar="NAME", rich_help_panel=_PANEL),
    ] = None,
    kind: Annotated[
        list[EventKind] | None,
        typer.Option(
            "--kind",
            help=f"Only this kind of line; may be repeated: {', '.join(EventKind)}.",
            metavar="KIND",
            case_sensitive=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    lead: Annotated[
        str | None,
        typer.Option(
            "--lead", help="Only this lead, with what was merged into it.", metavar="LEAD", rich_help_panel=_PANEL
        ),
    ] = None,
    details: Annotated[
        bool,
        typer.Option("--details", help="Also lines that repeat what another line of the same act says."),
    ] = False,
) -> None:
    """Show what was done to the leads, the last first.

    Each act is told once; with --details the counts and stages that follow from it have lines of their own. With --all
    and --format csv the whole log is exported.
    """
    from leadtriage.db import resolve_any_lead
    from leadtriage.reports.lists import LogFilters, list_history

    with invocation.reading_list() as (connection, today):
        filters = LogFilters(
            since=parse_bound(since, today, place="--since") if since else None,
            until=parse_bound(until, today, place="--until") if until else None,
            by=by,
            kinds=tuple(kind or ()),
            lead_id=None if lead is None else resolve_any_lead(connection, lead),
        )
        table = list_history(connection, filters, limit=selection.most, details=details)
    invocation.show(table, more=MORE)
    if not table.rows:
        invocation.note("nothing of that kind has happened" if filters != LogFilters() else "nothing has happened yet")


_ENDINGS = (".csv", ".xlsx", ".json")


def export(
    invocation: Invocation,
    selection: Selection,
    file: Annotated[
        str | None,
        typer.Argument(
            help="A new .csv, .xlsx or .json file; - is standard output.", metavar="FILE", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="Everything held about the person that this lead is.", metavar="LEAD"),
    ] = None,
) -> None:
    """Export leads with scores, grades and reasons.

    For a CRM's importer, a spreadsheet or a script. Importing our own export changes nothing. With --subject instead
    all that is held about one person, as JSON in a file that only you may read, or to standard output.
    """
    from leadtriage.reports.lead import export_leads
    from leadtriage.reports.query import explain_if_empty

    if file is None and subject is None:
        raise UsageError("to which file?", place="export", hint="name one such as leads.csv, or - for standard output")
    file = file or STANDARD_OUTPUT
    path = None if file == STANDARD_OUTPUT else Path(file).expanduser()
    endings = _ENDINGS if subject is None else (".json",)
    if path is not None and path.suffix.lower() not in endings:
        name = f"leads{endings[0]}"
        raise UsageError(f"{file!r} does not end in {', '.join(endings)}", place="export", hint=f"name it {name}")
    if path is not None and not force:
        refuse_existing(path)
    if subject is not None:
        _export_subject(invocation, selection, subject, path)
        return
    with invocation.reading_list() as (connection, as_of):
        filters = selection.filters(as_of)
        table = explain_if_empty(connection, export_leads(connection, filters), filters)
    invocation.warn_all(table.warnings)
    if path is None:
        _write_out(invocation, table)
        return
    write_file(path, _as_bytes(table, path.suffix.lower()))
    invocation.note(f"{len(table.rows):,} leads written: {file}")


def _export_subject(invocation: Invocation, selection: Selection, subject: str, path: Path | None) -> None:
    import json

    from leadtriage.db import resolve_any_lead
    from leadtriage.reports.lead import describe_subject

    if selection.is_narrowed:
        raise UsageError("is about one person, and options choose leads", place="--subject", hint="leave them out")
    with invocation.reading() as connection:
        told = describe_subject(connection, resolve_any_lead(connection, subject))
    text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    if path is None:
        write_out(text)
        return
    write_file(path, text.encode("utf-8", errors="replace"), private=True)
    invocation.note(f"everything held about lead {told['lead_id']} is written: {path}")


def _write_out(invocation: Invocation, table: Table) -> None:
    """To standard output as CSV, unless another format was asked for."""
    from leadtriage.rendering import Screen, render_table

    format = OutputFormat.CSV if invocation.settings.format is OutputFormat.TABLE else invocation.settings.format
    write_out(render_table(table, format, Screen()))


def _as_bytes(table: Table, ending: str) -> bytes:
    if ending == ".xlsx":
        from leadtriage.rendering import write_xlsx

        return write_xlsx(table)
    from leadtriage.rendering import write_csv, write_json

    text = write_json(table) if ending == ".json" else write_csv(table, exact=True)
    return text.encode("utf-8", errors="replace")
