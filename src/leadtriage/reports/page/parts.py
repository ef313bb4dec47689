"""The part of an overview about sources: what each brought, and what it cost.

The parts of an overview about how far leads come: the funnel, also by source, and the age of open leads.

The part of an overview about the team: who was given leads, who touched them in time, and who reaches a goal.

The part of an overview about time: what happened in each week of the period, and what was stale at its end.

The parts of an overview about judgement: why leads were junk, lost or parked, and what the criteria are worth.

Which period an overview is about, and how that is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import Connection

from leadtriage.core.tables import Cell, Chart, Column, DrillDown, Part, Point, Series, Table, Tone
from leadtriage.core.text import format_count, format_day
from leadtriage.core.vocabulary import OPEN_STAGES, AgingBy, FunnelBy, FunnelStep, Grade, ReasonsBy
from leadtriage.criteria import Criteria
from leadtriage.reports.lists import BUCKETS, list_aging
from leadtriage.reports.manager import (
    MEASURES,
    list_criteria_in_use,
    list_funnel,
    list_reasons,
    list_sources,
    list_team,
    list_trend,
)
from leadtriage.reports.page.charts import (
    MOST_BARS,
    TOUCHED,
    cap_rows,
    choose_columns,
    round_sums,
    say_how_many,
    say_interval,
    take_count,
    take_number,
)
from leadtriage.reports.query import CellRow, Commands, Filters, Period

_SUMS = ("leads", "junk_reviewed", "junk_nominated", "qualified", "won", "value", "spend")
_SHOWN = (
    "source",
    "leads",
    "junk_reviewed",
    "junk_nominated",
    "junk_rate",
    "qualified",
    "won",
    "value",
    "spend",
    "cost_per_lead",
    "cost_per_qualified",
    "cost_per_win",
    "return",
    "note",
)


def make_sources(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Part:
    """What each source brought of the leads that came in within the filters' period, and what it cost."""
    sources = list_sources(connection, criteria, filters, as_of)
    shown = round_sums(say_interval(sources, "junk_rate", "junk_low", "junk_high"), "value", "spend")
    return Part(
        name="sources",
        title="Sources",
        question="Where do good leads come from, and what does a good one cost?",
        charts=(_draw_leads(sources), _draw_costs(sources, criteria.currency)),
        tables=(choose_columns(cap_rows(shown, "source", _SUMS), *_SHOWN),),
        traces=tuple(_trace(filters, as_of)),
        remarks=(
            "Junk is what a reviewer called so; candidates wait for a review and are not in the junk rate. In "
            "brackets: the range in which the true rate lies, as far as so few leads can tell.",
            "Return is what came back beyond what was spent, as a share of it.",
        ),
    )


def _draw_leads(sources: Table) -> Chart:
    return Chart(
        title=say_how_many("Leads by source", len(sources.rows)),
        description="A bar for each source: its leads, those that are qualified first.",
        kind="bars",
        series=(Series("qualified"), Series("not qualified", Tone.FAINT)),
        points=tuple(_point(row) for row in sources.rows[:MOST_BARS] if row["leads"]),
    )


def _point(row: Mapping[str, Cell]) -> Point:
    leads, qualified = take_number(row, "leads"), take_number(row, "qualified")
    said = f"{qualified:,.0f} of {leads:,.0f} ({qualified / leads:.0%})"
    return Point(str(row["source_shown"]), (qualified, leads - qualified), said)


def _draw_costs(sources: Table, currency: str) -> Chart:
    priced = [row for row in sources.rows if row["cost_per_qualified"] is not None]
    cheapest = sorted(priced, key=lambda row: take_number(row, "cost_per_qualified"))[:MOST_BARS]
    return Chart(
        title=f"Cost of a qualified lead, in {currency}",
        description="A bar for each source of which the spend is recorded, the cheapest first.",
        kind="bars",
        series=(Series(currency),),
        points=tuple(
            Point(
                str(row["source_shown"]),
                (take_number(row, "cost_per_qualified"),),
                f"{take_number(row, 'cost_per_qualified'):,.2f} for each of {take_number(row, 'qualified'):,.0f}",
            )
            for row in cheapest
        ),
    )


