"""What became of each owner's leads within a period: assigned, contacted, won or idle, and progress towards goals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, case, func, literal, not_, select

from leadtriage.core.vocabulary import TeamMetric
from leadtriage.criteria import FollowUp, Goal
from leadtriage.db import Touch, table
from leadtriage.db.expressions import first_spelling, one_if
from leadtriage.reports.lists import select_idle
from leadtriage.reports.query import (
    IN_TIME,
    LATE,
    NEVER,
    SYSTEM_MARK,
    Filters,
    Period,
    SurvivingLeads,
    as_stored,
    count_working_days,
    days_within,
    end_of,
    find_surviving_leads,
    join_parts,
    last_day,
    number_of,
    select_cohort,
    sum_in_parts,
    times_within,
    working_days_between,
)

_touch = table(Touch)

_MONTHS_OF = {"month": 1, "quarter": 3}


@dataclass(frozen=True, slots=True)
class TeamScope:
    """Which leads and days a report is about, and the follow-up that was due.

    Attributes:
        filters: source, campaign and period; people's names resolve the owner.
    """

    filters: Filters
    follow_up: FollowUp
    as_of: date

    @property
    def is_limited(self) -> bool:
        """Whether there is a period."""
        return self.filters.since is not None or self.filters.until is not None

    @property
    def owner(self) -> str | None:
        """Return the only owner, as a database can store the name; None for all.

        A system may be named as the report shows it.
        """
        owner = self.filters.owner
        return None if owner is None else as_stored(owner).strip().removesuffix(SYSTEM_MARK)

    @property
    def of_leads(self) -> Filters:
        """Return the filters of leads, without the period."""
        return Filters(source=self.filters.source, campaign=self.filters.campaign)

    @property
    def end(self) -> datetime:
        """Return the midnight after `as_of`."""
        return end_of(self.as_of)

    def on(self, day: ColumnElement[date]) -> list[ColumnElement[bool]]:
        """Return the conditions for a day to lie within the period and not after `as_of`."""
        return days_within(day, self.filters.since, last_day(self.filters.until, self.as_of))

    def at(self, moment: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        """Return the same for a time of day."""
        return times_within(moment, self.filters.since, last_day(self.filters.until, self.as_of))


@dataclass(frozen=True, slots=True)
class OwnedCount:
    """Leads of one owner that are alike in first contact, waits and currency.

    Attributes:
        touch: the first contact; None for leads not assigned within the period.
        for_rep: working days until they were assigned; None where unknown.
        for_touch: working days from there to the first contact; None where unknown.
        undated_touches: leads contacted in time on an unknown day.
        undated: further won leads, closed on an unknown day.
        currency: of the won leads; None without a value.
        valued: won leads with a value.
        worth: the sum of their values in minor units.
        goals: how many leads count towards each kind of goal.
    """

    owner_key: str
    owner: str
    touch: str | None
    for_rep: int | None
    for_touch: int | None
    leads: int
    undated_touches: int
    won: int
    undated: int
    currency: str | None
    valued: int
    worth: int
    goals: Sequence[int]


def count_owned(connection: Connection, scope: TeamScope, goals: Sequence[GoalKind]) -> Iterator[OwnedCount]:
    """Count what became of each owner's leads by `as_of` in one pass.

    Args:
        goals: the kinds of goals that `OwnedCount.goals` counts, in this order.
    """
    cohort = select_cohort(connection, scope.of_leads, scope.as_of)
    counts = goal_conditions(goals, cohort, find_surviving_leads(connection), scope.as_of)
    rows = _select_outcomes(cohort, scope, counts).subquery().c
    # What was touched before it was assigned came from another rep's desk, and waited for nobody.
    reassigned = func.coalesce(rows.touched < rows.given, literal(False))
    since = func.coalesce(rows.given, rows.came)
    until_rep = working_days_between(rows.given, rows.came, scope.follow_up)
    until_touch = working_days_between(rows.touched, since, scope.follow_up)
    assigned = rows.assigned == 1
    keys: tuple[ColumnElement[Any], ...] = (
        rows.owner_key,
        case((assigned, rows.touch)).label("first_touch"),
        case((and_(assigned, rows.given.is_not(None), not_(reassigned)), until_rep)).label("for_rep"),
        case((and_(assigned, rows.touched >= since), until_touch)).label("for_touch"),
        rows.currency,
    )
    undated_touches = one_if(and_(assigned, rows.touch == IN_TIME, rows.touched.is_(None)))
    reached = [rows[f"goal_{place}"] for place, _ in enumerate(goals)]
    counted = (
        select(
            *keys,
            first_spelling(rows.owner),
            func.count(),
            *(func.sum(flag) for flag in (undated_touches, rows.won, rows.undated)),
            func.count(rows.amount),
            *sum_in_parts(rows.amount),
            *(func.sum(flag) for flag in reached),
        )
        .where(sum(reached, rows.assigned + rows.won + rows.undated) > 0)
        .group_by(*(key.name for key in keys))
    )
    for row in connection.execute(counted):
        key, touch, for_rep, for_touch, currency, owner, leads, touches, won, undated, valued, high, low, *done = row
        worth = join_parts(high, low)
        yield OwnedCount(
            key, owner, touch, for_rep, for_touch, leads, touches, won, undated, currency, valued, worth, done
        )


def _select_outcomes(cohort: CTE, scope: TeamScope, goals: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Select what became of each owned lead, with days as numbers.

    The offset keeps the database from computing the numbers more than once.
    """
    row = cohort.c
    undated = and_(row.won == 1, row.closed_on.is_(None)) if scope.is_limited else literal(False)
    flags = {
        "assigned": counts_as(cohort, scope, TeamMetric.ASSIGNED),
        "won": counts_as(cohort, scope, TeamMetric.WON),
        "undated": undated,
        **{f"goal_{place}": counts for place, counts in enumerate(goals)},
    }
    return (
        select(
            row.owner_key,
            row.owner,
            row.touch,
            number_of(row.came_in).label("came"),
            number_of(row.assigned_on).label("given"),
            number_of(row.touched_on).label("touched"),
            *(case((flags["won"], row[name])).label(name) for name in ("currency", "amount")),
            *(one_if(holds).label(name) for name, holds in flags.items()),
        )
        .where(row.owner_key.is_not(None))
        .offset(0)
    )


