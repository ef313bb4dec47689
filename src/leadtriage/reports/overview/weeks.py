"""The part of an overview about time: what happened in each week of the period, and what was stale at its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection

from leadtriage.criteria.model import Criteria
from leadtriage.overviews import Chart, Part, Point, Series, Trace
from leadtriage.reports.commands import Commands
from leadtriage.reports.filters import Filters
from leadtriage.reports.overview.period import narrow
from leadtriage.reports.periods import Period
from leadtriage.reports.trend import MEASURES, list_trend
from leadtriage.tabular import Table

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
            Trace("came in", weekly.list_leads(*of_week)),
            Trace("qualified", weekly.list_leads("--dated", "qualified", *of_week)),
            Trace("touched", weekly.list_leads("--dated", "touched", *of_week)),
            Trace("junked", weekly.list_leads("--dated", "closed", "--stage", "junk", *of_week)),
            Trace("won", weekly.list_leads("--dated", "closed", "--stage", "won", *of_week)),
            Trace("stale at its end", weekly.list_leads("--stale-on", "SUNDAY")),
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
