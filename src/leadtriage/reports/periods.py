"""Periods as conditions: the days and the times of day that lie within one, and where it ends."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement


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
