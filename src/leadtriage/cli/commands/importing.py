"""The commands that bring leads in: import, peek, add; and undo, which reverts an import or the last act."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadtriage.cli.framework.command import add_command, exit_with
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import (
    IMPORT_OPTIONS,
    LARGEST_NUMBER,
    DryRun,
    ImportSelection,
    InputFile,
    RejectsFile,
    Text,
    argument,
    option,
    parameters_of,
    parse_region,
    split_pair,
)
from leadtriage.cli.framework.terminal import STANDARD_STREAM, write_out
from leadtriage.core.context import OutputFormat
from leadtriage.core.errors import UsageError
from leadtriage.core.text import format_count, format_day, format_ids

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from leadtriage.actions import SpendSummary
    from leadtriage.core.context import Act
    from leadtriage.importing import ImportOptions, ImportSummary

REJECTED = 3
"""The exit code of an import that rejected rows."""
_SHOWN_REJECTS = 5
"""Rejected rows to print; the file of rejects has all."""


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    unfinished = "nothing of the unfinished file was imported"
    add_command(app, "import", import_files, *IMPORT_OPTIONS, if_interrupted=unfinished)
    add_command(app, "undo", undo)
    add_command(app, "peek", peek, *IMPORT_OPTIONS)
    add_command(app, "add", add, *parameters_of(NewLead).values())


@dataclass(frozen=True, slots=True)
class NewLead:
    """The options of a lead that is added by hand."""

    name: Annotated[Text, option("--name", "The person's full name.", "TEXT")] = None
    email: Annotated[Text, option("--email", "The email address.", "TEXT")] = None
    phone: Annotated[Text, option("--phone", "The phone number.", "TEXT")] = None
    company: Annotated[Text, option("--company", "The company.", "TEXT")] = None
    title: Annotated[Text, option("--title", "The job title.", "TEXT")] = None
    source: Annotated[Text, option("--source", "Where the lead came from.", "TEXT")] = None
    owner: Annotated[Text, option("--owner", "The rep who owns the lead.", "TEXT")] = None
    need: Annotated[Text, option("--need", "What the lead asked for.", "TEXT")] = None
    more: Annotated[
        list[str] | None, option("--set", "Any other field: budget=20k; may be repeated.", "FIELD=VALUE")
    ] = None
    region: Annotated[Text, option("--region", "Country of a phone number without a country code: DE.", "XX")] = None


def add(context: Context, selection: NewLead) -> None:
    """Add one lead by hand.

    The values are read like a row of a file: if they identify an existing lead, they complete it. Undo it with `undo`.

    Examples:
      leadtriage add --name "Ann Lee" --email ann@acme.example --title CEO
      leadtriage add --company Acme --phone "030 1234567" --region DE
      leadtriage add --company 'Bergmann Logistik' --set budget=20k
    """
    given = {field: value for field, value in asdict(selection).items() if value}
    region = parse_region(given.pop("region", None))
    more = (split_pair(pair, "--set", "FIELD=VALUE") for pair in given.pop("more", ()))
    values = {**given, **dict(more)}
    if not values:
        raise UsageError("nothing to add", hint="give at least --name, --company, --email or --phone")
    from leadtriage.actions import add_lead
    from leadtriage.core.tables import Column, Table
    from leadtriage.importing import ImportOptions

    criteria = context.criteria
    options = ImportOptions(region=region, currency=criteria.currency, nurture_days=criteria.follow_up.nurture)
    with context.database(create=True) as engine:
        try:
            added = add_lead(engine, values, options, context.act())
        except UsageError as error:
            raise UsageError(error.message, place="--set", hint=error.hint) from error
    context.printer.warn(*added.warnings)
    columns = (
        Column("id", "Id", keep=90, align="right"),
        Column("outcome", "Outcome", keep=80),
        Column("batch", "Batch", keep=70, align="right"),
    )
    context.printer.show(Table("Added", columns, ({"id": added.id, "outcome": added.outcome, "batch": added.batch},)))
    context.printer.note(f"next: run `leadtriage score`; to undo: `leadtriage undo {added.batch}`")


def print_result(printer: Printer, result: ImportSummary | SpendSummary, prefix: str = "") -> None:
    """Print an import's warnings, its notes and its first rejected rows."""
    printer.warn(*(f"{prefix}{sentence}" for sentence in result.warnings))
    printer.note(*(f"{prefix}{sentence}" for sentence in result.notes))
    # A repeated file's rejects were warned of before: a daily cron job should not mail them again.
    tell = printer.note if result.repeated else printer.warn
    tell(*(f"{prefix}line {reject.line} rejected: {reject.reason}" for reject in result.rejects[:_SHOWN_REJECTS]))
    if len(result.rejects) > _SHOWN_REJECTS:
        tell(f"{prefix}{len(result.rejects) - _SHOWN_REJECTS:,} more rows rejected")


