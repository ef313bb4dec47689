"""The contacts of leads across merges.

Contacts stay with the lead for which they were recorded, so that a merge can be undone.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    func,
    or_,
    select,
    union_all,
)

from leadtriage.db import Touch, table
from leadtriage.reports.query.merged_leads import MERGES, SurvivingLeads

_touch = table(Touch)
_before, _earlier = _touch.alias("before"), _touch.alias("earlier")


def select_contacts(survivors: SurvivingLeads, after: date) -> Subquery:
    """Select the contacts after a day that were not undone.

    Columns: `lead_id` of the surviving lead; `day`; `began`, the day of the contact before, None for the first;
    `promised`, the next contact that was promised then.
    """
    if not survivors.any:
        return _select_alone(after).subquery("contacts")
    family = select(MERGES.c.lead_id).union(select(MERGES.c.into))
    alone = _select_alone(after).where(_touch.c.lead_id.not_in(family)).subquery()
    together = _select_together(survivors).where(_touch.c.lead_id.in_(family)).subquery()
    return union_all(alone.select(), together.select().where(together.c.day > after)).subquery("contacts")


def _select_alone(after: date) -> Select[Any]:
    """Select the contacts of leads without merges.

    Most leads have few contacts, so a look-up of the one before is faster than a window over all.
    """
    was_before = or_(_earlier.c.on < _touch.c.on, and_(_earlier.c.on == _touch.c.on, _earlier.c.id < _touch.c.id))
    last = (
        select(_earlier.c.id)
        .where(_earlier.c.lead_id == _touch.c.lead_id, _earlier.c.withdrawn_at.is_(None), was_before)
        .order_by(_earlier.c.on.desc(), _earlier.c.id.desc())
        .limit(1)
        .correlate(_touch)
        .scalar_subquery()
    )
    rows = _touch.outerjoin(_before, and_(_before.c.lead_id == _touch.c.lead_id, _before.c.id == last))
    return _select(rows, _touch.c.lead_id, _before.c.on, _before.c.next_on).where(_touch.c.on > after)


def _select_together(survivors: SurvivingLeads) -> Select[Any]:
    """Select the contacts of merged leads, in one order for each surviving lead."""
    lead_id = survivors.of(_touch.c.lead_id)
    order: dict[str, Any] = {"partition_by": lead_id, "order_by": (_touch.c.on, _touch.c.id)}
    before = (func.lag(column).over(**order) for column in (_touch.c.on, _touch.c.next_on))
    return _select(survivors.beside(_touch, _touch.c.lead_id), lead_id, *before)


def _select(
    rows: FromClause, lead_id: ColumnElement[int], began: ColumnElement[Any], promised: ColumnElement[Any]
) -> Select[Any]:
    columns = lead_id.label("lead_id"), _touch.c.on.label("day"), began.label("began"), promised.label("promised")
    return select(*columns).select_from(rows).where(_touch.c.withdrawn_at.is_(None))
