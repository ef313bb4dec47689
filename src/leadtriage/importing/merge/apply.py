"""Staged rows to leads and their history: new leads, changed values, and an event for each.

Blanks never overwrite, and a value is replaced only by one observed no earlier. Two kinds of changes are left out:

- A file repeats the value that a person has changed here since: a weekly export still has the old owner of every lead.
- A later import has confirmed the stored value. Confirmations are not recorded, so the stored rows are parsed again;
  this is needed only for a file that is older than the last import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from leadtriage.core.vocabulary import EmailKind, EventKind, RowOutcome, Stage, StatusMeaning
from leadtriage.db import (
    FieldOrigin,
    ImportBatch,
    ImportReject,
    ImportRow,
    Lead,
    dialect,
    expressions,
    reserve_ids,
    table,
)
from leadtriage.importing.merge.bulk_events import event_columns, mark_updated, write_events, write_events_of_leads
from leadtriage.importing.merge.deduplicate import copy_extra
from leadtriage.importing.merge.source_rows import SourceRows
from leadtriage.importing.run import ImportRun
from leadtriage.importing.stage import CLOSING, QUALIFYING, Attribute, Staging

_CHANGE = ["row_id", "lead_id", "field", "kind", "old", "new"]
_ORIGIN = ["lead_id", "field", "observed_at", "batch_id", "act"]


def first_stage(row: FromClause) -> ColumnElement[str]:
    """The stage in which the lead of a row is created."""
    stages = {meaning.value: stage.value for meaning, stage in CLOSING.items()}
    stages[StatusMeaning.NURTURE.value] = Stage.NURTURE.value
    open_stage = expressions.value_if(
        row.c.touched_on.is_not(None), literal(Stage.WORKING.value), literal(Stage.NEW.value)
    )
    return func.coalesce(expressions.text_for(row.c.meaning, stages), open_stage)


def create_leads(run: ImportRun) -> None:
    """Create the lead of every new row, in the stage that its status means, with an event each."""
    row, result, lead = run.staging.row, run.staging.result, table(Lead)
    stage = first_stage(row)
    closed, qualified = row.c.meaning.in_(list(CLOSING)), row.c.meaning.in_(QUALIFYING)
    today = literal(run.act.as_of, lead.c.imported_on.type)
    nurture_until = literal(run.act.days_later(run.options.nurture_days), lead.c.nurture_until.type)
    values: dict[str, ColumnElement[Any]] = {
        "id": result.c.lead_id,
        "stage": stage,
        "created_on": row.c.created_on,
        "first_touch_on": expressions.value_if(row.c.touch_dated, row.c.touched_on),
        "last_touch_on": row.c.touched_on,
        "contact_dated": row.c.touch_dated,
        "nurture_until": expressions.value_if(row.c.meaning == StatusMeaning.NURTURE, nurture_until),
        "qualified_on": expressions.value_if(qualified, today),
        "qualified_by": expressions.value_if(qualified, literal("crm")),
        "closed_on": expressions.value_if(closed, func.coalesce(row.c.closed_on, today)),
        "extra": row.c.extra,
        "extra_comparable": row.c.extra_comparable,
        "imported_on": today,
        "worked_here": literal(False),
        "batch_id": literal(run.batch),
        "observed_at": row.c.observed_at,
        "changed_at": literal(run.act.recorded_at, lead.c.changed_at.type),
    }
    values |= {column: row.c[column] for column in run.staging.attribute_columns}
    created = and_(result.c.row_id == row.c.row_id, result.c.outcome == RowOutcome.CREATED)
    leads = select(*values.values()).select_from(row).join(result, created).order_by(row.c.row_id)
    run.connection.execute(insert(lead).from_select(list(values), leads))
    columns = event_columns(EventKind.CREATED, new=stage, lead_id=result.c.lead_id)
    events = select(*columns).select_from(row).join(result, created).subquery()
    write_events_of_leads(run.connection, run.act, run.batch, events, among=result)
    _store_origins_of_new_leads(run)


def _store_origins_of_new_leads(run: ImportRun) -> None:
    """Store when the values of a new lead were observed, if its rows in the file differ in that."""
    connection, result, origin = run.connection, run.staging.result, run.staging.origin
    if not connection.execute(select(exists().select_from(origin))).scalar():
        return
    act_id = reserve_ids(connection, "act")
    found = (
        select(result.c.lead_id, origin.c.field, origin.c.observed_at, literal(run.batch), literal(act_id))
        .join_from(origin, result, result.c.row_id == origin.c.row_id)
        .where(result.c.outcome == RowOutcome.CREATED)
    )
    connection.execute(insert(table(FieldOrigin)).from_select(_ORIGIN, found))


def find_changes(run: ImportRun) -> None:
    """Fill `staging.change` with what the rows change in stored leads."""
    connection, staging, lead = run.connection, run.staging, table(Lead)
    row, result, change = staging.row, staging.result, staging.change
    met = and_(result.c.row_id == row.c.row_id, result.c.outcome == RowOutcome.UNCHANGED)
    extra_differs = cast(row.c.extra, String).is_distinct_from(cast(lead.c.extra, String))
    differs = [_differs(attribute, row, lead) for attribute in staging.attributes]
    differs.append(and_(row.c.extra.is_not(None), extra_differs))
    rows = select(row.c.row_id, lead.c.id).select_from(row).join(result, met)
    rows = rows.join(lead, lead.c.id == result.c.lead_id).where(or_(*differs))
    candidates = connection.execute(
        insert(change).from_select(["row_id", "lead_id"], rows), execution_options=dialect.COUNT_ROWS
    )
    if not candidates.rowcount:
        return
    candidate = change.alias("candidate")
    joined = (
        select(candidate.c.row_id, candidate.c.lead_id)
        .join_from(candidate, row, row.c.row_id == candidate.c.row_id)
        .join(lead, lead.c.id == candidate.c.lead_id)
        .where(candidate.c.field.is_(None))
    )

    def add(
        field: str, kind: EventKind, old: ColumnElement[Any], new: ColumnElement[Any], *where: ColumnElement[bool]
    ) -> None:
        found = joined.where(*where).add_columns(literal(field), literal(kind.value), old, new)
        connection.execute(insert(change).from_select(_CHANGE, found))

    for attribute in staging.attributes:
        is_newer = _may_replace(lead.c[attribute.columns[0]], attribute.name, staging)
        differs_and_newer = (_differs(attribute, row, lead), is_newer)
        add(attribute.name, attribute.kind, attribute.text(lead), attribute.text(row), *differs_and_newer)
    for key, header in run.settings.extra_headers.items():
        old, new = expressions.json_text(lead.c.extra, key), expressions.json_text(row.c.extra, key)
        field = f"column:{header}"
        is_new = (new.is_not(None), new.is_distinct_from(old), _may_replace(old, field, staging))
        add(field, EventKind.FIELD, old, new, *is_new)
    connection.execute(change.delete().where(change.c.field.is_(None)))
    _drop_changes(run, _find_outdated(run))
    _drop_changes(run, _find_repeated(run))


def _differs(attribute: Attribute, row: FromClause, lead: FromClause) -> ColumnElement[bool]:
    compared = attribute.columns if attribute.is_money else attribute.columns[:1]
    unlike = or_(*(row.c[column].is_distinct_from(lead.c[column]) for column in compared))
    differs = and_(row.c[attribute.columns[0]].is_not(None), unlike)
    if attribute.name != "email":
        return differs
    # An unusable address does not replace a usable one.
    return and_(
        differs,
        or_(row.c.email_kind != EmailKind.INVALID, lead.c.email_kind == EmailKind.INVALID, lead.c.email.is_(None)),
    )


def _may_replace(known: ColumnElement[Any], field: str, staging: Staging) -> ColumnElement[bool]:
    """Any value replaces an unknown one; a known one is replaced by a value observed no earlier."""
    origin, lead = table(FieldOrigin), table(Lead)
    since = select(origin.c.observed_at).where(origin.c.lead_id == lead.c.id, origin.c.field == field).scalar_subquery()
    return or_(known.is_(None), func.coalesce(since, lead.c.observed_at) <= _observed_at(literal(field), staging))


def _observed_at(field: ColumnElement[str], staging: Staging) -> ColumnElement[Any]:
    """When a staged row's value was observed; it may come from another row of the group."""
    row, origin = staging.row, staging.origin
    copied = select(origin.c.observed_at).where(origin.c.row_id == row.c.row_id, origin.c.field == field)
    return func.coalesce(copied.scalar_subquery(), row.c.observed_at)


