"""A second look at a sample of confirmed junk is drawn by chance, can be drawn again, and changes no lead."""

from __future__ import annotations

import pytest
from candidates import rows_of, rules, score, store_candidate
from sqlalchemy import Engine
from stored_leads import act_by, read_lead, store_lead

from leadtriage.actions import Judgement, audit_lead, draw_audit, judge, restore_lead, undo_last_act
from leadtriage.core.errors import LeadtriageError, NotACandidate
from leadtriage.core.vocabulary import VerdictWord
from leadtriage.db import Event, Verdict, reading

JUNK = Judgement(VerdictWord.JUNK, "is_competitor")
RESCUE = Judgement(VerdictWord.RESCUE, "no_fit", "looks good to me")


def draw(engine: Engine, count: int, seed: int = 7, by: str | None = None) -> tuple[int, ...]:
    with reading(engine) as connection:
        return draw_audit(connection, count, seed, by)


def store_junk(engine: Engine, count: int, by: str = "Sam") -> list[int]:
    """Leads that a reviewer called junk."""
    ids = [store_lead(engine, name="Ann Lee", company="Globex") for _ in range(count)]
    score(engine)
    judge(engine, rules(), act_by(by), ids, JUNK)
    return ids


def test_a_sample_is_drawn_from_confirmed_junk_alone(engine: Engine) -> None:
    junk = store_junk(engine, 4)
    judge(engine, rules(), act_by("Sam"), [store_candidate(engine)], RESCUE)
    store_lead(engine, "junk", name="came in as junk")
    back, undone = store_candidate(engine), store_candidate(engine)
    judge(engine, rules(), act_by("Sam"), [back, undone], JUNK)
    undo_last_act(engine, rules(), act_by("Sam"))
    judge(engine, rules(), act_by("Sam"), [back], JUNK)
    restore_lead(engine, rules(), act_by("Maria"), back)
    assert sorted(draw(engine, 100)) == junk


def test_a_seed_draws_the_same_sample_again(engine: Engine) -> None:
    assert store_junk(engine, 12) == list(range(1, 13))
    assert draw(engine, 5, seed=7) == draw(engine, 5, seed=7) == (6, 3, 7, 1, 2)
    assert len({draw(engine, 5, seed=seed) for seed in range(20)}) > 10


def test_what_one_has_judged_or_looked_at_is_drawn_last(engine: Engine) -> None:
    marias, sams = store_junk(engine, 3, by="Maria"), store_junk(engine, 3, by="Sam")
    assert sorted(draw(engine, 3, by="Maria")) == sams
    audit_lead(engine, rules(), act_by("Maria"), sams[0], JUNK)
    assert sorted(draw(engine, 2, by="Maria")) == sams[1:]
    assert sorted(draw(engine, 6, by="Maria")) == marias + sams


def test_a_second_look_goes_to_the_record_and_not_to_the_lead(engine: Engine) -> None:
    (lead_id,) = store_junk(engine, 1)
    before = read_lead(engine, lead_id)
    audit_lead(engine, rules(), act_by("Maria"), lead_id, RESCUE)
    assert read_lead(engine, lead_id) == {**before, "changed_at": read_lead(engine, lead_id)["changed_at"]}
    first, second = rows_of(engine, Verdict, lead_id)
    assert [second[name] for name in ("kind", "verdict", "reason", "by", "audited_id")] == [
        "audit",
        "rescue",
        "no_fit",
        "Maria",
        first["id"],
    ]
    told = rows_of(engine, Event, lead_id)[-1]
    assert [told[name] for name in ("kind", "field", "new", "by")] == ["verdict", "audit", "rescue", "Maria"]
    undo_last_act(engine, rules(), act_by("Maria"))
    assert rows_of(engine, Verdict, lead_id)[1]["withdrawn_at"] is not None


@pytest.mark.parametrize("word", ["nurture", "ask"])
def test_a_second_look_needs_neither_day_nor_question(engine: Engine, word: str) -> None:
    (lead_id,) = store_junk(engine, 1)
    audit_lead(engine, rules(), act_by("Maria"), lead_id, Judgement(VerdictWord(word)))
    assert rows_of(engine, Verdict, lead_id)[1]["verdict"] == word


def test_there_is_no_second_look_without_a_first_one(engine: Engine) -> None:
    (back,) = store_junk(engine, 1)
    restore_lead(engine, rules(), act_by("Sam"), back)
    for lead_id, message in (
        (back, "it is not junk: Sam rescued it at 12:00"),
        (store_candidate(engine), "it is new, not junk"),
        (store_lead(engine, "junk", name="Bob"), "no review called it junk"),
    ):
        with pytest.raises(NotACandidate, match=message):
            audit_lead(engine, rules(), act_by("Maria"), lead_id, JUNK)


def test_a_second_look_needs_a_reason(engine: Engine) -> None:
    (lead_id,) = store_junk(engine, 1)
    with pytest.raises(LeadtriageError, match="needs a reason"):
        audit_lead(engine, rules(), act_by("Maria"), lead_id, Judgement(VerdictWord.RESCUE))
