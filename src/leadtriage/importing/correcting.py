"""The days on which stored leads closed: as a file tells them, else the day of the import that said so.

Such a day of an import is put right by a later file that tells the real one, once.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Connection, String, and_, cast, exists, func, literal, or_, select

from leadtriage.act import Act
from leadtriage.db import expressions
from leadtriage.db.schema import Event, Lead, table
from leadtriage.importing.lines import select_heads, tell_and_update
from leadtriage.importing.merge import first_stage
from leadtriage.importing.staging import Staging
from leadtriage.vocabulary import EventKind

CLOSING_DAY = "closed_on"
"""How the history names a day that is put right."""


def told_or_today(staging: Staging, act: Act) -> ColumnElement[date]:
    """The day on which a lead that was there before closes: as its row tells it, else the import's."""
    row, lead = staging.row, table(Lead)
    told = expressions.choose_when(_is_believed(staging), row.c.closed_on)
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
