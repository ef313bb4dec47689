"""Where a table stands in its file: lines above it, the rows of its header, where the next table begins.

One table out of a file's records, in rows of its header's width; what a record is, `delimited` decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from leadtriage.importing.parse.delimited import Block
from leadtriage.importing.parse.model import Chunk, Layout, Oddities, ReadOptions

MOST_PREAMBLE = 60
MOST_HEADER_ROWS = 3
MOST_IN_NOTE = 2
MOST_VALUES_IN_NOTES = 2
LONGEST_DATA = 120

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


def find_layout(records: Sequence[Sequence[str]], options: ReadOptions) -> Layout:
    """Where the header stands among the first records of a file, blank ones included.

    The lines above a table fill fewer than half of its columns, or are a text with a delimiter in it or a name with
    its value ("Export date,2026-01-05"); a header names things, so that no cell of it looks like a number, a date or
    an address while the column below does.
    """
    width = common_width(records)
    first = _first_row(records, width, options)
    if first >= len(records):
        return Layout(first, 0, (), width, 0)
    if options.header_rows is not None:
        rows = min(options.header_rows, len(records) - first)
    elif not _is_header(records, first):
        rows = 0
    else:
        rows = _count_header_rows(records, first)
    if rows == 0 and options.header_rows is None and _is_half_header(records, first, width):
        first, rows = first - 1, 1
    header = join_header(records[first : first + rows])
    if rows == 1 and options.header_rows is None and first and _groups(records[first - 1], header):
        header = _tell_apart(header, records[first - 1])
        first, rows = first - 1, 2
    warnings: list[str] = []
    body = [row for row in records[first + rows :] if any(row)]
    width = common_width(body) or len(header)
    agreed = sum(len(row) == width for row in body) >= 0.8 * len(body)
    if rows == 0 and options.header_rows is None:
        warnings.append("the first row looks like data, so the columns have no names (else say --header-rows 1)")
    if rows and agreed and body and header.count("") == len(header) - width > 0:
        header = tuple(name for name in header if name)
        warnings.append("the header has an extra delimiter, which was left out")
    if rows and agreed and width == len(header) + 1 and _is_count([row[0] for row in body if len(row) == width]):
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


def join_header(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One name for each column: what stands in its header rows, joined by a space."""
    if len(rows) == 1:
        return tuple(rows[0])
    width = max((len(row) for row in rows), default=0)
    return tuple(" ".join(row[column] for row in rows if column < len(row) and row[column]) for column in range(width))


def name_columns(header: Sequence[str], width: int, *, header_rows: int) -> tuple[str, ...]:
    """Unique names, none empty: `column 3` for an empty one, `Email (2)` for a second `Email`.

    Blanks are folded; in a header of several rows a name that only repeats itself is told once.
    """
    names: list[str] = []
    taken: set[str] = set()
    used: dict[str, int] = {}
    for column in range(width):
        words = (header[column] if column < len(header) else "").split()
        share = len(words) // header_rows if header_rows > 1 else 0
        if share and words == words[:share] * header_rows:
            words = words[:share]
        plain = " ".join(words) or f"column {column + 1}"
        name = plain
        while name in taken:
            used[plain] = used.get(plain, 1) + 1
            name = f"{plain} ({used[plain]})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def begins_table(
    row: Sequence[str], header: Sequence[str], following: Sequence[str] | None, *, after_blank: bool
) -> bool:
    """Whether a row is the header of another table: the same header again, or one that shares its names.

    After a blank row any full row of names counts too that is as wide as the row below it, but not as the header, and
    has data below.
    """
    if list(row) == list(header):
        return True
    names = {name.strip().casefold() for name in header if name.strip()}
    cells = [cell.strip().casefold() for cell in row]
    if len(cells) < 2 or not all(cells[:2]) or any(map(looks_like_data, cells)):
        return False
    if len(row) == len(header):
        return len(names) > 2 and sum(cell in names for cell in cells) > 0.7 * len(names)
    shared = sum(cell in names for cell in cells)
    if shared >= 2 and shared >= 0.6 * min(len(names), len(cells)):
        return following is not None and len(following) == len(row)
    if not after_blank or following is None or len(following) != len(row):
        return False
    return all(cells) and len(set(cells)) == len(cells) and any(map(looks_like_data, following))


def common_width(records: Sequence[Sequence[str]]) -> int:
    """How many cells most rows have; the wider where that is a tie, 0 where there are none."""
    widths = Counter(len(row) for row in records if any(row))
    return max(widths.items(), key=lambda item: (item[1], item[0]))[0] if widths else 0


def looks_like_data(cell: str) -> bool:
    """Whether a cell is a number, a date, an amount, an address: what a header hardly is."""
    return len(cell) <= LONGEST_DATA and _DATA.match(cell) is not None


def _first_row(records: Sequence[Sequence[str]], width: int, options: ReadOptions) -> int:
    if options.skip_rows is not None:
        return _next_filled(records, options.skip_rows)
    needed = width if width <= 2 else (width + 1) // 2
    for position, row in enumerate(records[:MOST_PREAMBLE]):
        filled = sum(1 for cell in row if cell.strip())
        if filled >= needed and len(row) >= needed and filled:
            return _header_below_notes(records, position, width) or position
    return _next_filled(records, 0)


