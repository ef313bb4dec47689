"""A file's bytes -> rows with their lines, whatever the file is; what the columns mean is left to `mapping`."""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from leadtriage.core.errors import FileError, UsageError
from leadtriage.importing.parse.delimited import Block, allow_long_cells, read_blocks
from leadtriage.importing.parse.dialect import guess_dialect, name_newline
from leadtriage.importing.parse.encoding import Encoded, examine_bytes
from leadtriage.importing.parse.model import Chunk, Dialect, Layout, Oddities, Reading, ReadOptions, list_lines
from leadtriage.importing.parse.rejects import BEGINNING, lay_out_rejects, restore_cells, restore_rows
from leadtriage.importing.parse.spreadsheet import Sheet, convert_sheet, detect_spreadsheet
from leadtriage.importing.parse.tables import (
    common_width,
    cut_table,
    find_layout,
    find_tables,
    name_columns,
    shape_rows,
)

__all__ = ["Chunk", "ReadOptions", "Reading", "Source", "open_source", "parsed_table"]

# Enough to see the shape of a file, little enough to try several dialects on.
SAMPLE_CHARACTERS = 100_000
SAMPLE_ROWS = 2_000
# Where the tables of a file are looked for.
FIRST_BLOCK_CHARACTERS = 3_200_000
MOST_TABLES = 1_000
_SHEET_DIALECT = Dialect(",", '"', "")
_AS_WE_WRITE = ("leadtriage_id,crm_id,", BEGINNING)


class _Found(NamedTuple):
    """What the first block of a file tells: the wanted table, how many there are, the lines above it."""

    layout: Layout
    tables: int
    preamble: tuple[str, ...]
    warnings: tuple[str, ...]


class Source:
    """A file that was understood and can be read, as often as need be.

    Attributes:
        name: the file's name as the person gave it.
        sha256: the digest of its bytes, in hexadecimal.
        reading: what was understood of it.
        headers: the columns' names, unique and none empty.
        raw_headers: the names as they are in the file, a header of several rows joined by a space.
        has_rejects: whether it holds rejected rows that we wrote; its headers and rows are those that they were.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        encoded: Encoded,
        dialect: Dialect,
        layout: Layout,
        reading: Reading,
        warnings: tuple[str, ...],
    ) -> None:
        self.name = name
        self.sha256 = encoded.sha256
        self.reading = reading
        self.raw_headers = layout.header
        self.has_rejects = layout.aside > 0
        self._columns = layout.columns - layout.aside
        header = restore_cells(layout.header) if layout.aside else layout.header
        self.headers = name_columns(header, self._columns, header_rows=layout.header_rows)
        self._path = path
        self._encoded = encoded
        self._dialect = dialect
        self._layout = layout
        self._warnings = warnings
        self._oddities: Oddities | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was guessed and may be wrong; once all rows were read also what was met in them."""
        return self._warnings + (self._oddities.tell(self.reading.tables) if self._oddities else ())

    @property
    def size(self) -> int:
        """How many bytes there are to read; of a spreadsheet, those of its sheet as text."""
        return self._path.stat().st_size

    def rows(self) -> Iterator[Chunk]:
        """The rows below the header, in chunks of up to 20,000, without the blank ones; memory stays flat."""
        oddities = Oddities()
        blocks = self._table(oddities)
        yield from shape_rows(restore_rows(blocks) if self.has_rejects else blocks, self._columns, oddities)
        self._oddities = oddities

    def why_rejected(self) -> list[tuple[str, str]]:
        """The line and reason of the first rejected rows; empty in a file that holds none."""
        if not self.has_rejects:
            return []
        first = next(self._table(Oddities()), Block([], [], {}, []))
        return [(row[0].strip(), row[1]) for row in first.cells[:SAMPLE_ROWS] if len(row) > 1]

    def _table(self, oddities: Oddities) -> Iterator[Block]:
        with _open_text(self._path, self._encoded) as text:
            blocks = _read(text, self._dialect, self._encoded, self._layout.width, self.reading.format)
            yield from cut_table(blocks, self._layout, oddities, padded=self.reading.format != "csv")


