"""A text file's records, streamed in blocks with their lines; a damaged row costs that row only.

What can be saved of a row that breaks its file's dialect; finding such rows is left to `delimited`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from leadtriage.importing.parse.dialect import open_reader, prepare_lines
from leadtriage.importing.parse.model import Dialect

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


# About 1,700 rows of an ordinary export: a reading process holds several times a block, as cells and as values.
BLOCK_CHARACTERS = 400_000
# A shorter end is read together with what is above it, as notes below a table are told by the blank line above them.
SHORTEST_END = 20_000
# A quoted cell may hold this much before an open quote is taken for damage.
LONGEST_OPEN_CELL = 32_000_000
# How many lines a damaged row with line breaks inside a cell is tried over.
MOST_JOINED_LINES = 20


@dataclass(slots=True)
class Block:
    """Consecutive records.

    Attributes:
        lines: the line each begins on.
        cells: their cells.
        damage: by position, why a record can't be trusted.
        mended: the positions of those that broke the rules but could be read.
    """

    lines: list[int]
    cells: list[list[str]]
    damage: dict[int, str]
    mended: list[int]


def allow_long_cells() -> None:
    """Lifts the limit of 131,072 characters a cell that Python's csv has for the whole process."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def read_blocks(
    text: TextIO, dialect: Dialect, *, width: int | None, has_nul: bool, at_least: int = 0
) -> Iterator[Block]:
    """All records of a text, blank lines as empty lists.

    A record that breaks the rules of quoting is read again by itself, looser, so that it has `width` cells; where
    that fails its first line alone is given up (told in `damage`) and reading goes on with the next line.

    Args:
        text: opened with `newline=""`.
        width: how many cells a row should have; None where that is not yet known.
        at_least: how many characters a block holds, where that is more than usual.
    """
    lines: list[str] = []
    first_line = 1
    characters = max(BLOCK_CHARACTERS, at_least)
    fresh = text.readlines(characters)
    while fresh:
        # As much as is still open, or a long cell would be looked through once more for each small block of it.
        following = text.readlines(max(characters, sum(map(len, lines))))
        if sum(map(len, following)) < SHORTEST_END:
            fresh += following
            following = []
        lines += prepare_lines(fresh, dialect, has_nul=has_nul)
        may_wait = bool(following) and sum(map(len, lines)) < LONGEST_OPEN_CELL
        block, used = _read_lines(lines, first_line, dialect, width, may_wait=may_wait)
        if block.cells:
            yield block
        first_line += used
        lines = lines[used:]
        fresh = following


def _read_lines(
    lines: list[str], first_line: int, dialect: Dialect, width: int | None, *, may_wait: bool
) -> tuple[Block, int]:
    """Reads the lines as far as they hold whole records; with how many lines that took.

    A record still open at the end is left for the next call where `may_wait`, else it is damage.
    """
    block = Block([], [], {}, [])
    numbers, cells = block.lines, block.cells
    source: Iterator[str] = iter(lines)
    start = 0
    while start < len(lines):
        reader = open_reader(source, dialect, strict=True)
        shift = start
        try:
            for row in reader:
                cells.append(row)
                numbers.append(start)
                start = shift + reader.line_num
        except csv.Error:
            reached = shift + reader.line_num
            if may_wait and reached == len(lines) and _may_close(lines, start, dialect, width):
                break
            taken, row, damage = _reread(lines, start, dialect, width)
            if damage:
                block.damage[len(cells)] = damage
            else:
                block.mended.append(len(cells))
            cells.append(row)
            numbers.append(start)
            start += taken
            source = _lines_from(lines, start)
        else:
            break
    used = start
    if width is not None and width > 1:
        _mend_widths(block, lines, used, dialect, width)
    block.lines = [first_line + number for number in numbers]
    return block, used


def _lines_from(lines: list[str], start: int) -> Iterator[str]:
    """The lines from a position on, without the copy a slice makes."""
    for position in range(start, len(lines)):
        yield lines[position]


def _may_close(lines: list[str], start: int, dialect: Dialect, width: int | None) -> bool:
    """Whether the record that reaches the end of the lines may be closed by lines yet to come.

    Not so if it is broken rather than open, or if it and the line after it are rows by themselves.
    """
    try:
        for _ in open_reader([*lines[start:], dialect.quote + "\n"], dialect, strict=True):
            pass
    except csv.Error:
        return False
    if width is None or width < 2 or start + 1 >= len(lines):
        return True
    return len(_read_alone(lines[start + 1], dialect)) != width or reread_row(lines[start], dialect, width) is None


def _reread(lines: list[str], start: int, dialect: Dialect, width: int | None) -> tuple[int, list[str], str]:
    """A record that breaks the rules of quoting: how many lines it takes, its cells, what could not be mended."""
    if width is not None:
        text = ""
        for count, line in enumerate(lines[start : start + MOST_JOINED_LINES], 1):
            if count > 1 and line.count(dialect.quote) % 2 == 0 and len(_read_alone(line, dialect)) == width:
                break
            text += line
            row = reread_row(text, dialect, width)
            if row is not None:
                return count, row, ""
    return 1, _read_alone(lines[start], dialect), "a quotation mark is missing or too many"


def _read_alone(line: str, dialect: Dialect) -> list[str]:
    return next(open_reader([line.rstrip("\r\n")], dialect, strict=False), [])


def _mend_widths(block: Block, lines: list[str], used: int, dialect: Dialect, width: int) -> None:
    """Splits rows again that have one cell under the file's delimiter and the right number under another."""
    for position in [number for number, row in enumerate(block.cells) if len(row) == 1]:
        start = block.lines[position]
        end = block.lines[position + 1] if position + 1 < len(block.lines) else used
        if end - start == 1 and position not in block.damage:
            row = split_otherwise(lines[start], dialect, width)
            if row is not None:
                block.cells[position] = row
                block.mended.append(position)
