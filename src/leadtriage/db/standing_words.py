"""Words of people that stand against what scores and imports would say again, as conditions on statements."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_

from leadtriage.db.schema import Event, Lead, table
from leadtriage.vocabulary import EventKind

_NOTHING_NEW = (
    *("touches", "unanswered_touches", "replies", "nurture_until"),
    *("outcome_reason", "outcome_value", "closed_on"),
)
"""Fields of which a change tells what was done with a lead, not what it is."""


def called_unqualified() -> ColumnElement[bool]:
    """Whether a person's word that a lead is not qualified stands: neither its status nor a field has changed since.

    For statements that select from `lead`.
    """
    lead, said = table(Lead), table(Event).alias("said")
    later, undoing = table(Event).alias("later"), table(Event).alias("undoing")
    outdated = exists().where(
        later.c.lead_id == said.c.lead_id,
        later.c.id > said.c.id,
        or_(
            later.c.kind.in_([EventKind.QUALIFIED, EventKind.STATUS]),
            and_(later.c.kind == EventKind.FIELD, later.c.field.not_in(_NOTHING_NEW)),
        ),
    )
    undone = exists().where(undoing.c.lead_id == said.c.lead_id, undoing.c.undoes == said.c.act)
    return exists().where(
        said.c.lead_id == lead.c.id,
        said.c.kind == EventKind.QUALIFIED,
        said.c.new.is_(None),
        said.c.changes.is_not(None),
        ~outdated,
        ~undone,
    )
