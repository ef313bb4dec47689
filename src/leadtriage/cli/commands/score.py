"""The command that scores: score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Invocation
from leadtriage.core.context import OutputFormat

if TYPE_CHECKING:
    from leadtriage.core.tables import Table
    from leadtriage.scoring import Moves, ScoreSummary


class _DryRun(Exception):
    """Leaves the transaction so that nothing of it stays."""


_LABELS = {
    "leads": "Open leads",
    "scored": "Scored",
    "changed": "Grades that moved",
    "a": "A",
    "b": "B",
    "c": "C",
    "d": "D",
    "junk_candidates": "Junk candidates",
    "needs_answers": "Need answers",
    "criteria": "Criteria",
}


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "score", examples=("leadtriage score", "leadtriage score --dry-run"))(score)


def score(
    invocation: Invocation,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would move and change nothing.")] = False,
) -> None:
    """Score the leads and say what moved and why.

    A grade moves because of the data, because of the criteria, or because time has passed.
    """
    from leadtriage.db import writing
    from leadtriage.scoring import score_leads

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    summary: ScoreSummary | None = None
    with invocation.database() as engine:
        try:
            with writing(engine) as connection:
                summary = score_leads(connection, criteria, act)
                if dry_run:
                    raise _DryRun
        except _DryRun:
            invocation.note("this is what would be; nothing was changed")
    assert summary is not None
    invocation.show(_summarise(summary, dry_run=dry_run), upright=True)
    _show_moves(invocation, summary.moves)


def _summarise(summary: ScoreSummary, *, dry_run: bool) -> Table:
    from leadtriage.core.tables import Column, Table

    columns = tuple(Column(key, label, align="right") for key, label in _LABELS.items())
    row = {key: getattr(summary, key) for key in _LABELS}
    return Table("Would be scored" if dry_run else "Scored", columns, (row,))


def _show_moves(invocation: Invocation, moves: Moves) -> None:
    """What moved is for people; scripts read the history."""
    for (before, after, cause), count in sorted(moves.counts.items()):
        invocation.note(f"{count:,} moved from {before} to {after} because of {cause}")
    if moves.count and invocation.settings.format is OutputFormat.TABLE:
        invocation.show(moves.table, more="leadtriage leads shows every grade")
