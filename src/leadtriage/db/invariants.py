"""What must hold between leads, what people did to them, and the history of it. `care` asks it of a whole database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, not_, or_, select

from leadtriage.db.dialect import batches
from leadtriage.db.schema import (
    Erasing,
    Event,
    ImportBatch,
    Lead,
    LeadKey,
    Nomination,
    PairDecision,
    PutOff,
    Touch,
    Verdict,
    table,
)
from leadtriage.vocabulary import EventKind, Stage, VerdictKind, VerdictWord

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
