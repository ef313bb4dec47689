"""What a CRM's status and dates do to leads: contacts, stages, qualification and nominations, each as events.

A CRM's word acts once: what people here have changed since is not undone by the same word in the next export. What it
takes back by a newer word is `retracting`'s.

The days on which stored leads closed: as a file tells them, else the day of the import that said so.

Such a day of an import is put right by a later file that tells the real one, once.

A CRM's newer word that takes back its older one: its nomination is withdrawn, the lead that it closed is open again.

Only the same CRM's word does so, in the column in which it spoke before. What people here decided stays, and so does
what another system said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
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

from leadtriage.core.context import Act
from leadtriage.core.vocabulary import OPEN_STAGES, EventKind, RowOutcome, Stage, StatusMeaning, TouchKind
from leadtriage.db import (
    Event,
    ImportBatch,
    ImportRow,
    Lead,
    Nomination,
    Touch,
    dialect,
    expressions,
    reserve_ids,
    table,
)
from leadtriage.db.expressions import unqualified_by_person
from leadtriage.importing.mapping import StatusColumn, find_status_columns, pair_status_columns, reverts_status
from leadtriage.importing.merge.apply import first_stage, reserve_ids_of_leads, write_events_of_leads
from leadtriage.importing.merge.bulk_events import (
    NOTHING,
    make_line,
    mark_updated,
    select_heads,
    stands,
    tell_and_update,
    tell_kept_lines,
)
from leadtriage.importing.stage import CLOSING, JUNK, OPENING, QUALIFYING, Staging

CLOSING_DAY = "closed_on"
"""How the history names a day that is put right."""


def told_or_today(staging: Staging, act: Act) -> ColumnElement[date]:
    """The day on which a lead that was there before closes: as its row tells it, else the import's."""
    row, lead = staging.row, table(Lead)
    told = expressions.value_if(_is_believed(staging), row.c.closed_on)
    return func.coalesce(told, literal(act.as_of, lead.c.closed_on.type))


def _is_believed(staging: Staging) -> ColumnElement[bool]:
    """What `closing_days.is_believed` says of one lead, for all rows at once."""
    row, lead = staging.row, table(Lead)
    return or_(row.c.closed_on >= lead.c.created_on, lead.c.created_on == lead.c.imported_on)


