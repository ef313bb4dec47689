"""An import, read top-down: parse, stage, match, merge. All that it changes is one transaction.

Rows are parsed and staged in temporary tables without locking anybody out; only the rest takes the writer's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine, func, select, update

from leadtriage.core.context import Act
from leadtriage.core.text import format_count, format_ids
from leadtriage.core.vocabulary import RowOutcome
from leadtriage.db import ImportBatch, table, writing_on
from leadtriage.db.dialect import backend
from leadtriage.importing.match import describe_reused_ids, find_reused_ids, match_rows, reject_forgotten, store_keys
from leadtriage.importing.merge import (
    apply_changes,
    apply_statuses,
    create_leads,
    deduplicate_rows,
    find_changes,
    store_rows,
)
from leadtriage.importing.parse import open_source
from leadtriage.importing.plan import (
    build_settings,
    complete_options,
    date_after_last_score,
    describe_rejecting_import,
    find_rejecting_import,
    find_repeated_import,
    load_overrides,
    open_batch,
    plan_file,
    store_extras,
    store_overrides,
)
from leadtriage.importing.run import ImportOptions, ImportRun, ImportSummary, Reject
from leadtriage.importing.stage import (
    Tally,
    add_keys,
    add_rows,
    create_staging,
    define_staging,
    describe_date_orders,
    read_staged,
    resolve_date_orders,
)

Progress = Callable[[int], None]


class _DryRun(Exception):
    """Rolls the transaction back."""


class _NumbersTaken(Exception):
    """Another import took the numbers of the file's extra columns meanwhile."""


def import_file(
    engine: Engine,
    path: Path | None,
    options: ImportOptions,
    act: Act,
    *,
    stream: BinaryIO | None = None,
    name: str | None = None,
    progress: Progress = lambda _: None,
) -> ImportSummary:
    """Import a file, or standard input if there is no path.

    Args:
        name: the file name of the stream in the list of imports.
        progress: called after every chunk with the number of rows read.

    Raises:
        FileError: the file cannot be read.
        UsageError: an option names an unknown field or header.
    """
    source = open_source(path, stream, options.read)
    source.name = name or source.name
    with engine.connect() as connection:
        connection.detach()  # closed at the end instead of pooled, which drops the temporary tables at no cost
        with connection.begin():
            backend(connection).widen_cache(connection)
            backend(connection).narrow_cache(connection)
        with connection.begin():
            rejecting = find_rejecting_import(connection, source)
            options = complete_options(options, rejecting)
            overrides = load_overrides(connection, source, options, rejecting)
            repeated = find_repeated_import(connection, source, options, overrides)
        if repeated is not None:
            return repeated
        plan = plan_file(source, overrides, None if options.overrides else rejecting)
        while True:
            with connection.begin():
                settings = build_settings(connection, source, plan, options, overrides)
            staging = define_staging(settings.attributes, connection.dialect.name)
            run = ImportRun(connection, source, options, overrides, settings, staging, act)
            tally = _stage_rows(run, progress)
            orders = resolve_date_orders(settings, tally, options.date_order)
            if orders != settings.date_orders:
                run = replace(run, settings=replace(settings, date_orders=orders))
                tally = _stage_rows(run, progress)
            try:
                summary = _merge_rows(run, tally)
            except _NumbersTaken:
                continue
            return replace(summary, notes=(*describe_rejecting_import(source, rejecting), *summary.notes))


def _stage_rows(run: ImportRun, progress: Progress) -> Tally:
    """Parse the rows of the file into the staging tables."""
    connection, staging = run.connection, run.staging
    with connection.begin():  # of its own, as looking up the tables would block others while rows are parsed
        create_staging(connection, staging)
    with connection.begin():
        for part in read_staged(run.source, run.settings, run.act, staging.row_columns):
            if isinstance(part, Tally):
                return part
            add_rows(connection, staging, part.columns)
            add_keys(connection, staging, part.keys)
            progress(part.rows)
    raise AssertionError("the rows of a file end with their tally")


