"""Values as they would be without a batch: each field's history is replayed, leaving out what was taken back.

A history is the changes and, from the kept rows, what imports only confirmed. So the order in which imports are undone
does not matter, and what people have changed since stays. Stages and contacts are `standing`'s.
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
"""Stands for the batch of what people did, so that at equal times it comes after what an import did."""

NO_BATCH = 0
"""Stands for no import; the first one's number is 1."""

Records = Mapping[int, Sequence[SourceRecord]]
"""Lead -> what the rows of the imports that remain say of it."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """One taking back of a batch: who does it, and the act that its events belong to.

    With `NO_BATCH` it was an act that was taken back, and what imports say is put together anew.
    """

    batch: int
    act: Act
    act_id: int


@dataclass(frozen=True, slots=True)
class _Replayed:
    """A field's value now, and its value without the batch, with when and by which batch that was observed."""

    lead_id: int
    field: str
    now: str | None
    then: str | None
    observed_at: datetime | None
    batch_id: int | None


def restore_fields(connection: Connection, undoing: Undoing, leads: Sequence[int], records: Records) -> frozenset[int]:
    """Restore the fields of some leads that a batch changed, each told by an event; return the leads."""
    replayed = list(_replay(connection, undoing.batch, leads, records))
    by_field: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
    changed = [line for line in replayed if line.now != line.then]
    for line in changed:
        by_field[line.field].append((line.lead_id, line.then))
    for field, values in by_field.items():
        if field.startswith(_EXTRA):
            _restore_extra(connection, field.removeprefix(_EXTRA), values)
        else:
            _restore_attribute(connection, BY_NAME[field], values)
    _restore_origins(connection, undoing, replayed)
    write_undone_events(connection, undoing, [(line.lead_id, line.field, line.now, line.then) for line in changed])
    return frozenset(line.lead_id for line in changed)


def read_histories(
    connection: Connection, leads: Sequence[int], kinds: Sequence[EventKind]
) -> Iterator[tuple[tuple[int, str | None], list[Any]]]:
    """For each lead and field its events of these kinds in their order, each with the time its batch was undone.

    `retracted` says that the person's act was taken back that an event is of.
    """
    event, books = table(Event), table(ImportBatch)
    lines = connection.execute(
        select(event, books.c.undone_at, books.c.system, is_undone_act(event).label("retracted"))
        .outerjoin_from(event, books, books.c.id == event.c.batch_id)
        .where(event.c.kind.in_(kinds), event.c.lead_id.in_(leads))
        .order_by(event.c.lead_id, event.c.field, event.c.id)
    ).all()
    for key, group in groupby(lines, key=lambda line: (line.lead_id, line.field)):
        yield key, list(group)


def is_undone_act(event: FromClause) -> ColumnElement[bool]:
    """Whether the person's act that an event is of was taken back."""
    undoing = table(Event).alias("undoing")
    return and_(
        event.c.batch_id.is_(None),
        exists().where(undoing.c.lead_id == event.c.lead_id, undoing.c.undoes == event.c.act),
    )


def is_reverted(line: Any, batch: int) -> bool:
    """Whether an event is of the batch, or of one that was undone before and that the batch may have spoken for."""
    return line.batch_id == batch or line.undone_at is not None


def time_order(recorded_at: datetime, batch_id: int | None, *, event: bool) -> tuple[datetime, int, bool]:
    """The order of what was said and done: by time, then import by import, what changed nothing first."""
    return recorded_at, _BY_PEOPLE if batch_id is None else batch_id, event


def _replay(connection: Connection, batch: int, leads: Sequence[int], records: Records) -> Iterator[_Replayed]:
    lead = table(Lead)
    stored = connection.execute(select(lead.c.id, lead.c.observed_at).where(lead.c.id.in_(leads)))
    created = {row.id: row.observed_at for row in stored}
    for (lead_id, field), history in read_histories(connection, leads, (*_CHANGES, EventKind.UNDONE)):
        changes = [line for line in history if line.kind in _CHANGES]
        if field not in BY_NAME and not (field or "").startswith(_EXTRA):
            continue
        if not any(line.retracted or is_reverted(line, batch) for line in changes):
            continue
        yield _replay_field(history, changes, records.get(lead_id, ()), batch, created[lead_id])


def _replay_field(
    history: Sequence[Any],
    changes: Sequence[Any],
    records: Sequence[SourceRecord],
    batch: int,
    created: datetime,
) -> _Replayed:
    """How a lead came in counts as long as it is there, even where the import that made it was undone."""
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


def _restore_origins(connection: Connection, undoing: Undoing, replayed: Sequence[_Replayed]) -> None:
    """Let each value be as old as it is now, so that older files overwrite it no sooner than before."""
    origin = table(FieldOrigin)
    by_field: dict[str, list[int]] = defaultdict(list)
    for line in replayed:
        by_field[line.field].append(line.lead_id)
    for field, leads in by_field.items():
        connection.execute(delete(origin).where(origin.c.field == field, origin.c.lead_id.in_(leads)))
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
        connection.execute(origin.insert(), known)


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
    """The columns of an attribute from the way the history writes it."""
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


def write_undone_events(
    connection: Connection, undoing: Undoing, lines: Sequence[tuple[int, str, str | None, str | None]]
) -> None:
    """Write an event for each lead, field, value now and value then."""
    if not lines:
        return
    act, event, lead = undoing.act, table(Event), table(Lead)
    first_id = reserve_ids(connection, "event", len(lines))
    connection.execute(
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
        connection.execute(update(lead).where(lead.c.id.in_(group)).values(changed_at=act.recorded_at))
