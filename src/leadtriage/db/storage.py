"""What can be said and done about where a database is kept: its journal and size, its soundness, a copy of it.

The other half of what differs between engines; statements are `db.dialect`'s.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from leadtriage.db.dialect import APPLICATION_ID, wal_is_safe
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


def find_copies(engine: Engine) -> tuple[Path, ...]:
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
