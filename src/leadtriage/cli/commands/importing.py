"""The commands that bring leads in and take them back: import, undo.

The command that looks at a file before it is imported: peek.

The command that adds one lead by hand: add.

Where the rejected rows of an import go: a file that people mend and import again. What it looks like is not ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from leadtriage.cli.framework.command import add_command, end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import READING, UNDERSTANDING, ImportChoice, read_region
from leadtriage.cli.framework.terminal import write_out
from leadtriage.core.context import OutputFormat
from leadtriage.core.errors import UsageError
from leadtriage.core.text import format_count, format_day, format_ids

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from leadtriage.core.context import Act
    from leadtriage.importing import ImportOptions, ImportSummary, Reject


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
    add_command(
        app,
        "peek",
        selects=(*UNDERSTANDING, *READING),
        examples=(
            "leadtriage peek leads.csv",
            "leadtriage peek leads.csv --encoding cp1250 --delimiter ';'",
            "leadtriage peek odd.csv --format csv > clean.csv",
        ),
    )(peek)
    add_command(
        app,
        "add",
        examples=(
            'leadtriage add --name "Ann Lee" --email ann@acme.example --title CEO',
            'leadtriage add --company Acme --phone "030 1234567" --region DE',
            "leadtriage add --company 'Bergmann Logistik' --set budget=20k",
        ),
    )(add)


def add(
    invocation: Invocation,
    name: Annotated[str | None, typer.Option("--name", help="The person's full name.", metavar="TEXT")] = None,
    email: Annotated[str | None, typer.Option("--email", help="The e-mail address.", metavar="TEXT")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="The phone number.", metavar="TEXT")] = None,
    company: Annotated[str | None, typer.Option("--company", help="The company.", metavar="TEXT")] = None,
    title: Annotated[str | None, typer.Option("--title", help="The job title.", metavar="TEXT")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Where it came from.", metavar="TEXT")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="The rep who has it.", metavar="TEXT")] = None,
    need: Annotated[str | None, typer.Option("--need", help="What the lead says it wants.", metavar="TEXT")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other field: budget=20k; may be repeated.", metavar="FIELD=VALUE"),
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Country of a phone number without a country code: DE.", metavar="XX")
    ] = None,
) -> None:
    """Add one lead by hand.

    It is read like a row of a file: what identifies a lead that is there already completes that one. It can be taken
    back with undo.
    """
    named = {
        "name": name,
        "email": email,
        "phone": phone,
        "company": company,
        "title": title,
        "source": source,
        "owner": owner,
        "need": need,
    }
    values = {field: value for field, value in named.items() if value}
    values |= dict(_split(pair) for pair in more or [])
    if not values:
        raise UsageError("there is nothing to add", hint="give at least --name, --company, --email or --phone")
    from leadtriage.actions import add_lead
    from leadtriage.core.tables import Cell, Column, Table
    from leadtriage.importing import ImportOptions

    criteria = invocation.criteria()
    options = ImportOptions(
        region=read_region(region), currency=criteria.currency, nurture_days=criteria.follow_up.nurture
    )
    with invocation.database(create=True) as engine:
        try:
            added = add_lead(engine, values, options, invocation.act(criteria.timezone))
        except UsageError as error:
            raise UsageError(error.message, place="--set", hint=error.hint) from error
    invocation.warn_all(added.warnings)
    columns = (
        Column("id", "Id", keep=90, align="right"),
        Column("outcome", "Outcome", keep=80),
        Column("batch", "Batch", keep=70, align="right"),
    )
    row: dict[str, Cell] = {"id": added.id, "outcome": added.outcome, "batch": added.batch}
    invocation.show(Table("Added", columns, (row,)))
    invocation.note(f"next: leadtriage score; to take it back: leadtriage undo {added.batch}")


def _split(pair: str) -> tuple[str, str]:
    field, equals, value = pair.partition("=")
    if not equals or not field.strip() or not value.strip():
        raise UsageError(f'"{pair}" is not FIELD=VALUE', place="--set", hint="write --set budget=20k")
    return field.strip(), value


_ENDING = ".rejects"


class Rejecting(Protocol):
    """What an import says of the rows that it rejected; see `ImportSummary`."""

    @property
    def rejects(self) -> Sequence[Reject]:
        """Each with its line, its reason and its cells."""

    @property
    def headers(self) -> Sequence[str]:
        """Of the file."""

    @property
    def repeated(self) -> bool:
        """Whether the same file was imported before."""


def write_rejects(
    invocation: Invocation, summary: Rejecting, file: Path | None, chosen: Path | None, *, dry_run: bool
) -> None:
    """Write the rejected rows with their reasons, so that they can be mended and imported again.

    No file is ever replaced, since a person may have mended what is in it: the next free number is taken. Where the
    folder cannot be written to, the working folder is taken, then the database's.

    Args:
        file: the one that was imported; None for standard input.
        chosen: where the person wants the rejected rows; None for a file beside the imported one.
    """
    if not summary.rejects or (dry_run and chosen is None):
        return
    from leadtriage.importing.parse import write_rejected
    from leadtriage.rendering import write_rows

    rejects = ((reject.line, reject.reason, reject.cells) for reject in summary.rejects)
    content = write_rows(write_rejected(summary.headers, rejects)).encode("utf-8", errors="replace")
    wanted = chosen or _name_rejects(file)
    refused: str | None = None
    for folder in _folders(invocation, wanted):
        target = folder / wanted.name
        try:
            written, is_new = _write_beside(target, content, repeated=summary.repeated)
        except OSError as error:
            refused = refused or f"{target} cannot be written: {error.strerror or error}"
            continue
        if refused:
            invocation.warn(f"{refused}; the rejected rows are in {written}")
        elif is_new and written.name != wanted.name:
            invocation.note(f"rejected rows: {written}, since {wanted} is there already")
        else:
            invocation.note(f"rejected rows: {written}" + ("" if is_new else ", as it was left"))
        return
    invocation.warn(f"{refused}; import the same file with --rejects FILE to have the rejected rows")


def _name_rejects(file: Path | None) -> Path:
    """The file beside an imported one; what is still wrong in a file of rejects goes to the next one of its series."""
    path = file or Path("standard-input")
    series, number = _take_number_off(path.stem)
    if path.suffix == ".csv" and series.endswith(_ENDING):
        return path.with_name(f"{series}-{number + 1}.csv")
    return path.with_name(f"{path.name}{_ENDING}.csv")


def _take_number_off(stem: str) -> tuple[str, int]:
    """A file's place in a series: `leads.csv.rejects-2` is the second one of `leads.csv.rejects`."""
    series, _, number = stem.rpartition("-")
    return (series, int(number)) if series.endswith(_ENDING) and number.isdecimal() else (stem, 1)


