"""How leads would stand without a batch: their stage, contacts, qualification and nominations.

What another import says as well stays, and is that import's from now on. Values are `restoring`'s.

Where a lead would stand without a batch: the replay of its stages told again from its history and the kept rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, update

from leadtriage.core.context import Act
from leadtriage.core.vocabulary import OPEN_STAGES, EventKind, Stage, StatusMeaning
from leadtriage.db import Event, Lead, Nomination, Touch, expressions, table
from leadtriage.importing.mapping import NO_STATUS, StatusRow, row_reverts_status
from leadtriage.importing.merge import CLOSING_DAY, SourceRecord, is_undone
from leadtriage.importing.stage import CLOSING, OPENING, QUALIFYING, is_plausible_closing_day
from leadtriage.importing.undo.fields import (
    Records,
    Undoing,
    is_reverted,
    is_undone_act,
    read_histories,
    time_order,
    write_undone_events,
)

MOVES = (EventKind.CREATED, EventKind.STAGE)
"""The events that tell where a lead stands."""

IMPORTED_STAGES = (Stage.NURTURE, *CLOSING.values())
"""Where a lead comes in only where its file says so."""


def is_return(old: str | None, new: str) -> bool:
    """Whether a lead comes back among those to work on."""
    return old is not None and old not in (Stage.NEW, Stage.WORKING) and new in (Stage.NEW, Stage.WORKING)


@dataclass(slots=True)
class StageReplay:
    """Where a lead stands while its history is told again.

    Attributes:
        since: the day from which on it stands there; of a closed lead the day on which it closed.
        is_known: whether somebody told that day; else it is the import's.
        system: whose word it was; None where it was a person's.
        returned_on: the day on which it came back among those to work on.
        by_people: whether a person ever moved it.
        closings: the stages in which it was closed since then.
        words: the row of a file that said so.
    """

    stage: str = Stage.NEW
    since: date | None = None
    is_known: bool = True
    system: str | None = None
    returned_on: date | None = None
    by_people: bool = False
    closings: set[str] = field(default_factory=set)
    words: StatusRow = NO_STATUS

    def move(self, stage: str, on: date, system: str | None, words: StatusRow, *, is_known: bool) -> None:
        """Let it stand elsewhere from a day on."""
        if is_return(self.stage, stage):
            self.returned_on = on
            self.closings.clear()
        self.stage, self.since, self.system, self.is_known, self.words = stage, on, system, is_known, words
        if stage not in OPEN_STAGES:
            self.closings.add(stage)


def was_created_in_stage(line: Any, batch: int) -> bool:
    """Whether an event tells that a lead came in parked or closed, by an import that is taken back."""
    return line.kind == EventKind.CREATED and line.new in IMPORTED_STAGES and is_reverted(line, batch)


def replay_stages(
    history: Sequence[Any], records: Sequence[SourceRecord], batch: int, *, contacted: bool
) -> StageReplay:
    """Replay the stages without the batch, as `status_effects` would have changed them; people's decisions hold.

    How a lead came in counts as long as no import that stands tells of it.

    Args:
        contacted: whether a contact with which the lead came in still counts.
    """
    moves = [line for line in history if line.kind in MOVES]
    moving = {line.batch_id for line in moves}
    steps: list[tuple[Any, Any]] = [
        (time_order(line.recorded_at, line.batch_id, event=True), line)
        for line in moves
        if line.kind == EventKind.CREATED or not (line.retracted or is_reverted(line, batch))
    ]
    steps += [
        (time_order(record.recorded_at, record.batch, event=False), record)
        for record in records
        if record.batch not in moving
    ]
    told_days = {record.batch: record.closed_on for record in records}
    words = {record.batch: record.words for record in records}
    replay = StageReplay()
    for _, step in sorted(steps, key=lambda each: each[0]):
        if isinstance(step, SourceRecord):
            target = _follow(replay, step)
            if target is not None:
                told = step.closed_on or step.imported_on
                replay.move(target, told, step.system, step.words, is_known=step.closed_on is not None)
            elif step.closed_on is not None and not replay.is_known and _target(step) == replay.stage:
                replay.since, replay.is_known = step.closed_on, True
        elif records and was_created_in_stage(step, batch):
            replay.move(
                Stage.WORKING if contacted else Stage.NEW, step.at.date(), step.system, NO_STATUS, is_known=False
            )
        else:
            replay.by_people = replay.by_people or step.batch_id is None
            day = told_days.get(step.batch_id) if step.new not in OPEN_STAGES else None
            is_known = step.batch_id is None or day is not None
            said = words.get(step.batch_id, NO_STATUS)
            replay.move(step.new, day or step.at.date(), step.system, said, is_known=is_known)
    return replay


def _follow(replay: StageReplay, record: SourceRecord) -> str | None:
    """Where a statement that moved nothing in its time moves the lead now."""
    if replay.by_people:
        return None
    target = _target(record)
    ends = target not in OPEN_STAGES
    opens = (
        record.meaning in OPENING
        and replay.system == record.system
        and row_reverts_status(replay.words, record.words, tuple(CLOSING))
    )
    passes_on = replay.stage == Stage.CONVERTED and target in (Stage.WON, Stage.LOST)
    moves = (
        (ends and target not in replay.closings and (replay.stage in OPEN_STAGES or passes_on))
        or (target == Stage.NURTURE and replay.stage in (Stage.NEW, Stage.WORKING))
        or (target == Stage.WORKING and replay.stage == Stage.NEW)
        or (replay.stage == Stage.NURTURE and not ends and target != Stage.NURTURE and record.meaning is not None)
        or (replay.stage not in OPEN_STAGES and opens)
    )
    return target if moves else None


def _target(record: SourceRecord) -> str:
    if record.meaning in CLOSING:
        return CLOSING[StatusMeaning(record.meaning)]
    if record.meaning == StatusMeaning.NURTURE:
        return Stage.NURTURE
    return Stage.WORKING if record.touched_on else Stage.NEW


_NOMINATION = "nomination"
_PARKING = ("nurture_until", "nurture_reason", "parked_on")
_DAYS = ("shelf_from", "created_on", "imported_on", "closed_on")


def restore_stages(connection: Connection, undoing: Undoing, leads: Sequence[int], records: Records) -> frozenset[int]:
    """Restore the stages of some leads that a batch had changed, each told by an event; return the leads."""
    lead = table(Lead)
    columns = (*(lead.c[name] for name in _PARKING), *(lead.c[name] for name in _DAYS))
    stored = {row.id: row for row in connection.execute(select(lead.c.id, *columns).where(lead.c.id.in_(leads)))}
    parked = _read_parking(connection, leads)
    corrected = _told(connection, undoing.batch, leads, EventKind.FIELD, or_undone=True, named=CLOSING_DAY)
    contacted = _came_in_contacted(connection, leads)
    moved: list[tuple[int, str, str | None, str | None]] = []
    for lead_id, history in _read_moves(connection, leads):
        ours = [line for line in history if line.kind == EventKind.STAGE and is_reverted(line, undoing.batch)]
        came_in = any(was_created_in_stage(line, undoing.batch) for line in history)
        if not ours and not came_in and lead_id not in corrected:
            continue
        said = [_believe(record, stored[lead_id]) for record in records.get(lead_id, ())]
        now = history[-1].new
        replay = replay_stages(history, said, undoing.batch, contacted=lead_id in contacted)
        shelf_from = stored[lead_id].shelf_from
        if shelf_from in [line.at.date() for line in ours if is_return(line.old, line.new)]:
            shelf_from = replay.returned_on
        values: dict[str, Any] = {"shelf_from": shelf_from}
        values["closed_on"] = replay.since if replay.stage not in OPEN_STAGES else None
        if replay.stage != now:
            told = parked.get(lead_id, {}) if replay.system is None else {}
            values |= {"stage": replay.stage, **_parking(replay, stored[lead_id], told, undoing.act)}
            moved.append((lead_id, "stage", now, replay.stage))
        elif lead_id in corrected and values["closed_on"] != stored[lead_id].closed_on:
            moved.append((lead_id, CLOSING_DAY, _as_text(stored[lead_id].closed_on), _as_text(values["closed_on"])))
        connection.execute(update(lead).where(lead.c.id == lead_id).values(values))
    write_undone_events(connection, undoing, moved)
    return frozenset(lead_id for lead_id, *_ in moved)


def _believe(record: SourceRecord, lead: Any) -> SourceRecord:
    """A statement without a closing day that cannot be its lead's."""
    day = record.closed_on
    if day is None or is_plausible_closing_day(day, lead.created_on, lead.imported_on):
        return record
    return replace(record, closed_on=None)


