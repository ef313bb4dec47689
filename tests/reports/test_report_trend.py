"""What happened week by week, and what was stale at each week's end: what the stale report said on that day."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import Engine
from world import ask

from leadtriage.actions import (
    Closing,
    Contact,
    Judgement,
    Snooze,
    close_leads,
    flag_lead,
    judge,
    log_contact,
    merge_leads,
    qualify_lead,
    reopen_lead,
    snooze_leads,
    undo_last_act,
)
from leadtriage.core.context import Act
from leadtriage.core.vocabulary import DateBasis, Stage, TouchKind, VerdictWord
from leadtriage.criteria import Goal, load_criteria
from leadtriage.db import reading, writing
from leadtriage.importing import ImportOptions, import_file
from leadtriage.importing.normalize import Money
from leadtriage.importing.parse import ReadOptions
from leadtriage.reports.lists import list_leads, list_stale
from leadtriage.reports.manager import list_sources, list_stale_on, list_team, list_trend
from leadtriage.reports.query import Filters, ListRequest
from leadtriage.scoring import score_leads

CRITERIA = load_criteria(
    """
version: 1
name: Weeks
currency: USD
score:
  fit:
    max: 100
    criteria:
      - {name: Size, field: employees, tiers: [{points: 60, at_least: 100}, {points: 30, at_least: 10}]}
qualified: {score: 90}
grades: {A: 50, B: 40, C: 25}
junk: {below: -100, known: 1}
follow_up:
  first_touch: {A: 1d, C: 5d}
  idle: 5d
  nurture: 30d
  shelf_life: 90d
  warn: 14d
  working_days: [mon, tue, wed, thu, fri]
