"""The values that the modules of this package share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a person said about a file; None means that it is detected.

    Attributes:
        encoding: a name Python knows, such as "cp1250".
        delimiter: one character, a character and a space such as ", ", or "tab".
        quote: one character; "" for none.
        escape: "" or the quote itself for doubled quotes, else the character before a quote inside quotes.
        header_rows: the rows of the header; 0 for a file without one.
        skip_rows: the lines above the header.
        sheet: a spreadsheet's sheet by name or by number from 1.
        table: which table of a file with several, from 1.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header_rows: int | None = None
    skip_rows: int | None = None
    sheet: str | None = None
    table: int | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates its cells.

    Attributes:
        quote: one character, or "" where nothing is quoted.
        escape: the character before a quote inside quotes, or "" where such a quote is doubled.
        space_after: whether blanks after a delimiter belong to it, as in `a, "b"`.
        wrapped: whether each whole line is quoted once more, as spreadsheets write a column of CSV lines.
    """

    delimiter: str
    quote: str
    escape: str
    space_after: bool = False
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table begins and how wide it is.

    Attributes:
        first: the position of the header's first row, or of the first data row, among the records.
        header_rows: the rows of the header; 0 for none.
        header: the header's cells, several rows joined by a space, as in the file.
        width: the expected cells of a row.
        columns: the columns of the table.
        last_header_row: the header's lowest row as in the file, by which another table is recognised.
        warnings: decisions that may be wrong.
        aside: the columns at the left that are ours, as in a file of rejected rows.
    """

    first: int
    header_rows: int
    header: tuple[str, ...]
    width: int
    columns: int
    last_header_row: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    aside: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of a file, or up to 20,000 rows of its table.

    Attributes:
        lines: the line of the file (or row of the sheet) on which each begins, from 1.
        cells: the cells of each; a row is as wide as the header unless its position is in `problems`.
        problems: position -> why a row cannot be trusted; its cells are as parsed.
        mended: the positions of rows that broke the rules but could be read.
    """

    lines: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    mended: list[int] = field(default_factory=list)

    def select(self, positions: Sequence[int]) -> Chunk:
        """Return the rows at these positions, which ascend."""
        new = {old: new for new, old in enumerate(positions)} if self.problems or self.mended else {}
        return Chunk(
            [self.lines[old] for old in positions],
            [self.cells[old] for old in positions],
            {new[old]: why for old, why in self.problems.items() if old in new},
            [new[old] for old in self.mended if old in new],
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read, for people to check.

    Attributes:
        format: "csv", "xlsx", "xlsb", "xls" or "ods".
        encoding: Python's name of it.
        delimiter: as in the file; "" for a spreadsheet.
        quote: "" where nothing is quoted.
        escape: "doubled" or "backslash"; "" where nothing is quoted.
        newline: "LF", "CRLF", "CR", "mixed" or "".
        preamble: the lines above the header, without their ends.
        header_rows: 0 for a file without a header.
        tables: the tables seen in the examined part of the file.
        sheet: the sheet that is read; "" for a text file.
        sheets: all sheets of a spreadsheet.
    """

    format: str
    encoding: str
    delimiter: str
    quote: str
    escape: str
    newline: str
    preamble: tuple[str, ...] = ()
    header_rows: int = 0
    tables: int = 0
    sheet: str = ""
    sheets: tuple[str, ...] = ()


@dataclass(slots=True)
class Oddities:
    """What a table's rows showed while they were read: counts, and some rows' lines."""

    rows: int = 0
    blank: int = 0
    short: int = 0
    long: list[int] = field(default_factory=list)
    mended: list[int] = field(default_factory=list)
    damaged: int = 0
    notes: int = 0
    another_table_at: int | None = None

    def list_warnings(self, tables: int) -> tuple[str, ...]:
        """Say what may be wrong, in a file with so many tables."""
        warnings = []
        if self.short:
            warnings.append(f"rows shorter than the header, filled up with nothing: {self.short:,}")
        if 0 < len(self.long) <= 0.2 * self.rows:
            lines = list_lines(self.long)
            warnings.append(f"rows with a delimiter too many, whose cells may be shifted: line {lines}")
        if self.mended:
            lines = list_lines(self.mended)
            warnings.append(f"rows with broken quotation marks or delimiters that were mended: line {lines}")
        if self.damaged:
            warnings.append(f"rows that can't be read because of their delimiters or quotation marks: {self.damaged:,}")
        if self.notes:
            warnings.append(f"lines below the table that are left out: {self.notes}")
        if self.another_table_at is not None and tables == 1:
            warnings.append(f"reading stopped at line {self.another_table_at:,}, where another table begins (--table)")
        return tuple(warnings)


def list_lines(lines: list[int]) -> str:
    """Name the first lines of several, and how many more there are."""
    return ", ".join(map(str, lines[:5])) + (f" and {len(lines) - 5:,} more" if len(lines) > 5 else "")
