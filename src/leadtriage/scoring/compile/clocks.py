"""Computes when a lead's clocks run out, with one small calendar table of working days for all leads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    MetaData,
    Table,
    Update,
    and_,
    case,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)

from leadtriage.core.vocabulary import Grade, Stage
from leadtriage.criteria import FollowUp
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.expressions import smallest

_NEVER = date.max
_EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def add_working_days(day: date, count: int, working_days: Collection[int], holidays: Sequence[date] = ()) -> date:
    """Return the day `count` working days after `day`; for 0 the day itself or the next working day.

    Args:
        working_days: numbered like `date.weekday`; empty means every day.
        holidays: further days off, in order.
    """
    week = sorted(set(working_days)) or list(_EVERY_DAY)
    off = [holiday for holiday in holidays if holiday.weekday() in week]
    if count == 0:
        return day if day.weekday() in week and day not in off else add_working_days(day, 1, week, off)
    missing, reached = count, day
    while missing:
        start, reached = reached, _skip(reached, missing, week)
        missing = bisect_right(off, reached) - bisect_right(off, start)
    return reached


def _skip(day: date, count: int, week: Sequence[int]) -> date:
    """Do the same without holidays: whole weeks at once, then the rest day by day."""
    weeks, rest = divmod(count, len(week))
    if rest == 0:
        weeks, rest = weeks - 1, len(week)
    reached = _later(day, 7 * weeks)
    while rest and reached < _NEVER:
        reached = _later(reached, 1)
        rest -= reached.weekday() in week
    return reached


def _later(day: date, days: int) -> date:
    return date.fromordinal(max(1, min(_NEVER.toordinal(), day.toordinal() + days)))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The end of each clock that starts on `day`; `expiring` is the day before the warning starts."""

    day: date
    first_touch: Mapping[Grade, date]
    idle: date
    expires: date
    expiring: date


def set_deadlines(day: date, follow_up: FollowUp) -> Deadlines:
    """Return the deadlines of all clocks that start on a day."""
    holidays = sorted(follow_up.holidays)
    expires = _later(day, follow_up.shelf_life)
    return Deadlines(
        day,
        {
            grade: add_working_days(day, days, follow_up.working_days, holidays)
            for grade, days in follow_up.first_touch.items()
        },
        add_working_days(day, follow_up.idle, follow_up.working_days, holidays),
        expires,
        _later(expires, -follow_up.warn - 1),
    )


def select_clock_inputs() -> dict[str, ColumnElement[Any]]:
    """Return the values that the clocks use, by name; the clocks of a lead in nurture start when it returns."""
    lead = table(Lead).c
    parked = lead.stage == Stage.NURTURE
    contact = func.coalesce(
        lead.last_touch_on, lead.first_touch_on, case((lead.contact_dated.is_not(None), lead.imported_on))
    )
    until = lead.nurture_until
    return {
        "arrives_on": case((parked, until), else_=lead.created_on),
        "contacted": contact.is_not(None),
        "waits_from": case(
            (and_(parked, contact > until), contact),
            (parked, until),
            else_=func.coalesce(contact, lead.created_on),
        ),
        "shelf_from": case((parked, until), else_=func.coalesce(lead.shelf_from, lead.created_on)),
        "promised_for": case(
            (lead.next_touch_on.is_(None), None),
            (not_(parked), lead.next_touch_on),
            (lead.next_touch_on > until, lead.next_touch_on),
            else_=until,
        ),
        "imported_on": lead.imported_on,
        "may_be_backlog": and_(not_(parked), lead.shelf_from.is_(None), not_(lead.worked_here)),
        "may_contact": func.coalesce(not_(lead.do_not_contact), literal(True)),
    }


def create_calendar(connection: Connection, follow_up: FollowUp, where: ColumnElement[bool]) -> Table:
    """Make the calendar of every day on which a clock of these leads starts; the caller drops it."""
    inputs = select_clock_inputs()
    pairs = connection.execute(select(inputs["waits_from"], inputs["shelf_from"]).where(where).distinct())
    return make_calendar(connection, follow_up, {day for pair in pairs for day in pair if day is not None})


