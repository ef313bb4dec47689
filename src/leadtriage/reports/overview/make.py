"""Puts an overview together: the head line, then each report as a part with its charts and commands."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from leadtriage.criteria.model import Criteria
from leadtriage.overviews import Overview
from leadtriage.reports.basis import read_basis
from leadtriage.reports.filters import Filters
from leadtriage.reports.overview.desks import make_team
from leadtriage.reports.overview.head import make_head
from leadtriage.reports.overview.judgement import make_criteria, make_reasons
from leadtriage.reports.overview.origins import make_sources
from leadtriage.reports.overview.period import narrow, say_period, settle_period
from leadtriage.reports.overview.pursuit import make_aging, make_funnel
from leadtriage.reports.overview.weeks import make_trend
from leadtriage.words import say_day

_LIMITS = (
    "What nobody recorded: a call that was not logged is no contact here, and a deal won elsewhere is not won.",
    "Days on which something happened before the import told of it: such leads count, their days do not.",
    "Why something changed: it shows what was, and how much of it may be chance.",
    "What a list by stage, reason or grade held on an earlier day: such lists, and the age of open leads, are of now.",
    "Leads that were taken back or merged into others are not counted.",
)


def make_overview(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Overview:
    """Return all reports on the leads that came in within a period, the last 90 days where none is given.

    Tables are short: the largest 20 sources, reps and so on, and the sums of the others.

    Raises:
        UsageError: the period ends before it begins.
    """
    period = settle_period(filters, as_of)
    within = narrow(filters, period)
    head = make_head(connection, criteria, filters, period, as_of)
    return Overview(
        title="Leads: where they come from, and where they are lost",
        period=say_period(period, filters, as_of),
        figures=head.figures,
        basis=(*head.basis, *read_basis(connection).notes),
        traces=head.traces,
        parts=(
            make_funnel(connection, within, as_of),
            make_sources(connection, criteria, within, as_of),
            make_team(connection, criteria, within, as_of),
            make_aging(connection, filters, as_of),
            make_trend(connection, criteria, filters, period, as_of),
            make_reasons(connection, criteria, within, as_of),
            make_criteria(connection, criteria, within, as_of),
        ),
        facts=(
            ("As of", say_day(as_of)),
            ("Period", str(period)),
            ("Criteria", criteria.name),
        ),
        limits=_LIMITS,
    )
