"""The commands to start with (init, demo), and those about the criteria file and the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import chdir
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.commands.importing import import_files
from leadtriage.cli.commands.junk import show_candidates
from leadtriage.cli.commands.lists import show_queue, show_stale
from leadtriage.cli.commands.score import score
from leadtriage.cli.framework.command import FOUND, add_command, add_group, exit_with
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import ImportSelection, Selection, argument, option
from leadtriage.cli.framework.terminal import write_out
from leadtriage.core.context import CRITERIA_FILE, DEFAULT_DATABASE, OutputFormat
from leadtriage.core.errors import CriteriaError, DatabaseError, FileError
from leadtriage.core.tables import Cell, Column, Table

if TYPE_CHECKING:
    from leadtriage.criteria import Criteria, CriteriaWarning

SCHEMA_FILE = "criteria.schema.json"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "init", init)
    add_command(app, "demo", demo, if_interrupted="you can delete the demo's folder")
    db = add_group(app, "db", "Inspect, check, back up and upgrade the database.")
    add_command(db, "info", db_info)
    add_command(db, "check", db_check)
    add_command(db, "backup", db_backup)
    add_command(db, "upgrade", db_upgrade, if_interrupted="the tables are unchanged")
    criteria = add_group(app, "criteria", "Check, show and complete the criteria file.")
    add_command(criteria, "check", criteria_check)
    add_command(criteria, "show", criteria_show)
    add_command(criteria, "schema", criteria_schema)


def init(context: Context) -> None:
    """Write criteria.yaml to start from, and create the database.

    The criteria are the built-in example with comments, next to the database. With criteria.schema.json next to them,
    editors complete and check the file. Nothing is overwritten.

    Examples:
      leadtriage init
      leadtriage init --db sales/leads.db
    """
    from leadtriage.criteria import render_schema, starter_text
    from leadtriage.db import hide_credentials

    location = context.settings.database
    folder = Path() if "://" in location else Path(location).expanduser().parent
    path = folder / CRITERIA_FILE
    if path.exists():
        raise FileError(
            "already exists", place=str(path), hint="edit it, or move it away and run `leadtriage init` again"
        )
    with context.database(create=True):
        context.printer.note(f"database ready: {hide_credentials(location)}")
    _write_new(path, starter_text(SCHEMA_FILE))
    context.printer.note(f"criteria written: {path}")
    schema = folder / SCHEMA_FILE
    if schema.exists():
        context.printer.note(f"already exists, unchanged: {schema}")
    else:
        _write_new(schema, render_schema())
        context.printer.note(f"schema for editors written: {schema}")
    context.printer.note("next: edit the criteria at EDIT HERE, then run `leadtriage import FILE`")


def _write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet.

    Raises:
        FileError: it exists, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise FileError(f"cannot be written: {error.strerror or error}", place=str(path)) from error


SAMPLE_DAY = date(2026, 11, 20)
"""Today's date in the sample, whose dates do not move."""
SAMPLE_FILE = "leads.csv"


