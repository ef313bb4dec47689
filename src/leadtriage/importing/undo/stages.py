"""Replays stages without an undone batch; restores stages, contacts, qualification and flags.

What another import says as well stays, and is credited to that import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, update

from leadtriage.core.context import Act
from leadtriage.core.vocabulary import OPEN_STAGES, EventKind, Stage, StatusMeaning
from leadtriage.db import Event, Lead, Nomination, Touch, expressions, table
from leadtriage.importing.mapping import NO_STATUS, StatusRow, row_reverts_status
from leadtriage.importing.merge import CLOSING_DAY, SourceRecord, is_undone
from leadtriage.importing.stage import CLOSING, OPENING, QUALIFYING, is_plausible_closing_day
from leadtriage.importing.undo.fields import (
    Undoing,
    is_reverted,
    is_undone_act,
    read_histories,
    time_order,
    write_undone_events,
)

MOVES = (EventKind.CREATED, EventKind.STAGE)
"""The events that set a stage."""

IMPORTED_STAGES = (Stage.NURTURE, *CLOSING.values())
"""Stages that a lead is created in only if its file says so."""


def is_return(old: str | None, new: str) -> bool:
    """Whether a lead returns to the queue."""
    return old is not None and old not in (Stage.NEW, Stage.WORKING) and new in (Stage.NEW, Stage.WORKING)


@dataclass(slots=True)
class StageReplay:
    """The stage of a lead during the replay of its history.

    Attributes:
        since: the first day in the stage; the closing day of a closed lead.
        is_known: whether a source states that day; otherwise it is the day of the import.
        system: the system that set the stage; None for a person.
        returned_on: the day on which the lead returned to the queue.
        by_people: whether a person ever moved the lead.
        closings: the closed stages since the last return.
        words: the status words that set the stage.
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
        """Change the stage."""
        if is_return(self.stage, stage):
            self.returned_on = on
            self.closings.clear()
        self.stage, self.since, self.system, self.is_known, self.words = stage, on, system, is_known, words
        if stage not in OPEN_STAGES:
            self.closings.add(stage)


def was_created_in_stage(line: Any, batch: int) -> bool:
    """Whether an undone import created the lead snoozed or closed."""
    return line.kind == EventKind.CREATED and line.new in IMPORTED_STAGES and is_reverted(line, batch)


