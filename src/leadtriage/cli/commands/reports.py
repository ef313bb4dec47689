"""The commands of the registered reports, `report html`, and `digest`, which writes a summary email."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.framework.command import add_command, add_group
from leadtriage.cli.framework.context import Context
from leadtriage.cli.framework.options import FILTERS, PAGE, PERIOD, Force, Selection, Text, argument, choice, option
from leadtriage.cli.framework.terminal import parse_target, write_file, write_out
from leadtriage.reports.registry import REPORTS, Choice, Report


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = add_group(app, "report", "Show where leads come from, and where they are lost.")
    for report in REPORTS:
        if report.is_report:
            options = [each for each in FILTERS if each.name in report.filters]
            add_command(group, report.name, _make_command(report), *options, *(PAGE if report.behind else ()))
    add_command(group, "html", report_html, *PERIOD)
    add_command(app, "digest", show_digest)


def _make_command(report: Report) -> Callable[..., None]:
    """Return the function of a report's command, with the options that the report has."""

    def show_report(
        context: Context, selection: Selection, by: StrEnum | None = None, behind: StrEnum | None = None
    ) -> None:
        from leadtriage.reports.query import ReportRequest, explain_emptiness, explain_if_empty

        explain = explain_emptiness if report.always_has_rows else explain_if_empty
        with context.reporting() as (connection, criteria, as_of):
            filters = selection.filters(as_of)
            request = ReportRequest(connection, filters, as_of, selection.most, criteria=criteria)
            if behind is not None:
                table = report.load(report.leads)(request, behind)
            else:
                table = report.load()(request, by) if report.by else report.load()(request)
            table = explain(connection, table, filters)
        context.printer.show(table, more=MORE)

    parameters = list(inspect.signature(show_report, eval_str=True).parameters.values())[:2]
    choices = {"by": report.by, "behind": report.behind}
    parameters += [_make_option(name, values) for name, values in choices.items() if values is not None]
    vars(show_report)["__signature__"] = inspect.Signature(parameters)
    show_report.__doc__ = report.help
    return show_report


def _make_option(name: str, values: Choice) -> inspect.Parameter:
    metavar = "NUMBER" if name == "behind" else "|".join(values.values)
    annotation: Any = Annotated[values.values | None, option(f"--{name}", values.help, metavar)]
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)


def report_html(
    context: Context,
    selection: Selection,
    file: Annotated[str, argument("A new .html file; - is standard output.", "FILE")],
    force: Force = False,
) -> None:
    """Write all reports with charts on one page.

    The page covers the leads that came in within the period, by default the last 90 days, and compares them with those
    of the period before. The file is self-contained, needs no network, prints well, and holds no lead's name.

    Examples:
      leadtriage report html leads.html
      leadtriage report html page.html --since 2026-10-01 --force
    """
    from leadtriage.rendering import write_page
    from leadtriage.reports.page import make_overview
    from leadtriage.reports.query import ReportRequest, explain_names

    path = parse_target(file, (".html", ".htm"), "report html", force=force)
    with context.reporting() as (connection, criteria, as_of):
        filters = selection.filters(as_of)
        overview = make_overview(ReportRequest(connection, filters, as_of, criteria=criteria))
        context.printer.warn(*explain_names(connection, filters))
    database = _format_database(context.settings.database)
    page = write_page(overview, (("Database", database), ("Written by", _format_version())))
    if path is None:
        write_out(page)
        return
    write_file(path, page)
    context.printer.note(f"all reports written: {file}")


def _format_database(location: str) -> str:
    """Return a local file's name without its folder, or a server's address without credentials."""
    from leadtriage.db import hide_credentials

    return hide_credentials(location) if "://" in location else Path(location).name


def _format_version() -> str:
    from importlib.metadata import version

    return f"leadtriage {version('leadtriage')}"


class DigestFormat(StrEnum):
    """How a digest is written."""

    MARKDOWN = "markdown"
    HTML = "html"


def show_digest(
    context: Context,
    owner: Annotated[Text, option("--owner", "Only leads of this rep; else those of all.", "NAME")] = None,
    format: Annotated[DigestFormat, choice("--format", "The email format.", DigestFormat)] = DigestFormat.MARKDOWN,
) -> None:
    """Write a summary email: overdue, back from nurture, to review.

    For cron, to one owner or the manager: the worst overdue leads, those that came back from nurture, what waits for a
    review, and the funnel of the last seven days. With --quiet an empty digest prints nothing.

    Examples:
      leadtriage digest
      leadtriage digest --owner 'Anna Berg' --quiet
      leadtriage digest --format html > digest.html
    """
    from leadtriage.rendering import write_digest_html, write_digest_markdown
    from leadtriage.reports.manager import make_digest
    from leadtriage.reports.query import Filters, ReportRequest, explain_unknown

    with context.reporting() as (connection, criteria, as_of):
        digest = make_digest(ReportRequest(connection, Filters(owner=owner), as_of, criteria=criteria))
        if not digest.tables and owner is not None and owner.strip():
            context.printer.warn(*explain_unknown(connection, "owner", [owner]))
    if not digest.tables and context.printer.quiet:
        return
    write = write_digest_html if format is DigestFormat.HTML else write_digest_markdown
    remarks = digest.remarks if digest.tables else (*digest.remarks, "Nothing is overdue, back or to be reviewed.")
    write_out(write(digest.title, remarks, digest.tables))
