"""A file's bytes to rows with their lines, whatever its encoding, delimiter, layout or spreadsheet format."""

from __future__ import annotations

import csv
import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, TextIO

from leadtriage.core.errors import FileError, UsageError
from leadtriage.importing.parse.delimited import read_chunks
from leadtriage.importing.parse.dialect import guess_dialect, name_newline
from leadtriage.importing.parse.encoding import Encoded, examine_bytes
from leadtriage.importing.parse.model import Chunk, Dialect, Layout, Oddities, Reading, ReadOptions, list_lines
from leadtriage.importing.parse.rejects import BEGINNING, lay_out_rejects, restore_cells
from leadtriage.importing.parse.spreadsheet import convert_sheet, detect_spreadsheet
from leadtriage.importing.parse.tables import (
    common_width,
    cut_table,
    find_layout,
    find_tables,
    name_columns,
    shape_rows,
)

# Enough to see the shape of a file, little enough to try several dialects on.
SAMPLE_CHARACTERS = 100_000
SAMPLE_ROWS = 2_000
# The part of a file that is searched for tables.
FIRST_CHUNK_CHARACTERS = 3_200_000
MOST_TABLES = 1_000
_SHEET_DIALECT = Dialect(",", '"', "")
_OWN_BEGINNINGS = ("leadtriage_id,crm_id,", BEGINNING)
_OWN_OPTIONS = ReadOptions(delimiter=",", quote='"', escape="", header_rows=1, skip_rows=0, table=1)
"""How we write exports and rejects, whatever their cells look like."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text file, or a spreadsheet's sheet converted to one, with what it takes to read its records."""

    name: str
    path: Path
    format: str
    encoded: Encoded
    dialect: Dialect

    def open(self) -> TextIO:
        return self.path.open("r", encoding=self.encoded.encoding, errors=self.encoded.errors, newline="")

    def read_chunks(self, width: int | None, at_least: int = 0) -> Iterator[Chunk]:
        """Yield all records; see `delimited.read_chunks`."""
        is_csv = self.format == "csv"
        width = width if is_csv else None
        with self.open() as text:
            chunks = read_chunks(text, self.dialect, width=width, has_nul=self.encoded.has_nul, at_least=at_least)
            for chunk in chunks:
                if not is_csv:
                    # The converted sheet begins each row with its number.
                    chunk = Chunk([int(row[0]) for row in chunk.cells], [row[1:] for row in chunk.cells])
                yield chunk

    def first_chunk(self, width: int | None) -> Chunk:
        return next(self.read_chunks(width, FIRST_CHUNK_CHARACTERS), Chunk())