def _trace(filters: Filters, as_of: date) -> Iterator[DrillDown]:
    commands = Commands(filters, as_of)
    source = () if filters.source is not None else ("--source", "NAME")
    yield DrillDown("leads", commands.list_leads(*source))
    yield DrillDown("junk", commands.list_leads("--stage", "junk", *source))
    yield DrillDown("candidates", commands.run("junk", *source))
    yield commands.list_step("qualified", FunnelStep.QUALIFIED, *source)
    yield commands.list_step("won", FunnelStep.WON, *source)
    yield DrillDown("value, in the column outcome_value", commands.run("export won.csv --stage won", *source))
    if filters.owner is None:
        yield DrillDown("spend", commands.run("spend list", *source))
    yield DrillDown("by campaign", commands.run("report sources --by campaign"))


_TOUCH_KEYS = ("in_time", "late", "never")
_TOUCH = {
    FunnelStep.TOUCHED_IN_TIME: TOUCHED[0],
    FunnelStep.TOUCHED_LATE: TOUCHED[1],
    FunnelStep.NEVER_TOUCHED: TOUCHED[2],
}
_GRADE_TONES = (Tone.PLAIN, Tone.OTHER, Tone.QUIET, Tone.FAINT, Tone.LATE)

_BY_SOURCE = (
    Column("source", "Source", keep=100, shown="source_shown"),
    Column("leads", "Came in", align="right"),
    Column("qualified", "Qualified", align="right"),
    Column("share_qualified", "Of all", align="right", kind="share"),
    Column("assigned", "Assigned", align="right"),
    Column("touched_in_time", "In time", align="right"),
    Column("touched_late", "Late", align="right"),
    Column("never_touched", "No contact", align="right"),
    Column("won", "Won", align="right"),
)


def make_funnel(connection: Connection, filters: Filters, as_of: date) -> Part:
    """How far the leads have come that came in within the filters' period, in all and by source."""
    funnel = list_funnel(connection, filters, as_of)
    commands = Commands(filters, as_of)
    traces = [commands.list_step(str(row["step_shown"]), FunnelStep(str(row["step"]))) for row in funnel.rows]
    if filters.source is None:
        traces.append(DrillDown("of one source", commands.list_leads("--step", "STEP", "--source", "NAME")))
    return Part(
        name="funnel",
        title="Funnel",
        question="How far have the leads come, and where are they lost?",
        charts=(_draw_funnel(funnel),),
        tables=(funnel, _spread_by_source(connection, filters, as_of)),
        traces=tuple(traces),
        remarks=(
            "Touched in time means within the clock of the lead's grade. No contact recorded does not mean that nobody "
            "called.",
            "Days count from the day a lead came in, those to assigned from the day it was qualified.",
        ),
    )


def _draw_funnel(funnel: Table) -> Chart:
    rows = {FunnelStep(str(row["step"])): row for row in funnel.rows}
    leads = {step: take_number(rows[step], "leads") for step in FunnelStep}

    def said(step: FunnelStep) -> str:
        share = rows[step]["previous_shown"]
        return f"{leads[step]:,.0f}" if share is None else f"{leads[step]:,.0f} ({share})"

    single = (FunnelStep.LEADS, FunnelStep.QUALIFIED, FunnelStep.ASSIGNED)
    points = [Point(str(rows[step]["step_shown"]), (leads[step], None, None, None), said(step)) for step in single]
    touched = leads[FunnelStep.TOUCHED_IN_TIME] + leads[FunnelStep.TOUCHED_LATE]
    contacts = f"{touched:,.0f} of {leads[FunnelStep.ASSIGNED]:,.0f}"
    points.append(Point("first contact", (None, *(leads[step] for step in _TOUCH)), contacts))
    points.append(Point("won", (leads[FunnelStep.WON], None, None, None), said(FunnelStep.WON)))
    return Chart(
        title="From lead to customer",
        description="A bar for each step: leads that came in, qualified, assigned, by their first contact, and won.",
        kind="bars",
        series=(Series("leads"), *_TOUCH.values()),
        points=tuple(points),
    )


