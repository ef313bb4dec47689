"""From an open file to how its rows will be understood: its mapping, its extra columns, its earlier import.

Rejected rows that a person mended: which import rejected them, and what held there.

They are read as the file was that they come from, so that each becomes the lead that it would have become there. How
a file of rejects looks is `reading.rejects`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from leadtriage.core.context import Act
from leadtriage.core.errors import FileError
from leadtriage.core.text import comparable, unknown_system_name
from leadtriage.db import ExtraColumn, HeaderMapping, ImportBatch, ImportReject, ScoreRun, dialect, reserve_ids, table
from leadtriage.importing.mapping import (
    OWN_SYSTEM,
    ColumnPlan,
    HeaderPlan,
    find_own_extras,
    headers_digest,
    is_own_export,
    is_own_list,
    plan_columns,
    plan_own_columns,
)
from leadtriage.importing.merge import recall_understanding, write_understanding
from leadtriage.importing.normalize import DateOrder
from leadtriage.importing.parse import Source
from leadtriage.importing.stage import DATE_FIELDS, Understanding
from leadtriage.importing.summary import ImportOptions, ImportSummary, Reject

_MOST_COMPARED = 50
"""Imports of files with the same header, the latest ones, among which the one is looked for that rejected the rows."""
_LONGEST_LINE = 15


@dataclass(frozen=True, slots=True)
class Origin:
    """The import that rejected rows, and how it understood its file."""

    batch: int
    file: str
    system: str | None
    understanding: Understanding


def find_origin(connection: Connection, source: Source) -> Origin | None:
    """The import that rejected the most of a file's rows; of several the one whose name it has, else the latest.

    None where the file is none of rejects, or no import here had its header.
    """
    told = set(source.why_rejected())
    if not told:
        return None
    batch, reject = table(ImportBatch), table(ImportReject)
    digest = headers_digest(source.headers)
    rejecting = (
        select(batch.c.id, batch.c.file, batch.c.headers).where(batch.c.rejected > 0).order_by(batch.c.id.desc())
    )
    alike = [row for row in connection.execute(rejecting) if headers_digest(row.headers) == digest][:_MOST_COMPARED]
    if not alike:
        return None
    name = Path(source.name).name
    lines = [int(line) for line, _ in told if line.isdecimal() and len(line) <= _LONGEST_LINE]
    rejected = select(reject.c.batch_id, reject.c.line, reject.c.reason).where(
        reject.c.batch_id.in_([row.id for row in alike]), reject.c.line.in_(lines)
    )
    shared = Counter(row.batch_id for row in connection.execute(rejected) if (str(row.line), row.reason) in told)
    best = max(alike, key=lambda row: (shared[row.id], name.startswith(Path(row.file).name), row.id)).id
    found = connection.execute(
        select(batch.c.id, batch.c.file, batch.c.system, batch.c.headers, batch.c.mapping).where(batch.c.id == best)
    ).one()
    if "columns" not in found.mapping:
        return None  # imported before the books kept how a file was understood
    understanding = recall_understanding(found.headers, found.system, found.mapping)
    return Origin(found.id, found.file, found.system, understanding)


def complete_options(options: ImportOptions, origin: Origin) -> ImportOptions:
    """What was said now; where that is nothing, what held for the file that the rows come from."""
    then = origin.understanding
    return replace(
        options,
        region=options.region or then.region,
        currency=options.currency or then.currency,
        source=options.source or then.source,
        system=options.system or origin.system,
    )


def repeat_columns(plan: HeaderPlan, origin: Origin) -> HeaderPlan:
    """Let every column be what it was in the file that the rows come from, whatever these few rows look like."""
    then = origin.understanding
    known = {column.header: column for column in then.plan.columns}

    def repeat(column: ColumnPlan) -> ColumnPlan:
        was = known.get(column.header)
        if was is None:
            return column
        why = column.why if column.field == was.field else f"so it was in {origin.file}"
        return replace(was, index=column.index, why=why, date_order=then.date_orders.get(was.index))

    return replace(plan, columns=tuple(map(repeat, plan.columns)))


def tell_origin(source: Source, origin: Origin | None) -> tuple[str, ...]:
    """Tell people whose rejected rows were read, where a file holds any."""
    if not source.has_rejects:
        return ()
    if origin is None:
        return ("read as rejected rows whose import is not known here: --map, --system and the like are not known",)
    return (f"read as rejected rows of import {origin.batch} ({origin.file}), as that was told to understand them",)


_SAMPLES = 200
_KEPT_AS_COLUMNS = (None, "closed")
"""What becomes an extra column: what is no field of ours, and a date that only closed leads take as one."""


def recall_overrides(
    connection: Connection | None, source: Source, options: ImportOptions, origin: Origin | None = None
) -> dict[str, str]:
    """What `--map` says now, else what it said for the last file with the same headers."""
    if options.overrides or connection is None:
        return dict(options.overrides)
    mapping = table(HeaderMapping)
    known = connection.execute(
        select(mapping.c.mapping).where(mapping.c.headers_digest == headers_digest(source.headers))
    ).scalar()
    kept_open = {"outcome": "none"} if origin is not None and origin.understanding.keep_open else {}
    return {**(known or {}), **kept_open}


def remember_overrides(connection: Connection, source: Source, overrides: Mapping[str, str], act: Act) -> None:
    """Keep what `--map` said for the next file with the same headers."""
    if not overrides:
        return
    mapping = table(HeaderMapping)
    digest = headers_digest(source.headers)
    statement = dialect.upsert(connection.dialect, mapping).values(
        headers_digest=digest, mapping=dict(overrides), recorded_at=act.recorded_at
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["headers_digest"],
            set_={"mapping": statement.excluded.mapping, "recorded_at": statement.excluded.recorded_at},
        )
    )


def plan_file(source: Source, overrides: Mapping[str, str], origin: Origin | None = None) -> HeaderPlan:
    """Decide what becomes of each column, by its header and the first rows, or as in the file that these come from."""
    plan = _plan_by_itself(source, overrides)
    return plan if origin is None else repeat_columns(plan, origin)


def _plan_by_itself(source: Source, overrides: Mapping[str, str]) -> HeaderPlan:
    if is_own_export(source.headers):
        return plan_own_columns(source.headers, overrides)
    if is_own_list(source.headers):
        raise FileError(
            "this is a list of leadtriage's, by which no lead can be known again",
            place=source.name,
            hint="a file that can come back is made with: leadtriage export FILE",
        )
    samples: list[list[str]] = []
    for chunk in source.rows():
        samples = [cells for position, cells in enumerate(chunk.cells) if position not in chunk.problems]
        break
    return plan_columns(source.headers, samples[:_SAMPLES], overrides)


def understand_file(
    connection: Connection, source: Source, plan: HeaderPlan, options: ImportOptions, overrides: Mapping[str, str]
) -> Understanding:
    """Put together by what a file's rows are read; the numbers of new extra columns are not reserved yet."""
    own = plan.system == OWN_SYSTEM
    order = default_date_order(options.region)
    dates = {
        column.index: options.date_order or column.date_order or order
        for column in plan.columns
        if column.field in DATE_FIELDS
    }
    return Understanding(
        plan=plan,
        headers=source.headers,
        system=(plan.system if own else options.system or plan.system)
        or unknown_system_name(headers_digest(source.headers)),
        extras=tuple(_number_extras(connection, plan)),
        region=options.region,
        currency=options.currency or options.usual_currency,
        date_orders=dates,
        source=options.source or plan.default_source,
        keep_open=overrides.get("outcome", "").lower() == "none",
    )


