"""How far the leads of a period have come: numbers worked out by hand, and a plain Python reading of the same rules."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from world import Event, World, ask, random_world, view

from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import DateBasis, FunnelStep
from leadtriage.reports.lists import list_leads
from leadtriage.reports.manager import list_funnel
from leadtriage.reports.query import Filters, ListRequest, find_median, find_ninetieth
from leadtriage.reports.registry import FunnelBy

OCTOBER = date(2026, 10, 1)
AS_OF = date(2026, 11, 20)


def october(day: int) -> date:
    return date(2026, 10, day)


def make_world() -> World:
    """Ten leads that came in on 5 October, and were imported that day."""
    world = World()
    came = {"created_on": october(5), "imported_on": october(5), "source": "Web", "owner": "Ann"}
    due = {"touch_due": october(7), "grade": "B", "score": 45}

    def add(number: int, *, touch_due: bool = True, **lead: Any) -> None:
        world.scored(number, lead=came | lead, **(due if touch_due else {"grade": "D", "score": 0}))

    # 1 to 3: qualified after 1, 2, 9 days; assigned 0, 1, 1 days later; contacted in time, in time, late; 1 is won.
    qualified = {"qualified_by": "score"}
    add(
        1,
        qualified_on=october(6),
        assigned_on=october(6),
        first_touch_on=october(6),
        stage="won",
        closed_on=october(25),
        worked_here=True,
        **qualified,
    )
    add(2, qualified_on=october(7), assigned_on=october(8), first_touch_on=october(7), **qualified)
    add(3, qualified_on=october(14), assigned_on=october(15), first_touch_on=october(15), **qualified)
    # 4: qualified and assigned, no contact recorded. 5: qualified, nobody has it.
    add(4, qualified_on=october(6), assigned_on=october(6), **qualified)
    add(5, qualified_on=october(6), owner=None, **qualified)
    # 6: came in ten days later, qualified and contacted: counted, but the import's day is not when it happened.
    late = {"imported_on": october(15), "qualified_on": october(15), "qualified_by": "crm"}
    add(6, first_touch_on=october(14), contact_dated=True, **late)
    # 7: no clock (grade D), contacted after a month: in time. 8: not qualified, contacted late: no step of the funnel.
    add(7, touch_due=False, qualified_on=october(6), first_touch_on=date(2026, 11, 5), **qualified)
    add(8, first_touch_on=october(30))
    # 9: taken back, 10: merged: neither counts.
    add(9, removed_by=3)
    add(10, merged_into=1)
    return world


HAND_MADE = [
    # 8 leads. Qualified: 1 2 3 4 5 6 7. Days: 1, 2, 9, 1, 1, unknown, 1 -> 1 1 1 1 2 9: median 1, 9 tenths within 9.
    ("leads", 8, 1.0, None, None, None),
    ("qualified", 7, 0.875, 0.875, 1.0, 9),
    # Assigned: all of these but 5. Days from qualified: 1: 0, 2: 1, 3: 1, 4: 0; of 6 and 7 nobody knows: median 0.5.
    ("assigned", 6, 0.75, 0.8571, 0.5, 1),
    # In time: 1 (1 day), 2 (2 days), 6 (day unknown), 7 (31 days, no clock).
    ("touched_in_time", 4, 0.5, 0.6667, 2.0, 31),
    ("touched_late", 1, 0.125, 0.1667, 10.0, 10),
    ("never_touched", 1, 0.125, 0.1667, None, None),
    # Won: 1, after 20 days; one of the seven that qualified.
    ("won", 1, 0.125, 0.1429, 20.0, 20),
]


def test_numbers_worked_out_by_hand(engine: Engine) -> None:
    make_world().store_in(engine)
    with view(engine) as connection:
        table = list_funnel(ask(connection, Filters(since=OCTOBER, until=october(31)), AS_OF))
    assert [tuple(row[column.key] for column in table.columns) for row in table.rows] == HAND_MADE
    assert table.summary == (
        "88% of the leads are qualified: 7 of 8.",
        "71% of the qualified leads are pursued by sales: 5 of 7.",
        "Of the 4 contacted in time, the day of the first contact is unknown for 1: the CRM told the last one, or only "
        "that there was one.",
    )


def test_a_period_without_leads_has_no_shares(sqlite_engine: Engine) -> None:
    make_world().store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        table = list_funnel(ask(connection, Filters(until=october(1)), AS_OF))
    assert [row["leads"] for row in table.rows] == [0] * len(FunnelStep)
    assert {row[key] for row in table.rows for key in ("share_of_leads", "share_of_previous")} == {None}


def test_the_past_is_put_together_from_the_history(engine: Engine) -> None:
    world = make_world()
    moves = [
        # On 1 November: lead 1 was still being worked, Ben had lead 4, lead 5 was Ben's, 2 was said to qualify anew.
        (1, "stage", None, "working", "won"),
        (4, "owner", "owner", "Ben", "Ann"),
        (5, "undone", "owner", "BEN", None),
        (2, "qualified", "qualified_by", None, "score"),
        # A second change of the same lead says nothing of that day.
        (4, "owner", "owner", "Ann", "Zoe"),
    ]
    for number, (lead_id, kind, field, old, new) in enumerate(moves, start=900):
        at = datetime(2026, 11, 2, 9, 0)
        told = {"act": 9, "at": at, "recorded_at": at, "by": "Ann"}
        world.add(Event, lead_id=lead_id, id=number, kind=kind, field=field, old=old, new=new, **told)
    world.store_in(engine)
    with view(engine) as connection:
        then = count_steps(connection, Filters(), date(2026, 11, 1))
        by_owner = list_funnel(ask(connection, Filters(), date(2026, 11, 1)), FunnelBy.OWNER)
        of_ben = count_steps(connection, Filters(owner="ben"), date(2026, 11, 1))
        now = count_steps(connection, Filters(), AS_OF)
    # Qualified: 1 3 4 5 6 7; each of them has an owner; of them 7 was not contacted yet.
    assert list(then.values()) == [8, 6, 6, 2, 1, 3, 0]
    assert {row["owner"]: row["leads"] for row in by_owner.rows if row["step"] == "leads"} == {"Ann": 6, "BEN": 2}
    assert list(of_ben.values()) == [2, 2, 2, 0, 0, 2, 0]
    assert list(now.values()) == [row[1] for row in HAND_MADE]


def test_a_contact_without_a_date_counts_from_the_day_we_heard_of_it(engine: Engine) -> None:
    """Due by the 15th. Heard of with the lead itself, by its due day, and on the 30th; the last one is late then."""
    world = World()
    lead = {"created_on": october(1), "imported_on": october(1), "qualified_on": october(1), "owner": "Ann"}
    for number, heard_on in enumerate((october(1), october(15), october(30)), start=1):
        undated = {"contact_dated": False, "last_touch_on": heard_on}
        world.scored(number, lead=lead | undated, touch_due=october(15))
    world.store_in(engine)
    told = {}
    with view(engine) as connection:
        for day in (10, 20, 30):
            counts = count_steps(connection, Filters(), october(day))
            told[day] = [counts[step] for step in ("touched_in_time", "touched_late", "never_touched")]
        touched = Filters(since=OCTOBER, until=october(31), dated=DateBasis.TOUCHED)
        assert list_leads(ListRequest(connection, touched, AS_OF)).rows == (), "nobody knows the day of any of them"
    assert told == {10: [1, 0, 2], 20: [2, 0, 1], 30: [2, 1, 0]}


def count_steps(connection: Connection, filters: Filters, as_of: date, by: FunnelBy | None = None) -> Counter[str]:
    rows = list_funnel(ask(connection, filters, as_of), by).rows
    counts = Counter[str]()
    for row in rows:
        counts[str(row["step"])] += int(str(row["leads"]))
    return counts


def make_random_world(seed: int) -> World:
    chance = random.Random(seed)
    world = random_world(seed)
    for lead in world.leads:
        later = lead["created_on"] + timedelta(days=chance.choice([0, 1, 5, 40]))
        lead["first_touch_on"] = chance.choice([None, later, lead["created_on"] - timedelta(days=2)])
        lead["contact_dated"] = True if lead["first_touch_on"] else chance.choice([None, None, False])
        if lead["contact_dated"] is False:
            lead["last_touch_on"] = lead["imported_on"] + timedelta(days=chance.choice([0, 0, 4, 15]))
        lead["assigned_on"] = later if lead.get("owner") and chance.random() < 0.5 else None
        if lead["stage"] in ("won", "lost", "junk", "converted"):
            lead["closed_on"] = later
    for score in world.scores:
        score["touch_due"] = chance.choice([None, score["created_on"] + timedelta(days=chance.choice([1, 10]))])
    return world


def tell_steps(lead: dict[str, Any], due: date | None, as_of: date) -> set[str]:
    """The steps that a lead counts for, by a plain reading of the rules."""
    if lead["removed_by"] or lead["merged_into"] or lead["created_on"] > as_of:
        return set()
    steps = {"leads"}
    stage = "working" if lead.get("closed_on") and lead["closed_on"] > as_of else lead["stage"]
    if not (stage in ("won", "converted") or (lead["qualified_on"] and lead["qualified_on"] <= as_of)):
        return steps
    steps |= {"qualified"} | ({"won"} if stage == "won" else set())
    if not lead["owner"]:
        return steps
    first = lead["first_touch_on"]
    heard = lead["last_touch_on"] or lead["imported_on"] if lead["contact_dated"] is not None else None
    contact = first or heard
    known = first >= lead["imported_on"] if first else heard and heard > lead["imported_on"]
    if contact is None or contact > as_of:
        return steps | {"assigned", "never_touched"}
    return steps | {"assigned", "touched_late" if known and due and contact > due else "touched_in_time"}


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_those_of_a_plain_reading(engine: Engine, seed: int) -> None:
    world = make_random_world(seed)
    world.store_in(engine)
    dues = {score["lead_id"]: score["touch_due"] for score in world.scores}
    as_of = AS_OF - timedelta(days=0 if seed % 2 else 10)
    told: Counter[str] = Counter({step.value: 0 for step in FunnelStep})
    by_source: Counter[tuple[str | None, str]] = Counter()
    for lead in world.leads:
        for step in tell_steps(lead, dues.get(lead["id"]), as_of):
            told[step] += 1
            by_source[comparable(lead["source"]) if lead["source"] else None, step] += 1
    with view(engine) as connection:
        assert count_steps(connection, Filters(), as_of) == told
        for by in FunnelBy:
            assert count_steps(connection, Filters(), as_of, by) == told
        rows = list_funnel(ask(connection, Filters(), as_of), FunnelBy.SOURCE).rows
        found = {
            (comparable(str(row["source"])) if row["source"] else None, str(row["step"])): row["leads"] for row in rows
        }
        assert {key: leads for key, leads in found.items() if leads} == by_source
        middle = AS_OF - timedelta(days=30)
        parts = (Filters(until=middle), Filters(since=middle + timedelta(days=1)))
        assert sum((count_steps(connection, part, as_of) for part in parts), Counter()) == +told
        for step in FunnelStep:
            listed = list_leads(ListRequest(connection, Filters(), as_of, None), step=step)
            assert len(listed.rows) == told[step.value]


def test_a_period_may_be_about_another_day(engine: Engine) -> None:
    make_world().store_in(engine)
    cases = {
        (DateBasis.QUALIFIED, 6, 6): [7, 5, 4, 1],
        (DateBasis.QUALIFIED, 15, 31): [],  # lead 6 came in qualified: nobody knows since when
        (DateBasis.ASSIGNED, 8, 31): [3, 2],
        (DateBasis.CLOSED, 25, 25): [1],
        (DateBasis.CAME_IN, 6, 31): [],
    }
    with view(engine) as connection:
        for (dated, first, last), expected in cases.items():
            filters = Filters(since=october(first), until=october(last), dated=dated)
            assert [row["id"] for row in list_leads(ListRequest(connection, filters, AS_OF)).rows] == expected, dated


@pytest.mark.parametrize(
    ("counts", "median", "ninetieth"),
    [({}, None, None), ({3: 1}, 3, 3), ({1: 1, 4: 1}, 2.5, 4), ({0: 9, 7: 1}, 0, 0), ({0: 8, 7: 2}, 0, 7)],
)
def test_middles_of_days(counts: dict[int, int], median: float | None, ninetieth: int | None) -> None:
    assert (find_median(counts), find_ninetieth(counts)) == (median, ninetieth)
