"""What became of the leads of each owner within a period: assigned, touched or not, waited for, won, idle.

What people did themselves, whoever has the lead, is `reports.doings`'; who is who is `reports.people`'.

The goals of the criteria: what counts towards each in its month or quarter, and where it should be by today.
"""

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
    kinds: Iterable[GoalKind], cohort: CTE, survivors: SurvivingLeads, as_of: date
) -> list[ColumnElement[bool]]:
    """What a lead of the cohort must fulfil to count towards each kind of goal.

    Won: closed in that time. Qualified: qualified in it. Touched: a contact in it is recorded with its day. What
    happened on a day that nobody knows counts for none.
    """
    return [_counts(kind, cohort, survivors, as_of) for kind in kinds]


def _counts(kind: GoalKind, cohort: CTE, survivors: SurvivingLeads, as_of: date) -> ColumnElement[bool]:
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


@dataclass(frozen=True, slots=True)
class Work:
    """Which work the report is about: on which leads, when, and what follow-up was due.

    Attributes:
        filters: of these, source, campaign and period; the owner is found among the people.
    """

    filters: Filters
    follow_up: FollowUp
    as_of: date

    @property
    def is_limited(self) -> bool:
        """Whether there is a period at all."""
        return self.filters.since is not None or self.filters.until is not None

    @property
    def owner(self) -> str | None:
        """Whose work alone it is about, as a database can hold the name; None for everybody's.

        A system may be named as the report shows it.
        """
        owner = self.filters.owner
        return None if owner is None else as_stored(owner).strip().removesuffix(SYSTEM_MARK)

    @property
    def of_leads(self) -> Filters:
        """Which leads it is about, whenever they came in."""
        return Filters(source=self.filters.source, campaign=self.filters.campaign)

    @property
    def end(self) -> datetime:
        """The midnight after the day that counts as today."""
        return end_of(self.as_of)

    def on(self, day: ColumnElement[date]) -> list[ColumnElement[bool]]:
        """That a day lies within the period and is not still to come."""
        return days_within(day, self.filters.since, last_day(self.filters.until, self.as_of))

    def at(self, moment: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        """The same for a time of day."""
        return times_within(moment, self.filters.since, last_day(self.filters.until, self.as_of))


@dataclass(frozen=True, slots=True)
class OwnedCount:
    """What has become of leads of one owner that are alike in their first touch, and waited and pay alike.

    Attributes:
        touch: what became of the first touch; None where they were not assigned within the period.
        for_rep: the working days that they waited to be assigned; None where that is not known, or does not matter.
        for_touch: the working days from there to the first touch; likewise.
        leads: how many they are.
        undated_touches: of how many of those touched in time nobody knows the day of the first contact.
        won: how many of them are won; `undated` are won as well, but nobody knows when.
        currency: in which those of them that are won pay; None where none is, or nobody told what they are worth.
        valued: of how many of the won somebody told what they are worth.
        worth: what these come to, in minor units.
        goals: how many of them count towards each kind of goal.
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


def count_owned(connection: Connection, work: Work, goals: Sequence[GoalKind]) -> Iterator[OwnedCount]:
    """Count what has become of each owner's leads by the day that counts as today, walking them once.

    Args:
        goals: the kinds of goals, of which `OwnedCount.goals` tells one after the other.
    """
    cohort = select_cohort(connection, work.of_leads, work.as_of)
    counts = goal_conditions(goals, cohort, find_surviving_leads(connection), work.as_of)
    rows = _select_outcomes(cohort, work, counts).subquery().c
    # What was touched before it was assigned came from another rep's desk, and waited for nobody.
    handed_on = func.coalesce(rows.touched < rows.given, literal(False))
    since = func.coalesce(rows.given, rows.came)
    until_rep = working_days_between(rows.given, rows.came, work.follow_up)
    until_touch = working_days_between(rows.touched, since, work.follow_up)
    assigned = rows.assigned == 1
    keys: tuple[ColumnElement[Any], ...] = (
        rows.owner_key,
        case((assigned, rows.touch)).label("first_touch"),
        case((and_(assigned, rows.given.is_not(None), not_(handed_on)), until_rep)).label("for_rep"),
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


def _select_outcomes(cohort: CTE, work: Work, goals: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """What has become of each owned lead, its days as numbers.

    Selected as it stands, which the offset is for, so that no day is made a number more than once.
    """
    row = cohort.c
    undated = and_(row.won == 1, row.closed_on.is_(None)) if work.is_limited else literal(False)
    flags = {
        "assigned": count_as(cohort, work, TeamMetric.ASSIGNED),
        "won": count_as(cohort, work, TeamMetric.WON),
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


def count_idle(connection: Connection, work: Work) -> list[tuple[str, str, int]]:
    """Count the leads whose idle clock has run out, by owner: the comparable name, the name, the number."""
    idle = select_idle(work.of_leads, work.as_of).subquery()
    owner = idle.c.owner_comparable
    statement = select(owner, first_spelling(idle.c.owner), func.count()).where(owner.is_not(None)).group_by(owner)
    return [(key, name, leads) for key, name, leads in connection.execute(statement)]


def _assigned_day(cohort: CTE) -> ColumnElement[date]:
    """The day from which an owner has a lead: that on which it was assigned, else the one on which it came in."""
    return func.coalesce(cohort.c.assigned_on, cohort.c.came_in)


def _closed(cohort: CTE, work: Work) -> list[ColumnElement[bool]]:
    """Closed within the period; where there is none, on whatever day."""
    return work.on(cohort.c.closed_on) if work.is_limited else []


def count_as(cohort: CTE, work: Work, number: TeamMetric) -> ColumnElement[bool]:
    """Whether a lead of the cohort counts for its owner: `assigned` and its parts by touch, `touched`, `won`."""
    if number is TeamMetric.WON:
        return and_(cohort.c.won == 1, *_closed(cohort, work))
    touch = cohort.c.touch
    parts = {
        TeamMetric.ASSIGNED: [],
        TeamMetric.TOUCHED: [touch != NEVER],
        TeamMetric.IN_TIME: [touch == IN_TIME],
        TeamMetric.LATE: [touch == LATE],
        TeamMetric.NEVER: [touch == NEVER],
    }
    return and_(*work.on(_assigned_day(cohort)), *parts[number])
