"""A rep's word takes a lead from the queue until a review; a junk lead comes back to where it was."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from candidates import nominate, rows_of, rules, score, store_candidate
from sqlalchemy import Engine, update
from stored_leads import AS_OF, act_by, read_lead, store_lead

from leadtriage.actions import Judgement, flag_lead, judge, restore_lead, undo_last_act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.vocabulary import VerdictWord
from leadtriage.db import Event, Lead, LeadScore, Nomination, Verdict, table, writing

JUNK = Judgement(VerdictWord.JUNK, "is_competitor")
RESCUE = Judgement(VerdictWord.RESCUE, "no_fit")


def is_candidate(engine: Engine, lead_id: int) -> bool:
    (row,) = rows_of(engine, LeadScore, lead_id)
    return bool(row["candidate"])


def in_queue_from(engine: Engine, lead_id: int) -> date | None:
    (row,) = rows_of(engine, LeadScore, lead_id)
    day: date | None = row["queue_from"]
    return day


def test_a_flag_takes_a_lead_from_the_queue_until_it_is_reviewed(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", need="a lot")
    score(engine)
    assert in_queue_from(engine, lead_id) is not None
    flagged = flag_lead(engine, rules(), act_by("Sam"), lead_id, "No budget", "told me so")
    assert flagged.reason == "no_budget"
    assert (is_candidate(engine, lead_id), in_queue_from(engine, lead_id)) == (True, None)
    told = rows_of(engine, Event, lead_id)[-1]
    assert [told[name] for name in ("kind", "by", "reason", "note")] == ["nominated", "Sam", "no_budget", "told me so"]
    judge(engine, rules(), act_by("Maria"), [lead_id], RESCUE)
    assert (is_candidate(engine, lead_id), in_queue_from(engine, lead_id) is not None) == (False, True)


def test_a_flag_is_taken_back(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", need="a lot")
    score(engine)
    flag_lead(engine, rules(), act_by("Sam"), lead_id, "spam")
    undo_last_act(engine, rules(), act_by("Sam"))
    assert not is_candidate(engine, lead_id)
    assert flag_lead(engine, rules(), act_by("Sam"), lead_id, "spam").reason == "spam"


def test_a_rescued_lead_can_be_flagged_again(engine: Engine) -> None:
    lead_id = store_candidate(engine)
    judge(engine, rules(), act_by("Maria"), [lead_id], RESCUE)
    flag_lead(engine, rules(), act_by("Sam"), lead_id, "spam")
    assert is_candidate(engine, lead_id)
    judge(engine, rules(), act_by("Maria"), [lead_id], RESCUE)
    score(engine)
    assert not is_candidate(engine, lead_id)


@pytest.mark.parametrize(
    ("stage", "reason", "message"),
    [
        ("junk", "spam", "it is junk"),
        ("lost", "spam", "it is lost"),
        ("new", "span", "unknown reason"),
        ("new", "!", "not a reason"),
    ],
)
def test_a_flag_is_refused_on_closed_leads_and_for_unknown_reasons(
    engine: Engine, stage: str, reason: str, message: str
) -> None:
    lead_id = store_lead(engine, stage, name="Ann Lee")
    with pytest.raises(LeadtriageError, match=message):
        flag_lead(engine, rules(), act_by("Sam"), lead_id, reason)
    assert not rows_of(engine, Nomination, lead_id)


def test_nobody_flags_a_lead_twice_but_two_people_may(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    flag_lead(engine, rules(), act_by("Sam"), lead_id, "spam")
    with pytest.raises(LeadtriageError, match="Sam flagged it on 2026-11-18 already"):
        flag_lead(engine, rules(), act_by("Sam"), lead_id, "no_fit")
    flag_lead(engine, rules(), act_by("Maria"), lead_id, "no_fit")
    assert [row["by"] for row in rows_of(engine, Nomination, lead_id)] == ["Sam", "Maria"]


@pytest.mark.parametrize("stage", ["new", "working", "nurture"])
def test_a_junk_lead_comes_back_to_where_it_was(engine: Engine, stage: str) -> None:
    lead_id = store_candidate(engine, stage=stage)
    judge(engine, rules(), act_by("Sam"), [lead_id], JUNK)
    later = act_by("Maria", datetime(2026, 11, 25, 9))
    assert restore_lead(engine, rules(), later, lead_id, "was somebody else").stage == stage
    lead = read_lead(engine, lead_id)
    assert [lead[name] for name in ("stage", "closed_on", "outcome_reason", "shelf_from")] == [
        stage,
        None,
        None,
        later.as_of,
    ]
    score(engine)
    assert not is_candidate(engine, lead_id)
    junk, back = rows_of(engine, Verdict, lead_id)
    assert (back["verdict"], back["by"], back["audited_id"]) == ("rescue", "Maria", junk["id"])


def test_a_restored_lead_comes_back_by_new_evidence_only(engine: Engine) -> None:
    lead_id = store_candidate(engine)
    judge(engine, rules(), act_by("Sam"), [lead_id], JUNK)
    restore_lead(engine, rules(), act_by("Maria"), lead_id)
    nominate(engine, lead_id)
    assert is_candidate(engine, lead_id)


def test_bringing_back_is_taken_back(engine: Engine) -> None:
    lead_id = store_candidate(engine)
    judge(engine, rules(), act_by("Sam"), [lead_id], JUNK)
    before = read_lead(engine, lead_id)
    restore_lead(engine, rules(), act_by("Maria"), lead_id)
    undo_last_act(engine, rules(), act_by("Maria"))
    assert {**read_lead(engine, lead_id), "changed_at": None} == {**before, "changed_at": None}
    assert restore_lead(engine, rules(), act_by("Maria"), lead_id).stage == "new"


@pytest.mark.parametrize(("touched", "stage"), [(None, "new"), (AS_OF, "working")])
def test_what_came_in_as_junk_comes_back_as_its_contacts_tell(engine: Engine, touched: date | None, stage: str) -> None:
    lead_id = store_lead(engine, "junk", name="Ann Lee", last_touch_on=touched)
    assert restore_lead(engine, rules(), act_by("Maria"), lead_id).stage == stage


@pytest.mark.parametrize("stage", ["new", "nurture", "lost", "won"])
def test_only_junk_comes_back(engine: Engine, stage: str) -> None:
    lead_id = store_lead(engine, stage, name="Ann Lee")
    with pytest.raises(LeadtriageError, match=f"it is {stage}, not junk"):
        restore_lead(engine, rules(), act_by("Maria"), lead_id)


@pytest.mark.parametrize("gone", [{"merged_into": 9}, {"removed_by": 9}])
def test_leads_that_are_gone_are_left_alone(engine: Engine, gone: dict[str, int]) -> None:
    lead_id = store_candidate(engine)
    with writing(engine) as connection:
        connection.execute(update(table(Lead)).where(table(Lead).c.id == lead_id).values(gone))
    for act in (
        lambda: flag_lead(engine, rules(), act_by("Sam"), lead_id, "spam"),
        lambda: restore_lead(engine, rules(), act_by("Sam"), lead_id),
        lambda: judge(engine, rules(), act_by("Sam"), [lead_id], JUNK),
    ):
        with pytest.raises(LeadtriageError, match=r"it was (merged into lead 9|removed by an undo)"):
            act()