_ENDING = ".rejects"


def write_rejects(
    context: Context, result: ImportSummary | SpendSummary, file: Path | None, chosen: Path | None, *, dry_run: bool
) -> None:
    """Write the rejected rows with their reasons to a file that people can correct and import again.

    An existing file is never replaced, since someone may have corrected it: the next free number is used. If the folder
    is not writable, the file goes to the working folder, then to the database's.

    Args:
        file: the imported file; None for standard input.
        chosen: where to write; None for a file beside the imported one.
    """
    if not result.rejects or (dry_run and chosen is None):
        return
    from leadtriage.importing.parse import write_rejected
    from leadtriage.rendering import write_rows

    rejects = ((reject.line, reject.reason, reject.cells) for reject in result.rejects)
    content = write_rows(write_rejected(result.headers, rejects)).encode("utf-8", errors="replace")
    wanted = chosen or _name_rejects(file)
    refused: str | None = None
    for folder in _list_folders(context.settings.database, wanted):
        target = folder / wanted.name
        try:
            written, is_new = _write_numbered(target, content, repeated=result.repeated)
        except OSError as error:
            refused = refused or f"{target} cannot be written: {error.strerror or error}"
            continue
        if refused:
            context.printer.warn(f"{refused}; the rejected rows are in {written}")
        elif is_new and written.name != wanted.name:
            context.printer.note(f"rejected rows: {written}, since {wanted} already exists")
        else:
            context.printer.note(f"rejected rows: {written}" + ("" if is_new else ", unchanged"))
        return
    context.printer.warn(f"{refused}; import the file again with --rejects FILE to get the rejected rows")


def _name_rejects(file: Path | None) -> Path:
    """The file beside an imported one; rejects of a file of rejects go to the next number of its series."""
    path = file or Path("standard-input")
    series, number = _split_number(path.stem)
    if path.suffix == ".csv" and series.endswith(_ENDING):
        return path.with_name(f"{series}-{number + 1}.csv")
    return path.with_name(f"{path.name}{_ENDING}.csv")


def _split_number(stem: str) -> tuple[str, int]:
    """Split `leads.csv.rejects-2` into its series and number; the first of a series has none."""
    series, _, number = stem.rpartition("-")
    return (series, int(number)) if series.endswith(_ENDING) and number.isdecimal() else (stem, 1)


def _list_folders(database: str, wanted: Path) -> Iterator[Path]:
    yield wanted.parent
    yield Path()
    if "://" not in database:
        yield Path(database).expanduser().parent


