"""Sums of money: one cell to whole minor units with their currency. Decimals throughout, never floats."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from leadtriage.importing.values.amounts import LARGEST_WHOLE, Amount, LoneDot, read_amount
from leadtriage.importing.values.cells import NotUnderstood, is_missing, plain
from leadtriage.importing.values.currencies import (
    Currency,
    choose_currency,
    currencies_of_mark,
    find_currency,
    minor_digits,
)
from leadtriage.importing.values.lexicon import words


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
        NotUnderstood: it is no sum, a negative one, one per month, or may be two different ones.
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
        NotUnderstood: it is no sum, or may be two different ones.
    """
    if is_missing(text):
        return None
    bare = plain(text)
    negative = _NEGATIVE.fullmatch(bare)
    if negative:
        bare = negative["accounted"] or f"{negative['before']}{negative['behind']}"
    money, amount = _read_marked(bare, currency, frozenset())
    if not amount.is_exact:
        raise NotUnderstood("not one exact sum")
    digits = find_currency(money.currency).digits
    if amount.low.scaleb(digits) % 1:
        raise NotUnderstood(f"{money.currency} has {'no' if digits == 0 else digits} decimals")
    return replace(money, amount=-money.amount) if negative else money


def _read_marked(text: str, currency: str, allowed: frozenset[str]) -> tuple[Money, Amount]:
    """Read a sum with or without a mark: in minor units by its lower end, and as the text gives it."""
    marks: list[frozenset[str]] = []

    def take_mark(match: re.Match[str]) -> str:
        codes = currencies_of_mark(match[0])
        if "$" in match[0] and not codes:
            raise NotUnderstood(f"{match[0]!r} is no known currency")
        if not codes:
            return match[0]
        marks.append(codes)
        return " "

    bare = _MARK.sub(take_mark, _GLUED.sub(r"\1\2 \3", plain(text.replace("_", " ")))).lower()
    chosen = choose_currency(marks, currency)
    in_currency = find_currency(chosen or currency)
    amount = read_amount(" ".join(bare.split()), lone_dot=_lone_dot(in_currency), allowed=allowed)
    if amount.low >= LARGEST_WHOLE // 1000:
        raise NotUnderstood("too large")
    minor = amount.low.scaleb(in_currency.digits).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(minor), in_currency.code, chosen is not None), amount


def _lone_dot(currency: Currency) -> LoneDot:
    if currency.digits == 3:
        return LoneDot.DECIMAL
    return LoneDot.GROUPS if currency.dot_groups else LoneDot.REFUSED
