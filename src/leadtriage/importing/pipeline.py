"""An import, read top-down: read, understand, stage, match, merge. Everything it changes is one transaction.

Rows are read and staged in temporary tables without holding anybody up; only what follows takes the writer's place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, func, select, update

from leadtriage.core.context import Act
from leadtriage.core.text import format_ids
from leadtriage.core.vocabulary import RowOutcome
from leadtriage.db import ImportBatch, table, writing_on
from leadtriage.db.dialect import backend
from leadtriage.importing.match import find_reused_ids, match_rows, reject_forgotten, store_keys, tell_reused_ids
from leadtriage.importing.merge import apply_changes, create_leads, find_changes, fold_rows, follow_status, keep_rows
from leadtriage.importing.parse import Source, open_source
from leadtriage.importing.plan import (
    complete_options,
    find_earlier_import,
    find_origin,
    follow_last_score,
    open_batch,
    plan_file,
    recall_overrides,
    remember_overrides,
    store_extras,
    tell_origin,
    understand_file,
)
from leadtriage.importing.stage import (
    Reading,
    Staging,
    Tally,
    Understanding,
    add_keys,
    add_rows,
    attributes_of,
    create_staging,
    read_staged,
    settle_date_orders,
    tell_date_orders,
)
from leadtriage.importing.summary import ImportOptions, ImportSummary, Reject

Progress = Callable[[int], None]


class _DryRun(Exception):
    """Leaves the transaction so that nothing of it stays."""


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
    """Import a file, or standard input where there is no path.

    Args:
        name: what the stream is called in the books, where that is not standard input.
        progress: told after every chunk how many rows are read.

    Raises:
        FileError: the file cannot be read.
        UsageError: an option names a field or a header that is not there.
    """
    source = open_source(path, stream, options.read)
    source.name = name or source.name
    with engine.connect() as connection:
        connection.detach()  # closed at the end instead of kept, which drops the temporary tables at no cost
        with connection.begin():
            backend(connection).widen_cache(connection)
            backend(connection).narrow_cache(connection)
        with connection.begin():
            origin = find_origin(connection, source)
            if origin is not None:
                options = complete_options(options, origin)
            overrides = recall_overrides(connection, source, options, origin)
            earlier = find_earlier_import(connection, source, options, overrides)
        if earlier is not None:
            return earlier
        plan = plan_file(source, overrides, None if options.overrides else origin)
        while True:
            with connection.begin():
                understanding = understand_file(connection, source, plan, options, overrides)
            staging, reading, understanding = _stage_file(connection, source, understanding, options, act, progress)
            try:
                summary = _merge_file(connection, source, staging, reading, understanding, options, overrides, act)
            except _NumbersTaken:
                continue
            return replace(summary, notes=(*tell_origin(source, origin), *summary.notes))


def _stage_file(
    connection: Connection,
    source: Source,
    understanding: Understanding,
    options: ImportOptions,
    act: Act,
    progress: Progress,
) -> tuple[Staging, Reading, Understanding]:
    """Stage a file's rows; read it anew where its dates turn out to be written in another order than was assumed.

    The understanding that is returned is the one by which they were read.
    """
    while True:
        staging, reading = _stage_rows(connection, source, understanding, act, progress)
        orders = settle_date_orders(understanding, reading.tally, options.date_order)
        if orders == understanding.date_orders:
            return staging, reading, understanding
        understanding = replace(understanding, date_orders=orders)


def _stage_rows(
    connection: Connection, source: Source, understanding: Understanding, act: Act, progress: Progress
) -> tuple[Staging, Reading]:
    with connection.begin():
        staging = create_staging(connection, attributes_of(understanding.plan, understanding.source))
    # By itself, as the look at what tables there are would hold others up until all rows are read.
    with connection.begin():
        for part in read_staged(source, understanding, act, staging.row_columns):
            if isinstance(part, Reading):
                return staging, part
            add_rows(connection, staging, part.columns)
            add_keys(connection, staging, part.keys)
            progress(part.rows)
    raise AssertionError("the reading of a file ends with what was noticed")


def _merge_file(
    connection: Connection,
    source: Source,
    staging: Staging,
    reading: Reading,
    understanding: Understanding,
    options: ImportOptions,
    overrides: Mapping[str, str],
    act: Act,
) -> ImportSummary:
    summary: ImportSummary | None = None
    try:
        with writing_on(connection):
            if not store_extras(connection, understanding):
                raise _NumbersTaken
            act = follow_last_score(connection, act)
            digest = options.digest(overrides)
            batch = open_batch(connection, source, understanding, digest, act)
            still_closed, reused = _merge(connection, staging, understanding, batch, act, options)
            undone_first = None if options.dry_run else batch
            said = (
                *_money_warning(understanding, reading.tally),
                *tell_date_orders(understanding, reading.tally, options.date_order, undone_first),
                *tell_reused_ids(reused, understanding, undone_first),
                *_closed_warning(still_closed),
            )
            summary = _close_batch(connection, source, staging, reading, (*understanding.plan.warnings, *said), batch)
            remember_overrides(connection, source, options.overrides, act)
            if options.dry_run:
                raise _DryRun
    except _DryRun:
        assert summary is not None
        return replace(summary, batch=None, notes=_tell_closed(reading.tally, None))
    assert summary is not None
    return summary


def _merge(
    connection: Connection, staging: Staging, understanding: Understanding, batch: int, act: Act, options: ImportOptions
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Merge what is staged.

    Returns:
        The ids of leads that stay closed and that the file says are open, and of those to which only a reused id led.
    """
    extras = {f"c{number}": column.header for column, number in understanding.extras}
    reject_forgotten(connection, staging)
    match_rows(connection, staging)
    fold_rows(connection, staging, extras, act.as_of)
    find_changes(connection, staging, extras)
    reused = find_reused_ids(connection, staging, understanding)
    create_leads(connection, staging, batch, act, options.nurture_days)
    apply_changes(connection, staging, batch, act, extras)
    still_closed = follow_status(
        connection, staging, batch, act, system=understanding.system, nurture_days=options.nurture_days
    )
    store_keys(connection, staging, batch)
    keep_rows(connection, staging, batch)
    return still_closed, reused


