"""When each lead was stale: the stretches of time between its contacts in which one of its clocks had run out.

What counts today is the stale report's, `reports.stale`, of which this is the past: from the same due days, and from
the contacts that are stored. The leads of its backlog are in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from leadtriage.criteria.model import Criteria, FollowUp
from leadtriage.db import expressions
from leadtriage.db.expressions import days_between
from leadtriage.db.schema import Lead, LeadScore, Touch, table
from leadtriage.reports.filters import Filters, may_be_contacted, visible
from leadtriage.reports.leads import list_leads
from leadtriage.reports.page import USUAL_LIMIT
from leadtriage.reports.survivors import SURVIVORS, survivor_of
from leadtriage.scoring.clocks import make_calendar, name_due, set_deadlines
from leadtriage.tabular import Table
from leadtriage.vocabulary import Grade, Stage

_lead, _score, _touch = table(Lead), table(LeadScore), table(Touch)

_EVER, _NEVER = date.min, date.max
_MONTH = timedelta(30)


@contextmanager
def stale_times(
    connection: Connection,
    follow_up: FollowUp,
    first: date,
    last: date,
    wanted: Sequence[ColumnElement[bool]] = (),
) -> Iterator[Subquery]:
    """Select the stretches of time in which leads were stale, as far as they reach into the days from first to last.

    Columns: `lead_id`, `due`, `since`, `until`. The lead was stale on each day later than `due`, not before `since`,
    and before `until`, the day of the contact, closing or parking that ended it, or `date.max`. Those of one lead do
    not overlap.

    - A lead's clocks start anew with each contact, and when it came back from parking, was reopened or rescued: of the
      time from its contact to the last such day nobody knows how long it was away, so none of it counts; of earlier
      such days nobody knows at all.
    - A lead counts from the day on which it came to us, since what happened before is not known; one that was past its
      shelf life then from the day on which somebody here worked or parked it.
    - The last stretch of what is a junk candidate now, or was called junk, does not count, nor does a lead that must
      not be contacted: nobody owes them anything, and nobody knows since when.

    Args:
        wanted: conditions on `lead` and `lead_score`.
    """
    calendar = make_calendar(connection, follow_up, _list_days(follow_up, first, last))
    parts = (
        _select_last(follow_up, first, last, wanted),
        _select_stopped(calendar, follow_up, first, wanted),
        _select_between(calendar, follow_up, first, wanted),
    )
    # With an offset each part is worked out once, not again for each use of a column.
    yield union_all(*(part.offset(0).subquery().select() for part in parts)).subquery("stale")
    calendar.drop(connection, checkfirst=False)


def list_stale_on(
    connection: Connection, criteria: Criteria, filters: Filters, day: date, *, limit: int | None = USUAL_LIMIT
) -> Table:
    """Return the leads that were stale on a day, as `reports.leads.list_leads` does."""
    with stale_times(connection, criteria.follow_up, day, day) as times:
        stale = and_(times.c.due < day, times.c.since <= day, times.c.until > day)
        return list_leads(connection, filters, limit=limit, among=select(times.c.lead_id).where(stale))


def _list_days(follow_up: FollowUp, first: date, last: date) -> list[date]:
    """The days from which a clock can run out within the period: whatever is older has run out before it."""
    oldest = first
    while True:
        deadlines = set_deadlines(oldest, follow_up)
        if max(deadlines.idle, deadlines.expiring, *deadlines.first_touch.values()) < first:
            break
        oldest -= _MONTH
    return [oldest + timedelta(days) for days in range((last - oldest).days + 1)]


def _select_last(follow_up: FollowUp, first: date, last: date, wanted: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The stretch that has not ended yet, by the due day that the stale report goes by."""
    # Of so many leads it is faster to read all scores in their order than the due ones in the order of their days.
    due = func.coalesce(_score.c.next_due, literal(_NEVER, Date))
    return (
        select(
            _lead.c.id.label("lead_id"),
            due.label("due"),
            _find_floor(follow_up, first, _lead.c.last_touch_on, _lead.c.shelf_from).label("since"),
            literal(_NEVER, Date).label("until"),
        )
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(due < last, may_be_contacted(), *wanted)
    )


