"""SQLite: how a local database file is opened, filled, checked, copied and wiped."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine, Insert, Table, insert, literal_column
from sqlalchemy.exc import DBAPIError

from leadtriage.core.errors import DatabaseError
from leadtriage.db.dialect import Backend, Storage

_APPLICATION_ID = 0x4C454144
_FILE_HEADER = b"SQLite format 3\x00"
_APPLICATION_ID_AT = 68
"""The offset of `application_id` in a file (https://sqlite.org/fileformat.html)."""

_SAFE_WAL = ((3, 44, 6), (3, 45, 0)), ((3, 50, 7), (3, 51, 0)), ((3, 51, 3), (99, 0, 0))
"""Releases without the WAL-reset corruption bug: from the first, before the second."""


def wal_is_safe(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has no WAL-reset bug (fixed in 3.44.6, 3.50.7 and 3.51.3)."""
    return any(low <= version < high for low, high in _SAFE_WAL)


class _SQLite(Backend):
    view_functions: ClassVar[Mapping[str, str]] = {
        "days_between": r"CAST(julianday(\2) - julianday(\3) AS INTEGER)",
        "next_day": r"date(\2, '+1 day')",
        "first_spelling": r"min(\2)",
        "is_true": r"\2 = 1",  # as the partial indexes have it
        # A view cannot rely on JSON functions: not every SQLite trusts them there. In our JSON a text escapes its
        # quotes, so only the key itself matches; the cast reads the digits after it.
        "integer_at": r"""CAST(substr(\2, instr(\2, '"\3": ') + length('"\3": '), 9) AS INTEGER)""",
    }
    history_guard = (
        "CREATE TRIGGER event_update BEFORE UPDATE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)\n"
        "BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END",
        "CREATE TRIGGER event_delete BEFORE DELETE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)\n"
        "BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END",
    )

    def set_up_connection(self, connection: Any) -> None:
        connection.isolation_level = None
        journal = ("journal_mode=WAL", "synchronous=FULL")
        if not wal_is_safe():
            journal = ("journal_mode=DELETE", "synchronous=EXTRA")
        # With threads, SQLite sorts what exceeds the cache while it reads on: a report by owner takes a quarter less.
        for pragma in (
            *("busy_timeout=30000", "page_size=8192", *journal, "foreign_keys=ON", "secure_delete=ON"),
            *("trusted_schema=OFF", "temp_store=FILE", "threads=2"),
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(self, connection: Connection, *, writes: bool) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def is_ours(self, connection: Connection) -> bool:
        return bool(_read_pragma(connection, "application_id") == _APPLICATION_ID)

    def mark_as_ours(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA application_id={_APPLICATION_ID}")

    def widen_cache(self, connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA main.cache_size=-16000")
        connection.exec_driver_sql("PRAGMA temp.cache_size=-32000")

    def narrow_cache(self, connection: Connection) -> None:
        # SQLite drops written pages only when it must; they would leave little room for later tables.
        connection.exec_driver_sql("PRAGMA temp.cache_size=-1000")

    @contextmanager
    def without_indexes(self, connection: Connection, table: Table) -> Iterator[None]:
        indexes = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
            (table.name,),
        ).all()
        quote = connection.dialect.identifier_preparer.quote
        for name, _ in indexes:
            connection.exec_driver_sql(f"DROP INDEX {quote(name)}")
        yield
        for _, definition in indexes:
            connection.exec_driver_sql(definition)

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        placeholders: dict[str, Any] = {column: literal_column("?") for column in columns}
        # Inline, so that no primary key is returned: from Python 3.12 on executemany fails on RETURNING.
        insertion: Insert = insert(table).values(placeholders).inline()
        statement = str(insertion.compile(dialect=connection.dialect))
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            driver.executemany(statement, rows)
        except sqlite3.Error as error:
            raise DBAPIError(statement, None, error) from error

    def describe_storage(self, connection: Connection) -> Storage:
        size = _read_pragma(connection, "page_count") * _read_pragma(connection, "page_size")
        bug = "no WAL-reset bug" if wal_is_safe() else "the WAL-reset bug, fixed in 3.44.6, 3.50.7 and 3.51.3"
        journal = f"{_read_pragma(connection, 'journal_mode')}: this SQLite has {bug}"
        return Storage(f"SQLite {sqlite3.sqlite_version}", size, journal)

    def find_damage(self, connection: Connection) -> tuple[str, ...]:
        found = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return (
            *(str(line) for line in found if line != "ok"),
            *(f"a row of {row[0]} refers to a missing row of {row[2]}" for row in orphans[:20]),
        )

    def wipe_free_space(self, engine: Engine, texts: Collection[str], tables: Collection[str]) -> bool:
        # `secure_delete` overwrites what is deleted, except remains in pages that were reorganized. Where the file
        # still holds a text, VACUUM rewrites the whole file.
        path = database_file(engine)
        assert path is not None
        pooled = engine.raw_connection()
        try:
            driver = pooled.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            done = _truncate_wal(driver)
            if any(_contains_any(file, texts) for file in (path, path.with_name(f"{path.name}-wal"))):
                driver.execute("VACUUM")
                done = _truncate_wal(driver)
        except sqlite3.OperationalError:
            return False
        finally:
            pooled.close()
        return done


SQLITE = _SQLite()


def _read_pragma(connection: Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def _truncate_wal(driver: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and empty it; False if a reader is in the way."""
    blocked, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not blocked


def _contains_any(path: Path, texts: Collection[str]) -> bool:
    """Whether a file contains one of the texts, plain or as JSON escapes it, in any case of ASCII letters."""
    if not path.exists():
        return False
    wanted = {form.encode().lower() for text in texts for form in (text, json.dumps(text)[1:-1])}
    longest = max((len(form) for form in wanted), default=0)
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(1 << 20):
            window = tail + chunk.lower()
            if any(form in window for form in wanted):
                return True
            tail = window[-longest:]
    return False


def database_file(engine: Engine) -> Path | None:
    """Return the file of a local database; None for a server."""
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        return None
    return Path(engine.url.database)


def copy_database(engine: Engine, target: Path) -> None:
    """Copy a local database to a new file that only its owner may read; others may write to it meanwhile.

    Raises:
        DatabaseError: the database is on a server, the file exists, or it cannot be written.
    """
    source = database_file(engine)
    if source is None:
        raise DatabaseError(
            "only a local database can be copied", place="db backup", hint="use the server's own tool, such as pg_dump"
        )
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(f"cannot be written: {error.strerror}", place=str(unfinished)) from error
    try:
        with sqlite3.connect(source, timeout=30) as reader, sqlite3.connect(unfinished) as writer:
            reader.backup(writer)
        reader.close()
        writer.close()
        if target.exists():
            raise DatabaseError("already exists", place=str(target), hint="name a new file")
        unfinished.replace(target)
    except OSError as error:
        raise DatabaseError(f"cannot be written: {error.strerror}", place=str(target)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def find_backups(engine: Engine) -> tuple[Path, ...]:
    """Return the copies of a local database in its folder, recognised by their content."""
    path = database_file(engine)
    if path is None:
        return ()
    return tuple(
        file
        for file in sorted(path.resolve().parent.iterdir())
        if file.is_file() and not file.samefile(path) and _is_our_file(file)
    )


def _is_our_file(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            header = opened.read(100)
    except OSError:
        return False
    mark = _APPLICATION_ID.to_bytes(4, "big")
    return header.startswith(_FILE_HEADER) and header[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4] == mark
