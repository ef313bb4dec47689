"""What a reviewer is shown of a candidate, read ahead, is always what stands in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from candidates import nominate, rules, score, store_candidate
from sqlalchemy import Engine
from stored_leads import AS_OF, act_by, store_lead

from leadtriage.actions import Contact, Judgement, flag_lead, judge, log_contact, restore_lead, undo_last_act
from leadtriage.core.vocabulary import TouchKind, VerdictWord
from leadtriage.db import reading
from leadtriage.reports.lead.review_card import ReadAhead, ReviewedLead, read_audited, read_candidates, read_lead_names
from leadtriage.reports.lists import list_candidate_ids
from leadtriage.reports.query import Filters

JUNK = Judgement(VerdictWord.JUNK, "is_competitor", "sells the same")


def read(engine: Engine, lead_id: int) -> ReviewedLead:
    with reading(engine) as connection:
        return read_candidates(connection, rules(), [lead_id], AS_OF)[lead_id]


def cells(lead: ReviewedLead, table: int) -> list[tuple[object, ...]]:
    part = lead.card.tables[table]
    return [tuple(row[column.key] for column in part.columns) for row in part.rows]


def test_a_card_says_why_what_gave_the_points_and_what_answers_could_give(engine: Engine) -> None:
    lead_id = store_candidate(engine, industry="logistics", email="ann@globex.example.com", owner="Sam")
    nominate(engine, lead_id, by="Zoho", reason="spam")
    lead = read(engine, lead_id)
    assert lead.card.title == f"Ann Lee, Globex (lead {lead_id})"
    assert dict(lead.card.facts) == {
        "E-mail": "ann@globex.example.com",
        "Owner": "Sam",
        "Came in": "10 Nov, 8 days ago",
        "Last contact": "not contacted (as far as recorded)",
        "Industry": "logistics",
    }
    assert cells(lead, 0) == [
        ("spam", "flagged by Zoho"),
        ("is_competitor", f"the criteria: {lead.lines[1].text}"),
    ]
    assert lead.likely_reason == "spam"
    assert cells(lead, 1) == [("+30", "Industry", "logistics")]
    assert lead.card.tables[1].title == "Score: 30 points, potential 60, 50% known, grade B?"
    assert cells(lead, 2) == [("+30", "to A", "What should be different?")]
    assert lead.card.tables[2].title == "Missing answers could lift it to 60, grade A"
    assert [question.criterion for question in lead.questions] == ["Need"]


def test_only_what_waits_for_a_verdict_is_read(engine: Engine) -> None:
    waiting, decided = store_candidate(engine), store_candidate(engine)
    good = store_lead(engine, name="Bob", need="a lot")
    score(engine)
    judge(engine, rules(), act_by("Sam"), [decided], JUNK)
    with reading(engine) as connection:
        assert list(read_candidates(connection, rules(), [waiting, decided, good, 999], AS_OF)) == [waiting]
        assert list_candidate_ids(connection, Filters()) == [waiting]
        assert read_lead_names(connection, [good, waiting, 999]) == [
            f"Bob (lead {good})",
            f"Ann Lee, Globex (lead {waiting})",
        ]


def flagged(engine: Engine, lead_id: int) -> None:
    flag_lead(engine, rules(), act_by("Sam"), lead_id, "no_fit", "no use")


def touched(engine: Engine, lead_id: int) -> None:
    log_contact(engine, rules(), act_by("Sam"), lead_id, Contact(TouchKind.CALL, note="no answer"))


def decided_and_undone(engine: Engine, lead_id: int) -> None:
    judge(engine, rules(), act_by("Sam"), [lead_id], JUNK)
    undo_last_act(engine, rules(), act_by("Sam"))


@pytest.mark.parametrize("happens", [flagged, touched, decided_and_undone])
def test_what_happened_since_it_was_read_ahead_is_on_the_card(
    engine: Engine, happens: Callable[[Engine, int], None]
) -> None:
    ids = [store_candidate(engine) for _ in range(12)]
    reader = ReadAhead(rules(), ids)
    with reading(engine) as connection:
        before = [reader.read(connection, place, AS_OF) for place in range(10)]
    happens(engine, ids[5])
    with reading(engine) as connection:
        after = [reader.read(connection, place, AS_OF) for place in range(12)]
        whole = read_candidates(connection, rules(), ids, AS_OF)
    assert [lead.lead_id for lead in before if lead] == ids[:10]
    assert after == [whole[lead_id] for lead_id in ids]
    assert after[5] != before[5]


def test_a_contact_is_told_once_in_the_story(sqlite_engine: Engine) -> None:
    lead_id = store_candidate(sqlite_engine)
    touched(sqlite_engine, lead_id)
    story = [text for _, _, text in cells(read(sqlite_engine, lead_id), 3)]
    assert story == ["moved from new to working", "call on 18 Nov 2026: no answer", "added by hand"]


def test_a_lead_decided_since_it_was_read_ahead_is_no_candidate(engine: Engine) -> None:
    ids = [store_candidate(engine) for _ in range(3)]
    reader = ReadAhead(rules(), ids)
    with reading(engine) as connection:
        assert reader.read(connection, 0, AS_OF) is not None
    judge(engine, rules(), act_by("Sam"), [ids[1]], JUNK)
    with reading(engine) as connection:
        assert reader.read(connection, 1, AS_OF) is None
        assert (
            reader.read(connection, 2, date(2026, 11, 30))
            == read_candidates(connection, rules(), [ids[2]], date(2026, 11, 30))[ids[2]]
        )


def test_a_second_look_is_told_nothing_of_the_first(engine: Engine) -> None:
    lead_id = store_candidate(engine, status="Unqualified")
    flagged(engine, lead_id)
    judge(engine, rules(), act_by("Sam"), [lead_id], JUNK)
    with reading(engine) as connection:
        lead = read_audited(connection, rules(), lead_id, AS_OF)
    assert lead is not None
    assert lead.lines == ()
    assert [text for _, _, text in cells(lead, 3)] == ["added by hand"]
    assert {"Status", "Stage"}.isdisjoint(dict(lead.card.facts))
    restore_lead(engine, rules(), act_by("Sam"), lead_id)
    with reading(engine) as connection:
        assert read_audited(connection, rules(), lead_id, AS_OF) is None
