"""Leads by country and state, against plain arithmetic over the rows, and the list behind each number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Engine
from world import TODAY, World, ask, random_world, view

from leadtriage.core.tables import Table
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import FunnelStep
from leadtriage.criteria import example_criteria
from leadtriage.reports.lists import list_leads
from leadtriage.reports.query import Filters, ReportRequest, round_money
from leadtriage.reports.registry import RegionsBy, find_report

CRITERIA = replace(example_criteria(), currency="EUR", rates={"EUR": Decimal(1), "USD": Decimal("0.9")})
COUNTS = ("leads", "qualified", "won")
PERIODS = [
    (date(2025, 1, 1), TODAY),
    (TODAY - timedelta(days=60), TODAY - timedelta(days=7)),
    (TODAY - timedelta(days=8), TODAY + timedelta(days=5)),
]


def report(engine: Engine, filters: Filters, by: RegionsBy | None = None) -> Table:
    with view(engine) as connection:
        table: Table = find_report("regions").load()(ask(connection, filters, TODAY, CRITERIA), by)
    return table


def rich_world(seed: int) -> World:
    world = random_world(seed, leads=160)
    for number, lead in enumerate(world.leads):
        if lead["stage"] == "won" and number % 3:
            lead |= {"outcome_amount": 1000 * number, "outcome_currency": ("EUR", "USD")[number % 2]}
    return world


def key_of(row: Mapping[str, Any], by: RegionsBy | None) -> tuple[str | None, ...]:
    return tuple(row[name] and comparable(row[name]) for name in (("country", "state") if by else ("country",)))


def test_numbers_worked_out_by_hand(engine: Engine) -> None:
    world = World()
    qualified: dict[str, Any] = {"qualified_on": TODAY, "qualified_by": "score"}
    # Five from Germany: three qualified, two of them won; 100.00 EUR and 200.00 USD at 0.9 are 280 EUR.
    world.lead(1, country="DE", state="Bayern", stage="won", outcome_amount=100_00, outcome_currency="EUR")
    world.lead(2, country="DE", state="BAYERN", stage="won", outcome_amount=200_00, outcome_currency="USD")
    world.lead(3, country="DE", state="Hessen", **qualified)
    world.lead(4, country="DE", state="Hessen")
    world.lead(5, country="DE")
    # Two from France: one won for a value that nobody recorded. One lead has no country. 9 was undone.
    world.lead(6, country="FR", stage="won")
    world.lead(7, country="FR")
    world.lead(8)
    world.lead(9, country="DE", removed_by=1)
    world.store_in(engine)
    countries = report(engine, Filters())
    assert [tuple(row[key] for key in ("country", *COUNTS, "value", "note")) for row in countries.rows] == [
        ("DE", 5, 3, 2, 280.0, None),
        ("FR", 2, 1, 1, None, "no win has a value"),
        (None, 1, 0, 0, 0.0, None),
    ]
    assert countries.summary == (
        "8 leads from 2 countries, 4 of them qualified, 3 won.",
        "The country of 1 lead is unknown.",
    )
    states = report(engine, Filters(country="de"), RegionsBy.STATE)
    assert [tuple(row[key] for key in ("state", *COUNTS, "value")) for row in states.rows] == [
        ("BAYERN", 2, 2, 2, 280.0),
        ("Hessen", 2, 1, 0, 0.0),
        (None, 1, 0, 0, 0.0),
    ]


def test_a_value_without_a_rate_is_no_sum(sqlite_engine: Engine) -> None:
    world = World()
    world.lead(1, country="PL", stage="won", outcome_amount=100, outcome_currency="PLN")
    world.store_in(sqlite_engine)
    (row,) = report(sqlite_engine, Filters()).rows
    assert (row["value"], row["note"]) == (None, "amounts in PLN have no rate")


def test_no_lead_in_the_period(sqlite_engine: Engine) -> None:
    table = report(sqlite_engine, Filters())
    assert (table.rows, table.summary) == ((), ("No lead came in within this period.",))


@pytest.mark.parametrize("by", [None, RegionsBy.STATE])
def test_it_is_what_plain_arithmetic_says(engine: Engine, by: RegionsBy | None) -> None:
    world = rich_world(4)
    world.store_in(engine)
    for first, last in PERIODS:
        plain = add_up_plainly(world, first, last, by)
        rows = report(engine, Filters(since=first, until=last), by).rows
        order = sorted(plain, key=lambda key: (-plain[key]["leads"], *(part or "" for part in key)))
        assert [key_of(row, by) for row in rows] == order
        for row in rows:
            wanted = plain[key_of(row, by)]
            assert [row[name] for name in COUNTS] == [wanted[name] for name in COUNTS]
            if row["value"] is not None:
                assert row["value"] == round_money(Fraction(wanted["value"]) / 100, "EUR")


def add_up_plainly(world: World, first: date, last: date, by: RegionsBy | None) -> dict[Any, Counter[str]]:
    """The same numbers, lead by lead; values in hundredths of a cent of a euro."""
    rates = {"EUR": Fraction(1), "USD": Fraction(9, 10)}
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    for lead in world.leads:
        if lead.get("removed_by") or lead.get("merged_into") or not first <= lead["created_on"] <= min(last, TODAY):
            continue
        group = found[key_of(lead, by)]
        group["leads"] += 1
        group["qualified"] += lead["stage"] in ("won", "converted") or (lead["qualified_on"] or date.max) <= TODAY
        group["won"] += lead["stage"] == "won"
        group["value"] += rates[lead.get("outcome_currency", "EUR")] * lead.get("outcome_amount", 0)
    return found


def test_states_add_up_to_countries_and_these_to_all_leads(sqlite_engine: Engine) -> None:
    rich_world(7).store_in(sqlite_engine)
    countries = {key_of(row, None): row for row in report(sqlite_engine, Filters()).rows}
    sums: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in report(sqlite_engine, Filters(), RegionsBy.STATE).rows:
        sums[key_of(row, None)].update({name: int(str(row[name])) for name in COUNTS})
    assert {key: {name: row[name] for name in COUNTS} for key, row in countries.items()} == sums
    with view(sqlite_engine) as connection:
        everything = list_all(ask(connection, Filters(until=TODAY)))
    assert sum(int(str(row["leads"])) for row in countries.values()) == everything


@pytest.mark.parametrize("by", [None, RegionsBy.STATE])
def test_the_list_behind_each_number(engine: Engine, by: RegionsBy | None) -> None:
    rich_world(5).store_in(engine)
    period = Filters(since=date(2025, 1, 1), until=TODAY)
    for row in report(engine, period, by).rows:
        region = replace(period, country=str(row["country"] or ""), state=str(row["state"] or "") if by else None)
        with view(engine) as connection:
            listed = [list_all(ask(connection, region, TODAY), step) for step in (None, *STEPS)]
        assert listed == [row[name] for name in COUNTS]


STEPS = (FunnelStep.QUALIFIED, FunnelStep.WON)


def list_all(request: ReportRequest, step: FunnelStep | None = None) -> int:
    table = list_leads(request, step=step)
    return len(table.rows)
