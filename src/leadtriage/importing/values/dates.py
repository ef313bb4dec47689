"""Dates and times: one cell to one calendar day or wall-clock time.

Which order of day and month a column uses is `date_order`'s to decide.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from leadtriage.importing.values.cells import NotUnderstood, is_missing, plain
from leadtriage.importing.values.lexicon import word_groups, words

if TYPE_CHECKING:
    from dateutil.parser import parser


class DateOrder(StrEnum):
    """Which of two numbers is the day where either could be."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


_TIME = (
    r"(?:(?:\s*,?\s+(?:at\s+|um\s+)?|t)(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?(?:\s*uhr)?\s*(?:z|[a-z]{3,5}|(?:utc|gmt)?\s*[+-]\d{1,2}:?(?:\d{2})?)?)?"
)
_NUMERIC = re.compile(
    rf"(?:[a-z]{{2,10}}\.?,?\s+)?(?P<first>\d{{1,4}})(?P<mark>[-/.\s]|\.\s)(?P<middle>\d{{1,2}})(?P=mark)(?P<last>\d{{4}}|\d{{1,2}}){_TIME}"
)
_DAY_MONTH = re.compile(
    r"(?P<day>\d{1,2})(?:\s*\.|st|nd|rd|th)?[\s-]*(?:de\s+)?(?P<month>[^\W\d_]{3,10})\.?[\s,-]*(?:de\s+)?"
    rf"(?P<year>\d{{4}}|\d\d){_TIME}"
)
_MONTH_DAY = re.compile(
    rf"(?P<month>[^\W\d_]{{3,10}})\.?[\s-]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|[\s-]+)(?P<year>\d{{4}}){_TIME}"
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:[t ]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?z?)?"
)
_SERIAL = re.compile(r"(?P<days>\d{5})(?P<part>\.\d{1,12})?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.0)?")

_SERIAL_START = datetime.combine(date(1899, 12, 30), time())
"""Day 0 of a spreadsheet's day count, past its wrong leap day of 1900."""
_FIRST_SERIAL, _LAST_SERIAL = 36_526, 58_804
"""2000-01-01 and 2060-12-29: other five-digit numbers are no dates."""
_FIRST_EPOCH, _LAST_EPOCH = 946_684_800, 2_871_763_200
_PIVOT = 69
"""Two-digit years from here on are of the 1900s, as in POSIX `strptime`."""

_MONTHS = word_groups("dates", "months")
_WEEKDAYS = word_groups("dates", "weekdays")
_BETWEEN = words("dates", "between")
MONTH_NUMBERS = {word: number for number, group in enumerate(_MONTHS, 1) for word in group}
"""The number of every month's name and abbreviation, in the languages read here."""


def parse_date(text: str, order: DateOrder) -> date | None:
    """Return the calendar day in a cell; a time beside it is left out; None where the cell is missing.

    Raises:
        NotUnderstood: it is no day of the calendar, or leaves out its year, month or day.
    """
    if len(text) == 10 and text[4] == "-":
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    when = parse_datetime(text, order)
    return when.date() if when else None


def parse_datetime(text: str, order: DateOrder) -> datetime | None:
    """Return the time in a cell, midnight where it gives a day alone; None where the cell is missing.

    It is the clock on the wall of whoever wrote it: an offset or zone is left out, parts of a second are cut. Read are
    ISO 8601, numbers in either order, months in words, seconds or milliseconds since 1970 (as UTC) and a spreadsheet's
    count of days from 2000 to 2060.

    Args:
        order: decides "03/04/2026"; "13/04/2026" can mean one thing only, whatever the order.

    Raises:
        NotUnderstood: it is no time of the calendar, or leaves out its year, month or day.
    """
    if text[4:5] == "-":
        try:
            when = datetime.fromisoformat(text)
            return when if when.tzinfo is None and not when.microsecond else when.replace(tzinfo=None, microsecond=0)
        except ValueError:
            pass
    if is_missing(text):
        return None
    written = plain(text).strip("'\"")
    given = written.lower()
    numeric = _NUMERIC.fullmatch(given)
    if numeric:
        return _read_numeric(numeric, order)
    worded = _DAY_MONTH.fullmatch(given) or _MONTH_DAY.fullmatch(given)
    if worded and worded["month"] in MONTH_NUMBERS:
        month = MONTH_NUMBERS[worded["month"]]
        return _make(_full_year(worded["year"]), month, int(worded["day"]), *_read_time(worded))
    compact = _COMPACT.fullmatch(given)
    if compact:
        parts = {name: int(value or 0) for name, value in compact.groupdict().items()}
        return _make(**parts)
    return _read_count(given) or _ask_library(written, order)


