"""How a table's values become the values of a chart."""

from __future__ import annotations

from collections.abc import Mapping

from leadtriage.tabular import Cell


def take_number(row: Mapping[str, Cell], key: str) -> float:
    """Return a row's number; 0 where there is none, since a bar of unknown length is not drawn."""
    value = row[key]
    return float(value) if isinstance(value, int | float) else 0.0