def default_date_order(region: str | None) -> DateOrder:
    """Month first in the United States, day first elsewhere."""
    return DateOrder.MONTH_FIRST if region == "US" else DateOrder.DAY_FIRST


def _number_extras(connection: Connection, plan: HeaderPlan) -> list[tuple[ColumnPlan, int]]:
    """Find each column's number; it is called as it was when a file first had it, so that its history is one."""
    extra = table(ExtraColumn)
    stored = connection.execute(select(extra.c.id, extra.c.header, extra.c.header_comparable)).all()
    known = {row.header_comparable: (row.header, row.id) for row in stored}
    free = max((row.id for row in stored), default=0) + 1
    numbered = []
    taken: set[int] = set()
    own = plan.system == OWN_SYSTEM
    kept = [column for column in plan.columns if column.field in _KEPT_AS_COLUMNS]
    columns = find_own_extras(plan.columns) if own else kept
    for column in columns:
        header = column.header
        while known.get(comparable(header), ("", 0))[1] in taken:
            header = f"{header} (column {column.index + 1})"
        if comparable(header) not in known:
            known[comparable(header)] = header, free
            free += 1
        header, number = known[comparable(header)]
        taken.add(number)
        numbered.append((replace(column, header=header), number))
    return numbered


def store_extras(connection: Connection, understanding: Understanding) -> bool:
    """Store the new extra columns; False where another import took their numbers or names meanwhile."""
    extra = table(ExtraColumn)
    stored = {
        row.id: row.header_comparable for row in connection.execute(select(extra.c.id, extra.c.header_comparable))
    }
    for column, number in understanding.extras:
        name = comparable(column.header)
        if stored.get(number, name) != name or (number not in stored and name in stored.values()):
            return False
    new = [
        {"id": number, "header": column.header, "header_comparable": comparable(column.header)}
        for column, number in understanding.extras
        if number not in stored
    ]
    if new:
        connection.execute(insert(extra), new)
    return True