class Source:
    """A file that can be read as often as needed.

    Attributes:
        name: the file's name as the person gave it.
        sha256: the digest of its bytes, in hexadecimal.
        reading: how it is read.
        headers: the columns' names, unique and none empty.
        raw_headers: the names as in the file, a header of several rows joined by a space.
        has_rejects: whether it holds rejected rows that we wrote; its headers and rows are the original ones.
    """

    def __init__(self, text: _Text, layout: Layout, reading: Reading, warnings: tuple[str, ...]) -> None:
        self.name = text.name
        self.sha256 = text.encoded.sha256
        self.reading = reading
        self.raw_headers = layout.header
        self.has_rejects = layout.aside > 0
        self._columns = layout.columns - layout.aside
        header = restore_cells(layout.header) if self.has_rejects else layout.header
        self.headers = name_columns(header, self._columns, header_rows=layout.header_rows)
        self._text = text
        self._layout = layout
        self._warnings = warnings
        self._oddities = Oddities()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The guesses that may be wrong, and once all rows were read also their oddities."""
        return self._warnings + self._oddities.list_warnings(self.reading.tables)

    @property
    def size(self) -> int:
        """The bytes to read; for a spreadsheet, those of its sheet as text."""
        return self._text.path.stat().st_size

    def rows(self) -> Iterator[Chunk]:
        """Yield the rows below the header in chunks of up to 20,000, without blank rows; memory stays flat."""
        oddities = Oddities()
        chunks = self._table(oddities)
        if self.has_rejects:
            chunks = (replace(chunk, cells=[list(restore_cells(row)) for row in chunk.cells]) for chunk in chunks)
        yield from shape_rows(chunks, self._columns, oddities)
        self._oddities = oddities

    def why_rejected(self) -> list[tuple[str, str]]:
        """Return the line and reason of the first rejected rows; none for any other file."""
        if not self.has_rejects:
            return []
        first = next(self._table(Oddities()), Chunk())
        return [(row[0].strip(), row[1]) for row in first.cells[:SAMPLE_ROWS] if len(row) > 1]

    def _table(self, oddities: Oddities) -> Iterator[Chunk]:
        chunks = self._text.read_chunks(self._layout.width)
        yield from cut_table(chunks, self._layout, oddities, padded=self.reading.format != "csv")


def parsed_table(source: Source) -> Iterator[list[str]]:
    """Yield the whole table as parsed, its header first: nothing is renamed, padded or dropped.

    Only blank lines, lines above the header, notes below the table and other tables of the file are left out.
    """
    if source.raw_headers:
        yield list(source.raw_headers)
    for chunk in source._table(Oddities()):
        yield from (row for row in chunk.cells if row)


def open_source(
    path: Path | None, stream: BinaryIO | None, options: ReadOptions, *, allow_empty: bool = False
) -> Source:
    """Detect how a file is to be read; `Source.rows` reads the rows.

    Args:
        path: the file; None to read `stream`. What can be read only once, such as a stream or a named pipe, is copied
            to a temporary file first.
        stream: standard input, read to its end.
        allow_empty: whether a file without any text is a source without columns instead of an error.

    Raises:
        FileError: the file does not exist, is a folder, empty, binary or damaged, or has no such sheet or table.
        UsageError: an option has an impossible value.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # else csv refuses cells of 131,072 characters
    if options.delimiter in ("tab", "\\t"):
        options = replace(options, delimiter="\t")
    for option, count in (("--header-rows", options.header_rows), ("--skip-rows", options.skip_rows)):
        if count is not None and count < 0:
            raise UsageError("a number of rows can't be negative", place=option)
    name = "standard input" if path is None else str(path)
    try:
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="leadtriage-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            if path is None:
                path = _spool(stream, folder / "input")
            elif path.exists() and not (path.is_file() or path.is_dir()):
                with path.open("rb") as pipe:
                    path = _spool(pipe, folder / "input")
            check_is_there(path, name)
            if path.is_dir():
                raise FileError("this is a folder", place=name, hint="name a file within it")
            kind = detect_spreadsheet(path, name)
            if kind is None:
                source = _open_delimited(path, name, options, allow_empty=allow_empty)
            else:
                source = _open_spreadsheet(path, name, kind, folder / "sheet.csv", options, allow_empty=allow_empty)
            weakref.finalize(source, stack.pop_all().close)
    except OSError as error:
        raise FileError(f"the file can't be read: {error.strerror or error}", place=name) from error
    return source


def _spool(stream: BinaryIO | None, target: Path) -> Path:
    if stream is None:
        raise UsageError("no file was given", hint='name a file, or "-" for standard input')
    with target.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return target


def check_is_there(path: Path, name: str) -> None:
    """Raise a `FileError` if there is no such file."""
    if not path.exists():
        raise FileError("there is no such file", place=name, hint="check the spelling and the folder")


