"""Lines about the leads that a file's rows met: selected from the rows, told as events, written into the leads.

What is said of a lead, and when, is `follow`'s and `retracting`'s.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, String, exists, func, literal, select, update

from leadtriage.core.context import Act
from leadtriage.core.vocabulary import EventKind, RowOutcome
from leadtriage.db import ImportBatch, Lead, dialect, table
from leadtriage.importing.merge.apply import write_events_of_leads
from leadtriage.importing.stage import Staging

NOTHING = literal(None, String)


def select_heads(staging: Staging, *columns: ColumnElement[Any], met: bool) -> Select[Any]:
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


def make_line(kind: EventKind, old: ColumnElement[Any], new: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The columns of a line that tells a change of a lead."""
    lead = table(Lead)
    return [
        lead.c.id.label("lead_id"),
        literal(kind.value).label("kind"),
        literal(None, String).label("field"),
        old.label("old"),
        new.label("new"),
    ]


def tell_and_update(
    connection: Connection,
    batch: int,
    act: Act,
    lines: Select[Any],
    values: dict[str, ColumnElement[Any]],
    staging: Staging,
) -> None:
    """Write the events of `lines`, then the values into the same leads."""
    told = dialect.materialize(connection, "staged_lines", lines)
    tell_kept_lines(connection, batch, act, told, values, staging)
    told.drop(connection)


def tell_kept_lines(
    connection: Connection,
    batch: int,
    act: Act,
    told: FromClause,
    values: dict[str, ColumnElement[Any]],
    staging: Staging,
) -> None:
    """The same for lines that are kept in a table, one for a lead."""
    lead, row, place = table(Lead), staging.row, staging.place
    if not connection.execute(select(func.count()).select_from(told)).scalar_one():
        return
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
    mark_updated(connection, staging, select(told.c.lead_id))


def mark_updated(connection: Connection, staging: Staging, leads: Select[Any]) -> None:
    """Count the rows of these leads as having changed something."""
    place = staging.place
    connection.execute(
        update(place)
        .values(outcome=RowOutcome.UPDATED.value)
        .where(place.c.outcome == RowOutcome.UNCHANGED, place.c.lead_id.in_(leads))
    )


def stands(batch_id: ColumnElement[int]) -> ColumnElement[bool]:
    """What an import said that was undone was never said."""
    books = table(ImportBatch)
    return ~exists().where(books.c.id == batch_id, books.c.undone_at.is_not(None))
