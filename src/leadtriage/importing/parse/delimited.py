"""A text file's records, streamed in chunks with their lines; a damaged row costs that row only."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from leadtriage.importing.parse.dialect import open_reader, prepare_lines
from leadtriage.importing.parse.model import Chunk, Dialect

# About 1,700 rows of an ordinary export: a reading process holds several times a chunk, as cells and as values.
CHUNK_CHARACTERS = 400_000
# A shorter end is read together with the rows above it: notes below a table are recognised by the blank line between.
SHORTEST_END = 20_000
# A quoted cell may hold this much before an open quote counts as damage.
LONGEST_OPEN_CELL = 32_000_000
# The lines over which a damaged row with line breaks inside a cell is tried.
MOST_JOINED_LINES = 20
# Beyond this, the search for the cells of a damaged row costs more than the row is worth.
LONGEST_SEARCHED = 100_000
MOST_CELLS_SEARCHED = 400
MOST_STEPS = 5_000


def read_chunks(
    text: TextIO, dialect: Dialect, *, width: int | None, has_nul: bool, at_least: int = 0
) -> Iterator[Chunk]:
    """Yield all records of a text, blank lines as empty lists.

    A record that breaks the rules of quoting is parsed again by looser rules, so that it has `width` cells. Where that
    fails, only its first line is lost (see `Chunk.problems`) and reading goes on with the next line.

    Args:
        text: opened with `newline=""`.
        width: the expected cells of a row; None where that is unknown.
        at_least: the characters of a chunk, where that is more than usual.
    """
    lines: list[str] = []
    first_line = 1
    characters = max(CHUNK_CHARACTERS, at_least)
    fresh = text.readlines(characters)
    while fresh:
        # Read as much as is still open, or small chunks would search a long cell once for each of them.
        following = text.readlines(max(characters, sum(map(len, lines))))
        if sum(map(len, following)) < SHORTEST_END:
            fresh += following
            following = []
        lines += prepare_lines(fresh, dialect, has_nul=has_nul)
        may_wait = bool(following) and sum(map(len, lines)) < LONGEST_OPEN_CELL
        chunk, used = _parse_lines(lines, dialect, width, may_wait=may_wait)
        chunk.lines[:] = [first_line + number for number in chunk.lines]
        if chunk.cells:
            yield chunk
        first_line += used
        lines = lines[used:]
        fresh = following


def _parse_lines(lines: list[str], dialect: Dialect, width: int | None, *, may_wait: bool) -> tuple[Chunk, int]:
    """Parse the lines as far as they hold whole records, and return how many lines that took.

    A record still open at the end is left for the next call where `may_wait`, else it is damage.
    """
    chunk = Chunk()
    source: Iterator[str] = iter(lines)
    start = 0
    while start < len(lines):
        reader = open_reader(source, dialect, strict=True)
        shift = start
        try:
            for row in reader:
                chunk.cells.append(row)
                chunk.lines.append(start)
                start = shift + reader.line_num
        except csv.Error:
            reached = shift + reader.line_num
            if may_wait and reached == len(lines) and _may_close(lines, start, dialect, width):
                break
            taken, mended = _mend_record(lines, start, dialect, width)
            if mended is None:
                chunk.problems[len(chunk.cells)] = "a quotation mark is missing or too many"
            else:
                chunk.mended.append(len(chunk.cells))
            chunk.cells.append(mended or _parse_line(lines[start], dialect))
            chunk.lines.append(start)
            start += taken
            # A slice would copy the lines for each damaged record.
            source = map(lines.__getitem__, range(start, len(lines)))
        else:
            break
    if width is not None and width > 1:
        _mend_widths(chunk, lines, start, dialect, width)
    return chunk, start


def _may_close(lines: list[str], start: int, dialect: Dialect, width: int | None) -> bool:
    """Return whether later lines may close the record that reaches the end of the lines.

    They may not if it is broken rather than open, or if it and the line after it are rows by themselves.
    """
    try:
        for _ in open_reader([*lines[start:], dialect.quote + "\n"], dialect, strict=True):
            pass
    except csv.Error:
        return False
    if width is None or width < 2 or start + 1 >= len(lines):
        return True
    return len(_parse_line(lines[start + 1], dialect)) != width or reparse_row(lines[start], dialect, width) is None


def _mend_record(lines: list[str], start: int, dialect: Dialect, width: int | None) -> tuple[int, list[str] | None]:
    """Return how many lines a record with broken quotes takes, and its cells if they can be mended."""
    text = ""
    for count, line in enumerate(lines[start : start + MOST_JOINED_LINES] if width is not None else (), 1):
        if count > 1 and line.count(dialect.quote) % 2 == 0 and len(_parse_line(line, dialect)) == width:
            break
        text += line
        row = reparse_row(text, dialect, width or 0)
        if row is not None:
            return count, row
    return 1, None


def _parse_line(line: str, dialect: Dialect) -> list[str]:
    return next(open_reader([line.rstrip("\r\n")], dialect, strict=False), [])


def _mend_widths(chunk: Chunk, lines: list[str], used: int, dialect: Dialect, width: int) -> None:
    """Split rows again that have one cell under the file's delimiter and the right number under another."""
    for position in [number for number, row in enumerate(chunk.cells) if len(row) == 1]:
        start = chunk.lines[position]
        end = chunk.lines[position + 1] if position + 1 < len(chunk.lines) else used
        if end - start == 1 and position not in chunk.problems:
            row = _split_by_other_delimiter(lines[start], dialect, width)
            if row is not None:
                chunk.cells[position] = row
                chunk.mended.append(position)


