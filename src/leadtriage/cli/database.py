"""The commands that look after the database: db info, check, backup, upgrade."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadtriage.cli.command import add_command, end_with
from leadtriage.cli.invocation import Invocation


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(help="Look after the database.", no_args_is_help=True, rich_markup_mode=None)
    add_command(group, "info", examples=("leadtriage db info", "leadtriage db info --format json"))(tell_about)
    add_command(group, "check", examples=("leadtriage db check",))(check)
    add_command(group, "backup", examples=("leadtriage db backup leads-2026-11-20.db",))(back_up)
    add_command(group, "upgrade", examples=("leadtriage db upgrade",), aside="the tables are as they were")(upgrade)
    app.add_typer(group, name="db")


def tell_about(invocation: Invocation) -> None:
    """Tell how the database is kept and what it holds."""
    from leadtriage.db.care import describe_database

    with invocation.reading() as connection:
        invocation.show(describe_database(connection), upright=True)


def check(invocation: Invocation) -> None:
    """Check that the database is sound.

    Looks at the file, and at whether what it holds agrees with itself; ends with 1 where it does not.
    """
    from leadtriage.db.care import check_database

    with invocation.reading() as connection:
        table = check_database(connection)
    invocation.show(table)
    wrong = any(row["found"] for row in table.rows)
    if wrong:
        invocation.warn("the database does not agree with itself; restore a backup, or report this")
    end_with(1 if wrong else 0)


def back_up(
    invocation: Invocation,
    file: Annotated[Path, typer.Argument(help="The new file; it must not be there yet.", metavar="FILE")],
) -> None:
    """Copy the database into a new file.

    Others may go on writing to it meanwhile. Only you may read the copy.
    """
    from leadtriage.db.storage import copy_database

    with invocation.database() as engine:
        copy_database(engine, file.expanduser())
    invocation.note(f"copied to {file}")


def upgrade(invocation: Invocation) -> None:
    """Upgrade the tables of an older leadtriage.

    A local database is copied first, and upgraded by any command that opens it; a server's waits for this one.
    """
    from leadtriage.db.engine import connect_engine, translated
    from leadtriage.db.upgrade import upgrade_database

    with translated(invocation.settings.database):
        engine = connect_engine(invocation.settings.database)
        try:
            done = upgrade_database(engine)
        finally:
            engine.dispose()
    if done.views:
        invocation.note(f"made anew: {', '.join(done.views)}")
        return
    if done.before == done.after:
        invocation.note(f"nothing to do: the tables are of revision {done.after} already")
        return
    invocation.note(f"upgraded from revision {done.before} to {done.after}")
    if done.backup:
        invocation.note(f"as it was before: {done.backup}")
