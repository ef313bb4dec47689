"""The values that the reading of a file hands around; what they mean, not how they are found.

What was met while a table was read, and what people are told of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a person said about a file; None leaves it to be guessed.

    Attributes:
        encoding: a name Python knows, such as "cp1250".
        delimiter: one character, a character and a space such as ", ", or "tab".
        quote: one character; "" for none.
        escape: how a quote stands inside quotes: "" or the quote itself for doubled, "\\\\" for a backslash.
        header_rows: how many rows make the header; 0 for a file without one.
        skip_rows: how many lines stand above the header.
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
    """How cells are told apart.

    Attributes:
        delimiter: one character.
        quote: one character, or "" where nothing is quoted.
        escape: "" where a quote inside quotes is doubled, else the character before it.
        space_after: whether blanks after a delimiter belong to it, as in `a, "b"`.
        wrapped: whether each whole line stands in quotes once more, as spreadsheets write a column of CSV lines.
    """

    delimiter: str
    quote: str
    escape: str
    space_after: bool = False
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the header stands.

    Attributes:
        first: the position of the header's first row (or of the first data row) among the records.
        header_rows: how many rows the header has; 0 for none.
        header: the header's cells, several rows joined by a space, as in the file.
        width: how many cells a row is expected to have.
        columns: how many columns the table has.
        last_header_row: the header's lowest row as it is in the file, by which another table is known.
        warnings: what was decided and may be wrong.
        aside: how many columns at the left are ours and no part of the table, as in a file of rejected rows.
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
    """Up to 20,000 rows.

    Attributes:
        lines: for each row the line of the file (or the row of the sheet) it begins on, from 1.
        cells: the rows; each has as many cells as there are headers, unless its position is in `problems`.
        problems: position in `cells` -> why this row can't be trusted; its cells are as they were parsed.
    """

    lines: list[int]
    cells: list[list[str]]
    problems: dict[int, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a file, for people to check.

    Attributes:
        format: "csv", "xlsx", "xlsb", "xls" or "ods".
        encoding: Python's name of it.
        delimiter: as in the file, "" for a spreadsheet.
        quote: "" where nothing is quoted.
        escape: "doubled" or "backslash", "" where nothing is quoted.
        newline: "LF", "CRLF", "CR", "mixed" or "".
        preamble: the lines above the header, without their ends.
        header_rows: 0 for a file without a header.
        tables: how many tables were seen in the part of the file that was examined.
        sheet: the sheet that is read, "" for a text file.
        sheets: all sheets of a spreadsheet.
    """

    format: str
    encoding: str
    delimiter: str
    quote: str
    escape: str
    newline: str
    preamble: tuple[str, ...]
    header_rows: int
    tables: int
    sheet: str = ""
    sheets: tuple[str, ...] = ()


@dataclass(slots=True)
class Oddities:
    """What was met while a table was read, for the warnings afterwards: counts, and some rows' lines."""

    rows: int = 0
    blank: int = 0
    short: int = 0
    long: list[int] = field(default_factory=list)
    mended: list[int] = field(default_factory=list)
    damaged: int = 0
    notes: int = 0
    another_table_at: int | None = None

    def tell(self, tables: int) -> tuple[str, ...]:
        """Say what of it may be wrong, of a file with so many tables."""
        told = []
        if self.short:
            told.append(f"rows shorter than the header, filled up with nothing: {self.short:,}")
        if 0 < len(self.long) <= 0.2 * self.rows:
            told.append(f"rows with a delimiter too many, whose cells may be shifted: line {list_lines(self.long)}")
        if self.mended:
            told.append(
                f"rows with broken quotation marks or delimiters that were mended: line {list_lines(self.mended)}"
            )
        if self.damaged:
            told.append(f"rows that can't be read because of their delimiters or quotation marks: {self.damaged:,}")
        if self.notes:
            told.append(f"lines below the table that are left out: {self.notes}")
        if self.another_table_at is not None and tables == 1:
            told.append(f"reading stopped at line {self.another_table_at:,}, where another table begins (--table)")
        return tuple(told)


def list_lines(lines: list[int]) -> str:
    """Name the first lines of several, and how many more there are."""
    return ", ".join(map(str, lines[:5])) + (f" and {len(lines) - 5:,} more" if len(lines) > 5 else "")
