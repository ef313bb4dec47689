"""Databases that are cheap enough for every test to have a new one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Dialect, Engine, NullPool, create_engine, event, text
from sqlalchemy.util import LRUCache

from leadtriage.db import engine as opening, open_database
from leadtriage.db.tables.indexes import indexed_tables

_TEMPLATE = "template_of_tests"

_DESCRIBE_TABLES = """
SELECT string_agg(said, ' ' ORDER BY said) FROM (
  SELECT oid::text AS said FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT oid::text FROM pg_constraint
  UNION ALL SELECT oid || tgenabled::text FROM pg_trigger
  UNION ALL SELECT attrelid || attname || attnotnull FROM pg_attribute WHERE attrelid >= 16384
  UNION ALL SELECT version_num FROM alembic_version
) AS catalogue
"""
"""Describes the tables of a PostgreSQL database."""

_CLOSE_OTHER_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_DELETE_ALL = "; ".join(str(table.delete()) for table in indexed_tables())


@contextmanager
def shared_statements() -> Iterator[None]:
    """Let all databases of an engine share compiled statements, which take longer to compile than to run.

    No SQLite database waits for the disk.
    """
    compiled: LRUCache[Any, Any] = LRUCache(2000)
    dialects: dict[str, Dialect] = {}

    def share(connection: Connection) -> None:
        # Compiled statements belong to a dialect, and each engine has its own.
        dialect = dialects.setdefault(connection.dialect.name, connection.dialect)
        connection.dialect = connection.engine.dialect = dialect
        if dialect.name == "sqlite":
            driver = connection.connection.dbapi_connection
            assert driver is not None
            driver.execute("PRAGMA synchronous=OFF")  # tests need not survive a power cut

    def create_sharing_engine(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, execution_options={"compiled_cache": compiled}, **options)
        event.listen(engine, "engine_connect", share)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "create_engine", create_sharing_engine)
        yield


def make_database(path: Path) -> Engine:
    """Create a SQLite file with our empty tables."""
    path.touch(mode=0o600)
    path.write_bytes(_read_empty_file())
    return open_database(str(path))


@cache
def _read_empty_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.db"
        open_database(str(path), create=True).dispose()
        return path.read_bytes()


class PostgresServer:
    """A PostgreSQL server for the tests, whose databases have our tables."""

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._numbers = count(1)
        self._empty: list[str] = []
        with _connected(self._url) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))  # tests need not survive a power cut
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text(f"CREATE DATABASE {_TEMPLATE}"))
        self._open(_TEMPLATE, create=True).dispose()
        with _connected(self._url.set(database=_TEMPLATE)) as connection:
            self._described = connection.scalar(text(_DESCRIBE_TABLES))

    @contextmanager
    def lend(self) -> Iterator[Engine]:
        """Lend a database with our empty tables, and empty it for the next test unless its tables changed."""
        name = self._empty.pop() if self._empty else self._copy_template()
        engine = self._open(name)
        try:
            yield engine
        finally:
            engine.dispose()
        with _connected(self._url.set(database=name)) as connection:
            if self._clear(connection):
                self._empty.append(name)

    def _copy_template(self) -> str:
        name = f"test_{next(self._numbers)}"
        with _connected(self._url) as connection:
            # Copying files is faster than writing them to the log.
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy"))
        return name

    def _clear(self, connection: Connection) -> bool:
        """Empty a database; False if its tables changed."""
        connection.execute(text(_CLOSE_OTHER_CONNECTIONS))
        if connection.scalar(text(_DESCRIBE_TABLES)) != self._described:
            return False
        connection.execute(text("SET session_replication_role = replica"))  # without guards, in any order
        connection.execute(text(_DELETE_ALL))
        return True

    def _open(self, name: str, *, create: bool = False) -> Engine:
        url = self._url.set(database=name)
        return open_database(url.render_as_string(hide_password=False), create=create)


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """Connect for statements that PostgreSQL does not allow in a transaction."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
