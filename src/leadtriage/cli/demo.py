"""The command for a first look: demo. Runs other commands on the shipped sample, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import typer

from leadtriage.cli import importing, junk, lists, scoring, starting
from leadtriage.cli.command import add_command
from leadtriage.cli.import_options import ImportChoice
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.selection import Selection
from leadtriage.cli.streams import write_out
from leadtriage.settings import CRITERIA_FILE, DEFAULT_DATABASE, OutputFormat

SAMPLE_DAY = date(2026, 11, 20)
"""The day on which the sample's story is told: its dates do not move."""

SAMPLE_FILE = "leads.csv"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "demo", examples=("leadtriage demo",), aside="the demo's folder can be deleted")(demonstrate)


def demonstrate(invocation: Invocation) -> None:
    """See it at work on sample leads, in a scratch folder.

    Imports the shipped sample, scores it, and shows the queue, the junk candidates and the stale report, each after the
    command that makes it. Your own database is not touched.
    """
    import shlex
    import shutil
    import tempfile
    from importlib.resources import files

    folder = Path(tempfile.mkdtemp(prefix="leadtriage-demo-"))
    sample = files("leadtriage.samples").joinpath(SAMPLE_FILE)
    with sample.open("rb") as source, (folder / SAMPLE_FILE).open("wb") as target:
        shutil.copyfileobj(source, target)
    with chdir(folder):
        _tell(f"cd {shlex.quote(str(folder))}")
        for command, step in _steps(invocation):
            _tell(command)
            try:
                step()
            except typer.Exit:
                # The sample has a rejected row, of which the command's exit code tells.
                continue
    write_out(f"\nTry next, in that folder:\n  leadtriage show 16 --as-of {SAMPLE_DAY}\n")


def _steps(invocation: Invocation) -> list[tuple[str, Callable[[], None]]]:
    """The command lines, and what each does: the same functions that the commands call."""
    here = Invocation(
        replace(
            invocation.settings,
            database=DEFAULT_DATABASE,
            criteria=None,
            format=OutputFormat.TABLE,
            as_of=SAMPLE_DAY,
        )
    )
    with_criteria = Invocation(replace(here.settings, criteria=Path(CRITERIA_FILE)))
    day = f"--as-of {SAMPLE_DAY}"
    few = Selection(limit=12)
    return [
        ("leadtriage init", partial(starting.start_here, here)),
        (
            f"leadtriage import {SAMPLE_FILE} --system crm {day}",
            partial(importing.import_files, with_criteria, ImportChoice(system="crm"), [SAMPLE_FILE]),
        ),
        (f"leadtriage score {day}", partial(scoring.score, with_criteria)),
        (f"leadtriage queue --limit 12 {day}", partial(lists.show_queue, with_criteria, few)),
        (f"leadtriage junk {day}", partial(junk.show_candidates, with_criteria, Selection())),
        (f"leadtriage stale --limit 12 {day}", partial(lists.show_stale, with_criteria, few)),
    ]


def _tell(command: str) -> None:
    write_out(f"\n$ {command}\n")
