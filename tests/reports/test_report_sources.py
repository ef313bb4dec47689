"""The report of sources against plain arithmetic over the rows, on both databases, and what must hold of any period."""

from __future__ import annotations

import random
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine
from world import NOON, TODAY, World, ask, random_world, view

from leadtriage.core.tables import Table
from leadtriage.core.text import comparable
from leadtriage.criteria import example_criteria
from leadtriage.db import Spend
from leadtriage.reports.manager import list_sources
from leadtriage.reports.query import MIN_CASES, Filters, Period, convert_currencies, round_money
from leadtriage.reports.registry import SourcesBy

CRITERIA = replace(example_criteria(), currency="EUR", rates={"EUR": Decimal(1), "USD": Decimal("0.9")})
COUNTS = {
    "leads": "leads",
    "junk_reviewed": "junk",
    "junk_nominated": "waiting",
    "qualified": "qualified",
    "won": "won",
}
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def costly_world(seed: int) -> World:
    """Leads of every kind, some won ones with a value, and what was spent in this month and the one before it."""
    chance = random.Random(seed)
    world = random_world(seed, leads=160)
    for lead in world.leads:
        if lead["stage"] == "won" and chance.random() < 0.7:
            lead |= {"outcome_amount": chance.randrange(10**7), "outcome_currency": chance.choice(["EUR", "USD"])}
    for number in range(1, 13):
        source, campaign = chance.choice(["Web", "WEB", "Radio", "Trade show"]), chance.choice([None, "Spring", "fall"])
        world.add(
            Spend,
            id=number,
            month=chance.choice([date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]),
            source=source,
            source_comparable=comparable(source),
            campaign=campaign,
            campaign_comparable=campaign and comparable(campaign),
            amount=chance.randrange(-(10**4), 10**6),
            currency=chance.choice(["EUR", "USD"]),
            by="Ann",
            at=NOON,
            recorded_at=NOON,
        )
    return world


def report(engine: Engine, filters: Filters, by: SourcesBy | None = None, as_of: date = TODAY) -> Table:
    with view(engine) as connection:
        return list_sources(ask(connection, filters, as_of, CRITERIA), by)


def key_of(row: Mapping[str, Any], by: SourcesBy | None) -> tuple[str | None, str | None]:
    return tuple(row[name] and comparable(row[name]) for name in ("source", "campaign"))[: 2 if by else 1]


def add_up_plainly(world: World, first: date, last: date, by: SourcesBy | None) -> dict[Any, Counter[str]]:
    """The same numbers, lead by lead and day by day; sums in hundredths of a cent of a euro."""
    rates = {"EUR": Fraction(1), "USD": Fraction(9, 10)}
    candidates = {score["lead_id"] for score in world.scores if score["candidate"]}
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    for lead in world.leads:
        if lead.get("removed_by") or lead.get("merged_into") or not first <= lead["created_on"] <= min(last, TODAY):
            continue
        group = found[key_of(lead, by)]
        qualified = lead["stage"] in ("won", "converted") or (lead["qualified_on"] or date.max) <= TODAY
        group["leads"] += 1
        group["junk"] += lead["stage"] == "junk"
        group["waiting"] += lead["id"] in candidates
        group["qualified"] += qualified
        group["won"] += lead["stage"] == "won"
        group["value"] += rates[lead.get("outcome_currency", "EUR")] * lead.get("outcome_amount", 0)
    for _, line in world.others:
        if "month" in line:
            length = monthrange(line["month"].year, line["month"].month)[1]
            days = [line["month"] + timedelta(days=day) for day in range(length)]
            within = sum(first <= day <= min(last, TODAY) for day in days)
            if within:
                group = found[key_of(line, by)]
                group["spend"] += rates[line["currency"]] * line["amount"] * Fraction(within, length)
                group["is_spent"] = 1
    return found


