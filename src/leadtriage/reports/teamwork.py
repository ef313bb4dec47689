"""What became of the leads of each owner within a period: assigned, touched or not, waited for, won, idle.

What people did themselves, whoever has the lead, is `reports.doings`'; who is who is `reports.people`'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, case, func, literal, not_, select

from leadtriage.criteria.model import FollowUp
from leadtriage.db.expressions import first_name, one_if
from leadtriage.reports.cohort import IN_TIME, LATE, NEVER, select_cohort
from leadtriage.reports.filters import Filters, as_stored
from leadtriage.reports.goals import GoalKind, goal_conditions
from leadtriage.reports.people import SYSTEM_MARK
from leadtriage.reports.periods import days_within, end_of, last_day, times_within
from leadtriage.reports.stale import select_idle
from leadtriage.reports.sums import join_parts, sum_in_parts
from leadtriage.reports.survivors import find_survivors
from leadtriage.reports.working_time import number_of, working_days_between
from leadtriage.vocabulary import TeamNumber


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
    counts = goal_conditions(goals, cohort, find_survivors(connection), work.as_of)
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
            first_name(rows.owner),
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
        "assigned": count_as(cohort, work, TeamNumber.ASSIGNED),
        "won": count_as(cohort, work, TeamNumber.WON),
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
    statement = select(owner, first_name(idle.c.owner), func.count()).where(owner.is_not(None)).group_by(owner)
    return [(key, name, leads) for key, name, leads in connection.execute(statement)]


def _assigned_day(cohort: CTE) -> ColumnElement[date]:
    """The day from which an owner has a lead: that on which it was assigned, else the one on which it came in."""
    return func.coalesce(cohort.c.assigned_on, cohort.c.came_in)


def _closed(cohort: CTE, work: Work) -> list[ColumnElement[bool]]:
    """Closed within the period; where there is none, on whatever day."""
    return work.on(cohort.c.closed_on) if work.is_limited else []


def count_as(cohort: CTE, work: Work, number: TeamNumber) -> ColumnElement[bool]:
    """Whether a lead of the cohort counts for its owner: `assigned` and its parts by touch, `touched`, `won`."""
    if number is TeamNumber.WON:
        return and_(cohort.c.won == 1, *_closed(cohort, work))
    touch = cohort.c.touch
    parts = {
        TeamNumber.ASSIGNED: [],
        TeamNumber.TOUCHED: [touch != NEVER],
        TeamNumber.IN_TIME: [touch == IN_TIME],
        TeamNumber.LATE: [touch == LATE],
        TeamNumber.NEVER: [touch == NEVER],
    }
    return and_(*work.on(_assigned_day(cohort)), *parts[number])
