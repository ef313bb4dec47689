"""The only place that knows which database it is: SQLite or PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Date,
    Engine,
    Float,
    Index,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    null,
    type_coerce,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    # Loading it costs every command on a local file a tenth of its start.
    from sqlalchemy.dialects import postgresql

APPLICATION_ID = 0x4C454144
_WRITERS_LOCK = 0x4C454144
_MOST_ARGUMENTS = 100
"""Of one SQLite function: its own limit is 127 before version 3.48."""

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
    for pragma in ("foreign_keys=ON", "secure_delete=ON", "trusted_schema=OFF", "temp_store=FILE"):
        connection.execute(f"PRAGMA {pragma}")


def widen_cache(connection: Connection) -> None:
    """Let one connection keep more of the database, and of its temporary tables, in memory: for work on all rows."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA main.cache_size=-16000")
        connection.exec_driver_sql("PRAGMA temp.cache_size=-40000")
        connection.exec_driver_sql("PRAGMA threads=2")


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


def create_partial_index(connection: Connection, column: Column[Any], condition: ColumnElement[bool]) -> None:
    """Index the few rows of a table for which a condition holds, so that finding them reads no others."""
    only: dict[str, Any] = {f"{connection.dialect.name}_where": condition}
    index = Index(f"{column.table.name}_{len(column.table.indexes)}", column, **only)
    index.create(connection)


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


class position(FunctionElement[int]):  # noqa: N801 - named as SQL functions are
    """Where a text stands in another, from 1; 0 where it does not."""

    type = Integer()
    inherit_cache = True
    name = "position"


@compiles(position, "sqlite")
def _position_sqlite(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _position_postgresql(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class days_between(FunctionElement[int]):  # noqa: N801 - named as SQL functions are
    """Whole days from the second date to the first."""

    type = Integer()
    inherit_cache = True
    name = "days_between"


@compiles(days_between, "sqlite")
def _days_sqlite(element: days_between, compiler: SQLCompiler, **options: Any) -> str:
    later, earlier = element.clauses
    difference = func.julianday(later) - func.julianday(earlier)
    return compiler.process(cast(difference, Integer), **options)


@compiles(days_between, "postgresql")
def _days_postgresql(element: days_between, compiler: SQLCompiler, **options: Any) -> str:
    later, earlier = (compiler.process(cast(part, Date), **options) for part in element.clauses)
    return f"({later} - {earlier})"


class _Extreme(FunctionElement[Any]):
    inherit_cache = True
    words: tuple[str, str] = ("max", "greatest")


class _Largest(_Extreme):
    name = "largest"
    inherit_cache = True


class _Smallest(_Extreme):
    name = "smallest"
    inherit_cache = True
    words = ("min", "least")


@compiles(_Largest, "sqlite")
@compiles(_Smallest, "sqlite")
def _extreme_sqlite(element: _Extreme, compiler: SQLCompiler, **options: Any) -> str:
    return f"{element.words[0]}({compiler.process(element.clauses, **options)})"


@compiles(_Largest, "postgresql")
@compiles(_Smallest, "postgresql")
def _extreme_postgresql(element: _Extreme, compiler: SQLCompiler, **options: Any) -> str:
    return f"{element.words[1]}({compiler.process(element.clauses, **options)})"


def _extreme(kind: type[_Extreme], values: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    while len(values) > 1:
        groups = [values[i : i + _MOST_ARGUMENTS] for i in range(0, len(values), _MOST_ARGUMENTS)]
        values = [kind(*group) if len(group) > 1 else group[0] for group in groups]
    return values[0]


def largest(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """The largest of one or more values of a row; none of them may be NULL."""
    return _extreme(_Largest, values)


def smallest(*values: ColumnElement[Any]) -> ColumnElement[Any]:
    """The smallest of one or more values of a row; none of them may be NULL."""
    return _extreme(_Smallest, values)


def before(text: ColumnElement[str], mark: str) -> ColumnElement[str]:
    """What stands before the first `mark` in a text; nothing where there is none."""
    return func.substr(text, 1, position(text, literal(mark)) - 1)


def choose(value: ColumnElement[Any], names: Mapping[Any, str]) -> ColumnElement[str]:
    """A text for each of some values."""
    return case({key: literal(name) for key, name in names.items()}, value=value)


def choose_when(
    condition: ColumnElement[bool], value: ColumnElement[Any], otherwise: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    """A value where the condition is true, else the other one or NULL."""
    return case((condition, value), else_=otherwise if otherwise is not None else null())


class _json_with(FunctionElement[Any]):  # noqa: N801 - named as SQL functions are
    type = JSON()
    inherit_cache = True
    name = "json_with"


@compiles(_json_with, "sqlite")
def _json_with_sqlite(element: _json_with, compiler: SQLCompiler, **options: Any) -> str:
    target, key, source = element.clauses
    path = literal("$.") + key
    written = func.json_set(func.coalesce(target, literal("{}", String)), path, func.json_extract(source, path))
    return compiler.process(type_coerce(written, String), **options)


@compiles(_json_with, "postgresql")
def _json_with_postgresql(element: _json_with, compiler: SQLCompiler, **options: Any) -> str:
    target, key, source = element.clauses
    from sqlalchemy.dialects import postgresql

    binary = postgresql.JSONB
    empty = cast(literal("{}", String), binary)
    value = cast(source, binary).op("->")(key)
    written = func.coalesce(cast(target, binary), empty).op("||")(func.jsonb_build_object(key, value))
    return compiler.process(cast(written, postgresql.JSON), **options)


def json_with(target: ColumnElement[Any], key: str, source: ColumnElement[Any]) -> ColumnElement[Any]:
    """A JSON object with one key's value taken from another object, null where that has none."""
    return _json_with(target, literal(key, String), source)


def json_text(column: ColumnElement[Any], key: str) -> ColumnElement[str]:
    """A text in a JSON object's column. `key` is one of ours (`c1`), never a header of a file."""
    return cast(column[key].as_string(), String)


def json_number(column: ColumnElement[Any], key: str) -> ColumnElement[float]:
    """A number in a JSON object's column; NULL where there is none."""
    return cast(column[key].as_string(), Float)


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say what to do on a conflict; both engines spell it alike."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def keep(connection: Connection, name: str, rows: Select[Any]) -> Table:
    """Keep what a query finds in a temporary table of this name; the caller drops it."""
    columns = [Column(column.name, column.type) for column in rows.selected_columns]
    kept = Table(name, MetaData(), *columns, prefixes=["TEMPORARY"])
    kept.drop(connection, checkfirst=True)
    kept.create(connection, checkfirst=False)
    connection.execute(kept.insert().from_select([column.name for column in columns], rows))
    return kept


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
    statement: Insert = insert(table).values(placeholders)
    return str(statement.compile(dialect=connection.dialect))
