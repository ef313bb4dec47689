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
    not_,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from leadtriage.criteria.model import Criteria, FollowUp
from leadtriage.db import expressions
from leadtriage.db.expressions import days_between
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.reports.contacts import select_contacts
from leadtriage.reports.filters import Filters, may_be_contacted, visible
from leadtriage.reports.leads import list_leads
from leadtriage.reports.page import USUAL_LIMIT
from leadtriage.reports.survivors import find_survivors
from leadtriage.scoring.clocks import make_calendar, name_due, set_deadlines
from leadtriage.tabular import Table
from leadtriage.vocabulary import Grade, Stage

_lead, _score = table(Lead), table(LeadScore)

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
        wanted: conditions on `lead`.
    """
    asked = _Asked(follow_up, first, last, wanted)
    calendar = make_calendar(connection, follow_up, _list_days(asked))
    contacts = select_contacts(find_survivors(connection), first)
    parts = _select_last(asked), _select_stopped(asked, calendar), _select_between(asked, calendar, contacts)
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `stale_times` is asked for."""

    follow_up: FollowUp
    first: date
    last: date
    wanted: Sequence[ColumnElement[bool]]


def _list_days(asked: _Asked) -> list[date]:
    """The days from which a clock can run out within the period: whatever is older has run out before it."""
    oldest = asked.first
    while True:
        deadlines = set_deadlines(oldest, asked.follow_up)
        if max(deadlines.idle, deadlines.expiring, *deadlines.first_touch.values()) < asked.first:
            break
        oldest -= _MONTH
    return [oldest + timedelta(days) for days in range((asked.last - oldest).days + 1)]


def _select_last(asked: _Asked) -> Select[Any]:
    """The stretch that has not ended yet, by the due day that the stale report goes by."""
    # The leads are looked up in their own order: that of their days would read each page many times. By a sum, since
    # SQLite would read all scores, not their index of days, to have the order of a column for nothing.
    reached = select(_score.c.lead_id, _score.c.next_due).where(_score.c.next_due < asked.last)
    due = reached.order_by(_score.c.lead_id + 0).offset(0).subquery("due")
    return (
        select(
            _lead.c.id.label("lead_id"),
            due.c.next_due.label("due"),
            _find_floor(asked, _lead.c.last_touch_on, _lead.c.shelf_from).label("since"),
            literal(_NEVER, Date).label("until"),
        )
        .join_from(due, _lead, _lead.c.id == due.c.lead_id)
        .where(may_be_contacted(), *asked.wanted)
    )


def _select_stopped(asked: _Asked, calendar: FromClause) -> Select[Any]:
    """The stretches from the last contact to the day on which a lead was closed or parked."""
    stretch = _Stretch(_lead.c.last_touch_on, _lead.c.next_touch_on, _stopped_on())
    not_junk = _lead.c.stage != Stage.JUNK.value
    return _select_due(_select_ended(asked, stretch, _lead, not_junk), calendar)


def _select_between(asked: _Asked, calendar: FromClause, contacts: Subquery) -> Select[Any]:
    """The stretches that a contact ended."""
    stretch = _Stretch(contacts.c.began, contacts.c.promised, contacts.c.day)
    rows = contacts.join(_lead, _lead.c.id == contacts.c.lead_id)
    return _select_due(_select_ended(asked, stretch, rows), calendar)


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


