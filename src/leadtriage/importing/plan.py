"""How a file is parsed: its columns, overrides, extra columns and settings, and whether it was imported before.

Corrected rejects are parsed as the file that they come from, so that each becomes the lead that it would have become.
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
from leadtriage.importing.normalize import DateOrder
from leadtriage.importing.parse import Source
from leadtriage.importing.run import ImportOptions, ImportRun, ImportSummary, Reject
from leadtriage.importing.stage import DATE_FIELDS, ParseSettings

_MOST_COMPARED = 50
"""Only the latest imports with the same headers are searched for the one that rejected the rows."""
_LONGEST_LINE = 15
_SAMPLES = 200
_EXTRA_FIELDS = (None, "closed")
"""Fields whose columns are also kept as extra columns. Only closed leads use a closing date."""


@dataclass(frozen=True, slots=True)
class RejectingImport:
    """The import that rejected the rows of a file, and how it parsed them."""

    batch: int
    file: str
    system: str | None
    settings: ParseSettings


def find_rejecting_import(connection: Connection, source: Source) -> RejectingImport | None:
    """Find the import that rejected most rows of a file; of several the one with its name, else the latest.

    None if the file holds no rejects, or no import had its headers.
    """
    reasons = set(source.why_rejected())
    if not reasons:
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
    lines = [int(line) for line, _ in reasons if line.isdecimal() and len(line) <= _LONGEST_LINE]
    rejected = select(reject.c.batch_id, reject.c.line, reject.c.reason).where(
        reject.c.batch_id.in_([row.id for row in alike]), reject.c.line.in_(lines)
    )
    shared = Counter(row.batch_id for row in connection.execute(rejected) if (str(row.line), row.reason) in reasons)
    best = max(alike, key=lambda row: (shared[row.id], name.startswith(Path(row.file).name), row.id)).id
    found = connection.execute(select(batch).where(batch.c.id == best)).one()
    if "columns" not in found.mapping:
        return None  # imported before the settings were stored
    settings = ParseSettings.load(found.headers, found.system, found.mapping)
    return RejectingImport(found.id, found.file, found.system, settings)


def describe_rejecting_import(source: Source, rejecting: RejectingImport | None) -> tuple[str, ...]:
    """Note which import's settings apply, if the file holds rejects."""
    if not source.has_rejects:
        return ()
    if rejecting is None:
        return ("read as rejects of an unknown import: options such as --map and --system must be given again",)
    return (f"read as rejects of import {rejecting.batch} ({rejecting.file}), with its options",)


def complete_options(options: ImportOptions, rejecting: RejectingImport | None) -> ImportOptions:
    """Take what the options leave open from the import that rejected the rows."""
    if rejecting is None:
        return options
    settings = rejecting.settings
    return replace(
        options,
        region=options.region or settings.region,
        currency=options.currency or settings.currency,
        source=options.source or settings.source,
        system=options.system or rejecting.system,
    )


def load_overrides(
    connection: Connection | None,
    source: Source,
    options: ImportOptions,
    rejecting: RejectingImport | None = None,
) -> dict[str, str]:
    """Return the `--map` of the options, else that of the last file with the same headers."""
    if options.overrides or connection is None:
        return dict(options.overrides)
    mapping = table(HeaderMapping)
    known = connection.execute(
        select(mapping.c.mapping).where(mapping.c.headers_digest == headers_digest(source.headers))
    ).scalar()
    keep_open = {"outcome": "none"} if rejecting is not None and rejecting.settings.keep_open else {}
    return {**(known or {}), **keep_open}


