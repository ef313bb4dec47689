"""The commands about what sources cost: spend list, add, import."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from leadtriage.cli.commands.importing import REJECTED, open_input, print_result, show_counts, write_rejects
from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.framework.command import add_command, add_group, exit_with
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import (
    PAGE,
    PARSE_OPTIONS,
    DryRun,
    ImportSelection,
    InputFile,
    RejectsFile,
    Selection,
    Text,
    argument,
    option,
)
from leadtriage.core.dates import parse_bound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from leadtriage.actions import SpendLine

_SHOWN_NAMES = 5
"""Names that no lead has to print."""

_NEGATIVE = re.compile(r"-(?=[.,]?\d)")
_MINUS = "\u2212"
"""The minus sign, which amounts may have, and which starts no option."""


class _TakesNegative(TyperCommand):
    """Accepts a negative amount as second argument, which click would take for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write that amount with a minus sign, and leave options and their values alone."""
        valued = {
            name
            for option in self.params
            if option.param_type_name == "option" and not getattr(option, "is_flag", False)
            for name in option.opts
        }
        written: list[str] = []
        arguments = 0
        is_value = False
        for place, word in enumerate(args):
            if word == "--" and not is_value:
                return super().parse_args(ctx, [*written, *args[place:]])
            is_sum = arguments == 1 and not is_value and _NEGATIVE.match(word)
            written.append(_MINUS + word[1:] if is_sum else word)
            arguments += bool(is_sum) or not (is_value or word.startswith("-"))
            is_value = not is_value and word in valued
        return super().parse_args(ctx, written)


class _ListsByDefault(TyperGroup):
    """Runs `spend list` if no command is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` before the options."""
        is_named = args and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_named else ["list", *args])


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = add_group(app, "spend", "Record what sources cost, and list it.", cls=_ListsByDefault, needs_command=False)
    add_command(group, "list", list_spend, *PAGE)
    add_command(group, "add", add_spend, cls=_TakesNegative)
    add_command(group, "import", import_spend, *PARSE_OPTIONS)


def list_spend(
    context: Context,
    selection: Selection,
    source: Annotated[Text, option("--source", "Only this source.", "NAME")] = None,
    campaign: Annotated[Text, option("--campaign", "Only this campaign; '' for none.", "NAME")] = None,
    since: Annotated[Text, option("--since", "Only the month of this day and later ones.", "DATE")] = None,
    until: Annotated[Text, option("--until", "Only the month of this day and earlier ones.", "DATE")] = None,
) -> None:
    """List what was recorded, latest month first.

    Each line as recorded, corrections included. `report sources` shows what counts for a period.

    Examples:
      leadtriage spend list
      leadtriage spend list --source Web --since 2026-10-01
    """
    from leadtriage.reports.manager import list_spend
    from leadtriage.reports.query import Filters

    with context.reading_list() as (connection, today):
        filters = Filters(
            source=source,
            campaign=campaign,
            since=parse_bound(since, today, place="--since") if since else None,
            until=parse_bound(until, today, place="--until") if until else None,
        )
        table = list_spend(connection, filters, limit=selection.most)
    context.printer.show(table, more=MORE)


def add_spend(
    context: Context,
    source: Annotated[str, argument("The source, as the leads name it.", "SOURCE")],
    amount: Annotated[str, argument("The cost: 1200 or '1200 EUR'; -200 corrects an earlier line by 200.", "AMOUNT")],
    month: Annotated[str, option("--month", "The month of the cost: 2026-10.", "MONTH")],
    campaign: Annotated[Text, option("--campaign", "The campaign, as the leads name it.", "NAME")] = None,
    currency: Annotated[Text, option("--currency", "Currency of the amount. [default: the criteria's]", "CODE")] = None,
    note: Annotated[Text, option("--note", "A comment.", "TEXT")] = None,
) -> None:
    """Record what a source cost in a month.

    Lines are never changed or deleted: to correct one, add another, with a negative amount if it was too high.

    Examples:
      leadtriage spend add Web 1200 --month 2026-10
      leadtriage spend add Fairs '4500 EUR' --month 2026-10 --campaign Berlin
      leadtriage spend add Web -200 --month 2026-10 --note 'credit of November'
    """
    from leadtriage.actions import SpendText, describe_future_months, read_spend, record_spend
    from leadtriage.db import reading
    from leadtriage.reports.manager import list_spend
    from leadtriage.reports.query import Filters

    text = SpendText(month, source, amount, campaign or "", currency or "", note or "")
    line = read_spend(text, context.criteria.currency)
    with context.acting() as (engine, _, act):
        number = record_spend(engine, act, line)
        with reading(engine) as connection:
            context.printer.warn(*describe_future_months([line], act))
            _warn_of_unknown_names(context.printer, connection, [line])
            table = list_spend(connection, Filters(), only=number)
    context.printer.show(table)


def import_spend(
    context: Context,
    selection: ImportSelection,
    file: InputFile,
    dry_run: DryRun = False,
    rejects: RejectsFile = None,
    source: Annotated[Text, option("--source", "The source of all rows, if no column names it.", "NAME")] = None,
    month: Annotated[Text, option("--month", "The month of all rows, if no column names it.", "MONTH")] = None,
    currency: Annotated[
        Text, option("--currency", "Currency of amounts without one. [default: the criteria's]", "CODE")
    ] = None,
) -> None:
    """Record what sources cost from a CSV, TSV or Excel file.

    Its columns are month, source, campaign, amount, currency and note, or other usual names. Importing the same file
    again changes nothing, and a longer version adds only the new lines. Invalid rows go to a file of rejects with the
    reason, and the command exits with 3.

    Examples:
      leadtriage spend import spend.csv --dry-run
      leadtriage spend import ads.xlsx --source 'Google Ads' --currency EUR
    """
    from leadtriage.actions import SpendOptions, import_spend, read_currency
    from leadtriage.db import reading

    options = SpendOptions(
        usual_currency=context.criteria.currency,
        read=selection.for_reading(),
        date_order=selection.parse_date_order(),
        month=month,
        source=source,
        currency=read_currency(currency) if currency else None,
        dry_run=dry_run,
    )
    path, stream = open_input(file)
    with context.acting() as (engine, _, act):
        summary = import_spend(engine, options, act, path, stream=stream)
        print_result(context.printer, summary)
        with reading(engine) as connection:
            _warn_of_unknown_names(context.printer, connection, summary.lines)
    write_rejects(context, summary, path, rejects, dry_run=dry_run)
    counts = {key: getattr(summary, key) for key in ("file", "rows", "created", "unchanged", "rejected")}
    counts["warnings"] = len(summary.warnings)
    show_counts(context.printer, "Would be recorded" if dry_run else "Recorded", [counts])
    exit_with(REJECTED if summary.rejected else 0)


def _warn_of_unknown_names(printer: Printer, connection: Connection, lines: Iterable[SpendLine]) -> None:
    """Warn of sources and campaigns that no lead has: their cost would count for no lead."""
    from leadtriage.reports.query import explain_unknown

    lines = list(lines)
    unknown = [
        *explain_unknown(connection, "source", (line.source for line in lines)),
        *explain_unknown(connection, "campaign", (line.campaign for line in lines if line.campaign)),
    ]
    printer.warn(*unknown[:_SHOWN_NAMES])
    if len(unknown) > _SHOWN_NAMES:
        printer.warn(f"no lead has {len(unknown) - _SHOWN_NAMES:,} more of the sources or campaigns")
