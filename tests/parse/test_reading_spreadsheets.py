"""Spreadsheets, whatever they are called, and those made to do harm."""

from __future__ import annotations

import datetime
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from leadtriage.core.errors import FileError
from leadtriage.importing.parse import ReadOptions, open_source, parsed_table
from leadtriage.importing.parse.spreadsheet import detect_spreadsheet

WORKSHEET = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
FAR_CELLS = (
    '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
)


def write_workbook(path: Path) -> None:
    """A title, an empty row, a header, two leads and an empty row between them, on the second of three sheets."""
    workbook = xlsxwriter.Workbook(str(path))
    workbook.add_worksheet("Empty")
    sheet = workbook.add_worksheet("Leads")
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write(0, 0, "Leads of the spring fair")
    sheet.write_row(2, 0, ["Name", "Came in", "Last seen", "Budget", "Share", "Asked"])
    for row, name, budget in ((3, "Ann\nLee", 5000.0), (5, "Zoë, Ray", 12.5)):
        sheet.write(row, 0, name)
        sheet.write_datetime(row, 1, datetime.datetime(2026, 1, 5), day)
        sheet.write_datetime(row, 2, datetime.datetime(2026, 1, 5, 14, 30), time)
        sheet.write_number(row, 3, budget)
        sheet.write_boolean(row, 5, True)
    workbook.add_worksheet("Notes").write_row(0, 0, ["Topic", "Text"])
    workbook.close()


def replace_sheet(path: Path, target: Path, xml: str) -> None:
    """The same workbook with another second sheet."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as changed:
        for name in source.namelist():
            changed.writestr(name, xml if name.endswith("sheet2.xml") else source.read(name))


@pytest.mark.parametrize("name", ["leads.xlsx", "leads.csv", "leads.xls", "leads"])
def test_sheet_is_read_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    write_workbook(tmp_path / "made.xlsx")
    path = (tmp_path / "made.xlsx").rename(tmp_path / name)
    source = open_source(path, None, ReadOptions())
    assert (source.reading.format, source.reading.sheet) == ("xlsx", "Leads")
    assert source.reading.sheets == ("Empty", "Leads", "Notes")
    assert source.headers == ("Name", "Came in", "Last seen", "Budget", "Share", "Asked")
    (chunk,) = source.rows()
    assert chunk.lines == [4, 6]
    assert chunk.cells == [
        ["Ann\nLee", "2026-01-05", "2026-01-05 14:30:00", "5000", "", "true"],
        ["Zoë, Ray", "2026-01-05", "2026-01-05 14:30:00", "12.5", "", "true"],
    ]
    assert any('"Leads" is read' in warning for warning in source.warnings)


@pytest.mark.parametrize("sheet", ["3", "Notes"])
def test_another_sheet_is_read_by_name_or_number(tmp_path: Path, sheet: str) -> None:
    write_workbook(tmp_path / "leads.xlsx")
    source = open_source(tmp_path / "leads.xlsx", None, ReadOptions(sheet=sheet))
    assert (source.headers, list(source.rows()), source.warnings) == (("Topic", "Text"), [], ())


@pytest.mark.parametrize(("sheet", "hint"), [("4", "1 Empty"), ("leads", "2 Leads"), ("1", "Leads")])
def test_a_sheet_that_is_not_there_or_empty_is_refused(tmp_path: Path, sheet: str, hint: str) -> None:
    write_workbook(tmp_path / "leads.xlsx")
    with pytest.raises(FileError) as caught:
        open_source(tmp_path / "leads.xlsx", None, ReadOptions(sheet=sheet))
    assert hint in (caught.value.hint or "")


def test_a_workbook_comes_in_through_standard_input_too(tmp_path: Path) -> None:
    write_workbook(tmp_path / "leads.xlsx")
    data = (tmp_path / "leads.xlsx").read_bytes()
    piped = open_source(None, io.BytesIO(data), ReadOptions())
    direct = open_source(tmp_path / "leads.xlsx", None, ReadOptions())
    assert (piped.name, piped.sha256) == ("standard input", direct.sha256)
    assert list(parsed_table(piped)) == list(parsed_table(direct))


@pytest.mark.parametrize("dimension", ['<dimension ref="A1:XFD1048576"/>', ""])
def test_far_cells_are_an_error_not_a_crash(tmp_path: Path, dimension: str) -> None:
    write_workbook(tmp_path / "leads.xlsx")
    replace_sheet(tmp_path / "leads.xlsx", tmp_path / "bomb.xlsx", WORKSHEET + dimension + FAR_CELLS)
    with pytest.raises(FileError, match="safe") as caught:
        open_source(tmp_path / "bomb.xlsx", None, ReadOptions(sheet="Leads"))
    assert caught.value.place == str(tmp_path / "bomb.xlsx")
    assert caught.value.hint


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    with pytest.raises(FileError, match="would unpack to 60,0"):
        open_source(path, None, ReadOptions())


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    write_workbook(tmp_path / "leads.xlsx")
    data = (tmp_path / "leads.xlsx").read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(data[: len(data) // 2])
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    for name in ("cut.xlsx", "old.xls"):
        with pytest.raises(FileError, match=r"damaged|can't be read"):
            open_source(tmp_path / name, None, ReadOptions())


def test_whichever_byte_of_a_workbook_is_damaged_it_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    write_workbook(path)
    data = path.read_bytes()
    causes = set()
    for place in range(4, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            detect_spreadsheet(path, "leads.xlsx")
        except FileError as error:
            causes.add(type(error.__cause__))
    assert causes >= {zipfile.BadZipFile, zlib.error}


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "leads.zip", "w") as archive:
        archive.writestr("leads.csv", "Name,Email\n")
    with pytest.raises(FileError, match="zip archive"):
        open_source(tmp_path / "leads.zip", None, ReadOptions())


def test_a_foreign_workbook(public_data: Callable[[str], Path]) -> None:
    source = open_source(public_data("csv/encodings/test.xlsx"), None, ReadOptions())
    assert source.headers[:3] == ("text", "date", "integer")
    assert sum(len(chunk.cells) for chunk in source.rows()) == 5
