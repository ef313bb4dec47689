"""Numbers, head counts and sums of money: "5k-10k", "over 1,200", "1.5 Mio", "up to 80 lakh".

All count in decimals, never in floats. A range gives its lower end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from leadtriage.importing.normalize.cells import NotRecognized, is_missing, plain, words
from leadtriage.importing.normalize.currencies import choose_currency, currencies_of_mark, find_currency

_LARGEST_WHOLE = 10**18
"""Just below 2 ** 63, where whole numbers of the databases end."""
_LONGEST_NUMERAL = 40

_SCALES = {
    word: Decimal(10) ** power
    for name, power in (("thousand", 3), ("lakh", 5), ("million", 6), ("crore", 7), ("billion", 9))
    for word in words("amounts", name)
}
_LOWER = words("amounts", "lower")
_UPPER = words("amounts", "upper")
_RANGE = words("amounts", "range")
_FILLERS = words("amounts", "fillers")
_PEOPLE = words("amounts", "people")
_JUST_ONE = words("amounts", "just_one")
_YEARLY = words("amounts", "yearly")
_PERCENT = frozenset({"%"})

_TOKEN = re.compile(r"[.,]?\d+(?:[.,' ]\d+)*|\.{2,3}|[<>=]=?|=[<>]|[^\W\d_]+|\S")
_LABELLED = re.compile(r"[^\d()]*[^\W\d_][^\d()]*\(([^()]*\d[^()]*)\)")
"""An amount behind its name in a list of choices: "Small business (1-50)"."""
_NO_CENTS = re.compile(r"(?<=\d)[.,]-+(?!\d)")
"""The dash for the cents in "5'000.-"."""
_WESTERN = re.compile(r"\d{1,3}(?:-\d{3})+|\d+")
_INDIAN = re.compile(r"\d{1,2}(?:-\d{2})*-\d{3}")
_MACHINE = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?(?:e[+-]?\d{1,2})?", re.ASCII)
_LONE_DOT = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_MINUS = re.compile(r"-\s?[.,]?\d[\d.,' ]*")
_MARK = re.compile(r"[A-Za-z]{0,2}[$]|[€£¥₹₽₺₩₪฿₫₴₦₱₡₸₲₵]|[^\W\d_]+\.?")
_GLUED = re.compile(r"(\d)\s?(k|m|mio|bn|tsd)(usd|eur|gbp|chf|inr|cad|aud|euros?)\b", re.IGNORECASE)
"""Scale and currency written as one word: "5keur"."""
_NEGATIVE = re.compile(r"(?P<before>[^\d-]*)-(?P<behind>[^-]*)|\((?P<accounted>[^()]+)\)")
"""A sum below 0: with a minus before its digits, or in the parentheses of accountants."""


class _LoneDot(Enum):
    """How to read "1.234", which may be 1234 or 1.234, where nothing else in the text decides."""

    GROUPS = "1234"
    DECIMAL = "1.234"
    REFUSED = "not recognised"


@dataclass(frozen=True, slots=True)
class _Amount:
    """What a text proves of an amount.

    Attributes:
        low: the number itself, or the lower end of a range; 0 where the text gives an upper end alone ("under 5k").
        only_upper: the text gives an upper end alone.
        is_exact: the text gives one number, no range or bound.
    """

    low: Decimal
    only_upper: bool = False
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Money:
    """A sum of money.

    Attributes:
        amount: in whole minor units, such as cents.
        currency: its code in ISO 4217.
        marked: whether the text itself named the currency.
    """

    amount: int
    currency: str
    marked: bool


def parse_number(text: str) -> int | float | None:
    """Return the number in a cell, whole where it is whole.

    Programs' notation is read ("-1", "1.5e-05"). "<10" is 0, its proven lower end. "1,200" is 1200, but "1.200" is
    not recognised, since it may be 1200 or 1.2.
    """
    if text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    if is_missing(text):
        return None
    given = plain(text).lower()
    if _MACHINE.fullmatch(given) and not _LONE_DOT.fullmatch(given):
        value = Decimal(given)
    else:
        sign, digits = (-1, given.lstrip("- ")) if _MINUS.fullmatch(given) else (1, given)
        value = sign * _parse_amount(digits, _LoneDot.REFUSED, _PERCENT).low
    if abs(value) >= _LARGEST_WHOLE:
        raise NotRecognized("too large")
    return int(value) if value == int(value) else float(value)


def parse_count(text: str) -> int | None:
    """Return how many people a cell speaks of: "51-200", "500+", "self-employed".

    People are counted whole, so "1.200" is 1200; "fewer than 10" are at least 1.
    """
    if text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    if is_missing(text):
        return None
    given = plain(text).lower()
    if given in _JUST_ONE:
        return 1
    amount = _parse_amount(given, _LoneDot.GROUPS, _PEOPLE)
    if amount.low >= _LARGEST_WHOLE:
        raise NotRecognized("too large")
    return 1 if amount.only_upper else int(amount.low)


def parse_money(text: str, currency: str) -> Money | None:
    """Return the sum in a cell; "$5k-10k" is 5000, and "under 5k" is 0, its proven lower end.

    "$" is the given currency where that is a dollar, else USD. "1,234" groups digits. "1.234" does so where the
    currency's countries write it, is a decimal where the currency has three, and is not recognised elsewhere.
    Decimals beyond the minor unit are rounded half up.

    Args:
        currency: ISO 4217 code for a sum without a mark.
    """
    if text.isdecimal() and text.isascii() and len(text) < 15:
        return Money(int(text) * 10 ** find_currency(currency).digits, currency, False)
    whole, dot, cents = text.partition(".")
    if dot and whole and 0 < len(cents) < 3 and len(whole) < 15 and (whole + cents).isdecimal() and text.isascii():
        digits = find_currency(currency).digits
        if digits >= len(cents):
            return Money(int(whole + cents) * 10 ** (digits - len(cents)), currency, False)
    return None if is_missing(text) else _parse_marked(text, currency, _YEARLY)[0]


def parse_exact_money(text: str, currency: str) -> Money | None:
    """Return the one exact sum in a cell, below 0 with a minus or in parentheses.

    Reads marks, decimals and grouped digits as `parse_money` does. A range, a bound ("under 5k"), a sum per year and
    parts of a minor unit are not recognised.
    """
    if is_missing(text):
        return None
    bare = plain(text)
    if negative := _NEGATIVE.fullmatch(bare):
        bare = negative["accounted"] or f"{negative['before']}{negative['behind']}"
    money, amount = _parse_marked(bare, currency, frozenset())
    if not amount.is_exact:
        raise NotRecognized("not one exact sum")
    digits = find_currency(money.currency).digits
    if amount.low.scaleb(digits) % 1:
        raise NotRecognized(f"{money.currency} has {'no' if digits == 0 else digits} decimals")
    return replace(money, amount=-money.amount) if negative else money


def _parse_marked(text: str, currency: str, allowed: frozenset[str]) -> tuple[Money, _Amount]:
    """Return a sum in minor units by its lower end, and the amount as the text gives it."""
    marks: list[frozenset[str]] = []

    def take_mark(match: re.Match[str]) -> str:
        codes = currencies_of_mark(match[0])
        if "$" in match[0] and not codes:
            raise NotRecognized(f"{match[0]!r} is no known currency")
        if not codes:
            return match[0]
        marks.append(codes)
        return " "

    bare = _MARK.sub(take_mark, _GLUED.sub(r"\1\2 \3", plain(text.replace("_", " ")))).lower()
    chosen = choose_currency(marks, currency)
    found = find_currency(chosen or currency)
    dot = _LoneDot.DECIMAL if found.digits == 3 else _LoneDot.GROUPS if found.dot_groups else _LoneDot.REFUSED
    amount = _parse_amount(" ".join(bare.split()), dot, allowed)
    if amount.low >= _LARGEST_WHOLE // 10 ** max(found.digits, 3):
        raise NotRecognized("too large")
    minor = amount.low.scaleb(found.digits).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(minor), found.code, chosen is not None), amount


def _parse_amount(text: str, lone_dot: _LoneDot, allowed: frozenset[str]) -> _Amount:
    """Return what a plain, lower-case text proves of one amount.

    Args:
        allowed: further words that may stand anywhere and change nothing, such as "employees".
    """
    if labelled := _LABELLED.fullmatch(text):
        text = labelled[1]
    text = _NO_CENTS.sub("", text.replace("_", " "))
    numbers: list[tuple[str, Decimal | None]] = []
    lower = upper = ranged = False
    previous = ""
    for token in _TOKEN.findall(text):
        if token[-1].isdecimal():
            if numbers and not ranged:
                raise NotRecognized("more than one number")
            numbers.append((token, None))
        elif token in _SCALES and previous[-1:].isdecimal() and numbers:
            numbers[-1] = (numbers[-1][0], _SCALES[token])
        elif token in {"-", "("} and not numbers:
            # Accountants write (1,000) for -1,000.
            raise NotRecognized("negative")
        elif token == "up":
            lower, upper = lower or bool(numbers), upper or not numbers
        elif token == "bis" and not numbers:
            upper = True
        elif token in _RANGE and len(numbers) == 1 and not ranged:
            ranged = True
        elif token in _LOWER:
            lower = True
        elif token in _UPPER:
            upper = True
        elif token not in _FILLERS and token not in _RANGE and token not in allowed:
            raise NotRecognized(f"{token!r} is not recognised" if len(token) < 30 else "not an amount")
        previous = token
    if not numbers:
        raise NotRecognized("no number")
    if len(numbers) > 2 or (lower and upper) or (upper and len(numbers) == 2):
        raise NotRecognized("not one amount")
    if ranged and len(numbers) == 1 and not lower:
        raise NotRecognized("a range without its other end")
    if upper:
        return _Amount(Decimal(0), only_upper=True)
    return _Amount(_lower_end(numbers, lone_dot), is_exact=not lower and len(numbers) == 1)


def _lower_end(numbers: list[tuple[str, Decimal | None]], lone_dot: _LoneDot) -> Decimal:
    """Return the lower end; in "5-10k" it takes the scale of the upper end, in "500-1k" it does not."""
    (low, low_scale), *higher = [(_parse_numeral(text, lone_dot, scaled=bool(scale)), scale) for text, scale in numbers]
    if not higher:
        return low * (low_scale or 1)
    high, high_scale = higher[0]
    if low_scale is None and low < high:
        low_scale = high_scale
    low, high = low * (low_scale or 1), high * (high_scale or 1)
    if low > high:
        raise NotRecognized("a range that runs downwards")
    return low


def _parse_numeral(numeral: str, lone_dot: _LoneDot, *, scaled: bool) -> Decimal:
    """Return the value of digits with their separators.

    The last of two different separators is the decimal one. One that repeats groups digits by threes, or in the Indian
    way (12,34,567). A lone comma before exactly three digits groups them; for a lone dot `lone_dot` decides.

    Args:
        scaled: a word such as "million" follows: then "1.234" is a decimal and "1,234" may be either.
    """
    if len(numeral) > _LONGEST_NUMERAL:
        raise NotRecognized("too many digits")
    if numeral.isdecimal():
        return Decimal(numeral)
    for mark in ("'", " "):
        if mark in numeral:
            cut = max(numeral.rfind("."), numeral.rfind(","))
            if cut > numeral.rfind(mark):
                return Decimal(f"{_ungroup(numeral[:cut], mark)}.{numeral[cut + 1 :]}")
            return Decimal(_ungroup(numeral, mark))
    mark = "." if numeral.rfind(".") > numeral.rfind(",") else ","
    whole, _, fraction = numeral.rpartition(mark)
    if "." in numeral and "," in numeral:
        return Decimal(f"{_ungroup(whole, ',' if mark == '.' else '.')}.{fraction}")
    if mark in whole:
        return Decimal(_ungroup(numeral, mark))
    if len(fraction) != 3 or not 0 < len(whole) < 4 or whole[0] == "0":
        return Decimal(f"{whole or 0}.{fraction}")
    if mark == "," and scaled:
        raise NotRecognized(f"{numeral} may be {whole}{fraction} or {whole}.{fraction}")
    if mark == "." and (scaled or lone_dot is _LoneDot.DECIMAL):
        return Decimal(numeral)
    if mark == "." and lone_dot is _LoneDot.REFUSED:
        raise NotRecognized(f"{numeral} may be {whole}{fraction} or {numeral}")
    return Decimal(whole + fraction)


def _ungroup(digits: str, mark: str) -> str:
    grouped = digits.replace(mark, "-")
    if _WESTERN.fullmatch(grouped) or (mark == "," and _INDIAN.fullmatch(grouped)):
        return grouped.replace("-", "")
    raise NotRecognized("the digits are grouped in no known way")