def count_idle(connection: Connection, scope: TeamScope) -> list[tuple[str, str, int]]:
    """Count idle leads by owner: comparable name, name, number."""
    idle = select_idle(scope.of_leads, scope.as_of).subquery()
    owner = idle.c.owner_comparable
    statement = select(owner, first_spelling(idle.c.owner), func.count()).where(owner.is_not(None)).group_by(owner)
    return [(key, name, leads) for key, name, leads in connection.execute(statement)]


def _assigned_day(cohort: CTE) -> ColumnElement[date]:
    """Return the day an owner got a lead, else the day it came in."""
    return func.coalesce(cohort.c.assigned_on, cohort.c.came_in)


def _closed(cohort: CTE, scope: TeamScope) -> list[ColumnElement[bool]]:
    return scope.on(cohort.c.closed_on) if scope.is_limited else []


def counts_as(cohort: CTE, scope: TeamScope, number: TeamMetric) -> ColumnElement[bool]:
    """Whether a lead counts for its owner: assigned and its parts by first contact, contacted, won."""
    if number is TeamMetric.WON:
        return and_(cohort.c.won == 1, *_closed(cohort, scope))
    touch = cohort.c.touch
    parts = {
        TeamMetric.ASSIGNED: [],
        TeamMetric.TOUCHED: [touch != NEVER],
        TeamMetric.IN_TIME: [touch == IN_TIME],
        TeamMetric.LATE: [touch == LATE],
        TeamMetric.NEVER: [touch == NEVER],
    }
    return and_(*scope.on(_assigned_day(cohort)), *parts[number])


@dataclass(frozen=True, slots=True)
class GoalKind:
    """What goals count, and per month or quarter."""

    what: str
    per: str


def find_kinds(goals: Iterable[Goal]) -> tuple[GoalKind, ...]:
    """Return the kinds of some goals, each once."""
    return tuple(dict.fromkeys(GoalKind(goal.what, goal.per) for goal in goals))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a goal has come, and how far it should be by today."""

    goal: Goal
    done: int
    due: float


def find_period(per: str, as_of: date) -> Period:
    """Return the month or quarter in which a day lies."""
    months = _MONTHS_OF[per]
    first = date(as_of.year, (as_of.month - 1) // months * months + 1, 1)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    after = date.max if year > date.max.year else date(year, month + 1, 1) - timedelta(days=1)
    return Period(first, after)


def find_due(goal: Goal, as_of: date, follow_up: FollowUp) -> float:
    """Return how much of a goal should be done by the end of a day, by the share of working days that have passed.

    Without working days in its month or quarter, the whole target is due.
    """
    period = find_period(goal.per, as_of)
    days = count_working_days(period.since, period.until, follow_up)
    over = count_working_days(period.since, as_of, follow_up)
    return round(goal.target * over / days, 1) if days else float(goal.target)


def format_goal(goal: Goal) -> str:
    """Return "12 won per quarter"."""
    return f"{goal.target:,} {goal.what} per {goal.per}"


def goal_conditions(
    kinds: Iterable[GoalKind], cohort: CTE, survivors: SurvivingLeads, as_of: date
) -> list[ColumnElement[bool]]:
    """Return the condition for a lead to count towards each kind of goal; events on unknown days count for none."""
    return [_counts_towards(kind, cohort, survivors, as_of) for kind in kinds]


def _counts_towards(kind: GoalKind, cohort: CTE, survivors: SurvivingLeads, as_of: date) -> ColumnElement[bool]:
    first = find_period(kind.per, as_of).since
    if kind.what == "won":
        return and_(cohort.c.won == 1, _is_between(cohort.c.closed_on, first, as_of))
    if kind.what == "qualified":
        return and_(cohort.c.qualified == 1, _is_between(cohort.c.qualified_on, first, as_of))
    contacts = (
        select(survivors.of(_touch.c.lead_id))
        .select_from(survivors.beside(_touch, _touch.c.lead_id))
        .where(_touch.c.withdrawn_at.is_(None), _touch.c.dated, _touch.c.on.between(first, as_of))
    )
    return cohort.c.lead_id.in_(contacts)


def _is_between(day: ColumnElement[date], first: date, last: date) -> ColumnElement[bool]:
    return func.coalesce(day.between(first, last), literal(False))
