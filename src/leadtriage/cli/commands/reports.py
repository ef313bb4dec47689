"""The manager's reports: report funnel, sources, team, reasons, criteria, trend, html.

The command that writes all reports on one page: report html.

The command that writes a mail's body for one owner or the manager: digest.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.framework.command import add_command, add_group
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import PAGE, PERIOD, Selection
from leadtriage.cli.framework.terminal import parse_target, write_file, write_out
from leadtriage.core.vocabulary import FunnelBy, ReasonsBy, SourcesBy, TeamMetric


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = add_group(app, "report", "Show where leads come from, and where they are lost.")
    add_command(group, "criteria", report_criteria, *PERIOD)
    add_command(group, "funnel", report_funnel, *PERIOD)
    add_command(group, "html", report_html, *PERIOD)
    add_command(group, "reasons", report_reasons, *PERIOD)
    add_command(group, "sources", report_sources, *PERIOD)
    add_command(group, "trend", report_trend, *PERIOD)
    add_command(group, "team", report_team, *PERIOD, *PAGE)
    add_command(app, "digest", show_digest)


def report_html(
    context: Context,
    printer: Printer,
    selection: Selection,
    file: Annotated[str, typer.Argument(help="A new .html file; - is standard output.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write all reports with charts on one page.

    It is about the leads that came in within the period, the last 90 days where none is given, and compares them with
    those of the period before. The file needs nothing else and no network, prints well, and holds no lead's name.

    Examples:
      leadtriage report html leads.html
      leadtriage report html page.html --since 2026-10-01 --force
    """
    from leadtriage.rendering import write_page
    from leadtriage.reports.page import make_overview
    from leadtriage.reports.query import explain_names

    path = parse_target(file, (".html", ".htm"), "report html", force=force)
    with context.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        overview = make_overview(connection, criteria, filters, as_of)
        printer.warn(*explain_names(connection, filters))
    page = write_page(overview, (("Database", _name(context.settings.database)), ("Written by", _say_version())))
    if path is None:
        write_out(page)
        return
    write_file(path, page)
    printer.note(f"all reports written: {file}")


def _name(location: str) -> str:
    """A local file's name without its folder, which is nobody else's business; of a server what may be shown."""
    from leadtriage.db import hide_credentials

    return hide_credentials(location) if "://" in location else Path(location).name


def _say_version() -> str:
    from importlib.metadata import version

    return f"leadtriage {version('leadtriage')}"


def report_criteria(context: Context, printer: Printer, selection: Selection) -> None:
    """Show what each criterion does, and if it tells won from lost.

    Of the leads that came in within the period: for how many each criterion is known, how many get points from each of
    its answers, what won and lost leads have from it on average, and how often what nominates leads was overruled.
    List the leads of an answer with: leadtriage leads --criterion NAME --tier ANSWER.

    Examples:
      leadtriage report criteria
      leadtriage report criteria --since 2026-01-01
    """
    from leadtriage.reports.manager import list_criteria_in_use
    from leadtriage.reports.query import explain_emptiness

    with context.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        table = explain_emptiness(connection, list_criteria_in_use(connection, criteria, filters, as_of), filters)
    printer.show(table)


def report_funnel(
    context: Context,
    printer: Printer,
    selection: Selection,
    by: Annotated[FunnelBy | None, typer.Option("--by", help="A funnel for each.", metavar="|".join(FunnelBy))] = None,
) -> None:
    """Show how far the leads of a period have come.

    Of the leads that came in within the period: how many are qualified, assigned, touched in time, late or never, and
    won, and in how many days. List the leads of a step with: leadtriage leads --step STEP.

    Examples:
      leadtriage report funnel --since 2026-10-01 --until 2026-10-31
      leadtriage report funnel --by source
    """
    from leadtriage.reports.manager import list_funnel
    from leadtriage.reports.query import explain_emptiness

    with context.reporting() as (connection, _, as_of):
        filters = selection.filters(as_of)
        table = list_funnel(connection, filters, as_of, by)
        table = explain_emptiness(connection, table, filters)
    printer.show(table)


def report_reasons(
    context: Context,
    printer: Printer,
    selection: Selection,
    by: Annotated[
        ReasonsBy | None,
        typer.Option(
            "--by", help="Tell each reason apart by this, not by source and grade.", metavar="|".join(ReasonsBy)
        ),
    ] = None,
) -> None:
    """Show why leads were called junk, lost or parked.

    Of the leads that came in within the period: how many for which reason, by source and grade at that time, or with
    --by rule by what nominated them; and what was lost for a reason that the score had not seen. List the leads of a
    reason with: leadtriage leads --stage junk|lost|nurture --reason REASON, '' for those without one.

    Examples:
      leadtriage report reasons --since 2026-10-01 --until 2026-10-31
      leadtriage report reasons --by rule
    """
    from leadtriage.reports.manager import list_reasons
    from leadtriage.reports.query import explain_if_empty

    with context.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        table = list_reasons(connection, criteria, filters, as_of, by)
        table = explain_if_empty(connection, table, filters)
    printer.show(table)


