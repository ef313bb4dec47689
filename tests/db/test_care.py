"""What is told of a database, on SQLite and PostgreSQL, and copies of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from leadtriage.db.care import check_database, describe_database
from leadtriage.db.engine import open_database, reading
from leadtriage.db.storage import copy_database, database_file
from leadtriage.errors import DatabaseError


def test_an_empty_database_is_described_and_agrees(engine: Engine) -> None:
    with reading(engine) as connection:
        facts = describe_database(connection).rows[0]
        checks = check_database(connection).rows
    assert facts["leads"] == 0
    assert facts["last_score"] is None
    assert str(facts["system"]).split()[0] in ("SQLite", "PostgreSQL")
    assert {row["result"] for row in checks} == {"ok"}


def test_a_password_is_never_told() -> None:
    engine = create_engine("postgresql+psycopg://maria:secret@nowhere.example/leads")
    assert database_file(engine) is None
    assert "secret" not in engine.url.render_as_string()
    with pytest.raises(DatabaseError) as refused:
        open_database("postgresql://maria:secret@127.0.0.1:1/leads?connect_timeout=1")
    assert "secret" not in str(refused.value)


def test_a_copy_is_whole_and_replaces_nothing(sqlite_engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    copy_database(sqlite_engine, target)
    open_database(str(target)).dispose()
    before = target.read_bytes()
    with pytest.raises(DatabaseError, match="already"):
        copy_database(sqlite_engine, target)
    with pytest.raises(DatabaseError, match="cannot be written"):
        copy_database(sqlite_engine, tmp_path / "no" / "folder.db")
    assert target.read_bytes() == before
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.postgres
def test_a_servers_database_is_left_to_its_own_tool(postgres_engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="only a local database"):
        copy_database(postgres_engine, tmp_path / "copy.db")
