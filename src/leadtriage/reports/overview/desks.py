"""The part of an overview about the team: who was given leads, who touched them in time, and who reaches a goal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from leadtriage.criteria.model import Criteria
from leadtriage.overviews import Chart, Part, Point, Series, Trace
from leadtriage.reports.commands import Commands
from leadtriage.reports.filters import Filters
from leadtriage.reports.overview.capping import cap_rows, choose_columns, say_interval
from leadtriage.reports.overview.drawing import MOST_BARS, TOUCHED, say_how_many, take_number
from leadtriage.reports.team import list_team
from leadtriage.tabular import Cell, Table

_COUNTS = (
    "assigned",
    "touched",
    "in_time",
    "late",
    "never",
    "promises",
    "kept",
    "idle",
    "won",
)
_SHOWN = (
    "name",
    "assigned",
    "in_time",
    "late",
    "never",
    "wait_assign_days",
    "wait_rep_days",
    "promises",
    "kept",
    "idle",
    "won",
    "note",
)
_FLAGS = ("flagged", "confirmed", "overturned")
_TOUCH = ("in_time", "late", "never")


def make_team(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Part:
    """What each person of the team did within the filters' period, and how far each goal has come."""
    team = list_team(connection, criteria, filters, as_of)
    # The advice of the summary stands in the notes of the rows here.
    noted = tuple({**row, "note_shown": None} for row in team.rows if row["assigned"] is not None)
    people = replace(team, rows=noted, summary=team.summary[:1])
    goals = replace(team, title="Goals", rows=tuple(row for row in team.rows if row["goal"]), summary=())
    reps = replace(people, rows=tuple(row for row in people.rows if not _only_flags(row)))
    tables = [choose_columns(cap_rows(reps, "name", _COUNTS), *_SHOWN)]
    flags = _take_flags(people)
    if flags.rows:
        tables.append(choose_columns(cap_rows(flags, "name", _FLAGS), "name", *_FLAGS, "overturn_rate", "note"))
    if goals.rows:
        tables.append(choose_columns(cap_rows(goals, "name", ()), "name", "done", "due_by_today"))
    return Part(
        name="team",
        title="Team",
        question="Who was given leads within the period, and who touched them in time?",
        charts=(_draw_touches(people), _draw_goals(goals)),
        tables=tuple(tables),
        traces=tuple(_trace(filters, as_of)),
        remarks=(
            "Here the period is about the days on which things happened: leads assigned and won, touches promised for, "
            "flags and verdicts given. Idle is about now, a goal about its month or quarter of today.",
            "Days are working days, the median of them. Overturned are flags that a reviewer did not call junk; in "
            "brackets the range in which the true rate lies, as far as so few flags can tell.",
        ),
    )


def _only_flags(row: Mapping[str, Cell]) -> bool:
    """Whether all that is told of somebody is about flags, as of a system whose export calls leads junk."""
    return any(row[key] for key in _FLAGS) and not any(row[key] for key in (*_COUNTS, "goal"))


def _take_flags(people: Table) -> Table:
    """The table of those who flag junk; the note of one who has leads as well stands with these."""
    flags = tuple(
        row if _only_flags(row) else {**row, "note": None} for row in people.rows if any(row[key] for key in _FLAGS)
    )
    shown = replace(people, title="Junk flags", rows=flags, summary=())
    return say_interval(shown, "overturn_rate", "overturn_low", "overturn_high")


def _draw_touches(people: Table) -> Chart:
    busy = [row for row in people.rows if row["assigned"]]
    return Chart(
        title=say_how_many("First contact with assigned leads", len(busy)),
        description="A bar for each rep: the leads assigned to them, by when the first contact was.",
        kind="bars",
        series=TOUCHED,
        points=tuple(
            Point(
                str(row["name"]),
                tuple(take_number(row, key) for key in _TOUCH),
                f"{take_number(row, 'in_time'):,.0f} of {take_number(row, 'assigned'):,.0f} in time",
            )
            for row in busy[:MOST_BARS]
        ),
    )


def _draw_goals(goals: Table) -> Chart:
    return Chart(
        title=say_how_many("How much of each goal is done", len(goals.rows)),
        description="A bar for each goal, as long as the goal: how much of it is done, in percent.",
        kind="bars",
        series=(Series("% done"),),
        points=tuple(_measure_goal(row) for row in goals.rows[:MOST_BARS]),
        mark="where it should be by today",
        full=100,
    )


def _measure_goal(row: Mapping[str, Cell]) -> Point:
    goal = take_number(row, "goal")
    done, due = (100 * take_number(row, key) / goal for key in ("done", "due_by_today"))
    return Point(str(row["name"]), (done,), str(row["done_shown"]), due)


def _trace(filters: Filters, as_of: date) -> Iterator[Trace]:
    commands = Commands(filters, as_of)
    name = () if filters.owner is not None else ("--owner", "NAME")
    yield Trace("any number of a row, such as late", commands.run("report team --behind late", *name))
    exported = commands.without_period().run("export won.csv --stage won", *name)
    yield Trace("what won leads are worth, in the columns closed_on and outcome_value", exported)
    yield Trace(
        "any number of a goal, for its month or quarter",
        commands.without_period().run("report team --behind won --since FIRST-DAY --until LAST-DAY", *name),
    )