def _spread_by_source(connection: Connection, filters: Filters, as_of: date) -> Table:
    """The funnel by source with a row for each source, instead of one for each of its steps."""
    funnel = list_funnel(connection, filters, as_of, FunnelBy.SOURCE)
    spread: dict[Cell, CellRow] = {}
    for row in funnel.rows:
        place = spread.setdefault(row["source"], {"source": row["source"], "source_shown": row["group_shown"]})
        place[str(row["step"])] = row["leads"]
        if row["step"] == FunnelStep.QUALIFIED:
            place["share_qualified"] = row["share_of_leads"]
    table = Table("Funnel by source", _BY_SOURCE, tuple(spread.values()))
    return cap_rows(table, "source", [step.value for step in FunnelStep])


def make_aging(connection: Connection, filters: Filters, as_of: date) -> Part:
    """How old the open leads are, whenever they came in."""
    everything = replace(filters, since=None, until=None)
    aging = list_aging(connection, as_of, AgingBy.GRADE, everything)
    return Part(
        name="aging",
        title="Aging",
        question="How long have the open leads been waiting, whenever they came in?",
        charts=(_draw_aging(aging),),
        tables=(aging,),
        traces=tuple(_trace_buckets(everything, as_of)),
        remarks=("Open leads are counted as they are now.",),
    )


def _draw_aging(aging: Table) -> Chart:
    grades = [column for column in aging.columns if column.key not in ("bucket", "total")]
    return Chart(
        title="Open leads by age in days",
        description="A bar for each age, with a part for each grade.",
        kind="bars",
        series=tuple(
            Series(f"grade {column.label}" if len(column.label) == 1 else "not scored", tone)
            for column, tone in zip(grades, _GRADE_TONES, strict=False)
        ),
        points=tuple(
            Point(
                f"{row['bucket']} days",
                tuple(take_number(row, column.key) for column in grades),
                f"{take_number(row, 'total'):,.0f}",
            )
            for row in aging.rows
        ),
    )


def _trace_buckets(filters: Filters, as_of: date) -> Iterator[DrillDown]:
    stages = [word for stage in OPEN_STAGES for word in ("--stage", stage.value)]
    first = 0
    for bucket, last in BUCKETS:
        aged = replace(
            filters,
            since=None if last is None else as_of - timedelta(days=last),
            until=as_of - timedelta(days=first) if first else None,
        )
        yield DrillDown(f"{bucket} days", Commands(aged, as_of).list_leads(*stages))
        first = (last or 0) + 1
    yield DrillDown("of one grade", Commands(filters, as_of).list_leads(*stages, "--grade", "GRADE"))


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
_SHOWN_MEMBERS = (
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


def make_team(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Part:
    """What each person of the team did within the filters' period, and how far each goal has come."""
    team = list_team(connection, criteria, filters, as_of)
    # The advice of the summary stands in the notes of the rows here.
    noted = tuple({**row, "note_shown": None} for row in team.rows if row["assigned"] is not None)
    people = replace(team, rows=noted, summary=team.summary[:1])
    goals = replace(team, title="Goals", rows=tuple(row for row in team.rows if row["goal"]), summary=())
    reps = replace(people, rows=tuple(row for row in people.rows if not _only_flags(row)))
    tables = [choose_columns(cap_rows(reps, "name", _COUNTS), *_SHOWN_MEMBERS)]
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
        traces=tuple(_trace_members(filters, as_of)),
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
                tuple(take_number(row, key) for key in _TOUCH_KEYS),
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


def _trace_members(filters: Filters, as_of: date) -> Iterator[DrillDown]:
    commands = Commands(filters, as_of)
    name = () if filters.owner is not None else ("--owner", "NAME")
    yield DrillDown("any number of a row, such as late", commands.run("report team --behind late", *name))
    exported = commands.without_period().run("export won.csv --stage won", *name)
    yield DrillDown("what won leads are worth, in the columns closed_on and outcome_value", exported)
    yield DrillDown(
        "any number of a goal, for its month or quarter",
        commands.without_period().run("report team --behind won --since FIRST-DAY --until LAST-DAY", *name),
    )


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
            DrillDown("called junk", commands.list_leads("--stage", "junk", "--reason", "REASON")),
            DrillDown("lost", commands.list_leads("--stage", "lost", "--reason", "REASON")),
            DrillDown("parked", commands.list_leads("--stage", "nurture", "--reason", "REASON")),
            DrillDown("no reason given", commands.list_leads("--reason", "")),
            DrillDown("by source", commands.run("report reasons")),
            DrillDown("by what nominated them", commands.run("report reasons --by rule")),
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
            DrillDown("known", commands.list_leads("--criterion", "NAME")),
            DrillDown("holds", commands.list_leads("--criterion", "NAME", "--tier", "ANSWER")),
            DrillDown("nominated and rescued", commands.without_period().run("junk --rates")),
        ),
        remarks=(
            "Won get, lost get: the points that a won or a lost lead has from an answer on average; nothing is said of "
            "fewer than 20 of either.",
        ),
    )


