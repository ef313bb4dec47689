"""Replays the history of each field without an undone batch, and restores the values.

A history holds the changes, and the statements of imports that changed nothing. So imports can be undone in any order,
and later changes by people stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, bindparam, delete, exists, select, update

from leadtriage.core.context import Act
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import EventKind
from leadtriage.db import Event, ExtraColumn, FieldOrigin, ImportBatch, Lead, dialect, reserve_ids, table
from leadtriage.importing.merge import SourceRecord
from leadtriage.importing.normalize import parse_emails
from leadtriage.importing.stage import BY_NAME, Attribute, read_extra_number

_CHANGES = (EventKind.FIELD, EventKind.STATUS, EventKind.OWNER)
_EXTRA = "column:"
_BY_PEOPLE = 2**62
"""Sorts acts of people after imports of the same time."""

NO_BATCH = 0
"""No import; real ids start at 1."""

Records = Mapping[int, Sequence[SourceRecord]]
"""Lead -> the rows about it from the remaining imports."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """Some leads of a batch that is undone, or with `NO_BATCH` of an act that was undone.

    Attributes:
        act_id: the act that the events of the undo belong to.
        records: what the remaining imports say about each lead.
    """

    connection: Connection
    batch: int
    act: Act
    act_id: int
    leads: Sequence[int]
    records: Records


@dataclass(frozen=True, slots=True)
class _Replayed:
    """A field's value now and without the batch, and the source of the latter."""

    lead_id: int
    field: str
    now: str | None
    then: str | None
    observed_at: datetime | None
    batch_id: int | None


def restore_fields(undoing: Undoing) -> frozenset[int]:
    """Restore the fields that the batch changed, write an event for each, and return the leads."""
    replayed = list(_replay(undoing))
    by_field: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
    changed = [line for line in replayed if line.now != line.then]
    for line in changed:
        by_field[line.field].append((line.lead_id, line.then))
    for field, values in by_field.items():
        if field.startswith(_EXTRA):
            _restore_extra(undoing.connection, field.removeprefix(_EXTRA), values)
        else:
            _restore_attribute(undoing.connection, BY_NAME[field], values)
    _restore_origins(undoing, replayed)
    write_undone_events(undoing, [(line.lead_id, line.field, line.now, line.then) for line in changed])
    return frozenset(line.lead_id for line in changed)


def read_histories(undoing: Undoing, kinds: Sequence[EventKind]) -> Iterator[tuple[tuple[int, str | None], list[Any]]]:
    """Yield each lead and field with its events in order.

    Events carry `undone_at` and `system` of their batch; `retracted` marks events of an undone act.
    """
    event, books = table(Event), table(ImportBatch)
    lines = undoing.connection.execute(
        select(event, books.c.undone_at, books.c.system, is_undone_act(event).label("retracted"))
        .outerjoin_from(event, books, books.c.id == event.c.batch_id)
        .where(event.c.kind.in_(kinds), event.c.lead_id.in_(undoing.leads))
        .order_by(event.c.lead_id, event.c.field, event.c.id)
    ).all()
    for key, group in groupby(lines, key=lambda line: (line.lead_id, line.field)):
        yield key, list(group)


def is_undone_act(event: FromClause) -> ColumnElement[bool]:
    """Whether the event belongs to an undone act of a person."""
    undoing = table(Event).alias("undoing")
    return and_(
        event.c.batch_id.is_(None),
        exists().where(undoing.c.lead_id == event.c.lead_id, undoing.c.undoes == event.c.act),
    )


def is_reverted(line: Any, batch: int) -> bool:
    """Whether an event belongs to the batch or to one undone before, which the batch may have repeated."""
    return line.batch_id == batch or line.undone_at is not None


def time_order(recorded_at: datetime, batch_id: int | None, *, event: bool) -> tuple[datetime, int, bool]:
    """Sort key: time, then batch, then statements before events."""
    return recorded_at, _BY_PEOPLE if batch_id is None else batch_id, event


def _replay(undoing: Undoing) -> Iterator[_Replayed]:
    lead = table(Lead)
    stored = undoing.connection.execute(select(lead.c.id, lead.c.observed_at).where(lead.c.id.in_(undoing.leads)))
    created = {row.id: row.observed_at for row in stored}
    for (lead_id, field), history in read_histories(undoing, (*_CHANGES, EventKind.UNDONE)):
        changes = [line for line in history if line.kind in _CHANGES]
        if field not in BY_NAME and not (field or "").startswith(_EXTRA):
            continue
        if not any(line.retracted or is_reverted(line, undoing.batch) for line in changes):
            continue
        yield _replay_field(history, changes, undoing.records.get(lead_id, ()), undoing.batch, created[lead_id])


