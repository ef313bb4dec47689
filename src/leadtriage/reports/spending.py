"""What sources cost: the lines that people recorded, and what of them falls into a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from leadtriage.db.expressions import first_name
from leadtriage.db.schema import Spend, table
from leadtriage.reports import page
from leadtriage.reports.filters import Filters, is_named
from leadtriage.reports.money import whole_units
from leadtriage.reports.periods import Period
from leadtriage.reports.sums import join_parts, sum_in_parts
from leadtriage.tabular import Column, Table

_spend = table(Spend)

_COLUMNS = (
    Column("id", "Id", keep=40, align="right"),
    Column("month", "Month", keep=95),
    Column("source", "Source", keep=100),
    Column("campaign", "Campaign", keep=80),
    Column("amount", "Amount", keep=99, align="right"),
    Column("currency", "Currency", keep=98),
    Column("note", "Note", keep=60),
    Column("by", "By", keep=30),
    Column("at", "At", keep=20),
)

Group = tuple[str, str | None]
"""The comparable forms of a source and its campaign."""


@dataclass(slots=True)
class Spent:
    """What a source, or one of its campaigns, cost within a period.

    Attributes:
        source, campaign: as people write them.
        amounts: in minor units, by currency; a month that the period cuts by the share of its days.
        months: the months that it was spent in.
    """

    source: str
    campaign: str | None
    amounts: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    months: set[date] = field(default_factory=set)


def list_spend(
    connection: Connection, filters: Filters, *, limit: int | None = page.USUAL_LIMIT, only: int | None = None
) -> Table:
    """Return the recorded lines, the last month on top and in it the last line.

    Columns: `id, month, source, campaign, amount, currency, note, by, at`; a month as 2026-10, amounts in whole units
    of their currency, below 0 where they take back a part of an earlier line.

    Args:
        filters: its source, its campaign, and its period: the months of which a day lies within it.
        only: the number of the one line that is wanted.
    """
    wanted = _conditions(filters) if only is None else [_spend.c.id == only]
    columns = [_spend.c[column.key] for column in _COLUMNS]
    statement = select(*columns).where(*wanted).order_by(_spend.c.month.desc(), _spend.c.id.desc())
    shown, more = page.cut(page.fetch(connection, statement, page.one_more(limit)), limit)
    found = Table("Spend", _COLUMNS, tuple(map(_present, shown)), summary=_total(connection, wanted), more=more)
    return page.with_count(connection, found, statement)


def sum_spend(connection: Connection, filters: Filters, period: Period) -> dict[Group, Spent]:
    """Add up what each source and campaign cost within a period, exactly."""
    keys = (_spend.c.source_comparable, _spend.c.campaign_comparable, _spend.c.month, _spend.c.currency)
    names = (first_name(_spend.c.source), first_name(_spend.c.campaign))
    statement = select(*keys, *names, *sum_in_parts(_spend.c.amount)).where(*_conditions(filters)).group_by(*keys)
    found: dict[Group, Spent] = {}
    for source_key, campaign_key, month, currency, source, campaign, *parts in connection.execute(statement):
        share = period.share_of(month)
        if share:
            spent = found.setdefault((source_key, campaign_key), Spent(source, campaign))
            spent.source = min(spent.source, source)
            spent.amounts[currency] += join_parts(*parts) * share
            spent.months.add(month)
    return found


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    for column, name in (
        (_spend.c.source_comparable, filters.source),
        (_spend.c.campaign_comparable, filters.campaign),
    ):
        if name is not None:
            wanted.append(is_named(column, name))
    if filters.since is not None:
        wanted.append(_spend.c.month >= filters.since.replace(day=1))
    if filters.until is not None:
        wanted.append(_spend.c.month <= filters.until)
    return wanted


def _present(row: Mapping[str, Any]) -> page.CellRow:
    amount = float(whole_units(row["amount"], row["currency"]))
    return {**row, "month": f"{row['month']:%Y-%m}", "amount": amount}


def _total(connection: Connection, wanted: list[ColumnElement[bool]]) -> tuple[str, ...]:
    """What all lines come to, those that a limit leaves out too, each currency for itself."""
    statement = select(_spend.c.currency, func.count(), *sum_in_parts(_spend.c.amount)).where(*wanted)
    sums = connection.execute(statement.group_by(_spend.c.currency).order_by(_spend.c.currency)).all()
    if sum(row[1] for row in sums) < 2:
        return ()
    said = (f"{whole_units(join_parts(*parts), currency):,f} {currency}" for currency, _, *parts in sums)
    return (f"In all {', '.join(said)}.",)
