"""How days, numbers and who did something are said to people, in English whatever the machine's language.

How text is compared: one comparable form, made once at the door and stored beside the text.

Rules never look at the text itself, so that every database compares the same plain characters.
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


def format_day(day: date, as_of: date | None = None) -> str:
    """Return "20 Nov 2026", without the year where `as_of` is of the same year."""
    text = f"{day.day} {_MONTHS[day.month - 1]}"
    return text if as_of is not None and day.year == as_of.year else f"{text} {day.year}"


def format_weekday(day: date, as_of: date) -> str:
    """Return "Fri 27 Nov"."""
    return f"{_WEEKDAYS[day.weekday()]} {format_day(day, as_of)}"


def format_count(number: int, one: str, many: str | None = None) -> str:
    """Return "1 lead" or "12 leads", with thousands apart."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def format_ids(ids: Sequence[int], most: int = 5) -> str:
    """Return "lead 7", "leads 3, 7 and 12" or "leads 3, 7, 12, 15, 18 and 40 more"."""
    parts = [str(lead_id) for lead_id in ids[:most]]
    if len(ids) > most:
        parts.append(f"{len(ids) - most:,} more")
    *first, last = parts
    said = f"{', '.join(first)} and {last}" if first else last
    return f"{'lead' if len(ids) == 1 else 'leads'} {said}"


def unknown_system_name(digest: str) -> str:
    """Return what stands for the system of a file of which nobody knows it: alike for files with the same headers.

    Args:
        digest: of the file's headers, in hexadecimal.
    """
    return f"{_UNKNOWN_SYSTEM}{digest[:_DIGITS]}"


def is_unknown_system(system: str) -> bool:
    """Whether it is one that `unknown_system_name` has named."""
    return re.fullmatch(rf"{_UNKNOWN_SYSTEM}[0-9a-f]{{{_DIGITS}}}", system) is not None


def format_author(by: str) -> str:
    """Return who did something, as people know them: "the file" for one whose system is not known."""
    return "the file" if is_unknown_system(by) else by


SEPARATOR = "\x1f"
"""Stands between the folded text and its words, where these differ. No folded text holds it."""

_ASCII_WORDS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))
"""For `str.translate`: what is no letter or digit becomes a space."""


def fold(text: str) -> str:
    """Return the text without regard to case, composed accents, surrounding or repeated white space.

    Canonical caseless matching of the Unicode Standard (section 3.13, D145), recomposed.
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    # str.split takes the separator for white space, so that none is left.
    return " ".join(folded.split())


def words(folded: str) -> str:
    """Return the words of a folded text with one space between them.

    A word is a maximal run of letters, marks and digits (Unicode categories L, M and N).
    """
    if folded.isascii():
        return " ".join(folded.translate(_ASCII_WORDS).split())
    spaced = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join(spaced.split())


def comparable(text: str) -> str:
    """Return the form in which rules compare a text.

    It is the folded text where that is nothing but words ("vice president"), else the folded text, the
    separator and its words between spaces ("vp, sales" becomes "vp, sales", separator, " vp sales ").
    So equal texts have equal forms, a whole word is found as " word " in the form between two spaces, and the folded
    text is what stands before the separator.
    """
    if text.isascii():
        folded = text.lower()
        if folded.isalnum():
            return folded
        if folded.replace(" ", "").isalnum():
            return " ".join(folded.split())
    folded = fold(text)
    spoken = words(folded)
    return folded if spoken == folded else f"{folded}{SEPARATOR} {spoken} "
