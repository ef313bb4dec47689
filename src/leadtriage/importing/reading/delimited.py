"""A text file's records, streamed in blocks with their lines; a damaged row costs that row only."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from leadtriage.importing.reading.dialect import open_reader, prepare_lines
from leadtriage.importing.reading.model import Dialect
from leadtriage.importing.reading.repair import reread_row, split_otherwise

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
