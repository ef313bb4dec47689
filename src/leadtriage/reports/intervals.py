"""Shares and rates, and how sure one is that was counted on few cases."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

FEWEST = 5
"""Cases below which no share is told: it would say more about chance than about anything else."""

_PLACES = 4
"""Decimals with which shares are told."""

_Z = 1.96
"""Of the normal distribution: 95 of 100 such intervals hold the true share."""


def wilson_interval(part: int, whole: int, z: float = _Z) -> tuple[float, float]:
    """Return the interval in which a true share lies, of which `part` of `whole` cases were seen; both 0 to 1.

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
    """A share with its interval, as fractions of 1; None where there are too few cases."""

    rate: float | None
    low: float | None
    high: float | None


def find_rate(part: int, whole: int) -> Rate:
    """Return the share of some cases with Wilson's interval for 95 %; there is none below `FEWEST` cases."""
    if whole < FEWEST:
        return Rate(None, None, None)
    low, high = wilson_interval(part, whole)
    return Rate(round(part / whole, _PLACES), round(low, _PLACES), round(high, _PLACES))


def find_share(part: int, whole: int) -> float | None:
    """Return a share as a fraction of 1, however few the cases are; None where there is nothing to take it of."""
    return round(part / whole, _PLACES) if whole else None
