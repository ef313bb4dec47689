"""What can be said and done about where a database is kept: its journal and size, its soundness, a copy of it.

The other half of what differs between engines; statements are `db.dialect`'s.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from leadtriage.db.dialect import wal_is_safe
from leadtriage.errors import DatabaseError


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