def _select_ended(asked: _Asked, stretch: _Stretch, rows: FromClause, *where: ColumnElement[bool]) -> Subquery:
    """Select stretches of time that are over, with what their due days are put together from.

    `restarted`: the day before its end on which the clocks started anew, or None; `touch_due`: the day by which the
    first touch was due, None where that is to be found by `first_grade`.

    Args:
        rows: what the stretch's columns are of, with `lead`.
    """
    began, ended = stretch.began, stretch.ended
    was_parked = and_(_lead.c.closed_on.is_not(None), _lead.c.nurture_until <= ended)
    restarted = case((was_parked, _lead.c.nurture_until), (_lead.c.shelf_from <= ended, _lead.c.shelf_from))
    # What is stored of a lead that was parked is the day that held after its return.
    returned = or_(_lead.c.stage == Stage.NURTURE.value, _lead.c.shelf_from.is_not(None))
    touch_due = case((not_(returned), func.coalesce(_score.c.touch_due, literal(_NEVER, Date))))
    # With an offset they are selected as they stand, so that each is put together once, however often it is used.
    return (
        select(
            _lead.c.id.label("lead_id"),
            _lead.c.created_on.label("came_in"),
            began.label("began"),
            stretch.promised.label("promised"),
            restarted.label("restarted"),
            touch_due.label("touch_due"),
            _score.c.first_grade,
            _find_floor(asked, began, restarted).label("since"),
            _earliest(ended, func.coalesce(_stopped_on(), literal(_NEVER, Date))).label("until"),
        )
        .select_from(rows)
        .join(_score, _score.c.lead_id == _lead.c.id)
        .where(ended > asked.first, ended > _lead.c.imported_on, visible(), _lead.c.do_not_contact.is_not(True))
        .where(*where, *asked.wanted)
        .offset(0)
        .subquery("ended")
    )


def _select_due(ended: Subquery, calendar: FromClause) -> Select[Any]:
    """Select when stretches that are over were stale."""
    row, waiting, shelf = ended.c, calendar.alias("waiting"), calendar.alias("shelf")
    waits_from = case((row.restarted > row.began, row.restarted), else_=row.began)
    by_grade = case({grade.value: shelf.c[name_due(grade)] for grade in Grade}, value=row.first_grade)
    first_touch = func.coalesce(row.touch_due, by_grade, literal(_NEVER, Date))
    # What the calendar does not have any more is from long ago.
    silent = func.coalesce(waiting.c.idle, literal(_EVER, Date))
    promised = case((row.restarted > row.promised, row.restarted), else_=row.promised)
    due = _earliest(
        case((row.began.is_(None), first_touch), else_=silent),
        func.coalesce(promised, literal(_NEVER, Date)),
        func.coalesce(shelf.c.expiring, literal(_EVER, Date)),
    )
    return (
        select(row.lead_id, due.label("due"), row.since, row.until)
        .outerjoin(shelf, shelf.c.day == func.coalesce(row.restarted, row.came_in))
        .outerjoin(waiting, waiting.c.day == waits_from)
    )


def _stopped_on() -> ColumnElement[date]:
    """The day on which a lead that is closed or parked became so, or was parked before it was closed; else None."""
    is_open = _lead.c.stage.in_([Stage.NEW.value, Stage.WORKING.value])
    parked_on = func.coalesce(_lead.c.parked_on, _lead.c.imported_on)
    was_parked = or_(_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_until >= _lead.c.closed_on)
    return case((is_open, null()), (was_parked, parked_on), else_=_lead.c.closed_on)


def _find_floor(asked: _Asked, began: ColumnElement[Any], restarted: ColumnElement[Any]) -> ColumnElement[date]:
    """The first day on which a stretch can count, whatever its clocks say."""
    came_late = and_(
        _lead.c.imported_on > _lead.c.created_on,
        _lead.c.shelf_from.is_(None),
        days_between(_lead.c.imported_on, _lead.c.created_on) > asked.follow_up.shelf_life,
    )
    worked_from = _earliest(
        *(
            case((day >= _lead.c.imported_on, day), else_=literal(_NEVER, Date))
            for day in (_lead.c.assigned_on, _lead.c.first_touch_on, _lead.c.last_touch_on, _stopped_on())
        )
    )
    return _latest(
        literal(asked.first, Date),
        func.coalesce(began, _lead.c.created_on),
        func.coalesce(restarted, _lead.c.created_on),
        case((came_late, worked_from), else_=_lead.c.imported_on),
    )


def _earliest(*days: ColumnElement[Any]) -> ColumnElement[date]:
    return type_coerce(expressions.smallest(*days), Date)


def _latest(*days: ColumnElement[Any]) -> ColumnElement[date]:
    return type_coerce(expressions.largest(*days), Date)
