"""Which column says in which currency another column's sums are; what a sum is, `values` knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from leadtriage.importing.headers import squeeze
from leadtriage.importing.lexicon import Lexicon
from leadtriage.importing.values import NotUnderstood, is_missing, parse_currency


def find_currency_columns(
    headers: Sequence[str],
    samples: Sequence[Sequence[str]],
    sums: Collection[int],
    free: Collection[int],
    lexicon: Lexicon,
) -> Mapping[int, int]:
    """Find for each column of sums the one that names their currency row by row.

    A header that speaks of that column ("Annual Revenue Currency", "Deal - Currency of Value") goes before one that
    speaks of the whole row ("Currency").

    Args:
        samples: the first rows; all that stands in such a column is a currency.
        sums: the columns that hold sums, by their places.
        free: the columns that fill no field.

    Returns:
        The place of the column of currencies, by that of the column of sums; those without one are left out.
    """
    keys = {squeeze(headers[index]): index for index in sorted(free, reverse=True)}
    general = [keys[key] for key in keys if key in lexicon.currency_headers]
    found: dict[int, int] = {}
    for index in sums:
        group, _, name = headers[index].rpartition(" - ")
        own = [squeeze(f"{group} {name} currency"), squeeze(f"{group} currency of {name}")]
        candidates = [keys[key] for key in own if key in keys] + sorted(general)
        column = next((column for column in candidates if _holds_currencies(samples, column)), None)
        if column is not None:
            found[index] = column
    return found


def _holds_currencies(samples: Sequence[Sequence[str]], column: int) -> bool:
    cells = {row[column] for row in samples if column < len(row) and not is_missing(row[column])}
    try:
        return all(parse_currency(cell, "") for cell in cells)
    except NotUnderstood:
        return False
