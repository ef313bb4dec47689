"""The views say what the lists and reports say with the day of the last `score` as today, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, text
from world import NOON, TODAY, Event, World, ask, random_world, view

from leadtriage.core.money import minor_digits
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import AgingBy, Clock
from leadtriage.criteria import example_criteria
from leadtriage.db import Spend, Verdict, VerdictLine
from leadtriage.reports.lists import list_aging, list_candidate_ids, list_leads, list_queue, list_stale
from leadtriage.reports.manager import list_funnel, list_overturns, list_sources
from leadtriage.reports.query import Filters, ListRequest, select_cohort
from leadtriage.reports.registry import SourcesBy

EVERYTHING = Filters()


def lived_world(seed: int) -> World:
    """A random world with a past and with what happened after its last `score`."""
    chance = random.Random(seed)
    world = random_world(seed)
    for score in world.scores:
        score["touch_due"] = chance.choice([None, TODAY - timedelta(days=5), TODAY])
    for lead in world.leads:
        lead |= {
            "qualified_by": chance.choice(["crm", "score", "Ann"]) if lead["qualified_on"] else None,
            "assigned_on": chance.choice([None, TODAY, TODAY + timedelta(days=1)]),
            "first_touch_on": chance.choice([None, TODAY - timedelta(days=2), TODAY + timedelta(days=1)]),
            "contact_dated": chance.choice([None, None, False, True]),
            "last_touch_on": chance.choice([None, TODAY - timedelta(days=3), TODAY, TODAY + timedelta(days=1)]),
            "batch_id": chance.choice([None, 1]),
            "worked_here": chance.choice([True, False]),
        }
        if lead["stage"] in ("won", "lost", "junk", "converted"):
            lead["closed_on"] = chance.choice([None, lead["imported_on"], TODAY, TODAY + timedelta(days=2)])
        if lead["stage"] == "won":
            lead |= {
                "outcome_amount": chance.randrange(10**6),
                "outcome_currency": chance.choice(["EUR", "EUR", "JPY"]),
            }
        for number in range(chance.choice([0, 0, 1, 3])):
            kind = chance.choice(["stage", "owner", "qualified", "undone", "note"])
            olds: dict[str, list[str | None]] = {
                "stage": ["new", "won"],
                "owner": ["Maria", "Eve", None],
                "qualified": [None, "Ann"],
            }
            field = chance.choice(["stage", "owner", "qualified_by", "phone"]) if kind == "undone" else None
            what = {"qualified_by": "qualified"}.get(str(field), field) or kind
            world.add(
                Event,
                lead_id=lead["id"],
                id=lead["id"] * 10 + number,
                act=1,
                at=NOON + timedelta(days=chance.choice([-3, 0, 0.4, 0.5, 1, 2])),
                recorded_at=NOON,
                by="Ann",
                kind=kind,
                field=field,
                old=chance.choice(olds.get(what, ["x"])),
                new=chance.choice(["new", "won"]) if kind == "stage" else "new",
                batch_id=chance.choice([None, None, 1]),
            )
        if chance.random() < 0.3:
            words = {"kind": "review", "verdict": chance.choice(["junk", "rescue"]), "by": "Boss", "ledger": []}
            scores = {"score": 1, "ceiling": 2, "known": 0.5, "grade": "D", "criteria_digest": "d1"}
            world.add(Verdict, lead_id=lead["id"], id=lead["id"], act=2, at=NOON, recorded_at=NOON, **words, **scores)
            for place, by in enumerate(("criteria", chance.choice(["Maria", "zoho"]))):
                line = {"verdict_id": lead["id"], "place": place, "by": by, "reason": "spam", "text": "-"}
                world.add(VerdictLine, lead_id=lead["id"], **line)
    return world


def read(connection: Connection, name: str, *order: str) -> list[dict[str, Any]]:
    """All rows of a view, its plain numbers as Python's."""
    found = connection.execute(select(text("*")).select_from(text(name)).order_by(*map(text, order)))
    return [dict(row) for row in found.mappings()]