def _folders(invocation: Invocation, wanted: Path) -> Iterator[Path]:
    yield wanted.parent
    yield Path()
    if "://" not in invocation.settings.database:
        yield Path(invocation.settings.database).expanduser().parent


def _write_beside(target: Path, content: bytes, *, repeated: bool) -> tuple[Path, bool]:
    """Write a new file, numbered where need be; return its path, and whether it is new or was there with these rows.

    Args:
        repeated: these rows were written before; they may have been mended since.

    Raises:
        OSError: it cannot be written.
    """
    if repeated and target.is_file():
        return target, False
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_bytes(content)  # a pipe or a device, which holds nothing that could be lost
        return target, True
    series, number = _take_number_off(target.stem)
    numbered = (target.with_name(f"{series}-{following}{target.suffix}") for following in count(number + 1))
    for candidate in chain([target], numbered):
        if _write_new(candidate, content):
            return candidate, True
        if candidate.is_file() and candidate.stat().st_size == len(content) and candidate.read_bytes() == content:
            return candidate, False
    raise AssertionError("numbers do not end")


def _write_new(path: Path, content: bytes) -> bool:
    """Write the whole file or nothing; False where there is one.

    Raises:
        OSError: it cannot be written.
    """
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


REJECTED = 3
STANDARD_INPUT = "-"
_MOST_TOLD = 5
"""Rejected rows of a file that are told at once; all are in the file of rejects."""


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
    from leadtriage.importing.parse import check_is_there

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
    from leadtriage.importing import import_file
    from leadtriage.rendering import count_lines, show_progress

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
    from leadtriage.core.tables import Column, Table

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
    from leadtriage.importing import undo_batch
    from leadtriage.reports.query import read_score_snapshot

    with invocation.reading() as connection:
        timezone = read_score_snapshot(connection).settings.get("timezone")
    with invocation.database() as engine:
        summary = undo_batch(engine, batch, invocation.act(timezone))
    invocation.show(summary.leads, more="the first of those removed, restored and kept")
    invocation.note(
        f"import {batch} is undone: {format_count(summary.removed, 'lead')} removed, {summary.restored:,} restored, "
        f"{summary.kept:,} kept since they were changed meanwhile"
    )


def _undo_last_act(invocation: Invocation, *, rest: bool) -> None:
    from leadtriage.actions import undo_last_act
    from leadtriage.db import reading
    from leadtriage.reports.lists import list_act

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    with invocation.database() as engine:
        taken = undo_last_act(engine, criteria, act, rest=rest)
        with reading(engine) as connection:
            table = list_act(connection, taken.act, taken.left)
    invocation.show(table)
    first, leads = taken.events[0], {event["lead_id"] for event in taken.events}
    when = f"{format_day(first['at'].date())} at {first['at']:%H:%M}"
    left = f"; left as they are, since they were changed again: {format_ids(taken.left)}" if taken.left else ""
    invocation.note(f"what {first['by']} did on {when} is taken back: {format_count(len(leads), 'lead')}{left}")


_ROWS_AT_ONCE = 2_000


def peek(
    invocation: Invocation,
    selection: ImportChoice,
    file: Annotated[str, typer.Argument(help="A CSV, TSV or Excel file; - is standard input.", metavar="FILE")],
) -> None:
    """Show how a file is read, without importing it.

    Encoding, delimiter and header row, which column fills which field and why, the first rows, and values that
    cannot be read. With --format csv the whole file is printed as it was parsed, headers first, nothing renamed.
    """
    path = None if file == STANDARD_INPUT else Path(file)
    if invocation.settings.format is OutputFormat.CSV:
        _print_parsed(path, selection)
        return
    from leadtriage.importing import peek_source
    from leadtriage.importing.parse import open_source

    options = selection.options()
    source = open_source(path, sys.stdin.buffer, options.read)  # before the database: standard input may take its time
    with _remembered(invocation) as connection:
        card = peek_source(source, options, invocation.act(None), connection=connection)
    invocation.show_card(card)


@contextmanager
def _remembered(invocation: Invocation) -> Iterator[Connection | None]:
    """The database that may remember what --map said; none where there is no file of it yet."""
    if not invocation.has_database:
        yield None
        return
    with invocation.reading() as connection:
        yield connection


def _print_parsed(path: Path | None, selection: ImportChoice) -> None:
    from leadtriage.importing.parse import open_source, parsed_table
    from leadtriage.rendering import safe_lines, write_rows

    source = open_source(path, sys.stdin.buffer, selection.reading(), allow_empty=True)
    on_terminal = sys.stdout.isatty()
    rows = parsed_table(source)
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        text = write_rows(block)
        write_out(safe_lines(text) if on_terminal else text)
