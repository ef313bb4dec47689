"""The days on which something happened to a lead, where somebody knows them.

A lead that came in qualified, contacted or closed was so on some earlier day, which the export does not tell: the
stored day is that of the import, or of the first score. Only where the lead was a week old at most, as in a weekly
export, reports take it for the day on which it happened.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, not_, or_

from leadtriage.db.expressions import days_between
from leadtriage.db.lead import Lead, table
from leadtriage.db.scores import LeadScore
from leadtriage.vocabulary import Dated

_lead, _score = table(Lead), table(LeadScore)

_WEEK = 7


def known_day(dated: Dated, by: date | None = None) -> ColumnElement[date]:
    """The day on which a lead came in, was qualified, assigned, first touched or closed; NULL where nobody knows it.

    For statements that select from `lead` and `lead_score`.

    Args:
        by: NULL where it is a later day than this, too.
    """
    day, *doubts = {
        Dated.CAME_IN: (_lead.c.created_on,),
        Dated.QUALIFIED: (_lead.c.qualified_on, _came_in_qualified()),
        Dated.ASSIGNED: (_lead.c.assigned_on,),
        Dated.TOUCHED: (_lead.c.first_touch_on, contacted_before()),
        Dated.CLOSED: (_lead.c.closed_on, _came_in_closed()),
    }[dated]
    # The day itself comes first, so that no more is asked of the many leads that have none.
    return case((and_(day.is_not(None) if by is None else day <= by, *(not_(doubt) for doubt in doubts)), day))


def was_closed_after(day: date) -> ColumnElement[bool]:
    """Whether a lead was closed on a day that somebody knows and that is later than another."""
    return and_(_lead.c.closed_on > day, not_(_came_in_closed()))


def first_contact() -> ColumnElement[date]:
    """The day of the first contact that is recorded; of one without a date, the day on which we heard of it."""
    return func.coalesce(_lead.c.first_touch_on, _heard_of_contact_on())


def contacted_before() -> ColumnElement[bool]:
    """Contacted before it came to us: a CRM tells the last contact, so nobody knows the day of the first."""
    undated = and_(_lead.c.first_touch_on.is_(None), _heard_of_contact_on() <= _lead.c.imported_on)
    return or_(*(func.coalesce(told, False) for told in (undated, _lead.c.first_touch_on < _lead.c.imported_on)))


def say_unknown_days(touched: int, unknown: int) -> str:
    """Say of how many leads that count as touched in time nobody knows when they were."""
    return (
        f"Of the {touched:,} touched in time, the day of the first contact is not known for {unknown:,}: the CRM told "
        "the last one, or only that there was one."
    )


def _heard_of_contact_on() -> ColumnElement[date]:
    """Where no contact has a date, the day of the import that told of it: it took place on that day or before."""
    heard_on = func.coalesce(_lead.c.last_touch_on, _lead.c.imported_on)
    return case((_lead.c.contact_dated.is_not(None), heard_on))


def _came_in_qualified() -> ColumnElement[bool]:
    said_first = case(
        (_lead.c.qualified_by == "crm", _lead.c.imported_on),
        (_lead.c.qualified_by == "score", func.coalesce(_score.c.first_scored_on, _lead.c.imported_on)),
    )
    return and_(func.coalesce(_lead.c.qualified_on <= said_first, False), _came_late())


def _came_in_closed() -> ColumnElement[bool]:
    by_import = and_(_lead.c.closed_on == _lead.c.imported_on, _lead.c.batch_id.is_not(None))
    return and_(by_import, not_(_lead.c.worked_here), _came_late())


def _came_late() -> ColumnElement[bool]:
    """Whether a lead was there for more than a week before it came to us."""
    imported, created = _lead.c.imported_on, _lead.c.created_on
    return and_(imported > created, days_between(imported, created) > _WEEK)
