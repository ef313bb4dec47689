"""The commands for the first day: init.

The command for a first look: demo. Runs other commands on the shipped sample, in a folder of its own.

The commands that look after the database: db info, check, backup, upgrade.

The commands about the definition of a good lead: criteria check, show, schema.
"""

from __future__ import annotations

from collections.abc import Callable
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
from leadtriage.cli.framework.command import add_command, end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import ImportChoice, Selection
from leadtriage.cli.framework.terminal import write_out
from leadtriage.core.context import CRITERIA_FILE, DEFAULT_DATABASE, OutputFormat
from leadtriage.core.errors import CriteriaError, FileError
from leadtriage.core.tables import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leadtriage.criteria import Criteria, CriteriaWarning


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "init", examples=("leadtriage init", "leadtriage init --db sales/leads.db"))(start_here)
    add_command(app, "demo", examples=("leadtriage demo",), aside="the demo's folder can be deleted")(demonstrate)
    group = typer.Typer(help="Look after the database.", no_args_is_help=True, rich_markup_mode=None)
    add_command(group, "info", examples=("leadtriage db info", "leadtriage db info --format json"))(tell_about)
    add_command(group, "check", examples=("leadtriage db check",))(check)
    add_command(group, "backup", examples=("leadtriage db backup leads-2026-11-20.db",))(back_up)
    add_command(group, "upgrade", examples=("leadtriage db upgrade",), aside="the tables are as they were")(upgrade)
    app.add_typer(group, name="db")
    group = typer.Typer(help="Check, show and complete the criteria file.", no_args_is_help=True, rich_markup_mode=None)
    add_command(
        group,
        "check",
        examples=("leadtriage criteria check", "leadtriage criteria check --criteria ours.yaml --fail-if-any"),
    )(check_criteria)
    add_command(group, "show", examples=("leadtriage criteria show", "leadtriage criteria show > criteria.yaml"))(
        show_criteria
    )
    add_command(group, "schema", examples=("leadtriage criteria schema > criteria.schema.json",))(show_schema)
    app.add_typer(group, name="criteria")


SCHEMA_FILE = "criteria.schema.json"


def start_here(invocation: Invocation) -> None:
    """Write criteria.yaml to start from, and make the database.

    The criteria are the built-in example with comments, beside the database; criteria.schema.json beside them lets
    editors complete and check the file. Nothing is overwritten.
    """
    from leadtriage.criteria import render_schema, starter_text
    from leadtriage.db import hide_credentials

    location = invocation.settings.database
    folder = Path() if "://" in location else Path(location).expanduser().parent
    path = folder / CRITERIA_FILE
    if path.exists():
        raise FileError("is there already", place=str(path), hint="edit it, or move it away and run init again")
    with invocation.database(create=True):
        invocation.note(f"database ready: {hide_credentials(location)}")
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


SAMPLE_DAY = date(2026, 11, 20)
"""The day on which the sample's story is told: its dates do not move."""

SAMPLE_FILE = "leads.csv"


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
        ("leadtriage init", partial(start_here, here)),
        (
            f"leadtriage import {SAMPLE_FILE} --system crm {day}",
            partial(import_files, with_criteria, ImportChoice(system="crm"), [SAMPLE_FILE]),
        ),
        (f"leadtriage score {day}", partial(score, with_criteria)),
        (f"leadtriage queue --limit 12 {day}", partial(show_queue, with_criteria, few)),
        (f"leadtriage junk {day}", partial(show_candidates, with_criteria, Selection())),
        (f"leadtriage stale --limit 12 {day}", partial(show_stale, with_criteria, few)),
    ]


def _tell(command: str) -> None:
    write_out(f"\n$ {command}\n")


def tell_about(invocation: Invocation) -> None:
    """Tell how the database is kept and what it holds."""
    from leadtriage.db import describe_database

    with invocation.reading() as connection:
        invocation.show(describe_database(connection), upright=True)


