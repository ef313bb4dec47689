"""Dates and times: one cell to one calendar day or wall-clock time.

Which order of day and month a column uses is `date_order`'s to decide.

Which order of day and month a column of dates uses, gathered from all its values one by one.

Months: one cell to the first day of a calendar month, as budgets and bills are kept by month.
"""

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
        NotRecognized: it is no day of the calendar, or leaves out its year, month or day.
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
        NotRecognized: it is no time of the calendar, or leaves out its year, month or day.
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
            raise NotRecognized("not a date")
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
            raise NotRecognized("no such time of the day")
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    return hour, int(match["minute"] or 0), int(match["second"] or 0)


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    if len(digits) != 2:
        raise NotRecognized("not a year")
    return year + (1900 if year >= _PIVOT else 2000)


def _make(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    try:
        return datetime.combine(date(year, month, day), time(hour, minute, second))
    except ValueError:
        raise NotRecognized("no such day or time in the calendar") from None


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
        raise NotRecognized("not a date")
    month_first = order is DateOrder.MONTH_FIRST
    try:
        readings = {
            _word_parser().parse(text, default=filling, dayfirst=not month_first, ignoretz=True)
            for filling in (_make(2000, 1, 1), _make(2004, 2, 2))
        }
    except (ValueError, OverflowError, AttributeError, TypeError, IndexError):
        # Besides its own error the library lets slip whatever its tokens run into.
        raise NotRecognized("not a date") from None
    if len(readings) > 1 or not any(c.isdecimal() for c in text):
        raise NotRecognized("the day, the month or the year is not given")
    reading = readings.pop().replace(microsecond=0)
    if not any(word in MONTH_NUMBERS for word in re.findall(r"[^\W\d_]+", text.lower())):
        raise NotRecognized("not a date")
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


_TWO_NUMBERS = re.compile(r"\s*'?\"?(?:[A-Za-z]{2,10}\.?,?\s+)?(\d{1,2})([-/. ])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)")


@dataclass(slots=True)
class DateOrderEvidence:
    """What the values of one column say of their order; fed value by value, since rows are streamed.

    Attributes:
        day_first: how many can only be read day first, such as 13/02/2026.
        month_first: how many can only be read month first.
        ambiguous: how many could be either.
        dotted: how many of the ambiguous ones are written with dots.
    """

    day_first: int = 0
    month_first: int = 0
    ambiguous: int = 0
    dotted: int = 0

    def add(self, text: str) -> None:
        """Take one value into account; whatever is no such date says nothing."""
        if text[4:5] == "-":
            return
        match = _TWO_NUMBERS.match(text)
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
        """Take into account what other values of the same column said."""
        self.day_first += other.day_first
        self.month_first += other.month_first
        self.ambiguous += other.ambiguous
        self.dotted += other.dotted

    @property
    def order(self) -> DateOrder | None:
        """The column's order; None where no value decides, or they contradict each other.

        Where all that is open is written with dots, it is day first: no locale of the Unicode CLDR has month.day.year.
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
        """Whether some values can be read in this order only, and none in the other one only."""
        return bool(self.day_first) != bool(self.month_first)

    @property
    def contradictory(self) -> bool:
        """Whether some values can only be day first and others only month first."""
        return bool(self.day_first and self.month_first)

    @property
    def undecidable(self) -> bool:
        """Whether there are values that could be either, and nothing to decide by."""
        return bool(self.ambiguous) and self.order is None


def find_common_order(columns: Iterable[DateOrderEvidence]) -> DateOrder | None:
    """Return the order of all columns of a file that show one; None where none does, or one contradicts another."""
    orders = {each.order for each in columns if each.order is not None or each.contradictory}
    return orders.pop() if len(orders) == 1 else None


def decide_date_order(values: Iterable[str]) -> DateOrder | None:
    """Return the order that a column's values show; None where they show none, or contradict each other."""
    evidence = DateOrderEvidence()
    for value in values:
        evidence.add(value)
    return evidence.order


def is_ambiguous_date(text: str) -> bool:
    """Return whether a date could be read day first and month first, to different days."""
    evidence = DateOrderEvidence()
    evidence.add(text)
    return bool(evidence.ambiguous)


_NUMBERS = re.compile(r"(?P<year>\d{4})\s?[-/.]\s?(?P<month>\d{1,2})|(?P<first>\d{1,2})\s?[-/.]\s?(?P<last>\d{4})")
_COMPACT_MONTH = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)")
_WORDS = re.compile(r"(?P<word>[^\W\d_]+)\.?[\s,/-]*(?P<year>\d{4})|(?P<before>\d{4})[\s,/-]*(?P<behind>[^\W\d_]+)\.?")

_FIRST_YEAR = 1900
"""A year before that is a slip of the keyboard."""


def parse_month(text: str) -> date | None:
    """Return the first day of a cell's month ("2026-10", "10/2026", "Oct 2026", any day); None where it is missing.

    Raises:
        NotRecognized: it is no month, leaves out its year, or is a day that may be of two months.
    """
    return parse_month_or_day(text)[0]


def parse_month_or_day(text: str, order: DateOrder | None = None) -> tuple[date | None, date | None]:
    """Return the first day of a cell's month, and the day itself where the cell gives one; None for what is missing.

    Args:
        order: decides "03/04/2026", which else is refused; "03.04.2026" is day first then, as everywhere.

    Raises:
        NotRecognized: as `parse_month`.
    """
    if is_missing(text):
        return None, None
    given = plain(text).strip("'\"").lower()
    numbers = _NUMBERS.fullmatch(given)
    if numbers:
        return _make_month(numbers["year"] or numbers["last"], numbers["month"] or numbers["first"]), None
    compact = _COMPACT_MONTH.fullmatch(given)
    if compact:
        return _make_month(compact["year"], compact["month"]), None
    worded = _WORDS.fullmatch(given)
    if worded:
        number = MONTH_NUMBERS.get(worded["word"] or worded["behind"])
        if number is None:
            raise NotRecognized("no month of that name")
        return _make_month(worded["year"] or worded["before"], number), None
    day = _read_day(given, order)
    return day and day.replace(day=1), day


def _read_day(text: str, order: DateOrder | None) -> date | None:
    """A whole day, which "03/04/2026" does not tell by itself."""
    likely = order or decide_date_order([text])
    days = sorted({day for each in ([likely] if likely else DateOrder) if (day := parse_date(text, each))})
    if len(days) > 1:
        raise NotRecognized(f"it may be {days[0]:%Y-%m} or {days[1]:%Y-%m}")
    return days[0] if days else None


def _make_month(year: str, month: str | int) -> date:
    if int(year) < _FIRST_YEAR or not 1 <= int(month) <= 12:
        raise NotRecognized("no such month in the calendar")
    return date(int(year), int(month), 1)