def _as_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read_moves(connection: Connection, leads: Sequence[int]) -> Iterator[tuple[int, list[Any]]]:
    """For each lead the events about its stage, in their order."""
    found: dict[int, list[Any]] = {}
    for (lead_id, name), history in read_histories(connection, leads, (*MOVES, EventKind.UNDONE)):
        if name in (None, "stage"):
            found.setdefault(lead_id, []).extend(history)
    for lead_id, history in found.items():
        yield lead_id, sorted(history, key=lambda line: line.id)


def _came_in_contacted(connection: Connection, leads: Sequence[int]) -> frozenset[int]:
    """The leads of which the import that made them told a contact; it counts as long as they are there."""
    lead, touch = table(Lead), table(Touch)
    told = (
        select(lead.c.id)
        .join(touch, and_(touch.c.lead_id == lead.c.id, touch.c.batch_id == lead.c.batch_id))
        .where(lead.c.id.in_(leads), touch.c.withdrawn_at.is_(None))
    )
    return frozenset(connection.execute(told).scalars())


def _parking(replay: StageReplay, stored: Any, told: Mapping[str, Any], act: Act) -> dict[str, Any]:
    """Until when a lead is parked and why; one that a system had parked is due, as the history has no day of that."""
    if replay.stage != Stage.NURTURE:
        return dict.fromkeys(_PARKING)
    found = {name: getattr(stored, name) or told.get(name) for name in _PARKING}
    return found | {"nurture_until": found["nurture_until"] or act.as_of}


