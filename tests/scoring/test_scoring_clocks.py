"""Clocks: working days against a count day by day, and what runs out when for leads of all kinds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine, update
from stored import AS_OF, act_on, read_scores, store_leads

from evaluator import SampleLead
from leadtriage.criteria import load_criteria
from leadtriage.db import Lead, table, writing
from leadtriage.scoring import score_leads
from leadtriage.scoring.compile.clocks import add_working_days

days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def count_day_by_day(day: date, count: int, working_days: set[int], holidays: set[date]) -> date:
    def works(on: date) -> bool:
        return on.weekday() in working_days and on not in holidays

    if count == 0:
        while not works(day):
            day += timedelta(days=1)
    while count:
        day += timedelta(days=1)
        count -= works(day)
    return day


@given(
    day=days,
    count=st.integers(0, 60),
    working_days=st.sets(st.integers(0, 6), min_size=1),
    holidays=st.sets(days, max_size=40),
)
def test_working_days_are_those_of_a_count_day_by_day(
    day: date, count: int, working_days: set[int], holidays: set[date]
) -> None:
    found = add_working_days(day, count, tuple(working_days), sorted(holidays))
    assert found == count_day_by_day(day, count, working_days, holidays)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_working_days_stay_within_the_calendar(day: date) -> None:
    assert date.min <= add_working_days(day, 400, (0, 1), ()) <= date.max


CRITERIA = """
version: 1
name: Clocks
currency: USD
score:
  fit:
    max: 100
    criteria:
      - {name: Size, field: employees, tiers: [{points: 80, at_least: 100}, {points: 40, at_least: 10}]}
grades: {A: 75, B: 50, C: 25}
junk: {below: -100, known: 1, disqualify: [{reason: spam, field: company, is: spam}]}
follow_up:
  first_touch: {A: 1d, C: 5d}
  idle: 10d
  nurture: 30d
  shelf_life: 90d
  warn: 14d
  working_days: [mon, tue, wed, thu, fri]
  holidays: [2026-11-16]
