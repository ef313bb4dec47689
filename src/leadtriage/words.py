"""How days, numbers and who did something are said to people, in English whatever the machine's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNKNOWN_SYSTEM = "file-"
_DIGITS = 4


def say_day(day: date, as_of: date | None = None) -> str:
    """Return "20 Nov 2026", without the year where `as_of` is of the same year."""
    text = f"{day.day} {_MONTHS[day.month - 1]}"
    return text if as_of is not None and day.year == as_of.year else f"{text} {day.year}"


def say_weekday(day: date, as_of: date) -> str:
    """Return "Fri 27 Nov"."""
    return f"{_WEEKDAYS[day.weekday()]} {say_day(day, as_of)}"


def count_of(number: int, one: str, many: str | None = None) -> str:
    """Return "1 lead" or "12 leads", with thousands apart."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def list_ids(ids: Sequence[int], most: int = 5) -> str:
    """Return "lead 7", "leads 3, 7 and 12" or "leads 3, 7, 12, 15, 18 and 40 more"."""
    parts = [str(lead_id) for lead_id in ids[:most]]
    if len(ids) > most:
        parts.append(f"{len(ids) - most:,} more")
    *first, last = parts
    said = f"{', '.join(first)} and {last}" if first else last
    return f"{'lead' if len(ids) == 1 else 'leads'} {said}"


def name_unknown_system(digest: str) -> str:
    """Return what stands for the system of a file of which nobody knows it: alike for files with the same headers.

    Args:
        digest: of the file's headers, in hexadecimal.
    """
    return f"{_UNKNOWN_SYSTEM}{digest[:_DIGITS]}"


def is_unknown_system(system: str) -> bool:
    """Whether it is one that `name_unknown_system` has named."""
    return re.fullmatch(rf"{_UNKNOWN_SYSTEM}[0-9a-f]{{{_DIGITS}}}", system) is not None


def say_who(by: str) -> str:
    """Return who did something, as people know them: "the file" for one whose system is not known."""
    return "the file" if is_unknown_system(by) else by
