"""Shares with confidence intervals, medians from frequencies, and exact sums of money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any

from sqlalchemy import ColumnElement, func

from leadtriage.core.money import minor_digits

MIN_CASES = 5
"""Below this many cases a share would be chance, so there is none."""

_PLACES = 4
"""Decimals of a share."""

_Z = 1.96
"""The quantile of the normal distribution for 95 % confidence."""

_PART = 10**9
"""Sums of large amounts can exceed the databases' integers, so the parts above and below this are summed apart."""


def wilson_interval(part: int, whole: int, z: float = _Z) -> tuple[float, float]:
    """Return the confidence interval of a share of which `part` of `whole` cases were seen, from 0 to 1.

    With n cases and the seen share p: (p + z²/2n ± z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n). It stays within 0 and 1 and
    holds for small n and for shares near 0 and 1, where the usual p ± z·√(p(1-p)/n) does not.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22 (1927), 209-212.

    Raises:
        ValueError: there are no cases, or more in the part than in the whole.
    """
    if not 0 <= part <= whole or whole == 0:
        raise ValueError(f"{part} of {whole} is no share")
    share, square = part / whole, z * z / whole
    middle = (share + square / 2) / (1 + square)
    half = z * sqrt(share * (1 - share) / whole + square / whole / 4) / (1 + square)
    low = 0.0 if part == 0 else max(0.0, middle - half)
    high = 1.0 if part == whole else min(1.0, middle + half)
    return low, high


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval as fractions of 1; None for too few cases."""

    rate: float | None
    low: float | None
    high: float | None


def find_rate(part: int, whole: int) -> Rate:
    """Return the share of some cases with Wilson's interval for 95 %; there is none below `FEWEST` cases."""
    if whole < MIN_CASES:
        return Rate(None, None, None)
    low, high = wilson_interval(part, whole)
    return Rate(round(part / whole, _PLACES), round(low, _PLACES), round(high, _PLACES))


def find_share(part: int, whole: int) -> float | None:
    """Return a share as a fraction of 1 for any number of cases; None for none."""
    return round(part / whole, _PLACES) if whole else None


def find_median(counts: Mapping[int, int]) -> float | None:
    """Return the median of values by their frequency, without sorting a million in the database; None for none."""
    size = sum(counts.values())
    if not size:
        return None
    low, high = _value_at(counts, (size + 1) // 2), _value_at(counts, size // 2 + 1)
    return (low + high) / 2


def find_ninetieth(counts: Mapping[int, int]) -> int | None:
    """Return the 90th percentile by nearest rank: the smallest value that at least 90 % do not exceed.

    Source: Hyndman and Fan, Sample Quantiles in Statistical Packages (1996), definition 1.
    """
    size = sum(counts.values())
    return _value_at(counts, -(-size * 9 // 10)) if size else None


def _value_at(counts: Mapping[int, int], rank: int) -> int:
    for value in sorted(counts):
        rank -= counts[value]
        if rank <= 0:
            return value
    raise ValueError("a rank beyond the number of values")


@dataclass(frozen=True, slots=True)
class Converted:
    """Amounts in several currencies as one sum.

    Attributes:
        total: in whole units of the criteria's currency; None if a currency has no rate.
        without_rate: the currencies without a rate.
    """

    total: Fraction | None
    without_rate: tuple[str, ...]


def sum_in_parts(amount: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Sum a column of minor units in two parts for `join_parts`."""
    return func.coalesce(func.sum(amount // _PART), 0), func.coalesce(func.sum(amount % _PART), 0)


def join_parts(high: Any, low: Any) -> int:
    """Return the sum in minor units."""
    return int(high) * _PART + int(low)


def convert_currencies(amounts: Mapping[str, Fraction | int], rates: Mapping[str, Decimal]) -> Converted:
    """Convert minor units of several currencies to the criteria's currency.

    Args:
        rates: the value of one unit of each currency in the criteria's currency, which is 1 itself.
    """
    missing = tuple(sorted(currency for currency, amount in amounts.items() if currency not in rates and amount))
    if missing:
        return Converted(None, missing)
    converted = (
        Fraction(amount, 10 ** minor_digits(currency)) * Fraction(rates[currency])
        for currency, amount in amounts.items()
        if currency in rates
    )
    return Converted(sum(converted, Fraction()), ())


def round_money(amount: Fraction, currency: str) -> float:
    """Return whole units with the currency's decimals, rounded half away from 0."""
    scale = 10 ** minor_digits(currency)
    minor = (abs(amount) * scale * 2 + 1) // 2
    return float(Fraction(-minor if amount < 0 else minor, scale))
