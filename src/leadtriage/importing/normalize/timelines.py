"""When leads want to decide: people's words to a date, counted from the day the lead was created."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from leadtriage.importing.normalize.cells import NotRecognized, group_of_word, is_missing, plain, words
from leadtriage.importing.normalize.dates import MONTH_NUMBERS, DateOrder, is_ambiguous_date, parse_date

NO_RUSH_DAYS = 365
"""How far off "no rush" and "just browsing" are: an answer, but no deadline."""

_UNDECIDED = words("timeline", "undecided")
_UNITS = group_of_word("timeline", "units")
_ENDS = group_of_word("timeline", "ends")
_COUNTS = {word: int(count) for word, count in group_of_word("timeline", "counts").items()}
_SEASON_ENDS = {word: int(month) for word, month in group_of_word("timeline", "seasons").items()}
_THIRDS = {word: int(third) for word, third in group_of_word("timeline", "thirds").items()}
_IN_DAYS = {
    word: days
    for name, days in (("now", 0), ("tomorrow", 1), ("no_rush", NO_RUSH_DAYS))
    for word in words("timeline", name)
}
_LEAD_IN = words("timeline", "before")
_TRAIL = words("timeline", "after")
_DURATION = re.compile(
    r"(?:(?P<low>\d{1,4})\s*(?P<low_unit>[^\W\d_]+)?(?:\s*-\s*|\s+(?:to|bis|or|oder|à|a)\s+))?"
    r"(?P<count>\d{1,4}|[^\W\d_]+)\s*(?:of\s+)?\+?\s*(?P<unit>[^\W\d_]+)\+?"
)
_AROUND_PERIOD = words("timeline", "around_period")
_NEXT = words("timeline", "following")
_OF_YEAR = r"(?:\W+(?:of\s+)?(?P<year>\d{4}|\d\d))?"
_QUARTER = re.compile(
    r"(?:q[1-4]\s?[-/]\s?)?"
    rf"(?:q\s?(?P<a>[1-4])|(?P<b>[1-4])\s?q|(?P<c>[1-4])(?:\.|st|nd|rd|th)?\s*(?:quarter|quartal)){_OF_YEAR}"
)
_YEAR_QUARTER = re.compile(r"(?P<year>\d{4})\W*q(?P<a>[1-4])")
_HALF = re.compile(rf"(?:h\s?(?P<a>[12])|(?P<b>[12])h|(?P<c>[12])(?:\.|st|nd)\s*(?:half|halbjahr)){_OF_YEAR}")
_YEAR = re.compile(r"(?:year\s+|jahr\s+)?(?P<year>20\d\d)")
_MONTH = re.compile(r"(?P<month>[^\W\d_]+)\.?(?:[\s,/-]+(?:of\s+|de\s+)?(?P<year>\d{4}))?")
_MONTH_NUMBER = re.compile(
    r"(?P<month>0?[1-9]|1[0-2])[/.-](?P<year>20\d\d)|(?P<year2>20\d\d)[/-](?P<month2>0?[1-9]|1[0-2])"
)
_SEASON = re.compile(r"(?P<season>[^\W\d_]+)(?:\W+(?:of\s+)?(?P<year>\d{4}))?")
_LABELLED = re.compile(r"[^\d()]*\(([^()]*\d[^()]*)\)")
"""A time behind its name in a list of choices: "Short term (1-3 months)"."""
_FINAL = re.compile(r"^(?:(?:by|this|until|before|the|at|zum|bis|in|im|ende|end of|end|late|fin de|fin|en)\s+)+")
_PART = re.compile(r"(?:in\s+|by\s+)?(?P<part>[^\W\d_]+)(?:\s+(?:of|de)\b)?[\s-]+(?P<period>[^\W\d_].*|20\d\d)")


def parse_timeline(text: str, created: date, order: DateOrder | None = None) -> date | None:
    """Return the date by which a lead wants to decide; None where that is missing or undecided.

    A period means its last day: "this month", "Q1 2027" (2027-03-31), "1-3 months" and "within 3 months" (three months
    on), but "6+ months" is six. "early" and "mid" mean the first and second third. A month, quarter or season without
    a year is the first that has not ended. "ASAP" is the day of creation, "no rush" `NO_RUSH_DAYS` later.

    Args:
        created: the day the lead was created.
        order: decides dates such as "03/04/2027", which are not recognised without it.
    """
    if is_missing(text):
        return None
    given = plain(text.replace("_", " ")).lower().strip(" .!?*\"'")
    if labelled := _LABELLED.fullmatch(given):
        given = labelled[1].strip()
    if given in _UNDECIDED:
        return None
    try:
        if given in _IN_DAYS:
            return created + timedelta(days=_IN_DAYS[given])
        for parse in (_parse_relative, _parse_part, _parse_duration, _parse_period):
            decided = parse(given, created)
            if decided is not None:
                return decided
    except (OverflowError, ValueError):
        raise NotRecognized("past the end of the calendar") from None
    if is_ambiguous_date(given) and order is None:
        raise NotRecognized("the day and the month could be either way round")
    try:
        return parse_date(_FINAL.sub("", given), order or DateOrder.DAY_FIRST)
    except NotRecognized:
        raise NotRecognized("no time is to be read in it") from None


def _parse_relative(text: str, created: date) -> date | None:
    """Return the end of a period relative to now: "this month", "end of next year", "EOQ"."""
    parts = [part for part in re.split(r"[\s']+", text) if part not in _AROUND_PERIOD]
    units = [part for part in parts if part not in _NEXT]
    unit = _ENDS.get(units[0]) or (_UNITS.get(units[0]) if len(units[0]) > 2 else None) if len(units) == 1 else None
    if unit is None or unit == "hour":
        return None
    return _last_day(_add(created, 1, unit) if len(units) < len(parts) else created, unit)


def _parse_part(text: str, created: date) -> date | None:
    """Return the end of the first or middle third of a year or month: "early 2027", "mid May"."""
    match = _PART.fullmatch(text)
    third = _THIRDS.get(match["part"]) if match else None
    if match is None or third is None:
        return None
    period = _FINAL.sub("", match["period"])
    month_end = _parse_month(period, created)
    if month_end is not None:
        return month_end.replace(day=10 * third)
    year = _YEAR.fullmatch(period)
    return None if year is None else _last_day(date(int(year["year"]), 4 * third, 1), "month")


def _parse_duration(text: str, created: date) -> date | None:
    """Return the end of a duration without the words around it, as in "within the next 3 months or so"."""
    parts = re.sub(r"[<>≤≥~=]+|(?<=\W)\+|\b[ld]'", " ", text).split()
    while len(parts) > 1 and parts[0].rstrip(".") in _LEAD_IN:
        parts.pop(0)
    while len(parts) > 2 and parts[-1] in _TRAIL:
        parts.pop()
    match = _DURATION.fullmatch(" ".join(parts).removesuffix("+"))
    if match is None or match["unit"] not in _UNITS or (match["low_unit"] and match["low_unit"] not in _UNITS):
        return None
    count = int(match["count"]) if match["count"].isdecimal() else _COUNTS.get(match["count"])
    return None if count is None else _add(created, count, _UNITS[match["unit"]])


def _parse_period(text: str, created: date) -> date | None:
    """Return the end of a quarter, half, year, month or season."""
    bare = _FINAL.sub("", text)
    if match := _QUARTER.fullmatch(bare) or _YEAR_QUARTER.fullmatch(bare):
        return _end_of_month(_number(match) * 3, _year_of(match), created)
    if match := _HALF.fullmatch(bare):
        return _end_of_month(_number(match) * 6, _year_of(match), created)
    if match := _YEAR.fullmatch(bare):
        return date(int(match["year"]), 12, 31)
    month_end = _parse_month(bare, created)
    if month_end is not None:
        return month_end
    match = _SEASON.fullmatch(bare)
    month = _SEASON_ENDS.get(match["season"]) if match else None
    if match is None or month is None:
        return None
    year = _year_of(match)
    # The winter of a year ends in the next one.
    return _end_of_month(month, year + 1 if year and month == 2 else year, created)


def _parse_month(bare: str, created: date) -> date | None:
    if match := _MONTH_NUMBER.fullmatch(bare):
        return _end_of_month(int(match["month"] or match["month2"]), int(match["year"] or match["year2"]), created)
    match = _MONTH.fullmatch(bare)
    month = MONTH_NUMBERS.get(match["month"]) if match else None
    return None if match is None or month is None else _end_of_month(month, _year_of(match), created)


def _number(match: re.Match[str]) -> int:
    return int(next(digit for name, digit in match.groupdict().items() if name in "abc" and digit))


def _year_of(match: re.Match[str]) -> int | None:
    year = match["year"]
    return None if year is None else int(year) + (2000 if len(year) == 2 else 0)


def _end_of_month(month: int, year: int | None, created: date) -> date:
    """Return the month's last day; without a year, the first that is not before the lead was created."""
    if year is not None:
        return _last_day(date(year, month, 1), "month")
    end = _last_day(date(created.year, month, 1), "month")
    return end if end >= created else _last_day(date(created.year + 1, month, 1), "month")


def _add(day: date, count: int, unit: str) -> date:
    from dateutil.relativedelta import relativedelta

    if unit == "hour":
        return day + timedelta(days=count // 24)
    months = {"month": count, "quarter": 3 * count, "year": 12 * count}.get(unit)
    if months is None:
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    return day + relativedelta(months=months)


def _last_day(day: date, unit: str) -> date:
    """Return the last day of the week (Sunday), month, quarter or year that holds a day."""
    if unit == "day":
        return day
    if unit == "week":
        return day + timedelta(days=6 - day.weekday())
    month = {"month": day.month, "quarter": (day.month + 2) // 3 * 3, "year": 12}[unit]
    return date(day.year, month, monthrange(day.year, month)[1])
