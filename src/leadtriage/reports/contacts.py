"""The contacts with leads, each with the one before it. Which lead one counts for is `reports.survivors`' to say."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Subquery, and_, func, or_, select, union_all

from leadtriage.db.schema import Touch, table
from leadtriage.reports.survivors import SURVIVORS, Survivors

_touch = table(Touch)
_before, _earlier = _touch.alias("before"), _touch.alias("earlier")


def select_contacts(survivors: Survivors, after: date) -> Subquery:
    """Select the contacts after a day that were not taken back.

    Columns: `lead_id`, of what is left of the lead; `day`; `began`, the day of the contact before, None where it is the
    lead's first; `promised`, the next touch that was promised then.
    """
    if not survivors.any:
        return _select_alone(after).subquery("contacts")
    family = select(SURVIVORS.c.lead_id).union(select(SURVIVORS.c.into))
    alone = _select_alone(after).where(_touch.c.lead_id.not_in(family)).subquery()
    together = _select_together(survivors).where(_touch.c.lead_id.in_(family)).subquery()
    return union_all(alone.select(), together.select().where(together.c.day > after)).subquery("contacts")


def _select_alone(after: date) -> Select[Any]:
    """The contacts with leads into which none was merged, which have all of theirs under one id.

    Most leads have few of them: looking the one before up is faster than putting all of them in order.
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


def _select_together(survivors: Survivors) -> Select[Any]:
    """The contacts with leads that were merged, those of each one's parts in one order."""
    lead_id = survivors.of(_touch.c.lead_id)
    order: dict[str, Any] = {"partition_by": lead_id, "order_by": (_touch.c.on, _touch.c.id)}
    before = (func.lag(column).over(**order) for column in (_touch.c.on, _touch.c.next_on))
    return _select(survivors.beside(_touch, _touch.c.lead_id), lead_id, *before)


def _select(
    rows: FromClause, lead_id: ColumnElement[int], began: ColumnElement[Any], promised: ColumnElement[Any]
) -> Select[Any]:
    columns = lead_id.label("lead_id"), _touch.c.on.label("day"), began.label("began"), promised.label("promised")
    return select(*columns).select_from(rows).where(_touch.c.withdrawn_at.is_(None))