def _read_numeric(match: re.Match[str], order: DateOrder) -> datetime:
    first, middle, last = match["first"], match["middle"], match["last"]
    if len(first) > 2:
        if len(first) == 3 or len(last) > 2:
            raise NotUnderstood("not a date")
        year, month, day = int(first), int(middle), int(last)
    else:
        one, two, year = int(first), int(middle), _full_year(last)
        month_first = one <= 12 and (two > 12 or order is DateOrder.MONTH_FIRST)
        month, day = (one, two) if month_first else (two, one)
    return _make(year, month, day, *_read_time(match))


def _read_time(match: re.Match[str]) -> tuple[int, int, int]:
    """Return hour, minute and second of a match with `_TIME`."""
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise NotUnderstood("no such time of the day")
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    return hour, int(match["minute"] or 0), int(match["second"] or 0)


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    if len(digits) != 2:
        raise NotUnderstood("not a year")
    return year + (1900 if year >= _PIVOT else 2000)


def _make(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    try:
        return datetime.combine(date(year, month, day), time(hour, minute, second))
    except ValueError:
        raise NotUnderstood("no such day or time in the calendar") from None


def _read_count(text: str) -> datetime | None:
    """Return what a count of days or seconds stands for, or None where the text is none."""
    serial = _SERIAL.fullmatch(text)
    if serial and _FIRST_SERIAL <= int(serial["days"]) <= _LAST_SERIAL:
        seconds = round(float(serial["part"] or 0) * 86_400)
        return _SERIAL_START + timedelta(days=int(serial["days"]), seconds=seconds)
    if _EPOCH.fullmatch(text):
        count = int(text.partition(".")[0])
        count = count if count < 10**10 else count // 1000
        if _FIRST_EPOCH <= count <= _LAST_EPOCH:
            return datetime.fromtimestamp(count, UTC).replace(tzinfo=None)
    return None


def _ask_library(text: str, order: DateOrder) -> datetime:
    """Return a date with its month in words, as python-dateutil reads it.

    The library fills in what a text leaves out, so it is asked twice with different fillings.
    """
    if len(text) > 60 or not any(c.isalpha() for c in text):
        raise NotUnderstood("not a date")
    month_first = order is DateOrder.MONTH_FIRST
    try:
        readings = {
            _word_parser().parse(text, default=filling, dayfirst=not month_first, ignoretz=True)
            for filling in (_make(2000, 1, 1), _make(2004, 2, 2))
        }
    except (ValueError, OverflowError, AttributeError, TypeError, IndexError):
        # Besides its own error the library lets slip whatever its tokens run into.
        raise NotUnderstood("not a date") from None
    if len(readings) > 1 or not any(c.isdecimal() for c in text):
        raise NotUnderstood("the day, the month or the year is not given")
    reading = readings.pop().replace(microsecond=0)
    if not any(word in MONTH_NUMBERS for word in re.findall(r"[^\W\d_]+", text.lower())):
        raise NotUnderstood("not a date")
    return reading


@cache
def _word_parser() -> parser:
    """Return python-dateutil's parser with the months' and weekdays' names of the languages read here."""
    from dateutil.parser import parser, parserinfo

    class Names(parserinfo):
        # The stubs know pairs and triples of names only, while any number may stand there.
        MONTHS = cast(Any, _MONTHS)
        WEEKDAYS = cast(Any, _WEEKDAYS)
        JUMP = cast(Any, [*parserinfo.JUMP, *_BETWEEN])

        def convertyear(self, year: int, century_specified: bool = False) -> int:
            # The library's own pivot moves with the clock of the day.
            if year < 100 and not century_specified:
                return year + (1900 if year >= _PIVOT else 2000)
            return year

    return parser(Names())
