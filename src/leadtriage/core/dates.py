"""Reads the days that a person names: one that counts as today, the bounds of a period, and one for later.

Days of files are `importing.values`' to read.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from leadtriage.core.errors import UsageError

FORMS = "write a day such as 2026-12-01, tomorrow, friday, next week, 10d, 3w, 2m, 1q or in 3 weeks"

_ISO = "write it as year-month-day: 2026-11-20"
_BACK = f"{_ISO}, or as today, yesterday, 7d, 3 weeks ago"
_FIRST_YEAR, _LAST_YEAR = 1900, 9000

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}
_LENGTH = r"(?:(?P<count>\d{1,4})\s*|an?\s+|one\s+)(?P<unit>[dwmqy]|(?:day|week|month|quarter|year)s?)"
_SPAN = re.compile(rf"(?:in\s+)?{_LENGTH}(?:\s+from\s+(?:now|today))?")
_SPAN_BACK = re.compile(rf"{_LENGTH}(?:\s+ago)?")
_NEXT_PERIOD = re.compile(r"next\s+(?P<unit>week|month|quarter|year)")
_LEAD_IN = re.compile(r"(?:on|by|until|till)\s+")


def parse_day(text: str, *, place: str, hint: str = _ISO) -> date:
    """Read an ISO 8601 day.

    Raises:
        UsageError: it is none, or lies where no lead is worked on.
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"{text!r} is no date", place=place, hint=hint) from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UsageError(f"{text!r} is no day that leads are worked on", place=place, hint=hint)
    return day


def parse_bound(text: str, today: date, *, place: str) -> date:
    """Read the first or last day of a period, or any other that is looked at.

    Understood are ISO 8601 days, `today` and `yesterday`; `7d`, `3w`, `2m`, `1q`, `1y` and the same in words (`3 weeks
    ago`), counted back from today, a month that has no such day by its last.

    Raises:
        UsageError: it is none of these.
    """
    words = " ".join(text.lower().split())
    if words in ("today", "yesterday"):
        return today - timedelta(days=words == "yesterday")
    span = _SPAN_BACK.fullmatch(words)
    try:
        words = _add(today, -int(span["count"] or 1), _unit(span["unit"])).isoformat() if span else text
    except (OverflowError, ValueError):
        words = text
    return parse_day(words, place=place, hint=_BACK)


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
