"""Parked leads: off the queue until their day, on it again by themselves, with a contact interval of their own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from stored_leads import AS_OF, NOON, act_by, criteria, read_lead, store_lead

from leadtriage.actions import Contact, Snooze, log_contact, snooze_leads, undo_last_act
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import TouchKind
from leadtriage.db import Event, reading, table, writing
from leadtriage.reports.lists import choose_leads, list_nurture, list_queue
from leadtriage.reports.query import Filters, ListRequest
from leadtriage.scoring import score_leads

INTERVAL = criteria().follow_up.nurture


def on(days: int) -> date:
    return AS_OF + timedelta(days=days)


def park_for(engine: Engine, *lead_ids: int, days: int = 21, today: int = 0, **more: Any) -> Any:
    parking = Snooze(on(days), more.pop("reason", "bad_timing"), **more)
    return snooze_leads(engine, criteria(), act_by("Maria", NOON + timedelta(days=today)), lead_ids, parking)


def queued(engine: Engine, days: int = 0) -> list[Any]:
    with reading(engine) as connection:
        return [row["id"] for row in list_queue(ListRequest(connection, Filters(), on(days))).rows]


def parked(engine: Engine, days: int = 0, **filters: Any) -> list[Any]:
    with reading(engine) as connection:
        return list(list_nurture(ListRequest(connection, Filters(**filters), on(days))).rows)


def score(engine: Engine) -> None:
    with writing(engine) as connection:
        score_leads(connection, criteria(), act_by("cron"))


def test_a_parked_lead_leaves_the_queue_and_is_back_on_its_day(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", company="Acme", email="ann@acme.io", title="CEO")
    other = store_lead(engine, name="Bob Fox", email="bob@fox.io", title="CEO")
    score(engine)
    assert set(queued(engine)) == {lead_id, other}
    park_for(engine, lead_id, note="budget next year")
    lead = read_lead(engine, lead_id)
    assert (lead["stage"], lead["nurture_until"], lead["nurture_reason"]) == ("nurture", on(21), "bad_timing")
    assert queued(engine) == queued(engine, days=20) == [other]
    assert set(queued(engine, days=21)) == {lead_id, other}
    with reading(engine) as connection:
        steps = {row["id"]: row["next_step"] for row in list_queue(ListRequest(connection, Filters(), on(21))).rows}
    assert "back from nurture" in steps[lead_id] or "ask" in steps[lead_id]
    event = table(Event)
    with reading(engine) as connection:
        told = connection.execute(select(event).where(event.c.lead_id == lead_id, event.c.kind == "stage")).one()
    assert (told.old, told.new, told.reason, told.note) == ("new", "nurture", "bad_timing", "budget next year")


def test_parking_again_moves_the_day_and_not_the_contact_interval(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", email="ann@acme.io")
    park_for(engine, lead_id, days=60)
    park_for(engine, lead_id, days=90, today=5)
    lead = read_lead(engine, lead_id)
    assert (lead["nurture_until"], lead["parked_on"]) == (on(90), AS_OF)
    event = table(Event)
    with reading(engine) as connection:
        told = connection.execute(select(event).where(event.c.kind == "field")).one()
    assert (told.field, told.old, told.new) == ("nurture_until", on(60).isoformat(), on(90).isoformat())
    park_for(engine, lead_id, days=120, today=90)
    assert read_lead(engine, lead_id)["parked_on"] == on(90)


def test_the_list_has_on_top_whose_day_has_come_then_who_is_to_be_written_to(engine: Engine) -> None:
    later, soon, due, long_due = (store_lead(engine, name=f"Lead {n}", email=f"{n}@x.io") for n in range(4))
    park_for(engine, later, days=300)
    park_for(engine, soon, days=200)
    park_for(engine, due, days=INTERVAL)
    park_for(engine, long_due, days=INTERVAL - 5)
    assert [row["id"] for row in parked(engine)] == [long_due, due, soon, later]
    log_contact(
        engine,
        criteria(),
        act_by("Maria", NOON + timedelta(days=INTERVAL - 1)),
        soon,
        Contact(TouchKind.EMAIL),
    )
    rows = parked(engine, days=INTERVAL)
    assert [row["id"] for row in rows] == [long_due, due, later, soon]
    assert [row["due"] for row in rows] == [True, True, False, False]
    assert [row["contact_due"] for row in rows] == [
        on(INTERVAL - 5),
        on(INTERVAL),
        on(INTERVAL),
        on(INTERVAL - 1 + INTERVAL),
    ]
    assert [row["due_shown"] for row in rows] == ["now", "now", "in 270 days", "in 170 days"]


def test_the_list_is_of_those_who_may_be_contacted_and_filtered(engine: Engine) -> None:
    mine = store_lead(engine, name="Ann Lee", email="ann@acme.io", owner="Maria")
    others = store_lead(engine, name="Bob Fox", email="bob@fox.io", owner="Sam")
    silent = store_lead(engine, name="Cy Poe", email="cy@poe.io", do_not_contact=True)
    park_for(engine, mine, others, silent)
    assert {row["id"] for row in parked(engine)} == {mine, others}
    assert [row["id"] for row in parked(engine, owner="maria")] == [mine]
    assert {row["id"] for row in parked(engine, reason="bad_timing")} == {mine, others}
    assert parked(engine, reason="price") == []


def test_a_lead_that_an_import_parked_is_written_to_on_its_day(engine: Engine) -> None:
    lead_id = store_lead(engine, stage="nurture", name="Ann Lee", email="ann@acme.io", nurture_until=on(10))
    score(engine)
    (row,) = parked(engine)
    assert (row["id"], row["contact_due"], row["due"], row["reason"]) == (lead_id, on(10), False, None)
    park_for(engine, lead_id, days=100)
    assert parked(engine)[0]["contact_due"] == on(INTERVAL)


@pytest.mark.parametrize("stage", ["won", "lost", "converted", "junk"])
def test_a_closed_lead_is_not_parked(engine: Engine, stage: str) -> None:
    lead_id = store_lead(engine, stage=stage, name="Ann Lee", closed_on=AS_OF)
    with pytest.raises(LeadtriageError, match=f"it is {stage} since"):
        park_for(engine, lead_id)


@pytest.mark.parametrize(
    ("values", "said"),
    [({"days": 0}, "not later than today"), ({"reason": "bad_timming"}, "unknown reason")],
)
def test_a_day_and_a_reason_are_needed(engine: Engine, values: dict[str, Any], said: str) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    with pytest.raises(UsageError, match=said):
        park_for(engine, lead_id, **values)
    assert read_lead(engine, lead_id)["stage"] == "new"


def test_many_are_parked_each_with_a_line_of_its_own_and_taken_back_together(engine: Engine) -> None:
    open_ids = [store_lead(engine, name=f"Lead {n}", email=f"{n}@x.io", source="Fair") for n in range(3)]
    closed = store_lead(engine, stage="won", name="Won", source="Fair")
    store_lead(engine, name="Other", source="Web")
    with reading(engine) as connection:
        chosen = choose_leads(connection, Filters(source="fair"))
    assert (set(chosen.open), chosen.closed) == (set(open_ids), 1)
    done = park_for(engine, *open_ids, closed)
    assert ([lead["id"] for lead in done.leads], done.left_out) == (open_ids, 1)
    event = table(Event)
    with reading(engine) as connection:
        told = connection.execute(select(event.c.lead_id, event.c.act).where(event.c.kind == "stage")).all()
    assert [line.lead_id for line in told] == open_ids
    assert len({line.act for line in told}) == 1
    undo_last_act(engine, criteria(), act_by("Maria"))
    assert {read_lead(engine, lead_id)["stage"] for lead_id in open_ids} == {"new"}
    assert parked(engine) == []


def test_of_many_one_must_be_open(engine: Engine) -> None:
    closed = [store_lead(engine, stage="won", name=f"Lead {n}") for n in range(2)]
    with pytest.raises(LeadtriageError, match="none of the chosen leads is open"):
        park_for(engine, *closed)


def test_a_junk_candidate_stays_one(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", email="a@b.io", email_kind="disposable")
    score(engine)
    assert park_for(engine, lead_id).warnings == ("lead 1 is a junk candidate that nobody has reviewed",)
    assert (queued(engine, days=21), parked(engine)) == ([], [])
