"""Upgrades a database to this version's tables with Alembic, which nothing else imports. Copies a local file first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from leadtriage.core.errors import DatabaseError
from leadtriage.db.engine import HEAD, State, read_revision, read_state, reading, refuse, writing
from leadtriage.db.sqlite import copy_database, database_file
from leadtriage.db.views import create_views, drop_views, find_changed_views


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did.

    Attributes:
        before: the revision of the tables before.
        after: their revision now; the same if there was nothing to do.
        backup: the copy of the local file from before, if the tables changed.
        views: the views that were created again though the revision is the same.
    """

    before: str
    after: str
    backup: Path | None
    views: tuple[str, ...] = ()


def upgrade_database(engine: Engine) -> Upgrade:
    """Upgrade the tables in one transaction: an interrupted upgrade changes nothing.

    Raises:
        DatabaseError: the database has no tables of leadtriage, or is of a newer version.
    """
    with reading(engine) as connection:
        state, before = read_state(connection), read_revision(connection)
    place = str(database_file(engine) or engine.url.render_as_string(hide_password=True))
    if before is None:
        raise DatabaseError("there are no tables of leadtriage here", place=place, hint="name another with --db")
    refuse(state, place)
    if state is State.CURRENT:
        return Upgrade(before, before, None, _restore_views(engine))
    backup = _copy_first(engine, before)
    with writing(engine) as connection:
        # Another command may have upgraded it while this one waited for its turn.
        if read_state(connection) is State.OLDER:
            move_tables(connection, HEAD)
    return Upgrade(before, HEAD, backup)


def move_tables(connection: Connection, target: str) -> None:
    """Run the migrations up to a revision, in the caller's transaction, and create the views again.

    Raises:
        DatabaseError: a migration is missing.
    """
    config = make_config()
    config.attributes["connection"] = connection
    drop_views(connection)  # no server changes a table beneath a view
    try:
        command.upgrade(config, target)
    except CommandError as error:
        raise DatabaseError(f"the tables cannot be upgraded: {error}", hint="reinstall leadtriage") from error
    create_views(connection)


def _restore_views(engine: Engine) -> tuple[str, ...]:
    with reading(engine) as connection:
        changed = find_changed_views(connection)
    if changed:
        with writing(engine) as connection:
            drop_views(connection)
            create_views(connection)
    return tuple(changed)


def make_config() -> Config:
    """Return Alembic's configuration, which needs no file."""
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