"""
"""The 18th of November 2026 is a Wednesday, the 16th here a holiday."""

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an A lead waits one working day, over the weekend and a holiday": (
        {"employees": 200, "created_on": date(2026, 11, 13)},
        {"first_touch_due": date(2026, 11, 17), "next_due": date(2026, 11, 17), "expires_on": date(2027, 2, 11)},
    ),
    "a C lead waits five": (
        {"employees": 20, "created_on": date(2026, 11, 13)},
        {"first_touch_due": date(2026, 11, 23), "queue_from": date(2026, 11, 13)},
    ),
    "a grade that is not named has no such clock; it expires": (
        {"employees": 1, "created_on": date(2026, 11, 1)},
        {"first_touch_due": None, "expires_on": date(2027, 1, 30), "next_due": date(2027, 1, 15)},
    ),
    "a contact stops the first clock and starts the idle one": (
        {"employees": 200, "created_on": date(2026, 11, 2), "last_touch_on": date(2026, 11, 3), "stage": "working"},
        {"first_touch_due": None, "idle_due": date(2026, 11, 18), "next_due": date(2026, 11, 18)},
    ),
    "a contact that only a status proves counts from its import": (
        {"employees": 200, "created_on": date(2026, 10, 1), "imported_on": date(2026, 11, 3), "contact_dated": False},
        {"first_touch_due": None, "idle_due": date(2026, 11, 18)},
    ),
    "a promised touch is due on its day": (
        {"employees": 200, "created_on": date(2026, 11, 17), "next_touch_on": date(2026, 11, 15)},
        {"promised_due": date(2026, 11, 15), "next_due": date(2026, 11, 15)},
    ),
    "a parked lead starts when it comes back": (
        {"employees": 200, "created_on": date(2025, 1, 1), "stage": "nurture", "nurture_until": date(2026, 12, 1)},
        {
            "queue_from": date(2026, 12, 1),
            "first_touch_due": date(2026, 12, 2),
            "expires_on": date(2027, 3, 1),
            "backlog": False,
        },
    ),
    "a parked lead that was in contact is idle from the day it comes back": (
        {
            "employees": 200,
            "created_on": date(2025, 1, 1),
            "stage": "nurture",
            "nurture_until": date(2026, 12, 1),
            "last_touch_on": date(2026, 1, 1),
            "next_touch_on": date(2026, 11, 1),
        },
        {"first_touch_due": None, "idle_due": date(2026, 12, 15), "promised_due": date(2026, 12, 1)},
    ),
    "a lead parked without a date has no clock and is in no queue": (
        {"employees": 200, "created_on": date(2026, 11, 1), "stage": "nurture"},
        {"queue_from": None, "first_touch_due": None, "expires_on": None, "next_due": None},
    ),
    "the shelf life starts anew": (
        {"employees": 1, "created_on": date(2026, 1, 1), "shelf_from": date(2026, 11, 1)},
        {"expires_on": date(2027, 1, 30), "backlog": False},
    ),
    "one day past its shelf life when it came to us: backlog, without other clocks": (
        {"employees": 200, "created_on": date(2026, 8, 9), "imported_on": date(2026, 11, 8)},
        {
            "backlog": True,
            "first_touch_due": None,
            "expires_on": None,
            "next_due": None,
            "queue_from": date(2026, 8, 9),
        },
    ),
    "within its shelf life when it came to us: none": (
        {"employees": 200, "created_on": date(2026, 8, 9), "imported_on": date(2026, 11, 7)},
        {"backlog": False, "expires_on": date(2026, 11, 7)},
    ),
    "backlog until somebody here works it": (
        {"employees": 200, "created_on": date(2026, 1, 1), "imported_on": date(2026, 11, 8), "worked_here": True},
        {"backlog": False, "first_touch_due": date(2026, 1, 2)},
    ),
    "who must not be contacted is in no queue and under no clock": (
        {"employees": 200, "created_on": date(2026, 11, 1), "do_not_contact": True},
        {"queue_from": None, "first_touch_due": None, "next_due": None, "expires_on": None, "backlog": False},
    ),
    "a junk candidate awaits its review, not a call": (
        {"employees": 200, "created_on": date(2026, 1, 1), "imported_on": date(2026, 11, 8), "company": "Spam"},
        {"candidate": True, "reason": "spam", "queue_from": None, "next_due": None, "backlog": False},
    ),
    "a closed lead has none": (
        {"employees": 200, "created_on": date(2026, 11, 1), "stage": "won"},
        {"grade": "A", "queue_from": None, "next_due": None, "expires_on": None, "candidate": False},
    ),
}


def test_clocks_run_out_as_the_criteria_say(engine: Engine) -> None:
    leads = [SampleLead({"stage": "new", **fields}) for fields, _ in CASES.values()]
    with writing(engine) as connection:
        store_leads(connection, leads)
        score_leads(connection, load_criteria(CRITERIA, place="here"), act_on())
        stored = read_scores(connection)
    for lead_id, (case, (_, expected)) in enumerate(CASES.items(), start=1):
        assert {name: getattr(stored[lead_id], name) for name in expected} == expected, case


def test_a_lead_that_is_closed_removed_or_merged_leaves_the_lists_and_keeps_its_score(sqlite_engine: Engine) -> None:
    criteria = load_criteria(CRITERIA, place="here")
    lead = table(Lead)
    changes = [{"stage": "lost"}, {"removed_by": 1}, {"merged_into": 9}]
    with writing(sqlite_engine) as connection:
        store_leads(connection, [SampleLead({"stage": "new", "employees": 200, "created_on": AS_OF})] * len(changes))
        score_leads(connection, criteria, act_on())
        for lead_id, change in enumerate(changes, start=1):
            connection.execute(update(lead).where(lead.c.id == lead_id).values(employees=1, **change))
        summary = score_leads(connection, criteria, act_on(hour=13))
        stored = read_scores(connection)
    assert summary.scored == 0
    for row in stored.values():
        assert (row.score, row.grade) == (80, "A")
        assert (row.queue_from, row.next_due, row.candidate) == (None, None, False)
