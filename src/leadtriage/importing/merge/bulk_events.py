"""Events of many leads at once: selected from staged rows, written to the history, applied to the leads."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from leadtriage.core.context import Act
from leadtriage.core.vocabulary import EventKind, RowOutcome
from leadtriage.db import Event, ImportBatch, Lead, dialect, next_id, reserve_ids, table
from leadtriage.importing.run import ImportRun

NOTHING = literal(None, String)


def is_undone(batch_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a batch was undone; false for NULL."""
    batches = table(ImportBatch).alias("undone_batch")
    return exists().where(batches.c.id == batch_id, batches.c.undone_at.is_not(None))


def event_columns(
    kind: EventKind,
    old: ColumnElement[Any] = NOTHING,
    new: ColumnElement[Any] = NOTHING,
    *,
    field: str | None = None,
    lead_id: ColumnElement[int] | None = None,
) -> list[ColumnElement[Any]]:
    """The columns of a query for events, by default of `lead.id`."""
    return [
        (table(Lead).c.id if lead_id is None else lead_id).label("lead_id"),
        literal(kind.value).label("kind"),
        literal(field, String).label("field"),
        old.label("old"),
        new.label("new"),
    ]


def write_events(connection: Connection, act: Act, batch: int | None, events: FromClause) -> None:
    """Append events, one for each row of `events` (`lead_id, kind, field, old, new`)."""
    first_id = next_id(connection, "event")
    number = func.row_number().over(order_by=(events.c.lead_id, events.c.field)) + literal(first_id - 1)
    written = _insert_events(connection, act, batch, events, number)
    reserve_ids(connection, "event", written)


def write_events_of_leads(
    connection: Connection, act: Act, batch: int | None, events: FromClause, *, among: FromClause | None = None
) -> None:
    """Append events, at most one for each lead. Their ids follow those of the leads, so nothing is sorted.

    Args:
        among: a superset of the leads (`lead_id`) whose lowest and highest id are faster to find.
    """
    first_id = reserve_ids_of_leads(connection, "event", events if among is None else among)
    if first_id is not None:
        _insert_events(connection, act, batch, events, events.c.lead_id + literal(first_id))


def reserve_ids_of_leads(connection: Connection, name: str, leads: FromClause) -> int | None:
    """Reserve an id for each lead: its own id plus the returned number; None if there are no leads."""
    lowest, highest = connection.execute(select(func.min(leads.c.lead_id), func.max(leads.c.lead_id))).one()
    return None if lowest is None else reserve_ids(connection, name, highest - lowest + 1) - int(lowest)


def _insert_events(
    connection: Connection, act: Act, batch: int | None, events: FromClause, number: ColumnElement[int]
) -> int:
    event = table(Event)
    values: dict[str, ColumnElement[Any]] = {
        "id": number,
        "act": literal(reserve_ids(connection, "act")),
        "at": literal(act.at, event.c.at.type),
        "recorded_at": literal(act.recorded_at, event.c.recorded_at.type),
        "by": literal(act.by),
        "batch_id": literal(batch, event.c.batch_id.type),
    }
    values |= {name: events.c[name] for name in ("lead_id", "kind", "field", "old", "new")}
    written = connection.execute(
        insert(event).from_select(list(values), select(*values.values())), execution_options=dialect.COUNT_ROWS
    )
    return written.rowcount


def select_leaders(run: ImportRun, *columns: ColumnElement[Any], stored_only: bool = True) -> Select[Any]:
    """Select from the first row of each lead: of the stored ones, or of the new ones as well."""
    row, result, lead = run.staging.row, run.staging.result, table(Lead)
    outcomes = [RowOutcome.UNCHANGED, RowOutcome.UPDATED]
    if not stored_only:
        outcomes.append(RowOutcome.CREATED)
    return (
        select(*columns)
        .select_from(row)
        .join(result, result.c.row_id == row.c.row_id)
        .join(lead, lead.c.id == result.c.lead_id)
        .where(result.c.outcome.in_(outcomes))
    )


def apply_events(run: ImportRun, events: Select[Any], values: dict[str, ColumnElement[Any]]) -> None:
    """Write events, one for each lead, and set the values of these leads."""
    stored = dialect.materialize(run.connection, "staged_events", events)
    apply_stored_events(run, stored, values)
    stored.drop(run.connection)


def apply_stored_events(run: ImportRun, events: FromClause, values: dict[str, ColumnElement[Any]]) -> None:
    """Write events of a temporary table, one for each lead, and set the values of these leads."""
    connection, lead, row, result = run.connection, table(Lead), run.staging.row, run.staging.result
    if not connection.execute(select(func.count()).select_from(events)).scalar_one():
        return
    write_events_of_leads(connection, run.act, run.batch, events)
    changed = update(lead).values({**values, "changed_at": run.act.recorded_at})
    leads = select(events.c.lead_id)
    if values:
        changed = changed.where(
            lead.c.id == events.c.lead_id,
            result.c.lead_id == events.c.lead_id,
            result.c.outcome != RowOutcome.MERGED,
            row.c.row_id == result.c.row_id,
        )
    else:
        changed = changed.where(lead.c.id.in_(leads))
    connection.execute(changed)
    mark_updated(run, result.c.lead_id.in_(leads))


def mark_updated(run: ImportRun, rows: ColumnElement[bool]) -> None:
    """Count these rows of `result` as having changed something."""
    result = run.staging.result
    updated = update(result).values(outcome=RowOutcome.UPDATED.value)
    run.connection.execute(updated.where(result.c.outcome == RowOutcome.UNCHANGED, rows))
