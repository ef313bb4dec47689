"""One table out of a file's records, in rows of its header's width; what a record is, `delimited` decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from leadtriage.importing.reading.delimited import Block
from leadtriage.importing.reading.layout import begins_table
from leadtriage.importing.reading.model import Chunk, Layout
from leadtriage.importing.reading.oddities import Oddities

ROWS_PER_CHUNK = 20_000
MOST_NOTED_LINES = 10_000
MOST_NOTES = 20


def cut_table(blocks: Iterator[Block], layout: Layout, oddities: Oddities, *, padded: bool) -> Iterator[Block]:
    """The records of the table that `layout` describes, without its header, up to where another table begins.

    Args:
        padded: whether a line of one cell is as wide as the others, as in a spreadsheet.
    """
    skip = layout.first + layout.header_rows
    after_blank = False
    for block, is_last in _with_last(blocks):
        if skip:
            dropped = min(skip, len(block.cells))
            skip -= dropped
            block = _slice(block, dropped, len(block.cells))
        end = _find_next_table(block, layout, after_blank=after_blank)
        if end is not None:
            oddities.another_table_at = block.lines[end]
            yield _slice(block, 0, end)
            return
        after_blank = bool(block.cells) and not any(block.cells[-1])
        if is_last and layout.columns > 2:
            kept = _find_notes(block, padded=padded)
            oddities.notes = sum(1 for row in block.cells[kept:] if any(row))
            block = _slice(block, 0, kept)
        yield block


def find_tables(block: Block, layout: Layout, limit: int) -> list[int]:
    """The positions in a file's first block where tables after the first begin, at most `limit` of them."""
    found: list[int] = []
    start = layout.first + layout.header_rows
    while len(found) < limit:
        rest = _slice(block, start, len(block.cells))
        end = _find_next_table(rest, layout, after_blank=False)
        if end is None:
            break
        start += end + 1
        found.append(start - 1)
        header = tuple(block.cells[start - 1])
        layout = replace(layout, last_header_row=header, width=len(header))
    return found


def shape_rows(blocks: Iterator[Block], columns: int, oddities: Oddities) -> Iterator[Chunk]:
    """Rows of exactly `columns` cells: blank ones dropped, short ones padded, empty cells past the end cut off.

    Rows that can't be brought to that width keep their cells and are told in `problems`.
    """
    for block in blocks:
        blank = [
            position
            for position, row in enumerate(block.cells)
            if not any(row) or (len(row) == 1 and not row[0].strip())
        ]
        if blank:
            oddities.blank += len(blank)
            block = _without(block, blank)
        problems = dict(block.damage)
        for position, row in enumerate(block.cells):
            if len(row) != columns and position not in problems:
                problem = _fit(row, block.lines[position], columns, oddities)
                if problem:
                    problems[position] = problem
        oddities.damaged += len(problems)
        _note_lines(oddities.mended, [block.lines[position] for position in block.mended])
        oddities.rows += len(block.cells)
        for start in range(0, len(block.cells), ROWS_PER_CHUNK):
            end = start + ROWS_PER_CHUNK
            yield Chunk(
                block.lines[start:end],
                block.cells[start:end],
                {position - start: problem for position, problem in problems.items() if start <= position < end},
            )


def _note_lines(noted: list[int], lines: list[int]) -> None:
    noted.extend(lines[: max(0, MOST_NOTED_LINES - len(noted))])


def _fit(row: list[str], line: int, columns: int, oddities: Oddities) -> str | None:
    """Brings one row to the width in place, or says why it can't be."""
    if len(row) < columns:
        if len(row) == 1 and columns > 2:
            return f"one cell where the header has {columns}"
        row.extend([""] * (columns - len(row)))
        oddities.short += 1
        return None
    if any(row[columns:]):
        return f"{len(row)} cells where the header has {columns}"
    del row[columns:]
    _note_lines(oddities.long, [line])
    return None


def _find_next_table(block: Block, layout: Layout, *, after_blank: bool) -> int | None:
    header = layout.last_header_row
    if not header:
        return None
    cells = block.cells
    repeated = list(header)
    width = len(header)
    try:
        end = cells.index(repeated)
    except ValueError:
        end = len(cells)
    for position in [number for number, row in enumerate(cells[:end]) if len(row) != width and len(row) > 1]:
        blank_before = not any(cells[position - 1]) if position else after_blank
        following = cells[position + 1] if position + 1 < len(cells) else None
        if begins_table(cells[position], header, following, after_blank=blank_before):
            return position
    return end if end < len(cells) else None


def _with_last(blocks: Iterator[Block]) -> Iterator[tuple[Block, bool]]:
    """Each block, and whether it is the last."""
    held: Block | None = None
    for block in blocks:
        if held is not None:
            yield held, False
        held = block
    if held is not None:
        yield held, True


def _find_notes(block: Block, *, padded: bool) -> int:
    """Where the lines below a table begin (a blank row, then lines of one cell): the number of rows if none do."""
    end = len(block.cells)
    start = end
    for position in range(end - 1, max(end - MOST_NOTES, 0) - 1, -1):
        row = block.cells[position]
        if not any(row):
            start = position
        elif len(row) > 1 and (not padded or any(row[1:])):
            break
    return start


def _slice(block: Block, start: int, end: int) -> Block:
    damage = {position - start: text for position, text in block.damage.items() if start <= position < end}
    mended = [position - start for position in block.mended if start <= position < end]
    return Block(block.lines[start:end], block.cells[start:end], damage, mended)


def _without(block: Block, dropped: Sequence[int]) -> Block:
    gone = set(dropped)
    kept = [position for position in range(len(block.cells)) if position not in gone]
    place = {old: new for new, old in enumerate(kept)}
    return Block(
        [block.lines[old] for old in kept],
        [block.cells[old] for old in kept],
        {place[old]: text for old, text in block.damage.items() if old in place},
        [place[old] for old in block.mended if old in place],
    )
