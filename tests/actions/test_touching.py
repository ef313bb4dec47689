"""A logged contact: clocks, counts, stage and promise of a lead."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update
from stored_leads import AS_OF, NOON, act_by, criteria, read_lead, store_lead

from leadtriage.actions import Contact, Snooze, log_contact, snooze_leads, undo_last_act
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import TouchKind
from leadtriage.db import Event, Lead, LeadScore, Touch, reading, table, writing

SOON = AS_OF + timedelta(days=3)


def log(
    engine: Engine,
    lead_id: int,
    *,
    at: datetime = NOON,
    kind: TouchKind = TouchKind.CALL,
    rules: str | None = None,
    **more: Any,
) -> Any:
    return log_contact(engine, criteria(rules), act_by("Maria", at), lead_id, Contact(kind, **more))


def counts(engine: Engine, lead_id: int) -> tuple[int, int, int]:
    lead = read_lead(engine, lead_id)
    return lead["touches"], lead["unanswered_touches"], lead["replies"]


def test_a_first_contact_starts_the_work(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", email="ann@acme.io")
    log(engine, lead_id, note="left a message", next_on=SOON)
    lead = read_lead(engine, lead_id)
    assert (lead["stage"], lead["first_touch_on"], lead["last_touch_on"]) == ("working", AS_OF, AS_OF)
    assert (lead["contact_dated"], lead["worked_here"], lead["next_touch_on"]) == (True, True, SOON)
    assert counts(engine, lead_id) == (1, 1, 0)
    event, kept, score = table(Event), table(Touch), table(LeadScore)
    with reading(engine) as connection:
        told = connection.execute(
            select(event.c.kind, event.c.field, event.c.old, event.c.new).order_by(event.c.id)
        ).all()
        assert [tuple(line) for line in told[1:3]] == [
            ("touch", "call", None, "2026-11-18"),
            ("stage", None, "new", "working"),
        ]
        first_act = connection.execute(select(event.c.act).order_by(event.c.id).limit(1)).scalar_one()
        row = connection.execute(select(kept)).one()
        assert (row.kind, row.on, row.answered, row.by, row.note, row.next_on, row.act) == (
            "call",
            AS_OF,
            False,
            "Maria",
            "left a message",
            SOON,
            first_act + 1,
        )
        clocks = connection.execute(select(score.c.first_touch_due, score.c.idle_due, score.c.promised_due)).one()
    assert (clocks.first_touch_due, clocks.promised_due) == (None, SOON)
    assert clocks.idle_due > AS_OF


@pytest.mark.parametrize(
    ("touches", "after"),
    [
        ([("call", None)], (1, 1, 0)),
        ([("call", None), ("email", None)], (2, 2, 0)),
        ([("call", None), ("email", True)], (2, 0, 1)),
        ([("call", True), ("message", None)], (2, 1, 1)),
        ([("meeting", None)], (1, 0, 1)),
        ([("meeting", False)], (1, 1, 0)),
    ],
)
def test_answers_are_counted(engine: Engine, touches: list[tuple[str, bool | None]], after: tuple[int, ...]) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    for kind, answered in touches:
        log(engine, lead_id, kind=TouchKind(kind), answered=answered)
    assert counts(engine, lead_id) == after


def test_a_contact_keeps_the_promise_of_one(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    log(engine, lead_id, next_on=SOON)
    log(engine, lead_id)
    assert read_lead(engine, lead_id)["next_touch_on"] is None


def test_an_older_contact_moves_no_later_one(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    log(engine, lead_id, next_on=SOON)
    log(engine, lead_id, at=NOON - timedelta(days=2))
    lead = read_lead(engine, lead_id)
    before = AS_OF - timedelta(days=2)
    assert (lead["first_touch_on"], lead["last_touch_on"], lead["next_touch_on"]) == (before, AS_OF, SOON)


def test_a_contact_gives_an_undated_one_its_day(engine: Engine) -> None:
    imported = date(2026, 11, 10)
    lead_id = store_lead(engine, stage="working", name="Ann Lee", last_touch_on=imported, contact_dated=False)
    log(engine, lead_id)
    lead = read_lead(engine, lead_id)
    assert (lead["first_touch_on"], lead["last_touch_on"], lead["contact_dated"]) == (AS_OF, AS_OF, True)


def test_a_parked_lead_is_worked_from_its_day_on(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    snooze_leads(engine, criteria(), act_by("Maria"), [lead_id], Snooze(SOON, "bad_timing"))
    early = log(engine, lead_id)
    assert read_lead(engine, lead_id)["stage"] == "nurture"
    assert "stays snoozed until 2026-11-21" in early.warnings[0]
    late = log(engine, lead_id, at=NOON + timedelta(days=3))
    lead = read_lead(engine, lead_id)
    assert (lead["stage"], lead["nurture_until"], lead["nurture_reason"]) == ("working", None, None)
    assert (lead["shelf_from"], late.warnings) == (SOON, ())


@pytest.mark.parametrize(
    ("lead", "said"),
    [({"do_not_contact": True}, "must not be contacted"), ({"email_kind": "disposable"}, "is a junk candidate")],
)
def test_what_speaks_against_a_contact_is_told(engine: Engine, lead: dict[str, Any], said: str) -> None:
    lead_id = store_lead(engine, name="Ann Lee", **lead)
    log(engine, lead_id)
    assert any(said in warning for warning in log(engine, lead_id).warnings)


def test_a_closed_lead_is_not_contacted(engine: Engine) -> None:
    lead_id = store_lead(engine, stage="lost", name="Ann Lee", closed_on=AS_OF)
    with pytest.raises(LeadtriageError, match="it is lost since 2026-11-18") as refused:
        log(engine, lead_id)
    assert refused.value.hint == f"leadtriage reopen {lead_id}"


def test_a_promise_lies_ahead(engine: Engine) -> None:
    with pytest.raises(UsageError, match="before this contact"):
        log(engine, store_lead(engine, name="Ann Lee"), next_on=AS_OF - timedelta(days=1))


def test_a_contact_is_taken_back(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    before = read_lead(engine, lead_id)
    log(engine, lead_id, answered=True, next_on=SOON)
    undo_last_act(engine, criteria(), act_by("Maria"))
    assert {**read_lead(engine, lead_id), "changed_at": None} == {**before, "changed_at": None}
    with reading(engine) as connection:
        assert connection.execute(select(table(Touch).c.withdrawn_at)).scalar_one() is not None


AGING = """
score:
  fit:
    max: 60
    criteria:
      - {name: Size, field: employees, tiers: [{points: 30, at_least: 10}]}
      - {name: Came in lately, field: age_days, tiers: [{points: 20, at_most: 10}]}
