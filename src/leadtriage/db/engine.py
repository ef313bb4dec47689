"""Opens a database and its transactions. What differs between database engines is `db.dialect`'s.

Which version a database's tables are of. Moving them to another is `db.upgrade`'s, with Alembic.
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
from leadtriage.db import dialect

HISTORY = ("0001", "0002", "0003")
"""All revisions, oldest first: the names of the files in `db/migrations/versions`."""

HEAD = HISTORY[-1]

_stored = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


class State(Enum):
    """How a database's tables stand to this version's."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


def read_revision(connection: Connection) -> str | None:
    """The revision that is stored, or None where there is none."""
    if not inspect(connection).has_table(_stored.name):
        return None
    return connection.execute(select(_stored.c.version_num)).scalar()


def read_state(connection: Connection) -> State:
    """Tell how a database's tables stand to this version's."""
    stored = read_revision(connection)
    if stored == HEAD:
        return State.CURRENT
    if stored in HISTORY:
        return State.OLDER
    if stored is not None:
        ours = dialect.read_application_id(connection) in (None, dialect.APPLICATION_ID)
        return State.NEWER if ours else State.FOREIGN
    return State.FOREIGN if inspect(connection).get_table_names() else State.EMPTY


def create_tables(connection: Connection) -> None:
    """Make all tables and views of this version in an empty database."""
    from leadtriage.db.tables.indexes import indexed_tables
    from leadtriage.db.views import make_views

    dialect.mark_as_ours(connection)
    SQLModel.metadata.create_all(connection, tables=indexed_tables())
    _stored.create(connection)
    make_views(connection)
    connection.execute(insert(_stored).values(version_num=HEAD))


_WRITES = "leadtriage_writes"
_SECRET = re.compile(r"([?&](?:ssl)?password=)[^&]*")


def open_database(location: str, *, create: bool = False) -> Engine:
    """Open a database whose tables are of this version.

    Args:
        location: a SQLite file's path, or a database URL.
        create: make the file and the tables where there are none yet.

    Raises:
        DatabaseError: there is none, it is not ours, it cannot be opened, or it must be upgraded first.
    """
    engine = connect_engine(location, create=create)
    place = hide_credentials(location)
    with translate_errors(location):
        with reading(engine) as connection:
            state = read_state(connection)
        if state is State.EMPTY:
            if not create:
                raise DatabaseError(
                    "there are no leads here yet",
                    place=place,
                    hint="import a file first: leadtriage import FILE",
                )
            with writing(engine) as connection:
                if read_state(connection) is State.EMPTY:
                    create_tables(connection)
        elif state is State.FOREIGN:
            raise DatabaseError(
                "this is a database, but not one of leadtriage's", place=place, hint="name another with --db"
            )
        elif state is State.NEWER:
            raise DatabaseError(
                "it was made by a newer leadtriage", place=place, hint="upgrade leadtriage, then try again"
            )
        elif state is State.OLDER:
            if not dialect.is_local_file(engine):
                raise DatabaseError(
                    "its tables are of an older leadtriage", place=place, hint="run: leadtriage db upgrade"
                )
            from leadtriage.db.migrate import upgrade_database

            upgrade_database(engine)
    return engine


def connect_engine(location: str, *, create: bool = False) -> Engine:
    """Return an engine for a path or URL, whatever is in the database.

    Raises:
        DatabaseError: no such file (unless it may be created), or a URL that cannot be used.
    """
    if "://" in location:
        return _server_engine(location)
    path = Path(location).expanduser()
    if path.is_dir():
        raise DatabaseError("this is a folder, not a database", place=location, hint="name a file with --db")
    if not path.exists():
        if not create:
            raise DatabaseError(
                "there is no database here yet",
                place=location,
                hint="import a file first: leadtriage import FILE, or name another with --db",
            )
        _create_file(path)
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 30})
    _control_transactions(engine)
    return engine


def _server_engine(location: str) -> Engine:
    try:
        url = make_url(location)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"this kind of database needs the package {error.name}",
            place=hide_credentials(location),
            hint="install it: pip install 'leadtriage[postgres]'",
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise DatabaseError(
            "this is no database URL that can be used",
            place=hide_credentials(location),
            hint="write postgresql://USER@HOST/NAME, or a file's path",
        ) from error
    _control_transactions(engine)
    return engine


def hide_credentials(location: str) -> str:
    """Return a database's path or URL as it may be shown: without who connects and with what password."""
    kind, mark, rest = location.partition("://")
    if not mark:
        return location
    shown = _SECRET.sub(r"\1...", rest)
    before, at, place = shown.rpartition("@")
    return f"{kind}://...@{place}" if at and before else f"{kind}://{shown}"


def _create_file(path: Path) -> None:
    """Make an empty file that only its owner may read; SQLite's side files inherit the mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(
            f"the database cannot be made here: {error.strerror}",
            place=str(path),
            hint="name another place with --db",
        ) from error


def _control_transactions(engine: Engine) -> None:
    """Let transactions begin as `reading` and `writing` say, not when the driver thinks fit."""

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        dialect.set_up_connection(engine, connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        dialect.begin(connection, writes=bool(connection.get_execution_options().get(_WRITES)))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database and does not lock out writers."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the one writer's place from its start; committed at the end, else nothing of it."""
    with engine.connect() as connection, writing_on(connection):
        yield connection


@contextmanager
def writing_on(connection: Connection) -> Iterator[None]:
    """The same on a connection that is open already, so that its temporary tables are seen."""
    connection.execution_options(**{_WRITES: True})
    try:
        with connection.begin():
            yield
    finally:
        connection.execution_options(**{_WRITES: False})


@contextmanager
def translate_errors(location: str) -> Iterator[None]:
    """Turn what a database driver raises into an error that says what to do.

    Raises:
        DatabaseError: instead of any SQLAlchemyError.
    """
    try:
        yield
    except SQLAlchemyError as error:
        said = str(error.orig) if isinstance(error, DBAPIError) and error.orig else str(error)
        message, hint = dialect.explain_failure(said)
        raise DatabaseError(message, place=hide_credentials(location), hint=hint) from error
