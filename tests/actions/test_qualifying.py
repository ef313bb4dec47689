"""A person's word on whether a lead is qualified, and how the score and it get along."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import Engine, select
from stored_leads import AS_OF, NOON, act_by, criteria, read_lead, store_lead

from leadtriage.actions import Contact, disqualify_lead, log_contact, qualify_lead, undo_last_act
from leadtriage.actions.unit_of_work import LeadChange, text_columns, unit_of_work
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import EventKind, TouchKind
from leadtriage.db import Event, reading, table, writing
from leadtriage.importing import ImportOptions, import_file
from leadtriage.scoring import score_leads

GOOD = {
    "name": "Ann Lee",
    "title": "CEO",
    "email": "ann@acme.io",
    "email_kind": "business",
    "industry": "Manufacturing",
    "employees": 200,
    "budget_amount": 5_000_000,
    "budget_currency": "USD",
    "signs_off": "alone",
    "need": "replace our spreadsheets",
}


def score(engine: Engine) -> None:
    with writing(engine) as connection:
        score_leads(connection, criteria(), act_by("cron"))


def qualified(engine: Engine, lead_id: int) -> tuple[Any, Any]:
    lead = read_lead(engine, lead_id)
    return lead["qualified_on"], lead["qualified_by"]


def test_a_person_qualifies_a_lead_whatever_its_score(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    qualify_lead(engine, criteria(), act_by("Maria"), lead_id, " met at\nthe fair ")
    assert qualified(engine, lead_id) == (AS_OF, "Maria")
    event = table(Event)
    with reading(engine) as connection:
        told = connection.execute(select(event).where(event.c.kind == "qualified")).one()
    assert (told.field, told.old, told.new, told.note) == ("qualified_by", None, "Maria", "met at the fair")
    undo_last_act(engine, criteria(), act_by("Maria"))
    assert qualified(engine, lead_id) == (None, None)


def test_the_score_does_not_contradict_a_person_until_something_new_is_learned(engine: Engine) -> None:
    lead_id = store_lead(engine, **GOOD)
    score(engine)
    assert qualified(engine, lead_id) == (AS_OF, "score")
    disqualify_lead(engine, criteria(), act_by("Maria"), lead_id, "a student's project")
    assert qualified(engine, lead_id) == (None, None)
    score(engine)
    log_contact(engine, criteria(), act_by("Maria"), lead_id, Contact(TouchKind.CALL, answered=True))
    assert qualified(engine, lead_id) == (None, None)
    with unit_of_work(engine, criteria(), act_by("Sam")) as work:
        values = text_columns("industry", "Logistics")
        work.record([LeadChange(lead_id, EventKind.FIELD, values, field="industry", new="Logistics")])
    assert qualified(engine, lead_id) == (AS_OF, "score")


def test_taking_it_back_that_it_is_not_qualified_leaves_it_so(engine: Engine) -> None:
    lead_id = store_lead(engine, **GOOD)
    score(engine)
    disqualify_lead(engine, criteria(), act_by("Maria"), lead_id, "a mistake")
    undo_last_act(engine, criteria(), act_by("Maria"))
    score(engine)
    assert qualified(engine, lead_id) == (AS_OF, "score")


def test_a_person_may_change_their_mind(engine: Engine) -> None:
    lead_id = store_lead(engine, **GOOD)
    score(engine)
    disqualify_lead(engine, criteria(), act_by("Maria"), lead_id, "no")
    qualify_lead(engine, criteria(), act_by("Sam"), lead_id, "yes")
    assert qualified(engine, lead_id) == (AS_OF, "Sam")


def test_what_is_said_already_is_refused(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    with pytest.raises(LeadtriageError, match="it is not qualified"):
        disqualify_lead(engine, criteria(), act_by("Maria"), lead_id, "no")
    qualify_lead(engine, criteria(), act_by("Maria"), lead_id, "yes")
    with pytest.raises(LeadtriageError, match="it has been qualified since 2026-11-18, by Maria"):
        qualify_lead(engine, criteria(), act_by("Sam"), lead_id, "yes")


def test_a_reason_and_an_open_lead_are_needed(engine: Engine) -> None:
    with pytest.raises(UsageError, match="the reason is empty"):
        qualify_lead(engine, criteria(), act_by("Maria"), store_lead(engine, name="Ann Lee"), "  ")
    with pytest.raises(LeadtriageError, match="it is lost"):
        qualify_lead(engine, criteria(), act_by("Maria"), store_lead(engine, stage="lost", name="Ann Lee"), "yes")


def test_the_same_word_of_the_crm_does_not_contradict_a_person(engine: Engine) -> None:
    def receive(status: str, day: int) -> None:
        rows = f"Email,Name,Status\nann@acme.io,Ann Lee,{status}\n"
        when = act_by("Maria", NOON + timedelta(days=day))
        import_file(engine, None, ImportOptions(system="crm"), when, stream=BytesIO(rows.encode()), name=f"{day}.csv")

    receive("SQL", 0)
    assert qualified(engine, 1) == (AS_OF, "crm")
    disqualify_lead(engine, criteria(), act_by("Maria"), 1, "a student")
    receive("SQL", 1)
    assert qualified(engine, 1) == (None, None)
    receive("Pre Qualified", 2)
    assert qualified(engine, 1) == (AS_OF + timedelta(days=2), "crm")
