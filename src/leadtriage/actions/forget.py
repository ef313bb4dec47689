"""Erase a person. This is the only act that changes the history, and it cannot be undone.

What stays shows that a lead existed and how it ended, never who it was. Keyed hashes of what identified the person let
later imports reject them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    not_,
    or_,
    select,
    union,
    update,
)

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
    LikelyDuplicate,
    PairDecision,
    find_leads_of_person,
    table,
)
from leadtriage.db.dialect import backend
from leadtriage.importing import Identity, find_rejects, matches_identity, read_identity, store_forgotten

_lead, _event, _pair = table(Lead), table(Event), table(PairDecision)
_row, _reject = table(ImportRow), table(ImportReject)

_KEPT_COLUMNS = ("id", "stage", "created_on", "imported_on", "worked_here", "batch_id", "observed_at", "changed_at")
"""Columns of `lead` that say nothing about the person."""

_IMPERSONAL_KINDS = [
    kind.value
    for kind in EventKind
    if kind not in (EventKind.FIELD, EventKind.STATUS, EventKind.OWNER, EventKind.PUT_OFF, EventKind.UNDONE)
]
"""Kinds of events whose values are our own words: stages, grades, verdicts, reasons, contact days, lead ids."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased.

    Attributes:
        lead_ids: the lead and all leads merged with it.
        rows, rejects, events, touches, verdicts: how many rows of each were emptied.
        keys: how many hashes were stored.
        files: the imported files that contain the person.
        alike: untouched leads with an address or number of the person.
        wiped: whether the database files hold no trace; False if another command was in the way.
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
    """Erase the person of a lead and of all leads merged with it.

    The leads stay as hidden, empty rows, and their events without content.

    Raises:
        LeadtriageError: the lead does not exist, or was erased before.
    """
    with unit_of_work(engine, criteria, act) as work:
        connection = work.connection
        ids = find_leads_of_person(connection, lead_id)
        _require_somebody(work, lead_id)
        identity = read_identity(connection, ids)
        files, texts = _read_files(connection, ids), _read_texts(connection, ids, identity)
        alike = _find_alike(connection, ids, identity)
        keys = store_forgotten(connection, identity.keys, act.as_of)
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
    batch = table(ImportBatch)
    named = select(batch.c.file).join(_row, _row.c.batch_id == batch.c.id).where(_row.c.lead_id.in_(ids)).distinct()
    return tuple(sorted(connection.execute(named).scalars()))


def _read_texts(connection: Connection, ids: Sequence[int], identity: Identity) -> set[str]:
    """The texts that must be gone from the database files: those that nobody else has."""
    other = _lead.alias("other")
    texts = set(identity.emails)
    cells = select(_row.c.cells).where(_row.c.lead_id.in_(ids))
    for row in connection.execute(cells).scalars():
        texts |= {cell.strip() for cell in row if matches_identity(cell, None, identity)}
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
    """Empty the events of the leads, and those that an undone merge left on another lead."""
    merged = (_pair.c.decision == PairWord.MERGED.value, or_(_pair.c.lead_id.in_(ids), _pair.c.other_lead_id.in_(ids)))
    pairs = connection.execute(select(_pair.c.act, _pair.c.lead_id, _pair.c.other_lead_id).where(*merged)).all()
    acts = sorted({pair.act for pair in pairs})
    others = sorted({lead_id for pair in pairs for lead_id in (pair.lead_id, pair.other_lead_id)} - set(ids))
    theirs = and_(_event.c.lead_id.in_(others), or_(_event.c.act.in_(acts), _event.c.undoes.in_(acts)))
    lines = or_(_event.c.lead_id.in_(ids), theirs)
    emptied = connection.execute(update(_event).where(lines).values(note=None, changes=None)).rowcount
    undone = and_(_event.c.kind == EventKind.UNDONE.value, _event.c.field.in_(_IMPERSONAL_KINDS))
    ours = or_(_event.c.kind.in_(_IMPERSONAL_KINDS), undone)
    connection.execute(update(_event).where(lines, not_(ours)).values(old=None, new=None))
    return int(emptied)


def _empty_rows(connection: Connection, ids: Sequence[int]) -> int:
    rows = connection.execute(select(_row).where(_row.c.lead_id.in_(ids))).all()
    keys = [{"lead_id": row.lead_id, "batch_id": row.batch_id, "line": row.line} for row in rows]
    return _empty_cells(connection, _row, keys, [row.cells for row in rows])


def _empty_rejects(connection: Connection, identity: Identity, act: Act) -> int:
    rows = list(find_rejects(connection, identity))
    keys = [{"batch_id": batch, "line": line} for batch, line, _ in rows]
    why = f"this person asked to be forgotten on {act.as_of}"
    return _empty_cells(connection, _reject, keys, [cells for *_, cells in rows], reason=why)


def _empty_cells(
    connection: Connection, rows: Table, keys: Sequence[dict[str, int]], cells: Sequence[Sequence[str]], **values: str
) -> int:
    """Empty the cells of the rows with these keys, set other values, and return how many rows there are."""
    if keys:
        place = [rows.c[name] == bindparam(f"of_{name}") for name in keys[0]]
        statement = update(rows).where(*place).values(cells=bindparam("empty", type_=rows.c.cells.type), **values)
        connection.execute(
            statement,
            [
                {**{f"of_{name}": value for name, value in key.items()}, "empty": [""] * len(row)}
                for key, row in zip(keys, cells, strict=True)
            ],
        )
    return len(keys)


def _erase_lead_tables(connection: Connection, ids: Sequence[int]) -> dict[str, int]:
    """Erase the rows of the leads, except what reports count, and return their numbers by table."""
    erased = {}
    for each in LEAD_TABLES:
        rows = table(each.model)
        change = update(rows).values(each.erased) if each.erased else delete(rows)
        erased[each.key] = int(connection.execute(change.where(each.belongs_to(ids))).rowcount)
    return erased


def _empty_leads(work: UnitOfWork, ids: Sequence[int]) -> None:
    nothing: dict[str, Any] = {column.name: None for column in _lead.c if column.name not in _KEPT_COLUMNS}
    values = nothing | {"removed_by": work.id, "changed_at": work.act.recorded_at}
    work.connection.execute(update(_lead).where(_lead.c.id.in_(ids)).values(values))
