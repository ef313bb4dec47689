"""Reads the day that a person names for later: until when a lead is parked, when the next touch is promised.

Days of files are `importing.values`' to read; the days that narrow a list are `settings`'.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from leadtriage.errors import UsageError
from leadtriage.settings import parse_day

FORMS = "write a day such as 2026-12-01, tomorrow, friday, next week, 10d, 3w, 2m, 1q or in 3 weeks"

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}
_SPAN = re.compile(
    r"(?:in\s+)?(?:(?P<count>\d{1,4})\s*|an?\s+|one\s+)"
    r"(?P<unit>[dwmqy]|(?:day|week|month|quarter|year)s?)(?:\s+from\s+(?:now|today))?"
)
_NEXT_PERIOD = re.compile(r"next\s+(?P<unit>week|month|quarter|year)")
_LEAD_IN = re.compile(r"(?:on|by|until|till)\s+")


def parse_future_day(text: str, today: date, *, place: str | None = None) -> date:
    """Read a day that is today or later.

    Understood are ISO 8601 days; `today` and `tomorrow`; weekdays, whole or by three letters and with `next` before
    them or not: the first such day after today; `10d`, `3w`, `2m`, `1q`, `1y` and the same in words (`in 3 weeks`),
    counted from today, a month that has no such day by its last; `next week`, `month`, `quarter`, `year`: their first
    day, a week's being its Monday.

    Args:
        place: the option or line that says so, for the message.

    Raises:
        UsageError: it is none of these, or lies in the past.
    """
    words = _LEAD_IN.sub("", " ".join(text.lower().split()), count=1)
    try:
        day = _read(words, today, place)
    except (OverflowError, ValueError):
        day = None
    if day is None:
        raise UsageError(f"{text.strip()!r} is no day that we understand", place=place, hint=FORMS)
    if day < today:
        raise UsageError(f"{day} is in the past: today is {today}", place=place, hint=FORMS)
    return parse_day(day.isoformat(), place=place or "the day")


def _read(words: str, today: date, place: str | None) -> date | None:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", words):
        return parse_day(words, place=place or "the day")
    if words in ("today", "tomorrow"):
        return today + timedelta(days=words == "tomorrow")
    span = _SPAN.fullmatch(words)
    if span:
        return _add(today, int(span["count"] or 1), _unit(span["unit"]))
    period = _NEXT_PERIOD.fullmatch(words)
    if period:
        return _start(_add(today, 1, period["unit"]), period["unit"])
    return _next_weekday(words.removeprefix("next "), today)


def _unit(word: str) -> str:
    return _UNITS.get(word, word.removesuffix("s"))


def _add(day: date, count: int, unit: str) -> date:
    from dateutil.relativedelta import relativedelta

    match unit:
        case "day":
            return day + timedelta(days=count)
        case "week":
            return day + timedelta(weeks=count)
        case "year":
            return day + relativedelta(years=count)
        case _:
            return day + relativedelta(months=count * (3 if unit == "quarter" else 1))


def _start(day: date, unit: str) -> date:
    """The first day of the period in which a day lies."""
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case _:
            return day.replace(month=1, day=1)


def _next_weekday(word: str, today: date) -> date | None:
    for number, name in enumerate(_WEEKDAYS):
        if word in (name, name[:3]):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return None
