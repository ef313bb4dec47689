"""Looks after a database: what is in it, and whether what it holds agrees with itself. Repairs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from leadtriage.db.invariants import find_broken_chains, find_circles, find_disagreements
from leadtriage.db.revision import read_revision
from leadtriage.db.schema import (
    Event,
    ImportBatch,
    ImportReject,
    ImportRow,
    Lead,
    LeadKey,
    LeadScore,
    ScoreRun,
    table,
)
from leadtriage.db.storage import database_file, describe_storage, find_damage
from leadtriage.db.views import find_other_views
from leadtriage.tabular import Cell, Column, Table
from leadtriage.vocabulary import OPEN_STAGES, Dimension, EventKind, Grade

_lead, _score, _event = table(Lead), table(LeadScore), table(Event)
_batch, _row, _reject = table(ImportBatch), table(ImportRow), table(ImportReject)

_FACTS = {
    "path": "Database",
    "system": "System",
    "size_bytes": "Size in bytes",
    "revision": "Revision of its tables",
    "journal": "Journal",
    "leads": "Leads",
    "open": "of these open",
    "scored": "of these scored",
    "events": "Events",
    "imports": "Imports",
    "import_rows": "Imported rows",
    "last_score": "Last scored",
    "last_score_as_of": "as of",
}


def describe_database(connection: Connection) -> Table:
    """One row that says what a database is and holds. Keys: those of `_FACTS`, in that order; no password."""
    storage = describe_storage(connection)
    visible = and_(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))
    runs = table(ScoreRun)
    last = connection.execute(select(runs.c.at, runs.c.as_of).order_by(runs.c.id.desc()).limit(1)).first()
    facts: dict[str, Cell] = {
        "path": str(database_file(connection.engine) or connection.engine.url.render_as_string()),
        "system": storage.system,
        "size_bytes": storage.size,
        "revision": read_revision(connection),
        "journal": storage.journal,
        "leads": _count(connection, _lead, visible),
        "open": _count(connection, _lead, visible, _lead.c.stage.in_(OPEN_STAGES)),
        "scored": _count(connection, _score),
        "events": _count(connection, _event),
        "imports": _count(connection, _batch, _batch.c.undone_at.is_(None)),
        "import_rows": _count(connection, _row),
        "last_score": last.at if last else None,
        "last_score_as_of": last.as_of if last else None,
    }
    return Table("Database", tuple(Column(key, label) for key, label in _FACTS.items()), (facts,))


def _count(connection: Connection, of: Any, *where: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(of).where(*where)).scalar_one()


def check_database(connection: Connection) -> Table:
    """Check that the file is sound and that what it holds agrees. Columns: `check`, `found`, `result`.

    `found` is the number of things that are wrong, `result` is `ok` or what the first of them are.
    """
    damage = find_damage(connection)
    rows: list[dict[str, Cell]] = [
        {"check": "the file is sound", "found": len(damage), "result": "; ".join(damage) or "ok"}
    ]
    for name, what, broken in (*_agreements(), *find_disagreements()):
        ids = connection.execute(broken.limit(_MOST_NAMED + 1)).scalars().all()
        found = connection.execute(select(func.count()).select_from(broken.subquery())).scalar_one() if ids else 0
        rows.append(_say_found(name, what, ids, found))
    for name, wrong in (
        ("merges go round in no circle", find_circles(connection)),
        ("every lead is as the acts in its history have left it", find_broken_chains(connection)),
    ):
        rows.append(_say_found(name, "leads", wrong, len(wrong)))
    changed = find_other_views(connection)
    said = f"{', '.join(changed)}: run leadtriage db upgrade" if changed else "ok"
    rows.append({"check": "the views for other tools are as they were made", "found": len(changed), "result": said})
    columns = (Column("check", "Check", 90), Column("found", "Wrong", 80, "right"), Column("result", "Result", 70))
    return Table("Checks", columns, tuple(rows))


_MOST_NAMED = 5


def _say_found(name: str, what: str, ids: Sequence[int], found: int) -> dict[str, Cell]:
    more = " ..." if len(ids) > _MOST_NAMED else ""
    named = ", ".join(str(each) for each in ids[:_MOST_NAMED])
    return {"check": name, "found": found, "result": f"{what} {named}{more}" if ids else "ok"}


def _agreements() -> Iterator[tuple[str, str, Select[Any]]]:
    """What must hold, what the ids name, and a query of the ids for which it does not."""
    created = select(_event.c.lead_id).where(_event.c.kind == EventKind.CREATED)
    yield "every lead has the event that made it", "leads", select(_lead.c.id).where(_lead.c.id.not_in(created))
    imported = select(_row.c.lead_id).where(_row.c.lead_id == _lead.c.id, _row.c.batch_id == _lead.c.batch_id)
    yield (
        "every imported lead has the row that it came from",
        "leads",
        select(_lead.c.id).where(_lead.c.batch_id.is_not(None), not_(imported.exists())),
    )
    for name, child in (("event", _event), ("imported row", _row), ("key", table(LeadKey)), ("score", _score)):
        orphans = select(child.c.lead_id).distinct().where(child.c.lead_id.not_in(select(_lead.c.id)))
        yield f"every {name} belongs to a lead", "leads", orphans
    outcomes = _batch.c.created + _batch.c.updated + _batch.c.unchanged + _batch.c.merged + _batch.c.rejected
    stored = select(func.count()).where(_row.c.batch_id == _batch.c.id).scalar_subquery()
    rejected = select(func.count()).where(_reject.c.batch_id == _batch.c.id).scalar_subquery()
    yield "the counts of every import add up", "batches", select(_batch.c.id).where(_batch.c.rows != outcomes)
    yield (
        "every imported row is kept",
        "batches",
        select(_batch.c.id).where(or_(_batch.c.rows != stored + rejected, _batch.c.rejected != rejected)),
    )
    added: ColumnElement[Any] = _score.c.fit
    for dimension in tuple(Dimension)[1:]:
        added = added + _score.c[dimension.value]
    yield (
        "the five dimensions of every score add up to it",
        "leads",
        select(_score.c.lead_id).where(_score.c.score != added),
    )
    yield (
        "every score is one that can be",
        "leads",
        select(_score.c.lead_id).where(
            or_(
                _score.c.score > _score.c.ceiling,
                not_(_score.c.known.between(0, 1)),
                _score.c.grade.not_in(list(Grade)),
            )
        ),
    )
