"""Undoes an import: hides the leads that it created and restores the values that it changed.

Later changes stay. Nothing is deleted from the history; the undo has its own events. Keys are released, so that the
file can be imported again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, exists, literal, or_, select, update

from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.tables import Column, Table
from leadtriage.core.text import fold
from leadtriage.core.vocabulary import EventKind
from leadtriage.db import (
    Event,
    FieldOrigin,
    ImportBatch,
    ImportRow,
    Lead,
    LeadKey,
    LikelyDuplicate,
    Nomination,
    Touch,
    dialect,
    reserve_ids,
    table,
    writing,
)
from leadtriage.importing.merge import SourceRows, event_columns, is_undone, write_events_of_leads
from leadtriage.importing.normalize import parse_emails, phone_digits_key
from leadtriage.importing.stage import email_key
from leadtriage.importing.undo.fields import NO_BATCH, Undoing, is_undone_act, restore_fields
from leadtriage.importing.undo.stages import (
    IMPORTED_STAGES,
    restore_contacts,
    restore_flags,
    restore_qualification,
    restore_stages,
)

_LISTED = 50
_CHANGES = (
    EventKind.FIELD,
    EventKind.STATUS,
    EventKind.OWNER,
    EventKind.STAGE,
    EventKind.TOUCH,
    EventKind.QUALIFIED,
    EventKind.NOMINATED,
)


@dataclass(frozen=True, slots=True)
class UndoSummary:
    """Counts of leads hidden, restored, and kept because of later changes."""

    batch: int
    removed: int
    restored: int
    kept: int
    leads: Table


def undo_batch(engine: Engine, batch: int, act: Act) -> UndoSummary:
    """Undo an import.

    Raises:
        LeadtriageError: the batch does not exist or is already undone.
    """
    with writing(engine) as connection:
        _check(connection, batch)
        kept = dialect.materialize(connection, "kept_leads", _select_kept(batch))
        removed = dialect.materialize(connection, "removed_leads", _select_removed(batch, kept))
        restored = _restore(connection, batch, act, removed)
        _remove(connection, batch, act, removed)
        release_keys(connection, batch, removed, kept)
        _withdraw(connection, batch, act, removed, kept)
        connection.execute(
            update(table(ImportBatch))
            .where(table(ImportBatch).c.id == batch)
            .values(undone_at=act.at, undone_by=act.by)
        )
        summary = _summarise(connection, batch, removed, kept, restored)
        for temporary in (kept, removed):
            temporary.drop(connection)
    return summary


def _restore(connection: Connection, batch: int, act: Act, removed: Any) -> frozenset[int]:
    """Restore the remaining leads that the batch, or one undone before, changed; return the restored leads."""
    lead, event, row = table(Lead), table(Event), table(ImportRow)
    held = exists().where(row.c.lead_id == event.c.lead_id, row.c.batch_id == batch)
    qualified = exists().where(lead.c.id == event.c.lead_id, lead.c.qualified_by == "crm")
    created_in_stage = or_(event.c.new.in_(IMPORTED_STAGES), qualified)
    concerned = connection.execute(
        select(event.c.lead_id)
        .where(
            or_(event.c.kind.in_(_CHANGES), and_(event.c.kind == EventKind.CREATED, created_in_stage)),
            or_(event.c.batch_id == batch, and_(is_undone(event.c.batch_id), held)),
            event.c.lead_id.not_in(select(removed.c.lead_id)),
            event.c.lead_id.not_in(select(lead.c.id).where(lead.c.removed_by.is_not(None))),
        )
        .distinct()
        .order_by(event.c.lead_id)
    )
    return _restore_leads(connection, batch, act, list(concerned.scalars()))


def restore_after_act(connection: Connection, leads: Sequence[int], act: Act) -> None:
    """Restore what the remaining imports say about leads after an act was undone."""
    event, row, books = table(Event), table(ImportRow), table(ImportBatch)
    kinds = (*_CHANGES, EventKind.CREATED)
    for group in dialect.batches(sorted(leads)):
        imported = select(row.c.lead_id).where(row.c.lead_id.in_(group)).distinct().order_by(row.c.lead_id)
        concerned = list(connection.execute(imported).scalars())
        if not concerned:
            continue
        undone = (
            select(event.c.batch_id)
            .join(books, books.c.id == event.c.batch_id)
            .where(event.c.lead_id.in_(concerned), event.c.kind.in_(kinds), books.c.undone_at.is_not(None))
            .distinct()
        )
        for batch in sorted(connection.execute(undone).scalars()):
            _restore_leads(connection, batch, act, concerned)
        act_id = reserve_ids(connection, "act")
        records = SourceRows(connection).read(concerned)
        restore_fields(Undoing(connection, NO_BATCH, act, act_id, concerned, records))


def _restore_leads(connection: Connection, batch: int, act: Act, concerned: Sequence[int]) -> frozenset[int]:
    act_id = reserve_ids(connection, "act")
    source_rows = SourceRows(connection, without=batch)
    restored: frozenset[int] = frozenset()
    for leads in dialect.batches(concerned):
        undoing = Undoing(connection, batch, act, act_id, leads, source_rows.read(leads))
        for restore in (restore_fields, restore_stages, restore_contacts, restore_qualification, restore_flags):
            restored |= restore(undoing)
    return restored


def _check(connection: Connection, batch: int) -> None:
    books = table(ImportBatch)
    found = connection.execute(select(books.c.undone_at).where(books.c.id == batch)).first()
    if found is None:
        raise LeadtriageError("import not found", place=f"batch {batch}", hint="run `leadtriage imports`")
    if found.undone_at is not None:
        raise LeadtriageError(f"import already undone on {found.undone_at:%Y-%m-%d}", place=f"batch {batch}")


def _select_kept(batch: int) -> Any:
    """Leads that the batch created and that another act or a remaining import changed."""
    lead, event, row, books = table(Lead), table(Event), table(ImportRow), table(ImportBatch)
    by_people = exists().where(
        event.c.lead_id == lead.c.id,
        or_(event.c.batch_id.is_(None), event.c.batch_id != batch),
        event.c.kind != EventKind.UNDONE,
        or_(event.c.kind.not_in([EventKind.GRADE, EventKind.QUALIFIED]), event.c.changes.is_not(None)),
        ~is_undone(event.c.batch_id),
        ~is_undone_act(event),
    )
    by_import = exists().where(
        row.c.lead_id == lead.c.id, row.c.batch_id != batch, books.c.id == row.c.batch_id, books.c.undone_at.is_(None)
    )
    return select(lead.c.id.label("lead_id")).where(_belongs_to(batch), or_(by_people, by_import))


def _belongs_to(batch: int) -> ColumnElement[bool]:
    """Whether the batch created the lead, or kept it when its first import was undone."""
    lead, row = table(Lead), table(ImportRow)
    held = exists().where(row.c.lead_id == lead.c.id, row.c.batch_id == batch)
    return and_(lead.c.removed_by.is_(None), or_(lead.c.batch_id == batch, and_(held, is_undone(lead.c.batch_id))))


def _select_removed(batch: int, kept: Any) -> Any:
    lead = table(Lead)
    return select(lead.c.id.label("lead_id")).where(
        _belongs_to(batch),
        ~exists().where(kept.c.lead_id == lead.c.id),
    )


def _remove(connection: Connection, batch: int, act: Act, removed: Any) -> None:
    """Hide the leads that the batch created."""
    lead = table(Lead)
    gone = select(removed.c.lead_id)
    act_id = reserve_ids(connection, "act")
    connection.execute(update(lead).where(lead.c.id.in_(gone)).values(removed_by=act_id, changed_at=act.recorded_at))
    events = select(*event_columns(EventKind.REMOVED, lead_id=removed.c.lead_id)).subquery()
    write_events_of_leads(connection, act, batch, events)


def _withdraw(connection: Connection, batch: int, act: Act, removed: Any, kept: Any) -> None:
    """Withdraw the flags and contacts of the batch. Contacts of kept leads still count."""
    nomination, touch, origin = table(Nomination), table(Touch), table(FieldOrigin)
    created_with = touch.c.lead_id.in_(select(kept.c.lead_id))
    for rows, counts in ((nomination, literal(True)), (touch, ~created_with)):
        connection.execute(
            update(rows)
            .where(and_(rows.c.batch_id == batch, rows.c.withdrawn_at.is_(None), counts))
            .values(withdrawn_at=act.recorded_at)
        )
    connection.execute(delete(origin).where(origin.c.lead_id.in_(select(removed.c.lead_id))))


def _summarise(connection: Connection, batch: int, removed: Any, kept: Any, restored: frozenset[int]) -> UndoSummary:
    lead = table(Lead)
    rows: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    groups: tuple[tuple[str, list[int]], ...] = (
        ("removed", list(connection.execute(select(removed.c.lead_id)).scalars())),
        ("restored", sorted(restored)),
        ("kept", list(connection.execute(select(kept.c.lead_id)).scalars())),
    )
    for what, ids in groups:
        counts[what] = len(ids)
        listed = select(lead.c.id, lead.c.name, lead.c.company).where(lead.c.id.in_(ids[:_LISTED])).order_by(lead.c.id)
        rows += [{"what": what, **row._mapping} for row in connection.execute(listed)]
    columns = (
        Column("what", "what", keep=90),
        Column("id", "id", keep=100, align="right"),
        Column("name", "name", keep=80),
        Column("company", "company", keep=60),
    )
    return UndoSummary(
        batch,
        counts["removed"],
        counts["restored"],
        counts["kept"],
        Table("undone", columns, tuple(rows), total=sum(counts.values())),
    )


def release_keys(connection: Connection, batch: int, removed: Any, kept: Any) -> None:
    """Release the keys of a batch, after the values of its leads are restored.

    Removed leads lose their keys; kept leads keep them. Other leads lose the keys that only the batch gave them. A key
    that a removed lead shared with a likely duplicate passes to the duplicate.
    """
    key, pair = table(LeadKey), table(LikelyDuplicate)
    gone, staying = select(removed.c.lead_id), select(kept.c.lead_id)
    heirs = _find_heirs(connection, removed)
    connection.execute(delete(key).where(key.c.lead_id.in_(gone)))
    from_batch = connection.execute(
        select(key.c.key, key.c.lead_id).where(
            key.c.batch_id == batch, key.c.lead_id.not_in(staying), key.c.original_lead_id.not_in(staying)
        )
    ).all()
    own = dict(read_keys(connection, sorted({line.lead_id for line in from_batch})))
    for group in dialect.batches([line.key for line in from_batch if line.key not in own[line.lead_id]]):
        connection.execute(delete(key).where(key.c.key.in_(group)))
    connection.execute(
        delete(pair).where(
            or_(
                pair.c.lead_id.in_(gone),
                pair.c.other_lead_id.in_(gone),
                and_(pair.c.batch_id == batch, pair.c.lead_id.not_in(staying), pair.c.other_lead_id.not_in(staying)),
            )
        )
    )
    passed_on = [
        {"key": name, "lead_id": lead_id, "original_lead_id": lead_id, "batch_id": None}
        for lead_id, names in read_keys(connection, heirs)
        for name in names
    ]
    if passed_on:
        connection.execute(dialect.upsert(connection.dialect, key).on_conflict_do_nothing(), passed_on)


def _find_heirs(connection: Connection, removed: Any) -> list[int]:
    """The remaining leads that share a key with a removed lead."""
    pair = table(LikelyDuplicate)
    gone = select(removed.c.lead_id)
    heirs = select(pair.c.lead_id).where(pair.c.other_lead_id.in_(gone), pair.c.lead_id.not_in(gone))
    others = select(pair.c.other_lead_id).where(pair.c.lead_id.in_(gone), pair.c.other_lead_id.not_in(gone))
    return sorted(connection.execute(heirs.union(others)).scalars())


def read_keys(connection: Connection, leads: list[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield each lead with the keys of its current values."""
    lead = table(Lead)
    columns = (
        lead.c[name] for name in ("id", "name", "company", "crm_id", "email", "other_emails", "phone", "other_phones")
    )
    query = select(*columns)
    for group in dialect.batches(leads):
        for row in connection.execute(query.where(lead.c.id.in_(group))):
            yield row.id, list(_name_keys(row))


def _name_keys(lead: Any) -> Iterator[str]:
    folded = fold(lead.name or lead.company or "")
    if lead.crm_id:
        yield f"i:{lead.crm_id}"
    for address in split_list(lead.email, lead.other_emails):
        for email in parse_emails(address):
            name = email_key(email, folded)
            if name:
                yield name
    for phone in split_list(lead.phone, lead.other_phones):
        yield f"p:{phone_digits_key(phone)}|{folded}"


def split_list(first: str | None, others: str | None) -> list[str]:
    """The first value and the comma-separated others of a field."""
    return [text for text in (first, *(others or "").split(", ")) if text]
