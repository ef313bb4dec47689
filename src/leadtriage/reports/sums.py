"""Sums of money: added up by the database, brought into the criteria's currency, exact until they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, func

from leadtriage.criteria.money import minor_digits

_PART = 10**9
"""Sums of many large amounts end above the databases' whole numbers: what is above and below this is added apart."""


@dataclass(frozen=True, slots=True)
class Converted:
    """Amounts in several currencies as one sum.

    Attributes:
        total: in whole units of the criteria's currency; None where one of them has no rate.
        without_rate: the currencies that have none.
    """

    total: Fraction | None
    without_rate: tuple[str, ...]


def sum_in_parts(amount: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Add a column of minor units up, in two parts that `join_parts` makes one number of."""
    return func.coalesce(func.sum(amount // _PART), 0), func.coalesce(func.sum(amount % _PART), 0)


def join_parts(high: Any, low: Any) -> int:
    """The whole sum in minor units."""
    return int(high) * _PART + int(low)


def convert(amounts: Mapping[str, Fraction | int], rates: Mapping[str, Decimal]) -> Converted:
    """Bring minor units of several currencies into the criteria's.

    Args:
        rates: what one unit of each currency is worth in the criteria's, which itself is 1.
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
    """Whole units with as many decimals as the currency has, rounded half up, away from 0."""
    scale = 10 ** minor_digits(currency)
    minor = (abs(amount) * scale * 2 + 1) // 2
    return float(Fraction(-minor if amount < 0 else minor, scale))
