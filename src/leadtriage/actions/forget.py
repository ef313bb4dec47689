"""Erases a person: the one act that changes the history and cannot be taken back.

What stays says that somebody was here and what became of it, never who. A keyed hash of what identified the person lets
later imports reject them (`importing.forgotten`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, delete, exists, insert, not_, or_, select, union, update

from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadNotFound, LeadtriageError
from leadtriage.core.vocabulary import EventKind, PairWord
from leadtriage.criteria import Criteria
from leadtriage.db import (
    LEAD_TABLES,
    PERSONAL_TABLES,
    Erasing,
    Event,
    ImportBatch,
    ImportReject,
    ImportRow,
    Lead,
    LeadKey,
    LikelyDuplicate,
    PairDecision,
    find_leads_of_person,
    table,
)
from leadtriage.db.dialect import backend
from leadtriage.importing import Identity, find_rejects, mentions, read_identity, remember_forgotten

_lead, _event, _pair = table(Lead), table(Event), table(PairDecision)
_row, _reject, _key = table(ImportRow), table(ImportReject), table(LeadKey)

_STAY = ("id", "stage", "created_on", "imported_on", "worked_here", "batch_id", "observed_at", "changed_at")
"""Columns of `lead` that tell nothing of the person."""

_OUR_WORDS = [
    kind.value
    for kind in EventKind
    if kind not in (EventKind.FIELD, EventKind.STATUS, EventKind.OWNER, EventKind.PUT_OFF, EventKind.UNDONE)
]
"""Lines of the history whose values are ours: stages, grades, verdicts, reasons, days of contact, numbers of leads."""

_ERASED_TEXT = "erased"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased.

    Attributes:
        lead_ids: the lead, and those that were merged into it.
        rows, rejects, events, touches, verdicts: how many rows of each were emptied.
        keys: how many hashes were kept.
        files: the names of the imported files that told of the person.
        alike: leads that have an address or number of the person and were left as they are.
        wiped: whether the database's files hold nothing of it any more; else another command was in the way.
    """

    lead_ids: tuple[int, ...]
    rows: int
    rejects: int
    events: int
    touches: int
    verdicts: int
    keys: int
    files: tuple[str, ...]
    alike: tuple[int, ...]
    wiped: bool


def forget_person(engine: Engine, criteria: Criteria, act: Act, lead_id: int) -> Erasure:
    """Erase the person that a lead is, with all leads that were merged into it or that it was merged into.

    The leads stay as empty rows that no list shows, their history as lines without content.

    Raises:
        LeadtriageError: there is no such lead, or it was forgotten before.
    """
    with unit_of_work(engine, criteria, act) as work:
        connection = work.connection
        ids = find_leads_of_person(connection, lead_id)
        _require_somebody(work, lead_id)
        identity = read_identity(connection, ids)
        files, texts = _read_files(connection, ids), _read_texts(connection, ids, identity)
        alike = _find_alike(connection, ids, identity)
        keys = remember_forgotten(connection, identity.keys, act.as_of)
        connection.execute(insert(table(Erasing)).values(act=work.id))
        events = _erase_history(connection, ids)
        connection.execute(delete(table(Erasing)))
        rows, rejects = _empty_rows(connection, ids), _empty_rejects(connection, identity, act)
        erased = _erase_lead_tables(connection, ids)
        work.record([LeadChange(each, EventKind.FORGOTTEN) for each in ids])
        _empty_leads(work, ids)
    wiped = backend(engine).wipe_free_space(engine, texts, [table(model).name for model in PERSONAL_TABLES])
    return Erasure(tuple(ids), rows, rejects, events, erased["touches"], erased["verdicts"], keys, files, alike, wiped)


def _require_somebody(work: UnitOfWork, lead_id: int) -> None:
    erased = select(_event.c.at).where(_event.c.lead_id == lead_id, _event.c.kind == EventKind.FORGOTTEN)
    at = work.connection.execute(erased.limit(1)).scalar()
    if at is not None:
        raise LeadtriageError(f"this person was forgotten on {at:%Y-%m-%d}", place=f"lead {lead_id}")
    if not work.read_leads([lead_id]):
        raise LeadNotFound(f"there is no lead {lead_id}", hint="look for it: leadtriage find TEXT")


def _read_files(connection: Connection, ids: Sequence[int]) -> tuple[str, ...]:
    books = table(ImportBatch)
    named = select(books.c.file).join(_row, _row.c.batch_id == books.c.id).where(_row.c.lead_id.in_(ids)).distinct()
    return tuple(sorted(connection.execute(named).scalars()))


