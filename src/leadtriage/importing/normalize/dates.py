"""Dates and times: one cell to a calendar day, a month or a wall-clock time, and the order of day and month."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from leadtriage.importing.normalize.cells import NotRecognized, is_missing, plain, word_groups, words

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
_TWO_NUMBERS = re.compile(r"\s*'?\"?(?:[A-Za-z]{2,10}\.?,?\s+)?(\d{1,2})([-/. ])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)")
_NUMBERS = re.compile(r"(?P<year>\d{4})\s?[-/.]\s?(?P<month>\d{1,2})|(?P<first>\d{1,2})\s?[-/.]\s?(?P<last>\d{4})")
_COMPACT_MONTH = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)")
_WORDS = re.compile(r"(?P<word>[^\W\d_]+)\.?[\s,/-]*(?P<year>\d{4})|(?P<before>\d{4})[\s,/-]*(?P<behind>[^\W\d_]+)\.?")

_SERIAL_START = datetime.combine(date(1899, 12, 30), time())
"""Day 0 of a spreadsheet's day count, past its wrong leap day of 1900."""
_FIRST_SERIAL, _LAST_SERIAL = 36_526, 58_804
"""2000-01-01 and 2060-12-29: other five-digit numbers are no dates."""
_FIRST_EPOCH, _LAST_EPOCH = 946_684_800, 2_871_763_200
_PIVOT = 69
"""Two-digit years from here on are of the 1900s, as in POSIX `strptime`."""
_FIRST_YEAR = 1900
"""A month in an earlier year is a typing error."""

_MONTHS = word_groups("dates", "months")
_WEEKDAYS = word_groups("dates", "weekdays")
_BETWEEN = words("dates", "between")
MONTH_NUMBERS = {word: number for number, group in enumerate(_MONTHS, 1) for word in group}
"""Each month's names and abbreviations in the known languages, with its number."""


def parse_date(text: str, order: DateOrder) -> date | None:
    """Return the calendar day in a cell, without a time beside it."""
    when = parse_datetime(text, order)
    return when.date() if when else None


def parse_datetime(text: str, order: DateOrder) -> datetime | None:
    """Return the time in a cell, midnight where it gives a day alone.

    Reads ISO 8601, numbers in either order, months in words, seconds or milliseconds since 1970 (as UTC) and a
    spreadsheet's count of days from 2000 to 2060. Returns the writer's wall-clock time: it drops offsets, zones and
    parts of a second.

    Args:
        order: decides "03/04/2026"; "13/04/2026" can mean one thing only.
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
    if match := _NUMERIC.fullmatch(given):
        return _from_numbers(match, order)
    match = _DAY_MONTH.fullmatch(given) or _MONTH_DAY.fullmatch(given)
    if match and match["month"] in MONTH_NUMBERS:
        month = MONTH_NUMBERS[match["month"]]
        return _make(_full_year(match["year"]), month, int(match["day"]), *_time_of(match))
    if match := _COMPACT.fullmatch(given):
        return _make(**{name: int(value or 0) for name, value in match.groupdict().items()})
    return _from_count(given) or _from_words(written, order)


def parse_month_or_day(text: str, order: DateOrder | None = None) -> tuple[date | None, date | None]:
    """Return the first day of a cell's month ("2026-10", "Oct 2026", any day), and the day where the cell gives one.

    Args:
        order: decides "03/04/2026", which is not recognised without it; "03.04.2026" is day first, as everywhere.
    """
    if is_missing(text):
        return None, None
    given = plain(text).strip("'\"").lower()
    if match := _NUMBERS.fullmatch(given):
        return _make_month(match["year"] or match["last"], match["month"] or match["first"]), None
    if match := _COMPACT_MONTH.fullmatch(given):
        return _make_month(match["year"], match["month"]), None
    if match := _WORDS.fullmatch(given):
        number = MONTH_NUMBERS.get(match["word"] or match["behind"])
        if number is None:
            raise NotRecognized("no month of that name")
        return _make_month(match["year"] or match["before"], number), None
    likely = order or decide_date_order([given])
    days = sorted({day for each in ([likely] if likely else DateOrder) if (day := parse_date(given, each))})
    if len(days) > 1:
        raise NotRecognized(f"it may be {days[0]:%Y-%m} or {days[1]:%Y-%m}")
    return (days[0].replace(day=1), days[0]) if days else (None, None)


def _make_month(year: str, month: str | int) -> date:
    if int(year) < _FIRST_YEAR or not 1 <= int(month) <= 12:
        raise NotRecognized("no such month in the calendar")
    return date(int(year), int(month), 1)


def _from_numbers(match: re.Match[str], order: DateOrder) -> datetime:
    first, middle, last = match["first"], match["middle"], match["last"]
    if len(first) > 2:
        if len(first) == 3 or len(last) > 2:
            raise NotRecognized("not a date")
        year, month, day = int(first), int(middle), int(last)
    else:
        one, two, year = int(first), int(middle), _full_year(last)
        month_first = one <= 12 and (two > 12 or order is DateOrder.MONTH_FIRST)
        month, day = (one, two) if month_first else (two, one)
    return _make(year, month, day, *_time_of(match))


def _time_of(match: re.Match[str]) -> tuple[int, int, int]:
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise NotRecognized("no such time of the day")
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    return hour, int(match["minute"] or 0), int(match["second"] or 0)


def _full_year(digits: str) -> int:
    if len(digits) not in (2, 4):
        raise NotRecognized("not a year")
    return int(digits) if len(digits) == 4 else _add_century(int(digits))


def _add_century(year: int) -> int:
    return year + (1900 if year >= _PIVOT else 2000)


def _make(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    try:
        return datetime.combine(date(year, month, day), time(hour, minute, second))
    except ValueError:
        raise NotRecognized("no such day or time in the calendar") from None


def _from_count(text: str) -> datetime | None:
    """Return the time that a count of days or seconds stands for; None where the text is none."""
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


def _from_words(text: str, order: DateOrder) -> datetime:
    """Return a date with its month in words, as python-dateutil reads it.

    The library fills in missing parts, so two readings with different fillings must agree.
    """
    if len(text) > 60 or not any(c.isalpha() for c in text):
        raise NotRecognized("not a date")
    month_first = order is DateOrder.MONTH_FIRST
    try:
        readings = {
            _word_parser().parse(text, default=filling, dayfirst=not month_first, ignoretz=True)
            for filling in (_make(2000, 1, 1), _make(2004, 2, 2))
        }
    except (ValueError, OverflowError, AttributeError, TypeError, IndexError):
        # The library also lets errors of its own tokens slip through.
        raise NotRecognized("not a date") from None
    if len(readings) > 1 or not any(c.isdecimal() for c in text):
        raise NotRecognized("the day, the month or the year is not given")
    reading = readings.pop().replace(microsecond=0)
    if not any(word in MONTH_NUMBERS for word in re.findall(r"[^\W\d_]+", text.lower())):
        raise NotRecognized("not a date")
    return reading


@cache
def _word_parser() -> parser:
    """Return python-dateutil's parser with the names of months and weekdays in the known languages."""
    from dateutil.parser import parser, parserinfo

    class Names(parserinfo):
        # The stubs allow two or three names each; the library allows any number.
        MONTHS = cast(Any, _MONTHS)
        WEEKDAYS = cast(Any, _WEEKDAYS)
        JUMP = cast(Any, [*parserinfo.JUMP, *_BETWEEN])

        def convertyear(self, year: int, century_specified: bool = False) -> int:
            # The library's own pivot moves with today's date.
            return _add_century(year) if year < 100 and not century_specified else year

    return parser(Names())