def _write_numbered(target: Path, content: bytes, *, repeated: bool) -> tuple[Path, bool]:
    """Write a new file, numbered if needed; return its path, and whether it is new or already had these rows.

    Args:
        repeated: these rows were written before, and may have been corrected since.

    Raises:
        OSError: it cannot be written.
    """
    if repeated and target.is_file():
        return target, False
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_bytes(content)  # a pipe or device has no content to lose
        return target, True
    series, number = _split_number(target.stem)
    numbered = (target.with_name(f"{series}-{following}{target.suffix}") for following in count(number + 1))
    for candidate in chain([target], numbered):
        if _write_new(candidate, content):
            return candidate, True
        if candidate.is_file() and candidate.stat().st_size == len(content) and candidate.read_bytes() == content:
            return candidate, False
    raise AssertionError("numbers do not end")


def _write_new(path: Path, content: bytes) -> bool:
    """Write a whole file or nothing; False if it exists."""
    try:
        opened = path.open("xb")
    except FileExistsError:
        return False
    try:
        with opened:
            opened.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def import_files(
    context: Context,
    selection: ImportSelection,
    files: Annotated[list[str], argument("CSV, TSV or Excel files; - is standard input.", "FILE")],
    dry_run: DryRun = False,
    rejects: RejectsFile = None,
) -> None:
    """Import leads from CSV, TSV or Excel files.

    The file format and columns are detected automatically; preview the result with `peek`. Importing the same file
    again changes nothing. Rows that identify no lead go to a file of rejects with the reason, and the command exits
    with 3. Each file is one transaction.

    Examples:
      leadtriage import leads.csv
      leadtriage import export.xlsx --map title="Designation" --dry-run
      curl https://example.com/leads.csv | leadtriage import - --source website
    """
    if rejects is not None and len(files) > 1:
        raise UsageError("takes a single file", place="--rejects", hint="import the files one by one")
    from leadtriage.importing.parse import check_is_there

    options = selection.for_import(context.criteria, dry_run=dry_run)
    act = context.act()
    for file in files:
        if file != STANDARD_STREAM:
            check_is_there(Path(file), file)  # before any import, and before a database is created for it
            if rejects is not None and rejects.exists() and rejects.samefile(file):
                raise UsageError("would overwrite the imported file", place="--rejects", hint="choose another name")
    done: list[ImportSummary] = []
    try:
        with context.trial_database() if dry_run else context.database(create=True) as engine:
            for file in files:
                done.append(_import_file(context.printer, engine, file, options, act))
                print_result(context.printer, done[-1], f"{done[-1].file}: " if len(files) > 1 else "")
                path, _ = open_input(file)
                write_rejects(context, done[-1], path, rejects, dry_run=dry_run)
    finally:
        if done:
            keys = ("file", "batch", "rows", "created", "updated", "unchanged", "merged", "rejected")
            rows = [{key: getattr(each, key) for key in keys} | {"warnings": each.warning_count} for each in done]
            show_counts(context.printer, "Would be imported" if dry_run else "Imported", rows)
    if not dry_run and any(summary.created or summary.updated for summary in done):
        context.printer.note("next: run `leadtriage score`")
    exit_with(REJECTED if any(summary.rejected for summary in done) else 0)


def open_input(file: str) -> tuple[Path | None, Any]:
    """The path of an input file, or None and the stream of standard input."""
    return (None, sys.stdin.buffer) if file == STANDARD_STREAM else (Path(file), None)


def _import_file(printer: Printer, engine: Engine, file: str, options: ImportOptions, act: Act) -> ImportSummary:
    from leadtriage.importing import import_file
    from leadtriage.rendering import count_lines, show_progress

    path, stream = open_input(file)
    if printer.quiet or not sys.stderr.isatty():
        return import_file(engine, path, options, act, stream=stream)
    total = count_lines(path) if path else None
    with show_progress(f"reading {file}", total, os.environ) as progress:
        return import_file(engine, path, options, act, stream=stream, progress=progress)


