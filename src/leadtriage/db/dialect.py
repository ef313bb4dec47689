"""Connections and bulk work, where SQLite and PostgreSQL differ.

Nothing else knows them apart but `db.expressions`, `db.storage` and the texts of `db.views`.

What can be said and done about where a database is kept: its journal and size, its soundness, a copy of it.

The other half of what differs between engines; statements are `db.dialect`'s.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Index,
    Insert,
    MetaData,
    Select,
    Table,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from leadtriage.core.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    # Loading it costs every command on a local file a tenth of its start.

APPLICATION_ID = 0x4C454144
_WRITERS_LOCK = 0x4C454144

_MOST_VALUES = 500

COUNT_ROWS: Mapping[str, Any] = {"preserve_rowcount": True}
"""For an INSERT of which it matters how many rows it added: SQLAlchemy keeps that number only where it is asked to."""

_FIXED_WAL = ((3, 44, 6), (3, 45, 0)), ((3, 50, 7), (3, 51, 0)), ((3, 51, 3), (99, 0, 0))
"""The releases, from and before, in which the WAL-reset corruption bug is mended."""


def wal_is_safe(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has no WAL-reset bug (mended in 3.44.6, 3.50.7 and 3.51.3)."""
    return any(low <= version < high for low, high in _FIXED_WAL)


def is_local_file(engine: Engine) -> bool:
    """Whether the database is a file that we may back up and upgrade by ourselves."""
    return engine.dialect.name == "sqlite"


def set_up_connection(engine: Engine, connection: Any) -> None:
    """Set a driver's connection up as `docs/architecture.md` says."""
    if engine.dialect.name != "sqlite":
        return
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=30000")
    connection.execute("PRAGMA page_size=8192")
    if wal_is_safe():
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    else:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=EXTRA")
    # With threads, what does not fit the cache is sorted beside the reading of more: it saves a report by owner a
    # quarter of its time.
    for pragma in ("foreign_keys=ON", "secure_delete=ON", "trusted_schema=OFF", "temp_store=FILE", "threads=2"):
        connection.execute(f"PRAGMA {pragma}")


def widen_cache(connection: Connection) -> None:
    """Let one connection keep more of the database, and of its temporary tables, in memory: for work on all rows."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA main.cache_size=-16000")
        connection.exec_driver_sql("PRAGMA temp.cache_size=-32000")


def narrow_cache(connection: Connection) -> None:
    """Keep little of the temporary tables in memory, until `widen_cache`: while rows are added and none is looked up.

    SQLite drops what it has written only where it must; such rows would leave little room for those of later tables.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA temp.cache_size=-1000")


@contextmanager
def without_indexes(connection: Connection, table: Table) -> Iterator[None]:
    """Do without a table's indexes while most of its rows are written: building them anew is faster than that.

    All within the caller's transaction, so that they are there again whatever happens.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table.name,)
    ).all()
    quote = connection.dialect.identifier_preparer.quote
    for name, _ in found:
        connection.exec_driver_sql(f"DROP INDEX {quote(name)}")
    yield
    for _, definition in found:
        connection.exec_driver_sql(definition)


def add_partial_index(dialect: str, column: Column[Any], condition: ColumnElement[bool]) -> None:
    """Let a table be made with an index of the few rows for which a condition holds: finding them reads no others.

    Args:
        dialect: the name of the one that the table is made in.
    """
    only: dict[str, Any] = {f"{dialect}_where": condition}
    Index(f"{column.table.name}_{len(column.table.indexes)}", column, **only)


def create_index(connection: Connection, column: Column[Any]) -> None:
    """Index a temporary table that is there already by one of its columns."""
    described = column.table.to_metadata(MetaData())  # the table itself may be made again, and then without it
    Index(f"{described.name}_{column.name}", described.c[column.name]).create(connection)


def begin(connection: Connection, *, writes: bool) -> None:
    """Begin a transaction; a writer takes the one writer's place at once rather than fail halfway."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes:
        connection.execute(func.pg_advisory_xact_lock(_WRITERS_LOCK).select())


