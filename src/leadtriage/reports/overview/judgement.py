"""The parts of an overview about judgement: why leads were junk, lost or parked, and what the criteria are worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import groupby

from sqlalchemy import Connection

from leadtriage.criteria.model import Criteria
from leadtriage.overviews import Part, Trace
from leadtriage.reports.commands import Commands
from leadtriage.reports.criteria_in_use import list_criteria_in_use
from leadtriage.reports.filters import Filters
from leadtriage.reports.overview.capping import cap_rows
from leadtriage.reports.overview.drawing import take_count
from leadtriage.reports.page import CellRow
from leadtriage.reports.reasons import list_reasons
from leadtriage.tabular import Cell, Column, Table
from leadtriage.vocabulary import Grade, ReasonsBy

_MOST_REASONS = 12
"""Of each kind."""
_MOST_TIERS = 150
_UNSCORED = "unscored"
_GRADES = (*(grade.lower() for grade in Grade), _UNSCORED)

_REASONS = (
    Column("kind", "Became", keep=100, shown="kind_shown"),
    Column("reason", "Reason", keep=99, shown="reason_shown"),
    *(Column(key, key.upper(), align="right") for key in _GRADES if key != _UNSCORED),
    Column(_UNSCORED, "Not scored", align="right"),
    Column("leads", "Leads", keep=95, align="right"),
)


def make_reasons(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Part:
    """Why the leads that came in within the filters' period were called junk, lost or parked."""
    reasons = list_reasons(connection, criteria, filters, as_of, ReasonsBy.GRADE)
    commands = Commands(filters, as_of)
    return Part(
        name="reasons",
        title="Reasons",
        question="Why were leads called junk, lost or parked, and how good did they look then?",
        charts=(),
        tables=(_spread_by_grade(reasons),),
        traces=(
            Trace("called junk", commands.list_leads("--stage", "junk", "--reason", "REASON")),
            Trace("lost", commands.list_leads("--stage", "lost", "--reason", "REASON")),
            Trace("parked", commands.list_leads("--stage", "nurture", "--reason", "REASON")),
            Trace("no reason given", commands.list_leads("--reason", "")),
            Trace("by source", commands.run("report reasons")),
            Trace("by what nominated them", commands.run("report reasons --by rule")),
        ),
        remarks=("The columns A to D are the grades of the day on which it was decided.",),
    )


def _spread_by_grade(reasons: Table) -> Table:
    """A row for each reason with its leads by grade, instead of one for each grade; the rarest reasons as one."""
    spread: dict[tuple[Cell, Cell], CellRow] = {}
    for row in reasons.rows:
        told = {key: row[key] for key in ("kind", "kind_shown", "reason", "reason_shown")}
        place = spread.setdefault((row["kind"], row["reason"]), told | dict.fromkeys((*_GRADES, "leads"), 0))
        for key in (str(row["grade"] or _UNSCORED).lower(), "leads"):
            place[key] = take_count(place, key) + take_count(row, "leads")
    columns = _REASONS
    if not any(row[_UNSCORED] for row in spread.values()):
        columns = tuple(column for column in columns if column.key != _UNSCORED)
    rows: list[CellRow] = []
    for _, of_kind in groupby(spread.values(), key=lambda row: row["kind"]):
        kind = tuple(of_kind)
        capped = cap_rows(Table("", columns, kind), "reason", (*_GRADES, "leads"), most=_MOST_REASONS).rows
        rows += [{**row, "kind": kind[0]["kind"], "kind_shown": kind[0]["kind_shown"]} for row in capped]
    return replace(reasons, title="Reasons", columns=columns, rows=tuple(rows))


def make_criteria(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Part:
    """What each criterion does for the leads that came in within the filters' period."""
    used = list_criteria_in_use(connection, criteria, filters, as_of)
    commands = Commands(filters, as_of)
    left_out = len(used.rows) - _MOST_TIERS
    more = () if left_out <= 0 else (f"{left_out:,} more answers: {commands.run('report criteria')}",)
    return Part(
        name="criteria",
        title="Criteria",
        question="What does each criterion do, and does it tell won leads from lost ones?",
        charts=(),
        tables=(replace(used, rows=used.rows[:_MOST_TIERS], notes=(*used.notes, *more)),),
        traces=(
            Trace("known", commands.list_leads("--criterion", "NAME")),
            Trace("holds", commands.list_leads("--criterion", "NAME", "--tier", "ANSWER")),
            Trace("nominated and rescued", commands.without_period().run("junk --rates")),
        ),
        remarks=(
            "Won get, lost get: the points that a won or a lost lead has from an answer on average; nothing is said of "
            "fewer than 20 of either.",
        ),
    )
