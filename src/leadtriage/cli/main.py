"""The program: puts the groups of commands together. Loads nothing heavy, so that help and completion are instant."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Annotated

import typer

from leadtriage.cli.command import INTERRUPTED
from leadtriage.cli.streams import prepare_streams, say

GROUPS = {
    "starting": ("init",),
    "demo": ("demo",),
    "peeking": ("peek",),
    "importing": ("import", "undo"),
    "adding": ("add",),
    "scoring": ("score",),
    "lists": ("queue", "leads", "find", "stale", "aging", "imports"),
    "leads": ("show", "junk"),
    "exporting": ("export",),
    "criteria": ("criteria",),
    "database": ("db",),
}
"""The modules of this package that hold commands, in the order of the help, and the commands of each."""


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"leadtriage {version('leadtriage')}")
        raise typer.Exit


def make_app(wanted: str | None = None) -> typer.Typer:
    """Put the program together.

    Args:
        wanted: the one command that will run: only its group is loaded, since all of them take longer to put together
            than a list takes to be read. None, or no command of ours, for all.
    """
    app = typer.Typer(
        name="leadtriage",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 120},
    )
    app.callback()(start)
    modules = [module for module, commands in GROUPS.items() if wanted in commands] or list(GROUPS)
    for module in modules:
        import_module(f"leadtriage.cli.{module}").add_commands(app)
    return app


def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turns CSV exports of sales leads into a ranked, explained, accountable queue."""


def run() -> None:
    """Run the program with the command line's arguments and end with its exit code."""
    # Loading the libraries makes much and throws little away: looking for garbage all the while takes a tenth of it.
    gc.set_threshold(100_000, 20, 20)
    prepare_streams(os.environ)
    completing = "_LEADTRIAGE_COMPLETE" in os.environ
    try:
        make_app(None if completing or len(sys.argv) < 2 else sys.argv[1])(prog_name="leadtriage")
    except KeyboardInterrupt:
        say("interrupted; nothing was changed")
        sys.exit(INTERRUPTED)
