"""What happened in each week of a period: leads that came in, were qualified, touched, junked, won, or stale."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Select, and_, case, func, literal, or_, select

from leadtriage.criteria.model import Criteria
from leadtriage.db.expressions import days_between
from leadtriage.db.schema import ImportBatch, Lead, Touch, table
from leadtriage.reports.cohort import Members, find_members
from leadtriage.reports.filters import Filters, not_hidden
from leadtriage.reports.page import CellRow
from leadtriage.reports.periods import NOT_YET, last_day
from leadtriage.reports.stale_times import stale_times
from leadtriage.reports.survivors import find_survivors
from leadtriage.tabular import Column, Table
from leadtriage.vocabulary import Stage
from leadtriage.words import count_of

_lead, _touch, _batch = table(Lead), table(Touch), table(ImportBatch)

USUAL_WEEKS = 13
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)

MEASURES = ("came_in", "qualified", "touched", "junked", "won", "stale")

_COLUMNS = (
    Column("week", "Week from", keep=100),
    Column("came_in", "Came in", keep=99, align="right"),
    Column("qualified", "Qualified", keep=97, align="right"),
    Column("touched", "Touched", keep=96, align="right"),
    Column("junked", "Junked", keep=94, align="right"),
    Column("won", "Won", keep=98, align="right"),
    Column("stale", "Stale at its end", keep=95, align="right", shown="stale_shown"),
)


@dataclass(frozen=True, slots=True)
class _Week:
    """The days of a week that count: all seven but for the first and the last week of a period."""

    monday: date
    first: date
    last: date


def list_trend(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Table:
    """Return what happened in each week from `filters.since` to `filters.until`, as it stood on `as_of`.

    Columns: `week` (its Monday), `came_in, qualified, touched, junked, won, stale`. Without `since` the last 13 weeks;
    no week begins after `as_of`, and of the first and the last only the days within the period count. Each number
    counts leads of which somebody knows the day: an import that brings them qualified, contacted or closed does not
    tell it. `stale` are those that were stale on the last day of the week that counts, as `reports.stale_times` puts
    it together; None of a time before the first lead came to this database.
    """
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
    """The place of a day's week among the weeks; None of a day beyond them."""
    within = and_(day >= weeks[0].first, day <= weeks[-1].last)
    return case((within, days_between(day, literal(weeks[0].monday, Date)) // 7))


def _count_days(connection: Connection, members: Members, weeks: Sequence[_Week]) -> dict[str, Counter[int]]:
    """Count in one pass what a lead's own days tell, by the weeks of all of these together."""
    row = members.columns
    closed = case((row["stage"].in_([Stage.JUNK.value, Stage.WON.value]), row["stage"]))
    told = {
        "came_in": row["came_in"],
        "qualified": row["qualified"],
        "qualified_on": row["qualified_on"],
        "stage": closed,
        "closed_on": row["closed_on"],
    }
    # No lead was qualified on another day than its own column says, by which it is passed over without its score.
    days = (_lead.c.created_on, _lead.c.qualified_on, row["closed_on"])
    within = or_(*(day >= weeks[0].first for day in days))
    selected = select(*(column.label(name) for name, column in told.items())).select_from(members.rows)
    # With an offset each of these is worked out once, and only for leads that are of use.
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
    """Count the leads with a contact in each week of which the day is known.

    Args:
        wanted: the leads that count; None for all.
    """
    survivors = find_survivors(connection)
    lead_id = survivors.of(_touch.c.lead_id)
    touched = (
        select(lead_id.label("lead_id"), _place(_touch.c.on, weeks).label("place"))
        .select_from(survivors.beside(_touch, _touch.c.lead_id))
        .where(
            _touch.c.on.between(weeks[0].first, weeks[-1].last),
            _touch.c.withdrawn_at.is_(None),
            _touch.c.dated,
            not_hidden(lead_id) if wanted is None else lead_id.in_(wanted),
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

    Each stretch of time adds one lead on its first day and takes it away again on the day on which it ends.

    Args:
        wanted: the leads that count; None for all.
        began: the day before which nobody knows what was stale.
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
    """The day on which the first lead came to this database; None where there is none."""
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
        f"{count_of(total['came_in'], 'lead')} came in within {count_of(len(rows), 'week')}, "
        f"{total['qualified']:,} were qualified, {total['won']:,} won and {total['junked']:,} called junk."
    )
    known = [row["stale"] for row in rows if row["stale"] is not None]
    if not known:
        return (happened,)
    change = known[-1] - known[0]
    compared = "as many as" if change == 0 else f"{abs(change):,} {'more' if change > 0 else 'fewer'} than"
    is_one = known[-1] == 1
    stale = f"{count_of(known[-1], 'lead')} {'is' if is_one else 'are'} stale at the end"
    since = f", {compared} {count_of(len(known) - 1, 'week')} before" if len(known) > 1 else ""
    return (happened, f"{stale}{since}.")
