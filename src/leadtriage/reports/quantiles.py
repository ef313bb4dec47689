"""The middle of many days, from how often each number of days occurs: no database is asked to sort a million."""

from __future__ import annotations

from collections.abc import Mapping


def find_median(counts: Mapping[int, int]) -> float | None:
    """The median of values by how often each occurs: of an even number the mean of the middle two; None for none."""
    size = sum(counts.values())
    if not size:
        return None
    low, high = _value_at(counts, (size + 1) // 2), _value_at(counts, size // 2 + 1)
    return (low + high) / 2


def find_ninetieth(counts: Mapping[int, int]) -> int | None:
    """The 90th percentile by the nearest rank: the smallest value that at least nine tenths do not exceed.

    Source: Hyndman and Fan, Sample Quantiles in Statistical Packages (1996), definition 1.
    """
    size = sum(counts.values())
    return _value_at(counts, -(-size * 9 // 10)) if size else None


def _value_at(counts: Mapping[int, int], rank: int) -> int:
    """The value of that rank, the smallest having rank 1."""
    for value in sorted(counts):
        rank -= counts[value]
        if rank <= 0:
            return value
    raise ValueError("a rank beyond the number of values")
