"""The file of rejected rows: how it is written, and how it is read back once a person has mended it.

It has the columns of the original file, behind the line of each row and the reason for its rejection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from leadtriage.core.tables import guard_formula, unguard_formula
from leadtriage.core.text import fold
from leadtriage.importing.parse.model import Layout

_ASIDE = ("line", "reason")
"""The headers before the file's own."""

BEGINNING = "line,reason,"
"""How a file of rejects begins."""


def write_rejected(
    headers: Sequence[str], rejects: Iterable[tuple[int, str, Sequence[str]]]
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a file of rejects, its header first, without cells that start a formula.

    Args:
        headers: those of the original file.
        rejects: line, reason and cells of each row.
    """
    yield (*_ASIDE, *map(guard_formula, headers))
    for line, reason, cells in rejects:
        yield (str(line), reason, *map(guard_formula, cells))


def lay_out_rejects(records: Sequence[Sequence[str]]) -> Layout | None:
    """Return the layout of a file of rejects; None if it is none.

    The header alone gives the width, since rows may be rejected for theirs. No other table follows.
    """
    first = next((position for position, record in enumerate(records) if any(record)), None)
    if first is None:
        return None
    header = list(records[first])
    while header and not header[-1].strip():
        header.pop()
    width = len(header)
    if width <= len(_ASIDE) or tuple(fold(name) for name in header[: len(_ASIDE)]) != _ASIDE:
        return None
    lines = (record[0].strip() for record in records[first + 1 :] if any(record))
    if not all(line.isdecimal() or not line for line in lines):
        return None
    return Layout(first, 1, tuple(header), width, width, aside=len(_ASIDE))


def restore_cells(cells: Sequence[str]) -> tuple[str, ...]:
    """Return a header or row as it was in the original file, or as a person mended it."""
    return tuple(unguard_formula(cell) for cell in cells[len(_ASIDE) :])