def _read_texts(connection: Connection, ids: Sequence[int], identity: Identity) -> set[str]:
    """What must not be found in the database's files afterwards: all that nobody else has."""
    books, other = table(ImportBatch), _lead.alias("other")
    texts = set(identity.emails)
    cells = select(_row.c.cells, books.c.system).join(books, books.c.id == _row.c.batch_id)
    for line in connection.execute(cells.where(_row.c.lead_id.in_(ids))):
        texts |= {cell.strip() for cell in line.cells if mentions(cell, None, identity)}
    shared = exists().where(other.c.name_comparable == _lead.c.name_comparable, other.c.id.not_in(ids))
    texts |= set(connection.execute(select(_lead.c.name).where(_lead.c.id.in_(ids), ~shared)).scalars()) - {None}
    return texts


def _find_alike(connection: Connection, ids: Sequence[int], identity: Identity) -> tuple[int, ...]:
    pair = table(LikelyDuplicate)
    phones = select(_lead.c.phone).where(_lead.c.id.in_(ids), _lead.c.phone.is_not(None))
    paired = union(
        select(pair.c.other_lead_id).where(pair.c.lead_id.in_(ids)),
        select(pair.c.lead_id).where(pair.c.other_lead_id.in_(ids)),
    )
    same = or_(_lead.c.email.in_(sorted(identity.emails)), _lead.c.phone.in_(phones), _lead.c.id.in_(paired))
    found = select(_lead.c.id).where(same, _lead.c.id.not_in(ids), _lead.c.removed_by.is_(None))
    return tuple(connection.execute(found.order_by(_lead.c.id)).scalars())


def _erase_history(connection: Connection, ids: Sequence[int]) -> int:
    """Empty the lines of the leads, and those that a merge which was taken back has left on another lead."""
    merged = (_pair.c.decision == PairWord.MERGED.value, or_(_pair.c.lead_id.in_(ids), _pair.c.other_lead_id.in_(ids)))
    pairs = connection.execute(select(_pair.c.act, _pair.c.lead_id, _pair.c.other_lead_id).where(*merged)).all()
    acts = sorted({pair.act for pair in pairs})
    others = sorted({lead_id for pair in pairs for lead_id in (pair.lead_id, pair.other_lead_id)} - set(ids))
    theirs = and_(_event.c.lead_id.in_(others), or_(_event.c.act.in_(acts), _event.c.undoes.in_(acts)))
    lines = or_(_event.c.lead_id.in_(ids), theirs)
    emptied = connection.execute(update(_event).where(lines).values(note=None, changes=None)).rowcount
    ours = or_(
        _event.c.kind.in_(_OUR_WORDS), and_(_event.c.kind == EventKind.UNDONE.value, _event.c.field.in_(_OUR_WORDS))
    )
    connection.execute(update(_event).where(lines, not_(ours)).values(old=None, new=None))
    return int(emptied)


def _empty_rows(connection: Connection, ids: Sequence[int]) -> int:
    rows = connection.execute(select(_row).where(_row.c.lead_id.in_(ids))).all()
    if rows:
        place = [_row.c[name] == bindparam(f"of_{name}") for name in ("lead_id", "batch_id", "line")]
        connection.execute(
            update(_row).where(*place).values(cells=bindparam("nothing", type_=_row.c.cells.type)),
            [
                {"of_lead_id": row.lead_id, "of_batch_id": row.batch_id, "of_line": row.line, "nothing": _empty(row)}
                for row in rows
            ],
        )
    return len(rows)


def _empty_rejects(connection: Connection, identity: Identity, act: Act) -> int:
    rows = list(find_rejects(connection, identity))
    if rows:
        place = [_reject.c[name] == bindparam(f"of_{name}") for name in ("batch_id", "line")]
        why = f"this person asked to be forgotten on {act.as_of}"
        connection.execute(
            update(_reject).where(*place).values(reason=why, cells=bindparam("nothing", type_=_reject.c.cells.type)),
            [{"of_batch_id": batch, "of_line": line, "nothing": [""] * len(cells)} for batch, line, cells in rows],
        )
    return len(rows)


def _empty(row: Any) -> list[str]:
    return [""] * len(row.cells)


def _erase_lead_tables(connection: Connection, ids: Sequence[int]) -> dict[str, int]:
    """Erase the rows of the leads, except what reports count, and return their numbers by table."""
    erased = {}
    for each in LEAD_TABLES:
        rows = table(each.model)
        change = update(rows).values(each.erased) if each.erased else delete(rows)
        erased[each.key] = int(connection.execute(change.where(each.belongs_to(ids))).rowcount)
    return erased


def _empty_leads(work: UnitOfWork, ids: Sequence[int]) -> None:
    nothing: dict[str, Any] = {column.name: None for column in _lead.c if column.name not in _STAY}
    values = nothing | {"removed_by": work.id, "changed_at": work.act.recorded_at}
    work.connection.execute(update(_lead).where(_lead.c.id.in_(ids)).values(values))
