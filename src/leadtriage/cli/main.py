"""The program: puts the groups of commands together. Loads nothing heavy, so that help and completion are instant."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from leadtriage.cli import criteria, database, demo, exporting, importing, leads, lists, peeking, scoring, starting
from leadtriage.cli.command import INTERRUPTED
from leadtriage.cli.streams import prepare_streams, say

app = typer.Typer(
    name="leadtriage",
    help="Turns CSV exports of sales leads into a ranked, explained, accountable queue.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 120},
)
for group in (starting, demo, peeking, importing, scoring, lists, leads, exporting):
    group.add_commands(app)
app.add_typer(criteria.make_group(), name="criteria")
app.add_typer(database.make_group(), name="db")


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"leadtriage {version('leadtriage')}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turns CSV exports of sales leads into a ranked, explained, accountable queue."""


def run() -> None:
    """Run the program with the command line's arguments and end with its exit code."""
    prepare_streams(os.environ)
    try:
        app(prog_name="leadtriage")
    except KeyboardInterrupt:
        say("interrupted; nothing was changed")
        sys.exit(INTERRUPTED)
