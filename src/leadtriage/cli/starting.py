"""The commands for the first day: init."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leadtriage.cli.command import add_command
from leadtriage.cli.invocation import Invocation
from leadtriage.errors import FileError
from leadtriage.settings import CRITERIA_FILE

if TYPE_CHECKING:
    import typer

SCHEMA_FILE = "criteria.schema.json"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "init", examples=("leadtriage init", "leadtriage init --db sales/leads.db"))(start_here)


def start_here(invocation: Invocation) -> None:
    """Write criteria.yaml to start from, and make the database.

    The criteria are the built-in example with comments, beside the database; criteria.schema.json beside them lets
    editors complete and check the file. Nothing is overwritten.
    """
    from leadtriage.criteria.example import starter_text
    from leadtriage.criteria.json_schema import render_schema
    from leadtriage.db.engine import without_password

    location = invocation.settings.database
    folder = Path() if "://" in location else Path(location).expanduser().parent
    path = folder / CRITERIA_FILE
    if path.exists():
        raise FileError("is there already", place=str(path), hint="edit it, or move it away and run init again")
    with invocation.database(create=True):
        invocation.note(f"database ready: {without_password(location)}")
    write_new(path, starter_text(SCHEMA_FILE))
    invocation.note(f"criteria written: {path}")
    schema = folder / SCHEMA_FILE
    if schema.exists():
        invocation.note(f"there already, and left as it is: {schema}")
    else:
        write_new(schema, render_schema())
        invocation.note(f"what editors check them by: {schema}")
    invocation.note("next: edit the criteria where they say EDIT HERE, then: leadtriage import FILE")


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises:
        FileError: it is there, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise FileError(f"cannot be written: {error.strerror or error}", place=str(path)) from error
