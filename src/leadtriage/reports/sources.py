"""What each source, or campaign, brought and what it cost: leads, junk, qualified ones, wins, and the price of each.

What is said of that in words is `reports.source_notes`'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from sqlalchemy import ColumnElement, Connection, String, and_, cast, func, null, select

from leadtriage.criteria.model import Criteria
from leadtriage.db.expressions import first_name, one_if
from leadtriage.reports.cohort import select_cohort
from leadtriage.reports.filters import Filters
from leadtriage.reports.intervals import find_rate
from leadtriage.reports.page import CellRow
from leadtriage.reports.periods import Period, last_day
from leadtriage.reports.source_notes import Sums, Tally, advise, explain, mark_return, summarize
from leadtriage.reports.spending import sum_spend
from leadtriage.reports.sums import convert, join_parts, round_money, sum_in_parts
from leadtriage.tabular import Column, Table
from leadtriage.vocabulary import OPEN_STAGES, SourcesBy, Stage

_COLUMNS = (
    Column("source", "Source", keep=100, shown="source_shown"),
    Column("campaign", "Campaign", keep=99, shown="campaign_shown"),
    Column("leads", "Leads", keep=98, align="right"),
    Column("junk_reviewed", "Junk", keep=70, align="right"),
    Column("junk_nominated", "Candidates", keep=60, align="right"),
    Column("junk_rate", "Junk rate", keep=90, align="right", kind="share"),
    Column("junk_low", "At least", keep=50, align="right", kind="share"),
    Column("junk_high", "At most", keep=49, align="right", kind="share"),
    Column("qualified", "Qualified", keep=96, align="right"),
    Column("won", "Won", keep=95, align="right"),
    Column("value", "Value", keep=80, align="right"),
    Column("spend", "Spend", keep=92, align="right"),
    Column("cost_per_lead", "Per lead", keep=65, align="right"),
    Column("cost_per_qualified", "Per qualified", keep=93, align="right"),
    Column("cost_per_win", "Per win", keep=75, align="right"),
    Column("return", "Return", keep=85, align="right", kind="share", shown="return_shown"),
    Column("note", "Note", keep=20),
)

_Group = tuple[str | None, str | None]
"""The comparable forms of a source and its campaign."""


def list_sources(
    connection: Connection, criteria: Criteria, filters: Filters, as_of: date, by: SourcesBy | None = None
) -> Table:
    """Return what each source brought of the leads that came in within the period, as they stood on `as_of`, and cost.

    Columns: `source, campaign, leads, junk_reviewed, junk_nominated, junk_rate, junk_low, junk_high, qualified, won,
    value, spend, cost_per_lead, cost_per_qualified, cost_per_win, return, note`. `junk_reviewed` have the stage junk,
    `junk_nominated` wait for a review; the rate is of the reviewed ones, its interval Wilson's for 95 %, and there is
    none below 5 leads. Sums are in whole units of the criteria's currency, converted by its rates. Spend of a month
    that the period cuts counts by the share of its days; a period ends on `as_of` at the latest. `return` is
    (value - spend) / spend. What cannot be said is None, and `note` says why.

    Args:
        by: a row for each campaign of a source; what was spent for no campaign stands in the row without one, which
            has no return where it has no lead but the source's campaigns do.
    """
    period = Period(filters.since or date.min, last_day(filters.until, as_of))
    tallies = _count_leads(connection, filters, as_of, by)
    if filters.owner is None:
        _add_spend(tallies, connection, filters, period, by)
        _look_beside(tallies)
    keys = sorted(tallies, key=lambda key: (-tallies[key].leads, key[0] or "", key[1] or ""))
    rows = [tallies[key] for key in keys]
    money = [_convert(tally, criteria) for tally in rows]
    has_owner = filters.owner is not None
    return Table(
        title=f"Sources{' and campaigns' if by else ''}, sums in {criteria.currency}",
        columns=_COLUMNS,
        rows=tuple(
            _present(tally, sums, criteria.currency, explain(tally, sums, period, has_owner=has_owner), by)
            for tally, sums in zip(rows, money, strict=True)
        ),
        summary=summarize(rows, money, criteria.currency, by_campaign=by is not None),
        notes=advise(rows, period, has_owner=has_owner),
    )


def _count_leads(connection: Connection, filters: Filters, as_of: date, by: SourcesBy | None) -> dict[_Group, Tally]:
    cohort = select_cohort(connection, filters, as_of)
    nothing: ColumnElement[str | None] = cast(null(), String)
    is_waiting = and_(cohort.c.candidate == 1, cohort.c.stage.in_([stage.value for stage in OPEN_STAGES]))
    # With an offset each lead is sorted with what is counted of it, not with what that is put together from.
    row = (
        select(
            *(cohort.c[name] for name in ("source_key", "source", "currency", "qualified", "won", "amount")),
            (cohort.c.campaign_key if by else nothing).label("campaign_key"),
            (cohort.c.campaign if by else nothing).label("campaign"),
            one_if(cohort.c.stage == Stage.JUNK.value).label("junk"),
            one_if(is_waiting).label("waiting"),
        )
        .offset(0)
        .subquery()
        .c
    )
    statement = select(
        row.source_key,
        row.campaign_key,
        row.currency,
        first_name(row.source),
        first_name(row.campaign),
        func.count(),
        func.sum(row.junk),
        func.sum(row.waiting),
        func.sum(row.qualified),
        func.sum(row.won),
        func.count(row.amount),
        *sum_in_parts(row.amount),
    ).group_by(row.source_key, row.campaign_key, row.currency)
    tallies: dict[_Group, Tally] = defaultdict(Tally)
    for source_key, group, currency, source, named, *counts, high, low in connection.execute(statement):
        tally = tallies[source_key, group]
        tally.source, tally.campaign = _first(tally.source, source), _first(tally.campaign, named)
        leads, junk, nominated, qualified, won, valued = counts
        tally.leads += leads
        tally.junk += junk
        tally.nominated += nominated
        tally.qualified += qualified
        tally.won += won
        tally.valued += valued
        if currency is not None:
            tally.worth[currency] += join_parts(high, low)
    return tallies


def _add_spend(
    tallies: dict[_Group, Tally], connection: Connection, filters: Filters, period: Period, by: SourcesBy | None
) -> None:
    for (source_key, campaign_key), spent in sum_spend(connection, filters, period).items():
        tally = tallies[source_key, campaign_key if by else None]
        tally.source = tally.source if tally.leads else _first(tally.source, spent.source)
        if by and not tally.leads:
            tally.campaign = _first(tally.campaign, spent.campaign)
        for currency, amount in spent.amounts.items():
            tally.spent[currency] += amount
        tally.months |= spent.months


def _look_beside(tallies: Mapping[_Group, Tally]) -> None:
    """Find the rows of no lead whose spend is for the leads of the source's campaigns, and what those won."""
    beside: dict[str | None, list[Tally]] = defaultdict(list)
    for (source_key, _), tally in tallies.items():
        if tally.leads:
            beside[source_key].append(tally)
    for (source_key, campaign_key), tally in tallies.items():
        if campaign_key is None and not tally.leads and beside[source_key]:
            tally.won_by_campaigns = sum(other.won for other in beside[source_key])


