"""What happened in each week: leads that came in, were qualified, contacted, junked, won or stale.

A lead is stale in the stretches between its contacts in which one of its clocks has run out. The stale list counts
today from the same due days. Neither includes the backlog.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
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

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import Grade, Stage
from leadtriage.criteria import Criteria, FollowUp
from leadtriage.db import ImportBatch, Lead, LeadScore, Touch, expressions, table
from leadtriage.db.expressions import days_between
from leadtriage.reports.lists import list_leads
from leadtriage.reports.query import (
    NOT_YET,
    USUAL_LIMIT,
    CellRow,
    Filters,
    ListRequest,
    Members,
    ReportRequest,
    find_members,
    find_surviving_leads,
    is_visible,
    is_visible_score,
    last_day,
    may_be_contacted,
    select_contacts,
)
from leadtriage.reports.registry import find_report
from leadtriage.scoring import make_calendar, name_due, set_deadlines

_lead, _score = table(Lead), table(LeadScore)
_touch, _batch = table(Touch), table(ImportBatch)

_EVER, _NEVER = date.min, date.max

_MONTH = timedelta(30)

USUAL_WEEKS = 13

_WEEK = timedelta(days=7)

_DAY = timedelta(days=1)

MEASURES = ("came_in", "qualified", "touched", "junked", "won", "stale")

_COLUMNS = find_report("trend").columns


@dataclass(frozen=True, slots=True)
class _Week:
    """The days of a week that count; the first and last week of a period may have fewer than seven."""

    monday: date
    first: date
    last: date


def list_trend(request: ReportRequest) -> Table:
    """Return what happened in each week of the period, as it stood on `as_of`; by default the last 13 weeks.

    `week` is a Monday. Only days within the period count. Numbers count leads with a known day: an import that brings
    leads qualified, contacted or closed does not set it. `stale` counts leads stale on the last counted day of the
    week; None before the first lead came to this database.
    """
    connection, filters, as_of, criteria = request.connection, request.filters, request.as_of, request.criteria
    weeks = _list_weeks(filters, as_of)
    if not weeks:
        return Table("Trend", _COLUMNS, (), notes=(NOT_YET,))
    members = find_members(connection, replace(filters, since=None, until=None), as_of)
    wanted = select(_lead.c.id).select_from(members.rows).where(members.where) if _narrows(filters) else None
    counts = _count_days(connection, members, weeks)
    counts["touched"] = _count_touched(connection, wanted, weeks)
    began = _find_first_day(connection)
    counts["stale"] = Counter() if began is None else _count_stale(connection, criteria, wanted, weeks, began)
    rows = tuple(_present(week, place, counts, began) for place, week in enumerate(weeks))
    return Table("Trend", _COLUMNS, rows, summary=_summarize(rows), lines=MEASURES)


def _list_weeks(filters: Filters, as_of: date) -> list[_Week]:
    last = last_day(filters.until, as_of)
    first = _monday(last) - (USUAL_WEEKS - 1) * _WEEK if filters.since is None else filters.since
    count = (_monday(last) - _monday(first)).days // 7 + 1 if first <= last else 0
    mondays = (_monday(first) + place * _WEEK for place in range(count))
    return [_Week(monday, max(monday, first), min(monday + 6 * _DAY, last)) for monday in mondays]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _narrows(filters: Filters) -> bool:
    return replace(filters, since=None, until=None) != Filters()


def _place(day: ColumnElement[Any], weeks: Sequence[_Week]) -> ColumnElement[int]:
    """Return the index of a day's week; None for a day in none of them."""
    within = and_(day >= weeks[0].first, day <= weeks[-1].last)
    return case((within, days_between(day, literal(weeks[0].monday, Date)) // 7))


def _count_days(connection: Connection, members: Members, weeks: Sequence[_Week]) -> dict[str, Counter[int]]:
    """Count the leads' own days by week in one pass."""
    row = members.columns
    closed = case((row["stage"].in_([Stage.JUNK.value, Stage.WON.value]), row["stage"]))
    columns = {
        "came_in": row["came_in"],
        "qualified": row["qualified"],
        "qualified_on": row["qualified_on"],
        "stage": closed,
        "closed_on": row["closed_on"],
    }
    # A lead is qualified on no other day than in its own column, so the column can exclude it without its score.
    days = (_lead.c.created_on, _lead.c.qualified_on, row["closed_on"])
    within = or_(*(day >= weeks[0].first for day in days))
    selected = select(*(column.label(name) for name, column in columns.items())).select_from(members.rows)
    # The offset makes the database compute each column once, and only for leads within the weeks.
    lead = selected.where(members.where, within).offset(0).subquery().c
    places = {
        "came_in": _place(lead.came_in, weeks),
        "qualified": case((lead.qualified == 1, _place(lead.qualified_on, weeks))),
        "closed": case((lead.stage.is_not(None), _place(lead.closed_on, weeks))),
        "stage": lead.stage,
    }
    placed = select(*(column.label(name) for name, column in places.items())).offset(0).subquery()
    statement = select(*placed.c, func.count().label("leads")).group_by(*placed.c)
    counts = {name: Counter[int]() for name in ("came_in", "qualified", "junked", "won")}
    for counted in connection.execute(statement):
        ended = "won" if counted.stage == Stage.WON else "junked"
        for name, place in (("came_in", counted.came_in), ("qualified", counted.qualified), (ended, counted.closed)):
            if place is not None:
                counts[name][place] += counted.leads
    return counts


def _count_touched(connection: Connection, wanted: Select[tuple[int]] | None, weeks: Sequence[_Week]) -> Counter[int]:
    """Count the leads with a dated contact in each week, of some leads or of all."""
    survivors = find_surviving_leads(connection)
    lead_id = survivors.of(_touch.c.lead_id)
    touched = (
        select(lead_id.label("lead_id"), _place(_touch.c.on, weeks).label("place"))
        .select_from(survivors.beside(_touch, _touch.c.lead_id))
        .where(
            _touch.c.on.between(weeks[0].first, weeks[-1].last),
            _touch.c.withdrawn_at.is_(None),
            _touch.c.dated,
            is_visible_score(lead_id) if wanted is None else lead_id.in_(wanted),
        )
        .distinct()
        .subquery()
    )
    rows = connection.execute(select(touched.c.place, func.count().label("leads")).group_by(touched.c.place))
    return Counter({row.place: row.leads for row in rows})


def _count_stale(
    connection: Connection, criteria: Criteria, wanted: Select[tuple[int]] | None, weeks: Sequence[_Week], began: date
) -> Counter[int]:
    """Count the leads that were stale on the last day of each week.

    Each stretch adds a lead on its first day and removes it on the day it ends. `began` is the first day with known
    data.
    """
    first, last = max(weeks[0].last, began), weeks[-1].last
    if last < first:
        return Counter()
    among = [] if wanted is None else [_lead.c.id.in_(wanted)]
    changes = Counter[date]()
    with stale_times(connection, criteria.follow_up, first, last, among) as times:
        # Most began before the period: both days None are quicker to group than the same day again and again.
        since = case((and_(times.c.since > times.c.due, times.c.since > first), times.c.since)).label("since")
        due = case((times.c.due >= times.c.since, times.c.due)).label("due")
        until = case((times.c.until <= last, times.c.until)).label("until")
        reached = and_(times.c.due < last, times.c.since <= last, times.c.until > times.c.since)
        counted = (
            select(since, due, until, func.count().label("leads"))
            .where(reached, times.c.until > times.c.due)
            .group_by(since, due, until)
        )
        for row in connection.execute(counted):
            start = row.since or (first if row.due is None else row.due + _DAY)
            if row.until is None or start < row.until:
                changes[start] += row.leads
            if row.until is not None and start < row.until:
                changes[row.until] -= row.leads
    days = sorted(changes)
    sums = list(accumulate((changes[day] for day in days), initial=0))
    return Counter({place: sums[bisect_right(days, week.last)] for place, week in enumerate(weeks)})


def _find_first_day(connection: Connection) -> date | None:
    """Return the day on which the first lead came to this database; None without leads."""
    first = connection.execute(select(_lead.c.imported_on).order_by(_lead.c.id).limit(1)).scalar()
    imported = connection.execute(select(func.min(_batch.c.at))).scalar()
    days = [day for day in (first, None if imported is None else imported.date()) if day is not None]
    return min(days, default=None)


def _present(week: _Week, place: int, counts: Mapping[str, Mapping[int, int]], began: date | None) -> CellRow:
    row: CellRow = {"week": week.monday, **{name: counts[name].get(place, 0) for name in MEASURES}, "stale_shown": None}
    if began is None or week.last < began:
        row |= {"stale": None, "stale_shown": "not known"}
    return row


def _summarize(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    total = {name: sum(row[name] for row in rows) for name in ("came_in", "qualified", "won", "junked")}
    happened = (
        f"{format_count(total['came_in'], 'lead')} came in within {format_count(len(rows), 'week')}, "
        f"{total['qualified']:,} were qualified, {total['won']:,} won and {total['junked']:,} became junk."
    )
    known = [row["stale"] for row in rows if row["stale"] is not None]
    if not known:
        return (happened,)
    change = known[-1] - known[0]
    compared = "as many as" if change == 0 else f"{abs(change):,} {'more' if change > 0 else 'fewer'} than"
    is_one = known[-1] == 1
    stale = f"{format_count(known[-1], 'lead')} {'is' if is_one else 'are'} stale at the end"
    since = f", {compared} {format_count(len(known) - 1, 'week')} before" if len(known) > 1 else ""
    return (happened, f"{stale}{since}.")


def list_stale_on(
    connection: Connection, criteria: Criteria, filters: Filters, day: date, *, limit: int | None = USUAL_LIMIT
) -> Table:
    """Return the leads that were stale on a day, as `list_leads` does."""
    with stale_times(connection, criteria.follow_up, day, day) as times:
        stale = and_(times.c.due < day, times.c.since <= day, times.c.until > day)
        return list_leads(ListRequest(connection, filters, day, limit), among=select(times.c.lead_id).where(stale))


@contextmanager
def stale_times(
    connection: Connection,
    follow_up: FollowUp,
    first: date,
    last: date,
    wanted: Sequence[ColumnElement[bool]] = (),
) -> Iterator[Subquery]:
    """Select the stretches in which leads were stale, as far as they reach into the days from first to last.

    Columns: `lead_id`, `due`, `since`, `until`. The lead was stale on each day after `due`, from `since`, and before
    `until`, the day of the contact, closing or snoozing that ended it, or `date.max`. Stretches of one lead do not
    overlap.

    - Clocks restart with each contact, and when a lead came back from nurture, was reopened or rescued. Time before the
      last such day does not count, since nobody knows how long the lead was away.
    - A lead counts from the day it was imported; one past its shelf life then, from the day on which somebody here
      worked or snoozed it.
    - The last stretch of junk candidates and junk leads does not count, nor do leads that must not be contacted.

    Args:
        wanted: conditions on `lead`.
    """
    query = _StaleQuery(follow_up, first, last, wanted)
    calendar = make_calendar(connection, follow_up, _list_days(query))
    contacts = select_contacts(find_surviving_leads(connection), first)
    parts = _select_last(query), _select_stopped(query, calendar), _select_between(query, calendar, contacts)
    # With an offset each part is worked out once, not again for each use of a column.
    yield union_all(*(part.offset(0).subquery().select() for part in parts)).subquery("stale")
    calendar.drop(connection, checkfirst=False)


@dataclass(frozen=True, slots=True)
class _StaleQuery:
    """The arguments of `stale_times`."""

    follow_up: FollowUp
    first: date
    last: date
    wanted: Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The time from one contact to the next, or to the end.

    Attributes:
        began: None where the lead had just come in.
        promised: the next contact that was promised then.
    """

    began: ColumnElement[Any]
    promised: ColumnElement[Any]
    ended: ColumnElement[Any]


def _list_days(query: _StaleQuery) -> list[date]:
    """Return the days from which a clock can run out within the period."""
    oldest = query.first
    while True:
        deadlines = set_deadlines(oldest, query.follow_up)
        if max(deadlines.idle, deadlines.expiring, *deadlines.first_touch.values()) < query.first:
            break
        oldest -= _MONTH
    return [oldest + timedelta(days) for days in range((query.last - oldest).days + 1)]


def _select_last(query: _StaleQuery) -> Select[Any]:
    """Select the stretch that has not ended yet, by the due day of the stale list."""
    # The leads are looked up in their own order: that of their days would read each page many times. By a sum, since
    # SQLite would read all scores, not their index of days, to have the order of a column for nothing.
    reached = select(_score.c.lead_id, _score.c.next_due).where(_score.c.next_due < query.last)
    due = reached.order_by(_score.c.lead_id + 0).offset(0).subquery("due")
    return (
        select(
            _lead.c.id.label("lead_id"),
            due.c.next_due.label("due"),
            _find_start(query, _lead.c.last_touch_on, _lead.c.shelf_from).label("since"),
            literal(_NEVER, Date).label("until"),
        )
        .join_from(due, _lead, _lead.c.id == due.c.lead_id)
        .where(may_be_contacted(), *query.wanted)
    )


def _select_stopped(query: _StaleQuery, calendar: FromClause) -> Select[Any]:
    """Select stretches from the last contact to the closing or snoozing of a lead."""
    stretch = _Stretch(_lead.c.last_touch_on, _lead.c.next_touch_on, _stopped_on())
    not_junk = _lead.c.stage != Stage.JUNK.value
    return _select_due(_select_ended(query, stretch, _lead, not_junk), calendar)


def _select_between(query: _StaleQuery, calendar: FromClause, contacts: Subquery) -> Select[Any]:
    """Select stretches that a contact ended."""
    stretch = _Stretch(contacts.c.began, contacts.c.promised, contacts.c.day)
    rows = contacts.join(_lead, _lead.c.id == contacts.c.lead_id)
    return _select_due(_select_ended(query, stretch, rows), calendar)


def _select_ended(query: _StaleQuery, stretch: _Stretch, rows: FromClause, *where: ColumnElement[bool]) -> Subquery:
    """Select ended stretches with what their due days depend on.

    `restarted` is the day before the end on which the clocks restarted, or None. `touch_due` is the day the first
    contact was due, None where `first_grade` determines it.

    Args:
        rows: the tables of the stretch's columns, with `lead`.
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
            _find_start(query, began, restarted).label("since"),
            _earliest(ended, func.coalesce(_stopped_on(), literal(_NEVER, Date))).label("until"),
        )
        .select_from(rows)
        .join(_score, _score.c.lead_id == _lead.c.id)
        .where(ended > query.first, ended > _lead.c.imported_on, is_visible(), _lead.c.do_not_contact.is_not(True))
        .where(*where, *query.wanted)
        .offset(0)
        .subquery("ended")
    )


def _select_due(ended: Subquery, calendar: FromClause) -> Select[Any]:
    """Select when ended stretches were stale."""
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
    """Return the day on which a lead was closed or snoozed, or was snoozed before it was closed; else None."""
    is_open = _lead.c.stage.in_([Stage.NEW.value, Stage.WORKING.value])
    parked_on = func.coalesce(_lead.c.parked_on, _lead.c.imported_on)
    was_parked = or_(_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_until >= _lead.c.closed_on)
    return case((is_open, null()), (was_parked, parked_on), else_=_lead.c.closed_on)


def _find_start(query: _StaleQuery, began: ColumnElement[Any], restarted: ColumnElement[Any]) -> ColumnElement[date]:
    """Return the first day on which a stretch can count, whatever its clocks are."""
    came_late = and_(
        _lead.c.imported_on > _lead.c.created_on,
        _lead.c.shelf_from.is_(None),
        days_between(_lead.c.imported_on, _lead.c.created_on) > query.follow_up.shelf_life,
    )
    worked_from = _earliest(
        *(
            case((day >= _lead.c.imported_on, day), else_=literal(_NEVER, Date))
            for day in (_lead.c.assigned_on, _lead.c.first_touch_on, _lead.c.last_touch_on, _stopped_on())
        )
    )
    return _latest(
        literal(query.first, Date),
        func.coalesce(began, _lead.c.created_on),
        func.coalesce(restarted, _lead.c.created_on),
        case((came_late, worked_from), else_=_lead.c.imported_on),
    )


def _earliest(*days: ColumnElement[Any]) -> ColumnElement[date]:
    return type_coerce(expressions.smallest(*days), Date)


def _latest(*days: ColumnElement[Any]) -> ColumnElement[date]:
    return type_coerce(expressions.largest(*days), Date)
