"""An Excel workbook holds a table whole, or is not written."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from python_calamine import CalamineWorkbook

from leadtriage.core.errors import FileError
from leadtriage.core.tables import Cell, Column, Table, unguard_formula
from leadtriage.rendering.files import SheetLimits, write_xlsx

EXCEL = SheetLimits()


def table_of(*rows: Cell, header: str = "need") -> Table:
    """A table of leads, numbered from 11, with one more column."""
    columns = (Column("leadtriage_id", "Id"), Column(header, "Need"))
    return Table("Leads", columns, tuple({"leadtriage_id": 11 + i, header: cell} for i, cell in enumerate(rows)))


def read_back(content: bytes) -> list[list[Any]]:
    """The cells of the only sheet."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("cell", ["x" * EXCEL.characters, "😀" * (EXCEL.characters // 2)])
def test_the_longest_cell_is_written_whole(cell: str) -> None:
    assert read_back(write_xlsx(table_of("a", cell)))[2] == [12.0, cell]


@pytest.mark.parametrize(
    "cell", ["x" * (EXCEL.characters + 1), "😀" * (EXCEL.characters // 2 + 1), "'" + "=" * (EXCEL.characters - 1)]
)
def test_a_longer_cell_is_refused_by_its_lead_and_column(cell: str) -> None:
    with pytest.raises(FileError, match=r"3\d,\d{3} characters exceed the 32,767") as caught:
        write_xlsx(table_of("a", cell))
    assert caught.value.place == "leadtriage_id 12, column need"
    assert caught.value.hint is not None and ".csv" in caught.value.hint


def test_a_longer_header_is_refused() -> None:
    with pytest.raises(FileError) as caught:
        write_xlsx(table_of("a", header="n" * 40_000))
    assert str(caught.value.place).startswith("the header of column nnn") and len(str(caught.value)) < 400


def test_a_table_of_just_the_limits_is_written_and_a_larger_one_refused() -> None:
    limits = SheetLimits(rows=4, columns=2)
    assert len(read_back(write_xlsx(table_of("a", "b", "c"), limits))) == 4
    with pytest.raises(FileError, match="4 rows exceed the 3 "):
        write_xlsx(table_of("a", "b", "c", "d"), limits)
    with pytest.raises(FileError, match="2 columns exceed the 1 "):
        write_xlsx(table_of("a"), SheetLimits(rows=4, columns=1))


def test_days_that_excel_does_not_count_are_texts() -> None:
    days: list[Cell] = [date(1, 1, 1), date(1900, 2, 28), date(1900, 3, 1), datetime(1899, 12, 31, 10, 30)]
    cells = [row[1] for row in read_back(write_xlsx(table_of(*days)))[1:]]
    assert cells[:3] == ["0001-01-01", "1900-02-28", date(1900, 3, 1)]
    assert str(cells[3]).startswith("1899-12-31")


@given(st.text("=+-@'\t1a", min_size=1, max_size=6))
def test_an_import_reads_every_text_as_it_was(text: str) -> None:
    cell = read_back(write_xlsx(table_of(text)))[1][1]
    assert unguard_formula(cell) == text
    assert cell == text or text.startswith("'"), "what needs no guard gets none"