def _split_by_other_delimiter(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """Return the cells of a row with another delimiter than its file's.

    A sentence is no row: spaces delimit only where something is quoted, and no cell begins with a blank.
    """
    for delimiter in (",", ";", "\t", "|", " "):
        if delimiter == dialect.delimiter or text.count(delimiter) < width - 1:
            continue
        if delimiter == " " and (not dialect.quote or dialect.quote not in text):
            continue
        row = _parse_line(text, Dialect(delimiter, dialect.quote, dialect.escape))
        if len(row) == width and not any(cell.startswith(" ") for cell in row):
            return row
    return None


def reparse_row(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """Return exactly `width` cells of one row under looser rules of quoting; None if there is no such reading.

    A quote at the start of a cell may open it or be text; a quote before a delimiter or the end may close the cell or
    be text. The readings nearest to the plain one come first. Blanks at the end of the text are dropped.
    """
    if not dialect.quote or len(text) > LONGEST_SEARCHED or width > MOST_CELLS_SEARCHED:
        return None
    text = text.rstrip("\r\n")
    hopeless: set[tuple[int, int]] = set()
    cells: list[str] = []
    # For each open cell: where it begins, and the ways to read it that are left.
    starts: list[int] = [0]
    ways = [_read_cell(text, 0, dialect)]
    for _ in range(MOST_STEPS):
        if not ways:
            break
        cell, after = next(ways[-1], (None, None))
        if cell is None:
            ways.pop()
            hopeless.add((starts.pop(), len(cells)))
            if cells:
                cells.pop()
        elif after is None:
            if len(cells) + 1 == width:
                return [*cells, cell]
        elif len(cells) + 1 < width and (after, len(cells) + 1) not in hopeless:
            cells.append(cell)
            starts.append(after)
            ways.append(_read_cell(text, after, dialect))
    return None


def _read_cell(text: str, start: int, dialect: Dialect) -> Iterator[tuple[str, int | None]]:
    """Yield the ways to read the cell at `start`: its value, and where the next begins (None if it is the last)."""
    delimiter, quote = dialect.delimiter, dialect.quote
    while dialect.space_after and text.startswith(" ", start):
        start += 1
    if text.startswith(quote, start):
        for closing, after in _find_closings(text, start + 1, delimiter, quote):
            value = text[start + 1 : closing].replace(quote * 2, quote)
            yield value, after + 1 if after < len(text) else None
    end = text.find(delimiter, start)
    yield (text[start:], None) if end < 0 else (text[start:end], end + 1)


def _find_closings(text: str, start: int, delimiter: str, quote: str) -> Iterator[tuple[int, int]]:
    """Yield where a quoted cell may close, and where its delimiter or the end of the text follows.

    First the first sound place, then doubled quotes before it, then later places. A quote, a delimiter and a quote are
    an end for sure.
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
    """Return the end of the cell that a quote at `position` closes; None if other text follows the quote."""
    after = position + 1
    while delimiter != " " and text.startswith(" ", after):
        after += 1
    return after if after == len(text) or text[after] == delimiter else None
