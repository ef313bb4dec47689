"""A verdict decides a candidate once and for good, keeps what it rested on, and can be taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Barrier

import pytest
from candidates import nominate, rows_of, rules, score, store_candidate
from sqlalchemy import Engine
from stored_leads import AS_OF, act_by, read_lead, store_lead

from leadtriage.actions import Judgement, find_leads_flagged_only_by, judge, undo_last_act
from leadtriage.core.errors import LeadNotFound, LeadtriageError, NotACandidate
from leadtriage.core.vocabulary import VerdictWord
from leadtriage.db import Event, LeadScore, Nomination, Verdict, VerdictLine, reading
from leadtriage.scoring import find_junk_lines

LATER = datetime(2026, 11, 18, 14, 3)


JUNK = Judgement(VerdictWord.JUNK, "is_competitor", "sells the same")
JUDGEMENTS = {
    "junk": (JUNK, {"stage": "junk", "closed_on": AS_OF, "outcome_reason": "is_competitor"}),
    "rescue": (Judgement(VerdictWord.RESCUE, "no_need"), {"stage": "new", "shelf_from": AS_OF, "closed_on": None}),
    "nurture": (
        Judgement(VerdictWord.NURTURE, "bad_timing", until=date(2027, 1, 15)),
        {
            "stage": "nurture",
            "nurture_until": date(2027, 1, 15),
            "nurture_reason": "bad_timing",
            "parked_on": AS_OF,
        },
    ),
    "ask": (Judgement(VerdictWord.ASK, ask_for="need"), {"stage": "new", "ask_for": "Need"}),
}


@pytest.mark.parametrize("word", JUDGEMENTS)
def test_a_verdict_changes_the_lead_tells_it_and_decides_all_that_nominated_it(engine: Engine, word: str) -> None:
    judgement, becomes = JUDGEMENTS[word]
    lead_id = store_candidate(engine)
    nominate(engine, lead_id)
    judged = judge(engine, rules(), act_by("Sam"), [lead_id], judgement)
    assert judged.decided == (lead_id,)
    lead = read_lead(engine, lead_id)
    assert {name: lead[name] for name in becomes} == becomes
    told = [event for event in rows_of(engine, Event, lead_id) if event["kind"] == "verdict"]
    assert [(event["new"], event["reason"], event["note"], event["by"]) for event in told] == [
        (word, judgement.reason, judgement.note, "Sam")
    ]
    assert [row["withdrawn_act"] for row in rows_of(engine, Nomination, lead_id)] == [judged.act]
    assert [row["candidate"] for row in rows_of(engine, LeadScore, lead_id)] == [False]


def test_a_verdict_keeps_what_nominated_the_lead_and_the_ledger_as_they_stood(engine: Engine) -> None:
    lead_id = store_candidate(engine, industry="logistics", title="Student")
    nominate(engine, lead_id, by="Zoho", reason="bad_data")
    judged = judge(engine, rules(), act_by("Sam"), [lead_id], JUNK)
    (verdict,) = rows_of(engine, Verdict, lead_id)
    assert {name: verdict[name] for name in ("act", "kind", "verdict", "by", "score", "ceiling", "known", "grade")} == {
        "act": judged.act,
        "kind": "review",
        "verdict": "junk",
        "by": "Sam",
        "score": 30,
        "ceiling": 60,
        "known": 0.5,
        "grade": "B",
    }
    assert verdict["criteria_digest"] == rules().digest
    assert [(line["criterion"], line["value"], line["points"]) for line in verdict["ledger"]] == [
        ("Industry", "logistics", 30),
        ("Need", None, 0),
    ]
    lines = [(row["by"], row["reason"], row["rule"] is not None) for row in rows_of(engine, VerdictLine, lead_id)]
    assert lines == [
        ("Zoho", "bad_data", False),
        ("criteria", "is_competitor", True),
        ("criteria", "our_own_word", True),
    ]


def test_the_second_reviewer_is_told_who_decided(engine: Engine) -> None:
    lead_id = store_candidate(engine)
    judge(engine, rules(), act_by("Sam", LATER), [lead_id], JUNK)
    with pytest.raises(NotACandidate, match="Sam called it junk at 14:03"):
        judge(engine, rules(), act_by("Maria"), [lead_id], JUDGEMENTS["rescue"][0])
    assert len(rows_of(engine, Verdict, lead_id)) == 1


def test_of_reviewers_at_the_same_moment_one_decides(engine: Engine) -> None:
    ids = [store_candidate(engine) for _ in range(3)]
    at_once = Barrier(4)

    def decide_all(by: str) -> list[int | str]:
        said: list[int | str] = []
        for lead_id in ids:
            at_once.wait()
            try:
                said.append(judge(engine, rules(), act_by(by), [lead_id], JUNK).decided[0])
            except NotACandidate as error:
                said.append(error.message)
        return said

    with ThreadPoolExecutor(4) as reviewers:
        told = list(reviewers.map(decide_all, ["Ann", "Bob", "Cid", "Dee"]))
    for place, lead_id in enumerate(ids):
        assert sorted([said[place] for said in told], key=str)[0] == lead_id
        (verdict,) = rows_of(engine, Verdict, lead_id)
        assert {said[place] for said in told} == {lead_id, f"{verdict['by']} called it junk at 12:00"}


def test_of_many_those_that_are_decided_are_passed_over(engine: Engine) -> None:
    first, second = store_candidate(engine), store_candidate(engine)
    other = store_lead(engine, name="Bob", need="a lot")
    score(engine)
    judge(engine, rules(), act_by("Sam"), [first], JUDGEMENTS["nurture"][0])
    judged = judge(engine, rules(), act_by("Maria"), [first, second, other], JUNK)
    assert judged.decided == (second,)
    assert list(judged.passed_over.items()) == [
        (first, "Sam snoozed it at 12:00"),
        (other, "nothing flags it as junk"),
    ]


def test_a_verdict_is_taken_back_whole(engine: Engine) -> None:
    lead_id = store_candidate(engine)
    nominate(engine, lead_id)
    before = read_lead(engine, lead_id)
    judge(engine, rules(), act_by("Sam"), [lead_id], JUNK)
    undo_last_act(engine, rules(), act_by("Sam"))
    assert {**read_lead(engine, lead_id), "changed_at": None} == {**before, "changed_at": None}
    assert [row["withdrawn_at"] for row in rows_of(engine, Nomination, lead_id)] == [None]
    assert [row["candidate"] for row in rows_of(engine, LeadScore, lead_id)] == [True]
    assert judge(engine, rules(), act_by("Maria"), [lead_id], JUDGEMENTS["rescue"][0]).decided == (lead_id,)


REFUSED = {
    "junk without a reason": (Judgement(VerdictWord.JUNK), "the verdict junk needs a reason"),
    "rescue without a reason": (Judgement(VerdictWord.RESCUE), "the verdict rescue needs a reason"),
    "a reason misspelt": (Judgement(VerdictWord.JUNK, "span"), "spam"),
    "no day": (Judgement(VerdictWord.NURTURE), "needs the day"),
    "a day that is not later": (Judgement(VerdictWord.NURTURE, until=AS_OF), "not later than today"),
    "no question": (Judgement(VerdictWord.ASK), "one of: Industry, Need"),
    "a question misspelt": (Judgement(VerdictWord.ASK, ask_for="Industri"), "did you mean Industry"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_verdict_that_lacks_something_is_refused(engine: Engine, case: str) -> None:
    judgement, message = REFUSED[case]
    lead_id = store_candidate(engine)
    before = read_lead(engine, lead_id)
    with pytest.raises(LeadtriageError, match=message):
        judge(engine, rules(), act_by("Sam"), [lead_id], judgement)
    assert (read_lead(engine, lead_id), rows_of(engine, Verdict, lead_id)) == (before, [])


def test_what_is_answered_is_not_asked_for(engine: Engine) -> None:
    lead_id = store_candidate(engine, need="a lot")
    with pytest.raises(NotACandidate, match="its question Need is already answered"):
        judge(engine, rules(), act_by("Sam"), [lead_id], Judgement(VerdictWord.ASK, ask_for="Need"))


def test_there_must_be_such_a_lead(engine: Engine) -> None:
    with pytest.raises(LeadNotFound, match="there is no lead 77"):
        judge(engine, rules(), act_by("Sam"), [77], JUNK)


def test_a_reason_of_the_teams_own_is_as_good_once_it_was_used(engine: Engine) -> None:
    first, second = store_candidate(engine), store_candidate(engine)
    judgement = Judgement(VerdictWord.JUNK, "tests")
    with pytest.raises(LeadtriageError, match="did you mean test"):
        judge(engine, rules(), act_by("Sam"), [first], judgement)
    nominate(engine, second, reason="tests")
    judge(engine, rules(), act_by("Sam"), [first], judgement)
    assert read_lead(engine, first)["outcome_reason"] == "tests"


def test_a_flood_is_what_nothing_else_nominates(engine: Engine) -> None:
    alone = [store_candidate(engine) for _ in range(3)]
    store_candidate(engine, title="Student")
    nominate(engine, store_candidate(engine))
    with reading(engine) as connection:
        (line,) = find_junk_lines(connection, rules(), alone[:1], AS_OF)[alone[0]]
        assert sorted(find_leads_flagged_only_by(connection, rules(), AS_OF, line)) == alone
    assert judge(engine, rules(), act_by("Sam"), alone, JUNK).decided == tuple(alone)
