"""Values as they would be without a batch: each field's history is replayed, leaving out what was taken back.

So the order in which imports are undone does not matter, and what people have changed since stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from leadtriage.act import Act
from leadtriage.criteria.text import comparable
from leadtriage.db import dialect, expressions
from leadtriage.db.ids import reserve_ids
from leadtriage.db.schema import Event, ExtraColumn, ImportBatch, Lead, Touch, table
from leadtriage.importing.attributes import BY_NAME, Attribute
from leadtriage.importing.columns import read_extra_number
from leadtriage.importing.values import parse_emails
from leadtriage.vocabulary import OPEN_STAGES, EventKind, Stage

_CHANGES = (EventKind.FIELD, EventKind.STATUS, EventKind.OWNER)
_EXTRA = "column:"


def restore_fields(connection: Connection, batch: int, act: Act, removed: Any) -> frozenset[int]:
    """Restore the fields that a batch changed, each told by an event; return the leads."""
    replayed = [
        (lead_id, field, now, then)
        for lead_id, field, now, then in _replay(connection, batch, _CHANGES, removed)
        if field is not None and now != then
    ]
    by_field: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
    for lead_id, field, _, then in replayed:
        by_field[field].append((lead_id, then))
    for field, values in by_field.items():
        if field.startswith(_EXTRA):
            _restore_extra(connection, field.removeprefix(_EXTRA), values)
        else:
            _restore_attribute(connection, BY_NAME[field], values)
    _tell(connection, act, batch, replayed)
    return frozenset(lead_id for lead_id, *_ in replayed)


def restore_stages(connection: Connection, batch: int, act: Act, removed: Any) -> frozenset[int]:
    """Restore stages, contacts and qualification that a batch's statuses and dates had changed; return the leads."""
    lead, event, touch = table(Lead), table(Event), table(Touch)
    kinds = (EventKind.CREATED, EventKind.STAGE)
    moved = [line for line in _replay(connection, batch, kinds, removed) if line[2] != line[3]]
    still_open = list(OPEN_STAGES)
    for lead_id, _, _, then in moved:
        values: dict[str, Any] = {"stage": then}
        if then in still_open:
            values["closed_on"] = None
        if then != Stage.NURTURE:
            values["nurture_until"] = None
        connection.execute(update(lead).where(lead.c.id == lead_id).values(values))
    _tell(connection, act, batch, [(lead_id, "stage", now, then) for lead_id, _, now, then in moved])
    gone = select(removed.c.lead_id)

    def told(kind: EventKind) -> list[int]:
        said = select(event.c.lead_id).where(event.c.batch_id == batch, event.c.kind == kind)
        return list(connection.execute(said.where(event.c.lead_id.not_in(gone)).distinct()).scalars())

    touched, qualified = told(EventKind.TOUCH), told(EventKind.QUALIFIED)
    for lead_id in touched:
        on_a_day = expressions.choose_when(touch.c.dated, touch.c.on)
        standing = select(func.min(on_a_day), func.max(on_a_day), func.max(touch.c.on)).where(
            touch.c.lead_id == lead_id,
            touch.c.withdrawn_at.is_(None),
            func.coalesce(touch.c.batch_id, 0) != batch,
        )
        first, last, last_of_all = connection.execute(standing).one()
        connection.execute(
            update(lead)
            .where(lead.c.id == lead_id)
            .values(
                first_touch_on=first,
                last_touch_on=last or last_of_all,
                contact_dated=last is not None if last_of_all else None,
            )
        )
    connection.execute(
        update(lead)
        .where(lead.c.id.in_(qualified), lead.c.qualified_by == "crm")
        .values(qualified_on=None, qualified_by=None)
    )
    return frozenset([lead_id for lead_id, *_ in moved] + touched + qualified)


def _replay(
    connection: Connection, batch: int, kinds: Sequence[EventKind], removed: Any
) -> Iterator[tuple[int, str | None, str | None, str | None]]:
    """For each field that the batch changed: the lead, the field, its value now, and its value without the batch."""
    event, books = table(Event), table(ImportBatch)
    changed = event.alias("changed")
    concerned = (
        select(changed.c.lead_id)
        .where(
            changed.c.batch_id == batch,
            changed.c.kind.in_([kind for kind in kinds if kind is not EventKind.CREATED]),
            changed.c.lead_id.not_in(select(removed.c.lead_id)),
        )
        .distinct()
    )
    lines = connection.execute(
        select(
            event.c.lead_id, event.c.field, event.c.kind, event.c.batch_id, event.c.old, event.c.new, books.c.undone_at
        )
        .outerjoin_from(event, books, books.c.id == event.c.batch_id)
        .where(event.c.kind.in_(kinds), event.c.lead_id.in_(concerned))
        .order_by(event.c.lead_id, event.c.field, event.c.id)
    ).all()
    for (lead_id, field), group in groupby(lines, key=lambda line: (line.lead_id, line.field)):
        history = list(group)
        if any(line.batch_id == batch for line in history):
            now = _value_after(history, without=None)
            yield lead_id, field, now, _value_after(history, without=batch)


def _value_after(history: Sequence[Any], without: int | None) -> str | None:
    """The value; how a lead came in counts as long as it is there, even where the import that made it was undone."""
    value: str | None = history[0].old
    for line in history:
        stands = line.undone_at is None and (without is None or line.batch_id != without)
        if stands or line.kind == EventKind.CREATED:
            value = line.new
    return value


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


def _tell(
    connection: Connection, act: Act, batch: int, lines: Sequence[tuple[int, str | None, str | None, str | None]]
) -> None:
    if not lines:
        return
    event, lead = table(Event), table(Lead)
    first_id, act_id = reserve_ids(connection, "event", len(lines)), reserve_ids(connection, "act")
    connection.execute(
        event.insert(),
        [
            {
                "lead_id": lead_id,
                "id": first_id + position,
                "act": act_id,
                "at": act.at,
                "recorded_at": act.recorded_at,
                "by": act.by,
                "kind": EventKind.UNDONE.value,
                "batch_id": batch,
                "field": field,
                "old": now,
                "new": then,
            }
            for position, (lead_id, field, now, then) in enumerate(lines)
        ],
    )
    leads = {lead_id for lead_id, *_ in lines}
    for group in dialect.batches(sorted(leads)):
        connection.execute(update(lead).where(lead.c.id.in_(group)).values(changed_at=act.recorded_at))
