"""What the team did in a period: numbers worked out by hand, and a plain Python reading of the same rules."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine, create_engine, literal, select
from world import NOON, TODAY, Event, ImportBatch, Nomination, World, ask, random_world, view

from leadtriage.core.context import OutputFormat
from leadtriage.core.tables import Table
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import TeamMetric
from leadtriage.criteria import FollowUp, Goal, TeamMember, example_criteria
from leadtriage.db import PutOff, Touch, Verdict, VerdictLine
from leadtriage.rendering import Screen, render_table
from leadtriage.reports.manager import list_team, list_team_leads
from leadtriage.reports.manager.outcomes import find_due, find_period
from leadtriage.reports.query import Filters, find_median, number_of, working_days_between
from leadtriage.scoring.compile.clocks import add_working_days

HOLIDAY = date(2026, 10, 12)
CRITERIA = replace(
    example_criteria(),
    team=(TeamMember("Anna Berg", "sales", also=("anna",)), TeamMember("Ben Ode", "sales")),
    goals=(Goal("Anna Berg", "won", 12, "quarter"), Goal("team", "touched", 4, "month")),
    follow_up=replace(example_criteria().follow_up, holidays=(HOLIDAY,)),
)
OCTOBER = Filters(since=date(2026, 10, 1), until=date(2026, 10, 31))
ADDED = (
    *("assigned", "touched", "in_time", "late", "never", "promises", "kept", "won"),
    *("flagged", "confirmed", "overturned"),
)
"""The numbers of a period that add up over its parts."""


def october(day: int) -> date:
    return date(2026, 10, day)


def at(day: date) -> datetime:
    return datetime.combine(day, NOON.time())


def add_touch(world: World, number: int, lead_id: int, by: str, on: date, **more: Any) -> None:
    made = {"kind": "call", "dated": True, "act": number}
    world.add(Touch, **made | {"lead_id": lead_id, "id": number, "by": by, "on": on} | more)


def add_flag(world: World, number: int, lead_id: int, by: str, day: date, reason: str = "spam", **more: Any) -> None:
    made = {"reason": reason, "at": at(day), "recorded_at": at(day)}
    world.add(Nomination, **made | {"lead_id": lead_id, "id": number, "by": by} | more)


def add_verdict(
    world: World,
    number: int,
    lead_id: int,
    by: str,
    day: date,
    verdict: str,
    flag: tuple[str, str] | None = None,
    ledger: list[dict[str, Any]] | None = None,
    **more: Any,
) -> None:
    judged = {"score": 10, "ceiling": 50, "known": 0.5, "grade": "C", "criteria_digest": "d1", "ledger": ledger or []}
    said = {"act": number, "kind": "review", "verdict": verdict, "by": by, "at": at(day), "recorded_at": at(day)}
    world.add(Verdict, **judged | said | {"lead_id": lead_id, "id": number} | more)
    if flag is not None:
        line = {"lead_id": lead_id, "verdict_id": number, "place": 0, "text": "said so"}
        world.add(VerdictLine, **line, by=flag[0], reason=flag[1])


def make_world() -> World:
    """Ten leads; 5 October 2026 is a Monday, the 12th a holiday. Anna Berg is anna, too."""
    world = World()
    world.add(
        ImportBatch,
        id=1,
        at=NOON,
        recorded_at=NOON,
        by="zoho",
        file="a.csv",
        sha256="x",
        options="",
        system="zoho",
        headers=[],
        mapping={},
    )

    def add(number: int, came: int, owner: str | None, due: int | None = None, **lead: Any) -> None:
        score: dict[str, Any] = {"touch_due": due and october(due)}
        if number == 5:
            score["idle_due"] = october(30)
        day = october(came)
        world.scored(number, lead={"created_on": day, "imported_on": day, "owner": owner} | lead, **score)

    won = {"stage": "won", "closed_on": october(20), "worked_here": True}
    add(1, 5, "Anna Berg", due=9, assigned_on=october(7), first_touch_on=october(8), **won)
    add(2, 9, "ANNA", due=14, assigned_on=october(13), first_touch_on=october(15))
    add(3, 10, "Anna  berg", due=15, first_touch_on=october(14))
    add(4, 6, "anna", assigned_on=october(6))
    add(5, 1, "Anna Berg", assigned_on=date(2026, 9, 30), first_touch_on=october(2), stage="working")
    # 6: Ben has it from somebody who had contacted it. 7: came in won, long after it came in. 8: nobody has it.
    add(6, 6, "Ben Ode", due=9, assigned_on=october(20), first_touch_on=october(8))
    add(7, 1, "ben ode", imported_on=october(20), batch_id=1, stage="won", closed_on=october(20))
    add(8, 7, None, first_touch_on=october(8))
    add(9, 7, "Anna Berg", removed_by=3)
    # 10: Zoe is in no team; contacted before it came to us.
    add(10, 7, "Zoe", first_touch_on=october(1))
    # Promises of October: for lead 1 (kept by Ben), for 2 (a day late), for 5 (kept the same day).
    add_touch(world, 1, 1, "anna", october(8), next_on=october(12))
    add_touch(world, 2, 1, "Ben Ode", october(12))
    add_touch(world, 3, 2, "Anna Berg", october(15), next_on=october(20))
    add_touch(world, 4, 2, "Anna Berg", october(21))
    add_touch(world, 5, 5, "anna", october(16), next_on=october(16))
    add_touch(world, 6, 5, "anna", october(16))
    # None of October: for November, for a lead that was closed before, one that was taken back, one that a file told.
    add_touch(world, 7, 3, "anna", october(14), next_on=date(2026, 11, 3))
    add_touch(world, 8, 1, "anna", october(14), next_on=october(26))
    add_touch(world, 9, 2, "anna", october(15), next_on=october(19), withdrawn_at=NOON)
    add_touch(world, 10, 2, "anna", october(15), next_on=october(19), act=None, batch_id=1)
    # For today, and nobody has called yet: not broken.
    add_touch(world, 11, 6, "Ben Ode", date(2026, 11, 5), next_on=TODAY)
    # Flags of Anna: on 4 undecided, on 2 rescued; that on 3 was taken back. Zoho's on 10 was confirmed.
    add_flag(world, 1, 4, "anna", october(13))
    add_flag(world, 2, 2, "Anna Berg", october(14), withdrawn_at=NOON, withdrawn_act=1)
    add_flag(world, 3, 3, "anna", october(14), withdrawn_at=NOON)
    add_flag(world, 4, 10, "zoho", october(7), batch_id=1, withdrawn_at=NOON, withdrawn_act=2)
    add_verdict(world, 1, 2, "Maria", october(16), "rescue", ("Anna Berg", "spam"))
    add_verdict(world, 2, 10, "Maria", october(17), "junk", ("zoho", "spam"))
    add_verdict(world, 3, 10, "Vera", october(18), "rescue", kind="audit", audited_id=2)
    return world


HAND_MADE = [
    # Assigned to Anna: 1 to 4; 5 in September. In time 1 and 3, late 2. From coming in to assigned: 1: Tue, Wed = 2;
    # 2: from Fri 9 over the holiday to Tue 13 = 1; 4: 0; of 3 nobody knows: median 1. To the touch: 1: Thu = 1;
    # 2: Wed, Thu = 2; 3: from Sat 10: Tue, Wed = 2: median 2. Idle: 5. Won: 1. One verdict is too few for a rate.
    # Goal: 1 won in the quarter. Its working days are 21 + 21 + 23 = 65, of which 21 + 15 are over: 12 * 36 / 65 = 6.6.
    {
        "name": "Anna Berg",
        "assigned": 4,
        "touched": 3,
        "in_time": 2,
        "late": 1,
        "never": 1,
        "wait_assign_days": 1.0,
        "wait_rep_days": 2.0,
        "promises": 3,
        "kept": 2,
        "idle": 1,
        "won": 1,
        "flagged": 2,
        "confirmed": 0,
        "overturned": 1,
        "goal": 12,
        "done": 1,
        "due_by_today": 6.6,
        "note": "too few for an overturn rate: 1 verdict; goal: 12 won per quarter",
    },
    # 6 came from another desk: its waits were no waiting for Ben. 7 was assigned when it came in, and won sometime.
    {
        "name": "Ben Ode",
        "assigned": 2,
        "touched": 1,
        "in_time": 1,
        "never": 1,
        "note": "1 more won on an unknown day",
    },
    {"name": "Zoe", "assigned": 1, "touched": 1, "in_time": 1},
    {"name": "Maria", "note": "reviewed 2 candidates; a second look overturned 1 of 1"},
    {
        "name": "zoho",
        "flagged": 1,
        "confirmed": 1,
        "note": "a system, not a person; too few for an overturn rate: 1 verdict",
    },
    # Touched in November: lead 6. The month has 21 working days, 15 of them over: 4 * 15 / 21 = 2.9.
    {"name": "team", "goal": 4, "done": 1, "due_by_today": 2.9, "note": "goal: 4 touched per month"},
]


def test_numbers_worked_out_by_hand(engine: Engine) -> None:
    make_world().store_in(engine)
    with view(engine) as connection:
        table = list_team(ask(connection, OCTOBER, TODAY, CRITERIA))
    assert [{key: row[key] for key in keys(table) if row[key] not in (None, 0)} for row in table.rows] == [
        {key: value for key, value in row.items() if value != 0} for row in HAND_MADE
    ]
    assert table.summary == (
        # In time are 1, 3, 6 and 10; of 10 nobody knows since when. 7 is won.
        "Of 7 leads assigned to 3 reps, 4 were contacted in time, 1 late and 2 never, as far as recorded. "
        "Of the 4 contacted in time, the day of the first contact is unknown for 1: the CRM told the last one, or only "
        "that there was one. 1 more was won on an unknown day.",
    )
    assert [row["assigned"] for row in table.rows] == [4, 2, 1, 0, 0, None]


def test_what_is_won_is_added_up_in_one_currency(engine: Engine) -> None:
    world, paid = World(), {"stage": "won", "worked_here": True, "imported_on": october(1), "created_on": october(1)}
    for number, owner, day, amount, currency in (
        (1, "anna", 5, 10_000, "USD"),
        (2, "Anna Berg", 6, 20_000, "EUR"),
        (3, "Ben Ode", 7, None, None),
        (4, "Zoe", 8, 400, "CHF"),
    ):
        value = {"outcome_amount": amount, "outcome_currency": currency}
        world.scored(number, lead={"owner": owner, "closed_on": october(day), **paid, **value})
    world.store_in(engine)
    criteria = replace(CRITERIA, goals=(), rates={"USD": Decimal(1), "EUR": Decimal("1.25")})
    until_7th = replace(OCTOBER, until=october(7))
    with view(engine) as connection:
        table = list_team(ask(connection, until_7th, TODAY, criteria))
        both = list_team(ask(connection, OCTOBER, TODAY, criteria))
    # 100 USD and 200 EUR at 1.25.
    assert [row["note"] for row in table.rows if row["won"]] == ["2 won leads are worth 350.00 USD", None]
    assert table.summary[0].endswith(" 3 won leads are worth 350.00 USD, 1 of them without a value.")
    assert both.summary[0].endswith(" What 4 won leads came to cannot be added up: amounts in CHF have no rate.")


def keys(table: Table) -> list[str]:
    return [column.key for column in table.columns]


def test_an_owner_is_found_by_each_name(sqlite_engine: Engine) -> None:
    make_world().store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        whole = list_team(ask(connection, OCTOBER, TODAY, CRITERIA)).rows
        for name in ("anna", "ANNA BERG"):
            assert list_team(ask(connection, replace(OCTOBER, owner=name), TODAY, CRITERIA)).rows == whole[:1]
        (system,) = (row for row in whole if row["name"] == "zoho")
        for name in ("zoho", str(system["name_shown"])):
            assert list_team(ask(connection, replace(OCTOBER, owner=name), TODAY, CRITERIA)).rows == (system,)
        assert list_team(ask(connection, replace(OCTOBER, owner="Nobody"), TODAY, CRITERIA)).rows == ()
        limited = list_team(ask(connection, replace(OCTOBER, source="Web"), TODAY, CRITERIA)).rows
    assert [(row["name"], row["assigned"], row["goal"]) for row in limited] == [
        ("Anna Berg", 0, None),
        ("Ben Ode", 0, None),
    ]


def test_a_promise_for_today_counts_once_it_is_kept(sqlite_engine: Engine) -> None:
    world = make_world()
    add_touch(world, 12, 6, "Zoe", TODAY)
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        (ben,) = list_team(ask(connection, Filters(owner="Ben Ode"), TODAY, CRITERIA)).rows
        (then,) = list_team(ask(connection, Filters(owner="Ben Ode"), TODAY - timedelta(days=1), CRITERIA)).rows
    assert (ben["promises"], ben["kept"]) == (1, 1)
    assert then["promises"] == 0


def test_a_promise_is_let_go_by_a_closing_or_parking_before_its_day(engine: Engine) -> None:
    """Each lead was promised a touch on the 9th for the 13th, and is open today."""
    moves = {
        1: [("won", 12, 100)],
        2: [("nurture", 13, 100)],
        3: [("lost", 9, 100)],
        # Broken: closed after the promised day, closed and reopened before the promise, only worked on, and undone.
        4: [("won", 14, 100)],
        5: [("won", 9, 4)],
        6: [("working", 12, 100)],
        7: [("won", 12, 100), (None, 12, 101)],
    }
    world = World()
    for lead_id, told in moves.items():
        world.scored(lead_id, lead={"owner": "Ben Ode", "stage": "working", "created_on": october(5)})
        add_touch(world, lead_id, lead_id, "Ben Ode", october(9), next_on=october(13))
        for number, (stage, day, act) in enumerate(told):
            kind, undoes = ("stage", None) if stage else ("undone", 100)
            what = {"kind": kind, "field": None if stage else "stage", "old": "working", "new": stage, "undoes": undoes}
            moment = {"at": at(october(day)), "recorded_at": at(october(day)), "by": "Ben Ode", "act": act}
            world.add(Event, lead_id=lead_id, id=lead_id * 10 + number, **what, **moment)
    world.store_in(engine)
    with view(engine) as connection:
        broken = list_team_leads(ask(connection, OCTOBER, TODAY, CRITERIA), TeamMetric.PROMISES)
    assert sorted(row["id"] for row in broken.rows) == [4, 5, 6, 7]


def test_flags_and_verdicts_stay_after_a_merge_and_their_leads_are_those_that_are_left(engine: Engine) -> None:
    """3 was merged into 2 and 2 into 1; 5 into 4, whose import was taken back; 6 comes from another source."""
    world = World()
    into: list[dict[str, Any]] = [{}, {"merged_into": 1}, {"merged_into": 2}, {"removed_by": 9}, {"merged_into": 4}, {}]
    for number, more in enumerate(into, 1):
        world.scored(number, lead={"created_on": october(5), "source": "Fair" if number == 6 else "Web"} | more)
        add_flag(world, number, number, "Ben Ode", october(7))
        add_verdict(world, number, number, "Maria", october(9), "rescue", ("Ben Ode", "spam"))
    world.store_in(engine)
    # Of the flags on 1, 2, 3 and 6 each counts; the leads behind them are 1 and 6.
    for filters, flags, leads in ((OCTOBER, 4, [1, 6]), (replace(OCTOBER, source="web"), 3, [1])):
        with view(engine) as connection:
            rows = {row["name"]: row for row in list_team(ask(connection, filters, TODAY, CRITERIA)).rows}
            numbers = (TeamMetric.FLAGGED, TeamMetric.OVERTURNED, TeamMetric.REVIEWED)
            behind = [list_team_leads(ask(connection, filters, TODAY, CRITERIA), number) for number in numbers]
        assert (rows["Ben Ode"]["flagged"], rows["Ben Ode"]["overturned"]) == (flags, flags)
        assert f"reviewed {flags} candidates" in str(rows["Maria"]["note"])
        assert [sorted(row["id"] for row in table.rows) for table in behind] == [leads] * 3


def make_random_world(seed: int) -> World:
    chance = random.Random(seed)
    world = random_world(seed)
    for lead in world.leads:
        later = lead["created_on"] + timedelta(days=chance.choice([0, 1, 5, 40]))
        lead["first_touch_on"] = chance.choice([None, later, lead["created_on"] - timedelta(days=2)])
        lead["contact_dated"] = True if lead["first_touch_on"] else chance.choice([None, None, False])
        lead["assigned_on"] = later if lead.get("owner") and chance.random() < 0.5 else None
        if lead["stage"] in ("won", "lost", "junk", "converted"):
            lead["closed_on"] = later
        number, name = lead["id"], chance.choice(["Maria", "MARIA", "Ben Ode", "zoho"])
        for place in range(chance.choice([0, 0, 1, 3])):
            on = later + timedelta(days=chance.choice([0, 2, 20]))
            following = chance.choice([None, on, on + timedelta(days=5)])
            add_touch(world, number * 10 + place, number, name, on, next_on=following)
        if chance.random() < 0.5:
            add_flag(world, number, number, name, later)
        if chance.random() < 0.4:
            verdict = chance.choice(["junk", "rescue"])
            add_verdict(world, number, number, "Vera", later + timedelta(days=3), verdict, (name, "spam"))
    for score in world.scores:
        score["touch_due"] = chance.choice([None, score["created_on"] + timedelta(days=chance.choice([1, 10]))])
    return world


def tell_waits(world: World, follow_up: FollowUp) -> dict[str, tuple[float | None, float | None]]:
    """The medians of each owner by a plain reading of the rules."""
    waits: dict[str, tuple[Counter[int], Counter[int]]] = {}
    for lead in world.leads:
        if lead["removed_by"] or lead["merged_into"] or lead["created_on"] > TODAY or not lead["owner"]:
            continue
        came, given = lead["created_on"], lead["assigned_on"] if (lead["assigned_on"] or TODAY) <= TODAY else None
        if (given or came) > TODAY:
            continue
        first = lead["first_touch_on"]
        touched = first if first and lead["imported_on"] <= first <= TODAY else None
        rep, touch = waits.setdefault(comparable(lead["owner"]), (Counter(), Counter()))
        if given and not (touched and touched < given):
            rep[count_up(came, given, follow_up)] += 1
        if touched and touched >= (given or came):
            touch[count_up(given or came, touched, follow_up)] += 1
    return {owner: (find_median(rep), find_median(touch)) for owner, (rep, touch) in waits.items()}


def count_up(first: date, last: date, follow_up: FollowUp) -> int:
    """Working days one after the other."""
    number, day = 0, first
    while day < last:
        day += timedelta(days=1)
        number += day.weekday() in follow_up.working_days and day not in follow_up.holidays
    return number


@pytest.mark.parametrize("seed", range(4))
def test_parts_add_up_and_every_number_has_its_leads(engine: Engine, seed: int) -> None:
    world = make_random_world(seed)
    world.store_in(engine)
    middle = TODAY - timedelta(days=30)
    with view(engine) as connection:

        def count(filters: Filters) -> Counter[tuple[Any, str]]:
            rows = list_team(ask(connection, filters, TODAY, CRITERIA)).rows
            return Counter({(row["name"], key): int(str(row[key])) for row in rows for key in ADDED if row[key]})

        # Won leads of which nobody knows the day are in the whole alone, so the whole is a period, too.
        whole = count(Filters(until=TODAY))
        assert whole == count(Filters(until=middle)) + count(Filters(since=middle + timedelta(days=1)))
        rows = {
            comparable(str(row["name"])): row for row in list_team(ask(connection, Filters(), TODAY, CRITERIA)).rows
        }
        for number in TeamMetric:
            behind = list_team_leads(ask(connection, Filters(), TODAY, CRITERIA), number)
            parts = [
                len(list_team_leads(ask(connection, Filters(owner=name), TODAY, CRITERIA), number).rows)
                for name in rows
                if name != "team"
            ]
            assert len(behind.rows) <= sum(parts)
            if number in ("assigned", "touched", "in_time", "late", "never", "idle", "won"):
                assert parts == [row[number.value] for name, row in rows.items() if name != "team"], number
                assert len(behind.rows) == sum(parts)
        told = tell_waits(world, CRITERIA.follow_up)
        assert {name: (rows[name]["wait_assign_days"], rows[name]["wait_rep_days"]) for name in told} == told


@given(
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    count=st.integers(1, 60),
    week=st.sets(st.integers(0, 6), max_size=6),
    off=st.lists(st.dates(date(2020, 1, 1), date(2030, 3, 1)), max_size=5),
)
def test_working_days_are_counted_as_the_clocks_count_them(
    start: date, count: int, week: set[int], off: list[date]
) -> None:
    follow_up = replace(CRITERIA.follow_up, working_days=tuple(sorted(week)), holidays=tuple(sorted(set(off))))
    last = add_working_days(start, count, follow_up.working_days, follow_up.holidays)
    with create_engine("sqlite://").connect() as connection:
        between = connection.execute(
            select(
                working_days_between(*(number_of(literal(day)) for day in (last, start)), follow_up),
                working_days_between(*(number_of(literal(day)) for day in (start, last)), follow_up),
            )
        ).one()
    assert tuple(between) == (count, 0)


@pytest.mark.parametrize(
    ("as_of", "per", "first", "last"),
    [
        (date(2026, 11, 20), "month", date(2026, 11, 1), date(2026, 11, 30)),
        (date(2026, 12, 31), "month", date(2026, 12, 1), date(2026, 12, 31)),
        (date(2026, 12, 1), "quarter", date(2026, 10, 1), date(2026, 12, 31)),
        (date(2024, 2, 29), "quarter", date(2024, 1, 1), date(2024, 3, 31)),
        (date(9999, 12, 31), "quarter", date(9999, 10, 1), date(9999, 12, 31)),
    ],
)
def test_a_goal_is_about_the_month_or_quarter_of_the_day(as_of: date, per: str, first: date, last: date) -> None:
    period = find_period(per, as_of)
    assert (period.since, period.until) == (first, last)
    assert find_due(Goal("Anna", "won", 7, per), last, CRITERIA.follow_up) == 7


def test_a_month_of_holidays_leaves_all_of_its_goal_due() -> None:
    days = tuple(date(2026, 11, day) for day in range(1, 31))
    follow_up = replace(CRITERIA.follow_up, holidays=days)
    assert find_due(Goal("Anna", "won", 7, "month"), date(2026, 11, 2), follow_up) == 7


def ledger(known: bool) -> list[dict[str, Any]]:
    line: Mapping[str, Any] = {"dimension": "budget", "criterion": "Budget", "known": known}
    return [dict(line), {"dimension": "budget", "criterion": "cap", "known": None}]


def test_advice_says_what_to_do_next(engine: Engine) -> None:
    """Anna flagged 6 for their budget: 5 were rescued, of 4 of these nobody had asked; one had it put off."""
    world = World()
    for number in range(1, 11):
        late = number <= 2
        touched = october(9) if late else october(6)
        # Ten leads of Ben: two touched on Friday, two days after their clock had run out; eight in time.
        lead = {"owner": "Ben Ode", "created_on": october(5), "imported_on": october(5), "first_touch_on": touched}
        world.scored(number, lead=lead, touch_due=october(7))
        if number <= 6:
            known = number == 2
            word = "junk" if number == 1 else "rescue"
            add_verdict(world, number, number, "Maria", october(12), word, ("anna", "no_budget"), ledger(known))
        if number <= 5:
            # Five promises for the 14th, two of them kept.
            add_touch(world, 20 + number, number, "Ben Ode", october(9), next_on=october(14))
        if number <= 2:
            add_touch(world, 30 + number, number, "Ben Ode", october(13))
    put_off = {"lead_id": 6, "id": 1, "act": 1, "criterion": "Budget", "by": "anna", "again_on": TODAY}
    world.add(PutOff, **put_off, at=at(october(8)))
    world.store_in(engine)
    with view(engine) as connection:
        table = list_team(ask(connection, OCTOBER, TODAY, CRITERIA))
        early = list_team(ask(connection, replace(OCTOBER, until=october(11)), TODAY, CRITERIA))
    # Late are 2 of 10, which is not worth a line.
    assert table.summary[1:] == (
        "Ben Ode: kept 2 of 5 promises.",
        "Anna Berg: 5 of 6 no_budget flags were overturned: in 3 the budget was never asked.",
    )
    (anna,) = (row for row in table.rows if row["name"] == "Anna Berg" and row["assigned"] is not None)
    assert str(anna["note"]).endswith("in 3 the budget was never asked")
    shown = render_table(table, OutputFormat.TABLE, Screen())
    assert shown.count("in 3 the budget was never asked") == 1, "people read it above the table"
    assert [anna[key] for key in ("overturn_rate", "overturn_low", "overturn_high")] == [0.8333, 0.4365, 0.9699]
    assert early.summary[1:] == ()


def test_advice_on_late_touches_says_who_waited_for_what(sqlite_engine: Engine) -> None:
    world = World()
    for number in range(1, 7):
        # Six leads of Ben, assigned after a working day: three touched after three more, the others at once.
        touched = october(9) if number <= 3 else october(6)
        lead = {"owner": "Ben Ode", "created_on": october(5), "imported_on": october(5), "assigned_on": october(6)}
        world.scored(number, lead=lead | {"first_touch_on": touched}, touch_due=october(7))
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        table = list_team(ask(connection, OCTOBER, TODAY, CRITERIA))
    assert table.summary[1:] == (
        "Ben Ode: 3 of 6 contacted leads were contacted late; half of these waited 3 working days or more for the rep, "
        "1 working day or more to be assigned.",
    )
