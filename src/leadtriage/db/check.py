"""Describes a database, and checks that what it holds is consistent. Repairs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, not_, or_, select

from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.vocabulary import OPEN_STAGES, Dimension, EventKind, Grade, Stage, VerdictKind, VerdictWord
from leadtriage.db.dialect import backend, batches
from leadtriage.db.engine import read_revision
from leadtriage.db.sqlite import database_file
from leadtriage.db.tables.decisions import Erasing, PairDecision, PutOff, Verdict
from leadtriage.db.tables.history import Event, ImportBatch, ImportReject, ImportRow, LeadKey, Nomination, Touch
from leadtriage.db.tables.lead import Lead, table
from leadtriage.db.tables.scores import LeadScore, ScoreRun
from leadtriage.db.views import find_changed_views

_lead, _score, _event, _verdict = table(Lead), table(LeadScore), table(Event), table(Verdict)
_batch, _row, _reject, _key = table(ImportBatch), table(ImportRow), table(ImportReject), table(LeadKey)
_visible = and_(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))
_moves_stage = or_(
    _event.c.kind == EventKind.STAGE,
    and_(_event.c.kind == EventKind.UNDONE, _event.c.field == EventKind.STAGE.value),
)

_MOST_NAMED = 5

_RECOMPUTED = tuple(
    "first_touch_on last_touch_on contact_dated qualified_on qualified_by closed_on shelf_from nurture_until"
    " nurture_reason parked_on".split()
)
"""Columns that undoing an import computes again from what is left, without an event."""

_CHANGE_NOTHING = (EventKind.CREATED, EventKind.GRADE, EventKind.NOMINATED)


def describe_database(connection: Connection) -> Table:
    """Return one row on what a database is and holds; it never shows the password."""

    def count(of: Any, *where: ColumnElement[bool]) -> int:
        return connection.execute(select(func.count()).select_from(of).where(*where)).scalar_one()

    storage = backend(connection).describe_storage(connection)
    runs = table(ScoreRun)
    last = connection.execute(select(runs.c.at, runs.c.as_of).order_by(runs.c.id.desc()).limit(1)).first()
    facts: tuple[tuple[str, str, Cell], ...] = (
        ("path", "Database", str(database_file(connection.engine) or connection.engine.url.render_as_string())),
        ("system", "System", storage.system),
        ("size_bytes", "Size in bytes", storage.size),
        ("revision", "Revision of its tables", read_revision(connection)),
        ("journal", "Journal", storage.journal),
        ("leads", "Leads", count(_lead, _visible)),
        ("open", "of these open", count(_lead, _visible, _lead.c.stage.in_(OPEN_STAGES))),
        ("scored", "of these scored", count(_score)),
        ("events", "Events", count(_event)),
        ("imports", "Imports", count(_batch, _batch.c.undone_at.is_(None))),
        ("import_rows", "Imported rows", count(_row)),
        ("last_score", "Last scored", last.at if last else None),
        ("last_score_as_of", "as of", last.as_of if last else None),
    )
    columns = tuple(Column(key, label) for key, label, _ in facts)
    return Table("Database", columns, ({key: value for key, _, value in facts},))


def check_database(connection: Connection) -> Table:
    """Check that the file is sound and its content consistent.

    Columns: `check`; `found`, the number of faults; `result`, which is `ok` or names the first faults.
    """
    rows: list[dict[str, Cell]] = []

    def add(check: str, found: int, faults: str) -> None:
        rows.append({"check": check, "found": found, "result": faults if found else "ok"})

    damage = backend(connection).find_damage(connection)
    add("the file is sound", len(damage), "; ".join(damage))
    for check, noun, broken in (*_check_imports_and_scores(), *_check_history_and_decisions()):
        ids = connection.execute(broken.limit(_MOST_NAMED + 1)).scalars().all()
        found = connection.execute(select(func.count()).select_from(broken.subquery())).scalar_one() if ids else 0
        add(check, found, _name_first(noun, ids))
    for check, wrong in (
        ("no merges form a circle", _find_circles(connection)),
        ("every lead matches the acts in its history", _find_broken_histories(connection)),
    ):
        add(check, len(wrong), _name_first("leads", wrong))
    changed = find_changed_views(connection)
    add("the views for other tools are unchanged", len(changed), f"{', '.join(changed)}: run leadtriage db upgrade")
    columns = (Column("check", "Check", 90), Column("found", "Wrong", 80, "right"), Column("result", "Result", 70))
    return Table("Checks", columns, tuple(rows))


def _name_first(noun: str, ids: Sequence[int]) -> str:
    return f"{noun} {', '.join(map(str, ids[:_MOST_NAMED]))}{' ...' if len(ids) > _MOST_NAMED else ''}"


def _check_imports_and_scores() -> Iterator[tuple[str, str, Select[Any]]]:
    """Yield what must hold, the noun of the ids, and a query of the ids for which it does not."""
    created = select(_event.c.lead_id).where(_event.c.kind == EventKind.CREATED)
    yield "every lead has a creation event", "leads", select(_lead.c.id).where(_lead.c.id.not_in(created))
    own_rows = select(_row.c.lead_id).where(_row.c.lead_id == _lead.c.id, _row.c.batch_id == _lead.c.batch_id)
    rowless = select(_lead.c.id).where(_lead.c.batch_id.is_not(None), not_(own_rows.exists()))
    yield "every imported lead has its row", "leads", rowless
    for name, child in (("event", _event), ("imported row", _row), ("key", _key), ("score", _score)):
        orphans = select(child.c.lead_id).distinct().where(child.c.lead_id.not_in(select(_lead.c.id)))
        yield f"every {name} belongs to a lead", "leads", orphans
    outcomes = _batch.c.created + _batch.c.updated + _batch.c.unchanged + _batch.c.merged + _batch.c.rejected
    yield "the counts of every import add up", "batches", select(_batch.c.id).where(_batch.c.rows != outcomes)
    stored = select(func.count()).where(_row.c.batch_id == _batch.c.id).scalar_subquery()
    rejected = select(func.count()).where(_reject.c.batch_id == _batch.c.id).scalar_subquery()
    incomplete = or_(_batch.c.rows != stored + rejected, _batch.c.rejected != rejected)
    yield "every imported row is stored", "batches", select(_batch.c.id).where(incomplete)
    first, *others = (_score.c[dimension.value] for dimension in Dimension)
    total: ColumnElement[Any] = sum(others, start=first)
    yield "every score is the sum of its dimensions", "leads", select(_score.c.lead_id).where(_score.c.score != total)
    invalid = or_(
        _score.c.score > _score.c.ceiling, not_(_score.c.known.between(0, 1)), _score.c.grade.not_in(list(Grade))
    )
    yield "every score is valid", "leads", select(_score.c.lead_id).where(invalid)


def _check_history_and_decisions() -> Iterator[tuple[str, str, Select[Any]]]:
    yield "every lead has the last stage of its history", "leads", _find_other_stages()
    hidden = select(_lead.c.id).where(not_(_visible))
    yield "every key belongs to a visible lead", "leads", select(_key.c.lead_id).where(_key.c.lead_id.in_(hidden))
    yield from _check_verdicts()
    target = _lead.alias("target")
    merged = select(_lead.c.id).join(target, target.c.id == _lead.c.merged_into, isouter=True)
    gone = or_(target.c.id.is_(None), target.c.removed_by.is_not(None))
    lost = merged.where(_lead.c.merged_into.is_not(None), gone)
    yield "every merged lead has a surviving lead", "leads", lost
    for name, model in (
        ("touch", Touch),
        ("nomination", Nomination),
        ("verdict", Verdict),
        ("snoozed question", PutOff),
        ("decision on a pair", PairDecision),
    ):
        child = table(model)
        orphans = select(child.c.lead_id).where(child.c.lead_id.not_in(select(_lead.c.id)))
        yield f"every {name} belongs to a lead", "leads", orphans
        undoing = and_(_event.c.undoes == child.c.act, _event.c.lead_id == child.c.lead_id)
        undone = select(child.c.lead_id).join(_event, undoing).where(child.c.withdrawn_at.is_(None))
        yield f"every {name} of an undone act is withdrawn", "leads", undone
    forgotten = select(_event.c.lead_id).where(_event.c.kind == EventKind.FORGOTTEN)
    known = or_(_lead.c.name.is_not(None), _lead.c.email.is_not(None), _lead.c.removed_by.is_(None))
    yield "every forgotten person is erased", "leads", select(_lead.c.id).where(_lead.c.id.in_(forgotten), known)
    yield "the history is locked against changes", "acts", select(table(Erasing).c.act)


def _find_other_stages() -> Select[Any]:
    moves = or_(_event.c.kind == EventKind.CREATED, _moves_stage)
    last = select(_event.c.lead_id, func.max(_event.c.id).label("id")).where(moves).group_by(_event.c.lead_id)
    newest = last.subquery()
    return (
        select(_lead.c.id)
        .join(newest, newest.c.lead_id == _lead.c.id)
        .join(_event, and_(_event.c.lead_id == newest.c.lead_id, _event.c.id == newest.c.id))
        .where(_lead.c.removed_by.is_(None), _lead.c.stage != _event.c.new)
    )


def _check_verdicts() -> Iterator[tuple[str, str, Select[Any]]]:
    reviews = and_(_verdict.c.kind == VerdictKind.REVIEW.value, _verdict.c.withdrawn_at.is_(None))
    last = select(_verdict.c.lead_id, func.max(_verdict.c.id).label("id")).where(reviews).group_by(_verdict.c.lead_id)
    newest = last.subquery()
    same = and_(_verdict.c.lead_id == newest.c.lead_id, _verdict.c.id == newest.c.id)
    is_junk = _verdict.c.verdict == VerdictWord.JUNK.value
    moved_since = exists().where(_event.c.lead_id == _verdict.c.lead_id, _event.c.act > _verdict.c.act, _moves_stage)
    judged = select(_lead.c.id).join(newest, newest.c.lead_id == _lead.c.id).join(_verdict, same)
    still_open = judged.where(is_junk, _visible, _lead.c.stage != Stage.JUNK.value, ~moved_since)
    yield "every lead with a verdict of junk is junk", "leads", still_open
    decided = select(newest.c.lead_id).join(_verdict, same).where(is_junk)
    came_in = select(_event.c.lead_id).where(_event.c.kind == EventKind.CREATED, _event.c.new == Stage.JUNK.value)
    unexplained = (_lead.c.stage == Stage.JUNK.value, _lead.c.id.not_in(decided), _lead.c.id.not_in(came_in))
    yield "every junk lead has a verdict or came in so", "leads", select(_lead.c.id).where(_visible, *unexplained)


def _find_circles(connection: Connection) -> list[int]:
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


def _find_broken_histories(connection: Connection) -> list[int]:
    """Find leads with a column that differs from its last act, or with an act that found another value before.

    Events of imports and scores have no `changes`; any value may follow them.
    """
    acted = select(_event.c.lead_id).where(_event.c.changes.is_not(None)).distinct().order_by(_event.c.lead_id)
    wrong: list[int] = []
    for ids in batches(connection.execute(acted).scalars().all()):
        found = connection.execute(select(_lead).where(_lead.c.id.in_(ids))).mappings()
        leads = {row["id"]: dict(row) for row in found}
        of_batch = select(_event.c.lead_id).join(_batch, _batch.c.id == _event.c.batch_id)
        undone = of_batch.where(_batch.c.undone_at.is_not(None), _event.c.lead_id.in_(ids))
        recomputed = set(connection.execute(undone).scalars())
        columns = (_event.c.lead_id, _event.c.kind, _event.c.changes)
        events = connection.execute(
            select(*columns).where(_event.c.lead_id.in_(ids)).order_by(_event.c.lead_id, _event.c.id)
        )
        for lead_id, history in groupby(events.all(), key=lambda event: event.lead_id):
            ignored = _RECOMPUTED if lead_id in recomputed else ()
            if lead_id in leads and _is_broken(list(history), leads[lead_id], ignored):
                wrong.append(lead_id)
    return wrong


def _is_broken(events: Sequence[Any], lead: Mapping[str, Any], ignored: Sequence[str]) -> bool:
    if any(event.kind == EventKind.FORGOTTEN for event in events):
        return False
    values: dict[str, Any] = {}
    for event in events:
        if event.changes is None:
            if event.kind not in _CHANGE_NOTHING:
                values.clear()
            continue
        for column, (before, after) in event.changes.items():
            if column not in ignored and values.get(column, before) != before:
                return True
            values[column] = after
    return any(_plain(lead[column]) != after for column, after in values.items() if column not in ignored)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
