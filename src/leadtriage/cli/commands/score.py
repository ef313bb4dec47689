"""The command that scores leads: score."""

from __future__ import annotations

from typing import Annotated

import typer

from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Context
from leadtriage.cli.framework.options import option
from leadtriage.core.context import OutputFormat
from leadtriage.core.tables import Column, Table

_LABELS = {
    "leads": "Open leads",
    "scored": "Scored",
    "changed": "Changed grades",
    "a": "A",
    "b": "B",
    "c": "C",
    "d": "D",
    "junk_candidates": "Junk candidates",
    "needs_answers": "Need answers",
    "criteria": "Criteria",
}


class _DryRun(Exception):
    """Rolls the transaction back."""


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "score", score)


def score(
    context: Context,
    dry_run: Annotated[bool, option("--dry-run", "Show which grades would change, and change nothing.")] = False,
) -> None:
    """Score the leads and show which grades changed and why.

    A grade changes because of the data, because of the criteria, or because time has passed.

    Examples:
      leadtriage score
      leadtriage score --dry-run
    """
    from leadtriage.db import writing
    from leadtriage.scoring import score_leads

    with context.acting() as (engine, criteria, act):
        try:
            with writing(engine) as connection:
                summary = score_leads(connection, criteria, act)
                if dry_run:
                    raise _DryRun
        except _DryRun:
            context.printer.note("dry run: nothing was changed")
    columns = tuple(Column(key, label, align="right") for key, label in _LABELS.items())
    row = {key: getattr(summary, key) for key in _LABELS}
    context.printer.show(Table("Would be scored" if dry_run else "Scored", columns, (row,)), as_list=True)
    # Changed grades are for people; scripts read the history.
    for (before, after, cause), count in sorted(summary.moves.counts.items()):
        context.printer.note(f"{count:,} moved from {before} to {after} because of {cause}")
    if summary.moves.count and context.printer.format is OutputFormat.TABLE:
        context.printer.show(summary.moves.table, more="run `leadtriage leads` for every grade")