def _read_parking(connection: Connection, leads: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What people have said of parking leads: for each column what their last act that stands made of it."""
    event, lead = table(Event), table(Lead)
    told = select(event.c.lead_id, event.c.changes).where(
        event.c.lead_id.in_(leads), event.c.changes.is_not(None), event.c.undoes.is_(None), ~is_undone_act(event)
    )
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for lead_id, changes in connection.execute(told.order_by(event.c.id)):
        for name in _PARKING:
            if name in changes:
                value = changes[name][1]
                is_day = value is not None and lead.c[name].type.python_type is date
                found[lead_id][name] = date.fromisoformat(value) if is_day else value
    return found


def restore_contacts(
    connection: Connection, undoing: Undoing, leads: Sequence[int], records: Records
) -> frozenset[int]:
    """Restore when some leads were contacted, but for contacts that another import tells of too; return the leads."""
    lead, touch = table(Lead), table(Touch)
    theirs = select(touch.c.lead_id, touch.c.id, touch.c.on, touch.c.dated).where(
        touch.c.batch_id == undoing.batch, touch.c.lead_id.in_(leads), touch.c.withdrawn_at.is_(None)
    )
    for line in connection.execute(theirs).all():
        for record in records.get(line.lead_id, ()):
            same = record.touched_on == line.on if line.dated else record.touched_on is not None
            if same and bool(record.touch_dated) == line.dated:
                connection.execute(
                    update(touch)
                    .where(touch.c.lead_id == line.lead_id, touch.c.id == line.id)
                    .values(batch_id=record.batch, on=record.touched_on)
                )
                break
    lent = (
        select(touch.c.lead_id)
        .join(lead, lead.c.id == touch.c.lead_id)
        .where(
            touch.c.batch_id == undoing.batch,
            touch.c.lead_id.in_(leads),
            lead.c.batch_id.is_distinct_from(undoing.batch),
        )
    )
    touched = sorted({*_told(connection, undoing.batch, leads, EventKind.TOUCH), *connection.execute(lent).scalars()})
    on_a_day = expressions.value_if(touch.c.dated, touch.c.on)
    for lead_id in touched:
        standing = select(func.min(on_a_day), func.max(on_a_day), func.max(touch.c.on)).where(
            touch.c.lead_id == lead_id,
            touch.c.withdrawn_at.is_(None),
            func.coalesce(touch.c.batch_id, 0) != undoing.batch,
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
    return frozenset(touched)


def restore_qualification(
    connection: Connection, undoing: Undoing, leads: Sequence[int], records: Records
) -> frozenset[int]:
    """Take back that a batch's CRM calls some leads qualified, unless another import says so too; return the leads."""
    lead = table(Lead)
    told = _told(connection, undoing.batch, leads, EventKind.QUALIFIED, or_undone=True)
    came_in = _told(connection, undoing.batch, leads, EventKind.CREATED, or_undone=True)
    restored = set(told)
    for lead_id in sorted({*told, *(lead_id for lead_id in came_in if records.get(lead_id))}):
        on = next((said.imported_on for said in records.get(lead_id, ()) if said.meaning in QUALIFYING), None)
        changed = connection.execute(
            update(lead)
            .where(lead.c.id == lead_id, lead.c.qualified_by == "crm", lead.c.qualified_on.is_distinct_from(on))
            .values(qualified_on=on, qualified_by="crm" if on else None)
        )
        if changed.rowcount:
            restored.add(lead_id)
    return frozenset(restored)


def restore_nominations(
    connection: Connection, undoing: Undoing, leads: Sequence[int], records: Records
) -> frozenset[int]:
    """Leave a batch's nominations to imports that say so too, and bring back those that it withdrew.

    Returns:
        The leads on which nominations are back, each told by an event.
    """
    nomination, event = table(Nomination), table(Event)
    theirs = and_(nomination.c.batch_id == undoing.batch, nomination.c.withdrawn_at.is_(None))
    for line in connection.execute(select(nomination).where(theirs, nomination.c.lead_id.in_(leads))).all():
        later = _last_word(records.get(line.lead_id, ()), undoing.batch, line.by)
        if later is not None and later.junk_reason is not None:
            connection.execute(
                update(nomination)
                .where(nomination.c.lead_id == line.lead_id, nomination.c.id == line.id)
                .values(batch_id=later.batch, reason=later.junk_reason)
            )
    withdrawn = connection.execute(
        select(event.c.lead_id, event.c.batch_id, event.c.by, event.c.recorded_at, event.c.old).where(
            _is_of(event.c.batch_id, undoing.batch, or_undone=True),
            event.c.kind == EventKind.NOMINATED,
            event.c.new.is_(None),
            event.c.lead_id.in_(leads),
        )
    ).all()
    back = []
    for line in withdrawn:
        later = _last_word(records.get(line.lead_id, ()), line.batch_id, line.by)
        if later is not None and later.junk_reason is None:
            continue
        returned = connection.execute(
            update(nomination)
            .where(
                nomination.c.lead_id == line.lead_id,
                nomination.c.by == line.by,
                nomination.c.withdrawn_at == line.recorded_at,
                _remains(nomination.c.batch_id, undoing.batch),
            )
            .values(withdrawn_at=None)
        )
        if returned.rowcount:
            back.append((line.lead_id, _NOMINATION, None, line.old))
    write_undone_events(connection, undoing, back)
    return frozenset(lead_id for lead_id, *_ in back)


def _last_word(records: Sequence[SourceRecord], batch: int, system: str) -> SourceRecord | None:
    """The last that a system says of a lead's standing after a batch."""
    said = [each for each in records if each.batch > batch and each.system == system]
    return next((each for each in reversed(said) if each.meaning is not None or each.junk_reason is not None), None)


def _remains(batch_id: ColumnElement[Any], undone: int) -> ColumnElement[bool]:
    return and_(~is_undone(batch_id), batch_id != undone)


def _told(
    connection: Connection,
    batch: int,
    leads: Sequence[int],
    kind: EventKind,
    *,
    or_undone: bool = False,
    named: str | None = None,
) -> list[int]:
    """The leads of which a batch, or one that was undone before, told a thing; of a field the one that is named."""
    event = table(Event)
    said = select(event.c.lead_id).where(
        _is_of(event.c.batch_id, batch, or_undone=or_undone), event.c.kind == kind, event.c.lead_id.in_(leads)
    )
    if named is not None:
        said = said.where(event.c.field == named)
    return sorted(connection.execute(said.distinct()).scalars())


def _is_of(batch_id: ColumnElement[Any], batch: int, *, or_undone: bool) -> ColumnElement[bool]:
    return or_(batch_id == batch, and_(literal(or_undone), batch_id.is_not(None), is_undone(batch_id)))
