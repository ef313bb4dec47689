"""Periods: from one day to another, what of a month lies within one, and what lies within one as conditions."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction

from sqlalchemy import ColumnElement

from leadtriage.words import say_day

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
        return f"{say_day(self.since)} to {say_day(self.until)}"


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
