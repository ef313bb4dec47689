"""The ids of the leads that filters choose, for an act on many at once. The act looks at each of them again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from leadtriage.db.lead import Lead, table
from leadtriage.db.scores import LeadScore
from leadtriage.reports.filters import Filters, conditions, visible
from leadtriage.vocabulary import OPEN_STAGES

_lead = table(Lead)
_score = table(LeadScore)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which leads: the open ones by their ids, and how many closed ones the filters let through besides."""

    open: tuple[int, ...]
    closed: int


def choose_leads(connection: Connection, filters: Filters) -> Chosen:
    """Find the leads that `leads` lists by these filters."""
    statement = (
        select(_lead.c.id, _lead.c.stage)
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        .where(visible(), *conditions(filters))
        .order_by(_lead.c.id)
    )
    rows = connection.execute(statement).all()
    wanted = tuple(row.id for row in rows if row.stage in OPEN_STAGES)
    return Chosen(wanted, len(rows) - len(wanted))
