"""What reviewers and leads said is remembered by the next score: from the verdict to the lists and back."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Engine, insert
from stored_leads import NOON, act_by, criteria, store_lead

from leadtriage.actions import Judgement, flag_lead, judge, restore_lead, undo_last_act
from leadtriage.actions.unit_of_work import LeadChange, text_columns, unit_of_work
from leadtriage.core.vocabulary import EventKind, VerdictWord
from leadtriage.db import PutOff, reading, table, writing
from leadtriage.reports.lead import show_lead
from leadtriage.reports.lists import list_candidates, list_queue
from leadtriage.reports.query import Filters, ListRequest, ReportRequest
from leadtriage.scoring import score_leads

TEXT = """
version: 1
name: Remembering
currency: USD
score:
  budget:
    max: 60
    criteria:
      - {name: Money, field: budget, ask: How much?, tiers: [{points: 60, at_least: 1000}]}
      - {name: Size, field: employees, ask: How many?, tiers: [{points: 5, at_least: 100}]}
grades: {A: 75, B: 50, C: 25}
qualified: 50
junk: {below: 0, known: 0.5, disqualify: [{reason: spam, field: company, words: [casino]}]}
"""


def score(engine: Engine, text: str = TEXT, days: int = 0) -> None:
    with writing(engine) as connection:
        score_leads(connection, criteria(text), act_by("cron", NOON + timedelta(days=days)))


def say_why(engine: Engine, text: str = TEXT) -> list[object]:
    with reading(engine) as connection:
        rows = list_candidates(ReportRequest(connection, Filters(), NOON.date(), criteria=criteria(text))).rows
    return [row["why"] for row in rows]


def next_steps(engine: Engine, days: int = 0) -> list[object]:
    with reading(engine) as connection:
        listed = list_queue(ListRequest(connection, Filters(), NOON.date() + timedelta(days=days)), needs_answers=True)
    return [row["next_step"] for row in listed.rows]


def rescue(engine: Engine, lead_id: int) -> None:
    judge(engine, criteria(TEXT), act_by("Maria"), [lead_id], Judgement(VerdictWord.RESCUE, reason="no_fit"))


def test_a_rescued_lead_stays_until_something_new_is_known(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", company="Casino Supplies")
    score(engine)
    (line,) = say_why(engine)
    rescue(engine, lead_id)
    score(engine)
    assert say_why(engine) == []
    with unit_of_work(engine, criteria(TEXT), act_by("Sam", NOON + timedelta(hours=1))) as work:
        values = text_columns("company", "Casino Royal")
        work.record([LeadChange(lead_id, EventKind.FIELD, values, field="company", new="Casino Royal")])
    assert say_why(engine) == [f"rescued by Maria on 18 Nov; flagged again by new data: {line}"]
    rescue(engine, lead_id)
    assert say_why(engine) == []
    flag_lead(engine, criteria(TEXT), act_by("Sam"), lead_id, "no_need", "only toys")
    assert say_why(engine) == ["rescued by Maria on 18 Nov; flagged again: flagged by Sam: only toys"]


def test_taking_a_rescue_back_makes_it_a_candidate_again(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", company="Casino Supplies")
    score(engine)
    before = say_why(engine)
    rescue(engine, lead_id)
    undo_last_act(engine, criteria(TEXT), act_by("Maria"))
    assert say_why(engine) == before != []


def test_a_restored_lead_is_not_nominated_at_once(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", company="Casino Supplies")
    score(engine)
    judge(engine, criteria(TEXT), act_by("Maria"), [lead_id], Judgement(VerdictWord.JUNK, reason="spam"))
    restore_lead(engine, criteria(TEXT), act_by("Sam"), lead_id)
    score(engine)
    assert say_why(engine) == []
    changed = TEXT.replace("words: [casino]", "words: [casino, lottery]")
    score(engine, changed)
    (why,) = say_why(engine, changed)
    assert str(why).startswith("rescued by Sam on 18 Nov; flagged again by changed criteria: ")


def test_the_question_that_a_reviewer_wants_asked_is_the_next_step(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", company="Casino Supplies", phone="+49 30 1", created_on=NOON.date())
    score(engine)
    question = Judgement(VerdictWord.ASK, ask_for="Size")
    judge(engine, criteria(TEXT), act_by("Maria"), [lead_id], question)
    assert next_steps(engine) == ["ask employees: up to +5"]


def test_a_question_put_off_is_shown_with_its_day_and_asked_on_it(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", phone="+49 30 1", created_on=NOON.date(), employees=7)
    score(engine)
    assert next_steps(engine) == ["ask budget: up to +60"]
    again_on = date(2026, 11, 20)
    row = {"lead_id": lead_id, "id": 1, "act": 1, "criterion": "Money", "by": "Sam", "at": NOON, "again_on": again_on}
    with writing(engine) as connection:
        connection.execute(insert(table(PutOff)).values(**row))
    score(engine)
    assert next_steps(engine) == []
    with reading(engine) as connection:
        record = show_lead(connection, criteria(TEXT), lead_id, NOON.date()).record
    assert record["put_off"] == [{"criterion": "Money", "ask": "How much?", "again_on": again_on}]
    assert (record["questions"], record["next_question"]) == ([], None)
    score(engine, days=2)
    assert next_steps(engine, days=2) == ["ask budget: up to +60"]
