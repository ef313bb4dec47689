"""Sums of money: one cell to whole minor units with their currency. Decimals throughout, never floats."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from leadtriage.importing.values.amounts import LoneDot, read_amount
from leadtriage.importing.values.cells import NotUnderstood, is_missing, plain
from leadtriage.importing.values.counts import LARGEST_WHOLE
from leadtriage.importing.values.lexicon import packaged_lines, words


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


_SYMBOLS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "฿": "THB", "₫": "VND",
    "₴": "UAH", "₦": "NGN", "₱": "PHP", "₡": "CRC", "₸": "KZT", "₲": "PYG", "₵": "GHS", "us$": "USD", "a$": "AUD",
    "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "mx$": "MXN", "r$": "BRL",
    "nt$": "TWD", "zł": "PLN", "kč": "CZK", "ft": "HUF", "fr": "CHF", "sfr": "CHF", "euro": "EUR", "euros": "EUR",
    "rmb": "CNY", "yen": "JPY", "yuan": "CNY", "zloty": "PLN", "franken": "CHF", "dirham": "AED", "dhs": "AED",
    "aed": "AED",
}  # fmt: skip
_SHARED = {
    "$": ("USD", ("AUD", "BBD", "BMD", "BND", "BSD", "BZD", "CAD", "CLP", "COP", "FJD", "HKD", "JMD", "MXN", "NZD",
                  "SGD", "TTD", "TWD", "ARS")),
    "¥": ("JPY", ("CNY",)),
    "rs": ("INR", ("PKR", "LKR", "NPR", "MUR")),
    "kr": (None, ("SEK", "NOK", "DKK", "ISK")),
}  # fmt: skip
_WORDS = {
    "dollar": "$", "dollars": "$", "bucks": "$", "rupee": "rs", "rupees": "rs", "kronor": "kr", "kroner": "kr",
    "pound": "£", "pounds": "£",
}  # fmt: skip
_DOT_GROUPS = frozenset(
    [
        "EUR",
        "CHF",
        "DKK",
        "NOK",
        "SEK",
        "ISK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "BGN",
        "RSD",
        "BAM",
        "MKD",
        "ALL",
        "TRY",
        "RUB",
        "UAH",
        "BYN",
        "BRL",
        "ARS",
        "CLP",
        "COP",
        "UYU",
        "PYG",
        "BOB",
        "VES",
        "CRC",
        "IDR",
        "VND",
        "AOA",
        "MZN",
        "AZN",
        "GEL",
        "MAD",
        "JPY",
        "KRW",
        "XAF",
        "XOF",
    ]
)
"""Currencies of places that group digits with a dot (or have no decimals), by CLDR's number symbols."""

_IGNORED = words("amounts", "yearly")
_MARK = re.compile(r"[a-z]{0,2}[$]|[€£¥₹₽₺₩₪฿₫₴₦₱₡₸₲₵]|[^\W\d_]+\.?")


@cache
def _minor_digits() -> dict[str, int]:
    return {row["code"]: int(row["digits"]) for row in csv.DictReader(packaged_lines("currencies.csv"))}


def minor_digits(currency: str) -> int:
    """Return how many decimals the currency's smaller unit has, by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD.

    Raises:
        NotUnderstood: there is no such currency.
    """
    try:
        return _minor_digits()[currency]
    except KeyError:
        raise NotUnderstood(f"{currency!r} is no currency of ISO 4217") from None


def parse_money(text: str, currency: str) -> Money | None:
    """Return the sum in a cell, a range by its lower end ("$5k-10k" is 5000), None where it is missing.

    "under 5k" is 0: that is what it proves, and it is an answer. "$" is the given currency where that is a dollar, else
    USD. "1,234" groups digits; "1.234" does where the currency's places write so or it has three decimals to spare, and
    is refused elsewhere. Decimals beyond the minor unit are rounded half up.

    Args:
        currency: what a sum without a mark is in, as ISO 4217.

    Raises:
        NotUnderstood: it is no sum, a negative one, one per month, or may be two different ones.
    """
    if text.isdecimal() and text.isascii() and len(text) < 15:
        return Money(int(text) * 10 ** minor_digits(currency), currency, False)
    whole, dot, cents = text.partition(".")
    if dot and 0 < len(cents) < 3 and len(whole) < 15 and (whole + cents).isdecimal() and text.isascii() and whole:
        digits = minor_digits(currency)
        if digits >= len(cents):
            return Money(int(whole + cents) * 10 ** (digits - len(cents)), currency, False)
    if is_missing(text):
        return None
    given = plain(text).lower()
    found: set[str] = set()

    def take_mark(match: re.Match[str]) -> str:
        named = _read_mark(match[0], currency)
        if named is None:
            return match[0]
        found.add(named)
        return " "

    bare = _MARK.sub(take_mark, _part_scales(given))
    if len(found) > 1:
        raise NotUnderstood("several currencies")
    marked = bool(found)
    named = found.pop() if marked else currency
    digits = minor_digits(named)
    value = read_amount(bare, lone_dot=_lone_dot(named, digits), allowed=_IGNORED).low
    if value >= LARGEST_WHOLE // 1000:
        raise NotUnderstood("too large")
    minor = (value.scaleb(digits)).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(minor), named, marked)


def _lone_dot(currency: str, digits: int) -> LoneDot:
    if digits == 3:
        return LoneDot.DECIMAL
    return LoneDot.GROUPS if currency in _DOT_GROUPS else LoneDot.REFUSED


_GLUED = re.compile(r"(\d)\s?(k|m|mio|bn|tsd)(usd|eur|gbp|chf|inr|cad|aud|euros?)\b")


def _part_scales(text: str) -> str:
    """Part what is written as one word: "5keur"."""
    return _GLUED.sub(r"\1\2 \3", text)


def _read_mark(mark: str, currency: str) -> str | None:
    """Return the currency that a word or symbol names, or None where it names none."""
    mark = mark.rstrip(".")
    mark = _WORDS.get(mark, mark)
    if mark in _SHARED:
        usual, others = _SHARED[mark]
        if currency in others:
            return currency
        if usual is None:
            raise NotUnderstood(f"{mark!r} is the mark of several currencies")
        return usual
    if mark in _SYMBOLS:
        return _SYMBOLS[mark]
    if "$" in mark:
        raise NotUnderstood(f"{mark!r} is no known currency")
    code = mark.upper()
    return code if len(code) == 3 and code in _minor_digits() else None
