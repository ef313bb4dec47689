"""The commands about what sources cost: spend add, import, list."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from leadtriage.cli.commands.importing import REJECTED, STANDARD_INPUT, write_rejects
from leadtriage.cli.commands.lists import MORE
from leadtriage.cli.framework.command import add_command, end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import DATE_ORDER, PAGE, READING, ImportChoice, Selection
from leadtriage.core.dates import parse_bound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from leadtriage.actions import SpendLine, SpendSummary


_MOST_TOLD = 5
"""Rejected rows, and names that no lead has, that are told at once."""


_NEGATIVE = re.compile(r"-(?=[.,]?\d)")
_MINUS = "\u2212"
"""The sign of arithmetic, which begins no option and which sums are read with as well."""


class _TakesNegative(TyperCommand):
    """The second argument may be a sum below 0, which else would be taken for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write such a sum with the sign of arithmetic, and leave options and their values as they are."""
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


class _ListByDefault(TyperGroup):
    """`spend` alone, with or without options, is `spend list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the list before what was said, where no command is named."""
        is_named = args and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_named else ["list", *args])


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(help="Record what a source cost, and show it.", cls=_ListByDefault, rich_markup_mode=None)
    add_command(
        group,
        "list",
        selects=PAGE,
        examples=("leadtriage spend list", "leadtriage spend list --source Web --since 2026-10-01"),
    )(show_spend)
    add_command(
        group,
        "add",
        cls=_TakesNegative,
        examples=(
            "leadtriage spend add Web 1200 --month 2026-10",
            "leadtriage spend add Fairs '4500 EUR' --month 2026-10 --campaign Berlin",
            "leadtriage spend add Web -200 --month 2026-10 --note 'credit of November'",
        ),
    )(add_spend)
    add_command(
        group,
        "import",
        selects=(*READING, DATE_ORDER),
        examples=(
            "leadtriage spend import spend.csv --dry-run",
            "leadtriage spend import ads.xlsx --source 'Google Ads' --currency EUR",
        ),
    )(import_spend)
    app.add_typer(group, name="spend")


def show_spend(
    invocation: Invocation,
    selection: Selection,
    source: Annotated[str | None, typer.Option("--source", help="Only of this source.", metavar="NAME")] = None,
    campaign: Annotated[
        str | None, typer.Option("--campaign", help="Only of this campaign; '' for none.", metavar="NAME")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only of the month of this day and later ones.", metavar="DATE")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Only of the month of this day and earlier ones.", metavar="DATE")
    ] = None,
) -> None:
    """Show what was recorded, the last month first.

    Each line as it was recorded, corrections too. What of it counts for a period is in: leadtriage report sources.
    """
    from leadtriage.reports.manager import list_spend
    from leadtriage.reports.query import Filters

    with invocation.reading_list() as (connection, today):
        filters = Filters(
            source=source,
            campaign=campaign,
            since=parse_bound(since, today, place="--since") if since else None,
            until=parse_bound(until, today, place="--until") if until else None,
        )
        table = list_spend(connection, filters, limit=selection.most)
    invocation.show(table, more=MORE)


def add_spend(
    invocation: Invocation,
    source: Annotated[str, typer.Argument(help="The source, as the leads have it.", metavar="SOURCE")],
    amount: Annotated[
        str,
        typer.Argument(
            help="What it cost: 1200 or '1200 EUR'; -200 takes back a part of an earlier line.", metavar="AMOUNT"
        ),
    ],
    month: Annotated[str, typer.Option("--month", help="The month that it is for: 2026-10.", metavar="MONTH")],
    campaign: Annotated[
        str | None, typer.Option("--campaign", help="The campaign, as the leads have it.", metavar="NAME")
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Of the amount; else the criteria's.", metavar="CODE")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="A few words on it.", metavar="TEXT")] = None,
) -> None:
    """Record what a source cost in a month.

    A line is never changed or deleted: correct it by another one, with an amount below 0 where it was too much.
    """
    from leadtriage.actions import SpendText, describe_future_months, read_spend, record_spend
    from leadtriage.db import reading
    from leadtriage.reports.manager import list_spend
    from leadtriage.reports.query import Filters

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    said = SpendText(month, source, amount, campaign or "", currency or "", note or "")
    line = read_spend(said, criteria.currency)
    with invocation.database() as engine:
        number = record_spend(engine, act, line)
        with reading(engine) as connection:
            invocation.warn_all(describe_future_months([line], act))
            _warn_of_names(invocation, connection, [line])
            table = list_spend(connection, Filters(), only=number)
    invocation.show(table)


def import_spend(
    invocation: Invocation,
    selection: ImportChoice,
    file: Annotated[str, typer.Argument(help="A CSV, TSV or Excel file; - is standard input.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Where rejected rows go; else FILE.rejects.csv.", metavar="FILE")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Of all rows, where no column says so.", metavar="NAME")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="Of all rows, where no column says so.", metavar="MONTH")
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Of sums that name none; else the criteria's.", metavar="CODE")
    ] = None,
) -> None:
    """Record what sources cost from a CSV, TSV or Excel file.

    Its columns are called month, source, campaign, amount, currency and note, or by another usual name. The same file
    again changes nothing, and of a longer one only the new lines are added. Rows that are not understood go to a file
    of rejects with the reason, and the command ends with 3.
    """
    from leadtriage.actions import SpendOptions, import_spend as import_file, read_currency
    from leadtriage.db import reading

    criteria = invocation.criteria()
    options = SpendOptions(
        usual_currency=criteria.currency,
        read=selection.reading(),
        date_order=selection.order(),
        month=month,
        source=source,
        currency=read_currency(currency) if currency else None,
        dry_run=dry_run,
    )
    path = None if file == STANDARD_INPUT else Path(file)
    stream = sys.stdin.buffer if path is None else None
    with invocation.database() as engine:
        summary = import_file(engine, options, invocation.act(criteria.timezone), path, stream=stream)
        _tell(invocation, summary)
        with reading(engine) as connection:
            _warn_of_names(invocation, connection, summary.lines)
    write_rejects(invocation, summary, path, rejects, dry_run=dry_run)
    _show_imported(invocation, summary, dry_run=dry_run)
    end_with(REJECTED if summary.rejected else 0)


def _tell(invocation: Invocation, summary: SpendSummary) -> None:
    invocation.warn_all(summary.warnings)
    for sentence in summary.notes:
        invocation.note(sentence)
    for reject in summary.rejects[:_MOST_TOLD]:
        invocation.warn(f"line {reject.line} is rejected: {reject.reason}")
    if len(summary.rejects) > _MOST_TOLD:
        invocation.warn(f"{len(summary.rejects) - _MOST_TOLD:,} more rows are rejected")


def _warn_of_names(invocation: Invocation, connection: Connection, lines: Iterable[SpendLine]) -> None:
    """Say which sources and campaigns no lead has: what was spent on them would stand beside no leads."""
    from leadtriage.reports.query import explain_unknown

    lines = list(lines)
    said = [
        *explain_unknown(connection, "source", (line.source for line in lines)),
        *explain_unknown(connection, "campaign", (line.campaign for line in lines if line.campaign)),
    ]
    invocation.warn_all(said[:_MOST_TOLD])
    if len(said) > _MOST_TOLD:
        invocation.warn(f"{len(said) - _MOST_TOLD:,} more sources or campaigns are of no lead")


def _show_imported(invocation: Invocation, summary: SpendSummary, *, dry_run: bool) -> None:
    from leadtriage.core.tables import Column, Table

    counts: dict[str, Any] = {
        "rows": summary.rows,
        "created": summary.created,
        "unchanged": summary.unchanged,
        "rejected": summary.rejected,
        "warnings": len(summary.warnings),
    }
    columns = (
        Column("file", "File", keep=90, kind="path"),
        *(Column(key, key.capitalize(), keep=70, align="right") for key in counts),
    )
    title = "Would be recorded" if dry_run else "Recorded"
    invocation.show(Table(title, columns, ({"file": summary.file, **counts},)))