def _replay_field(
    history: Sequence[Any],
    changes: Sequence[Any],
    records: Sequence[SourceRecord],
    batch: int,
    created: datetime,
) -> _Replayed:
    """Replay one field. The values that a lead was created with count even if their import was undone."""
    lead_id, field = history[0].lead_id, history[0].field
    said = {record.batch: (record, record.values.get(field)) for record in records}
    steps = []
    for line in changes:
        if not (line.retracted or is_reverted(line, batch)):
            _, value = said.pop(line.batch_id, (None, None))
            seen = value.observed_at if value else line.at
            steps.append((time_order(line.recorded_at, line.batch_id, event=True), line.new, seen, line.batch_id))
    for record, value in said.values():
        if value is not None:
            when = time_order(record.recorded_at, record.batch, event=False)
            steps.append((when, value.text, value.observed_at, record.batch))
    then, observed_at, by = changes[0].old, created, None
    for (_, _, is_change), text, seen, batch_id in sorted(steps, key=lambda step: step[0]):
        if is_change or then is None or seen >= observed_at:
            then, observed_at, by = text, seen, batch_id
    known = then is not None and observed_at != created
    return _Replayed(lead_id, field, history[-1].new, then, observed_at if known else None, by)


def _restore_origins(undoing: Undoing, replayed: Sequence[_Replayed]) -> None:
    """Store the age of the restored values, so that older files do not overwrite them."""
    origin = table(FieldOrigin)
    by_field: dict[str, list[int]] = defaultdict(list)
    for line in replayed:
        by_field[line.field].append(line.lead_id)
    for field, leads in by_field.items():
        undoing.connection.execute(delete(origin).where(origin.c.field == field, origin.c.lead_id.in_(leads)))
    known = [
        {
            "lead_id": line.lead_id,
            "field": line.field,
            "observed_at": line.observed_at,
            "batch_id": line.batch_id,
            "act": undoing.act_id,
        }
        for line in replayed
        if line.observed_at is not None
    ]
    if known:
        undoing.connection.execute(origin.insert(), known)


def _restore_attribute(connection: Connection, attribute: Attribute, values: list[tuple[int, str | None]]) -> None:
    lead = table(Lead)
    statement = (
        update(lead)
        .where(lead.c.id == bindparam("lead"))
        .values({column: bindparam(f"new_{column}") for column in attribute.columns})
    )
    connection.execute(
        statement,
        [
            {"lead": lead_id} | {f"new_{column}": part for column, part in zip(attribute.columns, parts, strict=True)}
            for lead_id, text in values
            for parts in [_columns_of(attribute, text)]
        ],
    )


def _columns_of(attribute: Attribute, text: str | None) -> tuple[Any, ...]:
    """Parse the text of a history into the columns of an attribute."""
    if text is None:
        return (None,) * len(attribute.columns)
    if attribute.is_money:
        amount, _, currency = text.partition(" ")
        return int(amount), currency
    if attribute.name == "email":
        email = parse_emails(text)[0]
        domain = email.domain
        return (
            email.address,
            comparable(email.address),
            domain,
            comparable(domain) if domain else None,
            email.kind.value,
        )
    if len(attribute.columns) == 2:
        return text, comparable(text)
    kind = table(Lead).c[attribute.columns[0]].type.python_type
    if kind is bool:
        return (text.lower() in ("1", "true"),)
    if kind is date:
        return (date.fromisoformat(text),)
    return (int(text) if kind is int else text,)


def _restore_extra(connection: Connection, header: str, values: list[tuple[int, str | None]]) -> None:
    lead, extra = table(Lead), table(ExtraColumn)
    number = connection.execute(select(extra.c.id).where(extra.c.header_comparable == comparable(header))).scalar_one()
    for lead_id, text in values:
        stored = connection.execute(select(lead.c.extra, lead.c.extra_comparable).where(lead.c.id == lead_id)).one()
        texts, compared = dict(stored.extra or {}), dict(stored.extra_comparable or {})
        for parts in (texts, compared):
            parts.pop(f"c{number}", None)
        compared.pop(f"n{number}", None)
        if text is not None:
            texts[f"c{number}"], compared[f"c{number}"] = text, comparable(text)
            as_number = read_extra_number(text)
            if as_number is not None:
                compared[f"n{number}"] = as_number
        connection.execute(
            update(lead).where(lead.c.id == lead_id).values(extra=texts or None, extra_comparable=compared or None)
        )


def write_undone_events(undoing: Undoing, lines: Sequence[tuple[int, str, str | None, str | None]]) -> None:
    """Write an event for each lead, field, current value and restored value."""
    if not lines:
        return
    act, event, lead = undoing.act, table(Event), table(Lead)
    first_id = reserve_ids(undoing.connection, "event", len(lines))
    undoing.connection.execute(
        event.insert(),
        [
            {
                "lead_id": lead_id,
                "id": first_id + position,
                "act": undoing.act_id,
                "at": act.at,
                "recorded_at": act.recorded_at,
                "by": act.by,
                "kind": EventKind.UNDONE.value,
                "batch_id": undoing.batch or None,
                "field": field,
                "old": now,
                "new": then,
            }
            for position, (lead_id, field, now, then) in enumerate(lines)
        ],
    )
    for group in dialect.batches(sorted({lead_id for lead_id, *_ in lines})):
        undoing.connection.execute(update(lead).where(lead.c.id.in_(group)).values(changed_at=act.recorded_at))
