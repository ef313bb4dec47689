"""Files longer than one block, with quotes that never close and huge cells; and what is saved of a damaged row."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from leadtriage.importing.parse import Source, open_source
from leadtriage.importing.parse.delimited import CHUNK_CHARACTERS, reparse_row
from leadtriage.importing.parse.model import Dialect, ReadOptions

PLAIN = Dialect(",", '"', "")


def write(path: Path, text: str) -> Source:
    path.write_text(text, encoding="utf-8", newline="")
    return open_source(path, None, ReadOptions())


def test_rows_come_in_chunks_with_their_lines(tmp_path: Path) -> None:
    rows = 70_000
    source = write(
        tmp_path / "leads.csv",
        "Name,Email,Note\n" + "".join(f'N{n},p{n}@firm.example,"a\nb {n}"\n' for n in range(rows)),
    )
    chunks = list(source.rows())
    assert max(len(chunk.cells) for chunk in chunks) <= 20_000
    lines = [line for chunk in chunks for line in chunk.lines]
    assert lines == [2 + 2 * n for n in range(rows)]
    cells = [row for chunk in chunks for row in chunk.cells]
    assert cells == [[f"N{n}", f"p{n}@firm.example", f"a\nb {n}"] for n in range(rows)]
    assert not any(chunk.problems for chunk in chunks)


@pytest.mark.parametrize("at", [0, 1, 30_000, 59_999])
def test_a_quote_that_never_closes_costs_one_row(tmp_path: Path, at: int) -> None:
    rows = ["Bob,bob@firm.example,fine and well and longer than that\n"] * 60_000
    rows[at] = 'Ann,ann@firm.example,"5 inch\n'
    source = write(tmp_path / "leads.csv", "Name,Email,Note\n" + "".join(rows))
    cells = [row for chunk in source.rows() for row in chunk.cells]
    assert len(cells) == len(rows)
    assert cells[at] == ["Ann", "ann@firm.example", '"5 inch']
    assert source.warnings == (f"rows with broken quotation marks or delimiters that were mended: line {at + 2}",)


def test_a_cell_of_ten_megabytes_is_one_cell(tmp_path: Path) -> None:
    note = "word\n" * 2_000_000
    source = write(tmp_path / "leads.csv", f'Name,Email,Note\nAnn,a@firm.example,"{note}"\nBob,b@firm.example,x\n')
    (chunk,) = (chunk for chunk in source.rows() if chunk.cells)
    assert [row[0] for row in chunk.cells] == ["Ann", "Bob"]
    assert chunk.cells[0][2] == note
    assert chunk.lines == [2, 2 + 2_000_001]


def test_another_table_far_below_is_told(tmp_path: Path) -> None:
    rows = "Bob Raymond the Second,bob@firm.example,a longer note to fill the block\n" * 60_000
    source = write(tmp_path / "leads.csv", f"Name,Email,Note\n{rows}Name,Email,Note\n{rows}")
    assert sum(len(chunk.cells) for chunk in source.rows()) == 60_000
    assert source.warnings == ("reading stopped at line 60,002, where another table begins (--table)",)


@pytest.mark.parametrize("rest", range(0, 60, 6))
def test_notes_below_a_table_are_left_out_wherever_a_block_ends(tmp_path: Path, rest: int) -> None:
    head, row, notes = "Name,Email,Note\n", "Bob Raymond,bob@firm.example,nice\n", "\nPrinted on Monday\nby Ann\n"
    rows = [row] * ((CHUNK_CHARACTERS - len(head)) // len(row))
    missing = CHUNK_CHARACTERS - len(head) - len(row) * len(rows)
    rows[0] = rows[0].replace("nice", "nice" + "x" * (missing + len(row) - rest))
    source = write(tmp_path / "leads.csv", head + "".join(rows[:-1]) + notes)
    chunks = list(source.rows())
    assert sum(len(chunk.cells) for chunk in chunks) == len(rows) - 1
    assert not any(chunk.problems for chunk in chunks)
    assert source.warnings == ("lines below the table that are left out: 2",)


CELLS = st.text(alphabet='ab" ', max_size=6)


@given(st.lists(CELLS, min_size=1, max_size=6), st.data())
def test_unescaped_quotes_are_read_as_meant(cells: list[str], data: st.DataObject) -> None:
    quoted = data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)))
    text = ",".join(f'"{cell}"' if mark else cell for cell, mark in zip(cells, quoted, strict=True))
    found = reparse_row(text, PLAIN, len(cells))
    assert found is not None
    assert len(found) == len(cells)


@given(st.text(alphabet='a,"\n', max_size=40), st.integers(1, 8))
def test_rereading_keeps_the_letters_and_the_width(text: str, width: int) -> None:
    found = reparse_row(text, PLAIN, width)
    if found is not None:
        assert len(found) == width
        assert sum(cell.count("a") for cell in found) == text.count("a")


def test_rereading_gives_up_soon_on_what_has_no_reading() -> None:
    assert reparse_row('"' + '","' * 3_000, PLAIN, 300) is None
    assert reparse_row('"a' + 'b",c' * 200, PLAIN, 7) is not None