""",
    place="criteria.yaml",
)
KEYS = "week came_in qualified touched junked won stale".split()
_READ = ReadOptions(encoding="utf-8", delimiter=",", header_rows=1, skip_rows=0)


def november(day: int) -> date:
    return date(2026, 11, day)


def act_of(day: date, by: str = "Ann") -> Act:
    at = datetime(day.year, day.month, day.day, 12)
    return Act(by=by, as_of=day, at=at, recorded_at=at)


def bring(engine: Engine, day: date, *lines: str) -> None:
    """Import leads, each as `NAME,EMPLOYEES,CREATED`, and score all."""
    rows = [f"{name},{name}@firm-{name}.com,{rest}" for name, _, rest in (line.partition(",") for line in lines)]
    content = "\n".join(["Name,Email,Employees,Created,Owner", *rows]).encode()
    options = ImportOptions(read=_READ, system="crm", overrides={})
    import_file(engine, None, options, act_of(day, "crm"), stream=BytesIO(content), name=f"{day}.csv")
    score(engine, day)


def score(engine: Engine, day: date) -> None:
    with writing(engine) as connection:
        score_leads(connection, CRITERIA, act_of(day))


def call(engine: Engine, day: int, lead_id: int, next_day: int | None = None) -> None:
    promise = None if next_day is None else november(next_day)
    log_contact(engine, CRITERIA, act_of(november(day)), lead_id, Contact(TouchKind.CALL, next_on=promise))


def read_trend(engine: Engine, as_of: date, **filters: Any) -> list[tuple[Any, ...]]:
    with reading(engine) as connection:
        trend = list_trend(ask(connection, Filters(**filters), as_of, CRITERIA))
    assert [column.key for column in trend.columns] == KEYS
    return [tuple(row[key] for key in KEYS) for row in trend.rows]


def make_weeks(engine: Engine) -> None:
    """Three weeks of November 2026; the 2nd, 9th and 16th are Mondays."""
    # a, b and d have grade A: first touch within a working day; c has grade C: within five.
    bring(
        engine,
        november(2),
        "a,200,2026-11-02,Ann",
        "b,200,2026-11-02,Ann",
        "c,20,2026-11-02,Bo",
        "d,200,2026-11-02,Bo",
    )
    call(engine, 3, 4, next_day=6)
    call(engine, 5, 2)
    # f came in a month before it was imported, g was past its shelf life by then: backlog.
    bring(
        engine,
        november(9),
        "e,200,2026-11-09,Ann",
        "f,200,2026-10-05,Ann",
        "g,200,2026-06-01,Ann",
        "h,200,2026-11-09,Ann",
    )
    qualify_lead(engine, CRITERIA, act_of(november(10)), 1, "said so")
    call(engine, 10, 8)
    undo_last_act(engine, CRITERIA, act_of(november(12)))
    close_leads(engine, CRITERIA, act_of(november(13)), [3], Closing(Stage.WON))
    snooze_leads(engine, CRITERIA, act_of(november(16)), [4], Snooze(date(2026, 12, 1), "bad_timing"))
    call(engine, 17, 2)
    flag_lead(engine, CRITERIA, act_of(november(17)), 5, "spam")
    judge(engine, CRITERIA, act_of(november(18), "Boss"), [5], Judgement(VerdictWord.JUNK, "spam"))
    score(engine, november(22))


BY_HAND = [
    # came in a b c d; touched b d; nobody qualified. Stale on Sunday the 8th:
    # a, due on the 3rd; d, promised for the 6th; not b, which was late but called on the 5th; not c, due on the 9th.
    (november(2), 4, 0, 2, 0, 0, 2),
    # came in e h; a qualified, and c, by being won on the 13th, having been stale from the 10th on; the call with h was
    # taken back, so nobody was touched. Stale on the 15th: a; b, silent since the 5th, due on the 12th; d; f, due on 6
    # October; h, due on the 10th. Not e, which was called junk later; not g, which is backlog.
    (november(9), 2, 2, 0, 0, 1, 5),
    # touched b; e called junk. Stale on the 22nd: a f h; b is due on the 24th, d is parked since the 16th.
    (november(16), 0, 0, 1, 1, 0, 3),
]


def test_three_weeks_worked_out_by_hand(engine: Engine) -> None:
    make_weeks(engine)
    rows = read_trend(engine, november(22))
    assert rows[-3:] == BY_HAND
    # Thirteen weeks; f came in in that of 5 October, and what was stale before 2 November nobody knows.
    assert len(rows) == 13
    before = [(date(2026, 10, 5), 1, 0, 0, 0, 0, None)]
    assert [row for row in rows[:-3] if any(row[1:6])] == before
    assert {row[6] for row in rows[:-3]} == {None}
    # Seen on the 11th, before most of that: the week is not over, and the call with h not yet taken back counts not.
    assert read_trend(engine, november(11))[-1] == (november(9), 2, 1, 0, 0, 0, 5)


def test_every_number_is_that_of_a_list(sqlite_engine: Engine) -> None:
    make_weeks(sqlite_engine)
    lists = {
        "came_in": {},
        "qualified": {"dated": DateBasis.QUALIFIED},
        "touched": {"dated": DateBasis.TOUCHED},
        "junked": {"dated": DateBasis.CLOSED, "stage": ("junk",)},
        "won": {"dated": DateBasis.CLOSED, "stage": ("won",)},
    }
    for owner in (None, "Ann"):
        rows = read_trend(sqlite_engine, november(22), owner=owner, since=november(2))
        assert len(rows) == 3
        for row in rows:
            sunday = row[0] + timedelta(days=6)
            with reading(sqlite_engine) as connection:
                for place, more in enumerate(lists.values(), 1):
                    wanted = Filters(since=row[0], until=sunday, owner=owner, **more)
                    assert len(list_leads(ListRequest(connection, wanted, sunday, None)).rows) == row[place], (
                        row,
                        more,
                    )
                stale = list_stale_on(connection, CRITERIA, Filters(owner=owner), sunday)
                assert len(stale.rows) == row[6]


def test_a_period_in_two_parts_adds_up(sqlite_engine: Engine) -> None:
    make_weeks(sqlite_engine)
    whole = read_trend(sqlite_engine, november(22), since=date(2026, 10, 1))
    for day in (1, 3, 5, 8, 9, 13, 17):
        first = read_trend(sqlite_engine, november(22), since=date(2026, 10, 1), until=november(day))
        second = read_trend(sqlite_engine, november(22), since=november(day + 1))
        for place in range(1, 6):
            total = sum(row[place] for row in (*first, *second))
            assert total == sum(row[place] for row in whole), (day, KEYS[place])
        assert {row[0] for row in (*first, *second)} == {row[0] for row in whole}


def test_no_weeks_where_the_period_is_still_to_come(sqlite_engine: Engine) -> None:
    bring(sqlite_engine, november(2), "a,200,2026-11-02,Ann")
    assert read_trend(sqlite_engine, november(2), since=november(3)) == []
    assert read_trend(sqlite_engine, november(2), since=november(3), until=november(1)) == []
    assert len(read_trend(sqlite_engine, november(2), until=date(2027, 1, 1))) == 13
    (row,) = read_trend(sqlite_engine, november(5), since=november(4))
    assert row[:2] == (november(2), 0), "days of the first week before the period do not count"


def test_a_past_day_tells_the_closing_that_held_and_nothing_of_a_later_one(engine: Engine) -> None:
    bring(engine, november(2), "a,200,2026-11-02,Ann", "b,200,2026-11-02,Ann")
    close_leads(engine, CRITERIA, act_of(november(5)), [1], Closing(Stage.WON, value=Money(100000, "USD", marked=True)))
    told = tell_wins(engine, november(6))
    reopen_lead(engine, CRITERIA, act_of(november(10)), 1)
    assert told == (1000.0, [1])
    assert tell_wins(engine, november(6)) == (None, [1]), "what it was worth is not known any more"
    close_leads(
        engine, CRITERIA, act_of(november(17)), [1], Closing(Stage.WON, value=Money(777700, "USD", marked=True))
    )
    assert tell_wins(engine, november(6)) == (None, [1])
    assert tell_wins(engine, november(12)) == (0, [0, 0])
    assert tell_wins(engine, november(18)) == (7777.0, [0, 0, 1])


def test_a_merge_leaves_contacts_and_promises_in_the_reports(engine: Engine) -> None:
    """Lead 1 is part of 2, and that of 3, of which each has a contact: the promise of one was kept by another."""
    bring(engine, november(2), *(f"{name},200,2026-11-02,Ann" for name in "abc"))
    call(engine, 3, 1, next_day=10)
    call(engine, 10, 2)
    call(engine, 17, 3)
    before = tell_contacts(engine)
    merge_leads(engine, CRITERIA, act_of(november(18)), 2, 1)
    merge_leads(engine, CRITERIA, act_of(november(18)), 3, 2)
    assert before == ([1, 1, 1], [1], [3], [2, 3], (1, 0, 3))
    assert tell_contacts(engine) == ([1, 1, 1], [3], [3], [], (1, 1, 1))


def test_a_merge_changes_nothing_for_the_other_leads(engine: Engine) -> None:
    make_weeks(engine)
    bring(engine, november(22), "y,200,2026-11-22,Ann", "z,200,2026-11-22,Ann")
    call(engine, 22, 9)
    merge_leads(engine, CRITERIA, act_of(november(22)), 10, 9)
    rows = read_trend(engine, november(22), since=november(2))
    assert [row[6] for row in rows] == [row[6] for row in BY_HAND]
    assert [row[3] for row in rows] == [2, 0, 2], "the lead into which one was merged had its contact"


def tell_contacts(engine: Engine) -> tuple[Any, ...]:
    """Touched each week; who was in the first, in the last, and stale on the 6th; promises, kept ones, the goal."""
    criteria, today = replace(CRITERIA, goals=(Goal("team", "touched", 9, "month"),)), november(18)
    weeks = [row[KEYS.index("touched")] for row in read_trend(engine, today, since=november(2))]
    with reading(engine) as connection:
        in_weeks = [
            list_leads(
                ListRequest(
                    connection,
                    Filters(since=november(day), until=november(day + 6), dated=DateBasis.TOUCHED),
                    november(day + 6),
                )
            )
            for day in (2, 16)
        ]
        stale = list_stale_on(connection, criteria, Filters(), november(6))
        team = {row["name"]: row for row in list_team(ask(connection, Filters(), today, criteria)).rows}
    listed = [sorted(int(str(row["id"])) for row in table.rows) for table in (*in_weeks, stale)]
    return (weeks, *listed, (team["Ann"]["promises"], team["Ann"]["kept"], team["team"]["done"]))


def tell_wins(engine: Engine, as_of: date) -> tuple[Any, list[int]]:
    """What won leads are worth, and how many were won in each week."""
    with reading(engine) as connection:
        (source,) = list_sources(ask(connection, Filters(), as_of, CRITERIA)).rows
    won = KEYS.index("won")
    return source["value"], [row[won] for row in read_trend(engine, as_of, since=november(2))]


DAYS = [november(2) + timedelta(days=number) for number in range(-14, 21)]


def live(engine: Engine, chance: random.Random, away: tuple[int, ...]) -> dict[date, int]:
    """Let five weeks happen day by day; return how many leads the stale report had on each Sunday evening.

    Args:
        away: for how many days leads are parked.
    """
    said: dict[date, int] = {}
    parked: dict[int, date] = {}
    was_parked: set[int] = set()  # of several parkings only the last one is known
    closed: set[int] = set()
    count = 0
    for day in DAYS:
        if day.weekday() in (0, 3):
            age = [0, 0, 1, 4, 20, 75, 76, 80, 200]
            fresh = [
                f"l{count + number},{chance.choice([200, 20, 1])},{day - timedelta(chance.choice(age))},Ann"
                for number in range(1, 6)
            ]
            bring(engine, day, *fresh)
            count += 5
        for lead_id in chance.sample(range(1, count + 1), 4):
            if lead_id in closed or parked.get(lead_id, day) > day:
                continue
            what = chance.choice(["call", "call", "call", "promise", "park", "close"])
            if what in ("call", "promise"):
                promise = day + timedelta(chance.choice([0, 1, 3, 9])) if what == "promise" else None
                log_contact(engine, CRITERIA, act_of(day), lead_id, Contact(TouchKind.CALL, next_on=promise))
                parked.pop(lead_id, None)
            elif what == "close":
                close_leads(
                    engine, CRITERIA, act_of(day), [lead_id], Closing(chance.choice([Stage.WON, Stage.CONVERTED]))
                )
                closed.add(lead_id)
            elif lead_id not in was_parked:
                was_parked.add(lead_id)
                parked[lead_id] = day + timedelta(chance.choice(away))
                snooze_leads(engine, CRITERIA, act_of(day), [lead_id], Snooze(parked[lead_id], "bad_timing"))
        if day.weekday() == 6:
            said[day] = count_stale(engine, day)
    return said


def count_stale(engine: Engine, day: date) -> int:
    with reading(engine) as connection:
        rows = list_stale(ListRequest(connection, Filters(), day, None)).rows
    return len({row["id"] for row in rows if row["id"] is not None})


@pytest.mark.parametrize("seed", [1, 4])
def test_stale_is_what_the_stale_report_said_on_that_day(sqlite_engine: Engine, seed: int) -> None:
    said = live(sqlite_engine, random.Random(seed), away=(40,))
    assert len(said) == 5
    assert max(said.values()) > 3
    last = DAYS[-1]
    assert {row[0] + timedelta(days=6): row[6] for row in read_trend(sqlite_engine, last, since=DAYS[0])} == said


def test_time_before_a_return_does_not_count(sqlite_engine: Engine) -> None:
    said = live(sqlite_engine, random.Random(3), away=(1, 4, 9))
    last = DAYS[-1]
    found = {row[0] + timedelta(days=6): row[6] for row in read_trend(sqlite_engine, last, since=DAYS[0])}
    assert all(found[day] <= said[day] for day in said)
    assert found[last] == said[last]
    later = last + timedelta(days=30)
    assert read_trend(sqlite_engine, later)[-1][6] == count_stale(sqlite_engine, later)
