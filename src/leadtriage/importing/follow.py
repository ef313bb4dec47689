"""What a CRM's status and dates do to leads: contacts, stages, qualification and nominations, each as events.

A CRM's word acts once: what people here have changed since is not undone by the same word in the next export.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from leadtriage.act import Act
from leadtriage.db import dialect, expressions
from leadtriage.db.ids import reserve_ids
from leadtriage.db.schema import Event, ImportBatch, Lead, Nomination, Touch, table
from leadtriage.db.standing_words import called_unqualified
from leadtriage.importing.meanings import CLOSING
from leadtriage.importing.merge import first_stage, reserve_ids_of_leads, write_events_of_leads
from leadtriage.importing.staging import Staging
from leadtriage.vocabulary import OPEN_STAGES, EventKind, RowOutcome, Stage, StatusMeaning, TouchKind

QUALIFYING = (StatusMeaning.QUALIFIED, StatusMeaning.CONVERTED, StatusMeaning.WON)


def follow_status(
    connection: Connection, staging: Staging, batch: int, act: Act, *, system: str, nurture_days: int
) -> None:
    """Carry out what the rows' statuses and dates of contact say of their leads.

    Args:
        system: who is named as having said so.
        nurture_days: how long a lead is parked whose CRM gives no date.
    """
    by_system = act.on_behalf_of(system)
    place = staging.place
    met = select(exists().where(place.c.outcome.in_([RowOutcome.UNCHANGED, RowOutcome.UPDATED])))
    _keep_touches(connection, staging, batch, by_system)
    if connection.execute(met).scalar():
        _record_touches(connection, staging, batch, by_system)
        _qualify(connection, staging, batch, by_system)
        _change_stages(connection, staging, batch, by_system, nurture_days)
    _nominate(connection, staging, batch, by_system)


def _rows(staging: Staging, *columns: ColumnElement[Any], met: bool) -> Select[Any]:
    """Select from the heads: of leads that were there before, or of all that are not hidden behind a head."""
    row, place, lead = staging.row, staging.place, table(Lead)
    outcomes = [RowOutcome.UNCHANGED, RowOutcome.UPDATED]
    if not met:
        outcomes.append(RowOutcome.CREATED)
    return (
        select(*columns)
        .select_from(row)
        .join(place, place.c.row_id == row.c.row_id)
        .join(lead, lead.c.id == place.c.lead_id)
        .where(place.c.outcome.in_(outcomes))
    )


def _line(kind: EventKind, old: ColumnElement[Any], new: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    lead = table(Lead)
    return [
        lead.c.id.label("lead_id"),
        literal(kind.value).label("kind"),
        literal(None, String).label("field"),
        old.label("old"),
        new.label("new"),
    ]


_NOTHING = literal(None, String)


def _is_new_touch(staging: Staging) -> ColumnElement[bool]:
    """A contact that the lead does not know of yet: a later one, or the day of one that had none."""
    row, lead = staging.row, table(Lead)
    dated = row.c.touch_dated.is_(True)
    return and_(
        row.c.touched_on.is_not(None),
        or_(
            lead.c.last_touch_on.is_(None),
            and_(dated, row.c.touched_on > lead.c.last_touch_on),
            and_(dated, lead.c.contact_dated.is_(False)),
        ),
    )


def _keep_touches(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    """Keep each new contact as a touch; of leads that are new, their first."""
    row, place, lead, touch = staging.row, staging.place, table(Lead), table(Touch)
    found = (
        _rows(staging, lead.c.id.label("lead_id"), row.c.touched_on, row.c.touch_dated, met=False)
        .where(row.c.touched_on.is_not(None), or_(place.c.outcome == RowOutcome.CREATED, _is_new_touch(staging)))
        .subquery()
    )
    first_id = reserve_ids_of_leads(connection, "touch", place)
    if first_id is None:
        return
    values: dict[str, ColumnElement[Any]] = {
        "lead_id": found.c.lead_id,
        "id": found.c.lead_id + literal(first_id),
        "kind": literal(TouchKind.UNKNOWN.value),
        "on": found.c.touched_on,
        "dated": found.c.touch_dated,
        "by": literal(act.by),
        "batch_id": literal(batch),
    }
    connection.execute(insert(touch).from_select(list(values), select(*values.values())))


def _record_touches(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    """Tell leads that were there before of their new contacts."""
    row, lead = staging.row, table(Lead)
    lines = _rows(staging, *_line(EventKind.TOUCH, _NOTHING, row.c.touched_on.cast(String)), met=True)
    _write_and_update(
        connection,
        batch,
        act,
        lines.where(_is_new_touch(staging)),
        {
            "first_touch_on": func.coalesce(
                lead.c.first_touch_on, expressions.choose_when(row.c.touch_dated, row.c.touched_on)
            ),
            "last_touch_on": row.c.touched_on,
            "contact_dated": row.c.touch_dated,
        },
        staging,
    )


def _write_and_update(
    connection: Connection,
    batch: int,
    act: Act,
    lines: Select[Any],
    values: dict[str, ColumnElement[Any]],
    staging: Staging,
) -> None:
    """Write the events of `lines`, then the values into the same leads."""
    lead, row, place = table(Lead), staging.row, staging.place
    told = dialect.keep(connection, "staged_lines", lines)
    if connection.execute(select(func.count()).select_from(told)).scalar_one():
        write_events_of_leads(connection, act, batch, told)
        connection.execute(
            update(lead)
            .values({**values, "changed_at": act.recorded_at})
            .where(
                lead.c.id == told.c.lead_id,
                place.c.lead_id == told.c.lead_id,
                place.c.outcome != RowOutcome.MERGED,
                row.c.row_id == place.c.row_id,
            )
        )
        _mark_updated(connection, staging, select(told.c.lead_id))
    told.drop(connection)


def _mark_updated(connection: Connection, staging: Staging, leads: Select[Any]) -> None:
    place = staging.place
    connection.execute(
        update(place)
        .values(outcome=RowOutcome.UPDATED.value)
        .where(place.c.outcome == RowOutcome.UNCHANGED, place.c.lead_id.in_(leads))
    )


def _qualify(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    row, lead = staging.row, table(Lead)
    lines = _rows(staging, *_line(EventKind.QUALIFIED, _NOTHING, literal("crm")), met=True).where(
        row.c.meaning.in_(QUALIFYING), lead.c.qualified_on.is_(None), ~called_unqualified()
    )
    values: dict[str, ColumnElement[Any]] = {
        "qualified_on": literal(act.as_of, lead.c.qualified_on.type),
        "qualified_by": literal("crm"),
    }
    _write_and_update(connection, batch, act, lines, values, staging)


def _change_stages(connection: Connection, staging: Staging, batch: int, act: Act, nurture_days: int) -> None:
    row, lead, event, change = staging.row, table(Lead), table(Event), staging.change
    target = first_stage(row)
    said_before = exists().where(
        event.c.lead_id == lead.c.id,
        event.c.kind.in_([EventKind.STAGE, EventKind.CREATED]),
        event.c.new == target,
        event.c.batch_id.is_not(None),
        event.c.batch_id != batch,
        _stands(event.c.batch_id),
    )
    status_changed = exists().where(change.c.lead_id == lead.c.id, change.c.kind == EventKind.STATUS)
    leaves = target.in_([Stage.NEW, Stage.WORKING])
    moves = or_(
        and_(target.in_(list(CLOSING.values())), lead.c.stage.in_(OPEN_STAGES), ~said_before),
        and_(target == Stage.NURTURE, lead.c.stage.in_([Stage.NEW, Stage.WORKING]), status_changed),
        and_(target == Stage.WORKING, lead.c.stage == Stage.NEW),
        and_(target.in_([Stage.WON, Stage.LOST]), lead.c.stage == Stage.CONVERTED, ~said_before),
        and_(leaves, lead.c.stage == Stage.NURTURE, row.c.meaning.is_not(None), status_changed),
    )
    lines = _rows(staging, *_line(EventKind.STAGE, lead.c.stage, target), met=True).where(moves)
    closes, parks = target.in_(list(CLOSING.values())), target == Stage.NURTURE
    values: dict[str, ColumnElement[Any]] = {
        "stage": target,
        "closed_on": expressions.choose_when(closes, literal(act.as_of, lead.c.closed_on.type), lead.c.closed_on),
        "nurture_until": expressions.choose_when(
            parks,
            literal(act.days_later(nurture_days), lead.c.nurture_until.type),
            expressions.choose_when(not_(leaves), lead.c.nurture_until),
        ),
    }
    _write_and_update(connection, batch, act, lines, values, staging)


def _stands(batch_id: ColumnElement[int]) -> ColumnElement[bool]:
    """What an import said that was undone was never said."""
    books = table(ImportBatch)
    return ~exists().where(books.c.id == batch_id, books.c.undone_at.is_not(None))


def _nominate(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    row, lead, nomination, change = staging.row, table(Lead), table(Nomination), staging.change
    told_before = exists().where(
        nomination.c.lead_id == lead.c.id, nomination.c.by == row.c.junk_by, _stands(nomination.c.batch_id)
    )
    status_changed = exists().where(change.c.lead_id == lead.c.id, change.c.kind == EventKind.STATUS)
    lines = _rows(
        staging, *_line(EventKind.NOMINATED, _NOTHING, row.c.junk_reason), row.c.junk_by.label("by"), met=False
    ).where(row.c.junk_reason.is_not(None), lead.c.stage.in_(OPEN_STAGES), or_(~told_before, status_changed))
    told = dialect.keep(connection, "staged_lines", lines)
    count = connection.execute(select(func.count()).select_from(told)).scalar_one()
    if count:
        first_id = reserve_ids(connection, "nomination", count)
        values: dict[str, ColumnElement[Any]] = {
            "lead_id": told.c.lead_id,
            "id": func.row_number().over(order_by=told.c.lead_id) + literal(first_id - 1),
            "by": told.c.by,
            "reason": told.c.new,
            "at": literal(act.at, nomination.c.at.type),
            "recorded_at": literal(act.recorded_at, nomination.c.recorded_at.type),
            "batch_id": literal(batch),
        }
        connection.execute(insert(nomination).from_select(list(values), select(*values.values())))
        write_events_of_leads(connection, act, batch, told)
        connection.execute(update(lead).values(changed_at=act.recorded_at).where(lead.c.id.in_(select(told.c.lead_id))))
        _mark_updated(connection, staging, select(told.c.lead_id))
    told.drop(connection)
