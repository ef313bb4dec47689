"""Real exports, where they are at hand: every row is read and none is damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leadtriage.importing.parse import ReadOptions, open_source

ROWS = {
    "zoho-leads.csv": (3_900, 13),
    "hubspot/hubspot_contacts.csv": (950, 20),
    "bank/bank-full.csv": (45_211, 17),
    "maven/sales_pipeline.csv": (8_800, 10),
    "dedupe/fake_1000.csv": (1_000, 7),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_and_columns_of_exports(name: str, public_data: Callable[[str], Path]) -> None:
    source = open_source(public_data(name), None, ReadOptions())
    chunks = list(source.rows())
    assert (sum(len(chunk.cells) for chunk in chunks), len(source.headers)) == ROWS[name]
    assert not any(chunk.problems for chunk in chunks)
    assert source.warnings == ()


@pytest.mark.parametrize("folder", ["csv-spectrum", "encodings", "lead-exports"])
def test_small_files_have_a_header_and_sound_rows(folder: str, public_data: Callable[[str], Path]) -> None:
    for path in sorted(public_data(f"csv/{folder}").iterdir()):
        source = open_source(path, None, ReadOptions())
        assert (source.reading.header_rows, source.reading.tables) == (1, 1), path
        assert len(source.headers) > 1, path
        assert not any(chunk.problems for chunk in source.rows()), path
