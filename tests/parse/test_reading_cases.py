"""Each `cases/NAME.csv` is read as `cases/NAME.expected.json` says; a case is added by adding the two files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadtriage.importing.parse import ReadOptions, open_source

CASES = Path(__file__).parent / "cases"
USUAL = {
    "encoding": "utf-8",
    "delimiter": ",",
    "quote": '"',
    "escape": "doubled",
    "newline": "LF",
    "preamble": (),
    "header_rows": 1,
    "tables": 1,
    "format": "csv",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.csv")))
def test_file_is_read_as_its_case_says(name: str) -> None:
    expected: dict[str, Any] = json.loads((CASES / f"{name}.expected.json").read_text(encoding="utf-8"))
    source = open_source(CASES / f"{name}.csv", None, ReadOptions(**expected.get("options", {})))
    chunks = list(source.rows())
    assert list(source.headers) == expected["headers"]
    assert [row for chunk in chunks for row in chunk.cells] == expected["rows"]
    assert [line for chunk in chunks for line in chunk.lines] == expected["lines"]
    problems = {str(chunk.lines[place]): text for chunk in chunks for place, text in chunk.problems.items()}
    assert problems == expected.get("problems", {})
    assert list(source.warnings) == expected.get("warnings", [])
    told = {key: getattr(source.reading, key) for key in USUAL}
    wanted = USUAL | expected.get("reading", {})
    assert told == wanted | {"preamble": tuple(wanted["preamble"])}


def test_reading_twice_gives_the_same() -> None:
    source = open_source(CASES / "stray_quote.csv", None, ReadOptions())
    assert list(source.rows()) == list(source.rows())
    assert len(source.warnings) == 1
