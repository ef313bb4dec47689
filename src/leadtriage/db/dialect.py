"""The differences between SQLite and PostgreSQL, and bulk statements that work on both.

`backend` gives the engine's own way: `db.sqlite` or `db.postgres`. Expressions are in `db.expressions`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Column, ColumnElement, Connection, Dialect, Engine, Index, MetaData, Select, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    # Costs every command on a local file a tenth of its start-up time.
    from sqlalchemy.dialects import postgresql

_BATCH_SIZE = 500

COUNT_ROWS: Mapping[str, Any] = {"preserve_rowcount": True}
"""Execution options for an INSERT whose row count is needed: SQLAlchemy drops the count by default."""


@dataclass(frozen=True, slots=True)
class Storage:
    """How a database is stored: the system with its version, the size in bytes, and the journal."""

    system: str
    size: int
    journal: str


class Backend(ABC):
    """What each engine does its own way. Methods that do nothing here suit a server.

    Attributes:
        view_functions: the functions in the SQL of views, as templates for `re.Match.expand`.
        history_guard: statements that let the database refuse changes to `event`.
    """

    view_functions: ClassVar[Mapping[str, str]]
    history_guard: ClassVar[tuple[str, ...]]

    def set_up_connection(self, connection: Any) -> None:
        """Set up a new connection of the driver."""
        return

    @abstractmethod
    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Begin a transaction; a writer waits for its turn here rather than fail halfway."""

    def is_ours(self, connection: Connection) -> bool:
        """Whether leadtriage may have created the database."""
        return True

    def mark_as_ours(self, connection: Connection) -> None:
        """Mark the database file as leadtriage's."""
        return

    def widen_cache(self, connection: Connection) -> None:
        """Keep more of the database and its temporary tables in memory: for work on all rows."""
        return

    def narrow_cache(self, connection: Connection) -> None:
        """Keep little of the temporary tables in memory until `widen_cache`: while rows are added, none looked up."""
        return

    def without_indexes(self, connection: Connection, table: Table) -> AbstractContextManager[None]:
        """Drop a table's indexes while most of its rows are written, and rebuild them in the same transaction."""
        return nullcontext()

    @abstractmethod
    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Insert many rows of plain values the fastest way.

        Args:
            rows: values in the order of `columns`, as the driver takes them: dates as ISO text, JSON as text.

        Raises:
            DBAPIError: the engine refuses them.
        """

    @abstractmethod
    def describe_storage(self, connection: Connection) -> Storage:
        """Describe how the database is stored."""

    def find_damage(self, connection: Connection) -> tuple[str, ...]:
        """Return what the database's own integrity check finds; a server checks itself."""
        return ()

    @abstractmethod
    def wipe_free_space(self, engine: Engine, texts: Collection[str], tables: Collection[str]) -> bool:
        """Remove deleted texts from the database files.

        Args:
            texts: deleted texts that must not be found any more.
            tables: the tables that held them.

        Returns:
            False if another command was in the way.
        """


def backend(bind: Connection | Engine) -> Backend:
    """Return the backend of a connection's or engine's database."""
    if bind.dialect.name == "sqlite":
        from leadtriage.db.sqlite import SQLITE

        return SQLITE
    from leadtriage.db.postgres import POSTGRES

    return POSTGRES


def explain_driver_error(text: str) -> tuple[str, str]:
    """Turn a driver's error text into a message and a hint."""
    lowered = text.lower()
    for sign, message, hint in (
        ("not a database", "this file is not a database", "name another with --db"),
        ("database or disk is full", "the disk is full; nothing was changed", "make room, then run it again"),
        ("no space left", "the disk is full; nothing was changed", "make room, then run it again"),
        ("readonly database", "the database is read-only", "check the permissions of the file and its folder"),
        ("unable to open", "the database cannot be opened", "check the path and its permissions"),
        ("database is locked", "another command is writing to the database", "try again when it is done"),
        ("malformed", "the database file is damaged", "restore a backup; see: leadtriage db check"),
        ("disk i/o error", "the disk cannot be read or written", "check the disk, then run it again"),
        ("connection", "the server does not answer", "check the URL and that the server runs"),
    ):
        if sign in lowered:
            return message, hint
    return f"the database reported an error: {text.splitlines()[0]}", "see: leadtriage db check"


def upsert(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that takes an ON CONFLICT clause."""
    if dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut a list into parts that every engine takes as the bound values of one statement."""
    for start in range(0, len(values), _BATCH_SIZE):
        yield values[start : start + _BATCH_SIZE]


def add_partial_index(dialect: str, column: Column[Any], condition: ColumnElement[bool]) -> None:
    """Add an index of the rows that meet a condition to a table that is not created yet.

    Args:
        dialect: the name of the dialect that the table is created in.
    """
    only: dict[str, Any] = {f"{dialect}_where": condition}
    Index(f"{column.table.name}_{len(column.table.indexes)}", column, **only)


def create_index(connection: Connection, column: Column[Any]) -> None:
    """Index an existing temporary table by one of its columns."""
    described = column.table.to_metadata(MetaData())  # the table may be created again, and then without the index
    Index(f"{described.name}_{column.name}", described.c[column.name]).create(connection)


def materialize(connection: Connection, name: str, rows: Select[Any]) -> Table:
    """Store the result of a query in a temporary table; the caller drops it."""
    columns = tuple(_StoredColumn(column.name, repr(column.type), column.type) for column in rows.selected_columns)
    stored = _describe_stored(name, columns)
    stored.drop(connection, checkfirst=True)
    stored.create(connection, checkfirst=False)
    connection.execute(stored.insert().from_select([column.name for column in columns], rows))
    return stored


@dataclass(frozen=True, slots=True)
class _StoredColumn:
    name: str
    kind: str
    type: TypeEngine[Any] = field(compare=False)


@lru_cache(maxsize=64)
def _describe_stored(name: str, columns: tuple[_StoredColumn, ...]) -> Table:
    # Cached, since statements are compiled again for each new description of a table.
    return Table(name, MetaData(), *(Column(column.name, column.type) for column in columns), prefixes=["TEMPORARY"])
