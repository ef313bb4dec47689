"""The part of an overview about sources: what each brought, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import Connection

from leadtriage.criteria.model import Criteria
from leadtriage.overviews import Chart, Part, Point, Series, Tone, Trace
from leadtriage.reports.commands import Commands
from leadtriage.reports.filters import Filters
from leadtriage.reports.overview.capping import cap_rows, choose_columns, round_sums, say_interval
from leadtriage.reports.overview.drawing import MOST_BARS, say_how_many, take_number
from leadtriage.reports.sources import list_sources
from leadtriage.tabular import Cell, Table
from leadtriage.vocabulary import Step

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


def _trace(filters: Filters, as_of: date) -> Iterator[Trace]:
    commands = Commands(filters, as_of)
    source = () if filters.source is not None else ("--source", "NAME")
    yield Trace("leads", commands.list_leads(*source))
    yield Trace("junk", commands.list_leads("--stage", "junk", *source))
    yield Trace("candidates", commands.run("junk", *source))
    yield commands.list_step("qualified", Step.QUALIFIED, *source)
    yield commands.list_step("won", Step.WON, *source)
    yield Trace("value, in the column outcome_value", commands.run("export won.csv --stage won", *source))
    if filters.owner is None:
        yield Trace("spend", commands.run("spend list", *source))
    yield Trace("by campaign", commands.run("report sources --by campaign"))
