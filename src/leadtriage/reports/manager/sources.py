"""What each source or campaign brought and what it cost, and the recorded lines of spend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from leadtriage.core.money import whole_units
from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import OPEN_STAGES, Stage
from leadtriage.criteria import Criteria
from leadtriage.db import Spend, table
from leadtriage.db.expressions import first_spelling, one_if
from leadtriage.reports.query import (
    MIN_CASES,
    USUAL_LIMIT,
    CellRow,
    Filters,
    LeadGroup,
    Names,
    Period,
    ReportRequest,
    convert_currencies,
    count_groups,
    cut_to_limit,
    fetch_rows,
    find_rate,
    first_name,
    is_named,
    join_parts,
    label_group,
    last_day,
    list_unrated,
    one_more,
    round_money,
    select_cohort,
    sort_groups,
    sum_in_parts,
    with_count,
)
from leadtriage.reports.registry import SourcesBy, find_report

_spend = table(Spend)

_COLUMNS = find_report("sources").columns
_SPEND_COLUMNS = find_report("spend").columns


@dataclass(slots=True)
class _Tally(LeadGroup):
    """The leads and the cost of a source or campaign.

    Attributes:
        spent: in minor units by currency, in `months`.
        won_by_campaigns: for spend on a source as a whole, in a row without leads: the wins of the source's campaigns.
    """

    spent: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    months: set[date] = field(default_factory=set)
    won_by_campaigns: int | None = None

    @property
    def source_shown(self) -> str:
        """Return the source as people see it."""
        return self.names[0] or "no source"

    @property
    def name(self) -> str:
        """Return the source and its campaign."""
        return f"{self.source_shown}, {self.names[1]}" if self.names[1] else self.source_shown


@dataclass(frozen=True, slots=True)
class _Sums:
    """A group's money in the criteria's currency, not yet rounded; None for unknown."""

    value: Fraction | None
    spend: Fraction | None
    without_rate: tuple[str, ...]
    is_for_all: bool = False
    """Whether the spend is for leads in other rows, so that this row has no return."""

    def cost_per(self, count: int) -> Fraction | None:
        """Return the cost of one of so many."""
        return self.spend / count if self.spend is not None and self.spend >= 0 and count else None

    @property
    def gain(self) -> Fraction | None:
        """Return the value gained beyond the spend, as a share of the spend."""
        if self.is_for_all or self.value is None or self.spend is None or self.spend <= 0:
            return None
        return (self.value - self.spend) / self.spend


def list_sources(request: ReportRequest, by: SourcesBy | None = None) -> Table:
    """Return what each source brought of the leads that came in within the period, as they stood on `as_of`, and cost.

    `junk_reviewed` have the stage junk, `junk_nominated` wait for a review. The junk rate counts reviewed leads, with
    Wilson's interval for 95 %; None below 5 leads. Sums are in whole units of the criteria's currency. A month that the
    period cuts counts by its share of days. `return` is (value - spend) / spend. `note` says why a value is None.

    Args:
        by: a row for each campaign. Spend for no campaign is in the source's row without one; it has no return if only
            the campaigns have leads.
    """
    connection, filters, as_of, criteria = request.connection, request.filters, request.as_of, request.criteria
    period = Period(filters.since or date.min, last_day(filters.until, as_of))
    tallies = _count_leads(connection, filters, as_of, by)
    if filters.owner is None:
        _add_spend(tallies, connection, filters, period, by)
        _count_wins_of_campaigns(tallies)
    rows = sort_groups(tallies)
    money = [_convert(tally, criteria) for tally in rows]
    has_owner = filters.owner is not None
    return Table(
        title=f"Sources{' and campaigns' if by else ''}, sums in {criteria.currency}",
        columns=_COLUMNS,
        rows=tuple(
            _present(tally, sums, criteria.currency, _explain(tally, sums, period, has_owner=has_owner), by)
            for tally, sums in zip(rows, money, strict=True)
        ),
        summary=_summarize(rows, money, criteria.currency, by_campaign=by is not None),
        notes=_advise(rows, period, has_owner=has_owner),
    )


def _count_leads(connection: Connection, filters: Filters, as_of: date, by: SourcesBy | None) -> dict[Names, _Tally]:
    row = select_cohort(connection, filters, as_of).c
    is_waiting = and_(row.candidate == 1, row.stage.in_([stage.value for stage in OPEN_STAGES]))
    columns = label_group(
        (row.source_key, row.source),
        (row.campaign_key, row.campaign) if by else None,
        (row.currency, row.amount, row.qualified, row.won, one_if(row.stage == Stage.JUNK.value), one_if(is_waiting)),
    )
    return count_groups(connection, select(*columns), _Tally)


def _add_spend(
    tallies: dict[Names, _Tally], connection: Connection, filters: Filters, period: Period, by: SourcesBy | None
) -> None:
    for (source_key, campaign_key), spent in _sum_spend(connection, filters, period).items():
        tally = tallies[source_key, campaign_key if by else None]
        source, campaign = tally.names
        if not tally.leads:
            tally.names = first_name(source, spent.names[0]), first_name(campaign, spent.names[1] if by else None)
        for currency, amount in spent.spent.items():
            tally.spent[currency] += amount
        tally.months |= spent.months


def _count_wins_of_campaigns(tallies: Mapping[Names, _Tally]) -> None:
    """Note the campaigns' wins in rows without leads whose spend is for the source as a whole."""
    beside: dict[str | None, list[_Tally]] = defaultdict(list)
    for (source_key, _), tally in tallies.items():
        if tally.leads:
            beside[source_key].append(tally)
    for (source_key, campaign_key), tally in tallies.items():
        if campaign_key is None and not tally.leads and beside[source_key]:
            tally.won_by_campaigns = sum(other.won for other in beside[source_key])