@dataclass(slots=True)
class DateOrderEvidence:
    """Counts of the values of one column by the order that they allow, fed value by value.

    Attributes:
        day_first: values that can only be day first, such as 13/02/2026.
        month_first: values that can only be month first.
        ambiguous: values that could be either.
        dotted: ambiguous values written with dots.
    """

    day_first: int = 0
    month_first: int = 0
    ambiguous: int = 0
    dotted: int = 0

    def add(self, text: str) -> None:
        """Count one value; any text but a date of three numbers is ignored."""
        match = None if text[4:5] == "-" else _TWO_NUMBERS.match(text)
        if match is None:
            return
        first, second = int(match[1]), int(match[3])
        if first == second:
            return
        if 12 < first <= 31 and 1 <= second <= 12:
            self.day_first += 1
        elif 12 < second <= 31 and 1 <= first <= 12:
            self.month_first += 1
        elif 1 <= first <= 12 and 1 <= second <= 12:
            self.ambiguous += 1
            self.dotted += match[2] == "."

    def include(self, other: DateOrderEvidence) -> None:
        """Add the counts of other values of the same column."""
        self.day_first += other.day_first
        self.month_first += other.month_first
        self.ambiguous += other.ambiguous
        self.dotted += other.dotted

    @property
    def order(self) -> DateOrder | None:
        """The column's order; None where no value decides, or values contradict each other.

        Dates with dots are day first: no locale of the Unicode CLDR has month.day.year.
        """
        if self.contradictory:
            return None
        if self.month_first:
            return DateOrder.MONTH_FIRST
        if self.day_first or (self.ambiguous and self.ambiguous == self.dotted):
            return DateOrder.DAY_FIRST
        return None

    @property
    def is_proven(self) -> bool:
        """Whether some values allow one order only, and none the other order only."""
        return bool(self.day_first) != bool(self.month_first)

    @property
    def contradictory(self) -> bool:
        """Whether some values allow day first only and others month first only."""
        return bool(self.day_first and self.month_first)

    @property
    def undecidable(self) -> bool:
        """Whether some values are ambiguous and no other value decides."""
        return bool(self.ambiguous) and self.order is None


def find_common_order(columns: Iterable[DateOrderEvidence]) -> DateOrder | None:
    """Return the order that all decided columns of a file share; None where none is decided or two differ."""
    orders = {each.order for each in columns if each.order is not None or each.contradictory}
    return orders.pop() if len(orders) == 1 else None


def decide_date_order(values: Iterable[str]) -> DateOrder | None:
    """Return the order that a column's values prove; None where they prove none or both."""
    evidence = DateOrderEvidence()
    for value in values:
        evidence.add(value)
    return evidence.order


def is_ambiguous_date(text: str) -> bool:
    """Return whether a date means different days when read day first and month first."""
    evidence = DateOrderEvidence()
    evidence.add(text)
    return bool(evidence.ambiguous)