def store_overrides(connection: Connection, source: Source, overrides: Mapping[str, str], act: Act) -> None:
    """Store the `--map` of the options for the next file with the same headers."""
    if not overrides:
        return
    mapping = table(HeaderMapping)
    statement = dialect.upsert(connection.dialect, mapping).values(
        headers_digest=headers_digest(source.headers), mapping=dict(overrides), recorded_at=act.recorded_at
    )
    updated = {name: statement.excluded[name] for name in ("mapping", "recorded_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=["headers_digest"], set_=updated))


def plan_file(source: Source, overrides: Mapping[str, str], rejecting: RejectingImport | None = None) -> HeaderPlan:
    """Map each column by its header and the first rows, or as the import did that rejected the rows."""
    if is_own_export(source.headers):
        plan = plan_own_columns(source.headers, overrides)
    elif is_own_list(source.headers):
        raise FileError(
            "a list of leadtriage's has no ids to recognise leads by",
            place=source.name,
            hint="to edit leads in a file, run: leadtriage export FILE",
        )
    else:
        samples: list[list[str]] = []
        for chunk in source.rows():
            samples = [cells for position, cells in enumerate(chunk.cells) if position not in chunk.problems]
            break
        plan = plan_columns(source.headers, samples[:_SAMPLES], overrides)
    return plan if rejecting is None else _repeat_columns(plan, rejecting)


def _repeat_columns(plan: HeaderPlan, rejecting: RejectingImport) -> HeaderPlan:
    """Map each column as the import did that rejected the rows, whatever these few rows look like."""
    settings = rejecting.settings
    known = {column.header: column for column in settings.plan.columns}

    def repeat(column: ColumnPlan) -> ColumnPlan:
        earlier = known.get(column.header)
        if earlier is None:
            return column
        why = column.why if column.field == earlier.field else f"as in {rejecting.file}"
        return replace(earlier, index=column.index, why=why, date_order=settings.date_orders.get(earlier.index))

    return replace(plan, columns=tuple(map(repeat, plan.columns)))


def build_settings(
    connection: Connection | None,
    source: Source,
    plan: HeaderPlan,
    options: ImportOptions,
    overrides: Mapping[str, str],
) -> ParseSettings:
    """Build the settings of a file; new extra columns get numbers that are not reserved yet.

    Without a database, the extra columns are left out.
    """
    usual_order = DateOrder.MONTH_FIRST if options.region == "US" else DateOrder.DAY_FIRST
    system = plan.system if plan.system == OWN_SYSTEM else options.system or plan.system
    return ParseSettings(
        plan=plan,
        headers=source.headers,
        system=system or unknown_system_name(headers_digest(source.headers)),
        extras=() if connection is None else tuple(_number_extras(connection, plan)),
        region=options.region,
        currency=options.currency or options.usual_currency,
        date_orders={
            column.index: options.date_order or column.date_order or usual_order
            for column in plan.columns
            if column.field in DATE_FIELDS
        },
        source=options.source or plan.default_source,
        keep_open=overrides.get("outcome", "").lower() == "none",
    )


def _number_extras(connection: Connection, plan: HeaderPlan) -> list[tuple[ColumnPlan, int]]:
    """Number the extra columns. A column keeps the header of the first file that had it, so its history is one."""
    extra = table(ExtraColumn)
    stored = connection.execute(select(extra.c.id, extra.c.header, extra.c.header_comparable)).all()
    known = {row.header_comparable: (row.header, row.id) for row in stored}
    next_number = max((row.id for row in stored), default=0) + 1
    columns = [column for column in plan.columns if column.field in _EXTRA_FIELDS]
    if plan.system == OWN_SYSTEM:
        columns = list(find_own_extras(plan.columns))
    numbered = []
    taken: set[int] = set()
    for column in columns:
        header = column.header
        while known.get(comparable(header), ("", 0))[1] in taken:
            header = f"{header} (column {column.index + 1})"
        if comparable(header) not in known:
            known[comparable(header)] = header, next_number
            next_number += 1
        header, number = known[comparable(header)]
        taken.add(number)
        numbered.append((replace(column, header=header), number))
    return numbered


def store_extras(connection: Connection, settings: ParseSettings) -> bool:
    """Store the new extra columns; return False if another import took their numbers or names meanwhile."""
    extra = table(ExtraColumn)
    rows = connection.execute(select(extra.c.id, extra.c.header_comparable))
    stored = {row.id: row.header_comparable for row in rows}
    new = []
    for column, number in settings.extras:
        name = comparable(column.header)
        if stored.get(number, name) != name or (number not in stored and name in stored.values()):
            return False
        if number not in stored:
            new.append({"id": number, "header": column.header, "header_comparable": name})
    if new:
        connection.execute(insert(extra), new)
    return True


def find_repeated_import(
    connection: Connection, source: Source, options: ImportOptions, overrides: Mapping[str, str]
) -> ImportSummary | None:
    """Return the summary of the same file, imported before with the same options; None if there is none."""
    batch, reject = table(ImportBatch), table(ImportReject)
    same = (batch.c.sha256 == source.sha256, batch.c.options == options.digest(overrides), batch.c.undone_at.is_(None))
    found = connection.execute(select(batch).where(*same).order_by(batch.c.id.desc())).first()
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
        notes=(f"this file was imported as batch {found.id} on {found.at:%Y-%m-%d}: nothing to do",),
        headers=source.headers,
        rejects=tuple(Reject(row.line, row.reason, list(row.cells)) for row in rejects),
        repeated=True,
    )


def date_after_last_score(connection: Connection, act: Act) -> Act:
    """Return the act, recorded after the last score, which may have run while a large file was read.

    So the changes of the import count as newer than those scores.
    """
    last = connection.execute(select(func.max(table(ScoreRun).c.recorded_at))).scalar()
    if last is None or last <= act.recorded_at:
        return act
    return replace(act, recorded_at=last + timedelta(microseconds=1))


def open_batch(run: ImportRun) -> int:
    """Store a new batch and return its number."""
    number = reserve_ids(run.connection, "batch")
    run.connection.execute(
        insert(table(ImportBatch)).values(
            id=number,
            at=run.act.at,
            recorded_at=run.act.recorded_at,
            by=run.act.by,
            file=run.source.name,
            sha256=run.source.sha256,
            options=run.options.digest(run.overrides),
            system=run.settings.system,
            headers=list(run.source.headers),
            mapping=run.settings.dump(),
        )
    )
    return number
