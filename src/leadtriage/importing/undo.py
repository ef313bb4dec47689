"""Takes an import back: hides what it made and restores what it changed, but for what was changed since.

Nothing is deleted from the history: the undoing is told by events of its own. Keys are released, so that the same
file can be imported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    String,
    and_,
    delete,
    exists,
    literal,
    or_,
    select,
    update,
)

from leadtriage.act import Act
from leadtriage.db import dialect
from leadtriage.db.engine import writing
from leadtriage.db.ids import reserve_ids
from leadtriage.db.schema import (
    Event,
    FieldOrigin,
    ImportBatch,
    ImportRow,
    Lead,
    Nomination,
    Touch,
    table,
)
from leadtriage.errors import LeadtriageError
from leadtriage.importing.merge import write_events_of_leads
from leadtriage.importing.releasing import release_keys
from leadtriage.importing.rereading import KeptRows
from leadtriage.importing.restoring import NO_BATCH, Undoing, is_retracted, restore_fields
from leadtriage.importing.retelling import TOLD_STAGES
from leadtriage.importing.standing import (
    restore_contacts,
    restore_nominations,
    restore_qualification,
    restore_stages,
)
from leadtriage.tabular import Column, Table
from leadtriage.vocabulary import EventKind

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
    """What taking a batch back did: leads hidden, leads with values restored, leads kept because of later changes."""

    batch: int
    removed: int
    restored: int
    kept: int
    leads: Table


def undo_batch(engine: Engine, batch: int, act: Act) -> UndoSummary:
    """Take an import back.

    Raises:
        LeadtriageError: there is no such batch, or it was taken back before.
    """
    with writing(engine) as connection:
        _check(connection, batch)
        kept = dialect.keep(connection, "kept_leads", _made_and_changed_since(batch))
        removed = dialect.keep(connection, "removed_leads", _made(batch, kept))
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
    """Restore what the batch changed of leads that stay, or kept as another made it that was undone before.

    Returns:
        The leads of which something is restored.
    """
    lead, event, row = table(Lead), table(Event), table(ImportRow)
    held = exists().where(row.c.lead_id == event.c.lead_id, row.c.batch_id == batch)
    qualified = exists().where(lead.c.id == event.c.lead_id, lead.c.qualified_by == "crm")
    came_in_as_told = or_(event.c.new.in_(TOLD_STAGES), qualified)
    concerned = connection.execute(
        select(event.c.lead_id)
        .where(
            or_(event.c.kind.in_(_CHANGES), and_(event.c.kind == EventKind.CREATED, came_in_as_told)),
            or_(event.c.batch_id == batch, and_(event.c.batch_id.is_not(None), ~_stands(event.c.batch_id), held)),
            event.c.lead_id.not_in(select(removed.c.lead_id)),
            event.c.lead_id.not_in(select(lead.c.id).where(lead.c.removed_by.is_not(None))),
        )
        .distinct()
        .order_by(event.c.lead_id)
    )
    return _restore_leads(connection, batch, act, list(concerned.scalars()))


def restore_after_act(connection: Connection, leads: Sequence[int], act: Act) -> None:
    """Let some leads be as imports say after an act was taken back: what it had hidden, and nothing of undone ones."""
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
        undoing = Undoing(NO_BATCH, act, reserve_ids(connection, "act"))
        restore_fields(connection, undoing, concerned, KeptRows(connection).read(concerned))


def _restore_leads(connection: Connection, batch: int, act: Act, concerned: Sequence[int]) -> frozenset[int]:
    undoing = Undoing(batch, act, reserve_ids(connection, "act"))
    kept_rows = KeptRows(connection, without=batch)
    restored: frozenset[int] = frozenset()
    for leads in dialect.batches(concerned):
        statements = kept_rows.read(leads)
        for restore in (
            restore_fields,
            restore_stages,
            restore_contacts,
            restore_qualification,
            restore_nominations,
        ):
            restored |= restore(connection, undoing, leads, statements)
    return restored


def _check(connection: Connection, batch: int) -> None:
    books = table(ImportBatch)
    found = connection.execute(select(books.c.undone_at).where(books.c.id == batch)).first()
    if found is None:
        raise LeadtriageError("there is no such import", place=f"batch {batch}", hint="see: leadtriage imports")
    if found.undone_at is not None:
        raise LeadtriageError(f"it was undone on {found.undone_at:%Y-%m-%d}", place=f"batch {batch}")


def _made_and_changed_since(batch: int) -> Any:
    """Leads that the batch made and that another act or a later import that stands has touched."""
    lead, event, row, books = table(Lead), table(Event), table(ImportRow), table(ImportBatch)
    by_people = exists().where(
        event.c.lead_id == lead.c.id,
        or_(event.c.batch_id.is_(None), event.c.batch_id != batch),
        event.c.kind != EventKind.UNDONE,
        or_(event.c.kind.not_in([EventKind.GRADE, EventKind.QUALIFIED]), event.c.changes.is_not(None)),
        or_(event.c.batch_id.is_(None), _stands(event.c.batch_id)),
        ~is_retracted(event),
    )
    by_import = exists().where(
        row.c.lead_id == lead.c.id, row.c.batch_id != batch, books.c.id == row.c.batch_id, books.c.undone_at.is_(None)
    )
    return select(lead.c.id.label("lead_id")).where(_is_of(batch), or_(by_people, by_import))


def _is_of(batch: int) -> ColumnElement[bool]:
    """Whether a lead is there because of the batch: it made it, or kept it when the one that made it was undone."""
    lead, row = table(Lead), table(ImportRow)
    held = exists().where(row.c.lead_id == lead.c.id, row.c.batch_id == batch)
    made_by_undone = and_(lead.c.batch_id.is_not(None), ~_stands(lead.c.batch_id))
    return and_(lead.c.removed_by.is_(None), or_(lead.c.batch_id == batch, and_(held, made_by_undone)))


def _stands(batch_id: ColumnElement[int]) -> ColumnElement[bool]:
    books = table(ImportBatch).alias("standing")
    return exists().where(books.c.id == batch_id, books.c.undone_at.is_(None))


def _made(batch: int, kept: Any) -> Any:
    lead = table(Lead)
    return select(lead.c.id.label("lead_id")).where(
        _is_of(batch),
        ~exists().where(kept.c.lead_id == lead.c.id),
    )


def _remove(connection: Connection, batch: int, act: Act, removed: Any) -> None:
    """Hide the leads that the batch made."""
    lead = table(Lead)
    gone = select(removed.c.lead_id)
    act_id = reserve_ids(connection, "act")
    connection.execute(update(lead).where(lead.c.id.in_(gone)).values(removed_by=act_id, changed_at=act.recorded_at))
    nothing = literal(None, String)
    write_events_of_leads(
        connection,
        act,
        batch,
        select(
            removed.c.lead_id,
            literal(EventKind.REMOVED.value).label("kind"),
            nothing.label("field"),
            nothing.label("old"),
            nothing.label("new"),
        ).subquery(),
    )


def _withdraw(connection: Connection, batch: int, act: Act, removed: Any, kept: Any) -> None:
    """Nominations and touches of the batch no longer count; what they said stays in the history.

    The contact with which a lead came in counts as long as the lead is there.
    """
    nomination, touch, origin = table(Nomination), table(Touch), table(FieldOrigin)
    came_in = touch.c.lead_id.in_(select(kept.c.lead_id))
    for rows, counts in ((nomination, literal(True)), (touch, ~came_in)):
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
