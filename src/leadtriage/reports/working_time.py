"""Working days between two days, in SQL and in Python, by the week and the holidays of the criteria's follow-up.

They are counted as the clocks count them (`scoring.clocks`): from Friday to the next Monday it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, literal

from leadtriage.criteria.model import FollowUp
from leadtriage.db.expressions import days_between, largest

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
