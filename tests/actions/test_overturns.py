"""Overturn rates count each verdict on a nomination once, and say nothing where there is too little to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from candidates import nominate, rules, score, store_candidate
from imports import bring
from sqlalchemy import Engine
from stored_leads import act_by, store_lead

from leadtriage.actions import Judgement, audit_lead, flag_lead, judge, restore_lead, undo_last_act
from leadtriage.core.vocabulary import VerdictWord
from leadtriage.criteria import TeamMember
from leadtriage.db import reading
from leadtriage.reports.manager import list_overturns

JUNK = Judgement(VerdictWord.JUNK, "is_competitor")
RESCUE = Judgement(VerdictWord.RESCUE, "no_fit")


def rates(engine: Engine, team: Sequence[TeamMember] = ()) -> dict[tuple[Any, Any], Mapping[str, Any]]:
    """The rows, by whose they are."""
    criteria = replace(rules(), team=tuple(team))
    with reading(engine) as connection:
        return {(row["kind"], row["name"]): row for row in list_overturns(connection, criteria).rows}


def counts(row: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return row["verdicts"], row["confirmed"], row["overturned"]


def store_candidates(engine: Engine, count: int) -> list[int]:
    ids = [store_lead(engine, name="Ann Lee", company="Globex") for _ in range(count)]
    score(engine)
    return ids


def test_a_rule_is_confirmed_by_junk_and_overturned_by_anything_else(engine: Engine) -> None:
    ids = store_candidates(engine, 10)
    judge(engine, rules(), act_by("Sam"), ids[:7], JUNK)
    judge(engine, rules(), act_by("Sam"), ids[7:9], RESCUE)
    judge(engine, rules(), act_by("Sam"), ids[9:], Judgement(VerdictWord.ASK, ask_for="Need"))
    ((whose, row),) = rates(engine).items()
    assert whose[0] == "rule"
    assert counts(row) == (10, 7, 3)
    assert [row[name] for name in ("overturn_rate", "overturn_low", "overturn_high", "note")] == [
        0.3,
        0.1078,
        0.6032,
        None,
    ]


@pytest.mark.parametrize(("verdicts", "rate"), [(4, None), (5, 0.0)])
def test_below_five_verdicts_there_is_no_rate(engine: Engine, verdicts: int, rate: float | None) -> None:
    judge(engine, rules(), act_by("Sam"), store_candidates(engine, verdicts), JUNK)
    (row,) = rates(engine).values()
    assert row["overturn_rate"] == rate
    assert row["note"] == (None if rate is not None else "too few for an overturn rate: 4 verdicts")
    assert (row["overturn_low"] is None) == (row["overturn_high"] is None) == (rate is None)


def test_people_and_systems_have_rows_of_their_own_and_each_lead_counts_once(engine: Engine) -> None:
    lead_id = store_candidate(engine)
    bring(engine, 1, "Email", "bo@b.example.com", system="zoho")
    flag_lead(engine, rules(), act_by("Sam"), lead_id, "spam")
    nominate(engine, lead_id, by="zoho", reason="bad_data")
    nominate(engine, lead_id, by="zoho", reason="spam")
    judge(engine, rules(), act_by("Maria"), [lead_id], RESCUE)
    found = rates(engine)
    assert [kind for kind, _ in found] == ["rule", "person", "system"]
    assert [name for _, name in found][1:] == ["Sam", "zoho"]
    assert {counts(row) for row in found.values()} == {(1, 0, 1)}


def test_all_spellings_of_a_person_have_one_rate_as_in_the_report_on_the_team(sqlite_engine: Engine) -> None:
    engine = sqlite_engine
    ids = store_candidates(engine, 4)
    for lead_id, by in zip(ids, ("Sam", "sam", "Sam Ng", "Lee"), strict=True):
        flag_lead(engine, rules(), act_by(by), lead_id, "spam")
    judge(engine, rules(), act_by("Maria"), ids, JUNK)
    for lead_id, by in zip(ids, ("maria", "Maria", "Lee", "Lee"), strict=True):
        audit_lead(engine, rules(), act_by(by), lead_id, RESCUE)
    people = {whose: counts(row) for whose, row in rates(engine).items() if whose[0] != "rule"}
    assert people == {
        ("person", "Sam"): (2, 2, 0),
        ("person", "Sam Ng"): (1, 1, 0),
        ("person", "Lee"): (1, 1, 0),
        ("reviewer", "Maria"): (4, 0, 4),
    }
    assert rates(engine, [TeamMember("Sam Ng", "rep", also=("sam",))])["person", "Sam Ng"]["verdicts"] == 3


def test_what_was_brought_back_is_overturned_once(engine: Engine) -> None:
    first, second = store_candidates(engine, 2)
    judge(engine, rules(), act_by("Sam"), [first, second], JUNK)
    restore_lead(engine, rules(), act_by("Maria"), first)
    (row,) = rates(engine).values()
    assert counts(row) == (2, 1, 1)
    undo_last_act(engine, rules(), act_by("Maria"))
    (row,) = rates(engine).values()
    assert counts(row) == (2, 2, 0)


def test_what_was_taken_back_does_not_count(engine: Engine) -> None:
    judge(engine, rules(), act_by("Sam"), store_candidates(engine, 3), JUNK)
    undo_last_act(engine, rules(), act_by("Sam"))
    assert not rates(engine)


def test_second_looks_count_against_the_reviewer_and_the_last_one_at_that(engine: Engine) -> None:
    sams, marias = store_candidates(engine, 3), store_candidates(engine, 1)
    judge(engine, rules(), act_by("Sam"), sams, JUNK)
    judge(engine, rules(), act_by("Maria"), marias, JUNK)
    for lead_id, judgement in ((sams[0], JUNK), (sams[1], RESCUE), (sams[2], RESCUE), (sams[2], JUNK)):
        audit_lead(engine, rules(), act_by("Vera"), lead_id, judgement)
    found = rates(engine)
    assert counts(found["reviewer", "Sam"]) == (3, 2, 1)
    assert ("reviewer", "Maria") not in found
    undo_last_act(engine, rules(), act_by("Vera"))
    assert counts(rates(engine)["reviewer", "Sam"]) == (3, 1, 2)