def _drop_changes(run: ImportRun, changes: Iterator[Any]) -> None:
    """Take these rows from `staging.change`."""
    change = run.staging.change
    dropped = [{"of_row": line.row_id, "of_field": line.field} for line in changes]
    if dropped:
        dialect.create_index(run.connection, change.c.row_id)
        these = and_(change.c.row_id == bindparam("of_row"), change.c.field == bindparam("of_field"))
        run.connection.execute(change.delete().where(these), dropped)


def _find_outdated(run: ImportRun) -> Iterator[Any]:
    """Yield the changes whose old value was seen later than the new one."""
    connection, change, row = run.connection, run.staging.change, run.staging.row
    stored, batch = table(ImportRow), table(ImportBatch)
    observed = _observed_at(change.c.field, run.staging)
    latest = select(func.max(batch.c.at)).where(batch.c.undone_at.is_(None)).scalar_subquery()
    joined = select(change.c.row_id, change.c.lead_id, change.c.field, change.c.old, observed.label("observed_at"))
    joined = joined.join_from(change, row, row.c.row_id == change.c.row_id).where(change.c.old.is_not(None))
    if not connection.execute(select(joined.where(observed < latest).exists())).scalar():
        return
    seen_since = (
        exists()
        .where(stored.c.lead_id == change.c.lead_id)
        .where(and_(batch.c.id == stored.c.batch_id, batch.c.undone_at.is_(None), batch.c.at > observed))
    )
    doubtful: dict[int, list[Any]] = defaultdict(list)
    for line in connection.execute(joined.where(seen_since)):
        doubtful[line.lead_id].append(line)
    if not doubtful:
        return
    since = min(line.observed_at for lines in doubtful.values() for line in lines)
    leads = select(change.c.lead_id).where(change.c.old.is_not(None))
    for part in SourceRows(connection).read_many(leads, since=since):
        for lead_id, records in part.items():
            for line in doubtful.get(lead_id, ()):
                values = [record.values[line.field] for record in records if line.field in record.values]
                if any(value.text == line.old and value.observed_at > line.observed_at for value in values):
                    yield line


