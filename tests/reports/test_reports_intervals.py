"""The interval of a share is Wilson's."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from leadtriage.reports.query import wilson_interval


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Worked by R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17
    # (1998), 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert wilson_interval(part, whole) == pytest.approx((low, high), abs=0.00005)


@given(whole=st.integers(1, 10_000), data=st.data())
def test_an_interval_holds_the_share_that_was_seen_and_mirrors(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    low, high = wilson_interval(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    mirrored = wilson_interval(whole - part, whole)
    assert mirrored == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("part", "whole"), [(0, 0), (2, 1), (-1, 3)])
def test_what_is_no_share_has_no_interval(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson_interval(part, whole)