def _select_stopped(
    calendar: FromClause, follow_up: FollowUp, first: date, wanted: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    """The stretches from the last contact to the day on which a lead was closed or parked."""
    stretch = _Stretch(_lead.c.last_touch_on, _lead.c.next_touch_on, _stopped_on())
    not_junk = _lead.c.stage != Stage.JUNK.value
    return _select_stretches(stretch, _lead, calendar, follow_up, first).where(not_junk, *wanted)


def _select_between(
    calendar: FromClause, follow_up: FollowUp, first: date, wanted: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    """The stretches that a contact ended."""
    contacts = _select_contacts(first)
    stretch = _Stretch(contacts.c.began, contacts.c.promised, contacts.c.day)
    rows = contacts.join(_lead, _lead.c.id == contacts.c.lead_id)
    return _select_stretches(stretch, rows, calendar, follow_up, first).where(*wanted)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The time from one contact to the next, or to the end.

    Attributes:
        began: None where the lead had just come in.
        promised: the next touch that was promised then.
    """

    began: ColumnElement[Any]
    promised: ColumnElement[Any]
    ended: ColumnElement[Any]


def _select_stretches(
    stretch: _Stretch, rows: FromClause, calendar: FromClause, follow_up: FollowUp, first: date
) -> Select[Any]:
    """Select when stretches of time that are over were stale.

    Args:
        rows: what the stretch's columns are of, with `lead`.
    """
    began, ended = stretch.began, stretch.ended
    restarted = case(
        (_was_parked_until() <= ended, _was_parked_until()), (_lead.c.shelf_from <= ended, _lead.c.shelf_from)
    )
    shelf_day = func.coalesce(restarted, _lead.c.created_on)
    waiting, shelf = calendar.alias("waiting"), calendar.alias("shelf")
    waits_from = case((restarted > began, restarted), else_=began)
    return (
        select(
            _lead.c.id.label("lead_id"),
            _find_due(waiting, shelf, stretch, restarted).label("due"),
            _find_floor(follow_up, first, began, restarted).label("since"),
            _earliest(ended, func.coalesce(_stopped_on(), literal(_NEVER, Date))).label("until"),
        )
        .select_from(rows)
        .join(_score, _score.c.lead_id == _lead.c.id)
        .outerjoin(shelf, shelf.c.day == shelf_day)
        .outerjoin(waiting, waiting.c.day == waits_from)
        .where(ended > first, visible(), _lead.c.do_not_contact.is_not(True))
    )


def _select_contacts(first: date) -> Subquery:
    """The contacts of leads that were contacted after the first day, each with the one before it.

    `began`: the day of that one, None where the lead had just come in; `promised`: the next touch promised then.
    """
    stands, lead_id = _touch.c.withdrawn_at.is_(None), survivor_of(_touch.c.lead_id)
    rows = _touch.outerjoin(SURVIVORS, SURVIVORS.c.lead_id == _touch.c.lead_id)
    recent = select(lead_id).select_from(rows).where(stands, _touch.c.on > first)
    order: dict[str, Any] = {"partition_by": lead_id, "order_by": (_touch.c.on, _touch.c.id)}
    return (
        select(
            lead_id.label("lead_id"),
            _touch.c.on.label("day"),
            func.lag(_touch.c.on).over(**order).label("began"),
            func.lag(_touch.c.next_on).over(**order).label("promised"),
        )
        .select_from(rows)
        .where(stands, lead_id.in_(recent))
        .subquery("contacts")
    )


def _find_due(
    waiting: FromClause, shelf: FromClause, stretch: _Stretch, restarted: ColumnElement[Any]
) -> ColumnElement[date]:
    """The day by which a stretch's first clock has run out.

    Args:
        waiting: the calendar's row of the day from which silence counts, if it is not too long ago.
        shelf: that of the day from which the shelf life counts, likewise.
        restarted: the day before its end on which the clocks started anew, or None.
    """
    by_grade = case({grade.value: shelf.c[name_due(grade)] for grade in Grade}, value=_score.c.first_grade)
    # What is stored of a lead that was parked is the day that held after its return.
    was_parked = or_(_lead.c.stage == Stage.NURTURE.value, _lead.c.shelf_from.is_not(None))
    first_touch = case((was_parked, by_grade), else_=_score.c.touch_due)
    promised = case((restarted > stretch.promised, restarted), else_=stretch.promised)
    silent = func.coalesce(waiting.c.idle, literal(_EVER, Date))
    return _earliest(
        case((stretch.began.is_(None), func.coalesce(first_touch, literal(_NEVER, Date))), else_=silent),
        func.coalesce(promised, literal(_NEVER, Date)),
        func.coalesce(shelf.c.expiring, literal(_EVER, Date)),
    )


def _stopped_on() -> ColumnElement[date]:
    """The day on which a lead that is closed or parked became so, or was parked before it was closed; else None."""
    is_open = _lead.c.stage.in_([Stage.NEW.value, Stage.WORKING.value])
    parked_on = func.coalesce(_lead.c.parked_on, _lead.c.imported_on)
    was_parked = or_(_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_until >= _lead.c.closed_on)
    return case((is_open, null()), (was_parked, parked_on), else_=_lead.c.closed_on)


def _was_parked_until() -> ColumnElement[date]:
    """The day on which a lead that is closed now came back from its parking, if it was parked; else None."""
    return case((_lead.c.closed_on.is_not(None), _lead.c.nurture_until))


def _find_floor(
    follow_up: FollowUp, first: date, began: ColumnElement[Any], restarted: ColumnElement[Any]
) -> ColumnElement[date]:
    """The first day on which a stretch can count, whatever its clocks say."""
    came_late = and_(
        _lead.c.imported_on > _lead.c.created_on,
        _lead.c.shelf_from.is_(None),
        days_between(_lead.c.imported_on, _lead.c.created_on) > follow_up.shelf_life,
    )
    worked_from = _earliest(
        *(
            case((day >= _lead.c.imported_on, day), else_=literal(_NEVER, Date))
            for day in (_lead.c.assigned_on, _lead.c.first_touch_on, _lead.c.last_touch_on, _stopped_on())
        )
    )
    return _latest(
        literal(first, Date),
        func.coalesce(began, _lead.c.created_on),
        func.coalesce(restarted, _lead.c.created_on),
        case((came_late, worked_from), else_=_lead.c.imported_on),
    )


def _earliest(*days: ColumnElement[Any]) -> ColumnElement[date]:
    return type_coerce(expressions.smallest(*days), Date)


def _latest(*days: ColumnElement[Any]) -> ColumnElement[date]:
    return type_coerce(expressions.largest(*days), Date)