def as_text(row: dict[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    """Days as ISO text, as SQLite has them anyway."""
    return tuple(str(row[key]) for key in keys)


@pytest.mark.parametrize("seed", [1, 2])
def test_views_say_what_lists_and_reports_say(engine: Engine, seed: int) -> None:
    lived_world(seed).store_in(engine)
    with view(engine) as connection:
        queue = list_queue(ListRequest(connection, EVERYTHING, TODAY, None))
        shared = tuple(column.key for column in queue.columns[:-1])
        assert [as_text(row, shared) for row in read(connection, "v_queue", "rank")] == [
            as_text(dict(row), shared) for row in queue.rows
        ]
        candidates = list_candidate_ids(connection, EVERYTHING)
        assert [row["id"] for row in read(connection, "v_junk", "ceiling DESC", "id DESC")] == candidates
        stale = list_stale(ListRequest(connection, EVERYTHING, TODAY, None))
        keys = tuple(column.key for column in stale.columns)
        viewed, listed = read(connection, "v_stale"), [dict(row) for row in stale.rows]
        overdue = (Counter(as_text(row, keys) for row in rows if row["id"]) for rows in (viewed, listed))
        assert next(overdue) == next(overdue)
        # The view has a line for each spelling of an owner, the list one for all of them.
        backlog = (sum_backlog(rows) for rows in (viewed, listed))
        assert next(backlog) == next(backlog)
        leads = list_leads(ListRequest(connection, EVERYTHING, TODAY, None))
        keys = tuple(column.key for column in leads.columns)
        assert [as_text(row, keys) for row in read(connection, "v_leads", "id DESC")] == [
            as_text(dict(row), keys) for row in leads.rows
        ]
        assert_funnel(connection)
        assert_groups(connection)


def sum_backlog(rows: Iterable[Mapping[str, Any]]) -> Counter[str]:
    leads = Counter[str]()
    for row in rows:
        if row["id"] is None:
            leads[comparable(row["owner"] or "")] += row["leads"]
    return leads


def assert_funnel(connection: Connection) -> None:
    funnel = list_funnel(ask(connection, EVERYTHING, TODAY))
    keys = ("step", "leads", "share_of_leads", "share_of_previous")
    assert [tuple(row[key] for key in keys) for row in read(connection, "v_funnel_steps", "place")] == [
        tuple(row[key] for key in keys) for row in funnel.rows
    ]
    cohort = select_cohort(connection, EVERYTHING, TODAY)
    of_cohort = "lead_id came_in stage grade source campaign owner qualified won touch".split()
    days = "qualified_on assigned_on touched_on closed_on".split()
    expected = connection.execute(select(cohort).order_by(cohort.c.lead_id)).mappings().all()
    assert [
        as_text(row, ("id", *of_cohort[1:], *days, "value_currency")) for row in read(connection, "v_funnel", "id")
    ] == [as_text(dict(row), (*of_cohort, *days, "currency")) for row in expected]


def assert_groups(connection: Connection) -> None:
    """Those of sources, people and ages: their rows add up to what the reports count."""
    cohort = select_cohort(connection, EVERYTHING, TODAY)
    brought = list_sources(ask(connection, EVERYTHING, TODAY, example_criteria()), SourcesBy.CAMPAIGN)
    keys = ("leads", "junk_reviewed", "junk_nominated", "qualified", "won")
    named = [("source", str.casefold), ("campaign", str.casefold)]

    def told(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return (*(fold(row[key] or "") for key, fold in named), *(row[key] for key in keys))

    assert sorted(map(told, read(connection, "v_sources"))) == sorted(map(told, brought.rows))
    aging = list_aging(ListRequest(connection, EVERYTHING, TODAY), AgingBy.GRADE)
    ages = Counter[tuple[str, str]]()
    for age in read(connection, "v_aging"):
        ages[age["bucket"], (age["grade"] or "unscored").lower()] += age["leads"]
    for counted_row in aging.rows:
        counts = {str(key): count for key, count in counted_row.items() if key not in ("bucket", "total")}
        assert {key: ages[str(counted_row["bucket"]), key] for key in counts} == counts
    people = {row["name"]: row for row in read(connection, "v_team")}
    for judged in list_overturns(connection, example_criteria()).rows:
        if judged["kind"] == "person":
            person = people[str(judged["name"])]
            assert (person["confirmed"], person["overturned"]) == (judged["confirmed"], judged["overturned"])
    owned = connection.execute(select(func.count()).select_from(cohort).where(cohort.c.assigned == 1)).scalar_one()
    assert sum(row["assigned"] for row in people.values()) == owned
    idle = list_stale(ListRequest(connection, EVERYTHING, TODAY, None), clocks=[Clock.IDLE]).rows
    assert sum(row["idle"] for row in people.values()) == sum(row["owner"] is not None for row in idle)
    assert all(row["touched"] + row["never"] == row["assigned"] for row in people.values())


def test_money_is_in_whole_units_and_never_mixed(engine: Engine) -> None:
    """Web: won 1,500.00 and 500.00 EUR; spent 80.00 EUR and, by a correction, -30.00. Fair: won 7,000 JPY and 1.00 USD.

    Fair's two currencies have no sum; what the fair cost stands all the same, and so does a source without leads.
    """
    world = World()
    wins = [("Web", 150000, "EUR"), ("web", 50000, "EUR"), ("Fair", 7000, "JPY"), ("Fair", 100, "USD")]
    for lead_id, (source, amount, currency) in enumerate(wins, 1):
        lead = {"source": source, "stage": "won", "outcome_amount": amount, "outcome_currency": currency}
        world.scored(lead_id, lead=lead, queue_from=None)
    costs = [("Web", 8000, "EUR"), ("web", -3000, "EUR"), ("Fair", 1234, "TND"), ("Radio", 99, "USD")]
    for spend_id, (source, amount, currency) in enumerate(costs, 1):
        line = {"source": source, "source_comparable": source.lower(), "amount": amount, "currency": currency}
        world.add(Spend, id=spend_id, month=TODAY.replace(day=1), by="Ann", at=NOON, recorded_at=NOON, **line)
    world.store_in(engine)
    with view(engine) as connection:
        rows = {str(row["source"]).lower(): row for row in read(connection, "v_sources")}
        amounts = [row["amount"] for row in read(connection, "v_spend", "id")]
    money = ("value", "value_currency", "spend", "spend_currency")
    assert {name: tuple(row[key] for key in money) for name, row in rows.items()} == {
        "web": (2000.0, "EUR", 50.0, "EUR"),
        "fair": (None, None, 1.234, "TND"),
        "radio": (None, None, 0.99, "USD"),
    }
    assert amounts == [80.0, -30.0, 1.234, 0.99]
    assert (rows["radio"]["leads"], rows["web"]["leads"], rows["web"]["won"]) == (0, 2, 2)


def test_every_currency_has_the_digits_that_the_program_knows(engine: Engine) -> None:
    world = World()
    codes = [f"{a}{b}{c}" for a in "BCGIJKLOPRTUVXE" for b in "IHLJNQSPMROYWAUXNEG" for c in "FPDSYKRWUAIXOVT"[:12]]
    used = sorted({code for code in codes if minor_digits(code) != 2} | {"EUR", "USD", "GBP"})
    for spend_id, code in enumerate(used, 1):
        line = {"source": "x", "source_comparable": "x", "amount": 10000, "currency": code}
        world.add(Spend, id=spend_id, month=TODAY, by="Ann", at=NOON, recorded_at=NOON, **line)
    world.store_in(engine)
    with view(engine) as connection:
        shown = {row["currency"]: row["amount"] for row in read(connection, "v_spend")}
    assert shown == {code: float(Decimal(10000).scaleb(-minor_digits(code))) for code in used}
    assert len(used) > 20
