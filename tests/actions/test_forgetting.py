"""Erasing a person: what is left of them in every table, who is told, and what a later import does."""

from __future__ import annotations

from typing import Any

import pytest
from candidates import nominate, rules, score
from imports import act_on, bring
from sqlalchemy import Engine, String, cast, inspect, select
from stored_leads import read_lead

from leadtriage.actions import (
    Contact,
    GivenAnswer,
    Judgement,
    forget_person,
    judge,
    log_contact,
    merge_leads,
    store_answers,
    undo_last_act,
)
from leadtriage.core.errors import LeadNotFound, LeadtriageError
from leadtriage.core.vocabulary import TouchKind, VerdictWord
from leadtriage.db import PERSONAL_TABLES, Event, Forgotten, Verdict, check_database, reading, table
from leadtriage.db.tables.indexes import indexed_tables
from leadtriage.importing import undo_batch

HEADER = "Id,Name,Email,Phone,Title,Colour"
ANN = "101,Ann Leexample,ann@acme.example,+49 30 1234567,Headofann,annred"
ANNE = "102,Anne Leexample,anne@home.example,,,"
BOB = "103,Bob Fox,bob@fox.example,+49 30 7654321,CEO,blue"
TRACES = ("ann@acme", "anne@home", "leexample", "1234567", "headofann", "annred", "annotated", "crm:101", "crm:102")


def tell_everything(engine: Engine) -> None:
    """Two leads that are one person and one that is not, with rows, rejects, acts and notes of each kind."""
    bring(engine, 1, HEADER, ANN, ANNE, BOB)
    bring(engine, 2, HEADER, ANN.replace("annred", "annotated red"), ",,,,see ann@acme.example,", ",,,,see bob,")
    score(engine)
    nominate(engine, 1, by="CRM")
    log_contact(engine, rules(), act_on(3), 1, Contact(TouchKind.CALL, note="annotated"))
    store_answers(engine, rules(), act_on(4), [GivenAnswer(1, "need", "annotated"), GivenAnswer(1, "industry", None)])
    judge(engine, rules(), act_on(5), [1], Judgement(VerdictWord.RESCUE, "bad_data", note="annotated"))
    log_contact(engine, rules(), act_on(5), 3, Contact(TouchKind.CALL, note="of Bob"))
    merge_leads(engine, rules(), act_on(6), 1, 2)


def find_traces(engine: Engine) -> dict[str, list[str]]:
    """For each table what it still holds of the person."""
    found: dict[str, list[str]] = {}
    with reading(engine) as connection:
        for one in indexed_tables():
            for row in connection.execute(select(*(cast(column, String) for column in one.c))):
                text = " ".join(str(value) for value in row).lower()
                found.setdefault(one.name, []).extend(trace for trace in TRACES if trace in text)
    return {name: traces for name, traces in found.items() if traces}


def test_every_table_that_knows_leads_is_known_to_hold_something_of_persons() -> None:
    knows_leads = {one.name for one in indexed_tables() if {"lead_id", "cells"} & set(one.c.keys())}
    assert {table(model).name for model in PERSONAL_TABLES} == knows_leads | {"lead"}


def test_nothing_is_left_but_that_somebody_was_here(engine: Engine) -> None:
    tell_everything(engine)
    assert len(find_traces(engine)) >= 8, "the test tells too little"
    erased = forget_person(engine, rules(), act_on(7, "Officer"), 2)
    assert find_traces(engine) == {}
    assert (erased.lead_ids, erased.rows, erased.rejects, erased.verdicts, erased.wiped) == ((1, 2), 3, 1, 1, True)
    assert erased.files == ("day1.csv", "day2.csv")
    with reading(engine) as connection:
        assert [line for line in check_database(connection).rows if line["found"]] == []
        verdict = connection.execute(select(table(Verdict))).one()
        kinds = connection.execute(select(table(Event).c.kind).where(table(Event).c.lead_id == 1)).scalars().all()
        hashes = connection.execute(select(table(Forgotten))).all()
    assert (verdict.verdict, verdict.reason) == ("rescue", "bad_data"), "what reports count stays"
    assert {"created", "touch", "verdict", "forgotten"} <= set(kinds)
    assert len(hashes) == erased.keys > 3
    assert read_lead(engine, 3)["email"] == "bob@fox.example"


def test_the_person_is_rejected_by_any_of_their_keys_and_nobody_else(engine: Engine) -> None:
    tell_everything(engine)
    forget_person(engine, rules(), act_on(7), 1)
    again = [
        "101,Somebody,,,,",
        ",New Name,ANNE@home.example,,,",
        ",Ann Leexample,,+49 (30) 123-4567,,",
        BOB,
        "104,Cy,cy@x.example,,,",
    ]
    summary = bring(engine, 8, HEADER, *again)
    assert (summary.created, summary.rejected) == (1, 3)
    assert {reject.reason for reject in summary.rejects} == {"this person asked to be forgotten on 2026-11-08"}
    assert all(not any(reject.cells) for reject in summary.rejects)
    assert set(find_traces(engine)) <= {"import_row", "lead", "lead_key", "import_reject"}


def test_others_go_on_as_before(engine: Engine) -> None:
    tell_everything(engine)
    forget_person(engine, rules(), act_on(7, "Officer"), 1)
    assert undo_last_act(engine, rules(), act_on(8)).events[0]["lead_id"] == 3
    undo_batch(engine, 1, act_on(9))
    undo_batch(engine, 2, act_on(9))
    assert find_traces(engine) == {}
    with reading(engine) as connection:
        assert [line for line in check_database(connection).rows if line["found"]] == []


def test_a_taken_back_merge_leaves_nothing_on_the_other_lead(engine: Engine) -> None:
    tell_everything(engine)
    undo_last_act(engine, rules(), act_on(7))
    merge_leads(engine, rules(), act_on(8), 3, 1, {"title": 1})
    undo_last_act(engine, rules(), act_on(9))
    erased = forget_person(engine, rules(), act_on(10), 1)
    assert erased.lead_ids == (1,)
    left = {trace for traces in find_traces(engine).values() for trace in traces}
    assert left <= {"anne@home", "leexample", "crm:102"}, "only the other lead of that name is left"
    assert read_lead(engine, 3)["title"] == "CEO"


def test_what_is_erased_is_erased_once(engine: Engine) -> None:
    bring(engine, 1, HEADER, ANN)
    forget_person(engine, rules(), act_on(2), 1)
    with pytest.raises(LeadtriageError, match="this person was forgotten on 2026-11-03"):
        forget_person(engine, rules(), act_on(3), 1)
    with pytest.raises(LeadtriageError, match="cannot be undone"):
        undo_last_act(engine, rules(), act_on(3))
    with pytest.raises(LeadNotFound):
        forget_person(engine, rules(), act_on(3), 77)
    assert all(inspect(engine).has_table(one.name) for one in indexed_tables())


def test_leads_that_are_alike_are_named_and_left(engine: Engine) -> None:
    bring(engine, 1, HEADER, ANN)
    bring(engine, 2, HEADER, "201,Cy Lo,,+49 30 1234567,,")
    erased = forget_person(engine, rules(), act_on(3), 1)
    assert erased.alike == (2,)
    stored: dict[str, Any] = read_lead(engine, 2)
    assert stored["phone"] == "+49301234567"
