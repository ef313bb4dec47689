"""Which version a database's tables are of. Moving them to another is `db.upgrade`'s, with Alembic."""

from __future__ import annotations

from enum import Enum

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select
from sqlmodel import SQLModel

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
    from leadtriage.db.indexes import indexed_tables
    from leadtriage.db.views import make_views

    dialect.mark_as_ours(connection)
    SQLModel.metadata.create_all(connection, tables=indexed_tables())
    _stored.create(connection)
    make_views(connection)
    connection.execute(insert(_stored).values(version_num=HEAD))
