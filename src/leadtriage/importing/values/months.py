"""Months: one cell to the first day of a calendar month, as budgets and bills are kept by month."""

from __future__ import annotations

import re
from datetime import date

from leadtriage.importing.values.cells import NotUnderstood, is_missing, plain
from leadtriage.importing.values.date_order import decide_date_order
from leadtriage.importing.values.dates import MONTH_NUMBERS, DateOrder, parse_date

_NUMBERS = re.compile(r"(?P<year>\d{4})\s?[-/.]\s?(?P<month>\d{1,2})|(?P<first>\d{1,2})\s?[-/.]\s?(?P<last>\d{4})")
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)")
_WORDS = re.compile(r"(?P<word>[^\W\d_]+)\.?[\s,/-]*(?P<year>\d{4})|(?P<before>\d{4})[\s,/-]*(?P<behind>[^\W\d_]+)\.?")

_FIRST_YEAR = 1900
"""A year before that is a slip of the keyboard."""


def parse_month(text: str) -> date | None:
    """Return the first day of a cell's month ("2026-10", "10/2026", "Oct 2026", any day); None where it is missing.

    Raises:
        NotUnderstood: it is no month, leaves out its year, or is a day that may be of two months.
    """
    return parse_month_or_day(text)[0]


def parse_month_or_day(text: str, order: DateOrder | None = None) -> tuple[date | None, date | None]:
    """Return the first day of a cell's month, and the day itself where the cell gives one; None for what is missing.

    Args:
        order: decides "03/04/2026", which else is refused; "03.04.2026" is day first then, as everywhere.

    Raises:
        NotUnderstood: as `parse_month`.
    """
    if is_missing(text):
        return None, None
    given = plain(text).strip("'\"").lower()
    numbers = _NUMBERS.fullmatch(given)
    if numbers:
        return _make(numbers["year"] or numbers["last"], numbers["month"] or numbers["first"]), None
    compact = _COMPACT.fullmatch(given)
    if compact:
        return _make(compact["year"], compact["month"]), None
    worded = _WORDS.fullmatch(given)
    if worded:
        number = MONTH_NUMBERS.get(worded["word"] or worded["behind"])
        if number is None:
            raise NotUnderstood("no month of that name")
        return _make(worded["year"] or worded["before"], number), None
    day = _read_day(given, order)
    return day and day.replace(day=1), day


def _read_day(text: str, order: DateOrder | None) -> date | None:
    """A whole day, which "03/04/2026" does not tell by itself."""
    likely = order or decide_date_order([text])
    days = sorted({day for each in ([likely] if likely else DateOrder) if (day := parse_date(text, each))})
    if len(days) > 1:
        raise NotUnderstood(f"it may be {days[0]:%Y-%m} or {days[1]:%Y-%m}")
    return days[0] if days else None


def _make(year: str, month: str | int) -> date:
    if int(year) < _FIRST_YEAR or not 1 <= int(month) <= 12:
        raise NotUnderstood("no such month in the calendar")
    return date(int(year), int(month), 1)
