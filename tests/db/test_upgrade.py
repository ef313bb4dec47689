"""Migrations create the same tables as the program, and an upgrade succeeds as a whole or changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, Table, inspect, select, update
from sqlmodel import SQLModel

from leadtriage.core.errors import DatabaseError
from leadtriage.db import (
    Touch,
    check_database,
    connect_engine,
    engine as opening,
    open_database,
    reading,
    table,
    writing,
)
from leadtriage.db.migrate import move_tables, upgrade_database
from leadtriage.db.tables.indexes import indexed_tables
from leadtriage.db.views import drop_views, find_changed_views

HINT = "the tables have changed: draft a migration, or before a release a new first one (tools/draft_migration.py)"


@pytest.fixture
def empty_engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect_engine(str(tmp_path / "empty.db"), create=True)
    yield engine
    engine.dispose()


def read_statements(connection: Connection) -> set[str]:
    """Return SQLite's definitions of our tables and indexes, normalized."""
    master = Table("sqlite_master", MetaData(), autoload_with=connection)
    said = connection.execute(select(master.c.sql).where(master.c.sql.is_not(None))).scalars()
    return {" ".join(text.replace('"', "").split()) for text in said if "alembic_version" not in text}


def test_migrations_make_the_tables_that_the_program_makes(sqlite_engine: Engine, empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        move_tables(connection, "head")
    with reading(empty_engine) as migrated, reading(sqlite_engine) as made:
        assert read_statements(migrated) == read_statements(made), HINT
        assert opening.read_revision(migrated) == opening.HEAD


@pytest.mark.postgres
def test_migrations_make_the_same_tables_on_postgresql(postgres_engine: Engine) -> None:
    with writing(postgres_engine) as connection:
        drop_views(connection)
        SQLModel.metadata.drop_all(connection, tables=indexed_tables())
        connection.execute(opening._version.delete())
        move_tables(connection, "head")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        ours = {table.name for table in indexed_tables()}
        differences = [
            difference
            for difference in compare_metadata(context, SQLModel.metadata)
            if getattr(difference[1], "name", None) in ours
        ]
        assert not find_changed_views(connection)
    assert not differences, HINT


def test_the_history_names_every_migration() -> None:
    folder = Path(opening.__file__).parent / "migrations" / "versions"
    assert sorted(path.name[:4] for path in folder.glob("[0-9]*.py")) == list(opening.REVISIONS)


def make_older(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mark the tables as those of a version before the first."""
    monkeypatch.setattr(opening, "REVISIONS", ("0000", *opening.REVISIONS))
    with writing(engine) as connection:
        connection.execute(update(opening._version).values(version_num="0000"))


def test_an_upgrade_copies_the_local_file_first(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    make_older(sqlite_engine, monkeypatch)
    monkeypatch.setattr("leadtriage.db.migrate.move_tables", set_revision)
    done = upgrade_database(sqlite_engine)
    assert (done.before, done.after) == ("0000", opening.HEAD)
    assert done.backup is not None
    with sqlite3.connect(done.backup) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)
    copy.close()
    with reading(sqlite_engine) as connection:
        assert opening.read_state(connection) is opening.State.CURRENT
    assert upgrade_database(sqlite_engine).backup is None


def set_revision(connection: Connection, target: str) -> None:
    connection.execute(update(opening._version).values(version_num=target))


def test_a_view_that_somebody_changed_is_found_and_made_anew(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP VIEW v_aging")
        connection.exec_driver_sql("DROP VIEW v_spend")
        connection.exec_driver_sql("CREATE VIEW v_spend AS SELECT 1 AS id")
    with reading(engine) as connection:
        found = check_database(connection).rows[-1]
    assert (found["found"], found["result"]) == (2, "v_aging, v_spend: run leadtriage db upgrade")
    assert upgrade_database(engine).views == ("v_aging", "v_spend")
    with reading(engine) as connection:
        assert check_database(connection).rows[-1]["result"] == "ok"
    assert upgrade_database(engine).views == ()


def test_opening_an_older_local_database_upgrades_it(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    make_older(sqlite_engine, monkeypatch)
    monkeypatch.setattr("leadtriage.db.migrate.move_tables", set_revision)
    opened = open_database(str(sqlite_engine.url.database))
    with reading(opened) as connection:
        assert opening.read_state(connection) is opening.State.CURRENT
    opened.dispose()


def test_an_interrupted_upgrade_changes_nothing(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    make_older(sqlite_engine, monkeypatch)

    def move_halfway(connection: Connection, target: str) -> None:
        table(Touch).drop(connection)
        set_revision(connection, target)
        raise KeyboardInterrupt

    monkeypatch.setattr("leadtriage.db.migrate.move_tables", move_halfway)
    with pytest.raises(KeyboardInterrupt):
        upgrade_database(sqlite_engine)
    with reading(sqlite_engine) as connection:
        assert opening.read_revision(connection) == "0000"
        assert inspect(connection).has_table("touch")


@pytest.mark.parametrize(("stored", "said"), [("9999", "newer"), (None, "no tables")])
def test_what_cannot_be_upgraded_is_left_alone(sqlite_engine: Engine, stored: str | None, said: str) -> None:
    with writing(sqlite_engine) as connection:
        if stored is None:
            opening._version.drop(connection)
        else:
            connection.execute(update(opening._version).values(version_num=stored))
    with pytest.raises(DatabaseError, match=said):
        upgrade_database(sqlite_engine)
