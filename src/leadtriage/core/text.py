"""Days, numbers and names as English text, and the comparable form of texts.

A text is stored with its comparable form, so that every database compares the same plain characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNKNOWN_SYSTEM = "file-"
_DIGITS = 4

SEPARATOR = "\x1f"
"""Separates a folded text from its words in the comparable form; no folded text contains it."""

_ASCII_WORDS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))
"""For `str.translate`: everything except letters and digits becomes a space."""


def format_day(day: date, as_of: date | None = None) -> str:
    """Return "20 Nov 2026", without the year if it is that of `as_of`."""
    text = f"{day.day} {_MONTHS[day.month - 1]}"
    return text if as_of is not None and day.year == as_of.year else f"{text} {day.year}"


def format_weekday(day: date, as_of: date) -> str:
    """Return "Fri 27 Nov"."""
    return f"{_WEEKDAYS[day.weekday()]} {format_day(day, as_of)}"


def format_count(number: int, one: str, many: str | None = None) -> str:
    """Return "1 lead" or "12,000 leads"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def format_ids(ids: Sequence[int], most: int = 5) -> str:
    """Return "lead 7", "leads 3, 7 and 12" or "leads 3, 7, 12, 15, 18 and 40 more"."""
    parts = [str(lead_id) for lead_id in ids[:most]]
    if len(ids) > most:
        parts.append(f"{len(ids) - most:,} more")
    *first, last = parts
    listed = f"{', '.join(first)} and {last}" if first else last
    return f"{'lead' if len(ids) == 1 else 'leads'} {listed}"


def unknown_system_name(digest: str) -> str:
    """Return a name for the unknown system of a file, the same for all files with these headers.

    Args:
        digest: the hexadecimal digest of the file's headers.
    """
    return f"{_UNKNOWN_SYSTEM}{digest[:_DIGITS]}"


def is_unknown_system(system: str) -> bool:
    """Whether a name comes from `unknown_system_name`."""
    return re.fullmatch(rf"{_UNKNOWN_SYSTEM}[0-9a-f]{{{_DIGITS}}}", system) is not None


def format_author(by: str) -> str:
    """Return who did something: a name, or "the file" for an unknown system."""
    return "the file" if is_unknown_system(by) else by


def fold(text: str) -> str:
    """Return a text without differences in case, accent composition and white space.

    Canonical caseless matching of the Unicode Standard (section 3.13, D145), recomposed.
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    # str.split takes the separator for white space, so none is left.
    return " ".join(folded.split())


def words(folded: str) -> str:
    """Return the words of a folded text, separated by spaces.

    A word is a maximal run of letters, marks and digits (Unicode categories L, M and N).
    """
    if folded.isascii():
        return " ".join(folded.translate(_ASCII_WORDS).split())
    spaced = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join(spaced.split())


def comparable(text: str) -> str:
    """Return the form in which rules compare a text.

    A text of words only is just folded: "vice president". Any other is the folded text, the separator, and its words
    between spaces: "vp, sales" becomes "vp, sales", separator, " vp sales ". So equal texts have equal forms, and a
    whole word is found as " word " in the form with a space at each end.
    """
    if text.isascii():
        folded = text.lower()
        if folded.isalnum():
            return folded
        if folded.replace(" ", "").isalnum():
            return " ".join(folded.split())
    folded = fold(text)
    separated = words(folded)
    return folded if separated == folded else f"{folded}{SEPARATOR} {separated} "