def make_calendar(connection: Connection, follow_up: FollowUp, days: Collection[date]) -> Table:
    """Make a temporary table of `Deadlines`, one row per day; the caller drops it."""
    calendar = describe_calendar()
    calendar.create(connection, checkfirst=False)
    rows = [
        {
            "day": deadlines.day,
            **{name_due(grade): deadlines.first_touch.get(grade) for grade in Grade},
            "idle": deadlines.idle,
            "expires": deadlines.expires,
            "expiring": deadlines.expiring,
        }
        for deadlines in (set_deadlines(day, follow_up) for day in sorted(days))
    ]
    if rows:
        connection.execute(insert(calendar), rows)
    return calendar


@cache
def describe_calendar() -> Table:
    """Describe the temporary table of `make_calendar`."""
    return Table(
        "deadline_calendar",
        MetaData(),
        Column("day", Date, primary_key=True),
        *(Column(name_due(grade), Date) for grade in Grade),
        Column("idle", Date, nullable=False),
        Column("expires", Date, nullable=False),
        Column("expiring", Date, nullable=False),
        prefixes=["TEMPORARY"],
        sqlite_with_rowid=False,
    )


def set_missed_due_days(run_id: int, calendar: Table) -> Update:
    """Set `lead_score.touch_due` of leads that were contacted before their first score.

    Skips leads that were contacted before their import, or expired on import: they had no such clock.
    """
    lead, score = table(Lead), table(LeadScore)
    due = case({str(grade): calendar.c[name_due(grade)] for grade in Grade}, value=score.c.grade)
    day = select(due).join_from(lead, calendar, calendar.c.day == lead.c.created_on)
    day = day.where(lead.c.id == score.c.lead_id, lead.c.imported_on <= calendar.c.expires)
    contacted = select(lead.c.id).where(lead.c.first_touch_on >= lead.c.imported_on)
    return (
        update(score)
        .where(score.c.run_id == run_id, score.c.touch_due.is_(None), score.c.lead_id.in_(contacted))
        .values(touch_due=day.correlate(score).scalar_subquery())
    )


def name_due(grade: Grade) -> str:
    """Return the calendar's column of the first contact due with this grade."""
    return f"first_touch_{grade.lower()}"


def compute_clocks(rows: Any, waiting: Any, shelf: Any, grade: ColumnElement[str]) -> dict[str, ColumnElement[Any]]:
    """Return the clocks of a lead by the column names of `lead_score`.

    Args:
        rows: has the columns of `select_clock_inputs`.
        waiting, shelf: the calendar's rows of `waits_from` and `shelf_from`; all NULL where no clock runs.
    """
    backlog = func.coalesce(and_(rows.may_be_backlog, rows.imported_on > shelf.expires), literal(False))
    due = case({str(grade): waiting[name_due(grade)] for grade in Grade}, value=grade)
    promised = case((shelf.day.is_not(None), rows.promised_for))
    clocks = {
        "first_touch_due": case((not_(rows.contacted), due)),
        "idle_due": case((rows.contacted, waiting.idle)),
        "promised_due": promised,
        "expires_on": shelf.expires,
    }
    running: dict[str, ColumnElement[Any]] = {name: case((not_(backlog), clock)) for name, clock in clocks.items()}
    earliest = smallest(
        *(
            func.coalesce(clock, literal(_NEVER, Date))
            for clock in (clocks["first_touch_due"], clocks["idle_due"], promised, shelf.expiring)
        )
    )
    # Nobody could contact a lead in time that had expired on import.
    running["touch_due"] = case((rows.imported_on <= shelf.expires, running["first_touch_due"]))
    running["next_due"] = case((not_(backlog), func.nullif(earliest, literal(_NEVER, Date))))
    running["backlog"] = backlog
    return running