"""
CALLED = "      - {name: Called, field: touches, tiers: [{points: -20, at_least: 1}]}\n"
NAGGED = "junk: {below: 5, known: 0.5, disqualify: [{reason: spam, field: unanswered_touches, at_least: 9}]}\n"


@pytest.mark.parametrize(
    ("rules", "told", "cause"),
    [
        (AGING + NAGGED, None, "time"),
        (AGING + CALLED, None, "data"),
        (AGING, "employees", "data"),
        (AGING, "owner", "time"),
    ],
)
def test_a_grade_that_a_touch_finds_moved_is_told_with_its_own_cause(
    sqlite_engine: Engine, rules: str, told: str | None, cause: str
) -> None:
    lead_id, event, lead = store_lead(sqlite_engine, created_on=AS_OF, employees=30), table(Event), table(Lead)
    log(sqlite_engine, lead_id, rules=rules)
    if told:
        # As an import does that nobody scored after.
        at = NOON + timedelta(days=1)
        line = {"lead_id": lead_id, "id": 1000, "act": 1000, "at": at, "recorded_at": at, "by": "Test", "kind": "field"}
        with writing(sqlite_engine) as connection:
            connection.execute(insert(event).values(field=told, **line))
            connection.execute(update(lead).where(lead.c.id == lead_id).values(changed_at=at))
    log(sqlite_engine, lead_id, at=NOON + timedelta(days=20), rules=rules)
    with reading(sqlite_engine) as connection:
        moved = connection.execute(select(event.c.reason).where(event.c.kind == "grade", event.c.lead_id == lead_id))
        assert moved.scalars().all() == [cause]
