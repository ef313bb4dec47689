"""Periods and working days in SQL and Python, and the days on which something is known to have happened to a lead."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, not_, or_

from leadtriage.core.text import format_day
from leadtriage.core.vocabulary import DateBasis
from leadtriage.criteria import FollowUp
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.expressions import days_between, largest

_lead, _score = table(Lead), table(LeadScore)

NOT_YET = "no day of this period has come yet"

_MONDAY = date(1, 1, 1)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included; an open period begins on the first day of the calendar."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.until - self.since).days + 1

    def before(self) -> Period | None:
        """Return the period of the same length that ends the day before; None before the calendar begins."""
        if self.since.toordinal() <= self.days:
            return None
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))

    def days_of(self, month: date) -> tuple[int, int]:
        """Return how many days of a month are in the period, and how many the month has."""
        length = monthrange(month.year, month.month)[1]
        first, last = max(month, self.since), min(month.replace(day=length), self.until)
        return max(0, (last - first).days + 1), length

    def share_of(self, month: date) -> Fraction:
        """Return the share of a month's days that are in the period."""
        return Fraction(*self.days_of(month))

    def __str__(self) -> str:
        return f"{format_day(self.since)} to {format_day(self.until)}"


def end_of(day: date) -> datetime:
    """Return the midnight after a day."""
    return datetime.combine(day + timedelta(days=1), time())


def last_day(until: date | None, as_of: date) -> date:
    """The last day of a period that is not still to come on `as_of`; one without an end goes up to that day."""
    return as_of if until is None else min(until, as_of)


def days_within(day: ColumnElement[date], since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Return the conditions that a day is in a period, both ends included; None leaves an end open."""
    first = [] if since is None else [day >= since]
    return first if until is None else [*first, day <= until]


def times_within(moment: ColumnElement[datetime], since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Return the same conditions for a point in time."""
    first = [] if since is None else [moment >= datetime.combine(since, time())]
    return first if until is None else [*first, moment < end_of(until)]


def number_of(day: ColumnElement[date]) -> ColumnElement[int]:
    """Return a day as a number: the days since the first Monday of the calendar."""
    return days_between(day, literal(_MONDAY))


def working_days_between(
    later: ColumnElement[int], earlier: ColumnElement[int], follow_up: FollowUp
) -> ColumnElement[int]:
    """Return the working days after `earlier` until `later`, as the clocks count them: one from Friday to Monday.

    Args:
        later: a day as a number, see `number_of`; used several times, so it should be cheap.
        earlier: likewise; 0 working days if it is not earlier.
    """
    return largest(_ordinal(later, follow_up) - _ordinal(earlier, follow_up), literal(0))


def count_working_days(first: date, last: date, follow_up: FollowUp) -> int:
    """Return the number of working days from one day to another, both included."""
    week = _week(follow_up)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return sum(day.weekday() in week and day not in follow_up.holidays for day in days)


def _week(follow_up: FollowUp) -> frozenset[int]:
    return frozenset(follow_up.working_days or range(_WEEK))


def _ordinal(number: ColumnElement[int], follow_up: FollowUp) -> ColumnElement[int]:
    """Return the working days from the first Monday of the calendar to a day: whole weeks, then the rest."""
    week = _week(follow_up)
    off = sorted({holiday for holiday in follow_up.holidays if holiday.weekday() in week})
    in_week: dict[Any, int] = {rest: sum(weekday <= rest for weekday in week) for rest in range(_WEEK)}
    counted = number // _WEEK * len(week) + case(in_week, value=number % _WEEK)
    if not off:
        return counted
    passed = [
        (number >= (holiday - _MONDAY).days, literal(place + 1, Integer))
        for place, holiday in reversed(list(enumerate(off)))
    ]
    return counted - case(*passed, else_=0)


def known_day(dated: DateBasis, by: date | None = None) -> ColumnElement[date]:
    """Return the day on which a lead came in, was qualified, assigned, first contacted or closed; NULL for unknown.

    For statements over `lead` and `lead_score`. A lead that was imported as qualified, contacted or closed was so
    earlier; the stored day is that of the import or the first score. It counts only for leads that were at most a week
    old, as in a weekly export.

    Args:
        by: later days are NULL as well.
    """
    day, *doubts = {
        DateBasis.CAME_IN: (_lead.c.created_on,),
        DateBasis.QUALIFIED: (_lead.c.qualified_on, _came_in_qualified()),
        DateBasis.ASSIGNED: (_lead.c.assigned_on,),
        DateBasis.TOUCHED: (_lead.c.first_touch_on, contacted_before()),
        DateBasis.CLOSED: (_lead.c.closed_on, _came_in_closed()),
    }[dated]
    # The day comes first, so that the many leads without one need no further checks.
    return case((and_(day.is_not(None) if by is None else day <= by, *(not_(doubt) for doubt in doubts)), day))


def was_closed_after(day: date) -> ColumnElement[bool]:
    """Whether a lead was closed after a day, by a known closing day."""
    return and_(_lead.c.closed_on > day, not_(_came_in_closed()))


def first_contact() -> ColumnElement[date]:
    """Return the day of the first recorded contact; for an undated one, the day of its import."""
    return func.coalesce(_lead.c.first_touch_on, _contact_imported_on())


def contacted_before() -> ColumnElement[bool]:
    """Whether a lead was contacted before its import: a CRM exports the last contact, so the first is unknown."""
    undated = and_(_lead.c.first_touch_on.is_(None), _contact_imported_on() <= _lead.c.imported_on)
    return or_(*(func.coalesce(known, False) for known in (undated, _lead.c.first_touch_on < _lead.c.imported_on)))


def describe_unknown_days(touched: int, unknown: int) -> str:
    """Note how many of the leads that count as contacted in time have no known day of first contact."""
    return (
        f"Of the {touched:,} contacted in time, the day of the first contact is unknown for {unknown:,}: the CRM told "
        "the last one, or only that there was one."
    )


def _contact_imported_on() -> ColumnElement[date]:
    """Return the day of the import of an undated contact, which took place by then."""
    imported_on = func.coalesce(_lead.c.last_touch_on, _lead.c.imported_on)
    return case((_lead.c.contact_dated.is_not(None), imported_on))


def _came_in_qualified() -> ColumnElement[bool]:
    first_recorded = case(
        (_lead.c.qualified_by == "crm", _lead.c.imported_on),
        (_lead.c.qualified_by == "score", func.coalesce(_score.c.first_scored_on, _lead.c.imported_on)),
    )
    return and_(func.coalesce(_lead.c.qualified_on <= first_recorded, False), _came_late())


def _came_in_closed() -> ColumnElement[bool]:
    by_import = and_(_lead.c.closed_on == _lead.c.imported_on, _lead.c.batch_id.is_not(None))
    return and_(by_import, not_(_lead.c.worked_here), _came_late())


def _came_late() -> ColumnElement[bool]:
    """Whether a lead was more than a week old when it was imported."""
    imported, created = _lead.c.imported_on, _lead.c.created_on
    return and_(imported > created, days_between(imported, created) > _WEEK)
