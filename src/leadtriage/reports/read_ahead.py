"""Reads candidates a few at a time, so that the next one is there when the reviewer has done with the one before.

What explains a score takes longer to be put together than to be run: for ten leads it takes little more than for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, select

from leadtriage.criteria.model import Criteria
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.reports.filters import in_play
from leadtriage.reports.review import ReviewedLead, read_candidates

_AT_ONCE = 10

_State = tuple[datetime, int, date]
"""When the lead last changed, the run that scored it, and the day: a lead is read anew where one of them differs."""


class ReadAhead:
    """The candidates of one review, in its order."""

    def __init__(self, criteria: Criteria, lead_ids: Sequence[int]) -> None:
        self._criteria = criteria
        self._lead_ids = tuple(lead_ids)
        self._read: dict[int, tuple[_State, ReviewedLead]] = {}

    def read(self, connection: Connection, place: int, as_of: date) -> ReviewedLead | None:
        """Return the lead at a place as it is now; None where it waits for no verdict any more."""
        lead_id = self._lead_ids[place]
        now = _read_states(connection, [lead_id], as_of).get(lead_id)
        kept = self._read.get(lead_id)
        if now is None or (kept is not None and kept[0] == now):
            return kept[1] if now is not None and kept is not None else None
        chosen = self._lead_ids[place : place + _AT_ONCE]
        states = _read_states(connection, chosen, as_of)
        leads = read_candidates(connection, self._criteria, chosen, as_of)
        self._read = {found: (states[found], leads[found]) for found in chosen if found in leads and found in states}
        return leads.get(lead_id)


def _read_states(connection: Connection, lead_ids: Sequence[int], as_of: date) -> dict[int, _State]:
    """The states of those that wait for a verdict as they were scored last."""
    lead, score = table(Lead), table(LeadScore)
    rows = connection.execute(
        select(lead.c.id, lead.c.changed_at, score.c.run_id)
        .join_from(lead, score, score.c.lead_id == lead.c.id)
        .where(lead.c.id.in_(lead_ids), score.c.candidate, in_play())
    )
    return {row.id: (row.changed_at, row.run_id, as_of) for row in rows}
