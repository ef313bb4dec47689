"""Rejected rows that a person mended: which import rejected them, and what held there.

They are read as the file was that they come from, so that each becomes the lead that it would have become there. How
a file of rejects looks is `reading.rejects`'s.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, select

from leadtriage.db.schema import ImportBatch, ImportReject, table
from leadtriage.importing.headers import headers_digest
from leadtriage.importing.mapping import ColumnPlan, HeaderPlan
from leadtriage.importing.recollection import recall_understanding
from leadtriage.importing.source import Source
from leadtriage.importing.summary import ImportOptions
from leadtriage.importing.understand import Understanding

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