def read_application_id(connection: Connection) -> int | None:
    """The mark of the program that made a SQLite file; None on a server."""
    if connection.dialect.name != "sqlite":
        return None
    return int(connection.exec_driver_sql("PRAGMA application_id").scalar_one())


def mark_as_ours(connection: Connection) -> None:
    """Mark a SQLite file as leadtriage's."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")


def explain_failure(said: str) -> tuple[str, str]:
    """Turn a driver's words into a message and a hint."""
    lowered = said.lower()
    for sign, message, hint in (
        ("not a database", "this file is not a database", "name another with --db"),
        ("database or disk is full", "the disk is full; nothing was changed", "make room, then run it again"),
        ("no space left", "the disk is full; nothing was changed", "make room, then run it again"),
        ("readonly database", "the database may only be read", "check the file's and the folder's permissions"),
        ("unable to open", "the database cannot be opened", "check the path and its permissions"),
        ("database is locked", "another command is writing to the database", "try again when it is done"),
        ("malformed", "the database file is damaged", "restore a backup; see: leadtriage db check"),
        ("disk i/o error", "the disk could not be read or written", "check the disk, then run it again"),
        ("connection", "the server does not answer", "check the URL and that the server runs"),
    ):
        if sign in lowered:
            return message, hint
    return f"the database refused: {said.splitlines()[0]}", "see: leadtriage db check"