def _convert(tally: _Tally, criteria: Criteria) -> _Sums:
    value, spend = convert_currencies(tally.worth, criteria.rates), convert_currencies(tally.spent, criteria.rates)
    is_known = tally.valued > 0 or tally.won == 0
    return _Sums(
        value.total if is_known else None,
        spend.total if tally.months else None,
        tuple(sorted({*value.without_rate, *spend.without_rate})),
        is_for_all=tally.won_by_campaigns is not None,
    )


def _present(tally: _Tally, money: _Sums, currency: str, notes: Iterable[str], by: SourcesBy | None) -> CellRow:
    junk = find_rate(tally.junk, tally.leads)

    def write(amount: Fraction | None) -> float | None:
        return None if amount is None else round_money(amount, currency)

    return {
        "source": tally.names[0],
        "source_shown": tally.source_shown,
        "campaign": tally.names[1],
        "campaign_shown": (tally.names[1] or "no campaign") if by else None,
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
        "return_shown": _format_return(tally, money),
        "note": "; ".join(notes) or None,
    }


def _explain(tally: _Tally, money: _Sums, period: Period, *, has_owner: bool) -> Iterator[str]:
    """List why values of a group are missing, and what its numbers rest on."""
    if not tally.leads:
        yield "no lead came in"
    elif tally.leads < MIN_CASES:
        yield f"no junk rate below {MIN_CASES} leads"
    if has_owner:
        yield "no spend by owner"
    elif not tally.months:
        yield "no spend recorded"
    yield from list_unrated(money.without_rate)
    for month in sorted(tally.months):
        days, length = period.days_of(month)
        if days < length:
            yield f"spend of {month:%Y-%m} counts for {days} of {length} days"
    if money.spend is not None and money.spend < 0:
        yield "corrections exceed what was spent"
    elif money.spend == 0:
        yield "no return on a spend of 0"
    elif money.is_for_all and money.spend is not None:
        yield "no return on what was spent on the source as a whole"
    yield from tally.list_missing_values()
    if money.gain is not None and tally.valued < MIN_CASES:
        yield f"return rests on {format_count(tally.valued, 'win') if tally.won else 'no win'}"


def _format_return(tally: _Tally, money: _Sums) -> str | None:
    """Format a return that rests on few wins with their number; None where there are enough."""
    if money.gain is None or tally.valued >= MIN_CASES:
        return None
    return f"{float(money.gain):.0%} ({format_count(tally.valued, 'win')})"


def _summarize(
    tallies: Sequence[_Tally], money: Sequence[_Sums], currency: str, *, by_campaign: bool
) -> tuple[str, ...]:
    """Add up all rows, name the source with the cheapest qualified lead, and the share of spend without a win.

    The total cost of a qualified lead is left out, since the spend of some sources may not be recorded.
    """
    sentences = [_add_up(tallies, money, currency)] if len(tallies) > 1 else []
    if unrated := sorted({missing for sums in money for missing in sums.without_rate}):
        sentences.append(
            f"Amounts in {', '.join(unrated)} have no rate: the sums of rows with such amounts are not known."
        )
    costs = [
        (cost, place)
        for place, (tally, sums) in enumerate(zip(tallies, money, strict=True))
        if tally.qualified >= MIN_CASES and (cost := sums.cost_per(tally.qualified)) is not None
    ]
    if len(costs) > 1:
        cost, place = min(costs)
        kind = "campaigns" if by_campaign else "sources"
        sentences.append(
            f"Of the {len(costs)} {kind} with spend recorded and {MIN_CASES} qualified leads or more, "
            f"{tallies[place].name} is the cheapest: {round_money(cost, currency):,.2f} {currency} for each of them."
        )
    spent = [(tally, sums.spend) for tally, sums in zip(tallies, money, strict=True) if sums.spend and sums.spend > 0]
    total = sum(amount for _, amount in spent)
    lost = sum(amount for tally, amount in spent if not (tally.won or tally.won_by_campaigns))
    if lost and any(tally.won for tally in tallies):
        sentences.append(
            f"{float(lost / total):.0%} of the spend went where no lead is won yet: "
            f"{round_money(Fraction(lost), currency):,.2f} of {round_money(Fraction(total), currency):,.2f} {currency}."
        )
    return tuple(sentences)