def check(invocation: Invocation) -> None:
    """Check that the database is sound.

    Looks at the file, and at whether what it holds agrees with itself; ends with 1 where it does not.
    """
    from leadtriage.db import check_database

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
    from leadtriage.db import copy_database

    with invocation.database() as engine:
        copy_database(engine, file.expanduser())
    invocation.note(f"copied to {file}")


def upgrade(invocation: Invocation) -> None:
    """Upgrade the tables of an older leadtriage.

    A local database is copied first, and upgraded by any command that opens it; a server's waits for this one.
    """
    from leadtriage.db import connect_engine, translate_errors, upgrade_database

    with translate_errors(invocation.settings.database):
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


FOUND = 4

_COLUMNS = (
    Column("line", "Line", keep=98, align="right"),
    Column("column", "Column", keep=90, align="right"),
    Column("severity", "Severity", keep=95),
    Column("message", "Message", keep=100),
)


def check_criteria(
    invocation: Invocation,
    fail_if_any: Annotated[bool, typer.Option("--fail-if-any", help="End with 4 where there are warnings.")] = False,
) -> None:
    """Tell every mistake in the criteria, and what looks unintended.

    Ends with 1 where there are mistakes. Warnings: tiers that can never hold, points that do not add up, words
    counted twice, fields and columns that no stored lead has. People read them on standard error; other formats than
    table write them to standard output.
    """
    is_data = invocation.settings.format is not OutputFormat.TABLE
    try:
        criteria = invocation.criteria()
    except CriteriaError as error:
        if not is_data:
            raise
        _show(invocation, map(_present_mistake, error.mistakes))
        raise CriteriaError(error.message, mistakes=(), place=error.place, hint=error.hint) from error
    warnings = _lint(invocation, criteria)
    place = str(invocation.settings.criteria or "the built-in example")
    if is_data:
        _show(invocation, map(_present_warning, warnings))
    else:
        invocation.warn_all(f"{place}:{warning.line}: {warning.text}" for warning in warnings)
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings) or 'no'} warnings"
    invocation.note(f"{place}: {len(criteria.criteria)} criteria, no mistakes, {count}")
    end_with(FOUND if warnings and fail_if_any else 0)


def _lint(invocation: Invocation, criteria: Criteria) -> tuple[CriteriaWarning, ...]:
    """Look at the criteria, and at what the stored leads have where there are any."""
    from leadtriage.core.errors import DatabaseError
    from leadtriage.criteria import lint_criteria

    try:
        with invocation.reading() as connection:
            from leadtriage.reports.manager import read_coverage

            coverage = read_coverage(connection)
    except DatabaseError:
        # The file is worth checking before the first import too.
        return lint_criteria(criteria)
    if coverage is None:
        return lint_criteria(criteria)
    return lint_criteria(criteria, known_fields=coverage.fields, known_columns=coverage.headers)


def _show(invocation: Invocation, rows: Iterable[Mapping[str, Cell]]) -> None:
    invocation.show(Table("Criteria", _COLUMNS, tuple(rows)))


def _present_mistake(mistake: str) -> Mapping[str, Cell]:
    line, column, text = mistake.split(":", 2)
    return {"line": int(line), "column": int(column), "severity": "mistake", "message": text.strip()}


def _present_warning(warning: CriteriaWarning) -> Mapping[str, Cell]:
    return {"line": warning.line or None, "column": None, "severity": "warning", "message": warning.text}


def show_criteria(invocation: Invocation) -> None:
    """Print the criteria that hold.

    The file's text, or that of the built-in example where there is none.
    """
    from leadtriage.rendering import safe_lines

    write_out(safe_lines(invocation.criteria().text))


def show_schema(invocation: Invocation) -> None:
    """Print the JSON Schema of a criteria file.

    Editors complete and check the file by it; init writes it beside the criteria.
    """
    from leadtriage.criteria import render_schema

    write_out(render_schema())