@pytest.mark.parametrize("by", [None, SourcesBy.CAMPAIGN])
def test_it_is_what_plain_arithmetic_says(engine: Engine, by: SourcesBy | None) -> None:
    world = costly_world(5)
    world.store_in(engine)
    for first, last in (
        (date(2026, 8, 1), date(2026, 12, 31)),
        (date(2026, 10, 10), date(2026, 10, 20)),
        (date(2026, 9, 21), date(2026, 11, 19)),
    ):
        rows = report(engine, Filters(since=first, until=last), by).rows
        plain = add_up_plainly(world, first, last, by)
        assert [key_of(row, by) for row in rows] == sorted(plain, key=lambda key: order_of(key, plain[key]["leads"]))
        for row in rows:
            wanted = plain[key_of(row, by)]
            assert {name: row[name] for name in COUNTS} == {name: wanted[plain] for name, plain in COUNTS.items()}
            if row["value"] is not None:
                assert row["value"] == round_money(Fraction(wanted["value"]) / 100, "EUR")
            assert row["spend"] == (round_money(Fraction(wanted["spend"]) / 100, "EUR") if wanted["is_spent"] else None)
            assert (row["junk_rate"] is None) == (row["leads"] < MIN_CASES)
            if row["spend"] is not None and row["spend"] > 0 and row["value"] is not None:
                value, spend = Fraction(wanted["value"]), Fraction(wanted["spend"])
                is_for_all = "on the source as a whole" in (row["note"] or "")
                assert is_for_all <= (by is not None and (row["campaign"], row["leads"]) == (None, 0))
                assert row["return"] == (None if is_for_all else round(float((value - spend) / spend), 4))


def order_of(key: tuple[str | None, ...], leads: int) -> tuple[Any, ...]:
    return (-leads, *(part or "" for part in key))


def test_two_parts_of_a_period_are_the_whole(sqlite_engine: Engine) -> None:
    costly_world(8).store_in(sqlite_engine)
    first, last = date(2026, 9, 10), date(2026, 11, 20)
    whole = by_key(report(sqlite_engine, Filters(since=first, until=last)))
    for middle in (date(2026, 9, 30), date(2026, 10, 17), date(2026, 11, 19)):
        parts = [
            by_key(report(sqlite_engine, Filters(since=first, until=middle))),
            by_key(report(sqlite_engine, Filters(since=middle + timedelta(days=1), until=last))),
        ]
        assert set(whole) == set(parts[0]) | set(parts[1])
        for key, row in whole.items():
            for name in COUNTS:
                assert row[name] == sum(part[key][name] for part in parts if key in part)
            spent = [part[key]["spend"] or 0 for part in parts if key in part]
            assert (row["spend"] or 0) == pytest.approx(sum(spent), abs=0.011)


def test_the_campaigns_of_a_source_are_the_source(sqlite_engine: Engine) -> None:
    costly_world(8).store_in(sqlite_engine)
    sums: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in report(sqlite_engine, Filters(), SourcesBy.CAMPAIGN).rows:
        group = sums[key_of(row, None)]
        group.update({name: row[name] for name in COUNTS} | {"spend": row["spend"] or 0})
    for key, row in by_key(report(sqlite_engine, Filters())).items():
        assert {name: row[name] for name in COUNTS} == {name: sums[key][name] for name in COUNTS}
        assert (row["spend"] or 0) == pytest.approx(sums[key]["spend"], abs=0.03)


def by_key(table: Table) -> dict[Any, Mapping[str, Any]]:
    return {key_of(row, None): row for row in table.rows}


def test_the_past_is_counted_as_it_stood(sqlite_engine: Engine) -> None:
    world = World()
    world.lead(1, source="Web", stage="new", created_on=date(2026, 10, 1))
    world.lead(2, source="Web", stage="new", created_on=date(2026, 10, 20))
    world.add(Spend, **spend(1, month=date(2026, 10, 1), amount=31_00), source="Web", source_comparable="web")
    world.add(Spend, **spend(2, month=date(2026, 11, 1), amount=30_00), source="Web", source_comparable="web")
    world.store_in(sqlite_engine)
    told = {day: report(sqlite_engine, Filters(), as_of=day).rows[0] for day in (date(2026, 10, 5), TODAY)}
    assert [(row["leads"], row["spend"]) for row in told.values()] == [(1, 5.0), (2, 51.0)]
    assert report(sqlite_engine, Filters(since=TODAY), as_of=date(2026, 10, 5)).rows == ()


