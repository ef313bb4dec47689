"""The program: assembles the commands. Loads nothing heavy, so that help and completion stay instant."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from leadtriage.cli.framework.command import INTERRUPTED
from leadtriage.cli.framework.terminal import prepare_streams, print_message

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("setup", "Write criteria.yaml to start from, and create the database."),
    "demo": ("setup", "See leadtriage at work on sample leads, in a temporary folder."),
    "peek": ("importing", "Preview how a file is read, without importing it."),
    "import": ("importing", "Import leads from CSV, TSV or Excel files."),
    "undo": ("importing", "Undo an import, or without a number your last act."),
    "add": ("importing", "Add one lead by hand."),
    "score": ("score", "Score the leads and show which grades changed and why."),
    "queue": ("lists", "Show which leads to work now, best first."),
    "leads": ("lists", "List all leads, or those that the options match."),
    "find": ("lists", "Find leads by name, company, email, phone or CRM id."),
    "stale": ("lists", "Show overdue leads: who owes which lead what since when."),
    "aging": ("lists", "Count open leads by age, and by grade, owner or source."),
    "imports": ("lists", "List the imports, latest first."),
    "show": ("lists", "Show a lead, how its score adds up, and its history."),
    "junk": ("junk", "Show junk candidates and why each is flagged, or decide them."),
    "duplicates": ("duplicates", "Show likely duplicates that no import merged, or decide them."),
    "ask": ("ask", "Ask the open questions about a lead, and store the answers."),
    "touch": ("work", "Log a contact with a lead."),
    "nurture": ("work", "Snooze a lead until a day, or list the leads in nurture."),
    "close": ("work", "Close a lead: won, lost or converted."),
    "reopen": ("work", "Reopen a closed lead, or bring one back from nurture."),
    "qualify": ("work", "Mark a lead as qualified, or with --not as not qualified."),
    "history": ("lists", "Show what was done to the leads, latest first."),
    "assign": ("assign", "Assign leads without an owner to the team."),
    "export": ("lists", "Export leads with scores, grades and reasons."),
    "forget": ("privacy", "Erase a person for good, and never import them again."),
    "digest": ("reports", "Write a summary email: overdue, back from nurture, to review."),
    "spend": ("spend", "Record what sources cost, and list it."),
    "report": ("reports", "Show where leads come from, and where they are lost."),
    "criteria": ("setup", "Check, show and complete the criteria file."),
    "db": ("setup", "Inspect, check, back up and upgrade the database."),
}
"""Each command or group, in the order of the help: its module in `cli.commands`, and the first line of its help.

The lines are repeated here, so that the list of commands loads no module; a test compares them with the commands.
"""


def _print_version(is_given: bool) -> None:
    if is_given:
        from importlib.metadata import version

        typer.echo(f"leadtriage {version('leadtriage')}")
        raise typer.Exit


def make_app(wanted: str | None = None) -> typer.Typer:
    """Assemble the program.

    Args:
        wanted: the command that will run: only its module is loaded, since loading all takes longer than reading a
            list. None, or an unknown command, loads all.
    """
    app = _make_empty_app()
    modules = [COMMANDS[wanted][0]] if wanted in COMMANDS else dict.fromkeys(module for module, _ in COMMANDS.values())
    for module in modules:
        import_module(f"leadtriage.cli.commands.{module}").add_commands(app)
    order = list(COMMANDS)
    app.registered_commands.sort(key=lambda command: order.index(command.name or ""))
    app.registered_groups.sort(key=lambda group: order.index(group.name or ""))
    return app


def _make_listing() -> typer.Typer:
    """Assemble an app that lists the commands and completes their names, but runs none."""
    app = _make_empty_app()
    for name, (_, line) in COMMANDS.items():
        app.command(name, help=line)(lambda: None)
    return app


def _make_empty_app() -> typer.Typer:
    app = typer.Typer(
        name="leadtriage",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 120},
    )
    app.callback()(start)
    return app


def _choose_app(words: Sequence[str], environment: Mapping[str, str]) -> typer.Typer:
    """The smallest app that runs a command line, or completes one for a shell."""
    if "_LEADTRIAGE_COMPLETE" in environment:
        words = environment.get("COMP_WORDS", environment.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
        if len(words) < 2 and not COMMANDS.keys() & set(words):
            return _make_listing()
    if list(words) in ([], ["--help"], ["-h"]):
        return _make_listing()
    return make_app(words[0])


def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turns CSV exports of sales leads into a ranked, explained, accountable queue."""


def run() -> None:
    """Run the program with the arguments of the command line, and exit."""
    # Loading the libraries creates little garbage; collecting it would take a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    prepare_streams(os.environ)
    try:
        _choose_app(sys.argv[1:], os.environ)(prog_name="leadtriage")
    except KeyboardInterrupt:
        print_message("interrupted; nothing was changed")
        sys.exit(INTERRUPTED)