def parsed_table(source: Source) -> Iterator[list[str]]:
    """The whole table as it was parsed: the header first where there is one, nothing renamed, padded or dropped.

    Only blank lines, lines above the header, notes below the table and other tables of the file are left out.
    """
    if source.raw_headers:
        yield list(source.raw_headers)
    for block in source._table(Oddities()):
        yield from (row for row in block.cells if row)


def open_source(
    path: Path | None, stream: BinaryIO | None, options: ReadOptions, *, allow_empty: bool = False
) -> Source:
    """Finds out how a file is to be read; the rows themselves are read by `Source.rows`.

    Args:
        path: the file; None to read `stream`. A stream, and a path that is no regular file, such as a named pipe, is
            copied to a temporary file first, since it can be read only once.
        stream: standard input, read to its end; ignored where there is a path.
        options: what the person said of the file.
        allow_empty: whether a file without any text is a source without columns instead of an error.

    Raises:
        FileError: there is no such file, it is a folder, empty, binary, damaged, or has no such sheet or table.
        UsageError: an option can't be what it says.
    """
    allow_long_cells()
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
            _check_file(path, name, allow_empty=allow_empty)
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
    """Say so where there is no such file.

    Raises:
        FileError: there is none.
    """
    if not path.exists():
        raise FileError("there is no such file", place=name, hint="check the spelling and the folder")


def _check_file(path: Path, name: str, *, allow_empty: bool) -> None:
    check_is_there(path, name)
    if path.is_dir():
        raise FileError("this is a folder", place=name, hint="name a file within it")
    if not allow_empty and path.stat().st_size == 0:
        raise _empty(name, ReadOptions())


def _empty(name: str, options: ReadOptions) -> FileError:
    if options.skip_rows:
        return FileError(f"nothing is left after {options.skip_rows} skipped lines", place=name, hint="skip fewer")
    return FileError("the file is empty", place=name, hint="export it again")


def _open_delimited(path: Path, name: str, options: ReadOptions, *, allow_empty: bool) -> Source:
    encoded = examine_bytes(path, options.encoding, name)
    with _open_text(path, encoded) as text:
        sample = text.read(SAMPLE_CHARACTERS).replace('\0"', '""').replace("\0", "")
    if len(sample) >= SAMPLE_CHARACTERS - 1 and (cut := max(sample.rfind("\n"), sample.rfind("\r"))) > 0:
        sample = sample[: cut + 1]
    told = re.match(r'"?sep=(.)"?[\r\n]', sample)
    if told and options.delimiter is None:
        options = replace(options, delimiter=told[1])
    if sample.startswith(_AS_WE_WRITE):
        options = _as_we_write(options)
    dialect = guess_dialect(sample.replace("\r\n", "\n").replace("\r", "\n"), options)
    found = _lay_out(path, encoded, dialect, options, "csv", name)
    if not found.layout.columns and not allow_empty:
        raise _empty(name, options)
    reading = Reading(
        format="csv",
        encoding=encoded.encoding,
        delimiter=dialect.delimiter + (" " if dialect.space_after else ""),
        quote=dialect.quote,
        escape=("backslash" if dialect.escape == "\\" else dialect.escape or "doubled") if dialect.quote else "",
        newline=name_newline(sample),
        preamble=found.preamble,
        header_rows=found.layout.header_rows,
        tables=found.tables,
    )
    return Source(name, path, encoded, dialect, found.layout, reading, encoded.warnings + found.warnings)


def _as_we_write(options: ReadOptions) -> ReadOptions:
    """How we write exports and rejects, where the person said nothing else: nothing in their cells is layout."""
    usual = ReadOptions(delimiter=",", quote='"', escape="", header_rows=1, skip_rows=0, table=1)
    said = {name: value for name, value in asdict(options).items() if value is not None}
    return replace(usual, **said)


