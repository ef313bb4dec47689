"""The parts of an overview about how far leads come: the funnel, also by source, and the age of open leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection

from leadtriage.overviews import Chart, Part, Point, Series, Tone, Trace
from leadtriage.reports.aging import BUCKETS, list_aging
from leadtriage.reports.commands import Commands
from leadtriage.reports.filters import Filters
from leadtriage.reports.funnel import list_funnel
from leadtriage.reports.overview.capping import cap_rows
from leadtriage.reports.overview.drawing import TOUCHED, take_number
from leadtriage.reports.page import CellRow
from leadtriage.tabular import Cell, Column, Table
from leadtriage.vocabulary import OPEN_STAGES, AgingBy, FunnelBy, Step

_TOUCH = {Step.TOUCHED_IN_TIME: TOUCHED[0], Step.TOUCHED_LATE: TOUCHED[1], Step.NEVER_TOUCHED: TOUCHED[2]}
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
    traces = [commands.list_step(str(row["step_shown"]), Step(str(row["step"]))) for row in funnel.rows]
    if filters.source is None:
        traces.append(Trace("of one source", commands.list_leads("--step", "STEP", "--source", "NAME")))
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
    rows = {Step(str(row["step"])): row for row in funnel.rows}
    leads = {step: take_number(rows[step], "leads") for step in Step}

    def said(step: Step) -> str:
        share = rows[step]["previous_shown"]
        return f"{leads[step]:,.0f}" if share is None else f"{leads[step]:,.0f} ({share})"

    single = (Step.LEADS, Step.QUALIFIED, Step.ASSIGNED)
    points = [Point(str(rows[step]["step_shown"]), (leads[step], None, None, None), said(step)) for step in single]
    touched = leads[Step.TOUCHED_IN_TIME] + leads[Step.TOUCHED_LATE]
    contacts = f"{touched:,.0f} of {leads[Step.ASSIGNED]:,.0f}"
    points.append(Point("first contact", (None, *(leads[step] for step in _TOUCH)), contacts))
    points.append(Point("won", (leads[Step.WON], None, None, None), said(Step.WON)))
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
        if row["step"] == Step.QUALIFIED:
            place["share_qualified"] = row["share_of_leads"]
    table = Table("Funnel by source", _BY_SOURCE, tuple(spread.values()))
    return cap_rows(table, "source", [step.value for step in Step])


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


def _trace_buckets(filters: Filters, as_of: date) -> Iterator[Trace]:
    stages = [word for stage in OPEN_STAGES for word in ("--stage", stage.value)]
    first = 0
    for bucket, last in BUCKETS:
        aged = replace(
            filters,
            since=None if last is None else as_of - timedelta(days=last),
            until=as_of - timedelta(days=first) if first else None,
        )
        yield Trace(f"{bucket} days", Commands(aged, as_of).list_leads(*stages))
        first = (last or 0) + 1
    yield Trace("of one grade", Commands(filters, as_of).list_leads(*stages, "--grade", "GRADE"))
