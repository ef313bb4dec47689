"""What all reports on one page show: the head line worked out by hand, and tables that are cut short but add up."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from world import Event, ImportBatch, World, ask, random_world, view

from leadtriage.core.tables import Column, Overview, Part, Table
from leadtriage.core.vocabulary import AgingBy
from leadtriage.criteria import example_criteria
from leadtriage.reports.lists import list_aging
from leadtriage.reports.manager import list_funnel
from leadtriage.reports.page import make_overview
from leadtriage.reports.page.build import settle_period
from leadtriage.reports.page.parts import MOST_ROWS, cap_rows
from leadtriage.reports.query import Filters, ListRequest

AS_OF = date(2026, 11, 20)
PERIOD = Filters(since=date(2026, 11, 1), until=date(2026, 11, 10))
CRITERIA = example_criteria()


def make_world(*, recorded: date | None = date(2026, 10, 1)) -> World:
    """Eight leads of 5 November, and ten of 25 October: the ten days before."""
    world = World()
    now = {"created_on": date(2026, 11, 5), "imported_on": date(2026, 11, 5), "owner": "Ann"}
    then = {"created_on": date(2026, 10, 25), "imported_on": date(2026, 10, 25)}
    qualified: dict[str, Any] = {"qualified_on": date(2026, 11, 6), "qualified_by": "score", "assigned_on": AS_OF}
    due = {"touch_due": date(2026, 11, 7)}
    won = {"stage": "won", "closed_on": date(2026, 11, 12), "worked_here": True, "outcome_currency": "USD"}
    in_time, late = {"first_touch_on": date(2026, 11, 6)}, {"first_touch_on": date(2026, 11, 9)}
    # 1 to 6 are qualified, 6 is nobody's; 1 to 3 were touched in time, 4 late, 5 never; 1 and 2 are won, 2 for nothing
    # that anybody wrote down. 7 and 8 are not qualified.
    world.scored(1, lead=now | qualified | in_time | won | {"outcome_amount": 250_000}, **due)
    world.scored(2, lead=now | qualified | in_time | won | {"outcome_currency": None}, **due)
    world.scored(3, lead=now | qualified | in_time, **due)
    world.scored(4, lead=now | qualified | late, **due)
    world.scored(5, lead=now | qualified, **due)
    world.scored(6, lead=now | qualified | {"owner": None}, **due)
    world.scored(7, lead=now)
    world.scored(8, lead=now)
    # Of the ten before, 11 was qualified by 10 November: after as long a time. 12 only on 15 November.
    world.scored(11, lead=then | {"qualified_on": date(2026, 10, 30), "qualified_by": "score"})
    world.scored(12, lead=then | {"qualified_on": date(2026, 11, 15), "qualified_by": "score"})
    for number in range(13, 21):
        world.scored(number, lead=then)
    if recorded is not None:
        at = datetime(recorded.year, recorded.month, recorded.day, 9)
        told = {"by": "Ann", "file": "leads.csv", "sha256": "0", "options": "", "headers": [], "mapping": {}}
        world.add(ImportBatch, id=1, at=at, recorded_at=at, **told)
    return world


def overview_of(engine: Engine, world: World, filters: Filters = PERIOD) -> Overview:
    world.store_in(engine)
    with view(engine) as connection:
        return make_overview(ask(connection, filters, AS_OF, CRITERIA))


def test_head_worked_out_by_hand(engine: Engine) -> None:
    overview = overview_of(engine, make_world())
    told = [(each.label, each.value, each.basis, each.change, each.direction) for each in overview.figures]
    assert told == [
        ("Leads came in", 8, "", "2 fewer than in the 10 days before (10)", -1),
        # 6 of 8, by Wilson 41 to 93 %, against 1 of 10, 2 to 40 %: the intervals do not meet.
        ("Qualified", 0.75, "6 of 8 leads", "65 points more than in the 10 days before (10%)", 1),
        ("Pursued by sales", 0.6667, "4 of 6 qualified leads", "too few to compare in the 10 days before (0 of 1)", 0),
        (
            "Contacted in time",
            0.6,
            "3 of 5 assigned qualified leads",
            "too few to compare in the 10 days before (no assigned qualified lead)",
            0,
        ),
        ("Won", 2, "worth 2,500 USD; 1 of 2 without a value", "2 more than in the 10 days before (0)", 1),
    ]
    assert overview.basis == (
        "Compared with leads that came in from 22 Oct 2026 to 31 Oct 2026, as they stood on 10 Nov 2026: after the "
        "same time.",
    )


def test_what_was_not_recorded_then_is_compared_as_it_stands_now(sqlite_engine: Engine) -> None:
    overview = overview_of(sqlite_engine, make_world(recorded=date(2026, 11, 18)))
    # 11 and 12 are qualified today: 2 of 10, by Wilson 6 to 51 %, and 6 of 8, 41 to 93 %, may be the same.
    assert overview.figures[1].change == "20% in the 10 days before: no clear change"
    assert overview.figures[1].direction == 0
    assert "so they count as they stand now" in overview.basis[0]


def test_money_without_a_rate_is_no_sum(sqlite_engine: Engine) -> None:
    world = make_world()
    world.leads[1] |= {"outcome_amount": 100, "outcome_currency": "PLN"}
    overview = overview_of(sqlite_engine, world)
    assert overview.figures[4].basis == "amounts in PLN have no rate"
    with view(sqlite_engine) as connection:
        with_rate = replace(CRITERIA, rates={**CRITERIA.rates, "PLN": Decimal(2)})
        figures = make_overview(ask(connection, PERIOD, AS_OF, with_rate)).figures
    assert figures[4].basis == "worth 2,502 USD"


def test_a_share_of_few_leads_is_not_told(sqlite_engine: Engine) -> None:
    world = make_world()
    for lead in world.leads[4:8]:
        lead["removed_by"] = 1
    figures = overview_of(sqlite_engine, world).figures
    assert (figures[1].value, figures[1].basis) == (None, "4 of 4 leads: too few for a share")


def test_the_last_ninety_days_where_no_period_is_given() -> None:
    assert str(settle_period(Filters(), AS_OF)) == "23 Aug 2026 to 20 Nov 2026"
    assert str(settle_period(Filters(until=date(2026, 3, 31)), AS_OF)) == "1 Jan 2026 to 31 Mar 2026"
    assert str(settle_period(Filters(since=date(2026, 11, 1)), AS_OF)) == "1 Nov 2026 to 20 Nov 2026"
    assert settle_period(Filters(until=date(1, 1, 1)), AS_OF).before() is None
    assert str(settle_period(Filters(since=date(2026, 11, 1), until=date(2026, 11, 30)), AS_OF)) == (
        "1 Nov 2026 to 20 Nov 2026"
    )


def part(overview: Overview, name: str) -> Part:
    return next(part for part in overview.parts if part.name == name)


@pytest.mark.parametrize("seed", range(3))
def test_parts_are_what_the_reports_say(seed: int, sqlite_engine: Engine) -> None:
    world = random_world(seed)
    world.store_in(sqlite_engine)
    filters = Filters(since=date(2026, 8, 1), until=AS_OF)
    with view(sqlite_engine) as connection:
        overview = make_overview(ask(connection, filters, AS_OF, CRITERIA))
        funnel = list_funnel(ask(connection, filters, AS_OF))
        aging = list_aging(ListRequest(connection, Filters(), AS_OF), AgingBy.GRADE)
    whole, by_source = part(overview, "funnel").tables
    assert whole.rows == funnel.rows
    for row in funnel.rows:
        assert sum(int(str(each[str(row["step"])])) for each in by_source.rows) == row["leads"]
    assert part(overview, "aging").tables[0].rows == aging.rows
    assert overview.figures[0].value == funnel.rows[0]["leads"]
    assert overview.figures[4].value == funnel.rows[-1]["leads"]


def test_many_groups_are_cut_short_and_add_up(sqlite_engine: Engine) -> None:
    world = World()
    for number in range(1, 61):
        lead = {"source": f"Source {number:02d}", "owner": f"Rep {number:02d}", "assigned_on": date(2026, 11, 6)}
        world.scored(number, lead={"created_on": date(2026, 11, 5), "imported_on": date(2026, 11, 5)} | lead)
    overview = overview_of(sqlite_engine, world)
    for name, key, number in (("funnel", "source", "leads"), ("sources", "source", "leads"), ("team", "name", "never")):
        table = part(overview, name).tables[-1]
        assert len(table.rows) == MOST_ROWS + 1
        assert sum(int(str(row[number])) for row in table.rows) == 60
        assert "40 others" in table.rows[-1].values(), key


def test_a_sum_of_which_a_part_is_unknown_is_unknown() -> None:
    columns = (Column("name", "Name"), Column("leads", "Leads"), Column("value", "Value"), Column("rate", "Rate"))
    rows = tuple(
        {"name": name, "leads": leads, "value": value, "rate": 0.5}
        for name, leads, value in (("a", 5, 1.5), ("b", 4, 2.0), ("c", 3, None), ("d", 2, 4.0))
    )
    table = Table("", columns, rows)
    others = cap_rows(table, "name", ("leads", "value"), most=2).rows[-1]
    assert others == {"name": "2 others", "leads": 5, "value": None, "rate": None}
    assert cap_rows(table, "name", ("leads", "value"), most=1).rows[-1]["leads"] == 9
    assert cap_rows(table, "name", ("leads",), most=4) is table


def test_commands_are_quoted_for_a_shell(sqlite_engine: Engine) -> None:
    nasty = "O'Neil; rm -rf $HOME `id`"
    world = World()
    world.scored(1, lead={"source": nasty, "created_on": date(2026, 11, 5)})
    overview = overview_of(sqlite_engine, world, replace(PERIOD, source=nasty))
    traces = [*overview.traces, *(trace for part in overview.parts for trace in part.traces)]
    assert len(traces) > 20
    for trace in traces:
        words = shlex.split(trace.command)
        assert words[0] == "leadtriage"
        assert words[words.index("--source") + 1] == nasty or "rates" in trace.command
        assert words[-2:] == ["--as-of", "2026-11-20"]


@pytest.mark.parametrize("leads", [0, 1])
def test_an_empty_database_and_a_single_lead(leads: int, sqlite_engine: Engine) -> None:
    world = World()
    for number in range(1, leads + 1):
        world.lead(number, created_on=date(2026, 11, 5))
    overview = overview_of(sqlite_engine, world)
    assert overview.figures[0].value == leads
    assert [figure.value for figure in overview.figures[1:4]] == [None] * 3
    assert ("No leads yet" in overview.basis[-1]) is (leads == 0)
    assert [part.name for part in overview.parts] == [
        "funnel",
        "sources",
        "regions",
        "team",
        "aging",
        "trend",
        "reasons",
        "criteria",
    ]


def test_the_same_day_and_database_make_the_same_overview(sqlite_engine: Engine) -> None:
    random_world(5).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        first, second = (make_overview(ask(connection, Filters(), AS_OF, CRITERIA)) for _ in range(2))
    assert first == second


def test_the_earlier_period_is_seen_as_it_stood(sqlite_engine: Engine) -> None:
    world = make_world()
    at = datetime(2026, 11, 15, 9)
    told = {"act": 9, "at": at, "recorded_at": at, "by": "Ann"}
    # 13 was won on 15 November: today it is, after as long a time it was not.
    world.leads[10] |= {"stage": "won", "closed_on": at.date(), "worked_here": True}
    world.add(Event, lead_id=13, id=900, kind="stage", field="stage", old="working", new="won", **told)
    overview = overview_of(sqlite_engine, world)
    assert overview.figures[4].change == "2 more than in the 10 days before (0)"
