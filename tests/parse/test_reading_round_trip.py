"""What a csv writer wrote is read back the same, whatever its delimiter, quoting, line ends and encoding."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings, strategies as st

from leadtriage.core.errors import LeadtriageError
from leadtriage.importing.parse import ReadOptions, open_source, parsed_table

# What leads' cells hold: words, names, sums, addresses, with the letters that give readers trouble.
WORDS = st.sampled_from(
    [
        "Ann",
        "Zoë",
        "O'Hara",
        '24" screen',
        "a, b",
        "5;6",
        "x|y",
        "1 Main St\nApt 4",
        "“so”",
        "50",
        "€1.000,00",
        "",
        "ann@firm.example",
        "+49 30 123",
        "2026-01-05 10:00",
        "=1+1",
        "head\tof",
        "a: b",
        '"all"',
        "it's, well",
        "株式会社",
        "no",
        "last\r\nline",
    ]
)
HEADERS = ["Name", "Email", "Phone", "Notes", "Source", "Budget"]


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows of data that can be told from it; no row is blank or the header again."""
    width = draw(st.integers(2, len(HEADERS)))
    rows = draw(st.lists(st.lists(WORDS, min_size=width - 1, max_size=width - 1), min_size=3, max_size=30))
    return [HEADERS[:width], *([f"p{number}@firm.example", *row] for number, row in enumerate(rows))]


@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@example(  # each line by itself breaks the rules of quoting, and has three cells
    table=[
        HEADERS,
        *([f"p{number}@firm.example", "Ann", "last\nline", "Ann", "last\nline", "x"] for number in range(9)),
    ],
    delimiter=",",
    quoting=csv.QUOTE_MINIMAL,
    newline="\n",
    encoding="utf-8",
)
def test_written_tables_are_read_back(
    table: list[list[str]], delimiter: str, quoting: Any, newline: str, encoding: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        source = open_source(path, None, ReadOptions())
        assert source.reading.delimiter == delimiter
        assert list(parsed_table(source)) == table
        chunks = list(source.rows())
        assert [row for chunk in chunks for row in chunk.cells] == table[1:]
        assert not any(chunk.problems for chunk in chunks)


@given(table=tables(), delimiter=st.sampled_from([",", ";", "\t", "|", ":", " ", "^"]), quote=st.sampled_from("\"'"))
def test_a_told_dialect_is_taken_at_its_word(table: list[list[str]], delimiter: str, quote: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quotechar=quote, lineterminator="\n").writerows(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        path.write_bytes(text.getvalue().encode())
        options = ReadOptions(encoding="utf-8", delimiter=delimiter, quote=quote, escape="", header_rows=1, skip_rows=0)
        assert list(parsed_table(open_source(path, None, options))) == table


@settings(deadline=None)  # what looks like a spreadsheet is read by a process of its own
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_read_or_refused_by_name(data: bytes, with_header: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        path.write_bytes((b"Name,Email\n" if with_header else b"") + data)
        try:
            source = open_source(path, None, ReadOptions())
        except LeadtriageError as error:
            assert error.place == str(path)
        else:
            for chunk in source.rows():
                for position, row in enumerate(chunk.cells):
                    assert position in chunk.problems or len(row) == len(source.headers)
                assert len(chunk.lines) == len(chunk.cells)