def report_sources(
    context: Context,
    printer: Printer,
    selection: Selection,
    by: Annotated[
        SourcesBy | None, typer.Option("--by", help="A row for each of its campaigns.", metavar="|".join(SourcesBy))
    ] = None,
) -> None:
    """Show what each source brought, and what it cost.

    Of the leads that came in within the period: how many are junk, qualified and won, what the won ones are worth, what
    was spent (see: leadtriage spend), and what a lead, a qualified one and a win cost. Sums are in the criteria's
    currency. List the leads behind a number with: leadtriage leads --source NAME --step STEP.

    Examples:
      leadtriage report sources --since 2026-10-01 --until 2026-10-31
      leadtriage report sources --by campaign --source 'Web'
    """
    from leadtriage.reports.manager import list_sources
    from leadtriage.reports.query import explain_if_empty

    with context.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        table = list_sources(connection, criteria, filters, as_of, by)
        table = explain_if_empty(connection, table, filters)
    printer.show(table)


def report_trend(context: Context, printer: Printer, selection: Selection) -> None:
    """Show week by week what came in, was won, and went stale.

    --since and --until say which weeks, by default the last 13; each number counts what happened within its week. List
    the leads behind one with: leadtriage leads --dated, or --stale-on for those that were stale on a day.

    Examples:
      leadtriage report trend
      leadtriage report trend --since 2026-01-01 --source 'Trade show'
    """
    from leadtriage.reports.manager import list_trend
    from leadtriage.reports.query import explain_emptiness

    with context.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        table = explain_emptiness(connection, list_trend(connection, criteria, filters, as_of), filters)
    printer.show(table)


def report_team(
    context: Context,
    printer: Printer,
    selection: Selection,
    behind: Annotated[
        TeamMetric | None,
        typer.Option("--behind", help=f"List the leads behind this number: {', '.join(TeamMetric)}.", metavar="NUMBER"),
    ] = None,
) -> None:
    """Show what each rep made of their leads, and how far goals are.

    Also what leads waited for, which promises were kept and whose junk flags were overturned, with advice. --since and
    --until are about the days on which things happened: leads assigned and closed, touches promised for, flags and
    verdicts given. Goals are about the month or quarter of today. --behind lists the leads behind a number, of
    --owner's row or of all rows.

    Examples:
      leadtriage report team --since 2026-10-01 --until 2026-10-31
      leadtriage report team --owner 'Anna Berg' --behind late
    """
    from leadtriage.reports.manager import list_team, list_team_leads
    from leadtriage.reports.query import explain_if_empty

    with context.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        if behind is None:
            table = explain_if_empty(connection, list_team(connection, criteria, filters, as_of), filters)
        else:
            table = list_team_leads(connection, criteria, filters, as_of, behind, limit=selection.most)
            table = explain_if_empty(connection, table, filters)
    printer.show(table, more=MORE)


class DigestFormat(StrEnum):
    """How a digest is written."""

    MARKDOWN = "markdown"
    HTML = "html"


def show_digest(
    context: Context,
    printer: Printer,
    owner: Annotated[
        str | None, typer.Option("--owner", help="The mail of this rep; without it the manager's.", metavar="NAME")
    ] = None,
    format: Annotated[
        DigestFormat, typer.Option("--format", help="What the mail is written in.", metavar="|".join(DigestFormat))
    ] = DigestFormat.MARKDOWN,
) -> None:
    """Write a mail of what is overdue, back, to be reviewed.

    For cron, to one owner or the manager: the worst overdue leads, those that came back from nurture, what waits for a
    review, and the funnel of the last seven days. With --quiet nothing is printed where there is nothing to say.

    Examples:
      leadtriage digest
      leadtriage digest --owner 'Anna Berg' --quiet
      leadtriage digest --format html > digest.html
    """
    from leadtriage.rendering import write_digest_html, write_digest_markdown
    from leadtriage.reports.manager import make_digest
    from leadtriage.reports.query import explain_unknown

    with context.reporting() as (connection, criteria, as_of):
        digest = make_digest(connection, criteria, as_of, owner)
        if not digest.tables and owner is not None and owner.strip():
            printer.warn(*explain_unknown(connection, "owner", [owner]))
    if not digest.tables and printer.quiet:
        return
    write = write_digest_html if format is DigestFormat.HTML else write_digest_markdown
    remarks = digest.remarks if digest.tables else (*digest.remarks, "Nothing is overdue, back or to be reviewed.")
    write_out(write(digest.title, remarks, digest.tables))