def spend(number: int, **values: Any) -> dict[str, Any]:
    return {"id": number, "currency": "EUR", "by": "Ann", "at": NOON, "recorded_at": NOON, **values}


def test_sums_beyond_the_whole_numbers_of_a_database_are_exact(engine: Engine) -> None:
    world = World()
    for number in range(1, 301):
        more = {"outcome_amount": 10**17 + number, "outcome_currency": "EUR"}
        world.lead(number, source="Web", stage="won", **more)
        line = spend(number, month=date(2026, 10, 1), amount=-(10**17) - number if number > 1 else 10**18)
        world.add(Spend, **line, source="Web", source_comparable="web")
    world.store_in(engine)
    (row,) = report(engine, Filters()).rows
    assert row["value"] == float(300 * 10**15 + Decimal(sum(range(301))) / 100)
    assert row["spend"] == float(10**16 - 299 * 10**15 - Decimal(sum(range(2, 301))) / 100)
    assert (row["cost_per_lead"], row["return"]) == (None, None)
    assert row["note"] == "corrections exceed what was spent"


@pytest.mark.parametrize(
    ("amounts", "wins", "said"),
    [
        ([0], [1] * 5, {"spend": 0.0, "cost_per_lead": 0.0, "return": None, "note": "no return on a spend of 0"}),
        ([500], [], {"return": -1.0, "note": "return rests on no win"}),
        ([500], [1000], {"cost_per_win": 5.0, "return": 1.0, "note": "return rests on 1 win"}),
        ([500], [1000] * 4, {"return": 7.0, "note": "return rests on 4 wins"}),
        ([500], [1000] * 5, {"return": 9.0, "note": None}),
        (
            [500],
            [1000, None, None, None, None],
            {"value": 10.0, "note": "4 of 5 wins without a value; return rests on 1 win"},
        ),
        ([500], [None] * 5, {"value": None, "return": None, "note": "no win has a value"}),
        ([], [1000] * 5, {"spend": None, "cost_per_win": None, "return": None, "note": "no spend recorded"}),
    ],
)
def test_what_a_return_rests_on(
    sqlite_engine: Engine, amounts: list[int], wins: list[int | None], said: dict[str, Any]
) -> None:
    world = World()
    for number in range(1, 7):
        won = {"stage": "won"} if number <= len(wins) else {}
        value = wins[number - 1] if won else None
        worth = {} if value is None else {"outcome_amount": value, "outcome_currency": "EUR"}
        world.lead(number, source="Web", **won, **worth)
    for number, amount in enumerate(amounts, 1):
        line = spend(number, month=date(2026, 10, 1), amount=amount)
        world.add(Spend, **line, source="Web", source_comparable="web")
    world.store_in(sqlite_engine)
    (row,) = report(sqlite_engine, Filters()).rows
    assert {name: row[name] for name in said} == said


def test_the_cheapest_is_named_where_that_can_be_said(sqlite_engine: Engine) -> None:
    world = World()
    for number in range(1, 16):
        source = ["Web", "Fair", "Radio"][number % 3]
        qualified = {} if source == "Radio" and number < 6 else {"qualified_on": TODAY}
        world.lead(number, source=source, **qualified)
        world.lead(number + 15, source="Partner", qualified_on=TODAY)
    for number, (source, amount) in enumerate({"web": 10_00, "fair": 5_00, "radio": 1}.items(), 1):
        line = spend(number, month=date(2026, 10, 1), amount=amount)
        world.add(Spend, **line, source=source, source_comparable=source)
    world.store_in(sqlite_engine)
    assert report(sqlite_engine, Filters()).summary == (
        "In all: 30 leads, 28 of them qualified, 0 won; spent 15.01 EUR.",
        "Of the 2 sources with spend recorded and 5 qualified leads or more, "
        "Fair is the cheapest: 1.00 EUR for each of them.",
    )
    assert report(sqlite_engine, Filters(source="fair")).summary == ()


