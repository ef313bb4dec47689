"""The file of rejected rows: how it is written, and how it is known and read once a person has mended it.

It has the columns of the file that the rows come from, after the line they stood on and why they were rejected.
Which import rejected them is `recalling`'s to find.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from leadtriage.core.tables import guard_formula, unguard_formula
from leadtriage.core.text import fold
from leadtriage.importing.parse.delimited import Block
from leadtriage.importing.parse.model import Layout

ASIDE = ("line", "reason")
"""The headers that stand before the file's own."""

BEGINNING = "line,reason,"
"""What a file of rejects begins with, as we write it."""


def write_rejected(
    headers: Sequence[str], rejects: Iterable[tuple[int, str, Sequence[str]]]
) -> Iterator[tuple[str, ...]]:
    """The rows of a file of rejects, its header first; no cell of it starts a formula.

    Args:
        headers: of the file that the rows come from.
        rejects: line, reason and cells of each.
    """
    yield (*ASIDE, *map(guard_formula, headers))
    for line, reason, cells in rejects:
        yield (str(line), reason, *map(guard_formula, cells))


def lay_out_rejects(records: Sequence[Sequence[str]]) -> Layout | None:
    """Where the rows stand in a file of rejects; None where it is none.

    Its header is as wide as the rows are to be, however many of them are too wide or too short: that is what some were
    rejected for. No other table follows in it, whatever a row looks like.
    """
    first = next((position for position, record in enumerate(records) if any(record)), None)
    if first is None:
        return None
    header = list(records[first])
    while header and not header[-1].strip():
        header.pop()
    body = [record for record in records[first + 1 :] if any(record)]
    if len(header) <= len(ASIDE) or tuple(fold(name) for name in header[: len(ASIDE)]) != ASIDE:
        return None
    if not all(record[0].strip().isdecimal() or not record[0].strip() for record in body):
        return None
    width = len(header)
    return Layout(first, 1, tuple(header), width, width, aside=len(ASIDE))


def restore_cells(cells: Sequence[str]) -> tuple[str, ...]:
    """A header or row as it was in the file that it comes from."""
    return tuple(unguard_formula(cell) for cell in cells[len(ASIDE) :])


def restore_rows(blocks: Iterable[Block]) -> Iterator[Block]:
    """Rows of a file of rejects as they were in the file that they come from, or as a person mended them."""
    for block in blocks:
        yield Block(block.lines, [list(restore_cells(row)) for row in block.cells], block.damage, block.mended)
