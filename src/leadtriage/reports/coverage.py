"""Which fields and columns the stored leads have at all: what a criteria file can hope to find."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.db.schema import ExtraColumn, Lead, table

_STORED_AS = {"budget": "budget_amount", "revenue": "revenue_amount", "decides_in_days": "decides_on"}
_ALWAYS = {"age_days", "idle_days"}
"""Fields that every lead has, since it came in one day."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the stored leads have.

    Attributes:
        fields: the lead fields of which at least one lead has a value.
        headers: of the further columns of all imports, as they came.
    """

    fields: frozenset[str]
    headers: frozenset[str]


def read_coverage(connection: Connection) -> Coverage | None:
    """Look through the stored leads, once; None where there are none."""
    leads, extras = table(Lead), table(ExtraColumn)
    stored = {name: leads.c[_STORED_AS.get(name, name)] for name in LEAD_FIELDS if name not in _ALWAYS}
    counts = connection.execute(
        select(func.count().label("leads_in_all"), *(func.count(column).label(name) for name, column in stored.items()))
        .select_from(leads)
        .where(leads.c.removed_by.is_(None), leads.c.merged_into.is_(None))
    ).one()
    if not counts.leads_in_all:
        return None
    found = {name for name in stored if counts._mapping[name]}
    headers = connection.execute(select(extras.c.header)).scalars()
    return Coverage(frozenset(found | _ALWAYS), frozenset(headers))
