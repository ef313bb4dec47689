"""Apply the statuses and dates of a CRM: contacts, qualification, stages, closing dates and flags, with events.

A status of a CRM acts once: it does not undo, in the next export, what people have changed here since. A newer status
reverts the effect of an older one only in the same column of the same CRM: it withdraws a flag or reopens a lead. What
people or other systems decided stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    Table,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from leadtriage.core.vocabulary import OPEN_STAGES, EventKind, RowOutcome, Stage, StatusMeaning, TouchKind
from leadtriage.db import (
    Event,
    ImportBatch,
    ImportRow,
    Lead,
    Nomination,
    Touch,
    dialect,
    reserve_ids,
    table,
)
from leadtriage.db.expressions import unqualified_by_person, value_if
from leadtriage.importing.mapping import StatusColumn, find_status_columns, pair_status_columns, reverts_status
from leadtriage.importing.merge.apply import first_stage
from leadtriage.importing.merge.bulk_events import (
    apply_events,
    apply_stored_events,
    event_columns,
    is_undone,
    reserve_ids_of_leads,
    select_leaders,
)
from leadtriage.importing.run import ImportRun
from leadtriage.importing.stage import CLOSING, JUNK, OPENING, QUALIFYING, Staging

CLOSING_DAY = "closed_on"
"""The field of an event that corrects a closing date."""

_MOVES = (EventKind.STAGE, EventKind.CREATED)


def apply_statuses(run: ImportRun) -> tuple[int, ...]:
    """Apply the statuses and the contact dates of the rows, in the name of their system.

    Returns:
        The ids of leads that stay closed though the rows call them open.
    """
    run = replace(run, act=run.act.on_behalf_of(run.settings.system))
    result = run.staging.result
    any_met = select(exists().where(result.c.outcome.in_([RowOutcome.UNCHANGED, RowOutcome.UPDATED])))
    still_closed: tuple[int, ...] = ()
    _store_touches(run)
    if run.connection.execute(any_met).scalar():
        _update_last_touches(run)
        _qualify(run)
        _change_stages(run)
        still_closed = _reopen_leads(run)
        _correct_closing_days(run)
        _withdraw_flags(run)
    _flag_junk(run)
    return still_closed


def _today(run: ImportRun) -> ColumnElement[Any]:
    return literal(run.act.as_of, table(Lead).c.closed_on.type)


def _nurture_until(run: ImportRun) -> ColumnElement[Any]:
    return literal(run.act.days_later(run.options.nurture_days), table(Lead).c.nurture_until.type)


def _is_new_touch(staging: Staging) -> ColumnElement[bool]:
    """A contact that the lead does not have: a later one, or the date of an undated one."""
    row, lead = staging.row, table(Lead)
    dated = row.c.touch_dated.is_(True)
    is_later = and_(dated, row.c.touched_on > lead.c.last_touch_on)
    is_date = and_(dated, lead.c.contact_dated.is_(False))
    return and_(row.c.touched_on.is_not(None), or_(lead.c.last_touch_on.is_(None), is_later, is_date))


def _store_touches(run: ImportRun) -> None:
    """Store each new contact as a touch, including the first one of new leads."""
    row, result, lead = run.staging.row, run.staging.result, table(Lead)
    found = (
        select_leaders(run, lead.c.id.label("lead_id"), row.c.touched_on, row.c.touch_dated, stored_only=False)
        .where(row.c.touched_on.is_not(None), or_(result.c.outcome == RowOutcome.CREATED, _is_new_touch(run.staging)))
        .subquery()
    )
    first_id = reserve_ids_of_leads(run.connection, "touch", result)
    if first_id is None:
        return
    values: dict[str, ColumnElement[Any]] = {
        "lead_id": found.c.lead_id,
        "id": found.c.lead_id + literal(first_id),
        "kind": literal(TouchKind.UNKNOWN.value),
        "on": found.c.touched_on,
        "dated": found.c.touch_dated,
        "by": literal(run.act.by),
        "batch_id": literal(run.batch),
    }
    run.connection.execute(insert(table(Touch)).from_select(list(values), select(*values.values())))


def _update_last_touches(run: ImportRun) -> None:
    row, lead = run.staging.row, table(Lead)
    first_touch_on = value_if(row.c.touch_dated, row.c.touched_on)
    events = select_leaders(run, *event_columns(EventKind.TOUCH, new=row.c.touched_on.cast(String)))
    values: dict[str, ColumnElement[Any]] = {
        "first_touch_on": func.coalesce(lead.c.first_touch_on, first_touch_on),
        "last_touch_on": row.c.touched_on,
        "contact_dated": row.c.touch_dated,
    }
    apply_events(run, events.where(_is_new_touch(run.staging)), values)


def _qualify(run: ImportRun) -> None:
    lead, crm = table(Lead), literal("crm")
    events = select_leaders(run, *event_columns(EventKind.QUALIFIED, new=crm)).where(
        run.staging.row.c.meaning.in_(QUALIFYING), lead.c.qualified_on.is_(None), ~unqualified_by_person()
    )
    apply_events(run, events, {"qualified_on": _today(run), "qualified_by": crm})


def _change_stages(run: ImportRun) -> None:
    row, lead, event = run.staging.row, table(Lead), table(Event)
    target = first_stage(row)
    stated_before = exists().where(
        event.c.lead_id == lead.c.id,
        event.c.kind.in_(_MOVES),
        event.c.new == target,
        event.c.batch_id.is_not(None),
        event.c.batch_id != run.batch,
        ~is_undone(event.c.batch_id),
        ~_is_reopened_since(event),
    )
    status_changed = _status_changed(run)
    closes, snoozes = target.in_(list(CLOSING.values())), target == Stage.NURTURE
    opens = target.in_([Stage.NEW, Stage.WORKING])
    moves = or_(
        and_(closes, lead.c.stage.in_(OPEN_STAGES), ~stated_before),
        and_(snoozes, lead.c.stage.in_([Stage.NEW, Stage.WORKING]), status_changed),
        and_(target == Stage.WORKING, lead.c.stage == Stage.NEW),
        and_(target.in_([Stage.WON, Stage.LOST]), lead.c.stage == Stage.CONVERTED, ~stated_before),
        and_(opens, lead.c.stage == Stage.NURTURE, row.c.meaning.is_not(None), status_changed),
    )
    closed_on = func.coalesce(value_if(_is_plausible_closing_day(run.staging), row.c.closed_on), _today(run))
    values: dict[str, ColumnElement[Any]] = {
        "stage": target,
        "closed_on": value_if(closes, closed_on, lead.c.closed_on),
        "nurture_until": value_if(snoozes, _nurture_until(run), value_if(not_(opens), lead.c.nurture_until)),
        "parked_on": value_if(snoozes, _today(run), value_if(not_(opens), lead.c.parked_on)),
        "nurture_reason": value_if(not_(or_(opens, snoozes)), lead.c.nurture_reason),
        "shelf_from": value_if(and_(opens, lead.c.stage == Stage.NURTURE), _today(run), lead.c.shelf_from),
    }
    events = select_leaders(run, *event_columns(EventKind.STAGE, lead.c.stage, target))
    apply_events(run, events.where(moves, _has_current_status(run.staging)), values)


def _status_changed(run: ImportRun) -> ColumnElement[bool]:
    change = run.staging.change
    return exists().where(change.c.lead_id == table(Lead).c.id, change.c.kind == EventKind.STATUS)


def _has_current_status(staging: Staging) -> ColumnElement[bool]:
    """Whether a row's status became the lead's. The status of an older export has no effect."""
    row, lead = staging.row, table(Lead)
    if "status" not in staging.attribute_columns:
        return literal(True)
    return or_(row.c.status.is_(None), row.c.status_comparable == lead.c.status_comparable)


def _is_reopened_since(closing: FromClause) -> ColumnElement[bool]:
    """Whether the CRM itself reopened the lead since it closed it, so that its status may act again."""
    event = table(Event).alias("reopening")
    return exists().where(
        event.c.lead_id == closing.c.lead_id,
        event.c.kind == EventKind.STAGE,
        event.c.old == closing.c.new,
        event.c.new.in_(OPEN_STAGES),
        event.c.batch_id.is_not(None),
        event.c.id > closing.c.id,
        ~is_undone(event.c.batch_id),
    )


def _is_plausible_closing_day(staging: Staging) -> ColumnElement[bool]:
    """The same as `stage.is_plausible_closing_day`, for all rows at once."""
    row, lead = staging.row, table(Lead)
    return or_(row.c.closed_on >= lead.c.created_on, lead.c.created_on == lead.c.imported_on)


def _correct_closing_days(run: ImportRun) -> None:
    """Set the closing date of the file, once, for leads that an earlier import closed on its own day."""
    row, lead, event = run.staging.row, table(Lead), table(Event)
    if not run.connection.execute(select(exists().where(row.c.closed_on.is_not(None)))).scalar():
        return
    earlier = event.alias("earlier_move")
    closing = select(func.max(earlier.c.id)).where(
        earlier.c.lead_id == lead.c.id, earlier.c.kind.in_(_MOVES), earlier.c.new == lead.c.stage
    )
    columns = event_columns(
        EventKind.FIELD, cast(lead.c.closed_on, String), cast(row.c.closed_on, String), field=CLOSING_DAY
    )
    events = (
        select_leaders(run, *columns)
        .join(event, and_(event.c.lead_id == lead.c.id, event.c.id == closing.scalar_subquery()))
        .where(
            row.c.closed_on.is_not(None),
            row.c.closed_on != lead.c.closed_on,
            first_stage(row) == lead.c.stage,
            event.c.batch_id.is_not(None),
            event.c.batch_id != run.batch,
            func.date(event.c.at) == lead.c.closed_on,
            _is_plausible_closing_day(run.staging),
        )
    )
    apply_events(run, events, {"closed_on": row.c.closed_on})


def _flag_junk(run: ImportRun) -> None:
    row, lead, nomination = run.staging.row, table(Lead), table(Nomination)
    flagged_before = exists().where(
        nomination.c.lead_id == lead.c.id, nomination.c.by == row.c.junk_by, ~is_undone(nomination.c.batch_id)
    )
    columns = (*event_columns(EventKind.NOMINATED, new=row.c.junk_reason), row.c.junk_by.label("by"))
    found = select_leaders(run, *columns, stored_only=False).where(
        row.c.junk_reason.is_not(None),
        lead.c.stage.in_(OPEN_STAGES),
        or_(~flagged_before, _status_changed(run)),
        _has_current_status(run.staging),
    )
    events = dialect.materialize(run.connection, "staged_events", found)
    count = run.connection.execute(select(func.count()).select_from(events)).scalar_one()
    if count:
        first_id = reserve_ids(run.connection, "nomination", count)
        values: dict[str, ColumnElement[Any]] = {
            "lead_id": events.c.lead_id,
            "id": func.row_number().over(order_by=events.c.lead_id) + literal(first_id - 1),
            "by": events.c.by,
            "reason": events.c.new,
            "at": literal(run.act.at, nomination.c.at.type),
            "recorded_at": literal(run.act.recorded_at, nomination.c.recorded_at.type),
            "batch_id": literal(run.batch),
        }
        run.connection.execute(insert(nomination).from_select(list(values), select(*values.values())))
        apply_stored_events(run, events, {})
    events.drop(run.connection)


def _withdraw_flags(run: ImportRun) -> None:
    """Withdraw the flags that the system set by a status which its file no longer has, with an event each."""
    row, lead, nomination = run.staging.row, table(Lead), table(Nomination)
    by_system = and_(
        nomination.c.by == run.act.by,
        nomination.c.withdrawn_at.is_(None),
        nomination.c.batch_id.is_not(None),
        nomination.c.batch_id != run.batch,
    )
    if not run.connection.execute(select(exists().where(by_system))).scalar():
        return
    other = nomination.alias("other_nomination")
    last = select(func.max(other.c.id)).where(
        other.c.lead_id == lead.c.id, other.c.by == run.act.by, other.c.withdrawn_at.is_(None)
    )
    columns = event_columns(EventKind.NOMINATED, nomination.c.reason)
    found = (
        select_leaders(run, *columns, *_earlier_columns(run.staging, nomination))
        .join(nomination, nomination.c.lead_id == lead.c.id)
        .where(
            by_system,
            nomination.c.id == last.scalar_subquery(),
            row.c.junk_reason.is_(None),
            row.c.meaning.in_([*OPENING, *CLOSING]),
            lead.c.stage != Stage.JUNK,
        )
    )
    events = dialect.materialize(run.connection, "staged_reversals", found)
    _keep_reversals_only(run, events, JUNK)
    apply_stored_events(run, events, {})
    run.connection.execute(
        update(nomination)
        .values(withdrawn_at=run.act.recorded_at)
        .where(by_system, nomination.c.lead_id.in_(select(events.c.lead_id)))
    )
    events.drop(run.connection)


def _reopen_leads(run: ImportRun) -> tuple[int, ...]:
    """Reopen the leads that the system closed and now calls open, with an event each.

    Returns:
        The ids of the leads that stay closed though the file calls them open.
    """
    row, lead, event, batch = run.staging.row, table(Lead), table(Event), table(ImportBatch)
    called_open = and_(row.c.meaning.in_(OPENING), lead.c.stage.not_in(OPEN_STAGES))
    closed = set(run.connection.execute(select_leaders(run, lead.c.id).where(called_open)).scalars())
    if not closed:
        return ()
    earlier = event.alias("earlier_event")
    closing = select(func.max(earlier.c.id)).where(
        earlier.c.lead_id == lead.c.id,
        earlier.c.kind.in_(_MOVES),
        earlier.c.new == lead.c.stage,
        or_(earlier.c.kind == EventKind.CREATED, ~is_undone(earlier.c.batch_id)),
    )
    contacted = or_(lead.c.last_touch_on.is_not(None), row.c.touched_on.is_not(None))
    snoozes = row.c.meaning == StatusMeaning.NURTURE
    open_stage = value_if(contacted, literal(Stage.WORKING.value), literal(Stage.NEW.value))
    target = value_if(snoozes, literal(Stage.NURTURE.value), open_stage)
    columns = event_columns(EventKind.STAGE, lead.c.stage, target)
    found = (
        select_leaders(run, *columns, *_earlier_columns(run.staging, event))
        .join(event, and_(event.c.lead_id == lead.c.id, event.c.id == closing.scalar_subquery()))
        .join(batch, and_(batch.c.id == event.c.batch_id, batch.c.system == run.act.by))
        .where(called_open)
    )
    events = dialect.materialize(run.connection, "staged_reversals", found)
    _keep_reversals_only(run, events, tuple(CLOSING))
    reopened = set(run.connection.execute(select(events.c.lead_id)).scalars())
    values: dict[str, ColumnElement[Any]] = {
        "stage": target,
        "closed_on": literal(None, lead.c.closed_on.type),
        "nurture_until": value_if(snoozes, _nurture_until(run)),
        "shelf_from": value_if(snoozes, lead.c.shelf_from, _today(run)),
    }
    apply_stored_events(run, events, values)
    events.drop(run.connection)
    return tuple(sorted(closed - reopened))


def _earlier_columns(staging: Staging, earlier: FromClause) -> list[ColumnElement[Any]]:
    """The columns that `_keep_reversals_only` needs about a flag or a closing event of an earlier import."""
    row, lead = staging.row, table(Lead)
    is_current: ColumnElement[bool] = literal(False)
    if "status" in staging.attribute_columns:
        is_current = row.c.status_comparable == lead.c.status_comparable
    return [
        row.c.row_id.label("row_id"),
        earlier.c.batch_id.label("earlier_batch"),
        func.coalesce(is_current, literal(False)).label("is_current_status"),
        (row.c.observed_at >= earlier.c.at).label("is_newer"),
    ]


def _keep_reversals_only(run: ImportRun, events: Table, kinds: Sequence[StatusMeaning]) -> None:
    """Delete the events of leads for which no column had one of these meanings then and has another one now."""
    connection, stored, row = run.connection, table(ImportRow), run.staging.row
    columns = _find_status_columns(run, events)
    pairs = connection.execute(
        select(events, stored.c.cells.label("then"), row.c.cells.label("now"))
        .join(stored, and_(stored.c.lead_id == events.c.lead_id, stored.c.batch_id == events.c.earlier_batch))
        .join(row, row.c.row_id == events.c.row_id)
    )
    reverted: set[int] = set()
    for pair in pairs:
        for then, now in pair_status_columns(columns.get(pair.earlier_batch, ()), columns[run.batch]):
            counts = pair.is_current_status if now.field == "status" else pair.is_newer
            if counts and reverts_status(then.parse(pair.then), now.parse(pair.now), kinds):
                reverted.add(pair.lead_id)
    others = set(connection.execute(select(events.c.lead_id)).scalars()) - reverted
    if others:
        dialect.create_index(connection, events.c.lead_id)
        deleted = events.delete().where(events.c.lead_id == bindparam("of_lead"))
        connection.execute(deleted, [{"of_lead": lead_id} for lead_id in sorted(others)])


def _find_status_columns(run: ImportRun, events: Table) -> Mapping[int, tuple[StatusColumn, ...]]:
    """The status and outcome columns of this import and of the earlier ones."""
    batch = table(ImportBatch)
    found = run.connection.execute(
        select(batch.c.id, batch.c.system, batch.c.headers, batch.c.mapping).where(
            or_(batch.c.id == run.batch, batch.c.id.in_(select(events.c.earlier_batch).distinct()))
        )
    )
    return {line.id: find_status_columns(line.system, line.headers, line.mapping) for line in found}
