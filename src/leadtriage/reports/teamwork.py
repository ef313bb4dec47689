"""What became of the leads of each owner within a period: assigned, touched or not, waited for, won, idle.

What people did themselves, whoever has the lead, is `reports.doings`'; who is who is `reports.people`'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    not_,
    null,
    select,
    union_all,
)

from leadtriage.criteria.model import FollowUp, Goal
from leadtriage.reports.cohort import IN_TIME, LATE, NEVER, select_cohort
from leadtriage.reports.filters import Filters
from leadtriage.reports.goals import goal_conditions
from leadtriage.reports.stale import select_idle
from leadtriage.reports.working_time import working_days_between

ASSIGNED, TOUCHED, WON, UNDATED, IDLE = "assigned", "touched", "won", "won_undated", "idle"
WAIT_ASSIGN, WAIT_REP = "wait_assign", "wait_rep"


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
    def of_leads(self) -> Filters:
        """Which leads it is about, whenever they came in."""
        return replace(self.filters, owner=None, since=None, until=None)

    @property
    def end(self) -> datetime:
        """The midnight after the day that counts as today."""
        return datetime.combine(self.as_of + timedelta(days=1), time())

    def on(self, day: ColumnElement[date]) -> list[ColumnElement[bool]]:
        """That a day lies within the period and is not still to come."""
        since, until = self.filters.since, self.filters.until
        last = self.as_of if until is None else min(until, self.as_of)
        return [day <= last, *([] if since is None else [day >= since])]

    def at(self, moment: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        """The same for a time of day."""
        since, until = self.filters.since, self.filters.until
        last = self.as_of if until is None else min(until, self.as_of)
        after = datetime.combine(last + timedelta(days=1), time())
        return [moment < after, *([] if since is None else [moment >= datetime.combine(since, time())])]


@dataclass(frozen=True, slots=True)
class OwnedCount:
    """How many leads of one owner count for a number, by their first touch and working days where these matter.

    Attributes:
        number: `assigned` by touch; `wait_assign` and `wait_rep` by touch and working days; `won`; `won_undated`;
            `idle`; for each kind of goal `won/month` and the like.
    """

    number: str
    owner_key: str
    owner: str
    touch: str | None
    days: int | None
    leads: int


def count_owned(connection: Connection, work: Work, goals: Sequence[Goal]) -> Iterator[OwnedCount]:
    """Count what has become of each owner's leads by the day that counts as today, in two statements."""
    cohort = select_cohort(connection, work.of_leads, work.as_of)
    row, assigned = cohort.c, count_as(cohort, work, ASSIGNED)
    until_rep = working_days_between(row.assigned_on, row.came_in, work.follow_up)
    until_touch = working_days_between(row.touched_on, assigned_day(cohort), work.follow_up)
    # What was touched before it was assigned came from another rep's desk, and waited for nobody.
    handed_on = func.coalesce(row.touched_on < row.assigned_on, literal(False))
    waited_for_rep = and_(assigned, row.assigned_on.is_not(None), not_(handed_on))
    waited_for_touch = and_(assigned, row.touched_on >= assigned_day(cohort))
    parts = [
        _count(ASSIGNED, cohort, assigned, row.touch),
        _count(WAIT_ASSIGN, cohort, waited_for_rep, row.touch, until_rep),
        _count(WAIT_REP, cohort, waited_for_touch, row.touch, until_touch),
        _count(WON, cohort, count_as(cohort, work, WON)),
    ]
    if work.is_limited:
        parts.append(_count(UNDATED, cohort, and_(row.won == 1, row.closed_on.is_(None))))
    parts += [
        _count(f"{what}/{per}", cohort, condition)
        for (what, per), condition in goal_conditions(goals, cohort, work.as_of).items()
    ]
    for counted in connection.execute(union_all(*parts)):
        yield OwnedCount(*counted)
    idle = select_idle(work.of_leads, work.as_of).subquery()
    owner = idle.c.owner_comparable
    statement = select(owner, func.min(idle.c.owner), func.count()).where(owner.is_not(None)).group_by(owner)
    for key, name, leads in connection.execute(statement):
        yield OwnedCount(IDLE, key, name, None, None, leads)


def assigned_day(cohort: CTE) -> ColumnElement[date]:
    """The day from which an owner has a lead: that on which it was assigned, else the one on which it came in."""
    return func.coalesce(cohort.c.assigned_on, cohort.c.came_in)


def _count(
    number: str,
    cohort: CTE,
    where: ColumnElement[bool],
    touch: ColumnElement[Any] | None = None,
    days: ColumnElement[int] | None = None,
) -> Select[Any]:
    row = cohort.c
    touched = cast(null(), String) if touch is None else touch
    waited = cast(null(), Integer) if days is None else days
    columns = (
        literal(number, String).label("number"),
        row.owner_key,
        func.min(row.owner).label("owner"),
        touched.label("touch"),
        waited.label("days"),
        func.count().label("leads"),
    )
    grouped = [row.owner_key, *(part for part in (touch, days) if part is not None)]
    return select(*columns).where(row.owner_key.is_not(None), where).group_by(*grouped)


def _closed(cohort: CTE, work: Work) -> list[ColumnElement[bool]]:
    """Closed within the period; where there is none, on whatever day."""
    return work.on(cohort.c.closed_on) if work.is_limited else []


def count_as(cohort: CTE, work: Work, number: str) -> ColumnElement[bool]:
    """Whether a lead of the cohort counts for its owner: `assigned` and its parts by touch, `touched`, `won`."""
    if number == WON:
        return and_(cohort.c.won == 1, *_closed(cohort, work))
    touch = cohort.c.touch
    parts = {ASSIGNED: literal(True), TOUCHED: touch != NEVER}
    parts |= {each: touch == each for each in (IN_TIME, LATE, NEVER)}
    return and_(*work.on(assigned_day(cohort)), parts[number])
