"""Where a table stands in a file and where it ends, and its rows in the width of its header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from leadtriage.importing.parse.model import Chunk, Layout, Oddities, ReadOptions

Row = Sequence[str]

MOST_PREAMBLE = 60
MOST_HEADER_ROWS = 3
MOST_IN_NOTE = 2
MOST_VALUES_IN_NOTES = 2
LONGEST_DATA = 120
ROWS_BELOW = 59
ROWS_PER_CHUNK = 20_000
MOST_NOTED_LINES = 10_000
MOST_NOTES = 20

_DATA = re.compile(
    r"""^\s*(?:
        [-+(]?\s*[$€£¥₹]?\s*[-+]?\d[\d.,\s'/:()%-]*(?:[$€£¥₹]|[ap]m|[kKmM])?   # numbers, money, dates, times, phones
      | \d{4}-\d\d?-\d\d?[T ].*                                                 # a time stamp
      | \d{1,2}[ -][A-Za-z]{3,9},?[ -]\d{2,4}.*                                 # 15 Apr, 2021
      | [^@\s]+@[^@\s]+\.[A-Za-z]{2,}                                           # an e-mail address
      | (?:https?://|www\.)\S+
      | true|false|yes|no|null|n/a
    )\s*$""",
    re.VERBOSE | re.IGNORECASE,
)

_YEAR = re.compile(r"^\s*(?:19|20)\d\d\s*$")


def find_layout(records: Sequence[Row], options: ReadOptions) -> Layout:
    """Return where the header stands among the first records of a file, blank ones included.

    The lines above a table fill fewer than half of its columns, or are a text with a delimiter in it, or a name with
    its value ("Export date,2026-01-05"). No cell of a header looks like a number, a date or an address above a column
    that does.
    """
    width = common_width(records)
    first = _find_first_row(records, width, options)
    if first >= len(records):
        return Layout(first, 0, (), width, 0)
    asked = options.header_rows
    if asked is not None:
        rows = min(asked, len(records) - first)
    else:
        rows = _count_header_rows(records, first) if _is_header(records, first) else 0
    if rows == 0 and asked is None and _is_half_header(records, first, width):
        first, rows = first - 1, 1
    header = _join_header(records[first : first + rows])
    if rows == 1 and asked is None and first and _has_groups(records[first - 1], header):
        header = _prefix_groups(header, records[first - 1])
        first, rows = first - 1, 2
    warnings: list[str] = []
    body = [row for row in records[first + rows :] if any(row)]
    width = common_width(body) or len(header)
    agreed = sum(len(row) == width for row in body) >= 0.8 * len(body)
    if rows == 0 and asked is None:
        warnings.append("the first row looks like data, so the columns have no names (else say --header-rows 1)")
    if rows and agreed and body and header.count("") == len(header) - width > 0:
        header = tuple(name for name in header if name)
        warnings.append("the header has an extra delimiter, which was left out")
    if rows and agreed and width == len(header) + 1 and _counts_rows([row[0] for row in body if len(row) == width]):
        header = ("", *header)
        warnings.append("the first column counts the rows and has no name")
    if rows and not agreed:
        width = len(header)
    columns = len(header)
    if width > columns and any(any(row[columns:]) for row in body if len(row) == width):
        columns = width
        if rows:
            warnings.append(f"the header has {len(header)} names, the rows have {width} cells")
    last = tuple(records[first + rows - 1]) if rows else ()
    return Layout(first, rows, header, width, columns, last, tuple(warnings))


def name_columns(header: Row, width: int, *, header_rows: int) -> tuple[str, ...]:
    """Return unique names, none empty: `column 3` for an empty one, `Email (2)` for a second `Email`.

    In a header of several rows, a name that repeats itself in each of them counts once.
    """
    names: list[str] = []
    taken: set[str] = set()
    used: dict[str, int] = {}
    for column in range(width):
        words = (header[column] if column < len(header) else "").split()
        share = len(words) // header_rows if header_rows > 1 else 0
        if share and words == words[:share] * header_rows:
            words = words[:share]
        plain = name = " ".join(words) or f"column {column + 1}"
        while name in taken:
            used[plain] = used.get(plain, 1) + 1
            name = f"{plain} ({used[plain]})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def common_width(records: Sequence[Row]) -> int:
    """Return how many cells most rows have, the wider on a tie; 0 without rows."""
    widths = Counter(len(row) for row in records if any(row))
    return max(((count, width) for width, count in widths.items()), default=(0, 0))[1]


def find_tables(chunk: Chunk, layout: Layout, limit: int) -> list[int]:
    """Return the positions in a file's first chunk where further tables begin, at most `limit` of them."""
    found: list[int] = []
    start = layout.first + layout.header_rows
    while len(found) < limit:
        rest = chunk.select(range(start, len(chunk.cells)))
        end = _find_next_table(rest, layout, after_blank=False)
        if end is None:
            break
        found.append(start + end)
        header = tuple(rest.cells[end])
        layout = replace(layout, last_header_row=header, width=len(header))
        start += end + 1
    return found


def cut_table(chunks: Iterator[Chunk], layout: Layout, oddities: Oddities, *, padded: bool) -> Iterator[Chunk]:
    """Yield the records of one table without its header, up to where another table begins.

    Args:
        padded: whether a line of one cell is as wide as the others, as in a spreadsheet.
    """
    skip = layout.first + layout.header_rows
    after_blank = False
    chunk = next(chunks, None)
    while chunk is not None:
        following = next(chunks, None)
        if skip:
            count = len(chunk.cells)
            chunk, skip = chunk.select(range(min(skip, count), count)), max(0, skip - count)
        end = _find_next_table(chunk, layout, after_blank=after_blank)
        if end is not None:
            oddities.another_table_at = chunk.lines[end]
            yield chunk.select(range(end))
            return
        after_blank = bool(chunk.cells) and not any(chunk.cells[-1])
        if following is None and layout.columns > 2:
            kept = _find_notes(chunk, padded=padded)
            oddities.notes = sum(1 for row in chunk.cells[kept:] if any(row))
            chunk = chunk.select(range(kept))
        yield chunk
        chunk = following


def shape_rows(chunks: Iterator[Chunk], columns: int, oddities: Oddities) -> Iterator[Chunk]:
    """Yield rows of exactly `columns` cells, without blank ones; `problems` tells why a row does not fit."""
    for chunk in chunks:
        filled = [number for number, row in enumerate(chunk.cells) if any(row) and (len(row) > 1 or row[0].strip())]
        if len(filled) < len(chunk.cells):
            oddities.blank += len(chunk.cells) - len(filled)
            chunk = chunk.select(filled)
        for position, row in enumerate(chunk.cells):
            if len(row) != columns and position not in chunk.problems:
                problem = _fit(row, chunk.lines[position], columns, oddities)
                if problem:
                    chunk.problems[position] = problem
        oddities.damaged += len(chunk.problems)
        for position in chunk.mended[: MOST_NOTED_LINES - len(oddities.mended)]:
            oddities.mended.append(chunk.lines[position])
        count = len(chunk.cells)
        oddities.rows += count
        for start in range(0, count, ROWS_PER_CHUNK):
            yield chunk.select(range(start, min(start + ROWS_PER_CHUNK, count)))


def _fit(row: list[str], line: int, columns: int, oddities: Oddities) -> str | None:
    """Pad a row or cut empty cells off, or return why it does not fit."""
    if len(row) < columns:
        if len(row) == 1 and columns > 2:
            return f"one cell where the header has {columns}"
        row.extend([""] * (columns - len(row)))
        oddities.short += 1
        return None
    if any(row[columns:]):
        return f"{len(row)} cells where the header has {columns}"
    del row[columns:]
    if len(oddities.long) < MOST_NOTED_LINES:
        oddities.long.append(line)
    return None


def _find_next_table(chunk: Chunk, layout: Layout, *, after_blank: bool) -> int | None:
    header = layout.last_header_row
    if not header:
        return None
    cells, repeated = chunk.cells, list(header)
    end = cells.index(repeated) if repeated in cells else len(cells)
    for position in [number for number, row in enumerate(cells[:end]) if len(row) != len(header) and len(row) > 1]:
        blank_before = not any(cells[position - 1]) if position else after_blank
        following = cells[position + 1] if position + 1 < len(cells) else None
        if _begins_table(cells[position], header, following, after_blank=blank_before):
            return position
    return end if end < len(cells) else None


def _begins_table(row: Row, header: Row, following: Row | None, *, after_blank: bool) -> bool:
    """Return whether a row of another width than the header is the header of another table.

    It shares the header's names; or it follows a blank row, has a name in every cell, and data of its width below.
    """
    names = {name.strip().casefold() for name in header if name.strip()}
    cells = [cell.strip().casefold() for cell in row]
    if not all(cells[:2]) or any(map(_looks_like_data, cells)) or following is None or len(following) != len(row):
        return False
    shared = sum(cell in names for cell in cells)
    if shared >= 2 and shared >= 0.6 * min(len(names), len(cells)):
        return True
    return after_blank and all(cells) and len(set(cells)) == len(cells) and any(map(_looks_like_data, following))


def _find_notes(chunk: Chunk, *, padded: bool) -> int:
    """Return where lines of one cell below a table begin, behind a blank row; the number of rows if none do."""
    end = start = len(chunk.cells)
    for position in range(end - 1, max(end - MOST_NOTES, 0) - 1, -1):
        row = chunk.cells[position]
        if not any(row):
            start = position
        elif len(row) > 1 and (not padded or any(row[1:])):
            break
    return start


def _looks_like_data(cell: str) -> bool:
    """Return whether a cell is a number, a date, an amount or an address, which a header hardly is."""
    return len(cell) <= LONGEST_DATA and _DATA.match(cell) is not None


def _filled(row: Row) -> list[str]:
    return [cell for cell in row if cell.strip()]


def _find_first_row(records: Sequence[Row], width: int, options: ReadOptions) -> int:
    if options.skip_rows is None:
        needed = width if width <= 2 else (width + 1) // 2
        for position, row in enumerate(records[:MOST_PREAMBLE]):
            if len(_filled(row)) >= max(needed, 1):
                return _find_header_below_notes(records, position, width) or position
    start = options.skip_rows or 0
    return next((position for position in range(start, len(records)) if _filled(records[position])), len(records))


def _find_header_below_notes(records: Sequence[Row], first: int, width: int) -> int | None:
    """Return where a full row of names stands with data below it and, from `first`, only short notes above it."""
    position = first
    while position < min(len(records), MOST_PREAMBLE) and _is_note(records[position], width):
        position += 1
    if position in (first, len(records)) or _is_table(records[first:position]):
        return None
    row = records[position]
    if len(row) < width or len(_filled(row[:width])) < width or any(map(_looks_like_data, row)):
        return None
    below = _rows_below(records, position)
    return position if any(_is_column_of_data(below, column) for column in range(width)) else None


def _is_note(row: Row, width: int) -> bool:
    """Return whether a row is blank or fills its first cells only, at most two of at least three."""
    return not _filled(row[MOST_IN_NOTE:]) and (width > MOST_IN_NOTE or not _filled(row))


def _is_table(rows: Sequence[Row]) -> bool:
    """Return whether rows are a header of two names with data below: a small table of its own, perhaps of leads."""
    header, *below = [row for row in rows if _filled(row)] or [[]]
    if not below or any(map(_looks_like_data, header)):
        return False
    if any("@" in cell for row in below for cell in row):
        return True
    return len(below) > MOST_VALUES_IN_NOTES and any(
        all(column < len(row) and _looks_like_data(row[column]) for row in below) for column in (0, 1)
    )


def _rows_below(records: Sequence[Row], position: int) -> list[Row]:
    return [row for row in records[position + 1 : position + 1 + ROWS_BELOW] if any(row)]


def _is_column_of_data(rows: Sequence[Row], column: int) -> bool:
    values = [row[column] for row in rows if column < len(row) and row[column].strip()]
    return bool(values) and sum(map(_looks_like_data, values)) >= 0.6 * len(values)


def _is_header(records: Sequence[Row], first: int) -> bool:
    row = records[first]
    # Years name columns as often as they fill them.
    suspects = [column for column, cell in enumerate(row) if _looks_like_data(cell) and not _YEAR.match(cell)]
    if not suspects:
        return True
    below = _rows_below(records, first)
    if not below:
        return len(suspects) < 0.3 * len(row)
    return sum(_is_column_of_data(below, column) for column in suspects) < max(1, 0.2 * len(_filled(row)))


def _is_half_header(records: Sequence[Row], first: int, width: int) -> bool:
    """Return whether the row above the data of a table of two columns names one of them."""
    above = records[first - 1] if first else []
    return width == len(above) == 2 and any(above) and not any(map(_looks_like_data, above))


def _join_header(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return one name for each column: its cells in all header rows, joined by a space."""
    if len(rows) == 1:
        return tuple(rows[0])
    width = max((len(row) for row in rows), default=0)
    return tuple(" ".join(row[column] for row in rows if column < len(row) and row[column]) for column in range(width))


def _has_groups(above: Row, header: Row) -> bool:
    """Return whether the row above a header with repeated names says to which group each column belongs."""
    names = [name.strip().casefold() for name in _filled(header)]
    groups = _filled(above)
    return (
        len(set(names)) < len(names)
        and len(above) == len(header)
        and bool(above[0].strip())
        and 2 <= len(groups) == len(set(groups))
        and not any(map(_looks_like_data, groups))
    )


def _prefix_groups(header: Row, groups: Row) -> tuple[str, ...]:
    """Put its group before each repeated name of a header: Name ... Company Name."""
    names: list[str] = []
    seen: set[str] = set()
    group = ""
    for name, above in zip(header, groups, strict=True):
        group = above.strip() or group
        names.append(f"{group} {name}" if name.strip().casefold() in seen else name)
        seen.add(name.strip().casefold())
    return tuple(names)


def _counts_rows(values: Row) -> bool:
    """Return whether values are consecutive whole numbers."""
    numbers = [int(value) for value in values if value.isdecimal()]
    return len(numbers) == len(values) > 1 and all(b - a == 1 for a, b in pairwise(numbers))


def _count_header_rows(records: Sequence[Row], first: int) -> int:
    header = list(records[first])
    rows = 1
    while rows < MOST_HEADER_ROWS and first + rows < len(records) and list(records[first + rows]) == header:
        rows += 1
    if rows > 1 or first + 2 >= len(records):
        return rows
    lower, below = records[first + 1], records[first + 2]
    gaps = [column for column, cell in enumerate(header) if not cell.strip()]
    fills_gaps = sum(1 for column in gaps if column < len(lower) and lower[column].strip())
    is_second = (
        len(header) - len(gaps) >= 2
        and len(gaps) >= 0.3 * len(header)
        and fills_gaps >= 0.8 * len(gaps)
        and not any(map(_looks_like_data, lower))
        and len(set(lower)) > 0.5 * len(_filled(lower))
        and any(map(_looks_like_data, below))
    )
    return 2 if is_second else 1