USUAL_DAYS = 90
"""How many days an overview is about where nobody says which."""


def settle_period(filters: Filters, as_of: date) -> Period:
    """Return the period that was asked for, as far as it is over; where no day is given, the last 90 days."""
    today = max(as_of, filters.since or as_of)
    until = today if filters.until is None else min(filters.until, today)
    earliest = date.fromordinal(max(1, until.toordinal() - USUAL_DAYS + 1))
    return Period(filters.since or earliest, until)


def narrow(filters: Filters, period: Period) -> Filters:
    """Return the same filters, for the leads that came in within a period."""
    return replace(filters, since=period.since, until=period.until)


def say_period(period: Period, filters: Filters, as_of: date) -> str:
    """Return "Leads that came in from 25 Aug 2026 to 22 Nov 2026 (90 days), as they stand on 22 Nov 2026."."""
    only = [
        f"{word} {name!r}" if name.strip() else f"no {word}"
        for word, name in (("source", filters.source), ("campaign", filters.campaign), ("owner", filters.owner))
        if name is not None
    ]
    of = f" of {', '.join(only)}" if only else ""
    days = format_count(period.days, "day")
    return f"Leads{of} that came in from {period} ({days}), as they stand on {format_day(as_of)}."


_MOST_WEEKS = 53


def make_trend(connection: Connection, criteria: Criteria, filters: Filters, period: Period, as_of: date) -> Part:
    """What happened in each week of the period, of a long one in its last year."""
    first = (
        max(period.since, period.until - timedelta(weeks=_MOST_WEEKS - 1)) if period.days > 7 * _MOST_WEEKS else None
    )
    trend = list_trend(connection, criteria, replace(narrow(filters, period), since=first or period.since), as_of)
    cut = () if first is None else (f"The last {_MOST_WEEKS} weeks of the period are shown.",)
    weekly = Commands(replace(filters, since=None, until=None), as_of)
    of_week = ("--since", "MONDAY", "--until", "SUNDAY")
    return Part(
        name="trend",
        title="Trend",
        question="What happened in each week, whenever the leads came in?",
        charts=(_draw(trend),),
        tables=(replace(trend, lines=(), notes=(*trend.notes, *cut)),),
        traces=(
            DrillDown("came in", weekly.list_leads(*of_week)),
            DrillDown("qualified", weekly.list_leads("--dated", "qualified", *of_week)),
            DrillDown("touched", weekly.list_leads("--dated", "touched", *of_week)),
            DrillDown("junked", weekly.list_leads("--dated", "closed", "--stage", "junk", *of_week)),
            DrillDown("won", weekly.list_leads("--dated", "closed", "--stage", "won", *of_week)),
            DrillDown("stale at its end", weekly.list_leads("--stale-on", "SUNDAY")),
        ),
        remarks=(
            "Only the days within the period count: of the first and the last week, put these in the place of MONDAY "
            "and SUNDAY. What an import brought without a day is in no week, unless the lead was a week old at most.",
        ),
    )


def _draw(trend: Table) -> Chart:
    labels = {column.key: column.label for column in trend.columns}
    return Chart(
        title="Week by week",
        description="A line for each number over the weeks.",
        kind="lines",
        series=tuple(Series(labels[key]) for key in MEASURES),
        points=tuple(Point(str(row["week"]), tuple(_take(row[key]) for key in MEASURES)) for row in trend.rows),
    )


def _take(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
