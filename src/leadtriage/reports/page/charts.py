"""How a table's values become the values of a chart.

Keeps a table of an overview short: its first rows, and the sums of the others in a row of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leadtriage.core.tables import Cell, Column, Series, Table, Tone
from leadtriage.reports.query import CellRow

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


MOST_ROWS = 20
_UNBROKEN_HYPHEN = "\u2011"
"""A narrow column, as on paper, breaks a line before a range and not within it."""


def cap_rows(table: Table, name: str, sums: Sequence[str], *, most: int = MOST_ROWS) -> Table:
    """Return the table with its first rows, and one that adds up the others: `name` holds how many these are.

    Args:
        name: the key of the column that says what a row is about.
        sums: the keys of the columns that can be added up; a sum of which a part is unknown is unknown. What cannot be
            added up, such as a share or a median, is None.
    """
    kept, rest = table.rows[:most], table.rows[most:]
    if not rest:
        return table
    others: CellRow = {key: None for row in table.rows for key in row}
    others |= {key: _add(rest, key) for key in sums}
    shown = next(column.shown for column in table.columns if column.key == name)
    others[shown or name] = others[name] = f"{len(rest):,} others"
    return replace(table, rows=(*kept, others), notes=(*table.notes, f"The largest {most:,} are shown one by one."))


def choose_columns(table: Table, *keys: str) -> Table:
    """Return the table with some of its columns, in this order; rows keep what they have."""
    columns: dict[str, Column] = {column.key: column for column in table.columns}
    return replace(table, columns=tuple(columns[key] for key in keys))


def say_interval(table: Table, rate: str, low: str, high: str) -> Table:
    """Return the table with a rate shown beside the interval in which the true one lies: "12% (8-17%)"."""
    columns = tuple(
        replace(column, shown=f"{rate}_shown") if column.key == rate else column for column in table.columns
    )
    rows = tuple({**row, f"{rate}_shown": _say_interval(row[rate], row[low], row[high])} for row in table.rows)
    return replace(table, columns=columns, rows=rows)


def round_sums(table: Table, *keys: str) -> Table:
    """Return the table with sums of money shown in whole units, as what is large is read."""
    columns = tuple(replace(each, shown=f"{each.key}_shown") if each.key in keys else each for each in table.columns)
    rows = tuple({**row, **{f"{key}_shown": _round(row[key]) for key in keys}} for row in table.rows)
    return replace(table, columns=columns, rows=rows)


def _round(value: Cell) -> str | None:
    return f"{value:,.0f}" if isinstance(value, int | float) else None


def _say_interval(rate: Cell, low: Cell, high: Cell) -> str | None:
    if not (isinstance(rate, float) and isinstance(low, float) and isinstance(high, float)):
        return None
    return f"{rate:.0%} ({low * 100:.0f}{_UNBROKEN_HYPHEN}{high:.0%})"


def _add(rows: Sequence[Mapping[str, Cell]], key: str) -> Cell:
    values = [row[key] for row in rows]
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers) if len(numbers) == len(values) else None
