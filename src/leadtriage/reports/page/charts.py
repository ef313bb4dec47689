"""Values of charts and short tables: bars of a report's rows, and tables whose smallest rows are added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leadtriage.core.tables import Cell, Chart, Column, Point, Series, Table, Tone
from leadtriage.reports.query import CellRow

MOST_BARS = 10
MOST_ROWS = 20

FIRST_CONTACT = (
    Series("contacted in time", Tone.GOOD),
    Series("contacted late", Tone.LATE),
    Series("not contacted", Tone.QUIET),
)

_UNBROKEN_HYPHEN = "\u2011"
"""A narrow column breaks the line before a range and not within it."""


def get_number(row: Mapping[str, Cell], key: str) -> float:
    """Return a row's number; 0 where there is none, since a bar of unknown length is not drawn."""
    value = row[key]
    return float(value) if isinstance(value, int | float) else 0.0


def draw_bars(title: str, description: str, series: tuple[Series, ...], points: Sequence[Point]) -> Chart:
    """Return a chart of the first bars; where there are more, its title counts them."""
    if len(points) > MOST_BARS:
        title = f"{title}: the first {MOST_BARS} of {len(points):,}"
    return Chart(title, description, "bars", series, tuple(points[:MOST_BARS]))


def draw_part_of_whole(table: Table, name: str, part: str, whole: str) -> Chart:
    """Return a bar for each row that has a whole, with its part first.

    Args:
        name: the key of the column that names a row.
        part: the key of the part; `whole` that of the whole.
    """
    points = []
    for row in table.rows:
        number, total = get_number(row, part), get_number(row, whole)
        if total:
            said = f"{number:,.0f} of {total:,.0f} ({number / total:.0%})"
            points.append(Point(str(row[f"{name}_shown"]), (number, total - number), said))
    return draw_bars(
        f"{whole.capitalize()} by {name}",
        f"A bar for each {name}: its {whole}, those that are {part} first.",
        (Series(part), Series(f"not {part}", Tone.FAINT)),
        points,
    )


def cap_rows(table: Table, name: str, sums: Sequence[str], *, most: int = MOST_ROWS) -> Table:
    """Return the table with its first rows, and one that adds up the others: `name` holds how many these are.

    Args:
        name: the key of the column that names a row.
        sums: the keys to add up; a sum with an unknown part is unknown. Other values, such as shares, become None.
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
    """Return the table with some of its columns, in this order; rows keep their values."""
    columns: dict[str, Column] = {column.key: column for column in table.columns}
    return replace(table, columns=tuple(columns[key] for key in keys))


def merge_intervals(table: Table) -> Table:
    """Return the table with each rate shown beside its interval, "12% (8-17%)", instead of in three columns."""
    rates = [column.key.removesuffix("_rate") for column in table.columns if column.key.endswith("_rate")]
    bounds = {f"{rate}_{bound}" for rate in rates for bound in ("low", "high")}
    columns = tuple(
        replace(column, shown=f"{column.key}_shown") if column.key.endswith("_rate") else column
        for column in table.columns
        if column.key not in bounds
    )
    rows = tuple(
        row | {f"{rate}_rate_shown": _format_interval(*(row[f"{rate}_{each}"] for each in ("rate", "low", "high")))}
        for row in map(dict, table.rows)
        for rate in rates
    )
    return replace(table, columns=columns, rows=rows)


def round_sums(table: Table, *keys: str) -> Table:
    """Return the table with sums of money shown in whole units."""
    columns = tuple(replace(each, shown=f"{each.key}_shown") if each.key in keys else each for each in table.columns)
    rows = tuple({**row, **{f"{key}_shown": _round(row[key]) for key in keys}} for row in table.rows)
    return replace(table, columns=columns, rows=rows)


def _round(value: Cell) -> str | None:
    return f"{value:,.0f}" if isinstance(value, int | float) else None


def _format_interval(rate: Cell, low: Cell, high: Cell) -> str | None:
    if not (isinstance(rate, float) and isinstance(low, float) and isinstance(high, float)):
        return None
    return f"{rate:.0%} ({low * 100:.0f}{_UNBROKEN_HYPHEN}{high:.0%})"


def _add(rows: Sequence[Mapping[str, Cell]], key: str) -> Cell:
    values = [row[key] for row in rows]
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers) if len(numbers) == len(values) else None