def show_counts(printer: Printer, title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print the counts of imported files."""
    from leadtriage.core.tables import Column, Table

    columns = tuple(
        Column("file", "File", keep=90, kind="path")
        if key == "file"
        else Column(key, key.capitalize(), keep=80 if key == "batch" else 70, align="right")
        for key in rows[0]
    )
    printer.show(Table(title, columns, tuple(rows)))


def undo(
    context: Context,
    batch: Annotated[
        int | None, argument("The import's number; see `leadtriage imports`.", "[BATCH]", max=LARGEST_NUMBER)
    ] = None,
    rest: Annotated[bool, option("--rest", "When undoing an act: skip leads that were changed again since.")] = False,
) -> None:
    """Undo an import, or without a number your last act.

    Undoing an import hides the leads it created and restores what it changed; changes since, by people or later
    imports, stay. Undoing an act (a verdict, a contact, a closing, a merge) restores the leads as they were before. It
    fails if one was changed again since; --rest skips those. The history keeps both.

    Examples:
      leadtriage undo 3
      leadtriage undo
      leadtriage undo --by Maria
    """
    if batch is None:
        _undo_last_act(context, rest=rest)
        return
    if rest:
        raise UsageError("applies to acts only; undoing an import always keeps later changes", place="--rest")
    from leadtriage.importing import undo_batch
    from leadtriage.reports.query import read_score_snapshot

    with context.reading() as connection:
        timezone = read_score_snapshot(connection).settings.get("timezone")
    with context.database() as engine:
        summary = undo_batch(engine, batch, context.act_in(timezone))
    context.printer.show(summary.leads, more="these are the first of each")
    context.printer.note(
        f"import {batch} undone: {format_count(summary.removed, 'lead')} removed, {summary.restored:,} restored, "
        f"{summary.kept:,} kept because of later changes"
    )


def _undo_last_act(context: Context, *, rest: bool) -> None:
    from leadtriage.actions import undo_last_act
    from leadtriage.db import reading
    from leadtriage.reports.lists import list_act

    with context.acting() as (engine, criteria, act):
        undone = undo_last_act(engine, criteria, act, rest=rest)
        with reading(engine) as connection:
            table = list_act(connection, undone.act, undone.left)
    context.printer.show(table)
    first, leads = undone.events[0], {event["lead_id"] for event in undone.events}
    when = f"{format_day(first['at'].date())} at {first['at']:%H:%M}"
    skipped = f"; skipped, since changed again: {format_ids(undone.left)}" if undone.left else ""
    context.printer.note(f"undone: what {first['by']} did on {when}, {format_count(len(leads), 'lead')}{skipped}")


_ROWS_AT_ONCE = 2_000


def peek(context: Context, selection: ImportSelection, file: InputFile) -> None:
    """Preview how a file is read, without importing it.

    Shows the encoding, delimiter and header row, which column fills which field and why, the first rows, and values
    that cannot be read. With --format csv it prints the whole file as parsed, headers first and unchanged.

    Examples:
      leadtriage peek leads.csv
      leadtriage peek leads.csv --encoding cp1250 --delimiter ';'
      leadtriage peek odd.csv --format csv > clean.csv
    """
    path, _ = open_input(file)
    if context.printer.format is OutputFormat.CSV:
        _print_parsed(path, selection)
        return
    from leadtriage.importing import preview_file
    from leadtriage.importing.parse import open_source

    options = selection.for_import()
    source = open_source(path, sys.stdin.buffer, options.read)  # before the database: standard input may be slow
    # The database remembers earlier --map options.
    with context.reading() if context.has_database else nullcontext() as connection:
        card = preview_file(source, options, context.act_in(None), connection=connection)
    context.printer.show_card(card)


def _print_parsed(path: Path | None, selection: ImportSelection) -> None:
    from leadtriage.importing.parse import open_source, parsed_table
    from leadtriage.rendering import safe_lines, write_rows

    source = open_source(path, sys.stdin.buffer, selection.for_reading(), allow_empty=True)
    on_terminal = sys.stdout.isatty()
    rows = parsed_table(source)
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        text = write_rows(block)
        write_out(safe_lines(text) if on_terminal else text)
