"""What can't be read is refused in one message that says what, where and what to do."""

from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest

from leadtriage.core.errors import FileError, LeadtriageError, UsageError
from leadtriage.importing.parse import ReadOptions, open_source, parsed_table


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"<html><table><tr><td>Name</td></tr></table></html>", "a web page"),
        (b"<?xml version='1.0'?><Workbook/>", "XML"),
        (b"%PDF-1.7", "a PDF"),
        (b'[\n{"leadtriage_id": 1, "name": "Ann"},\n{"leadtriage_id": 2, "name": "Bob"}\n]', "JSON"),
        (b'{"name": "Ann", "email": "ann@firm.example"}\n', "JSON"),
        (gzip.compress(b"Name,Email\n", mtime=0), "gzip"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "not a text file"),
        (bytes(range(256)) * 100, "not a text file"),
    ],
)
def test_files_without_leads_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(data)
    with pytest.raises(FileError, match=message) as caught:
        open_source(path, None, ReadOptions())
    assert (caught.value.place, bool(caught.value.hint)) == (str(path), True)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        open_source(tmp_path / "leads.csv", None, ReadOptions())
    with pytest.raises(FileError, match="folder"):
        open_source(tmp_path, None, ReadOptions())
    with pytest.raises(UsageError, match="no file"):
        open_source(None, None, ReadOptions())


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"encoding": "klingon"}, "--encoding"),
        ({"encoding": "base64"}, "--encoding"),
        ({"delimiter": "||"}, "--delimiter"),
        ({"delimiter": ""}, "--delimiter"),
        ({"quote": "''"}, "--quote"),
        ({"escape": "\n"}, "--escape"),
        ({"skip_rows": -1}, "--skip-rows"),
        ({"header_rows": -1}, "--header-rows"),
        ({"encoding": "ascii"}, None),
        ({"table": 2}, None),
        ({"table": 0}, None),
        ({"skip_rows": 9}, None),
        ({"header_rows": 3}, None),
        ({"header_rows": 99}, None),
    ],
)
def test_options_that_cannot_be_met_are_refused(tmp_path: Path, options: dict[str, Any], place: str | None) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("Name,Email\nZoë,zoe@firm.example\n", encoding="utf-8")
    with pytest.raises(LeadtriageError) as caught:
        open_source(path, None, ReadOptions(**options))
    assert caught.value.place == (place or str(path))


@pytest.mark.parametrize("rows", [1, 2])
def test_a_table_may_be_all_header(tmp_path: Path, rows: int) -> None:
    (tmp_path / "leads.csv").write_text("Name,Email\n" * rows, encoding="utf-8")
    source = open_source(tmp_path / "leads.csv", None, ReadOptions(header_rows=rows))
    assert (source.headers, list(source.rows())) == (("Name", "Email"), [])


def test_an_empty_file_may_be_a_table_without_columns(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_bytes(b"")
    source = open_source(tmp_path / "leads.csv", None, ReadOptions(), allow_empty=True)
    assert (source.headers, list(parsed_table(source)), list(source.rows())) == ((), [], [])


def test_temporary_copies_go_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = open_source(None, io.BytesIO(b"Name,Email\nAnn,ann@firm.example\n"), ReadOptions())
    assert list(parsed_table(source)) == [["Name", "Email"], ["Ann", "ann@firm.example"]]
    del source
    with pytest.raises(FileError, match="standard input: the file is empty"):
        open_source(None, io.BytesIO(b""), ReadOptions())
    assert list(tmp_path.iterdir()) == []
