"""The grammar of amounts in people's words: "5k-10k", "over 1,200", "1.5 Mio", "up to 80 lakh".

It reads the shape and nothing else; what an amount is of, and which words may stand beside it, is up to its caller.

Numbers and head counts: one cell to one number, a range by its lower end; sums of money are `money`'s.

Sums of money: one cell to whole minor units with their currency. Decimals throughout, never floats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from leadtriage.importing.normalize.cells import NotRecognized, is_missing, plain, words
from leadtriage.importing.normalize.currencies import (
    Currency,
    choose_currency,
    currencies_of_mark,
    find_currency,
    minor_digits,
)

LARGEST_WHOLE = 10**18
"""Whole numbers of the databases end at 2 ** 63, a little above."""


class LoneDot(Enum):
    """How "1.234", which may be 1234 or 1.234, is read where nothing else in the text decides."""

    GROUPS = "1234"
    DECIMAL = "1.234"
    REFUSED = "not understood"


@dataclass(frozen=True, slots=True)
class Amount:
    """What is proven of an amount.

    Attributes:
        low: the lower end of a range, else the number itself; 0 where only an upper end is given.
        only_upper: the text gives an upper end alone ("under 5k").
        is_exact: it gives one number and no range or bound.
    """

    low: Decimal
    only_upper: bool
    is_exact: bool = False


_SCALES = {
    word: Decimal(10) ** power
    for name, power in (("thousand", 3), ("lakh", 5), ("million", 6), ("crore", 7), ("billion", 9))
    for word in words("amounts", name)
}
_LOWER = words("amounts", "lower")
_UPPER = words("amounts", "upper")
_RANGE = words("amounts", "range")
_FILLERS = words("amounts", "fillers")
_TOKEN = re.compile(r"[.,]?\d+(?:[.,' ]\d+)*|\.{2,3}|[<>=]=?|=[<>]|[^\W\d_]+|\S")
_LABELLED = re.compile(r"[^\d()]*[^\W\d_][^\d()]*\(([^()]*\d[^()]*)\)")
"""An amount behind its name in a list of choices: "Small business (1-50)"."""
_NO_CENTS = re.compile(r"(?<=\d)[.,]-+(?!\d)")
"""The dash for the cents in "5'000.-"."""
_LONGEST_NUMERAL = 40


def read_amount(text: str, *, lone_dot: LoneDot, allowed: frozenset[str] = frozenset()) -> Amount:
    """Return what is proven of the amount that a plain, lower-case text gives.

    Args:
        lone_dot: how a lone dot before exactly three digits is read.
        allowed: further words that may stand anywhere and say nothing of the amount, such as "employees".

    Raises:
        NotRecognized: it is no amount, a negative one, or may be several.
    """
    labelled = _LABELLED.fullmatch(text)
    if labelled:
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
            raise NotRecognized(f"{token!r} is not understood" if len(token) < 30 else "not an amount")
        previous = token
    if not numbers:
        raise NotRecognized("no number")
    if len(numbers) > 2 or (lower and upper) or (upper and len(numbers) == 2):
        raise NotRecognized("not one amount")
    if ranged and len(numbers) == 1 and not lower:
        raise NotRecognized("a range without its other end")
    if upper:
        return Amount(Decimal(0), only_upper=True)
    return Amount(_lower_end(numbers, lone_dot), only_upper=False, is_exact=not lower and len(numbers) == 1)


def _lower_end(numbers: list[tuple[str, Decimal | None]], lone_dot: LoneDot) -> Decimal:
    """Return the lower end; in "5-10k" it has the scale of the upper one, in "500-1k" it has not."""
    low_text, low_scale = numbers[0]
    low = read_numeral(low_text, lone_dot, scaled=low_scale is not None)
    if len(numbers) == 1:
        return low * (low_scale or 1)
    high_text, high_scale = numbers[1]
    high = read_numeral(high_text, lone_dot, scaled=high_scale is not None)
    if low_scale is None and high_scale is not None and low < high:
        low_scale = high_scale
    low, high = low * (low_scale or 1), high * (high_scale or 1)
    if low > high:
        raise NotRecognized("a range that runs downwards")
    return low


def read_numeral(numeral: str, lone_dot: LoneDot, *, scaled: bool = False) -> Decimal:
    """Return the value of digits with their separators.

    The last of two different separators is the decimal one; one that repeats groups digits (by threes, or in the
    Indian way 12,34,567); a lone comma before exactly three digits groups them, a lone dot there does as `lone_dot`
    says.

    Args:
        scaled: a word such as "million" follows: then "1.234" is a decimal and "1,234" may be either.

    Raises:
        NotRecognized: the grouping is none, or the number may mean two things.
    """
    if len(numeral) > _LONGEST_NUMERAL:
        raise NotRecognized("too many digits")
    if numeral.isdecimal():
        return Decimal(numeral)
    if "'" in numeral or " " in numeral:
        return _read_spaced(numeral)
    dots, commas = numeral.count("."), numeral.count(",")
    if dots and commas:
        mark = "." if numeral.rfind(".") > numeral.rfind(",") else ","
        if numeral.count(mark) > 1:
            raise NotRecognized("the digits are grouped in no known way")
        whole, _, fraction = numeral.partition(mark)
        return Decimal(f"{_ungroup(whole, ',' if mark == '.' else '.')}.{fraction}")
    mark = "." if dots else ","
    if dots + commas > 1:
        return Decimal(_ungroup(numeral, mark))
    whole, _, fraction = numeral.partition(mark)
    if len(fraction) != 3 or not 0 < len(whole) < 4 or whole[0] == "0":
        return Decimal(f"{whole or 0}.{fraction}")
    if mark == ",":
        if scaled:
            raise NotRecognized(f"{numeral} may be {whole}{fraction} or {whole}.{fraction}")
        return Decimal(whole + fraction)
    if scaled or lone_dot is LoneDot.DECIMAL:
        return Decimal(numeral)
    if lone_dot is LoneDot.REFUSED:
        raise NotRecognized(f"{numeral} may be {whole}{fraction} or {numeral}")
    return Decimal(whole + fraction)


def _read_spaced(numeral: str) -> Decimal:
    """Return the value of digits grouped by spaces or, in the Swiss way, apostrophes."""
    mark = "'" if "'" in numeral else " "
    cut = max(numeral.rfind("."), numeral.rfind(","))
    last_group = numeral.rfind(mark)
    if cut > last_group:
        return Decimal(f"{_ungroup(numeral[:cut], mark)}.{numeral[cut + 1 :]}")
    return Decimal(_ungroup(numeral, mark))


_WESTERN = re.compile(r"\d{1,3}(?:-\d{3})+|\d+")
_INDIAN = re.compile(r"\d{1,2}(?:-\d{2})*-\d{3}")


def _ungroup(digits: str, mark: str) -> str:
    grouped = digits.replace(mark, "-")
    if _WESTERN.fullmatch(grouped) or (mark == "," and _INDIAN.fullmatch(grouped)):
        return grouped.replace("-", "")
    raise NotRecognized("the digits are grouped in no known way")


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
        NotRecognized: it is no number, or may be two different ones.
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
        NotRecognized: it is no number of people.
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
        raise NotRecognized("too large")
    return int(amount.low)


def _narrow(value: Decimal) -> int | float:
    if abs(value) >= LARGEST_WHOLE:
        raise NotRecognized("too large")
    return int(value) if value == int(value) else float(value)


@dataclass(frozen=True, slots=True)
class Money:
    """A sum of money.

    Attributes:
        amount: in whole minor units, such as cents.
        currency: its three letters in ISO 4217.
        marked: whether the text itself named the currency.
    """

    amount: int
    currency: str
    marked: bool


_YEARLY = words("amounts", "yearly")
_MARK = re.compile(r"[A-Za-z]{0,2}[$]|[€£¥₹₽₺₩₪฿₫₴₦₱₡₸₲₵]|[^\W\d_]+\.?")
_GLUED = re.compile(r"(\d)\s?(k|m|mio|bn|tsd)(usd|eur|gbp|chf|inr|cad|aud|euros?)\b", re.IGNORECASE)
"""Scale and currency written as one word: "5keur"."""
_NEGATIVE = re.compile(r"(?P<before>[^\d-]*)-(?P<behind>[^-]*)|\((?P<accounted>[^()]+)\)")
"""A sum below 0: with a minus before its digits, or in the parentheses of accountants."""


def parse_money(text: str, currency: str) -> Money | None:
    """Return the sum in a cell, a range by its lower end ("$5k-10k" is 5000), None where it is missing.

    "under 5k" is 0: that is what it proves, and it is an answer. "$" is the given currency where that is a dollar, else
    USD. "1,234" groups digits; "1.234" does where the currency's places write so, is a decimal where it has three of
    them, and is refused elsewhere. Decimals beyond the minor unit are rounded half up.

    Args:
        currency: what a sum without a mark is in, as ISO 4217.

    Raises:
        NotRecognized: it is no sum, a negative one, one per month, or may be two different ones.
    """
    if text.isdecimal() and text.isascii() and len(text) < 15:
        return Money(int(text) * 10 ** minor_digits(currency), currency, False)
    whole, dot, cents = text.partition(".")
    if dot and whole and 0 < len(cents) < 3 and len(whole) < 15 and (whole + cents).isdecimal() and text.isascii():
        digits = minor_digits(currency)
        if digits >= len(cents):
            return Money(int(whole + cents) * 10 ** (digits - len(cents)), currency, False)
    return None if is_missing(text) else _read_marked(text, currency, _YEARLY)[0]


def parse_exact_money(text: str, currency: str) -> Money | None:
    """Return the one sum that a cell gives, below 0 with a minus or in parentheses; None where it is missing.

    Marks, decimals and grouped digits are read as by `parse_money`; a range, a bound ("under 5k") and a sum per year
    are refused, since they are no exact sums; so are parts of a minor unit.

    Args:
        currency: what a sum without a mark is in, as ISO 4217.

    Raises:
        NotRecognized: it is no sum, or may be two different ones.
    """
    if is_missing(text):
        return None
    bare = plain(text)
    negative = _NEGATIVE.fullmatch(bare)
    if negative:
        bare = negative["accounted"] or f"{negative['before']}{negative['behind']}"
    money, amount = _read_marked(bare, currency, frozenset())
    if not amount.is_exact:
        raise NotRecognized("not one exact sum")
    digits = find_currency(money.currency).digits
    if amount.low.scaleb(digits) % 1:
        raise NotRecognized(f"{money.currency} has {'no' if digits == 0 else digits} decimals")
    return replace(money, amount=-money.amount) if negative else money


def _read_marked(text: str, currency: str, allowed: frozenset[str]) -> tuple[Money, Amount]:
    """Read a sum with or without a mark: in minor units by its lower end, and as the text gives it."""
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
    in_currency = find_currency(chosen or currency)
    amount = read_amount(" ".join(bare.split()), lone_dot=_lone_dot(in_currency), allowed=allowed)
    if amount.low >= LARGEST_WHOLE // 1000:
        raise NotRecognized("too large")
    minor = amount.low.scaleb(in_currency.digits).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(minor), in_currency.code, chosen is not None), amount


def _lone_dot(currency: Currency) -> LoneDot:
    if currency.digits == 3:
        return LoneDot.DECIMAL
    return LoneDot.GROUPS if currency.dot_groups else LoneDot.REFUSED
