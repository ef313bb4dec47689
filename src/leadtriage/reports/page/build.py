"""Builds the page: five figures compared with the period before, then a part for each report.

A fair comparison gives both periods the same time: earlier leads count as they stood that many days ago. Where nothing
was recorded by then, they count as they stand now, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from sqlalchemy import and_, func, select

from leadtriage.core.tables import DrillDown, Figure, Overview
from leadtriage.core.text import format_count, format_day
from leadtriage.core.vocabulary import FunnelStep
from leadtriage.criteria import Criteria
from leadtriage.db import ImportBatch, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.page.parts import build_parts
from leadtriage.reports.query import (
    MIN_CASES,
    Commands,
    Filters,
    Period,
    ReportRequest,
    convert_currencies,
    end_of,
    find_share,
    has_reached,
    join_parts,
    read_score_snapshot,
    round_money,
    select_cohort,
    sum_in_parts,
    wilson_interval,
)

USUAL_DAYS = 90
"""The length of the period where none is given."""

_NEEDED = ("lead_id", "qualified", "assigned", "touch", "touched_on", "won", "amount", "currency")

_LIMITS = (
    "What nobody recorded: a call that was not logged is no contact here, and a deal won elsewhere is not won.",
    "Days of what happened before an import reported it: such leads count, their days do not.",
    "Why something changed: it shows what was, and how much of it may be chance.",
    "What a list by stage, reason or grade held on an earlier day: such lists, and the age of open leads, are of now.",
    "Leads that were undone or merged into others.",
)

_DRILL_DOWNS = (
    ("came in", FunnelStep.LEADS),
    ("qualified", FunnelStep.QUALIFIED),
    ("assigned, of the qualified", FunnelStep.ASSIGNED),
    ("contacted in time", FunnelStep.TOUCHED_IN_TIME),
    ("contacted late: pursued too", FunnelStep.TOUCHED_LATE),
    ("won", FunnelStep.WON),
)


def make_overview(request: ReportRequest) -> Overview:
    """Return all reports on the leads that came in within a period, by default the last 90 days.

    Tables are short: the largest 20 sources, reps and so on, and the sums of the others.

    Raises:
        UsageError: the period ends before it begins.
    """
    as_of = request.as_of
    period = settle_period(request.filters, as_of)
    within = replace(request, filters=_narrow(request.filters, period))
    now, drill_downs = _measure(within), _list_drill_downs(within)
    basis = _describe_doubt(now)
    before, span = None, f"the {format_count(period.days, 'day')} before"
    if (earlier := period.before()) is not None:
        day, recorded = _choose_day(request, period)
        earlier_request = replace(request, filters=_narrow(request.filters, earlier), as_of=day)
        before = _measure(earlier_request)
        basis = (*basis, _describe_basis(earlier, period.days, day, recorded))
        command = Commands(earlier_request.filters, day).list_leads("--step", "STEP")
        drill_downs = (*drill_downs, DrillDown(f"any of these in {span}", command))
    return Overview(
        title="Leads: where they come from, and where they are lost",
        period=_describe_period(period, request.filters, as_of),
        figures=tuple(_compare(request.criteria, now, before, span)),
        basis=(*basis, *read_score_snapshot(request.connection).notes),
        traces=drill_downs,
        parts=build_parts(within),
        facts=(("As of", format_day(as_of)), ("Period", str(period)), ("Criteria", request.criteria.name)),
        limits=_LIMITS,
    )


def settle_period(filters: Filters, as_of: date) -> Period:
    """Return the requested period as far as it is over; by default the last 90 days."""
    today = max(as_of, filters.since or as_of)
    until = today if filters.until is None else min(filters.until, today)
    earliest = date.fromordinal(max(1, until.toordinal() - USUAL_DAYS + 1))
    return Period(filters.since or earliest, until)


def _narrow(filters: Filters, period: Period) -> Filters:
    return replace(filters, since=period.since, until=period.until)


def _describe_period(period: Period, filters: Filters, as_of: date) -> str:
    """Return "Leads that came in from 25 Aug 2026 to 22 Nov 2026 (90 days), as they stand on 22 Nov 2026."."""
    only = [
        f"{word} {name!r}" if name.strip() else f"no {word}"
        for word, name in (("source", filters.source), ("campaign", filters.campaign), ("owner", filters.owner))
        if name is not None
    ]
    of = f" of {', '.join(only)}" if only else ""
    days = format_count(period.days, "day")
    return f"Leads{of} that came in from {period} ({days}), as they stand on {format_day(as_of)}."


@dataclass(frozen=True, slots=True)
class _Measured:
    """How far the leads of a period have come.

    Attributes:
        worth: of the won leads, in minor units by currency.
        valued: won leads with a known value.
        undated: leads contacted in time on an unknown day.
    """

    leads: dict[FunnelStep, int]
    worth: dict[str, Fraction]
    valued: int
    undated: int

    def count(self, steps: tuple[FunnelStep, ...]) -> int:
        return sum(self.leads[step] for step in steps)


def _measure(request: ReportRequest) -> _Measured:
    cohort = select_cohort(request.connection, request.filters, request.as_of, _NEEDED)
    statement = select(
        cohort.c.currency,
        func.count(cohort.c.amount),
        *sum_in_parts(cohort.c.amount),
        func.sum(one_if(and_(has_reached(cohort, FunnelStep.TOUCHED_IN_TIME), cohort.c.touched_on.is_(None)))),
        *(func.sum(one_if(has_reached(cohort, step))) for step in FunnelStep),
    ).group_by(cohort.c.currency)
    leads, worth, valued, undated = dict.fromkeys(FunnelStep, 0), {}, 0, 0
    for currency, amounts, high, low, without_day, *counts in request.connection.execute(statement):
        undated += int(without_day)
        for step, count in zip(FunnelStep, counts, strict=True):
            leads[step] += int(count)
        if currency is not None:
            worth[currency] = Fraction(join_parts(high, low))
            valued += amounts
    return _Measured(leads, worth, valued, undated)


def _choose_day(request: ReportRequest, period: Period) -> tuple[date, bool]:
    """Return the day on which to look at the earlier leads, and whether anything was recorded by then."""
    first = request.connection.execute(select(func.min(table(ImportBatch).c.at))).scalar()
    if request.as_of.toordinal() <= period.days:
        return request.as_of, False
    day = request.as_of - timedelta(days=period.days)
    recorded = first is not None and first < end_of(day)
    return (day if recorded else request.as_of), recorded


def _describe_doubt(now: _Measured) -> tuple[str, ...]:
    if not now.undated:
        return ()
    contacted = now.leads[FunnelStep.TOUCHED_IN_TIME]
    return (f"Of the {contacted:,} contacted in time, the day of the first contact is unknown for {now.undated:,}.",)


def _describe_basis(earlier: Period, days: int, day: date, recorded: bool) -> str:
    compared = f"Compared with leads that came in from {earlier}"
    if recorded:
        return f"{compared}, as they stood on {format_day(day)}: after the same time."
    return (
        f"{compared}. Nothing was recorded of how they stood {days:,} days ago, so they count as they stand now: they "
        "have had longer to be contacted and won."
    )


def _list_drill_downs(request: ReportRequest) -> tuple[DrillDown, ...]:
    commands = Commands(request.filters, request.as_of)
    return tuple(commands.list_step(number, step) for number, step in _DRILL_DOWNS)


@dataclass(frozen=True, slots=True)
class _Share:
    """A figure: of the leads at one step, the share at some further ones."""

    label: str
    part: tuple[FunnelStep, ...]
    whole: FunnelStep
    noun: str


_PURSUED = (FunnelStep.TOUCHED_IN_TIME, FunnelStep.TOUCHED_LATE)
_SHARES = (
    _Share("Qualified", (FunnelStep.QUALIFIED,), FunnelStep.LEADS, "lead"),
    _Share("Pursued by sales", _PURSUED, FunnelStep.QUALIFIED, "qualified lead"),
    _Share("Contacted in time", (FunnelStep.TOUCHED_IN_TIME,), FunnelStep.ASSIGNED, "assigned qualified lead"),
)


def _compare(criteria: Criteria, now: _Measured, before: _Measured | None, span: str) -> Iterator[Figure]:
    yield replace(_compare_counts(FunnelStep.LEADS, now, before, span), label="Leads came in")
    for share in _SHARES:
        yield _compare_shares(share, now, before, span)
    won = _compare_counts(FunnelStep.WON, now, before, span)
    yield replace(won, label="Won", basis=_describe_worth(now, criteria))


def _compare_counts(step: FunnelStep, now: _Measured, before: _Measured | None, span: str) -> Figure:
    value = now.leads[step]
    if before is None:
        return Figure("", value)
    was = before.leads[step]
    if value == was:
        return Figure("", value, change=f"as many as in {span}")
    word = "more" if value > was else "fewer"
    change = f"{abs(value - was):,} {word} than in {span} ({was:,})"
    return Figure("", value, change=change, direction=1 if value > was else -1)


def _compare_shares(share: _Share, now: _Measured, before: _Measured | None, span: str) -> Figure:
    """Compare two shares; where their intervals overlap, the difference may be chance and is not called a change."""
    part, whole = now.count(share.part), now.leads[share.whole]
    basis = f"{part:,} of {format_count(whole, share.noun)}"
    value = find_share(part, whole)
    if value is None or whole < MIN_CASES:
        return Figure(share.label, None, "share", f"{basis}: too few for a share" if whole else f"no {share.noun}")
    if before is None:
        return Figure(share.label, value, "share", basis)
    was_part, was_whole = before.count(share.part), before.leads[share.whole]
    was_value = find_share(was_part, was_whole)
    if was_value is None or was_whole < MIN_CASES:
        was = f"{was_part:,} of {was_whole:,}" if was_whole else f"no {share.noun}"
        return Figure(share.label, value, "share", basis, f"too few to compare in {span} ({was})")
    low, high = wilson_interval(part, whole)
    was_low, was_high = wilson_interval(was_part, was_whole)
    if low <= was_high and was_low <= high:
        return Figure(share.label, value, "share", basis, f"{was_value:.0%} in {span}: no clear change")
    points = format_count(abs(round(value * 100) - round(was_value * 100)), "point")
    word = "more" if value > was_value else "fewer"
    change = f"{points} {word} than in {span} ({was_value:.0%})"
    return Figure(share.label, value, "share", basis, change, 1 if value > was_value else -1)


def _describe_worth(now: _Measured, criteria: Criteria) -> str:
    """Return what the won leads are worth; no sum where a part of it cannot be converted."""
    won = now.leads[FunnelStep.WON]
    if not won:
        return ""
    if not now.valued:
        return "no value recorded"
    sums = convert_currencies(now.worth, criteria.rates)
    if sums.total is None:
        return f"amounts in {', '.join(sums.without_rate)} have no rate"
    few = "" if now.valued == won else f"; {won - now.valued:,} of {won:,} without a value"
    return f"worth {round_money(sums.total, criteria.currency):,.0f} {criteria.currency}{few}"
