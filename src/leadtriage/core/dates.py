"""Parses the dates that people type: for today, for the bounds of a period, and for the future."""

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
    """Parse an ISO 8601 date.

    Raises:
        UsageError: not a date, or of a year in which no lead is worked on.
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"not a date: {text!r}", place=place, hint=hint) from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UsageError(f"year out of range: {text!r}", place=place, hint=hint)
    return day


def parse_bound(text: str, today: date, *, place: str) -> date:
    """Parse the first or last day of a period.

    Accepts ISO 8601 dates, `today`, `yesterday`, and spans back from today: `7d`, `3w`, `2m`, `1q`, `1y`, `3 weeks
    ago`. If that month has no such day, its last day is meant.

    Raises:
        UsageError: none of these.
    """
    words = " ".join(text.lower().split())
    if words in ("today", "yesterday"):
        return today - timedelta(days=words == "yesterday")
    span = _SPAN_BACK.fullmatch(words)
    try:
        words = _add(today, -1, span).isoformat() if span else text
    except (OverflowError, ValueError):
        words = text
    return parse_day(words, place=place, hint=_BACK)


def parse_future_day(text: str, today: date, *, place: str | None = None) -> date:
    """Parse a day that is today or later.

    Accepts ISO 8601 dates; `today` and `tomorrow`; the next weekday after today (`friday`, `next fri`); spans from
    today (`10d`, `3w`, `2m`, `1q`, `1y`, `in 3 weeks`); and the first day of `next week`, `month`, `quarter` or `year`.

    Args:
        place: the option or line of the text, for the message.

    Raises:
        UsageError: none of these, or in the past.
    """
    words = _LEAD_IN.sub("", " ".join(text.lower().split()), count=1)
    try:
        day = _parse_words(words, today, place)
    except (OverflowError, ValueError):
        day = None
    if day is None:
        raise UsageError(f"not a day: {text.strip()!r}", place=place, hint=FORMS)
    if day < today:
        raise UsageError(f"{day} is in the past: today is {today}", place=place, hint=FORMS)
    return parse_day(day.isoformat(), place=place or "the day")


def _parse_words(words: str, today: date, place: str | None) -> date | None:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", words):
        return parse_day(words, place=place or "the day")
    if words in ("today", "tomorrow"):
        return today + timedelta(days=words == "tomorrow")
    if span := _SPAN.fullmatch(words):
        return _add(today, 1, span)
    if period := _NEXT_PERIOD.fullmatch(words):
        return _start_of_next(period["unit"], today)
    for number, name in enumerate(_WEEKDAYS):
        if words.removeprefix("next ") in (name, name[:3]):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return None


def _add(day: date, sign: int, span: re.Match[str]) -> date:
    from dateutil.relativedelta import relativedelta

    count = sign * int(span["count"] or 1)
    match _UNITS.get(span["unit"], span["unit"].removesuffix("s")):
        case "day":
            return day + timedelta(days=count)
        case "week":
            return day + timedelta(weeks=count)
        case "month":
            return day + relativedelta(months=count)
        case "quarter":
            return day + relativedelta(months=3 * count)
        case _:
            return day + relativedelta(years=count)


def _start_of_next(unit: str, today: date) -> date:
    if unit == "week":
        return today + timedelta(days=7 - today.weekday())
    length = {"month": 1, "quarter": 3, "year": 12}[unit]
    months = 12 * today.year + (today.month - 1) // length * length + length
    return date(months // 12, months % 12 + 1, 1)