def replay_stages(
    history: Sequence[Any], records: Sequence[SourceRecord], batch: int, *, contacted: bool
) -> StageReplay:
    """Replay the stages without the batch. Decisions of people hold.

    The stage that a lead was created in counts only if no remaining import has the lead.

    Args:
        contacted: whether the lead was created with a contact that still counts.
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
    """The stage that a statement without effect at its time sets now, if any."""
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


def restore_stages(undoing: Undoing) -> frozenset[int]:
    """Restore the stages that the batch changed, write an event for each, and return the leads."""
    lead = table(Lead)
    columns = (*(lead.c[name] for name in _PARKING), *(lead.c[name] for name in _DAYS))
    stored = {
        row.id: row
        for row in undoing.connection.execute(select(lead.c.id, *columns).where(lead.c.id.in_(undoing.leads)))
    }
    parked = _read_parking(undoing)
    corrected = _find_leads(undoing, EventKind.FIELD, or_undone=True, field_name=CLOSING_DAY)
    contacted = _find_created_contacted(undoing)
    moved: list[tuple[int, str, str | None, str | None]] = []
    for lead_id, history in _read_moves(undoing):
        ours = [line for line in history if line.kind == EventKind.STAGE and is_reverted(line, undoing.batch)]
        came_in = any(was_created_in_stage(line, undoing.batch) for line in history)
        if not ours and not came_in and lead_id not in corrected:
            continue
        said = [_drop_implausible_day(record, stored[lead_id]) for record in undoing.records.get(lead_id, ())]
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
        undoing.connection.execute(update(lead).where(lead.c.id == lead_id).values(values))
    write_undone_events(undoing, moved)
    return frozenset(lead_id for lead_id, *_ in moved)


def _drop_implausible_day(record: SourceRecord, lead: Any) -> SourceRecord:
    """Remove a closing day that is not plausible for the lead."""
    day = record.closed_on
    if day is None or is_plausible_closing_day(day, lead.created_on, lead.imported_on):
        return record
    return replace(record, closed_on=None)


def _as_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read_moves(undoing: Undoing) -> Iterator[tuple[int, list[Any]]]:
    """Yield each lead with its stage events in order."""
    found: dict[int, list[Any]] = {}
    for (lead_id, name), history in read_histories(undoing, (*MOVES, EventKind.UNDONE)):
        if name in (None, "stage"):
            found.setdefault(lead_id, []).extend(history)
    for lead_id, history in found.items():
        yield lead_id, sorted(history, key=lambda line: line.id)


def _find_created_contacted(undoing: Undoing) -> frozenset[int]:
    """The leads whose first import recorded a contact that still counts."""
    lead, touch = table(Lead), table(Touch)
    told = (
        select(lead.c.id)
        .join(touch, and_(touch.c.lead_id == lead.c.id, touch.c.batch_id == lead.c.batch_id))
        .where(lead.c.id.in_(undoing.leads), touch.c.withdrawn_at.is_(None))
    )
    return frozenset(undoing.connection.execute(told).scalars())


def _parking(replay: StageReplay, stored: Any, told: Mapping[str, Any], act: Act) -> dict[str, Any]:
    """The snooze columns. A lead snoozed by a system is due now, as the history has no date for it."""
    if replay.stage != Stage.NURTURE:
        return dict.fromkeys(_PARKING)
    found = {name: getattr(stored, name) or told.get(name) for name in _PARKING}
    return found | {"nurture_until": found["nurture_until"] or act.as_of}


def _read_parking(undoing: Undoing) -> dict[int, dict[str, Any]]:
    """The snooze columns of each lead as the last remaining acts of people set them."""
    event, lead = table(Event), table(Lead)
    told = select(event.c.lead_id, event.c.changes).where(
        event.c.lead_id.in_(undoing.leads),
        event.c.changes.is_not(None),
        event.c.undoes.is_(None),
        ~is_undone_act(event),
    )
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for lead_id, changes in undoing.connection.execute(told.order_by(event.c.id)):
        for name in _PARKING:
            if name in changes:
                value = changes[name][1]
                is_day = value is not None and lead.c[name].type.python_type is date
                found[lead_id][name] = date.fromisoformat(value) if is_day else value
    return found


def restore_contacts(undoing: Undoing) -> frozenset[int]:
    """Restore the contact dates of leads and return the leads. Contacts that another import repeats stay."""
    lead, touch = table(Lead), table(Touch)
    theirs = select(touch.c.lead_id, touch.c.id, touch.c.on, touch.c.dated).where(
        touch.c.batch_id == undoing.batch, touch.c.lead_id.in_(undoing.leads), touch.c.withdrawn_at.is_(None)
    )
    for line in undoing.connection.execute(theirs).all():
        for record in undoing.records.get(line.lead_id, ()):
            same = record.touched_on == line.on if line.dated else record.touched_on is not None
            if same and bool(record.touch_dated) == line.dated:
                undoing.connection.execute(
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
            touch.c.lead_id.in_(undoing.leads),
            lead.c.batch_id.is_distinct_from(undoing.batch),
        )
    )
    touched = sorted({*_find_leads(undoing, EventKind.TOUCH), *undoing.connection.execute(lent).scalars()})
    on_a_day = expressions.value_if(touch.c.dated, touch.c.on)
    for lead_id in touched:
        standing = select(func.min(on_a_day), func.max(on_a_day), func.max(touch.c.on)).where(
            touch.c.lead_id == lead_id,
            touch.c.withdrawn_at.is_(None),
            func.coalesce(touch.c.batch_id, 0) != undoing.batch,
        )
        first, last, last_of_all = undoing.connection.execute(standing).one()
        undoing.connection.execute(
            update(lead)
            .where(lead.c.id == lead_id)
            .values(
                first_touch_on=first,
                last_touch_on=last or last_of_all,
                contact_dated=last is not None if last_of_all else None,
            )
        )
    return frozenset(touched)


def restore_qualification(undoing: Undoing) -> frozenset[int]:
    """Revert qualifications by the batch unless another import repeats them; return the leads."""
    lead = table(Lead)
    told = _find_leads(undoing, EventKind.QUALIFIED, or_undone=True)
    came_in = _find_leads(undoing, EventKind.CREATED, or_undone=True)
    restored = set(told)
    for lead_id in sorted({*told, *(lead_id for lead_id in came_in if undoing.records.get(lead_id))}):
        on = next((said.imported_on for said in undoing.records.get(lead_id, ()) if said.meaning in QUALIFYING), None)
        changed = undoing.connection.execute(
            update(lead)
            .where(lead.c.id == lead_id, lead.c.qualified_by == "crm", lead.c.qualified_on.is_distinct_from(on))
            .values(qualified_on=on, qualified_by="crm" if on else None)
        )
        if changed.rowcount:
            restored.add(lead_id)
    return frozenset(restored)


def restore_flags(undoing: Undoing) -> frozenset[int]:
    """Credit flags to imports that repeat them, and restore the flags that the batch withdrew.

    Returns:
        The leads with restored flags. Each has an event.
    """
    nomination, event = table(Nomination), table(Event)
    theirs = and_(nomination.c.batch_id == undoing.batch, nomination.c.withdrawn_at.is_(None))
    for line in undoing.connection.execute(
        select(nomination).where(theirs, nomination.c.lead_id.in_(undoing.leads))
    ).all():
        later = _last_word(undoing.records.get(line.lead_id, ()), undoing.batch, line.by)
        if later is not None and later.junk_reason is not None:
            undoing.connection.execute(
                update(nomination)
                .where(nomination.c.lead_id == line.lead_id, nomination.c.id == line.id)
                .values(batch_id=later.batch, reason=later.junk_reason)
            )
    withdrawn = undoing.connection.execute(
        select(event.c.lead_id, event.c.batch_id, event.c.by, event.c.recorded_at, event.c.old).where(
            _is_of(event.c.batch_id, undoing.batch, or_undone=True),
            event.c.kind == EventKind.NOMINATED,
            event.c.new.is_(None),
            event.c.lead_id.in_(undoing.leads),
        )
    ).all()
    back = []
    for line in withdrawn:
        later = _last_word(undoing.records.get(line.lead_id, ()), line.batch_id, line.by)
        if later is not None and later.junk_reason is None:
            continue
        returned = undoing.connection.execute(
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
    write_undone_events(undoing, back)
    return frozenset(lead_id for lead_id, *_ in back)


def _last_word(records: Sequence[SourceRecord], batch: int, system: str) -> SourceRecord | None:
    """The last statement of a system on status or junk after a batch."""
    said = [each for each in records if each.batch > batch and each.system == system]
    return next((each for each in reversed(said) if each.meaning is not None or each.junk_reason is not None), None)


def _remains(batch_id: ColumnElement[Any], undone: int) -> ColumnElement[bool]:
    return and_(~is_undone(batch_id), batch_id != undone)


def _find_leads(
    undoing: Undoing, kind: EventKind, *, or_undone: bool = False, field_name: str | None = None
) -> list[int]:
    """The leads with an event of the batch, or of one undone before."""
    event = table(Event)
    said = select(event.c.lead_id).where(
        _is_of(event.c.batch_id, undoing.batch, or_undone=or_undone),
        event.c.kind == kind,
        event.c.lead_id.in_(undoing.leads),
    )
    if field_name is not None:
        said = said.where(event.c.field == field_name)
    return sorted(undoing.connection.execute(said.distinct()).scalars())


def _is_of(batch_id: ColumnElement[Any], batch: int, *, or_undone: bool) -> ColumnElement[bool]:
    return or_(batch_id == batch, and_(literal(or_undone), batch_id.is_not(None), is_undone(batch_id)))
