"""Numbers and head counts: one cell to one number, a range by its lower end; sums of money are `money`'s."""

from __future__ import annotations

import re
from decimal import Decimal

from leadtriage.importing.values.amounts import LARGEST_WHOLE, LoneDot, read_amount
from leadtriage.importing.values.cells import NotUnderstood, is_missing, plain
from leadtriage.importing.values.lexicon import words

_MACHINE = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?(?:e[+-]?\d{1,2})?", re.ASCII)
_LONE_DOT = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_PERCENT = frozenset({"%"})
_PEOPLE = words("amounts", "people")
_JUST_ONE = words("amounts", "just_one")


def parse_number(text: str) -> int | float | None:
    """Return the number in a cell: whole where it is whole, a range by its lower end, None where it is missing.

    A minus sign and the notation of programs ("-1", "1.5e-05") are read. "<10" is 0, its proven lower end. "1,200" is
    1200, but "1.200" is refused, since it may be 1200 or 1.2.

    Raises:
        NotUnderstood: it is no number, or may be two different ones.
    """
    if text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    if is_missing(text):
        return None
    given = plain(text).lower()
    if _MACHINE.fullmatch(given) and not _LONE_DOT.fullmatch(given):
        return _narrow(Decimal(given))
    sign = -1 if re.fullmatch(r"-\s?[.,]?\d[\d.,' ]*", given) else 1
    return _narrow(
        sign * read_amount(given.lstrip("- ") if sign < 0 else given, lone_dot=LoneDot.REFUSED, allowed=_PERCENT).low
    )


def parse_count(text: str) -> int | None:
    """Return how many people a cell speaks of ("51-200", "500+", "self-employed"); None where it is missing.

    A range counts by its lower end. People are counted whole, so "1.200" is 1200; "fewer than 10" are at least 1.

    Raises:
        NotUnderstood: it is no number of people.
    """
    if text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    if is_missing(text):
        return None
    given = plain(text).lower()
    if given in _JUST_ONE:
        return 1
    amount = read_amount(given, lone_dot=LoneDot.GROUPS, allowed=_PEOPLE)
    if amount.only_upper:
        return 1
    if amount.low >= LARGEST_WHOLE:
        raise NotUnderstood("too large")
    return int(amount.low)


def _narrow(value: Decimal) -> int | float:
    if abs(value) >= LARGEST_WHOLE:
        raise NotUnderstood("too large")
    return int(value) if value == int(value) else float(value)
