"""What a CRM's status and dates do to leads: contacts, stages, qualification and nominations, each as events.

A CRM's word acts once: what people here have changed since is not undone by the same word in the next export. What it
takes back by a newer word is `retracting`'s.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
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
from leadtriage.db.schema import Event, Lead, Nomination, Touch, table
from leadtriage.db.standing_words import called_unqualified
from leadtriage.importing.correcting import correct_closing_days, told_or_today
from leadtriage.importing.lines import NOTHING, make_line, mark_updated, select_heads, stands, tell_and_update
from leadtriage.importing.meanings import CLOSING, QUALIFYING
from leadtriage.importing.merge import first_stage, reserve_ids_of_leads, write_events_of_leads
from leadtriage.importing.retracting import reopen_leads, withdraw_nominations
from leadtriage.importing.staging import Staging
from leadtriage.vocabulary import OPEN_STAGES, EventKind, RowOutcome, Stage, TouchKind


def follow_status(
    connection: Connection, staging: Staging, batch: int, act: Act, *, system: str, nurture_days: int
) -> tuple[int, ...]:
    """Carry out what the rows' statuses and dates of contact say of their leads.

    Args:
        system: who is named as having said so.
        nurture_days: how long a lead is parked whose CRM gives no date.

    Returns:
        The ids of leads that are closed here, and stay so, and that the rows say are open.
    """
    by_system = act.on_behalf_of(system)
    place = staging.place
    met = select(exists().where(place.c.outcome.in_([RowOutcome.UNCHANGED, RowOutcome.UPDATED])))
    still_closed: tuple[int, ...] = ()
    _keep_touches(connection, staging, batch, by_system)
    if connection.execute(met).scalar():
        _record_touches(connection, staging, batch, by_system)
        _qualify(connection, staging, batch, by_system)
        _change_stages(connection, staging, batch, by_system, nurture_days)
        still_closed = reopen_leads(connection, staging, batch, by_system, nurture_days)
        correct_closing_days(connection, staging, batch, by_system)
        withdraw_nominations(connection, staging, batch, by_system)
    _nominate(connection, staging, batch, by_system)
    return still_closed


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
        select_heads(staging, lead.c.id.label("lead_id"), row.c.touched_on, row.c.touch_dated, met=False)
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
    lines = select_heads(staging, *make_line(EventKind.TOUCH, NOTHING, row.c.touched_on.cast(String)), met=True)
    tell_and_update(
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


def _qualify(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    row, lead = staging.row, table(Lead)
    lines = select_heads(staging, *make_line(EventKind.QUALIFIED, NOTHING, literal("crm")), met=True).where(
        row.c.meaning.in_(QUALIFYING), lead.c.qualified_on.is_(None), ~called_unqualified()
    )
    values: dict[str, ColumnElement[Any]] = {
        "qualified_on": literal(act.as_of, lead.c.qualified_on.type),
        "qualified_by": literal("crm"),
    }
    tell_and_update(connection, batch, act, lines, values, staging)


def _change_stages(connection: Connection, staging: Staging, batch: int, act: Act, nurture_days: int) -> None:
    row, lead, event, change = staging.row, table(Lead), table(Event), staging.change
    target = first_stage(row)
    said_before = exists().where(
        event.c.lead_id == lead.c.id,
        event.c.kind.in_([EventKind.STAGE, EventKind.CREATED]),
        event.c.new == target,
        event.c.batch_id.is_not(None),
        event.c.batch_id != batch,
        stands(event.c.batch_id),
        ~_reopened_since(event),
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
    lines = select_heads(staging, *make_line(EventKind.STAGE, lead.c.stage, target), met=True)
    lines = lines.where(moves, _is_no_older_word(staging))
    closes, parks = target.in_(list(CLOSING.values())), target == Stage.NURTURE
    values: dict[str, ColumnElement[Any]] = {
        "stage": target,
        "closed_on": expressions.choose_when(closes, told_or_today(staging, act), lead.c.closed_on),
        "nurture_until": expressions.choose_when(
            parks,
            literal(act.days_later(nurture_days), lead.c.nurture_until.type),
            expressions.choose_when(not_(leaves), lead.c.nurture_until),
        ),
        "parked_on": expressions.choose_when(
            parks,
            literal(act.as_of, lead.c.parked_on.type),
            expressions.choose_when(not_(leaves), lead.c.parked_on),
        ),
        "nurture_reason": expressions.choose_when(not_(or_(leaves, parks)), lead.c.nurture_reason),
        "shelf_from": expressions.choose_when(
            and_(leaves, lead.c.stage == Stage.NURTURE), literal(act.as_of, lead.c.shelf_from.type), lead.c.shelf_from
        ),
    }
    tell_and_update(connection, batch, act, lines, values, staging)


def _is_no_older_word(staging: Staging) -> ColumnElement[bool]:
    """An older export's status, which has not replaced the one that is known, moves nothing."""
    row, lead = staging.row, table(Lead)
    if "status" not in staging.attribute_columns:
        return literal(True)
    return or_(row.c.status.is_(None), row.c.status_comparable == lead.c.status_comparable)


def _reopened_since(closing: FromClause) -> ColumnElement[bool]:
    """Whether the CRM itself has called the lead open after it had closed it, so that its word may act again."""
    event = table(Event).alias("reopening")
    return exists().where(
        event.c.lead_id == closing.c.lead_id,
        event.c.kind == EventKind.STAGE,
        event.c.old == closing.c.new,
        event.c.new.in_(OPEN_STAGES),
        event.c.batch_id.is_not(None),
        event.c.id > closing.c.id,
        stands(event.c.batch_id),
    )


def _nominate(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    row, lead, nomination, change = staging.row, table(Lead), table(Nomination), staging.change
    told_before = exists().where(
        nomination.c.lead_id == lead.c.id, nomination.c.by == row.c.junk_by, stands(nomination.c.batch_id)
    )
    status_changed = exists().where(change.c.lead_id == lead.c.id, change.c.kind == EventKind.STATUS)
    lines = select_heads(
        staging, *make_line(EventKind.NOMINATED, NOTHING, row.c.junk_reason), row.c.junk_by.label("by"), met=False
    ).where(
        row.c.junk_reason.is_not(None),
        lead.c.stage.in_(OPEN_STAGES),
        or_(~told_before, status_changed),
        _is_no_older_word(staging),
    )
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
        mark_updated(connection, staging, select(told.c.lead_id))
    told.drop(connection)
