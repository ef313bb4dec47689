"""Why leads were called junk, lost or parked: as it stood on a day, by whoever nominated them, and in whole numbers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from world import NOON, TODAY, Event, World, ask, random_world, view

from leadtriage.core.tables import Table
from leadtriage.core.text import comparable
from leadtriage.criteria import example_criteria
from leadtriage.db import TeamName, Verdict, VerdictLine
from leadtriage.reports.manager import list_reasons
from leadtriage.reports.query import Filters
from leadtriage.reports.registry import ReasonsBy

CRITERIA = example_criteria()
WEEK_AGO = TODAY - timedelta(days=7)


def report(
    connection: Connection, filters: Filters | None = None, as_of: date = TODAY, by: ReasonsBy | None = None
) -> Table:
    return list_reasons(ask(connection, filters or Filters(), as_of, CRITERIA), by)


def rows_of(table: Table) -> list[tuple[Any, ...]]:
    return [tuple(row[column.key] for column in table.columns) for row in table.rows]


def add_event(world: World, lead_id: int, kind: str, at: datetime, **values: Any) -> None:
    told = {"act": 9, "at": at, "recorded_at": at, "by": "Ann"}
    world.add(Event, lead_id=lead_id, id=900 + len(world.others), kind=kind, **told, **values)


def add_verdict(
    world: World, lead_id: int, verdict: str, at: datetime, *lines: tuple[str, str | None], **more: Any
) -> None:
    number = 1 + len(world.others)
    told = {"score": 0, "ceiling": 0, "known": 1.0, "grade": "C", "criteria_digest": "d", "ledger": [], **more}
    row = {"lead_id": lead_id, "id": number, "act": number, "kind": "review", "verdict": verdict, "by": "Sam"}
    world.add(Verdict, **row, at=at, recorded_at=at, **told)
    for place, (by, rule) in enumerate(lines):
        line = {"by": by, "reason": "spam", "text": "why", "rule": rule}
        world.add(VerdictLine, lead_id=lead_id, verdict_id=number, place=place, **line)


def test_reasons_and_grades_are_those_of_that_day(engine: Engine) -> None:
    world = World()
    before, after = datetime(2026, 11, 10, 9), datetime(2026, 11, 16, 9)
    came = {"created_on": date(2026, 11, 1), "imported_on": date(2026, 11, 1), "source": "Web"}

    def lead(number: int, stage: str, grade: str = "B", **values: Any) -> None:
        world.scored(number, lead=came | {"stage": stage} | values, grade=grade)

    # 1: lost for the price then, reopened and won since. 2: lost for want of need then, and again for the price since.
    lead(1, "won", closed_on=after.date())
    add_event(world, 1, "stage", before, old="working", new="lost", reason="price")
    add_event(world, 1, "stage", after, old="lost", new="working")
    lead(2, "lost", closed_on=after.date(), outcome_reason="price")
    add_event(world, 2, "stage", before, old="working", new="lost", reason="no_need")
    add_event(world, 2, "stage", after, old="lost", new="working")
    add_event(world, 2, "stage", after, old="working", new="lost", reason="price")
    # 3: parked as an A, which has become a B since, 4: parked as the B that it is, after it had been a C.
    lead(3, "nurture", parked_on=before.date(), nurture_reason="bad_timing", nurture_until=date(2027, 1, 1))
    add_event(world, 3, "grade", datetime(2026, 11, 12), old="A", new="B")
    lead(4, "nurture", parked_on=before.date(), nurture_reason="bad_timing", nurture_until=date(2027, 1, 1))
    add_event(world, 4, "grade", datetime(2026, 11, 10), old="C", new="B")
    # 5: junk by a verdict on a C. 6: parked since. 7: came in lost, without a reason and not scored.
    lead(5, "junk", closed_on=before.date(), outcome_reason="spam")
    add_verdict(world, 5, "junk", before, ("criteria", "a rule"), ("Ann", None))
    lead(6, "nurture", parked_on=after.date(), nurture_reason="no_need")
    add_event(world, 6, "stage", after, old="new", new="nurture", reason="no_need")
    world.lead(7, **came, stage="lost", closed_on=date(2026, 11, 1), outcome_reason=" ")
    # 8: parked by a reviewer, 9: by a rep, after a reviewer had parked it and it was brought back.
    lead(8, "nurture", parked_on=before.date(), nurture_reason="no_need")
    add_verdict(world, 8, "nurture", before, ("Zoe", None))
    lead(9, "nurture", parked_on=before.date(), nurture_reason="no_need")
    add_verdict(world, 9, "nurture", before - timedelta(days=2), ("Zoe", None))
    world.store_in(engine)
    with view(engine) as connection:
        then, now = report(connection, as_of=date(2026, 11, 13)), report(connection)
        by_rule = report(connection, by=ReasonsBy.RULE)
    assert rows_of(then) == [
        ("junk", "spam", "Web", "C", 1),
        ("lost", None, "Web", None, 1),
        ("lost", "no_need", "Web", "B", 1),
        ("lost", "price", "Web", "B", 1),
        ("nurture", "bad_timing", "Web", "A", 1),
        ("nurture", "bad_timing", "Web", "B", 1),
        ("nurture", "no_need", "Web", "B", 1),
        ("nurture", "no_need", "Web", "C", 1),
    ]
    assert rows_of(now) == [
        ("junk", "spam", "Web", "C", 1),
        ("lost", None, "Web", None, 1),
        ("lost", "price", "Web", "B", 1),
        ("nurture", "no_need", "Web", "B", 2),
        ("nurture", "no_need", "Web", "C", 1),
        ("nurture", "bad_timing", "Web", "A", 1),
        ("nurture", "bad_timing", "Web", "B", 1),
    ]
    assert rows_of(by_rule) == [
        ("junk", "spam", "criteria", "a rule", 1),
        ("lost", None, None, None, 1),
        ("lost", "price", None, None, 1),
        ("nurture", "no_need", None, None, 2),
        ("nurture", "no_need", "Zoe", None, 1),
        ("nurture", "bad_timing", None, None, 2),
    ]
    shown = {str(row["reason_shown"]) for row in now.rows if row["reason"] is None}
    assert shown == {"no reason given"}


def test_a_lead_that_came_in_parked_has_the_grade_of_that_time(engine: Engine) -> None:
    world = World()
    came = {"created_on": date(2026, 11, 1), "imported_on": date(2026, 11, 1), "stage": "nurture"}
    world.scored(1, lead=came, grade="B")
    add_event(world, 1, "grade", datetime(2026, 11, 12), old="A", new="C")
    add_event(world, 1, "grade", datetime(2026, 11, 16), old="C", new="B")
    world.store_in(engine)
    with view(engine) as connection:
        for day in (date(2026, 11, 10), date(2026, 11, 14), TODAY):
            assert rows_of(report(connection, as_of=day)) == [("nurture", None, None, "A", 1)], day


def lost_world(points: int, reasons: Mapping[str | None, int]) -> World:
    world, number = World(), 0
    for reason, leads in reasons.items():
        for _ in range(leads):
            number += 1
            world.scored(number, lead={"stage": "lost", "outcome_reason": reason}, need=points)
    return world


@pytest.mark.parametrize(
    ("points", "reasons", "said"),
    [
        # Fewer than five say nothing; nor does a reason for which no lead had points.
        (10, {"no_need": 4, "price": 4}, []),
        (0, {"no_need": 9}, []),
        (
            10,
            {"no_need": 6},
            [
                "6 of 6 leads lost for no_need had points for need: the criteria did not see it. List them:",
                f"leadtriage leads --stage lost --reason no_need --points need --as-of {TODAY}",
            ],
        ),
        # `spam` is a disqualifier's reason, so that the criteria stand for it.
        (
            10,
            {"price": 3, "our's": 1, "feature": 1, "too_far": 1, "spam": 9, None: 9},
            [
                "6 leads were lost for reasons that no criterion covers: 3 for price, 1 for feature, 1 for our's, 1 "
                "for 1 other reason. List the first of them:",
                f"leadtriage leads --stage lost --reason price --as-of {TODAY}",
            ],
        ),
    ],
)
def test_what_the_score_had_not_seen(
    sqlite_engine: Engine, points: int, reasons: dict[str | None, int], said: list[str]
) -> None:
    lost_world(points, reasons).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        table = report(connection)
    number = sum(reasons.values())
    assert list(table.summary) == [f"{number} leads: {number} lost.", *said]


def test_the_command_for_them_lists_those_of_the_period(sqlite_engine: Engine) -> None:
    lost_world(10, {"no_need": 6}).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        table = report(connection, Filters(since=WEEK_AGO, until=TODAY))
    options = f"--since {WEEK_AGO} --until {TODAY} --as-of {TODAY}"
    assert table.summary[-1] == f"leadtriage leads --stage lost --reason no_need --points need {options}"


def test_what_a_person_flagged_under_several_names_is_counted_together(engine: Engine) -> None:
    world = World()
    for number, name in enumerate(("zoe", "Zoe Lind", "ZOE LIND", "Ann"), start=1):
        world.scored(number, lead={"stage": "junk", "outcome_reason": "spam", "closed_on": TODAY})
        add_verdict(world, number, "junk", NOON, (name, None))
    for spelling in ("zoe", "zoe lind"):
        world.add(TeamName, spelling=spelling, member="zoe lind")
    world.store_in(engine)
    with view(engine) as connection:
        rows = rows_of(report(connection, by=ReasonsBy.RULE))
    assert rows == [("junk", "spam", "ZOE LIND", None, 3), ("junk", "spam", "Ann", None, 1)]


def test_a_period_without_any_says_so(sqlite_engine: Engine) -> None:
    lost_world(0, {"price": 9}).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        table = report(connection, Filters(until=WEEK_AGO))
    assert (table.rows, table.summary) == ((), ("No lead of this period became junk, was lost or snoozed.",))


def make_random_world(seed: int) -> World:
    chance = random.Random(seed)
    world = random_world(seed, leads=300)
    for lead in world.leads:
        if lead["stage"] == "nurture":
            lead |= {"nurture_reason": chance.choice(["no_need", "bad_timing", None]), "parked_on": TODAY}
        elif lead["stage"] in ("junk", "lost"):
            lead |= {"outcome_reason": chance.choice(["price", "no_need", "", None]), "closed_on": TODAY}
            if lead["stage"] == "junk" and chance.random() < 0.8:
                add_verdict(world, lead["id"], "junk", NOON, (chance.choice(["criteria", "Ann"]), None), grade="A")
    return world


def count_plainly(world: World, filters: Filters) -> Counter[tuple[Any, ...]]:
    grades = {score["lead_id"]: score["grade"] for score in world.scores}
    grades |= {row["lead_id"]: row["grade"] for model, row in world.others if model is Verdict}
    found = Counter[tuple[Any, ...]]()
    for lead in world.leads:
        if lead["removed_by"] or lead["merged_into"] or lead["stage"] not in ("junk", "lost", "nurture"):
            continue
        came = lead["created_on"]
        if came <= TODAY and (filters.since or came) <= came <= (filters.until or came):
            reason = lead.get("outcome_reason") or lead.get("nurture_reason") or None
            source = comparable(lead["source"]) if lead["source"] else None
            found[lead["stage"], reason, source, grades.get(lead["id"])] += 1
    return found


@pytest.mark.parametrize("seed", range(3))
def test_rows_equal_a_plain_count_and_add_up(engine: Engine, seed: int) -> None:
    world = make_random_world(seed)
    world.store_in(engine)
    cut = TODAY - timedelta(days=8)
    counted = []
    with view(engine) as connection:
        for filters in (Filters(), Filters(until=cut), Filters(since=cut + timedelta(days=1))):
            rows = rows_of(report(connection, filters))
            counts = Counter({(kind, why, comparable(src) if src else None, g): n for kind, why, src, g, n in rows})
            assert counts == count_plainly(world, filters)
            counted.append(counts)
            for by in ReasonsBy:
                assert sum(row["leads"] for row in report(connection, filters, by=by).rows) == sum(counts.values())
    assert counted[0] == counted[1] + counted[2]
    assert len(counted[0]) > 20