def _close_batch(
    connection: Connection,
    source: Source,
    staging: Staging,
    reading: Reading,
    also_said: tuple[str, ...],
    batch: int,
) -> ImportSummary:
    """Write the counts into the books; `also_said` are warnings besides those of the reading."""
    place, row = staging.place, staging.row
    counted = select(place.c.outcome, func.count().label("leads")).group_by(place.c.outcome)
    counts: dict[str, int] = {line.outcome: line.leads for line in connection.execute(counted)}
    rejects = connection.execute(
        select(row.c.line, row.c.problem, row.c.cells).where(row.c.problem.is_not(None)).order_by(row.c.row_id)
    ).all()
    tally = reading.tally
    said = (*reading.warnings, *also_said)
    summary = ImportSummary(
        file=source.name,
        batch=batch,
        rows=tally.rows,
        created=counts.get(RowOutcome.CREATED, 0),
        updated=counts.get(RowOutcome.UPDATED, 0),
        unchanged=counts.get(RowOutcome.UNCHANGED, 0),
        merged=counts.get(RowOutcome.MERGED, 0),
        rejected=len(rejects),
        warning_count=len(said) + tally.warnings.counts.total(),
        warnings=(*said, *tally.warnings.sentences()),
        notes=_tell_closed(tally, batch),
        headers=source.headers,
        rejects=tuple(Reject(line, problem, list(cells)) for line, problem, cells in rejects),
    )
    connection.execute(
        update(table(ImportBatch))
        .where(table(ImportBatch).c.id == batch)
        .values(
            rows=summary.rows,
            created=summary.created,
            updated=summary.updated,
            unchanged=summary.unchanged,
            merged=summary.merged,
            rejected=summary.rejected,
            warnings=summary.warning_count,
        )
    )
    return summary


def _money_warning(understanding: Understanding, tally: Tally) -> tuple[str, ...]:
    if not tally.unmarked_money:
        return ()
    count, currency = tally.unmarked_money, understanding.currency
    said = "1 sum names no currency and is" if count == 1 else f"{count:,} sums name no currency and are"
    return (f"{said} taken as {currency} (if not: --currency, or write 20k EUR)",)


def _closed_warning(still_closed: Sequence[int]) -> tuple[str, ...]:
    if not still_closed:
        return ()
    leads = "1 lead is" if len(still_closed) == 1 else f"{len(still_closed):,} leads are"
    look = f"leadtriage show {still_closed[0]}"
    return (f"{leads} closed here but open in the file: {format_ids(still_closed)}; to see why: {look}",)


def _tell_closed(tally: Tally, batch: int | None) -> tuple[str, ...]:
    """How many rows came in closed, and what keeps them open; leads that are closed by now need the undoing first."""
    if not tally.closed:
        return ()
    parts = [f"{count:,} {outcome} by {header}" for (header, outcome), count in sorted(tally.closed.items())]
    total = tally.closed.total()
    rows = "1 row" if total == 1 else f"{total:,} rows"
    remedy = "--map outcome=none keeps them open"
    if batch is not None:
        remedy = f"to keep them open: leadtriage undo {batch}, then import with --map outcome=none"
    return (f"{rows} came in closed: {', '.join(parts)} ({remedy})",)