def _header_below_notes(records: Sequence[Sequence[str]], first: int, width: int) -> int | None:
    """Where a full row of names stands with data below it and, from `first`, nothing but short notes above it."""
    position = first
    while position < min(len(records), MOST_PREAMBLE) and _is_note(records[position], width):
        position += 1
    if position in (first, len(records)) or _is_table(records[first:position]):
        return None
    row = records[position]
    if len(row) < width or not all(cell.strip() for cell in row[:width]) or any(map(looks_like_data, row)):
        return None
    below = [other for other in records[position + 1 : position + 60] if any(other)]
    return position if any(_is_column_of_data(below, column) for column in range(width)) else None


def _is_note(row: Sequence[str], width: int) -> bool:
    """Whether a row is blank or fills its first cells only, at most two of at least three."""
    filled = [column for column, cell in enumerate(row) if cell.strip()]
    return not filled or (len(filled) <= MOST_IN_NOTE < width and filled[-1] < MOST_IN_NOTE)


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows are a header of two names with data below it: a small table of its own, perhaps of leads."""
    full = [row for row in rows if any(cell.strip() for cell in row)]
    below = full[1:]
    if not below or any(map(looks_like_data, full[0])):
        return False
    if any("@" in cell for row in below for cell in row):
        return True
    return len(below) > MOST_VALUES_IN_NOTES and any(
        all(column < len(row) and looks_like_data(row[column]) for row in below) for column in (0, 1)
    )


def _is_column_of_data(rows: Sequence[Sequence[str]], column: int) -> bool:
    values = [row[column] for row in rows if column < len(row) and row[column].strip()]
    return bool(values) and sum(map(looks_like_data, values)) >= 0.6 * len(values)


def _next_filled(records: Sequence[Sequence[str]], position: int) -> int:
    while position < len(records) and not any(cell.strip() for cell in records[position]):
        position += 1
    return position


def _is_header(records: Sequence[Sequence[str]], first: int) -> bool:
    row = records[first]
    # Years name columns as often as they fill them.
    suspects = [column for column, cell in enumerate(row) if looks_like_data(cell) and not _YEAR.match(cell)]
    if not suspects:
        return True
    below = [other for other in records[first + 1 : first + 60] if any(other)]
    if not below:
        return len(suspects) < 0.3 * len(row)
    alike = sum(_is_column_of_data(below, column) for column in suspects)
    filled = sum(1 for cell in row if cell.strip())
    return alike < max(1, 0.2 * filled)


def _is_half_header(records: Sequence[Sequence[str]], first: int, width: int) -> bool:
    """Whether the row above the data of a table of two columns names one of them."""
    above = records[first - 1] if first else []
    return width == 2 and len(above) == 2 and any(above) and not any(map(looks_like_data, above))


def _groups(above: Sequence[str], header: Sequence[str]) -> bool:
    """Whether the row above a header that has a name twice says which group of columns each belongs to."""
    names = [name.strip().casefold() for name in header if name.strip()]
    filled = [cell for cell in above if cell.strip()]
    return (
        len(set(names)) < len(names)
        and len(above) == len(header)
        and bool(above[0].strip())
        and 2 <= len(filled) == len(set(filled))
        and not any(map(looks_like_data, filled))
    )


def _tell_apart(header: Sequence[str], groups: Sequence[str]) -> tuple[str, ...]:
    """The names of a header, with its group in front of one that stood before: Name ... Company Name."""
    told: list[str] = []
    seen: set[str] = set()
    group = ""
    for name, above in zip(header, groups, strict=True):
        group = above.strip() or group
        told.append(f"{group} {name}" if name.strip().casefold() in seen else name)
        seen.add(name.strip().casefold())
    return tuple(told)


def _is_count(values: Sequence[str]) -> bool:
    """Whether values are consecutive whole numbers."""
    numbers = [int(value) for value in values if value.isdecimal()]
    return len(numbers) == len(values) > 1 and all(b - a == 1 for a, b in pairwise(numbers))


def _count_header_rows(records: Sequence[Sequence[str]], first: int) -> int:
    header = list(records[first])
    rows = 1
    while rows < MOST_HEADER_ROWS and first + rows < len(records) and list(records[first + rows]) == header:
        rows += 1
    if rows > 1:
        return rows
    if first + 2 < len(records):
        lower, below = records[first + 1], records[first + 2]
        gaps = [column for column, cell in enumerate(header) if not cell.strip()]
        groups = len(header) - len(gaps)
        fills_gaps = sum(1 for column in gaps if column < len(lower) and lower[column].strip())
        names = [cell for cell in lower if cell.strip()]
        if (
            groups >= 2
            and len(gaps) >= 0.3 * len(header)
            and fills_gaps >= 0.8 * len(gaps)
            and not any(map(looks_like_data, lower))
            and len(set(lower)) > 0.5 * len(names)
            and any(map(looks_like_data, below))
        ):
            return 2
    return 1


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