def _open_delimited(path: Path, name: str, options: ReadOptions, *, allow_empty: bool) -> Source:
    text = _Text(name, path, "csv", examine_bytes(path, options.encoding, name), _SHEET_DIALECT)
    with text.open() as file:
        sample = file.read(SAMPLE_CHARACTERS).replace('\0"', '""').replace("\0", "")
    if len(sample) >= SAMPLE_CHARACTERS - 1 and (cut := max(sample.rfind("\n"), sample.rfind("\r"))) > 0:
        sample = sample[: cut + 1]
    stated = re.match(r'"?sep=(.)"?[\r\n]', sample)
    if stated and options.delimiter is None:
        options = replace(options, delimiter=stated[1])
    if sample.startswith(_OWN_BEGINNINGS):
        options = replace(_OWN_OPTIONS, **{key: value for key, value in asdict(options).items() if value is not None})
    dialect = guess_dialect(sample.replace("\r\n", "\n").replace("\r", "\n"), options)
    text = replace(text, dialect=dialect)
    reading = Reading(
        format="csv",
        encoding=text.encoded.encoding,
        delimiter=dialect.delimiter + (" " if dialect.space_after else ""),
        quote=dialect.quote,
        escape=("backslash" if dialect.escape == "\\" else dialect.escape or "doubled") if dialect.quote else "",
        newline=name_newline(sample),
    )
    empty = FileError("the file is empty", place=name, hint="export it again")
    if options.skip_rows:
        empty = FileError(f"nothing is left after {options.skip_rows} skipped lines", place=name, hint="skip fewer")
    return _find_table(text, reading, options, text.encoded.warnings, None if allow_empty else empty)


def _open_spreadsheet(
    path: Path, name: str, kind: str, target: Path, options: ReadOptions, *, allow_empty: bool
) -> Source:
    sheet, sheets = convert_sheet(path, options.sheet, target, name)
    digest = examine_bytes(path, "latin-1", name).sha256
    text = _Text(name, target, kind, Encoded(digest, "utf-8", "strict", False, ()), _SHEET_DIALECT)
    reading = Reading(kind, "utf-8", "", "", "", "", sheet=sheet, sheets=sheets)
    warnings: tuple[str, ...] = ()
    if len(sheets) > 1 and not options.sheet:
        others = ", ".join(each for each in sheets if each != sheet)
        warnings = (f'the sheet "{sheet}" is read, not: {others} (--sheet takes a name or a number)',)
    hint = f"--sheet takes one of: {', '.join(sheets)}"
    empty = FileError(f'the sheet "{sheet}" is empty', place=name, hint=hint)
    return _find_table(text, reading, options, warnings, None if allow_empty else empty)


def _find_table(
    text: _Text, reading: Reading, options: ReadOptions, warnings: tuple[str, ...], empty: FileError | None
) -> Source:
    """Find the wanted table in the file's first chunk; raise `empty`, if given, for a file without columns."""
    sample = text.first_chunk(None)
    layout = None if options.skip_rows else lay_out_rejects(sample.cells[:SAMPLE_ROWS])
    if layout is None:
        if text.format == "csv":
            sample = text.first_chunk(common_width(sample.cells))
        layout = _find_layout(sample.cells, options, text.name)
    chunk = text.first_chunk(layout.width)
    starts = find_tables(chunk, layout, MOST_TABLES)
    tables = len(starts) + 1 if layout.columns else 0
    wanted = 1 if options.table is None else options.table
    if not 1 <= wanted <= len(starts) + 1:
        raise FileError(f"there is no table {wanted}", place=text.name, hint=f"tables found: {len(starts) + 1}")
    preamble = tuple(text.dialect.delimiter.join(row).strip() for row in chunk.cells[: layout.first])
    if wanted > 1:
        first = starts[wanted - 2]
        below = _find_layout(chunk.cells[first:], replace(options, skip_rows=0), text.name)
        layout, preamble = replace(below, first=first + below.first), ()
    if empty is not None and not layout.columns:
        raise empty
    warnings += layout.warnings
    if starts:
        lines = list_lines([chunk.lines[start] for start in starts])
        warnings += (
            f"the file holds {len(starts) + 1} tables (others begin on line {lines}); only table {wanted} is read, "
            "--table chooses another",
        )
    reading = replace(reading, preamble=preamble, header_rows=layout.header_rows, tables=tables)
    return Source(text, layout, reading, warnings)


def _find_layout(records: list[list[str]], options: ReadOptions, name: str) -> Layout:
    layout = find_layout(records[:SAMPLE_ROWS], options)
    if layout.columns and options.header_rows is not None and options.header_rows > layout.header_rows:
        raise FileError(
            f"the header can't have {options.header_rows} rows, there are only {layout.header_rows} in all",
            place=name,
            hint="give --header-rows the rows of names above the first lead, or leave it out",
        )
    return layout