def demo(context: Context) -> None:
    """See leadtriage at work on sample leads, in a temporary folder.

    Imports the shipped sample, scores it, and shows the queue, the junk candidates and the overdue leads, each with the
    command that prints it. Your own database stays as it is.

    Examples:
      leadtriage demo
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
        write_out(f"\n$ cd {shlex.quote(str(folder))}\n")
        for command, run in _list_demo_steps(context):
            write_out(f"\n$ leadtriage {command}\n")
            try:
                run()
            except typer.Exit:
                # The sample has a rejected row, which the exit code reports.
                continue
    write_out(f"\nTry next, in that folder:\n  leadtriage show 16 --as-of {SAMPLE_DAY}\n")


def _list_demo_steps(context: Context) -> list[tuple[str, Callable[[], None]]]:
    """The command lines, and the functions of these commands."""
    settings = replace(
        context.settings, database=DEFAULT_DATABASE, criteria=None, format=OutputFormat.TABLE, as_of=SAMPLE_DAY
    )
    before = Context.of(settings)
    after = Context.of(replace(settings, criteria=Path(CRITERIA_FILE)))
    day = f"--as-of {SAMPLE_DAY}"
    few = Selection(limit=12)
    return [
        ("init", partial(init, before)),
        (
            f"import {SAMPLE_FILE} --system crm {day}",
            partial(import_files, after, ImportSelection(system="crm"), [SAMPLE_FILE]),
        ),
        (f"score {day}", partial(score, after)),
        (f"queue --limit 12 {day}", partial(show_queue, after, few)),
        (f"junk {day}", partial(show_candidates, after, Selection())),
        (f"stale --limit 12 {day}", partial(show_stale, after, few)),
    ]


def db_info(context: Context) -> None:
    """Show how the database is stored and what it holds.

    Examples:
      leadtriage db info
      leadtriage db info --format json
    """
    from leadtriage.db import describe_database

    with context.reading() as connection:
        context.printer.show(describe_database(connection), as_list=True)


def db_check(context: Context) -> None:
    """Check the integrity of the database.

    Checks the file and the consistency of its contents; exits with 1 if a check fails.

    Examples:
      leadtriage db check
    """
    from leadtriage.db import check_database

    with context.reading() as connection:
        table = check_database(connection)
    context.printer.show(table)
    if any(row["found"] for row in table.rows):
        context.printer.warn("the database is inconsistent; restore a backup, or report this")
        exit_with(1)


def db_backup(context: Context, file: Annotated[Path, argument("A new file; it must not exist yet.", "FILE")]) -> None:
    """Copy the database to a new file.

    Others can keep writing to the database meanwhile. Only you can read the copy.

    Examples:
      leadtriage db backup leads-2026-11-20.db
    """
    from leadtriage.db import copy_database

    with context.database() as engine:
        copy_database(engine, file.expanduser())
    context.printer.note(f"copied to {file}")


def db_upgrade(context: Context) -> None:
    """Upgrade the tables of an older leadtriage.

    Any command backs up and upgrades a local database when it opens it. A server's database waits for this command.

    Examples:
      leadtriage db upgrade
    """
    from leadtriage.db import connect_engine, translate_errors, upgrade_database

    with translate_errors(context.settings.database):
        engine = connect_engine(context.settings.database)
        try:
            done = upgrade_database(engine)
        finally:
            engine.dispose()
    if done.views:
        context.printer.note(f"views recreated: {', '.join(done.views)}")
    elif done.before == done.after:
        context.printer.note(f"nothing to upgrade: the tables are at revision {done.after}")
    else:
        context.printer.note(f"upgraded from revision {done.before} to {done.after}")
        context.printer.note(f"backup of the old version: {done.backup}" if done.backup else "")


_CRITERIA_COLUMNS = (
    Column("line", "Line", keep=98, align="right"),
    Column("column", "Column", keep=90, align="right"),
    Column("severity", "Severity", keep=95),
    Column("message", "Message", keep=100),
)


def criteria_check(
    context: Context,
    fail_if_any: Annotated[bool, option("--fail-if-any", "Exit with 4 if there are warnings.")] = False,
) -> None:
    """Report all mistakes in the criteria, and what looks unintended.

    Exits with 1 if there are mistakes. Warnings: tiers that can never match, points that do not add up, words counted
    twice, fields and columns that no stored lead has. They go to standard error, with --format json, csv or markdown
    to standard output.

    Examples:
      leadtriage criteria check
      leadtriage criteria check --criteria ours.yaml --fail-if-any
    """
    is_data = context.printer.format is not OutputFormat.TABLE
    try:
        criteria = context.criteria
    except CriteriaError as error:
        if not is_data:
            raise
        _show(context.printer, map(_parse_mistake, error.mistakes))
        raise CriteriaError(error.message, mistakes=(), place=error.place, hint=error.hint) from error
    warnings = _lint(context, criteria)
    place = str(context.settings.criteria or "the built-in example")
    if is_data:
        _show(
            context.printer,
            (
                {"line": each.line or None, "column": None, "severity": "warning", "message": each.text}
                for each in warnings
            ),
        )
    else:
        context.printer.warn(*(f"{place}:{warning.line}: {warning.text}" for warning in warnings))
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings) or 'no'} warnings"
    context.printer.note(f"{place}: {len(criteria.criteria)} criteria, no mistakes, {count}")
    exit_with(FOUND if warnings and fail_if_any else 0)


def _lint(context: Context, criteria: Criteria) -> tuple[CriteriaWarning, ...]:
    """Check the criteria, and compare them with the stored leads if there are any."""
    from leadtriage.criteria import lint_criteria

    try:
        with context.reading() as connection:
            from leadtriage.reports.manager import read_coverage

            coverage = read_coverage(connection)
    except DatabaseError:
        coverage = None  # the file can be checked before the first import
    if coverage is None:
        return lint_criteria(criteria)
    return lint_criteria(criteria, known_fields=coverage.fields, known_columns=coverage.headers)


def _show(printer: Printer, rows: Iterable[Mapping[str, Cell]]) -> None:
    printer.show(Table("Criteria", _CRITERIA_COLUMNS, tuple(rows)))


def _parse_mistake(mistake: str) -> Mapping[str, Cell]:
    line, column, text = mistake.split(":", 2)
    return {"line": int(line), "column": int(column), "severity": "mistake", "message": text.strip()}


def _describe_warning(warning: CriteriaWarning) -> Mapping[str, Cell]:
    return {"line": warning.line or None, "column": None, "severity": "warning", "message": warning.text}


def criteria_show(context: Context) -> None:
    """Print the criteria in force: your file, or the built-in example.

    Examples:
      leadtriage criteria show
      leadtriage criteria show > criteria.yaml
    """
    from leadtriage.rendering import safe_lines

    write_out(safe_lines(context.criteria.text))


def criteria_schema(context: Context) -> None:
    """Print the JSON Schema of a criteria file.

    Editors use it to complete and check the file; `leadtriage init` writes it next to the criteria.

    Examples:
      leadtriage criteria schema > criteria.schema.json
    """
    from leadtriage.criteria import render_schema

    write_out(render_schema())