def correct_closing_days(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    """Put right the days of leads that an earlier import closed on its own day, each with an event."""
    row, lead, event = staging.row, table(Lead), table(Event)
    if not connection.execute(select(exists().where(row.c.closed_on.is_not(None)))).scalar():
        return
    moves = event.alias("earlier_move")
    closing = select(func.max(moves.c.id)).where(
        moves.c.lead_id == lead.c.id,
        moves.c.kind.in_([EventKind.STAGE, EventKind.CREATED]),
        moves.c.new == lead.c.stage,
    )
    line = (
        lead.c.id.label("lead_id"),
        literal(EventKind.FIELD.value).label("kind"),
        literal(CLOSING_DAY).label("field"),
        cast(lead.c.closed_on, String).label("old"),
        cast(row.c.closed_on, String).label("new"),
    )
    lines = (
        select_heads(staging, *line, met=True)
        .join(event, and_(event.c.lead_id == lead.c.id, event.c.id == closing.scalar_subquery()))
        .where(
            row.c.closed_on.is_not(None),
            row.c.closed_on != lead.c.closed_on,
            first_stage(row) == lead.c.stage,
            event.c.batch_id.is_not(None),
            event.c.batch_id != batch,
            func.date(event.c.at) == lead.c.closed_on,
            _is_believed(staging),
        )
    )
    tell_and_update(connection, batch, act, lines, {"closed_on": row.c.closed_on}, staging)


def withdraw_nominations(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    """Withdraw the nominations that the act's system made by a word that its file says no more, each with an event."""
    row, lead, nomination = staging.row, table(Lead), table(Nomination)
    theirs = and_(
        nomination.c.by == act.by,
        nomination.c.withdrawn_at.is_(None),
        nomination.c.batch_id.is_not(None),
        nomination.c.batch_id != batch,
    )
    if not connection.execute(select(exists().where(theirs))).scalar():
        return
    other = nomination.alias("other_nomination")
    last = select(func.max(other.c.id)).where(
        other.c.lead_id == lead.c.id, other.c.by == act.by, other.c.withdrawn_at.is_(None)
    )
    doubted = (
        select_heads(
            staging,
            *make_line(EventKind.NOMINATED, nomination.c.reason, NOTHING),
            *_describe_word(staging, nomination.c.batch_id, nomination.c.at),
            met=True,
        )
        .join(nomination, nomination.c.lead_id == lead.c.id)
        .where(
            theirs,
            nomination.c.id == last.scalar_subquery(),
            row.c.junk_reason.is_(None),
            row.c.meaning.in_([*OPENING, *CLOSING]),
            lead.c.stage != Stage.JUNK,
        )
    )
    told = dialect.materialize(connection, "staged_retractions", doubted)
    _leave_out_what_is_not_taken_back(connection, staging, batch, told, JUNK)
    tell_kept_lines(connection, batch, act, told, {}, staging)
    connection.execute(
        update(nomination)
        .values(withdrawn_at=act.recorded_at)
        .where(theirs, nomination.c.lead_id.in_(select(told.c.lead_id)))
    )
    told.drop(connection)


def reopen_leads(connection: Connection, staging: Staging, batch: int, act: Act, nurture_days: int) -> tuple[int, ...]:
    """Reopen the leads that the act's system closed and now calls open, each with an event.

    Returns:
        The ids of the leads that stay closed and that the file says are open.
    """
    row, lead, event, books = staging.row, table(Lead), table(Event), table(ImportBatch)
    earlier = event.alias("earlier_event")
    closing = select(func.max(earlier.c.id)).where(
        earlier.c.lead_id == lead.c.id,
        earlier.c.kind.in_([EventKind.STAGE, EventKind.CREATED]),
        earlier.c.new == lead.c.stage,
        or_(earlier.c.kind == EventKind.CREATED, earlier.c.batch_id.is_(None), stands(earlier.c.batch_id)),
    )
    met_before = or_(lead.c.last_touch_on.is_not(None), row.c.touched_on.is_not(None))
    parks = row.c.meaning == StatusMeaning.NURTURE
    target = expressions.value_if(
        parks,
        literal(Stage.NURTURE.value),
        expressions.value_if(met_before, literal(Stage.WORKING.value), literal(Stage.NEW.value)),
    )
    said_open = and_(row.c.meaning.in_(OPENING), lead.c.stage.not_in(OPEN_STAGES))
    doubted = set(connection.execute(select_heads(staging, lead.c.id, met=True).where(said_open)).scalars())
    if not doubted:
        return ()
    theirs = (
        select_heads(
            staging,
            *make_line(EventKind.STAGE, lead.c.stage, target),
            *_describe_word(staging, event.c.batch_id, event.c.at),
            met=True,
        )
        .join(event, and_(event.c.lead_id == lead.c.id, event.c.id == closing.scalar_subquery()))
        .join(books, and_(books.c.id == event.c.batch_id, books.c.system == act.by))
        .where(said_open)
    )
    told = dialect.materialize(connection, "staged_retractions", theirs)
    _leave_out_what_is_not_taken_back(connection, staging, batch, told, tuple(CLOSING))
    reopened = set(connection.execute(select(told.c.lead_id)).scalars())
    values: dict[str, ColumnElement[Any]] = {
        "stage": target,
        "closed_on": literal(None, lead.c.closed_on.type),
        "nurture_until": expressions.value_if(parks, literal(act.days_later(nurture_days), lead.c.nurture_until.type)),
        "shelf_from": expressions.value_if(parks, lead.c.shelf_from, literal(act.as_of, lead.c.shelf_from.type)),
    }
    tell_kept_lines(connection, batch, act, told, values, staging)
    told.drop(connection)
    return tuple(sorted(doubted - reopened))


def _describe_word(
    staging: Staging, said_in: ColumnElement[Any], said_at: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """Where the older word was said, and whether the row is newer than it."""
    row, lead = staging.row, table(Lead)
    status_stands: ColumnElement[bool] = literal(False)
    if "status" in staging.attribute_columns:
        status_stands = row.c.status_comparable == lead.c.status_comparable
    return [
        row.c.row_id.label("row_id"),
        said_in.label("said_in"),
        func.coalesce(status_stands, literal(False)).label("status_stands"),
        (row.c.observed_at >= said_at).label("newer"),
    ]


def _leave_out_what_is_not_taken_back(
    connection: Connection, staging: Staging, batch: int, told: Table, kinds: Sequence[StatusMeaning]
) -> None:
    """Leave the lines of leads of which no column said one of these kinds then and something else now."""
    kept, row = table(ImportRow), staging.row
    columns = _find_columns(connection, batch, told)
    words = connection.execute(
        select(
            told.c.lead_id,
            told.c.said_in,
            told.c.status_stands,
            told.c.newer,
            kept.c.cells.label("then"),
            row.c.cells.label("now"),
        )
        .join(kept, and_(kept.c.lead_id == told.c.lead_id, kept.c.batch_id == told.c.said_in))
        .join(row, row.c.row_id == told.c.row_id)
    )
    taken_back: set[int] = set()
    for word in words:
        for then, now in pair_status_columns(columns.get(word.said_in, ()), columns[batch]):
            counts = word.status_stands if now.field == "status" else word.newer
            if counts and reverts_status(then.parse(word.then), now.parse(word.now), kinds):
                taken_back.add(word.lead_id)
    others = set(connection.execute(select(told.c.lead_id)).scalars()) - taken_back
    if others:
        dialect.create_index(connection, told.c.lead_id)
        connection.execute(
            told.delete().where(told.c.lead_id == bindparam("of_lead")),
            [{"of_lead": lead_id} for lead_id in sorted(others)],
        )


def _find_columns(connection: Connection, batch: int, told: Table) -> Mapping[int, tuple[StatusColumn, ...]]:
    """The columns of status and outcome of this import and of those that said the older words."""
    books = table(ImportBatch)
    concerned = select(told.c.said_in).distinct()
    found = connection.execute(
        select(books.c.id, books.c.system, books.c.headers, books.c.mapping).where(
            or_(books.c.id == batch, books.c.id.in_(concerned))
        )
    )
    return {line.id: find_status_columns(line.system, line.headers, line.mapping) for line in found}


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
                lead.c.first_touch_on, expressions.value_if(row.c.touch_dated, row.c.touched_on)
            ),
            "last_touch_on": row.c.touched_on,
            "contact_dated": row.c.touch_dated,
        },
        staging,
    )


def _qualify(connection: Connection, staging: Staging, batch: int, act: Act) -> None:
    row, lead = staging.row, table(Lead)
    lines = select_heads(staging, *make_line(EventKind.QUALIFIED, NOTHING, literal("crm")), met=True).where(
        row.c.meaning.in_(QUALIFYING), lead.c.qualified_on.is_(None), ~unqualified_by_person()
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
        "closed_on": expressions.value_if(closes, told_or_today(staging, act), lead.c.closed_on),
        "nurture_until": expressions.value_if(
            parks,
            literal(act.days_later(nurture_days), lead.c.nurture_until.type),
            expressions.value_if(not_(leaves), lead.c.nurture_until),
        ),
        "parked_on": expressions.value_if(
            parks,
            literal(act.as_of, lead.c.parked_on.type),
            expressions.value_if(not_(leaves), lead.c.parked_on),
        ),
        "nurture_reason": expressions.value_if(not_(or_(leaves, parks)), lead.c.nurture_reason),
        "shelf_from": expressions.value_if(
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
    told = dialect.materialize(connection, "staged_lines", lines)
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
