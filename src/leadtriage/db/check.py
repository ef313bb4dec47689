"""Looks after a database: what is in it, and whether what it holds agrees with itself. Repairs nothing.

What must hold between leads, what people did to them, and the history of it. `care` asks it of a whole database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, not_, or_, select

from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.vocabulary import OPEN_STAGES, Dimension, EventKind, Grade, Stage, VerdictKind, VerdictWord
from leadtriage.db.dialect import batches, database_file, describe_storage, find_damage
from leadtriage.db.engine import read_revision
from leadtriage.db.tables.decisions import Erasing, PairDecision, PutOff, Verdict
from leadtriage.db.tables.history import Event, ImportBatch, ImportReject, ImportRow, LeadKey, Nomination, Touch
from leadtriage.db.tables.lead import Lead, table
from leadtriage.db.tables.scores import LeadScore, ScoreRun
from leadtriage.db.views import find_other_views

_lead, _event, _verdict = table(Lead), table(Event), table(Verdict)
_there = and_(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))

_RECKONED = tuple(
    "first_touch_on last_touch_on contact_dated qualified_on qualified_by closed_on shelf_from nurture_until"
    " nurture_reason parked_on".split()
)
"""Columns that the undoing of an import reckons anew from what is left, without a line of their own."""

_CHANGE_NOTHING = (EventKind.CREATED, EventKind.GRADE, EventKind.NOMINATED)


def find_disagreements() -> Iterator[tuple[str, str, Select[Any]]]:
    """What must hold, what the ids name, and a query of the ids for which it does not."""
    yield "every lead has the stage that its history ends with", "leads", _other_stage()
    hidden = select(_lead.c.id).where(not_(_there))
    key = table(LeadKey)
    yield "every key leads to a lead that is there", "leads", select(key.c.lead_id).where(key.c.lead_id.in_(hidden))
    yield from _verdicts()
    target = _lead.alias("target")
    gone = or_(target.c.id.is_(None), target.c.removed_by.is_not(None))
    merged = select(_lead.c.id).join(target, target.c.id == _lead.c.merged_into, isouter=True)
    yield (
        "every merged lead leads to one that is there",
        "leads",
        merged.where(_lead.c.merged_into.is_not(None), gone),
    )
    for name, child in (
        ("touch", table(Touch)),
        ("nomination", table(Nomination)),
        ("verdict", _verdict),
        ("question put off", table(PutOff)),
        ("decision on a pair", table(PairDecision)),
    ):
        yield (
            f"every {name} belongs to a lead",
            "leads",
            select(child.c.lead_id).where(child.c.lead_id.not_in(select(_lead.c.id))),
        )
        yield (
            f"no {name} counts whose act was taken back",
            "leads",
            select(child.c.lead_id)
            .join(_event, and_(_event.c.undoes == child.c.act, _event.c.lead_id == child.c.lead_id))
            .where(child.c.withdrawn_at.is_(None)),
        )
    forgotten = select(_event.c.lead_id).where(_event.c.kind == EventKind.FORGOTTEN)
    known = or_(_lead.c.name.is_not(None), _lead.c.email.is_not(None), _lead.c.removed_by.is_(None))
    yield "nothing is known of who was forgotten", "leads", select(_lead.c.id).where(_lead.c.id.in_(forgotten), known)
    yield "the history is not open to changes", "acts", select(table(Erasing).c.act)


def _other_stage() -> Select[Any]:
    moves = or_(
        _event.c.kind.in_([EventKind.CREATED, EventKind.STAGE]),
        and_(_event.c.kind == EventKind.UNDONE, _event.c.field == EventKind.STAGE.value),
    )
    last = select(_event.c.lead_id, func.max(_event.c.id).label("id")).where(moves).group_by(_event.c.lead_id)
    ends = last.subquery()
    return (
        select(_lead.c.id)
        .join(ends, ends.c.lead_id == _lead.c.id)
        .join(_event, and_(_event.c.lead_id == ends.c.lead_id, _event.c.id == ends.c.id))
        .where(_lead.c.removed_by.is_(None), _lead.c.stage != _event.c.new)
    )


def _verdicts() -> Iterator[tuple[str, str, Select[Any]]]:
    """A verdict of junk closes the lead, and nothing else does, but how it came in."""
    standing = and_(_verdict.c.kind == VerdictKind.REVIEW.value, _verdict.c.withdrawn_at.is_(None))
    last = select(_verdict.c.lead_id, func.max(_verdict.c.id).label("id")).where(standing).group_by(_verdict.c.lead_id)
    newest = last.subquery()
    same = and_(_verdict.c.lead_id == newest.c.lead_id, _verdict.c.id == newest.c.id)
    is_junk = _verdict.c.verdict == VerdictWord.JUNK.value
    moved_since = exists().where(
        _event.c.lead_id == _verdict.c.lead_id,
        _event.c.act > _verdict.c.act,
        or_(
            _event.c.kind == EventKind.STAGE,
            and_(_event.c.kind == EventKind.UNDONE, _event.c.field == EventKind.STAGE.value),
        ),
    )
    called = select(_lead.c.id).join(newest, newest.c.lead_id == _lead.c.id).join(_verdict, same)
    yield (
        "every lead that a verdict calls junk is junk",
        "leads",
        called.where(is_junk, _there, _lead.c.stage != Stage.JUNK.value, ~moved_since),
    )
    decided = select(newest.c.lead_id).join(_verdict, same).where(is_junk)
    came_in = select(_event.c.lead_id).where(_event.c.kind == EventKind.CREATED, _event.c.new == Stage.JUNK.value)
    junk = and_(_there, _lead.c.stage == Stage.JUNK.value)
    yield (
        "every lead that is junk was called so",
        "leads",
        select(_lead.c.id).where(junk, _lead.c.id.not_in(decided), _lead.c.id.not_in(came_in)),
    )


def find_circles(connection: Connection) -> list[int]:
    """Merged leads from which no lead is reached that is not merged."""
    merged = select(_lead.c.id, _lead.c.merged_into).where(_lead.c.merged_into.is_not(None))
    into: dict[int, int] = {line.id: line.merged_into for line in connection.execute(merged)}
    wrong = []
    for lead_id in sorted(into):
        seen, at = {lead_id}, into[lead_id]
        while at in into and at not in seen:
            seen.add(at)
            at = into[at]
        if at in into:
            wrong.append(lead_id)
    return wrong


def find_broken_chains(connection: Connection) -> list[int]:
    """Leads in which a column is not what the last act made of it, or in which an act found something else before.

    What imports and scores change between two acts has lines without `changes`, after which any value may follow.
    """
    acted = select(_event.c.lead_id).where(_event.c.changes.is_not(None)).distinct().order_by(_event.c.lead_id)
    wrong: list[int] = []
    for group in batches(connection.execute(acted).scalars().all()):
        leads = {
            row["id"]: dict(row) for row in connection.execute(select(_lead).where(_lead.c.id.in_(group))).mappings()
        }
        reckoned = _reckoned(connection, group)
        columns = (_event.c.lead_id, _event.c.kind, _event.c.changes)
        lines = connection.execute(
            select(*columns).where(_event.c.lead_id.in_(group)).order_by(_event.c.lead_id, _event.c.id)
        ).all()
        for lead_id, mine in groupby(lines, key=lambda line: line.lead_id):
            lead = leads.get(lead_id)
            if lead is not None and _is_broken(list(mine), lead, _RECKONED if lead_id in reckoned else ()):
                wrong.append(lead_id)
    return wrong


def _reckoned(connection: Connection, leads: Sequence[int]) -> set[int]:
    """Of some leads those of which an import told that was undone."""
    books = table(ImportBatch)
    told = select(_event.c.lead_id).join(books, books.c.id == _event.c.batch_id).where(books.c.undone_at.is_not(None))
    return set(connection.execute(told.where(_event.c.lead_id.in_(leads))).scalars())


def _is_broken(lines: Sequence[Any], lead: Mapping[str, Any], unsure: Sequence[str]) -> bool:
    if any(line.kind == EventKind.FORGOTTEN for line in lines):
        return False
    stands: dict[str, Any] = {}
    for line in lines:
        if line.changes is None:
            if line.kind not in _CHANGE_NOTHING:
                stands.clear()
            continue
        for column, (before, after) in line.changes.items():
            if column not in unsure and stands.get(column, before) != before:
                return True
            stands[column] = after
    return any(_plain(lead[column]) != after for column, after in stands.items() if column not in unsure)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


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