def test_what_all_sources_come_to_says_where_a_part_is_unknown(sqlite_engine: Engine) -> None:
    world = World()
    worth = {"stage": "won", "outcome_amount": 12_000_00, "outcome_currency": "EUR"}
    world.lead(1, source="Web", **worth)
    world.lead(2, source="Fair", **worth)
    world.store_in(sqlite_engine)
    (total,) = report(sqlite_engine, Filters()).summary
    assert total == "In all: 2 leads, 2 of them qualified, 2 won, worth 24,000.00 EUR."
    world = World()
    world.lead(3, source="Fair", stage="won")
    world.add(Spend, **spend(1, month=date(2026, 10, 1), amount=70_00), source="Web", source_comparable="web")
    world.add(
        Spend, **spend(2, month=date(2026, 10, 1), amount=5_00, currency="XAU"), source="Fair", source_comparable="fair"
    )
    world.store_in(sqlite_engine)
    total, unrated = report(sqlite_engine, Filters()).summary
    assert unrated == "Amounts in XAU have no rate: the sums of rows with such amounts are not known."
    assert total == (
        "In all: 3 leads, 3 of them qualified, 3 won, worth 24,000.00 EUR as far as is known; "
        "spent 70.00 EUR as far as is known."
    )


def test_spend_on_a_source_as_a_whole_is_for_its_campaigns(sqlite_engine: Engine) -> None:
    world = World()
    for number in range(1, 4):
        world.lead(number, source="Ads", source_comparable="ads", campaign="K", campaign_comparable="k", stage="won")
    for number, source in enumerate(["ADS", "Radio"], 1):
        line = spend(number, month=date(2026, 10, 1), amount=500_00)
        world.add(Spend, **line, source=source, source_comparable=source.lower())
    world.store_in(sqlite_engine)
    told = report(sqlite_engine, Filters(), SourcesBy.CAMPAIGN)
    assert [(row["campaign"], row["leads"], row["spend"], row["return"]) for row in told.rows] == [
        ("K", 3, None, None),
        (None, 0, 500.0, None),
        (None, 0, 500.0, -1.0),
    ]
    assert told.rows[1]["note"] == "no lead came in; no return on what was spent on the source as a whole"
    lost = "50% of the spend went where no lead is won yet: 500.00 of 1,000.00 EUR."
    total = "In all: 3 leads, 3 of them qualified, 3 won; spent 1,000.00 EUR."
    assert told.summary == report(sqlite_engine, Filters()).summary == (total, lost)


def test_nothing_spent_is_told_with_what_to_do(sqlite_engine: Engine) -> None:
    assert report(sqlite_engine, Filters()).notes == ("no lead came in within this period, and nothing was spent",)
    world = World()
    world.lead(1, source="Web", created_on=date(2026, 10, 30))
    world.store_in(sqlite_engine)
    for filters, month in ((Filters(), "2026-11"), (Filters(until=date(2026, 10, 31)), "2026-10")):
        (note,) = report(sqlite_engine, filters).notes
        assert note.endswith(f"leadtriage spend add SOURCE AMOUNT --month {month}")


@given(DAYS, DAYS, DAYS)
def test_the_shares_of_a_month_add_up(one: date, other: date, middle: date) -> None:
    first, last = min(one, other), max(one, other)
    middle = min(max(first, middle), last)
    month = middle.replace(day=1)
    parts = Period(first, middle).share_of(month) + Period(middle + timedelta(days=1), last).share_of(month)
    assert parts == Period(first, last).share_of(month) <= Period(date.min, last).share_of(month) <= 1


@given(st.fractions(-(10**9), 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_money_is_rounded_once_to_the_nearest(amount: Fraction, currency: str) -> None:
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    rounded = round(Fraction(round_money(amount, currency)) * 10**digits)
    assert abs(rounded - amount * 10**digits) <= Fraction(1, 2)
    assert round_money(-amount, currency) == -round_money(amount, currency)


def test_currencies_are_never_mixed() -> None:
    rates = {"EUR": Decimal(1), "JPY": Decimal("0.006")}
    amounts = {"EUR": Fraction(150), "JPY": Fraction(1000)}
    assert convert_currencies(amounts, rates).total == Fraction("7.5")
    mixed = convert_currencies(amounts | {"USD": Fraction(1), "CHF": Fraction(2)}, rates)
    assert (mixed.total, mixed.without_rate) == (None, ("CHF", "USD"))
    assert convert_currencies(amounts | {"USD": Fraction()}, rates).total == Fraction("7.5")
