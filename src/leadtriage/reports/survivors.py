"""Which lead is left of one that was merged away: what was done about the one was done about the other.

Contacts stay with the lead to which they were recorded, so that a merge can be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import CTE, ColumnElement, Connection, FromClause, exists, func, or_, select

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

_parts = SURVIVORS.alias("part")


@dataclass(frozen=True, slots=True)
class Survivors:
    """The leads that are left of others, as statements over things done look them up.

    Attributes:
        any: whether a lead was merged away at all. Where none was, each lead is left of itself, and nothing is looked
            up: of a million rows that costs a third of the time.
    """

    any: bool

    def of(self, lead_id: ColumnElement[int]) -> ColumnElement[int]:
        """The lead that is left of a lead, mostly itself: for statements over the rows that `beside` returned."""
        return func.coalesce(SURVIVORS.c.into, lead_id, type_=lead_id.type) if self.any else lead_id

    def beside(self, rows: FromClause, lead_id: ColumnElement[int]) -> FromClause:
        """Some rows, as many as there are, with what is left of the lead that one of their columns names."""
        return rows.outerjoin(SURVIVORS, SURVIVORS.c.lead_id == lead_id) if self.any else rows

    def is_part(self, lead_id: ColumnElement[int], survivor: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a lead is what is left of it, or was merged into that."""
        itself = lead_id == survivor
        return (
            or_(itself, lead_id.in_(select(_parts.c.lead_id).where(_parts.c.into == survivor))) if self.any else itself
        )


def find_survivors(connection: Connection) -> Survivors:
    """Find out whether leads were merged."""
    return Survivors(bool(connection.execute(select(exists().where(_lead.c.merged_into.is_not(None)))).scalar()))