def _first(one: str | None, other: str | None) -> str | None:
    """The same of several spellings, in whatever order the database gives them."""
    return min((name for name in (one, other) if name is not None), default=None)


def _convert(tally: Tally, criteria: Criteria) -> Sums:
    value, spend = convert(tally.worth, criteria.rates), convert(tally.spent, criteria.rates)
    is_told = tally.valued > 0 or tally.won == 0
    return Sums(
        value.total if is_told else None,
        spend.total if tally.months else None,
        tuple(sorted({*value.without_rate, *spend.without_rate})),
        is_for_all=tally.won_by_campaigns is not None,
    )


def _present(tally: Tally, money: Sums, currency: str, notes: Iterable[str], by: SourcesBy | None) -> CellRow:
    junk = find_rate(tally.junk, tally.leads)

    def write(amount: Fraction | None) -> float | None:
        return None if amount is None else round_money(amount, currency)

    return {
        "source": tally.source,
        "source_shown": tally.source_shown,
        "campaign": tally.campaign,
        "campaign_shown": (tally.campaign or "no campaign") if by else None,
        "leads": tally.leads,
        "junk_reviewed": tally.junk,
        "junk_nominated": tally.nominated,
        "junk_rate": junk.rate,
        "junk_low": junk.low,
        "junk_high": junk.high,
        "qualified": tally.qualified,
        "won": tally.won,
        "value": write(money.value),
        "spend": write(money.spend),
        "cost_per_lead": write(money.cost_per(tally.leads)),
        "cost_per_qualified": write(money.cost_per(tally.qualified)),
        "cost_per_win": write(money.cost_per(tally.won)),
        "return": None if money.gain is None else round(float(money.gain), 4),
        "return_shown": mark_return(tally, money),
        "note": "; ".join(notes) or None,
    }
