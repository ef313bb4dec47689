"""Moves a database to this version's tables with Alembic, which nothing else imports. A local file is copied first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from leadtriage.core.errors import DatabaseError
from leadtriage.db.dialect import copy_database, database_file
from leadtriage.db.engine import HEAD, State, read_revision, read_state, reading, writing
from leadtriage.db.views import drop_views, find_other_views, make_views


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did.

    Attributes:
        before: the revision that the tables were of.
        after: the revision that they are of now; the same where there was nothing to do.
        backup: the copy of the local file as it was, where the tables were moved.
        views: the views that were made anew though the tables were of this revision already.
    """

    before: str
    after: str
    backup: Path | None
    views: tuple[str, ...] = ()


def upgrade_database(engine: Engine) -> Upgrade:
    """Move the tables to this version's in one transaction: interrupted anywhere, they are as they were.

    Raises:
        DatabaseError: there is nothing of leadtriage's in it, or a newer version made it.
    """
    with reading(engine) as connection:
        state, before = read_state(connection), read_revision(connection)
    place = str(database_file(engine) or engine.url.render_as_string(hide_password=True))
    if before is None or state is State.FOREIGN:
        raise DatabaseError("there are no tables of leadtriage's here", place=place, hint="name another with --db")
    if state is State.NEWER:
        raise DatabaseError("it was made by a newer leadtriage", place=place, hint="upgrade leadtriage, then try again")
    if state is State.CURRENT:
        return Upgrade(before, before, None, _mend_views(engine))
    backup = _copy_first(engine, before)
    with writing(engine) as connection:
        # Another command may have upgraded it while this one waited for its turn.
        if read_state(connection) is State.OLDER:
            move_tables(connection, HEAD)
    return Upgrade(before, HEAD, backup)


def move_tables(connection: Connection, target: str) -> None:
    """Run the migrations up to a revision within the caller's transaction, and make this version's views anew.

    No server changes a table beneath a view, so that the views are dropped first.

    Raises:
        DatabaseError: a migration is missing.
    """
    config = make_config()
    config.attributes["connection"] = connection
    drop_views(connection)
    try:
        command.upgrade(config, target)
    except CommandError as error:
        raise DatabaseError(f"the tables cannot be upgraded: {error}", hint="reinstall leadtriage") from error
    make_views(connection)


def _mend_views(engine: Engine) -> tuple[str, ...]:
    """Make all views anew where somebody dropped or changed one; return the names of those."""
    with reading(engine) as connection:
        changed = find_other_views(connection)
    if changed:
        with writing(engine) as connection:
            drop_views(connection)
            make_views(connection)
    return tuple(changed)


def make_config() -> Config:
    """Alembic's configuration, made here so that there is no file of it to install."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _copy_first(engine: Engine, before: str) -> Path | None:
    path = database_file(engine)
    if path is None:
        return None
    number = 1
    while (backup := path.with_name(f"{path.name}.revision-{before}.backup{number if number > 1 else ''}")).exists():
        number += 1
    copy_database(engine, backup)
    return backup
