"""Leads by country, or by state: how many came in, were qualified and won, and what the won ones are worth."""

from __future__ import annotations

from sqlalchemy import select

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, table
from leadtriage.reports.query import (
    CellRow,
    LeadGroup,
    ReportRequest,
    convert_currencies,
    count_groups,
    find_members,
    label_group,
    list_unrated,
    round_money,
    sort_groups,
)
from leadtriage.reports.registry import RegionsBy, find_report

_lead = table(Lead)


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


def _count_leads(request: ReportRequest, by: RegionsBy | None) -> list[LeadGroup]:
    members = find_members(request.connection, request.filters, request.as_of)
    columns = label_group(
        (_lead.c.country_comparable, _lead.c.country),
        (_lead.c.state_comparable, _lead.c.state) if by else None,
        (members.columns[name] for name in ("currency", "amount", "qualified", "won")),
    )
    leads = select(*columns).select_from(members.rows).where(members.where)
    return sort_groups(count_groups(request.connection, leads, LeadGroup))


def _present(region: LeadGroup, criteria: Criteria, by: RegionsBy | None) -> CellRow:
    country, state = region.names
    worth = convert_currencies(region.worth, criteria.rates)
    is_known = worth.total is not None and (region.valued > 0 or region.won == 0)
    of_state: CellRow = {"state": state, "state_shown": state or "no state"} if by else {}
    return of_state | {
        "country": country,
        "country_shown": country or "no country",
        "leads": region.leads,
        "qualified": region.qualified,
        "won": region.won,
        "value": round_money(worth.total, criteria.currency) if is_known and worth.total is not None else None,
        "note": "; ".join([*list_unrated(worth.without_rate), *region.list_missing_values()]) or None,
    }


def _summarize(regions: list[LeadGroup]) -> tuple[str, ...]:
    if not regions:
        return ("No lead came in within this period.",)
    leads, qualified, won = (sum(getattr(each, name) for each in regions) for name in ("leads", "qualified", "won"))
    countries = len({each.names[0] for each in regions if each.names[0]})
    unknown = sum(each.leads for each in regions if not each.names[0])
    total = (
        f"{format_count(leads, 'lead')} from {format_count(countries, 'country', 'countries')}, "
        f"{qualified:,} of them qualified, {won:,} won."
    )
    return (total, f"The country of {format_count(unknown, 'lead')} is unknown.") if unknown else (total,)
