"""Periods: from one day to another, what of a month lies within one, and what lies within one as conditions.

Working days between two days, in SQL and in Python, by the week and the holidays of the criteria's follow-up.

They are counted as the clocks count them (`scoring.clocks`): from Friday to the next Monday it is one.

The days on which something happened to a lead, where somebody knows them.

A lead that came in qualified, contacted or closed was so on some earlier day, which the export does not tell: the
stored day is that of the import, or of the first score. Only where the lead was a week old at most, as in a weekly
export, reports take it for the day on which it happened.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
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

NOT_YET = "no day of this period has come yet"


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included; `since` is the first day of all where nobody says from when on."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1

    def before(self) -> Period | None:
        """The period of the same length that ends the day before; None where the calendar has none."""
        if self.since.toordinal() <= self.days:
            return None
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))

    def days_of(self, month: date) -> tuple[int, int]:
        """How many days of a month lie within the period, and how many it has."""
        length = monthrange(month.year, month.month)[1]
        first, last = max(month, self.since), min(month.replace(day=length), self.until)
        return max(0, (last - first).days + 1), length

    def share_of(self, month: date) -> Fraction:
        """The share of a month's days that lie within the period."""
        return Fraction(*self.days_of(month))

    def __str__(self) -> str:
        return f"{format_day(self.since)} to {format_day(self.until)}"


def end_of(day: date) -> datetime:
    """The midnight after a day."""
    return datetime.combine(day + timedelta(days=1), time())


def last_day(until: date | None, as_of: date) -> date:
    """The last day of a period that is not still to come on `as_of`; one without an end goes up to that day."""
    return as_of if until is None else min(until, as_of)


def days_within(day: ColumnElement[date], since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """That a day lies within a period, its first and its last day included; None for an open side."""
    first = [] if since is None else [day >= since]
    return first if until is None else [*first, day <= until]


def times_within(moment: ColumnElement[datetime], since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """The same for a time of day."""
    first = [] if since is None else [moment >= datetime.combine(since, time())]
    return first if until is None else [*first, moment < end_of(until)]


_MONDAY = date(1, 1, 1)
_WEEK = 7


def number_of(day: ColumnElement[date]) -> ColumnElement[int]:
    """A day as a number: how many days after the first Monday of the calendar it is."""
    return days_between(day, literal(_MONDAY))


def working_days_between(
    later: ColumnElement[int], earlier: ColumnElement[int], follow_up: FollowUp
) -> ColumnElement[int]:
    """The working days after the second day, up to and with the first; 0 where the first is not later.

    Args:
        later: a day as a number, see `number_of`; it is used more than once, so it should be no costly expression.
        earlier: likewise.
    """
    return largest(_ordinal(later, follow_up) - _ordinal(earlier, follow_up), literal(0))


def count_working_days(first: date, last: date, follow_up: FollowUp) -> int:
    """How many working days there are from one day to another, both of them counted."""
    return sum(_is_working(day, follow_up) for day in _days(first, last))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _week(follow_up: FollowUp) -> frozenset[int]:
    return frozenset(follow_up.working_days or range(_WEEK))


def _is_working(day: date, follow_up: FollowUp) -> bool:
    return day.weekday() in _week(follow_up) and day not in follow_up.holidays


def _ordinal(number: ColumnElement[int], follow_up: FollowUp) -> ColumnElement[int]:
    """The number of working days up to a day since the first Monday of the calendar: whole weeks, then the rest."""
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


_lead, _score = table(Lead), table(LeadScore)


def known_day(dated: DateBasis, by: date | None = None) -> ColumnElement[date]:
    """The day on which a lead came in, was qualified, assigned, first touched or closed; NULL where nobody knows it.

    For statements that select from `lead` and `lead_score`.

    Args:
        by: NULL where it is a later day than this, too.
    """
    day, *doubts = {
        DateBasis.CAME_IN: (_lead.c.created_on,),
        DateBasis.QUALIFIED: (_lead.c.qualified_on, _came_in_qualified()),
        DateBasis.ASSIGNED: (_lead.c.assigned_on,),
        DateBasis.TOUCHED: (_lead.c.first_touch_on, contacted_before()),
        DateBasis.CLOSED: (_lead.c.closed_on, _came_in_closed()),
    }[dated]
    # The day itself comes first, so that no more is asked of the many leads that have none.
    return case((and_(day.is_not(None) if by is None else day <= by, *(not_(doubt) for doubt in doubts)), day))


def was_closed_after(day: date) -> ColumnElement[bool]:
    """Whether a lead was closed on a day that somebody knows and that is later than another."""
    return and_(_lead.c.closed_on > day, not_(_came_in_closed()))


def first_contact() -> ColumnElement[date]:
    """The day of the first contact that is recorded; of one without a date, the day on which we heard of it."""
    return func.coalesce(_lead.c.first_touch_on, _heard_of_contact_on())


def contacted_before() -> ColumnElement[bool]:
    """Contacted before it came to us: a CRM tells the last contact, so nobody knows the day of the first."""
    undated = and_(_lead.c.first_touch_on.is_(None), _heard_of_contact_on() <= _lead.c.imported_on)
    return or_(*(func.coalesce(told, False) for told in (undated, _lead.c.first_touch_on < _lead.c.imported_on)))


def describe_unknown_days(touched: int, unknown: int) -> str:
    """Say of how many leads that count as touched in time nobody knows when they were."""
    return (
        f"Of the {touched:,} contacted in time, the day of the first contact is unknown for {unknown:,}: the CRM told "
        "the last one, or only that there was one."
    )


def _heard_of_contact_on() -> ColumnElement[date]:
    """Where no contact has a date, the day of the import that told of it: it took place on that day or before."""
    heard_on = func.coalesce(_lead.c.last_touch_on, _lead.c.imported_on)
    return case((_lead.c.contact_dated.is_not(None), heard_on))


def _came_in_qualified() -> ColumnElement[bool]:
    said_first = case(
        (_lead.c.qualified_by == "crm", _lead.c.imported_on),
        (_lead.c.qualified_by == "score", func.coalesce(_score.c.first_scored_on, _lead.c.imported_on)),
    )
    return and_(func.coalesce(_lead.c.qualified_on <= said_first, False), _came_late())


def _came_in_closed() -> ColumnElement[bool]:
    by_import = and_(_lead.c.closed_on == _lead.c.imported_on, _lead.c.batch_id.is_not(None))
    return and_(by_import, not_(_lead.c.worked_here), _came_late())


def _came_late() -> ColumnElement[bool]:
    """Whether a lead was there for more than a week before it came to us."""
    imported, created = _lead.c.imported_on, _lead.c.created_on
    return and_(imported > created, days_between(imported, created) > _WEEK)