def _find_repeated(run: ImportRun) -> Iterator[Any]:
    """Yield the changes that would replace a person's value by the one that the last import had."""
    connection, change, origin = run.connection, run.staging.change, table(FieldOrigin)
    by_people = (
        select(change.c.row_id, change.c.lead_id, change.c.field, change.c.new)
        .join(origin, and_(origin.c.lead_id == change.c.lead_id, origin.c.field == change.c.field))
        .where(origin.c.batch_id.is_(None))
    )
    lines: dict[int, list[Any]] = defaultdict(list)
    for line in connection.execute(by_people):
        lines[line.lead_id].append(line)
    if not lines:
        return
    source_rows = SourceRows(connection)
    for leads in dialect.batches(sorted(lines)):
        for lead_id, records in source_rows.read(leads).items():
            for line in lines[lead_id]:
                values = [record.values[line.field] for record in records if line.field in record.values]
                if values and sorted(values, key=lambda value: value.observed_at)[-1].text == line.new:
                    yield line


def apply_changes(run: ImportRun) -> None:
    """Apply the changes that `find_changes` found, each with its event and its origin."""
    connection, row, change, lead = run.connection, run.staging.row, run.staging.change, table(Lead)
    if not connection.execute(select(exists().select_from(change))).scalar():
        return

    def set_values(values: dict[str, ColumnElement[Any]], field: str) -> None:
        changed = and_(change.c.field == field, lead.c.id == change.c.lead_id, row.c.row_id == change.c.row_id)
        connection.execute(update(lead).values(values).where(changed))

    for attribute in run.staging.attributes:
        set_values({column: row.c[column] for column in attribute.columns}, attribute.name)
    for key, header in run.settings.extra_headers.items():
        set_values(copy_extra(lead, row, key), f"column:{header}")
    observed_at, act_id = _observed_at(change.c.field, run.staging), reserve_ids(connection, "act")
    origins = (
        select(change.c.lead_id, change.c.field, observed_at, literal(run.batch), literal(act_id))
        .join_from(change, row, row.c.row_id == change.c.row_id)
        .where(true())
    )
    stored = dialect.upsert(connection.dialect, table(FieldOrigin)).from_select(_ORIGIN, origins)
    connection.execute(
        stored.on_conflict_do_update(
            index_elements=_ORIGIN[:2], set_={name: stored.excluded[name] for name in _ORIGIN[2:]}
        )
    )
    changed = lead.c.id.in_(select(change.c.lead_id))
    connection.execute(update(lead).values(changed_at=run.act.recorded_at).where(changed))
    write_events(connection, run.act, run.batch, select(change).subquery())
    mark_updated(run, run.staging.result.c.row_id.in_(select(change.c.row_id)))


def store_rows(run: ImportRun) -> None:
    """Store every row as written: with its lead, or with the reason why it was rejected."""
    row, result, batch = run.staging.row, run.staging.result, literal(run.batch)
    accepted = select(result.c.lead_id, batch, row.c.line, result.c.outcome, row.c.cells)
    accepted = accepted.join_from(row, result, result.c.row_id == row.c.row_id)
    names = ["lead_id", "batch_id", "line", "outcome", "cells"]
    run.connection.execute(insert(table(ImportRow)).from_select(names, accepted))
    rejected = select(batch, row.c.line, row.c.problem, row.c.cells).where(row.c.problem.is_not(None))
    names = ["batch_id", "line", "reason", "cells"]
    run.connection.execute(insert(table(ImportReject)).from_select(names, rejected))