def _add_up(tallies: Sequence[_Tally], money: Sequence[_Sums], currency: str) -> str:
    """Return "In all: 49 leads, 24 of them qualified, 2 won, worth 34,000.00 USD; spent 8,160.00 USD."."""
    leads, qualified = sum(tally.leads for tally in tallies), sum(tally.qualified for tally in tallies)
    winners = [(tally, sums.value) for tally, sums in zip(tallies, money, strict=True) if tally.won]
    worth = _format_sum(
        [value for _, value in winners], currency, is_all=all(tally.valued == tally.won for tally, _ in winners)
    )
    spend = _format_sum([sums.spend for tally, sums in zip(tallies, money, strict=True) if tally.months], currency)
    return (
        f"In all: {format_count(leads, 'lead')}, {qualified:,} of them qualified, "
        f"{sum(tally.won for tally, _ in winners):,} won{worth and f', worth {worth}'}{spend and f'; spent {spend}'}."
    )


def _format_sum(amounts: Sequence[Fraction | None], currency: str, *, is_all: bool = True) -> str:
    """Format the sum of the known amounts; empty where none is known."""
    known = [amount for amount in amounts if amount is not None]
    if not known:
        return ""
    total = f"{round_money(sum(known, Fraction()), currency):,.2f} {currency}"
    return total if is_all and len(known) == len(amounts) else f"{total} as far as is known"


def _advise(tallies: Sequence[_Tally], period: Period, *, has_owner: bool) -> tuple[str, ...]:
    """Return a hint where no lead came in or no spend is recorded."""
    if not tallies:
        return ("no lead came in within this period, and nothing was spent",)
    if has_owner or any(tally.months for tally in tallies):
        return ()
    month = period.until.isoformat()[: len("2026-11")]
    return (f"no spend is recorded for this period; add it with: leadtriage spend add SOURCE AMOUNT --month {month}",)


def list_spend(
    connection: Connection, filters: Filters, *, limit: int | None = USUAL_LIMIT, only: int | None = None
) -> Table:
    """Return the recorded lines, the latest month and line first.

    A month is written as 2026-10. Amounts are in whole units of their currency, below 0 for corrections.

    Args:
        filters: source, campaign, and a period: months with a day in it.
        only: the number of the only line to return.
    """
    wanted = _conditions(filters) if only is None else [_spend.c.id == only]
    columns = [_spend.c[column.key] for column in _SPEND_COLUMNS]
    statement = select(*columns).where(*wanted).order_by(_spend.c.month.desc(), _spend.c.id.desc())
    shown, more = cut_to_limit(fetch_rows(connection, statement, one_more(limit)), limit)
    found = Table(
        "Spend", _SPEND_COLUMNS, tuple(map(_present_spend, shown)), summary=_total(connection, wanted), more=more
    )
    return with_count(connection, found, statement)


def _present_spend(row: Mapping[str, Any]) -> CellRow:
    amount = float(whole_units(row["amount"], row["currency"]))
    return {**row, "month": f"{row['month']:%Y-%m}", "amount": amount}


def _total(connection: Connection, wanted: list[ColumnElement[bool]]) -> tuple[str, ...]:
    """Return the total of all lines by currency, also of those beyond the limit."""
    statement = select(_spend.c.currency, func.count(), *sum_in_parts(_spend.c.amount)).where(*wanted)
    sums = connection.execute(statement.group_by(_spend.c.currency).order_by(_spend.c.currency)).all()
    if sum(row[1] for row in sums) < 2:
        return ()
    totals = (f"{whole_units(join_parts(*parts), currency):,f} {currency}" for currency, _, *parts in sums)
    return (f"In all {', '.join(totals)}.",)


def _sum_spend(connection: Connection, filters: Filters, period: Period) -> dict[Names, _Tally]:
    """Add up what each source and campaign cost; a month that the period cuts counts by its share of days."""
    keys = (_spend.c.source_comparable, _spend.c.campaign_comparable, _spend.c.month, _spend.c.currency)
    names = (first_spelling(_spend.c.source), first_spelling(_spend.c.campaign))
    statement = select(*keys, *names, *sum_in_parts(_spend.c.amount)).where(*_conditions(filters)).group_by(*keys)
    found: dict[Names, _Tally] = {}
    for source_key, campaign_key, month, currency, source, campaign, *parts in connection.execute(statement):
        share = period.share_of(month)
        if share:
            spent = found.setdefault((source_key, campaign_key), _Tally((source, campaign)))
            spent.names = first_name(spent.names[0], source), spent.names[1]
            spent.spent[currency] += join_parts(*parts) * share
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
