"""The goals of the criteria: what counts towards each in its month or quarter, and where it should be by today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import CTE, ColumnElement, and_, func, literal, select

from leadtriage.criteria.model import FollowUp, Goal
from leadtriage.db.schema import Touch, table
from leadtriage.reports.periods import Period
from leadtriage.reports.survivors import Survivors
from leadtriage.reports.working_time import count_working_days

_touch = table(Touch)

_MONTHS_OF = {"month": 1, "quarter": 3}


@dataclass(frozen=True, slots=True)
class GoalKind:
    """What goals count, and per what; goals of one kind differ in whose they are and in their targets."""

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
    """Return how much of a goal should be done by the end of a day: the target times the share of working days over.

    The day itself counts as over. Where its month has no working days at all, the whole target is due.
    """
    period = find_period(goal.per, as_of)
    days = count_working_days(period.since, period.until, follow_up)
    over = count_working_days(period.since, as_of, follow_up)
    return round(goal.target * over / days, 1) if days else float(goal.target)


def say_goal(goal: Goal) -> str:
    """Return "12 won per quarter"."""
    return f"{goal.target:,} {goal.what} per {goal.per}"


def goal_conditions(
    kinds: Iterable[GoalKind], cohort: CTE, survivors: Survivors, as_of: date
) -> list[ColumnElement[bool]]:
    """What a lead of the cohort must fulfil to count towards each kind of goal.

    Won: closed in that time. Qualified: qualified in it. Touched: a contact in it is recorded with its day. What
    happened on a day that nobody knows counts for none.
    """
    return [_counts(kind, cohort, survivors, as_of) for kind in kinds]


def _counts(kind: GoalKind, cohort: CTE, survivors: Survivors, as_of: date) -> ColumnElement[bool]:
    first = find_period(kind.per, as_of).since
    if kind.what == "won":
        return and_(cohort.c.won == 1, _lies(cohort.c.closed_on, first, as_of))
    if kind.what == "qualified":
        return and_(cohort.c.qualified == 1, _lies(cohort.c.qualified_on, first, as_of))
    contacts = (
        select(survivors.of(_touch.c.lead_id))
        .select_from(survivors.beside(_touch, _touch.c.lead_id))
        .where(_touch.c.withdrawn_at.is_(None), _touch.c.dated, _touch.c.on.between(first, as_of))
    )
    return cohort.c.lead_id.in_(contacts)


def _lies(day: ColumnElement[date], first: date, last: date) -> ColumnElement[bool]:
    return func.coalesce(day.between(first, last), literal(False))
