"""Leads by country, or by state: how many came in, were qualified and won, and what the won ones are worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, null, select

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, table
from leadtriage.db.expressions import first_spelling
from leadtriage.reports.query import (
    CellRow,
    ReportRequest,
    convert_currencies,
    find_members,
    join_parts,
    round_money,
    sum_in_parts,
)
from leadtriage.reports.registry import RegionsBy, find_report


@dataclass(slots=True)
class _Region:
    """The leads of a country or state; `valued` are the won leads with a known value, in minor units by currency."""

    country: str | None = None
    state: str | None = None
    leads: int = 0
    qualified: int = 0
    won: int = 0
    valued: int = 0
    worth: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))


def list_regions(request: ReportRequest, by: RegionsBy | None = None) -> Table:
    """Return the leads that came in within the period by country, as they stood on `as_of`, the largest first.

    Values are in whole units of the criteria's currency, None where a part cannot be converted or is unknown for all
    won leads. `note` says why.

    Args:
        by: a row for each state of a country.
    """
    regions = _count_leads(request, by)
    columns = find_report("regions").columns
    return Table(
        title=f"{'States' if by else 'Countries'}, values in {request.criteria.currency}",
        columns=columns if by else tuple(column for column in columns if column.key != "state"),
        rows=tuple(_present(region, request.criteria, by) for region in regions),
        summary=_summarize(regions),
    )


def _count_leads(request: ReportRequest, by: RegionsBy | None) -> list[_Region]:
    lead, members = table(Lead), find_members(request.connection, request.filters, request.as_of)
    nothing: ColumnElement[str | None] = cast(null(), String)
    # With an offset each lead is sorted with what is counted of it, not with what that is put together from.
    row = (
        select(
            lead.c.country_comparable.label("country_key"),
            lead.c.country.label("country"),
            (lead.c.state_comparable if by else nothing).label("state_key"),
            (lead.c.state if by else nothing).label("state"),
            *(members.columns[name].label(name) for name in ("qualified", "won", "currency", "amount")),
        )
        .select_from(members.rows)
        .where(members.where)
        .offset(0)
        .subquery()
        .c
    )
    keys = row.country_key, row.state_key
    statement = select(
        *keys,
        row.currency,
        first_spelling(row.country),
        first_spelling(row.state),
        *(func.count(), func.sum(row.qualified), func.sum(row.won), func.count(row.amount)),
        *sum_in_parts(row.amount),
    ).group_by(*keys, row.currency)
    regions: dict[tuple[str | None, str | None], _Region] = defaultdict(_Region)
    for country_key, state_key, currency, country, state, *counts, high, low in request.connection.execute(statement):
        region = regions[country_key, state_key]
        region.country, region.state = country, min(filter(None, (region.state, state)), default=None)
        leads, qualified, won, valued = counts
        region.leads += leads
        region.qualified += qualified
        region.won += won
        region.valued += valued
        if currency is not None:
            region.worth[currency] += join_parts(high, low)
    order = sorted(regions, key=lambda key: (-regions[key].leads, key[0] or "", key[1] or ""))
    return [regions[key] for key in order]


def _present(region: _Region, criteria: Criteria, by: RegionsBy | None) -> CellRow:
    worth = convert_currencies(region.worth, criteria.rates)
    is_known = worth.total is not None and (region.valued > 0 or region.won == 0)
    state: CellRow = {"state": region.state, "state_shown": region.state or "no state"} if by else {}
    return state | {
        "country": region.country,
        "country_shown": region.country or "no country",
        "leads": region.leads,
        "qualified": region.qualified,
        "won": region.won,
        "value": round_money(worth.total, criteria.currency) if is_known and worth.total is not None else None,
        "note": "; ".join(_list_notes(region, worth.without_rate)) or None,
    }


def _list_notes(region: _Region, without_rate: tuple[str, ...]) -> Iterator[str]:
    if without_rate:
        yield f"amounts in {', '.join(without_rate)} have no rate"
    if region.valued < region.won:
        without = f"{region.won - region.valued} of {region.won} wins without" if region.valued else "no win has"
        yield f"{without} a value"


def _summarize(regions: list[_Region]) -> tuple[str, ...]:
    if not regions:
        return ("No lead came in within this period.",)
    totals: dict[str, Any] = {
        name: sum(getattr(each, name) for each in regions) for name in ("leads", "qualified", "won")
    }
    countries = len({each.country for each in regions if each.country})
    unknown = sum(each.leads for each in regions if not each.country)
    said = (
        f"{format_count(totals['leads'], 'lead')} from {format_count(countries, 'country', 'countries')}, "
        f"{totals['qualified']:,} of them qualified, {totals['won']:,} won."
    )
    return (said, f"The country of {format_count(unknown, 'lead')} is unknown.") if unknown else (said,)
