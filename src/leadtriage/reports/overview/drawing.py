"""How a table's values become the values of a chart."""

from __future__ import annotations

from collections.abc import Mapping

from leadtriage.overviews import Series, Tone
from leadtriage.tabular import Cell

MOST_BARS = 10
"""A chart of more groups is no picture any more; the table beneath has them."""


TOUCHED = (
    Series("touched in time", Tone.GOOD),
    Series("touched late", Tone.LATE),
    Series("no contact recorded", Tone.QUIET),
)
"""What became of first contacts."""


def take_number(row: Mapping[str, Cell], key: str) -> float:
    """Return a row's number; 0 where there is none, since a bar of unknown length is not drawn."""
    value = row[key]
    return float(value) if isinstance(value, int | float) else 0.0


def say_how_many(title: str, groups: int) -> str:
    """Return a chart's title, with how many groups of how many it draws where these are not all."""
    return title if groups <= MOST_BARS else f"{title}: the first {MOST_BARS} of {groups:,}"


def take_count(row: Mapping[str, Cell], key: str) -> int:
    """Return a row's count; 0 where there is none."""
    value = row[key]
    return value if isinstance(value, int) else 0
