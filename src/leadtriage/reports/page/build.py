"""Puts an overview together: the head line, then each report as a part with its charts and commands.

The five numbers that matter, and how each has changed since the period of the same length before.

A fair comparison gives both periods the same time: the earlier leads are looked at as they stood as many days ago.
Where nothing was recorded by then, they are looked at as they stand now, and the head says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from sqlalchemy import Connection, and_, func, select

from leadtriage.core.tables import DrillDown, Figure, Overview
from leadtriage.core.text import format_count, format_day
from leadtriage.core.vocabulary import FunnelStep
from leadtriage.criteria import Criteria
from leadtriage.db import ImportBatch, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.page.parts import (
    make_aging,
    make_criteria,
    make_funnel,
    make_reasons,
    make_sources,
    make_team,
    make_trend,
    narrow,
    say_period,
    settle_period,
)
from leadtriage.reports.query import (
    MIN_CASES,
    Commands,
    Filters,
    Period,
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

_book = table(ImportBatch)

_NEEDED = ("lead_id", "qualified", "assigned", "touch", "touched_on", "won", "amount", "currency")


@dataclass(frozen=True, slots=True)
class Head:
    """The figures, what they are compared with, and how to list the leads behind them."""

    figures: tuple[Figure, ...]
    basis: tuple[str, ...]
    traces: tuple[DrillDown, ...]


@dataclass(frozen=True, slots=True)
class _Measured:
    """How many leads of a period had come how far, and what the won ones are worth, by currency in minor units."""

    leads: dict[FunnelStep, int]
    worth: dict[str, Fraction]
    valued: int
    """Won leads whose worth is known."""
    undated: int
    """Leads touched in time of which nobody knows the day of the first contact."""

    def count(self, steps: tuple[FunnelStep, ...]) -> int:
        return sum(self.leads[step] for step in steps)


@dataclass(frozen=True, slots=True)
class _Share:
    """A figure that is a share: of the leads at one step, those at some further ones."""

    label: str
    part: tuple[FunnelStep, ...]
    whole: FunnelStep
    noun: str


_SHARES = (
    _Share("Qualified", (FunnelStep.QUALIFIED,), FunnelStep.LEADS, "lead"),
    _Share(
        "Pursued by sales",
        (FunnelStep.TOUCHED_IN_TIME, FunnelStep.TOUCHED_LATE),
        FunnelStep.QUALIFIED,
        "qualified lead",
    ),
    _Share("Touched in time", (FunnelStep.TOUCHED_IN_TIME,), FunnelStep.ASSIGNED, "assigned qualified lead"),
)


def make_head(connection: Connection, criteria: Criteria, filters: Filters, period: Period, as_of: date) -> Head:
    """Return five figures of the leads that came in within the period, each beside that of the period before."""
    now = _measure(connection, narrow(filters, period), as_of)
    earlier = period.before()
    doubt = _say_doubt(now)
    if earlier is None:
        return Head(tuple(_compare(criteria, now, None, "")), doubt, _trace(narrow(filters, period), as_of))
    day, recorded = _choose_day(connection, period, as_of)
    before = _measure(connection, narrow(filters, earlier), day)
    span = f"the {format_count(period.days, 'day')} before"
    return Head(
        figures=tuple(_compare(criteria, now, before, span)),
        basis=(*doubt, _say_basis(earlier, period.days, day, recorded)),
        traces=(
            *_trace(narrow(filters, period), as_of),
            DrillDown(f"any of these in {span}", Commands(narrow(filters, earlier), day).list_leads("--step", "STEP")),
        ),
    )


def _measure(connection: Connection, filters: Filters, as_of: date) -> _Measured:
    cohort = select_cohort(connection, filters, as_of, _NEEDED)
    statement = select(
        cohort.c.currency,
        func.count(cohort.c.amount),
        *sum_in_parts(cohort.c.amount),
        func.sum(one_if(and_(has_reached(cohort, FunnelStep.TOUCHED_IN_TIME), cohort.c.touched_on.is_(None)))),
        *(func.sum(one_if(has_reached(cohort, step))) for step in FunnelStep),
    ).group_by(cohort.c.currency)
    leads, worth, valued, undated = dict.fromkeys(FunnelStep, 0), {}, 0, 0
    for currency, amounts, high, low, without_day, *counts in connection.execute(statement):
        undated += int(without_day)
        for step, count in zip(FunnelStep, counts, strict=True):
            leads[step] += int(count)
        if currency is not None:
            worth[currency] = Fraction(join_parts(high, low))
            valued += amounts
    return _Measured(leads, worth, valued, undated)


def _choose_day(connection: Connection, period: Period, as_of: date) -> tuple[date, bool]:
    """Return the day on which to look at the earlier leads, and whether anything was recorded by then."""
    first = connection.execute(select(func.min(_book.c.at))).scalar()
    if as_of.toordinal() <= period.days:
        return as_of, False
    day = as_of - timedelta(days=period.days)
    recorded = first is not None and first < end_of(day)
    return (day if recorded else as_of), recorded


def _say_doubt(now: _Measured) -> tuple[str, ...]:
    if not now.undated:
        return ()
    touched = now.leads[FunnelStep.TOUCHED_IN_TIME]
    return (f"Of the {touched:,} touched in time, the day of the first contact is not known for {now.undated:,}.",)


def _compare(criteria: Criteria, now: _Measured, before: _Measured | None, span: str) -> Iterator[Figure]:
    yield _compare_counts("Leads came in", FunnelStep.LEADS, now, before, span, basis="")
    for share in _SHARES:
        yield _compare_shares(share, now, before, span)
    yield _compare_counts("Won", FunnelStep.WON, now, before, span, basis=_say_worth(now, criteria))


def _compare_counts(
    label: str, step: FunnelStep, now: _Measured, before: _Measured | None, span: str, *, basis: str
) -> Figure:
    value = now.leads[step]
    if before is None:
        return Figure(label, value, basis=basis)
    was = before.leads[step]
    if value == was:
        return Figure(label, value, basis=basis, change=f"as many as in {span}")
    word = "more" if value > was else "fewer"
    change = f"{abs(value - was):,} {word} than in {span} ({was:,})"
    return Figure(label, value, basis=basis, change=change, direction=1 if value > was else -1)


def _compare_shares(share: _Share, now: _Measured, before: _Measured | None, span: str) -> Figure:
    """A change that may well be chance, since the intervals of both shares overlap, is told and not called one."""
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


def _say_worth(now: _Measured, criteria: Criteria) -> str:
    """What the won leads are worth: nothing where a part of it cannot be converted, which would be a smaller sum."""
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


def _say_basis(earlier: Period, days: int, day: date, recorded: bool) -> str:
    if recorded:
        stood = f"as they stood on {format_day(day)}: after as long a time"
        return f"Compared with leads that came in from {earlier}, {stood}."
    return (
        f"Compared with leads that came in from {earlier}. Nothing was recorded of how they stood {days:,} days ago, "
        "so they are taken as they stand now: they have had longer to be touched and won."
    )


def _trace(filters: Filters, as_of: date) -> tuple[DrillDown, ...]:
    commands = Commands(filters, as_of)
    return tuple(
        commands.list_step(number, step)
        for number, step in (
            ("came in", FunnelStep.LEADS),
            ("qualified", FunnelStep.QUALIFIED),
            ("assigned, of the qualified", FunnelStep.ASSIGNED),
            ("touched in time", FunnelStep.TOUCHED_IN_TIME),
            ("touched late: pursued too", FunnelStep.TOUCHED_LATE),
            ("won", FunnelStep.WON),
        )
    )


_LIMITS = (
    "What nobody recorded: a call that was not logged is no contact here, and a deal won elsewhere is not won.",
    "Days on which something happened before the import told of it: such leads count, their days do not.",
    "Why something changed: it shows what was, and how much of it may be chance.",
    "What a list by stage, reason or grade held on an earlier day: such lists, and the age of open leads, are of now.",
    "Leads that were taken back or merged into others are not counted.",
)


def make_overview(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Overview:
    """Return all reports on the leads that came in within a period, the last 90 days where none is given.

    Tables are short: the largest 20 sources, reps and so on, and the sums of the others.

    Raises:
        UsageError: the period ends before it begins.
    """
    period = settle_period(filters, as_of)
    within = narrow(filters, period)
    head = make_head(connection, criteria, filters, period, as_of)
    return Overview(
        title="Leads: where they come from, and where they are lost",
        period=say_period(period, filters, as_of),
        figures=head.figures,
        basis=(*head.basis, *read_score_snapshot(connection).notes),
        traces=head.traces,
        parts=(
            make_funnel(connection, within, as_of),
            make_sources(connection, criteria, within, as_of),
            make_team(connection, criteria, within, as_of),
            make_aging(connection, filters, as_of),
            make_trend(connection, criteria, filters, period, as_of),
            make_reasons(connection, criteria, within, as_of),
            make_criteria(connection, criteria, within, as_of),
        ),
        facts=(
            ("As of", format_day(as_of)),
            ("Period", str(period)),
            ("Criteria", criteria.name),
        ),
        limits=_LIMITS,
    )
