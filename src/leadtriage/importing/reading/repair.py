"""What can be saved of a row that breaks its file's dialect; finding such rows is left to `delimited`."""

from __future__ import annotations

from collections.abc import Iterator

from leadtriage.importing.reading.dialect import open_reader
from leadtriage.importing.reading.model import Dialect

# Past this the search for a reading costs more than the row is worth.
LONGEST_SEARCHED = 100_000
MOST_CELLS_SEARCHED = 400
MOST_STEPS = 5_000


def reread_row(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """One row's cells under a looser reading of its quotes that gives exactly `width` cells, or None.

    A quote at the start of a cell may open it or be a letter of it; a quote before a delimiter or the end may
    close it or be a letter of it; the readings nearest to the plain one are tried first. Blanks at the end of the
    text are dropped with the line's end.
    """
    if not dialect.quote or len(text) > LONGEST_SEARCHED or width > MOST_CELLS_SEARCHED:
        return None
    text = text.rstrip("\r\n")
    # Each entry: where the next cell begins (None past the end) and the ways to read a cell there.
    hopeless: set[tuple[int, int]] = set()
    cells: list[str] = []
    starts: list[int | None] = [0]
    ways = [_ways(text, 0, dialect)]
    for _ in range(MOST_STEPS):
        if not ways:
            break
        following = next(ways[-1], None)
        if following is None:
            ways.pop()
            start = starts.pop()
            if start is not None:
                hopeless.add((start, len(cells)))
            if cells:
                cells.pop()
            continue
        cell, after = following
        if after is None:
            if len(cells) + 1 == width:
                return [*cells, cell]
            continue
        if len(cells) + 1 >= width or (after, len(cells) + 1) in hopeless:
            continue
        cells.append(cell)
        starts.append(after)
        ways.append(_ways(text, after, dialect))
    return None


def _ways(text: str, start: int, dialect: Dialect) -> Iterator[tuple[str, int | None]]:
    """The ways to read the cell at `start`: its value and where the next begins (None: it was the last)."""
    delimiter, quote = dialect.delimiter, dialect.quote
    if dialect.space_after:
        while text.startswith(" ", start):
            start += 1
    if text.startswith(quote, start):
        for closing, after in _closings(text, start + 1, delimiter, quote):
            value = text[start + 1 : closing].replace(quote * 2, quote)
            yield value, after + 1 if after < len(text) else None
    end = text.find(delimiter, start)
    if end < 0:
        yield text[start:], None
    else:
        yield text[start:end], end + 1


def _closings(text: str, start: int, delimiter: str, quote: str) -> Iterator[tuple[int, int]]:
    """Where a quoted cell may end, and where its delimiter stands then (or the end of the text).

    First the first sound place, then doubled quotes before it, then later places; a quote, a delimiter and a quote
    are an end for sure.
    """
    position = start
    doubled: list[tuple[int, int]] = []
    while (position := text.find(quote, position)) >= 0:
        after = _find_end(text, position, delimiter)
        if after is not None:
            yield position, after
            yield from doubled
            doubled = []
            if text[after + 1 : after + 3].lstrip().startswith(quote):
                return
        elif text[position + 1] == quote:
            position += 1
            after = _find_end(text, position, delimiter)
            if after is not None:
                doubled.append((position, after))
        position += 1
    yield from doubled


def _find_end(text: str, position: int, delimiter: str) -> int | None:
    """Where the cell that a quote at `position` closes is delimited; None if other letters follow it."""
    after = position + 1
    while delimiter != " " and text.startswith(" ", after):
        after += 1
    return after if after == len(text) or text[after] == delimiter else None


def split_otherwise(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """The cells of one row that was written with another delimiter than its file's, or None.

    A sentence is no row: spaces delimit only where something is quoted, and no cell begins with a blank.
    """
    for delimiter in (",", ";", "\t", "|", " "):
        if delimiter == dialect.delimiter or text.count(delimiter) < width - 1:
            continue
        if delimiter == " " and (not dialect.quote or dialect.quote not in text):
            continue
        other = Dialect(delimiter, dialect.quote, dialect.escape)
        row = next(open_reader([text.rstrip("\r\n")], other, strict=False), [])
        if len(row) == width and not any(cell.startswith(" ") for cell in row):
            return row
    return None
