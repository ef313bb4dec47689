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
    """Return the day that is so many working days after `day`.

    For 0 it is the day itself, or the next working day where it is none.

    Args:
        working_days: as `date.weekday` numbers them; none at all means all.
        holidays: in order; days off besides.
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
    """The same without holidays: whole weeks at once, then the rest day by day."""
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
    """What runs out when, for something that began on `day`."""

    day: date
    first_touch: Mapping[Grade, date]
    idle: date
    expires: date
    expiring: date
    """The day before it is reported as expiring."""


def set_deadlines(day: date, follow_up: FollowUp) -> Deadlines:
    """Count the days of all clocks from one day."""
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
    """What the clocks take from a lead. A parked lead's start on the day it comes back, as if it came in then.

    `arrives_on`; `contacted`; `waits_from` (the contact, else the arrival); `shelf_from`; `promised_for`;
    `imported_on`; `may_be_backlog`; `may_contact`.
    """
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
    """Make a temporary table of the deadlines from every day that a clock of these leads starts on.

    The caller drops it.
    """
    inputs = select_clock_inputs()
    pairs = connection.execute(select(inputs["waits_from"], inputs["shelf_from"]).where(where).distinct())
    return make_calendar(connection, follow_up, {day for pair in pairs for day in pair if day is not None})


def make_calendar(connection: Connection, follow_up: FollowUp, days: Collection[date]) -> Table:
    """Make a temporary table of the deadlines from each of these days, which the caller drops.

    Columns: `day`, what `name_due` names for each grade, `idle`, `expires`, `expiring`, as in `Deadlines`.
    """
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
    """Set `lead_score.touch_due` of leads that were contacted here before they were scored, by their first grade.

    What was contacted before it came to us, and what was past its shelf life then, had no such clock.
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
    """Name the calendar's column of the first touch that is due with this grade."""
    return f"first_touch_{grade.lower()}"


def compute_clocks(rows: Any, waiting: Any, shelf: Any, grade: ColumnElement[str]) -> dict[str, ColumnElement[Any]]:
    """The clocks of a lead, by the names of `lead_score`.

    Args:
        rows: has the columns of `select_clock_inputs`.
        waiting: the calendar's row of `waits_from`; all NULL where no clock runs.
        shelf: the calendar's row of `shelf_from`; likewise.
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
    # What came to us past its shelf life could be contacted in time by nobody, even where somebody took it up.
    running["touch_due"] = case((rows.imported_on <= shelf.expires, running["first_touch_due"]))
    running["next_due"] = case((not_(backlog), func.nullif(earliest, literal(_NEVER, Date))))
    running["backlog"] = backlog
    return running
