"""A spreadsheet's sheet as numbered rows of text, converted in a process of its own.

A small file can name a cell so far away that the library asks for too much memory and dies without an exception. So
the archive is examined first, and `spreadsheet_worker` reads it under a limit.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

from leadtriage.core.errors import FileError

MOST_INFLATED = 3_000_000_000
LARGEST_RATIO = 300
MOST_CELLS = 60_000_000
LONGEST_SECONDS = 600

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_EXPORT_HINT = "open it in a spreadsheet program and save it as CSV or .xlsx"
_OTHER_FORMATS = {
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<table": "a web page",
    b"<?xml": "XML",
    b"%pdf-": "a PDF",
    b"\x1f\x8b": "gzip-compressed",
    b"bzh": "bzip2-compressed",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\xfd7zxz": "xz-compressed",
    b"sqlite format 3\0": "an SQLite database",
    b"{\\rtf": "a text document",
}
"""What other files begin with, in lower case."""
_JSON = re.compile(rb'(?:\[\s*)?\{\s*"[^"]*"\s*:')
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]+)(\d+)"')


def detect_spreadsheet(path: Path, name: str) -> str | None:
    """Return "xlsx", "xlsb", "xls" or "ods" by the file's content, whatever its name; None for a text.

    Raises:
        FileError: it is another known format, such as HTML, JSON, PDF or an archive.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_OLE):
        return "xls"
    if head.startswith(_ZIP):
        return _examine_archive(path, name)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    for mark, kind in _OTHER_FORMATS.items():
        if start.startswith(mark):
            raise FileError(f"this is {kind}, not CSV or a spreadsheet", place=name, hint=_EXPORT_HINT)
    if _JSON.match(start):
        raise FileError("this is JSON, not CSV or a spreadsheet", place=name, hint="export the leads as CSV")
    return None


def convert_sheet(path: Path, sheet: str | None, target: Path, name: str) -> tuple[str, tuple[str, ...]]:
    """Write one sheet to `target` as CSV in UTF-8, and return its name and the names of all sheets.

    Each row begins with its number in the sheet, from 1.

    Args:
        sheet: its name or its number from 1; None for the first visible one with more than one row.

    Raises:
        FileError: the file can't be read, is too big, or has no such sheet.
    """
    worker = [sys.executable, "-P", "-m", "leadtriage.importing.parse.spreadsheet_worker"]
    arguments = [str(path), str(target), sheet or ""]
    try:
        done = subprocess.run([*worker, *arguments], capture_output=True, timeout=LONGEST_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise FileError("reading the spreadsheet took too long", place=name, hint=_EXPORT_HINT) from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode or not lines:
        raise FileError("the spreadsheet is damaged or needs more memory than is safe", place=name, hint=_EXPORT_HINT)
    result = json.loads(lines[-1])
    if "error" in result:
        raise FileError(result["error"], place=name, hint=result["hint"] or _EXPORT_HINT)
    return result["sheet"], tuple(result["sheets"])


def _examine_archive(path: Path, name: str) -> str:
    """Return the kind of spreadsheet in a zip archive, if it would not unpack to a dangerous size."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            inflated = sum(member.file_size for member in members)
            packed = sum(member.compress_size for member in members)
            if inflated > MOST_INFLATED or (inflated > 50_000_000 and inflated > LARGEST_RATIO * packed):
                raise FileError(
                    f"the spreadsheet would unpack to {inflated:,} bytes, which is not safe",
                    place=name,
                    hint="export the leads as CSV",
                )
            kind = _kind_of_archive(archive, {member.filename for member in members})
            if kind == "xlsx":
                _check_far_cells(archive, name)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError, ValueError) as error:
        # What zipfile raises for damaged bytes, cut ends, and members with an unknown compression or encryption.
        raise FileError("the spreadsheet's archive is damaged", place=name, hint=_EXPORT_HINT) from error
    if kind is None:
        raise FileError(
            "this is a zip archive, not a spreadsheet", place=name, hint="unpack it and import the file within"
        )
    return kind


def _kind_of_archive(archive: zipfile.ZipFile, names: set[str]) -> str | None:
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(member.startswith("xl/") for member in names):
        return "xlsx"
    if "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")[:200]:
        return "ods"
    return None


def _check_far_cells(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a sheet whose stated extent no export has; the memory limit catches sheets that understate theirs."""
    for member in archive.namelist():
        if not member.startswith("xl/worksheets/sheet"):
            continue
        with archive.open(member) as part:
            found = _DIMENSION.search(part.read(8192))
        if found is None:
            continue
        column = 0
        for letter in found[1][:4]:
            column = column * 26 + letter - 64
        if column * int(found[2][:9]) > MOST_CELLS:
            raise FileError(
                f"the sheet reaches to cell {found[1].decode()}{found[2].decode()}, which is not safe to read",
                place=name,
                hint="delete the empty rows and columns at its end, or export it as CSV",
            )
