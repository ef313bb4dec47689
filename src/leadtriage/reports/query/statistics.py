"""Shares with confidence intervals, medians from frequencies, exact sums of money, and counts of leads by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, String, cast, func, null, select

from leadtriage.core.money import minor_digits
from leadtriage.db.expressions import first_spelling

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
    """Return the share of some cases with Wilson's interval for 95 %; there is none below `MIN_CASES` cases."""
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


Names = tuple[str | None, str | None]
"""Of a group of leads: a source and its campaign, or a country and its state."""

_FLAGS = ("qualified", "won", "junk", "nominated")


@dataclass(slots=True)
class LeadGroup:
    """The leads with the same names; `valued` won leads have a known value, `worth` is in minor units by currency."""

    names: Names = (None, None)
    leads: int = 0
    qualified: int = 0
    won: int = 0
    junk: int = 0
    nominated: int = 0
    valued: int = 0
    worth: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def list_missing_values(self) -> Iterator[str]:
        """List how many wins have no value."""
        if self.valued < self.won:
            without = f"{self.won - self.valued} of {self.won} wins without" if self.valued else "no win has"
            yield f"{without} a value"


_G = TypeVar("_G", bound=LeadGroup)


def label_group(
    name: Sequence[ColumnElement[Any]], part: Sequence[ColumnElement[Any]] | None, values: Iterable[ColumnElement[Any]]
) -> Iterator[ColumnElement[Any]]:
    """Label the columns of leads for `count_groups`.

    Args:
        name: the comparable form and the name of a group, as `part` for the second name.
        values: currency, amount, then 1 or 0 for qualified, won and, where known, junk and waiting for a review.
    """
    nothing: ColumnElement[str | None] = cast(null(), String)
    labels = ("key", "name", "part_key", "part_name", "currency", "amount", *_FLAGS)
    columns = (*name, *(part or (nothing, nothing)), *values)
    return (column.label(label) for label, column in zip(labels, columns, strict=False))


def count_groups(connection: Connection, leads: Select[Any], kind: type[_G]) -> dict[Names, _G]:
    """Count leads with the columns of `label_group` by the comparable forms of their names."""
    # The offset makes the database sort each lead with the computed values only.
    row = leads.offset(0).subquery().c
    keys = row.key, row.part_key, row.currency
    flags = [flag for flag in _FLAGS if flag in row]
    statement = select(
        *keys,
        first_spelling(row.name),
        first_spelling(row.part_name),
        func.count(),
        *(func.sum(row[flag]) for flag in flags),
        func.count(row.amount),
        *sum_in_parts(row.amount),
    ).group_by(*keys)
    groups: dict[Names, _G] = defaultdict(kind)
    for key, part_key, currency, name, part_name, *counts, high, low in connection.execute(statement):
        group = groups[key, part_key]
        group.names = first_name(group.names[0], name), first_name(group.names[1], part_name)
        for attribute, count in zip(("leads", *flags, "valued"), counts, strict=True):
            setattr(group, attribute, getattr(group, attribute) + count)
        if currency is not None:
            group.worth[currency] += join_parts(high, low)
    return groups


def sort_groups(groups: Mapping[Names, _G]) -> list[_G]:
    """Return the groups, the largest first."""
    return [groups[key] for key in sorted(groups, key=lambda key: (-groups[key].leads, key[0] or "", key[1] or ""))]


def first_name(*names: str | None) -> str | None:
    """Return the same spelling whatever the order of the database."""
    return min((name for name in names if name is not None), default=None)


def list_unrated(currencies: Sequence[str]) -> Iterator[str]:
    """List the currencies that have no rate."""
    if currencies:
        yield f"amounts in {', '.join(currencies)} have no rate"