def upsert(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say what to do on a conflict; both engines spell it alike."""
    if dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def materialize(connection: Connection, name: str, rows: Select[Any]) -> Table:
    """Keep what a query finds in a temporary table of this name; the caller drops it."""
    columns = tuple(_KeptColumn(column.name, repr(column.type), column.type) for column in rows.selected_columns)
    kept = _describe_kept(name, columns)
    kept.drop(connection, checkfirst=True)
    kept.create(connection, checkfirst=False)
    connection.execute(kept.insert().from_select([column.name for column in columns], rows))
    return kept


@dataclass(frozen=True, slots=True)
class _KeptColumn:
    name: str
    kind: str
    type: TypeEngine[Any] = field(compare=False)


@lru_cache(maxsize=64)
def _describe_kept(name: str, columns: tuple[_KeptColumn, ...]) -> Table:
    # Kept, since statements are compiled anew for each description of a table.
    return Table(name, MetaData(), *(Column(column.name, column.type) for column in columns), prefixes=["TEMPORARY"])


def batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut a list into parts that every engine takes as the values of one statement."""
    for start in range(0, len(values), _MOST_VALUES):
        yield values[start : start + _MOST_VALUES]


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add many rows of plain values the fastest way the engine has.

    Args:
        rows: values in the order of `columns`, as the driver takes them: dates as ISO text, JSON as text.

    Raises:
        DBAPIError: the engine refuses them.
    """
    if connection.dialect.name == "sqlite":
        statement = _positional_insert(connection, table, columns)
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            driver.executemany(statement, rows)
        except sqlite3.Error as error:
            raise DBAPIError(statement, None, error) from error
        return
    import psycopg
    from psycopg import sql

    cursor = connection.connection.cursor()
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    try:
        with cursor.copy(copy) as writer:
            for row in rows:
                writer.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError(copy.as_string(), None, error) from error


def _positional_insert(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    placeholders: dict[str, Any] = {column: literal_column("?") for column in columns}
    # Inline, so that no primary key is given back: from Python 3.12 on executemany stumbles over a RETURNING.
    statement: Insert = insert(table).values(placeholders).inline()
    return str(statement.compile(dialect=connection.dialect))


@dataclass(frozen=True, slots=True)
class Storage:
    """How a database is kept.

    Attributes:
        system: the database system and its version.
        size: in bytes.
        journal: how it is kept sound when the power fails, and why so.
    """

    system: str
    size: int
    journal: str


def describe_storage(connection: Connection) -> Storage:
    """Tell how a database is kept."""
    version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    if connection.dialect.name != "sqlite":
        size = connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one()
        return Storage(f"PostgreSQL {version}", size, "the server's own write-ahead log")
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    page_size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    why = (
        "this SQLite has no WAL-reset bug"
        if wal_is_safe()
        else "this SQLite has the WAL-reset bug, mended in 3.44.6, 3.50.7 and 3.51.3"
    )
    return Storage(f"SQLite {sqlite3.sqlite_version}", pages * page_size, f"{mode}: {why}")


def find_damage(connection: Connection) -> tuple[str, ...]:
    """What the database's own check of its file finds; nothing where it is sound, or where a server minds it."""
    if connection.dialect.name != "sqlite":
        return ()
    found = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    damage = [str(line) for line in found if line != "ok"]
    return (*damage, *(f"a row of {row[0]} leads nowhere in {row[2]}" for row in orphans[:20]))


def database_file(engine: Engine) -> Path | None:
    """The file that a local database is in; None on a server."""
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        return None
    return Path(engine.url.database)


def copy_database(engine: Engine, target: Path) -> None:
    """Copy a local database into a new file that only its owner may read; others may write to it meanwhile.

    Raises:
        DatabaseError: a server's database, a file that is there already, or one that cannot be written.
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
        _copy_pages(source, unfinished)
        _name_finally(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _copy_pages(source: Path, target: Path) -> None:
    with sqlite3.connect(source, timeout=30) as reader, sqlite3.connect(target) as writer:
        reader.backup(writer)
    reader.close()
    writer.close()


def _name_finally(unfinished: Path, target: Path) -> None:
    if target.exists():
        raise DatabaseError("is there already", place=str(target), hint="name a file that is not")
    try:
        unfinished.replace(target)
    except OSError as error:
        raise DatabaseError(f"cannot be written: {error.strerror}", place=str(target)) from error


def wipe_free_space(engine: Engine, texts: Collection[str], tables: Collection[str]) -> bool:
    """Let nothing of what was deleted be left in a database's files.

    SQLite overwrites what is deleted (`secure_delete`), but for remains in pages that were put together anew: where a
    text is still found in the file, it is written anew as a whole. A server's tables are vacuumed, after which it
    overwrites the remains as it uses their space; its write-ahead log and its backups are its own.

    Args:
        texts: what was deleted and must not be found.
        tables: where it was.

    Returns:
        Whether it could be done now; another command that is using the database may be in the way.
    """
    path = database_file(engine)
    if path is None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            quote = connection.dialect.identifier_preparer.quote
            for name in tables:
                connection.exec_driver_sql(f"VACUUM {quote(name)}")
        return True
    pooled = engine.raw_connection()
    try:
        driver = pooled.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        done = _empty_journal(driver)
        if any(_holds_any(file, texts) for file in _files_of(path)):
            driver.execute("VACUUM")
            done = _empty_journal(driver)
    except sqlite3.OperationalError:
        return False
    finally:
        pooled.close()
    return done


def _empty_journal(driver: sqlite3.Connection) -> bool:
    """Bring the write-ahead log into the file and cut it to nothing; False where a reader is in the way."""
    blocked, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not blocked


def _files_of(path: Path) -> Iterator[Path]:
    yield from (file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())


def _holds_any(path: Path, texts: Collection[str]) -> bool:
    """Whether a file holds one of some texts, as it is or as JSON writes it, in whatever case of plain letters."""
    wanted = {form.encode().lower() for text in texts for form in (text, json.dumps(text)[1:-1])}
    longest = max((len(form) for form in wanted), default=0)
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(1 << 20):
            held = tail + chunk.lower()
            if any(form in held for form in wanted):
                return True
            tail = held[-longest:]
    return False


def find_backups(engine: Engine) -> tuple[Path, ...]:
    """The copies of a local database that lie beside it, by their content: backups, and what upgrades have kept."""
    path = database_file(engine)
    if path is None:
        return ()
    mark = APPLICATION_ID.to_bytes(4, "big")
    folder = path.resolve().parent
    return tuple(
        file
        for file in sorted(folder.iterdir())
        if file.is_file() and not file.samefile(path) and _read_head(file)[:16] == _SQLITE_HEAD
        if _read_head(file)[_MARK_AT : _MARK_AT + 4] == mark
    )


def _read_head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(100)
    except OSError:
        return b""


_SQLITE_HEAD = b"SQLite format 3\x00"
_MARK_AT = 68
"""Where a SQLite file has its `application_id` (https://sqlite.org/fileformat.html)."""
