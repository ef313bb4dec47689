"""The commands that bring leads in and take them back: import, undo."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.command import add_command, end_with
from leadtriage.cli.import_options import READING, UNDERSTANDING, ImportChoice
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.rejecting import write_rejects
from leadtriage.errors import UsageError
from leadtriage.words import count_of, list_ids, say_day

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.act import Act
    from leadtriage.importing.summary import ImportOptions, ImportSummary

REJECTED = 3
STANDARD_INPUT = "-"
_MOST_TOLD = 5
"""Rejected rows of a file that are told at once; all are in the file of rejects."""


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "import",
        selects=(*UNDERSTANDING, *READING),
        examples=(
            "leadtriage import leads.csv",
            'leadtriage import export.xlsx --map title="Designation" --dry-run',
            "curl https://example.com/leads.csv | leadtriage import - --source website",
        ),
        aside="nothing of the unfinished file was imported",
    )(import_files)
    add_command(app, "undo", examples=("leadtriage undo 3", "leadtriage undo", "leadtriage undo --by Maria"))(undo)


def import_files(
    invocation: Invocation,
    selection: ImportChoice,
    files: Annotated[list[str], typer.Argument(help="CSV, TSV or Excel files; - is standard input.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Where rejected rows go; else FILE.rejects.csv.", metavar="FILE")
    ] = None,
) -> None:
    """Import leads from CSV, TSV or Excel files.

    How a file is written and what its columns mean is found out; see what came of it with peek. The same file again
    changes nothing. Rows without a usable identity go to a file of rejects with the reason, and the command ends
    with 3. Each file is one transaction.
    """
    if rejects is not None and len(files) > 1:
        raise UsageError("is for one file", place="--rejects", hint="import the files one by one")
    from leadtriage.importing.source import check_is_there

    criteria = invocation.criteria()
    options = selection.options(criteria, dry_run=dry_run)
    act = invocation.act(criteria.timezone)
    for file in files:
        if file != STANDARD_INPUT:
            check_is_there(Path(file), file)  # before any is imported, and before a database is made for it
            if rejects is not None and rejects.exists() and rejects.samefile(file):
                raise UsageError("would overwrite the file that is imported", place="--rejects", hint="name another")
    done: list[ImportSummary] = []
    try:
        with invocation.trial_database() if dry_run else invocation.database(create=True) as engine:
            for file in files:
                done.append(_import_file(invocation, engine, file, options, act))
                _tell(invocation, done[-1], several=len(files) > 1)
                path = None if file == STANDARD_INPUT else Path(file)
                write_rejects(invocation, done[-1], path, rejects, dry_run=dry_run)
    finally:
        if done:
            _show(invocation, done, dry_run=dry_run)
    if not dry_run and any(summary.created or summary.updated for summary in done):
        invocation.note("next: leadtriage score")
    end_with(REJECTED if any(summary.rejected for summary in done) else 0)


def _import_file(invocation: Invocation, engine: Engine, file: str, options: ImportOptions, act: Act) -> ImportSummary:
    from leadtriage.importing.pipeline import import_file
    from leadtriage.output.progress import count_lines, show_progress

    path = None if file == STANDARD_INPUT else Path(file)
    stream = sys.stdin.buffer if path is None else None
    if invocation.settings.quiet or not sys.stderr.isatty():
        return import_file(engine, path, options, act, stream=stream)
    total = count_lines(path) if path else None
    with show_progress(f"reading {file}", total, os.environ) as progress:
        return import_file(engine, path, options, act, stream=stream, progress=progress)


def _tell(invocation: Invocation, summary: ImportSummary, *, several: bool) -> None:
    """Tell on standard error what may be wrong and what was done."""
    place = f"{summary.file}: " if several else ""
    invocation.warn_all(f"{place}{sentence}" for sentence in summary.warnings)
    for sentence in summary.notes:
        invocation.note(f"{place}{sentence}")
    # They were warned of when the file came first: cron, which runs this every morning, need not mail them again.
    tell = invocation.note if summary.repeated else invocation.warn
    for reject in summary.rejects[:_MOST_TOLD]:
        tell(f"{place}line {reject.line} is rejected: {reject.reason}")
    if len(summary.rejects) > _MOST_TOLD:
        tell(f"{place}{len(summary.rejects) - _MOST_TOLD:,} more rows are rejected")


def _show(invocation: Invocation, done: list[ImportSummary], *, dry_run: bool) -> None:
    from leadtriage.tabular import Column, Table

    counts = ("rows", "created", "updated", "unchanged", "merged", "rejected", "warnings")
    columns = (
        Column("file", "File", keep=90, kind="path"),
        Column("batch", "Batch", keep=80, align="right"),
        *(Column(key, key.capitalize(), keep=70, align="right") for key in counts),
    )
    rows = tuple(
        {
            "file": summary.file,
            "batch": summary.batch,
            **{key: getattr(summary, key) for key in counts[:-1]},
            "warnings": summary.warning_count,
        }
        for summary in done
    )
    invocation.show(Table("Would be imported" if dry_run else "Imported", columns, rows))


def undo(
    invocation: Invocation,
    batch: Annotated[
        int | None,
        typer.Argument(help="The import's number; see: leadtriage imports.", metavar="[BATCH]", max=2**31 - 1),
    ] = None,
    rest: Annotated[
        bool, typer.Option("--rest", help="Of your last act: leave leads as they are that were changed again since.")
    ] = False,
) -> None:
    """Take back an import, or without a number your last act.

    Of an import: hides the leads that it made and restores what it changed; what people or later imports have changed
    since stays. Of an act (a verdict, a contact, a closing, a merge): restores the leads as they were before, unless
    they were changed again since; with --rest only these stay. The history keeps both.
    """
    if batch is None:
        _undo_last_act(invocation, rest=rest)
        return
    if rest:
        raise UsageError("is of acts; what was changed after an import stays anyway", place="--rest")
    from leadtriage.importing.undo import undo_batch
    from leadtriage.reports.basis import read_basis

    with invocation.reading() as connection:
        timezone = read_basis(connection).settings.get("timezone")
    with invocation.database() as engine:
        summary = undo_batch(engine, batch, invocation.act(timezone))
    invocation.show(summary.leads, more="the first of those removed, restored and kept")
    invocation.note(
        f"import {batch} is undone: {count_of(summary.removed, 'lead')} removed, {summary.restored:,} restored, "
        f"{summary.kept:,} kept since they were changed meanwhile"
    )


def _undo_last_act(invocation: Invocation, *, rest: bool) -> None:
    from leadtriage.db.engine import reading
    from leadtriage.reports.team_log import list_act
    from leadtriage.triage.undoing import undo_last_act

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with invocation.database() as engine:
        taken = undo_last_act(engine, criteria, act, rest=rest)
        with reading(engine) as connection:
            table = list_act(connection, taken.act, taken.left)
    invocation.show(table)
    first, leads = taken.events[0], {event["lead_id"] for event in taken.events}
    when = f"{say_day(first['at'].date())} at {first['at']:%H:%M}"
    left = f"; left as they are, since they were changed again: {list_ids(taken.left)}" if taken.left else ""
    invocation.note(f"what {first['by']} did on {when} is taken back: {count_of(len(leads), 'lead')}{left}")
