"""What docs/views.md says of the views is so: their columns, and the examples that can be run."""

from __future__ import annotations

import io
import re
import sqlite3
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from sqlalchemy import delete, inspect, table
from sqlalchemy.exc import OperationalError

from conftest import copy_sample
from leadtriage.cli import app
from leadtriage.db import open_database
from leadtriage.db.views import VIEWS

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "views.md").read_text(encoding="utf-8")


@pytest.fixture
def scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a database with the sample's leads, scored."""
    file = copy_sample(tmp_path)
    monkeypatch.chdir(tmp_path)
    for words in (("import", str(file)), ("score",)):
        with pytest.raises(SystemExit) as ended:
            app.make_app(words[0])([*words, "--as-of", "2026-11-20", "--by", "ann", "--quiet"], prog_name="leadtriage")
        assert ended.value.code in (0, None, 3)  # of the sample's rows one is rejected
    return tmp_path


def documented() -> dict[str, list[str]]:
    """The columns of each view, in the document's order."""
    sections = re.findall(r"^### (v_\w+)\n(.*?)(?=^#)", DOCUMENT, re.MULTILINE | re.DOTALL)
    rows = {name: re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name, text in sections}
    return {name: re.findall(r"`(\w+)`", " ".join(cells)) for name, cells in rows.items()}


def test_the_document_names_every_column_of_every_view(tmp_path: Path) -> None:
    engine = open_database(str(tmp_path / "leads.db"), create=True)
    columns = {name: [each["name"] for each in inspect(engine).get_columns(name)] for name in VIEWS}
    engine.dispose()
    assert documented() == columns


def test_the_notebook_prints_the_sources(scored: Path) -> None:
    found = re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(found[1], {})
    counts = [line.split()[-2] for line in printed.getvalue().splitlines()]
    with sqlite3.connect(scored / "leadtriage.db") as connection:
        (leads,) = connection.execute("SELECT count(*) FROM v_leads").fetchone()
    connection.close()
    assert sum(map(int, counts)) == leads > 10


def test_no_view_takes_a_change(scored: Path) -> None:
    engine = open_database(str(scored / "leadtriage.db"))
    for name in VIEWS:
        with engine.connect() as connection, pytest.raises(OperationalError, match="it is a view"):
            connection.execute(delete(table(name)))
    engine.dispose()


def test_the_grant_names_every_view() -> None:
    granted = re.search(r"GRANT SELECT ON (.*?) TO", DOCUMENT, re.DOTALL)
    assert granted is not None
    assert granted[1].replace(",", " ").split() == list(VIEWS)
