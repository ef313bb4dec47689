"""A CRM's newer word that takes back its older one: its nomination is withdrawn, the lead that it closed is open again.

Only the same CRM's word does so, in the column in which it spoke before. What people here decided stays, and so does
what another system said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from leadtriage.act import Act
from leadtriage.db import dialect, expressions
from leadtriage.db.schema import Event, ImportBatch, ImportRow, Lead, Nomination, table
from leadtriage.importing.lines import NOTHING, make_line, select_heads, stands, tell_kept_lines
from leadtriage.importing.meanings import CLOSING, JUNK, OPENING
from leadtriage.importing.staging import Staging
from leadtriage.importing.word_columns import WordColumn, find_word_columns, pair_columns, takes_back
from leadtriage.vocabulary import OPEN_STAGES, EventKind, Stage, StatusMeaning


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
    told = dialect.keep(connection, "staged_retractions", doubted)
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
    target = expressions.choose_when(
        parks,
        literal(Stage.NURTURE.value),
        expressions.choose_when(met_before, literal(Stage.WORKING.value), literal(Stage.NEW.value)),
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
    told = dialect.keep(connection, "staged_retractions", theirs)
    _leave_out_what_is_not_taken_back(connection, staging, batch, told, tuple(CLOSING))
    reopened = set(connection.execute(select(told.c.lead_id)).scalars())
    values: dict[str, ColumnElement[Any]] = {
        "stage": target,
        "closed_on": literal(None, lead.c.closed_on.type),
        "nurture_until": expressions.choose_when(
            parks, literal(act.days_later(nurture_days), lead.c.nurture_until.type)
        ),
        "shelf_from": expressions.choose_when(parks, lead.c.shelf_from, literal(act.as_of, lead.c.shelf_from.type)),
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
        for then, now in pair_columns(columns.get(word.said_in, ()), columns[batch]):
            counts = word.status_stands if now.field == "status" else word.newer
            if counts and takes_back(then.read(word.then), now.read(word.now), kinds):
                taken_back.add(word.lead_id)
    others = set(connection.execute(select(told.c.lead_id)).scalars()) - taken_back
    if others:
        dialect.create_index(connection, told.c.lead_id)
        connection.execute(
            told.delete().where(told.c.lead_id == bindparam("of_lead")),
            [{"of_lead": lead_id} for lead_id in sorted(others)],
        )


def _find_columns(connection: Connection, batch: int, told: Table) -> Mapping[int, tuple[WordColumn, ...]]:
    """The columns of status and outcome of this import and of those that said the older words."""
    books = table(ImportBatch)
    concerned = select(told.c.said_in).distinct()
    found = connection.execute(
        select(books.c.id, books.c.system, books.c.headers, books.c.mapping).where(
            or_(books.c.id == batch, books.c.id.in_(concerned))
        )
    )
    return {line.id: find_word_columns(line.system, line.headers, line.mapping) for line in found}
