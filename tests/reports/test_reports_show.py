"""A lead's card adds up and tells its story; candidates are listed with every line that nominates them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from world import (
    NOON,
    TODAY,
    Event,
    ExtraColumn,
    ImportBatch,
    LikelyDuplicate,
    Nomination,
    World,
    random_world,
    view,
)

from leadtriage.core.context import Act
from leadtriage.core.errors import LeadNotFound
from leadtriage.core.tables import Card, Table
from leadtriage.criteria import example_criteria
from leadtriage.db import writing
from leadtriage.reports.lead import show_lead
from leadtriage.reports.lists import list_candidates, list_queue, list_stale
from leadtriage.reports.query import Filters, ListRequest, ReportRequest
from leadtriage.scoring import score_leads

CRITERIA = example_criteria()
LEDGER_KEYS = {"dimension", "criterion", "field", "value", "points", "ceiling", "known"}


def make_world() -> World:
    world = World()
    came_in = TODAY - timedelta(days=3)
    world.lead(
        1,
        name="Ann O'Neil",
        company="Acme",
        title="Director of Sales",
        email="ann@acme.example",
        email_kind="business",
        phone="+4930123456",
        created_on=came_in,
        source="Demo request",
        employees=1200,
        budget_amount=2500050,
        budget_currency="USD",
        owner="Maria",
        need="We need to replace our CRM",
        extra={"c1": "HubSpot"},
        extra_comparable={"c1": "hubspot"},
        crm_id="hubspot:101",
        do_not_contact=False,
    )
    world.lead(2, name="Stu Dent", title="Student", need="just looking, for my thesis", created_on=came_in)
    world.lead(3, name="Paul Pitch", company="Rank", need="seo services", created_on=came_in, owner="Maria")
    world.lead(4, name="Ann Oneil", company="Acme", title="CEO", stage="working", last_touch_on=came_in)
    world.lead(5, name="Gone", removed_by=3, need="seo services")
    world.lead(6, name="Won", stage="won", closed_on=TODAY, outcome_reason="price", need="seo services")
    world.add(ExtraColumn, id=1, header="Current CRM", header_comparable="current crm")
    world.add(ExtraColumn, id=2, header="Empty", header_comparable="empty")
    world.add(LikelyDuplicate, lead_id=4, other_lead_id=1, evidence="same name and company")
    world.add(LikelyDuplicate, lead_id=1, other_lead_id=5, evidence="same phone")
    world.add(Nomination, lead_id=4, id=1, by="zoho", reason="no_fit", note="Junk Lead", at=NOON, recorded_at=NOON)
    batch = {"file": "leads.csv", "sha256": "0" * 64, "options": "", "headers": [], "mapping": {}}
    world.add(ImportBatch, id=1, at=NOON, recorded_at=NOON, by="Ann", **batch)
    early = NOON - timedelta(days=1)
    created = {"kind": "created", "new": "new", "batch_id": 1, "at": early, "recorded_at": early, "by": "Ann"}
    world.add(Event, lead_id=1, id=1_000_000, act=1, **created)
    return world


def score(engine: Engine, act_on: Any = TODAY) -> None:
    with writing(engine) as connection:
        score_leads(connection, CRITERIA, Act("Ann", act_on, NOON, NOON))


def show(engine: Engine, lead_id: int) -> Card:
    with view(engine) as connection:
        return show_lead(connection, CRITERIA, lead_id, TODAY)


def part(card: Card, title: str) -> Table:
    (found,) = (table for table in card.tables if table.title == title)
    return found


def test_the_record_holds_the_lead_its_ledger_its_story_and_what_to_ask(engine: Engine) -> None:
    make_world().store_in(engine)
    score(engine)
    card = show(engine, 1)
    record = card.record
    assert record["name"] == "Ann O'Neil"
    assert (record["budget"], record["budget_currency"]) == (25000.5, "USD")
    assert (record["age_days"], record["idle_days"], record["decides_in_days"]) == (3, 3, None)
    assert all(set(line) == LEDGER_KEYS for line in record["ledger"])
    assert sum(line["points"] for line in record["ledger"]) == record["score"]
    assert sum(line["ceiling"] for line in record["ledger"]) == record["ceiling"]
    assert record["events"][0]["text"] == "imported from leads.csv (batch 1)"
    assert {frozenset(line) for line in record["events"]} == {frozenset({"at", "by", "kind", "text"})}
    assert record["next_question"] == record["questions"][0]["ask"]
    assert record["duplicates"] == [
        {"id": 4, "name": "Ann Oneil", "company": "Acme", "email": None, "evidence": "same name and company"}
    ]
    assert record["columns"] == [{"column": "Current CRM", "value": "HubSpot"}]
    facts = dict(card.facts)
    assert facts["Budget"] == "25,000.50 USD"
    assert facts["Employees"] == "1,200"
    assert facts["Do not contact"] == "no"
    assert facts["Last contact"] == "not contacted (as far as recorded)"
    assert card.notes == ()


def test_people_see_a_ledger_that_ends_with_its_sum(sqlite_engine: Engine) -> None:
    make_world().store_in(sqlite_engine)
    score(sqlite_engine)
    card = show(sqlite_engine, 1)
    *lines, total = part(card, "Why this score").rows
    assert total["points"] == sum(int(str(line["points"])) for line in lines) == card.record["score"]
    assert total["criterion"] == "total"
    assert total["ceiling"] == sum(int(str(line["ceiling"])) for line in lines) == card.record["ceiling"]


def test_every_ledger_adds_up_to_the_stored_score(sqlite_engine: Engine) -> None:
    world = random_world(1, leads=12)
    world.scores = []
    world.store_in(sqlite_engine)
    score(sqlite_engine)
    shown = [lead["id"] for lead in world.leads if lead["removed_by"] is None and lead["merged_into"] is None]
    for lead_id in shown:
        card = show(sqlite_engine, lead_id)
        assert sum(line["points"] for line in card.record["ledger"]) == card.record["score"]
        assert card.notes == ()


def test_the_card_says_where_lists_show_another_score(sqlite_engine: Engine) -> None:
    make_world().store_in(sqlite_engine)
    assert "not scored yet" in " ".join(show(sqlite_engine, 1).notes)
    score(sqlite_engine)
    with view(sqlite_engine) as connection:
        later = show_lead(connection, CRITERIA, 1, TODAY + timedelta(days=200))
    assert "Lists show score" in " ".join(later.notes)
    assert "removed by an undo" in " ".join(show(sqlite_engine, 5).notes)


def test_a_closed_lead_has_no_question_and_is_no_candidate(sqlite_engine: Engine) -> None:
    make_world().store_in(sqlite_engine)
    score(sqlite_engine)
    card = show(sqlite_engine, 6)
    assert card.record["next_question"] is None
    assert card.record["nominations"] == []
    assert dict(card.facts)["Stage"] == "won on 20 Nov 2026, price"


def test_an_unknown_lead_is_a_clear_error(sqlite_engine: Engine) -> None:
    with view(sqlite_engine) as connection, pytest.raises(LeadNotFound):
        show_lead(connection, CRITERIA, 77, TODAY)


def test_candidates_are_listed_with_all_that_nominates_them(engine: Engine) -> None:
    make_world().store_in(engine)
    score(engine)
    with view(engine) as connection:
        junk = list_candidates(ReportRequest(connection, Filters(), TODAY, criteria=CRITERIA))
        of_maria = list_candidates(ReportRequest(connection, Filters(owner="maria"), TODAY, criteria=CRITERIA))
        first = list_candidates(ReportRequest(connection, Filters(), TODAY, 1, criteria=CRITERIA))
    assert [column.key for column in junk.columns] == (
        "id name company email source owner score ceiling known reason why flagged_by age_days".split()
    )
    rows = {row["id"]: row for row in junk.rows}
    assert set(rows) == {2, 3, 4}
    assert (rows[4]["reason"], rows[4]["flagged_by"]) == ("no_fit", "zoho")
    assert "Junk Lead" in str(rows[4]["why"])
    assert (rows[3]["reason"], rows[3]["flagged_by"]) == ("selling_to_us", "criteria")
    assert "seo services" in str(rows[3]["why"])
    ceilings = [int(str(row["ceiling"])) for row in junk.rows]
    assert ceilings == sorted(ceilings, reverse=True)
    assert [row["id"] for row in of_maria.rows] == [3]
    assert first.rows == junk.rows[:1] and first.more


def test_a_candidate_is_in_no_list_of_work(engine: Engine) -> None:
    make_world().store_in(engine)
    score(engine)
    later = TODAY + timedelta(days=20)
    with view(engine) as connection:
        queued = {row["id"] for row in list_queue(ListRequest(connection, Filters(), later)).rows}
        stale = {row["id"] for row in list_stale(ListRequest(connection, Filters(), later)).rows}
    assert queued == stale == {1}


def test_what_was_closed_or_barred_since_the_last_score_is_off_the_lists(engine: Engine) -> None:
    world = World()
    late = {"first_touch_due": TODAY - timedelta(days=1)}
    world.scored(1, lead={"stage": "won"}, **late)
    world.scored(2, lead={"do_not_contact": True}, **late)
    world.scored(3, lead={"stage": "lost"}, candidate=True, reason="spam", queue_from=None)
    world.scored(4, lead={"do_not_contact": False}, **late)
    world.store_in(engine)
    with view(engine) as connection:
        assert [row["id"] for row in list_queue(ListRequest(connection, Filters(), TODAY)).rows] == [4]
        assert [row["id"] for row in list_stale(ListRequest(connection, Filters(), TODAY)).rows] == [4]
        assert list_candidates(ReportRequest(connection, Filters(), TODAY, criteria=CRITERIA)).rows == ()
