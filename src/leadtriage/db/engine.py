"""Opens databases and their transactions, and tells which version a database's tables have.

What differs between engines is in `db.dialect`; `db.migrate` moves tables to another version.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlmodel import SQLModel

from leadtriage.core.errors import DatabaseError
from leadtriage.db.dialect import backend, explain_driver_error

REVISIONS = ("0001", "0002", "0003")
"""All revisions, oldest first: the file names in `db/migrations/versions`."""

HEAD = REVISIONS[-1]

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
_WRITES = "leadtriage_writes"
_SECRET = re.compile(r"([?&](?:ssl)?password=)[^&]*")


class State(Enum):
    """How a database's tables compare to this version's."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


def read_revision(connection: Connection) -> str | None:
    """Return the stored revision, or None."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def read_state(connection: Connection) -> State:
    """Compare a database's tables to this version's."""
    stored = read_revision(connection)
    if stored == HEAD:
        return State.CURRENT
    if stored in REVISIONS:
        return State.OLDER
    if stored is not None:
        return State.NEWER if backend(connection).is_ours(connection) else State.FOREIGN
    return State.FOREIGN if inspect(connection).get_table_names() else State.EMPTY


def create_tables(connection: Connection) -> None:
    """Create all tables and views of this version in an empty database."""
    from leadtriage.db.tables.indexes import indexed_tables
    from leadtriage.db.views import create_views

    backend(connection).mark_as_ours(connection)
    SQLModel.metadata.create_all(connection, tables=indexed_tables())
    _version.create(connection)
    create_views(connection)
    connection.execute(insert(_version).values(version_num=HEAD))


def open_database(location: str, *, create: bool = False) -> Engine:
    """Open a database, and upgrade a local file of an older version.

    Args:
        location: a SQLite file's path, or a database URL.
        create: create the file and the tables if they do not exist.

    Raises:
        DatabaseError: it does not exist, is not leadtriage's, cannot be opened, or must be upgraded first.
    """
    engine = connect_engine(location, create=create)
    place = hide_credentials(location)
    with translate_errors(location):
        with reading(engine) as connection:
            state = read_state(connection)
        if state is State.EMPTY:
            if not create:
                raise DatabaseError(
                    "no leads here yet", place=place, hint="import a file first: leadtriage import FILE"
                )
            with writing(engine) as connection:
                if read_state(connection) is State.EMPTY:
                    create_tables(connection)
        elif state is State.OLDER:
            if engine.dialect.name != "sqlite":
                raise DatabaseError(
                    "the tables are of an older leadtriage", place=place, hint="run: leadtriage db upgrade"
                )
            from leadtriage.db.migrate import upgrade_database

            upgrade_database(engine)
        elif state is not State.CURRENT:
            refuse(state, place)
    return engine


def refuse(state: State, place: str) -> None:
    """Refuse a database that is not leadtriage's, or of a newer version.

    Raises:
        DatabaseError: always for these two states.
    """
    if state is State.NEWER:
        raise DatabaseError(
            "this database is of a newer leadtriage", place=place, hint="upgrade leadtriage, then try again"
        )
    if state is State.FOREIGN:
        raise DatabaseError("this is not a database of leadtriage", place=place, hint="name another with --db")


def connect_engine(location: str, *, create: bool = False) -> Engine:
    """Return an engine for a path or URL, whatever the database holds.

    Raises:
        DatabaseError: no such file (unless `create`), or a URL that cannot be used.
    """
    engine = _connect_server(location) if "://" in location else _connect_file(location, create=create)

    # Transactions begin as `reading` and `writing` say, not when the driver decides.
    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        backend(engine).set_up_connection(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = bool(connection.get_execution_options().get(_WRITES))
        backend(connection).begin(connection, writes=writes)

    return engine


def _connect_file(location: str, *, create: bool) -> Engine:
    path = Path(location).expanduser()
    if path.is_dir():
        raise DatabaseError("this is a folder, not a database", place=location, hint="name a file with --db")
    if not path.exists():
        if not create:
            raise DatabaseError(
                "no database here yet",
                place=location,
                hint="import a file first: leadtriage import FILE, or name another with --db",
            )
        try:  # only its owner may read the file; SQLite's side files inherit the mode
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise DatabaseError(
                f"the database cannot be created here: {error.strerror}",
                place=str(path),
                hint="name another place with --db",
            ) from error
    return create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 30})


def _connect_server(location: str) -> Engine:
    try:
        url = make_url(location)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"this kind of database needs the package {error.name}",
            place=hide_credentials(location),
            hint="install it: pip install 'leadtriage[postgres]'",
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise DatabaseError(
            "this database URL cannot be used",
            place=hide_credentials(location),
            hint="write postgresql://USER@HOST/NAME, or a file's path",
        ) from error


def hide_credentials(location: str) -> str:
    """Return a database's path or URL without user and password."""
    kind, mark, rest = location.partition("://")
    if not mark:
        return location
    shown = _SECRET.sub(r"\1...", rest)
    before, at, place = shown.rpartition("@")
    return f"{kind}://...@{place}" if at and before else f"{kind}://{shown}"


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database and does not lock out writers."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is the only writer from its start; commits at the end, or rolls back on an error."""
    with engine.connect() as connection, writing_on(connection):
        yield connection


@contextmanager
def writing_on(connection: Connection) -> Iterator[None]:
    """The same on an open connection, so that its temporary tables can be used."""
    connection.execution_options(**{_WRITES: True})
    try:
        with connection.begin():
            yield
    finally:
        connection.execution_options(**{_WRITES: False})


@contextmanager
def translate_errors(location: str) -> Iterator[None]:
    """Turn a driver's errors into errors that say what to do.

    Raises:
        DatabaseError: instead of any SQLAlchemyError.
    """
    try:
        yield
    except SQLAlchemyError as error:
        text = str(error.orig) if isinstance(error, DBAPIError) and error.orig else str(error)
        message, hint = explain_driver_error(text)
        raise DatabaseError(message, place=hide_credentials(location), hint=hint) from error
