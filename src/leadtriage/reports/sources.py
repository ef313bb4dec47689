"""What each source, or campaign, brought and what it cost: leads, junk, qualified ones, wins, and the price of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from sqlalchemy import ColumnElement, Connection, String, and_, cast, func, null, select

from leadtriage.criteria.model import Criteria
from leadtriage.db.expressions import one_if
from leadtriage.reports.cohort import select_cohort
from leadtriage.reports.filters import Filters
from leadtriage.reports.intervals import FEWEST, find_rate
from leadtriage.reports.page import CellRow
from leadtriage.reports.periods import last_day
from leadtriage.reports.spending import Period, sum_spend
from leadtriage.reports.sums import convert, join_parts, round_money, sum_in_parts
from leadtriage.tabular import Column, Table
from leadtriage.vocabulary import OPEN_STAGES, Stage
from leadtriage.words import count_of

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


class SourcesBy(StrEnum):
    """What has a row besides each source."""

    CAMPAIGN = "campaign"


@dataclass(slots=True)
class _Tally:
    """What a group's leads came to and what it cost; sums of money in minor units, by currency."""

    source: str | None = None
    campaign: str | None = None
    leads: int = 0
    junk: int = 0
    nominated: int = 0
    qualified: int = 0
    won: int = 0
    valued: int = 0
    """Won leads whose value is known."""
    worth: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    spent: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    months: set[date] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Money:
    """A group's money in the criteria's currency, not yet rounded; None for what cannot be said."""

    value: Fraction | None
    spend: Fraction | None
    without_rate: tuple[str, ...]

    def cost_per(self, count: int) -> Fraction | None:
        """What one of so many cost."""
        return self.spend / count if self.spend is not None and self.spend >= 0 and count else None

    @property
    def gain(self) -> Fraction | None:
        """What came back beyond what was spent, as a share of it."""
        if self.value is None or self.spend is None or self.spend <= 0:
            return None
        return (self.value - self.spend) / self.spend


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
        by: a row for each campaign of a source; what was spent for no campaign stands in the row without one.
    """
    period = Period(filters.since, last_day(filters.until, as_of))
    tallies = _count_leads(connection, filters, as_of, by)
    if filters.owner is None:
        _add_spend(tallies, connection, filters, period, by)
    keys = sorted(tallies, key=lambda key: (-tallies[key].leads, key[0] or "", key[1] or ""))
    rows = [tallies[key] for key in keys]
    money = [_convert(tally, criteria) for tally in rows]
    has_owner = filters.owner is not None
    return Table(
        title=f"Sources{' and campaigns' if by else ''}, sums in {criteria.currency}",
        columns=_COLUMNS,
        rows=tuple(
            _present(tally, sums, criteria.currency, _explain(tally, sums, period, has_owner=has_owner), by)
            for tally, sums in zip(rows, money, strict=True)
        ),
        summary=_summarise(rows, money, criteria.currency, by),
        notes=_advise(rows, has_owner=has_owner),
    )


def _count_leads(connection: Connection, filters: Filters, as_of: date, by: SourcesBy | None) -> dict[_Group, _Tally]:
    cohort = select_cohort(connection, filters, as_of)
    row = cohort.c
    nothing: ColumnElement[str | None] = cast(null(), String)
    campaign_key, campaign = (row.campaign_key, row.campaign) if by else (nothing, nothing)
    is_junk = row.stage == Stage.JUNK
    is_waiting = and_(row.candidate == 1, row.stage.in_([stage.value for stage in OPEN_STAGES]))
    statement = select(
        row.source_key,
        campaign_key.label("campaign_key"),
        row.currency,
        func.min(row.source),
        func.min(campaign),
        func.count(),
        func.sum(one_if(is_junk)),
        func.sum(one_if(is_waiting)),
        func.sum(row.qualified),
        func.sum(row.won),
        func.count(row.amount),
        *sum_in_parts(row.amount),
    ).group_by(row.source_key, campaign_key, row.currency)
    tallies: dict[_Group, _Tally] = defaultdict(_Tally)
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
    tallies: dict[_Group, _Tally], connection: Connection, filters: Filters, period: Period, by: SourcesBy | None
) -> None:
    for (source_key, campaign_key), spent in sum_spend(connection, filters, period).items():
        tally = tallies[source_key, campaign_key if by else None]
        tally.source = tally.source if tally.leads else _first(tally.source, spent.source)
        if by and not tally.leads:
            tally.campaign = _first(tally.campaign, spent.campaign)
        for currency, amount in spent.amounts.items():
            tally.spent[currency] += amount
        tally.months |= spent.months


def _first(one: str | None, other: str | None) -> str | None:
    """The same of several spellings, in whatever order the database gives them."""
    return min((name for name in (one, other) if name is not None), default=None)


def _convert(tally: _Tally, criteria: Criteria) -> _Money:
    value, spend = convert(tally.worth, criteria.rates), convert(tally.spent, criteria.rates)
    is_told = tally.valued > 0 or tally.won == 0
    return _Money(
        value.total if is_told else None,
        spend.total if tally.months else None,
        tuple(sorted({*value.without_rate, *spend.without_rate})),
    )


def _present(tally: _Tally, money: _Money, currency: str, notes: Iterable[str], by: SourcesBy | None) -> CellRow:
    junk = find_rate(tally.junk, tally.leads)

    def write(amount: Fraction | None) -> float | None:
        return None if amount is None else round_money(amount, currency)

    return {
        "source": tally.source,
        "source_shown": tally.source or "no source",
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
        "return_shown": _mark_return(tally, money),
        "note": "; ".join(notes) or None,
    }


def _mark_return(tally: _Tally, money: _Money) -> str | None:
    """A return with the few wins that it rests on, for people; None where it may stand alone."""
    if money.gain is None or tally.valued >= FEWEST:
        return None
    return f"{float(money.gain):.0%} ({count_of(tally.valued, 'win')})"


def _explain(tally: _Tally, money: _Money, period: Period, *, has_owner: bool) -> Iterator[str]:
    """Why something cannot be said of a group, and what its numbers rest on."""
    if not tally.leads:
        yield "no lead came in"
    elif tally.leads < FEWEST:
        yield f"no junk rate below {FEWEST} leads"
    if has_owner:
        yield "nobody says what one owner's leads cost"
    elif not tally.months:
        yield "no spend recorded"
    if money.without_rate:
        yield f"amounts in {', '.join(money.without_rate)} have no rate"
    for month in sorted(tally.months):
        days, length = period.days_of(month)
        if days < length:
            yield f"spend of {month:%Y-%m} counts for {days} of {length} days"
    if money.spend is not None and money.spend < 0:
        yield "corrections exceed what was spent"
    elif money.spend == 0:
        yield "no return on a spend of 0"
    if tally.valued < tally.won:
        without = f"{tally.won - tally.valued} of {tally.won} wins without" if tally.valued else "no win has"
        yield f"{without} a value"
    if money.gain is not None and tally.valued < FEWEST:
        yield f"return rests on {count_of(tally.valued, 'win') if tally.won else 'no win'}"


def _summarise(
    tallies: Sequence[_Tally], money: Sequence[_Money], currency: str, by: SourcesBy | None
) -> tuple[str, ...]:
    """Which source gives the cheapest qualified lead, and what share of the spend won nothing."""
    said: list[str] = []
    costs = [
        (cost, place)
        for place, (tally, sums) in enumerate(zip(tallies, money, strict=True))
        if tally.qualified >= FEWEST and (cost := sums.cost_per(tally.qualified)) is not None
    ]
    if len(costs) > 1:
        cost, place = min(costs)
        kind = "campaigns" if by else "sources"
        said.append(
            f"Of the {len(costs)} {kind} with {FEWEST} qualified leads or more, {_name(tallies[place])} is the "
            f"cheapest: {round_money(cost, currency):,.2f} {currency} for each of them."
        )
    spent = [(tally, sums.spend) for tally, sums in zip(tallies, money, strict=True) if sums.spend and sums.spend > 0]
    total = sum(amount for _, amount in spent)
    lost = sum(amount for tally, amount in spent if not tally.won)
    if lost and any(tally.won for tally in tallies):
        said.append(
            f"{float(lost / total):.0%} of the spend went where no lead is won yet: "
            f"{round_money(Fraction(lost), currency):,.2f} of {round_money(Fraction(total), currency):,.2f} {currency}."
        )
    return tuple(said)


def _name(tally: _Tally) -> str:
    source = tally.source or "no source"
    return f"{source}, {tally.campaign}" if tally.campaign else source


def _advise(tallies: Sequence[_Tally], *, has_owner: bool) -> tuple[str, ...]:
    if not tallies:
        return ("no lead came in within this period, and nothing was spent",)
    if has_owner or any(tally.months for tally in tallies):
        return ()
    return ("no spend is recorded for this period; add it with: leadtriage spend add SOURCE AMOUNT --month 2026-10",)