def _merge_rows(run: ImportRun, tally: Tally) -> ImportSummary:
    """Match and merge the staged rows in one transaction, which a dry run rolls back."""
    try:
        with writing_on(run.connection):
            if not store_extras(run.connection, run.settings):
                raise _NumbersTaken
            run = replace(run, act=date_after_last_score(run.connection, run.act))
            run = replace(run, batch=open_batch(run))
            reject_forgotten(run)
            match_rows(run)
            deduplicate_rows(run)
            find_changes(run)
            reused = find_reused_ids(run)
            create_leads(run)
            apply_changes(run)
            still_closed = apply_statuses(run)
            store_keys(run)
            store_rows(run)
            summary = _close_batch(run, tally, tuple(_describe_problems(run, tally, reused, still_closed)))
            store_overrides(run.connection, run.source, run.options.overrides, run.act)
            if run.options.dry_run:
                raise _DryRun
    except _DryRun:
        return replace(summary, batch=None)
    return summary


def _describe_problems(
    run: ImportRun, tally: Tally, reused: tuple[int, ...], still_closed: tuple[int, ...]
) -> Iterator[str]:
    """Yield the warnings about the file as a whole; those about its rows are in the tally."""
    yield from tally.file_warnings
    yield from run.settings.plan.warnings
    if tally.unmarked_money:
        read = f"no currency, read as {run.settings.currency} (if not: --currency, or write 20k EUR)"
        yield f"{format_count(tally.unmarked_money, 'sum')}: {read}"
    yield from describe_date_orders(run.settings, tally, run.options.date_order, run.undo_first)
    yield from describe_reused_ids(run, reused)
    if still_closed:
        leads = (
            f"{format_count(len(still_closed), 'lead')}: closed here but open in the file, {format_ids(still_closed)}"
        )
        yield f"{leads} (to see why: leadtriage show {still_closed[0]})"


def _close_batch(run: ImportRun, tally: Tally, warnings: tuple[str, ...]) -> ImportSummary:
    """Store the counts of the batch; `warnings` are those about the file as a whole."""
    connection, result, row, batch = run.connection, run.staging.result, run.staging.row, table(ImportBatch)
    outcomes = connection.execute(select(result.c.outcome, func.count().label("leads")).group_by(result.c.outcome))
    leads: dict[str, int] = {line.outcome: line.leads for line in outcomes}
    rejects = connection.execute(
        select(row.c.line, row.c.problem, row.c.cells).where(row.c.problem.is_not(None)).order_by(row.c.row_id)
    ).all()
    counts = {outcome.value: leads.get(outcome, 0) for outcome in RowOutcome}
    counts |= {"rows": tally.rows, "rejected": len(rejects)}
    warning_count = len(warnings) + tally.warnings.counts.total()
    connection.execute(update(batch).where(batch.c.id == run.batch).values(**counts, warnings=warning_count))
    return ImportSummary(
        file=run.source.name,
        batch=run.batch,
        **counts,
        warning_count=warning_count,
        warnings=(*warnings, *tally.warnings.sentences()),
        notes=tuple(_describe_closed(run, tally)),
        headers=run.source.headers,
        repeated=False,
        rejects=tuple(Reject(line, problem, list(cells)) for line, problem, cells in rejects),
    )


def _describe_closed(run: ImportRun, tally: Tally) -> Iterator[str]:
    """Count the rows imported as closed, and name the remedy; leads that are closed by now need an undo first."""
    if tally.closed:
        parts = [f"{count:,} {outcome} by {header}" for (header, outcome), count in sorted(tally.closed.items())]
        remedy = "--map outcome=none keeps them open"
        if run.undo_first is not None:
            remedy = f"to keep them open: leadtriage undo {run.undo_first}, then import with --map outcome=none"
        yield f"{format_count(tally.closed.total(), 'row')} imported as closed: {', '.join(parts)} ({remedy})"