def find_earlier_import(
    connection: Connection, source: Source, options: ImportOptions, overrides: Mapping[str, str]
) -> ImportSummary | None:
    """Tell what the same file became when it was imported before in the same way; None where it was not."""
    batch, reject = table(ImportBatch), table(ImportReject)
    found = connection.execute(
        select(batch)
        .where(
            batch.c.sha256 == source.sha256,
            batch.c.options == options.digest(overrides),
            batch.c.undone_at.is_(None),
        )
        .order_by(batch.c.id.desc())
    ).first()
    if found is None:
        return None
    rejects = connection.execute(
        select(reject.c.line, reject.c.reason, reject.c.cells).where(reject.c.batch_id == found.id)
    )
    return ImportSummary(
        file=source.name,
        batch=found.id,
        rows=found.rows,
        created=0,
        updated=0,
        unchanged=found.created + found.updated + found.unchanged,
        merged=found.merged,
        rejected=found.rejected,
        notes=(f"this file is batch {found.id} of {found.at:%Y-%m-%d}: nothing to do",),
        headers=source.headers,
        rejects=tuple(Reject(row.line, row.reason, list(row.cells)) for row in rejects),
        repeated=True,
    )


def follow_last_score(connection: Connection, act: Act) -> Act:
    """Return the act, recorded no earlier than the last score: one may have run while a large file was read.

    What the import changes then counts as newer than those scores, which know nothing of it.
    """
    last = connection.execute(select(func.max(table(ScoreRun).c.recorded_at))).scalar()
    if last is None or last <= act.recorded_at:
        return act
    return replace(act, recorded_at=last + timedelta(microseconds=1))


def open_batch(connection: Connection, source: Source, understanding: Understanding, digest: str, act: Act) -> int:
    """Enter a new import into the books and return its number."""
    number = reserve_ids(connection, "batch")
    connection.execute(
        insert(table(ImportBatch)).values(
            id=number,
            at=act.at,
            recorded_at=act.recorded_at,
            by=act.by,
            file=source.name,
            sha256=source.sha256,
            options=digest,
            system=understanding.system,
            headers=list(source.headers),
            mapping=write_understanding(understanding),
        )
    )
    return number
