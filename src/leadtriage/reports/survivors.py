"""Which lead is left of one that was merged away: what was done about the one was done about the other.

Contacts stay with the lead to which they were recorded, so that a merge can be taken back.
"""

from __future__ import annotations

from sqlalchemy import CTE, ColumnElement, func, select

from leadtriage.db.lead import Lead, table

_lead = table(Lead)


def _follow_merges() -> CTE:
    merged = _lead.alias("merged")
    first = select(merged.c.id.label("lead_id"), merged.c.merged_into.label("into"))
    steps = first.where(merged.c.merged_into.is_not(None)).cte("merge_step", recursive=True)
    again = _lead.alias("merged_again")
    further = select(steps.c.lead_id, again.c.merged_into).join(again, again.c.id == steps.c.into)
    steps = steps.union(further.where(again.c.merged_into.is_not(None)))
    last = _lead.alias("last")
    ended = select(steps.c.lead_id, steps.c.into).join(last, last.c.id == steps.c.into)
    return ended.where(last.c.merged_into.is_(None)).cte("survivor")


SURVIVORS = _follow_merges()
"""A row for each lead that was merged away: `lead_id`, and `into`, the lead that is left of it after all merges."""


def survivor_of(lead_id: ColumnElement[int]) -> ColumnElement[int]:
    """The lead that is left of a lead, mostly itself: for statements that join `SURVIVORS` from the outside by its id.

    Each lead has one row there at most, so that the join adds none.
    """
    return func.coalesce(SURVIVORS.c.into, lead_id, type_=lead_id.type)