def _open_spreadsheet(
    path: Path, name: str, kind: str, target: Path, options: ReadOptions, *, allow_empty: bool
) -> Source:
    sheet = convert_sheet(path, options.sheet, target, name)
    digest = examine_bytes(path, "latin-1", name).sha256
    encoded = Encoded(digest, "utf-8", "strict", has_nul=False, warnings=())
    found = _lay_out(target, encoded, _SHEET_DIALECT, options, kind, name)
    layout = found.layout
    if not layout.columns and not allow_empty:
        raise FileError(
            f'the sheet "{sheet.name}" is empty', place=name, hint=f"--sheet takes one of: {', '.join(sheet.names)}"
        )
    reading = Reading(
        kind, "utf-8", "", "", "", "", found.preamble, layout.header_rows, found.tables, sheet.name, sheet.names
    )
    warnings = _tell_sheets(sheet, options) + found.warnings
    return Source(name, target, encoded, _SHEET_DIALECT, layout, reading, warnings)


def _tell_sheets(sheet: Sheet, options: ReadOptions) -> tuple[str, ...]:
    if len(sheet.names) < 2 or options.sheet:
        return ()
    others = ", ".join(name for name in sheet.names if name != sheet.name)
    return (f'the sheet "{sheet.name}" is read, not: {others} (--sheet takes a name or a number)',)


def _lay_out(path: Path, encoded: Encoded, dialect: Dialect, options: ReadOptions, kind: str, name: str) -> _Found:
    """Finds the wanted table in the file's first block."""
    sample = _first_block(path, encoded, dialect, None, kind)
    layout = None if options.skip_rows else lay_out_rejects(sample.cells[:SAMPLE_ROWS])
    if kind == "csv" and layout is None:
        sample = _first_block(path, encoded, dialect, common_width(sample.cells), kind)
    if layout is None:
        layout = _find_layout(sample.cells[:SAMPLE_ROWS], options, name)
    block = _first_block(path, encoded, dialect, layout.width, kind)
    starts = find_tables(block, layout, MOST_TABLES)
    wanted = 1 if options.table is None else options.table
    if wanted > len(starts) + 1 or wanted < 1:
        raise FileError(f"there is no table {wanted}", place=name, hint=f"tables found: {len(starts) + 1}")
    preamble = tuple(dialect.delimiter.join(row).strip() for row in block.cells[: layout.first])
    if wanted > 1:
        first = starts[wanted - 2]
        below = _find_layout(block.cells[first:][:SAMPLE_ROWS], replace(options, skip_rows=0), name)
        layout, preamble = replace(below, first=first + below.first), ()
    warnings = layout.warnings
    if starts:
        lines = list_lines([block.lines[start] for start in starts])
        warnings += (
            f"the file holds {len(starts) + 1} tables (others begin on line {lines}); only table {wanted} is read, "
            "--table chooses another",
        )
    return _Found(layout, len(starts) + 1 if layout.columns else 0, preamble, warnings)


def _find_layout(records: list[list[str]], options: ReadOptions, name: str) -> Layout:
    layout = find_layout(records, options)
    if layout.columns and options.header_rows is not None and options.header_rows > layout.header_rows:
        raise FileError(
            f"the header can't have {options.header_rows} rows, there are only {layout.header_rows} in all",
            place=name,
            hint="give --header-rows the rows of names above the first lead, or leave it out",
        )
    return layout


def _first_block(path: Path, encoded: Encoded, dialect: Dialect, width: int | None, kind: str) -> Block:
    with _open_text(path, encoded) as text:
        return next(_read(text, dialect, encoded, width, kind, FIRST_BLOCK_CHARACTERS), Block([], [], {}, []))


def _open_text(path: Path, encoded: Encoded) -> TextIO:
    return path.open("r", encoding=encoded.encoding, errors=encoded.errors, newline="")


def _read(
    text: TextIO, dialect: Dialect, encoded: Encoded, width: int | None, kind: str, at_least: int = 0
) -> Iterator[Block]:
    if kind == "csv":
        yield from read_blocks(text, dialect, width=width, has_nul=encoded.has_nul, at_least=at_least)
        return
    for block in read_blocks(text, dialect, width=None, has_nul=False, at_least=at_least):
        yield Block([int(row[0]) for row in block.cells], [row[1:] for row in block.cells], {}, [])
