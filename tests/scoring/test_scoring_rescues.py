"""What a reviewer said of a lead is remembered: by which evidence it came back, what is asked first, what later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, update
from stored import AS_OF, NOON, act_on, change_lead, read_scores, store_leads, store_verdict

from evaluator import SampleLead
from leadtriage.criteria import Criteria, load_criteria
from leadtriage.db import Nomination, PutOff, Verdict, table, writing
from leadtriage.scoring import JunkLine, explain_lead, find_junk_lines, score_leads

TEXT = """
version: 1
name: Rescues
currency: USD
score:
  fit:
    max: 20
    criteria:
      - {name: Size, field: employees, ask: How many?, tiers: [{points: 10, at_least: 100}, {points: 3, at_least: 50}]}
      - {name: Pays, field: budget, ask: How much?, tiers: [{points: 8, at_least: 1000}]}
      - {name: Answers, field: unanswered_touches, tiers: [{points: -5, at_least: 4}]}
  need:
    max: 10
    criteria:
      - {name: Says why, field: need, ask: Why?, tiers: [{points: 10, words: [wood]}]}
  timing:
    max: 20
    criteria:
      - {name: Came in lately, field: age_days, tiers: [{points: 20, at_most: 7}]}
grades: {A: 40, B: 30, C: 10}
qualified: 25
junk:
  below: 6
  known: 0.5
  disqualify:
    - {reason: spam, when: {all: [{field: title, words: [casino]}, {field: stage, none_of: [won]}]}}
    - {reason: student, field: title, words: [student]}
"""
SPAM = {"stage": "new", "created_on": AS_OF, "employees": 200, "title": "Casino, manager"}
LOW = {"stage": "new", "created_on": AS_OF - timedelta(days=30), "employees": 10, "budget": (10000, "USD"), "need": "?"}
LATER = timedelta(days=3)


def criteria_from(text: str = TEXT) -> Criteria:
    return load_criteria(text, place="here")


def rescue(connection: Connection, criteria: Criteria, verdict: str = "rescue", lead_id: int = 1) -> None:
    """Give a verdict on all that nominates a lead now."""
    lines = find_junk_lines(connection, criteria, [lead_id], AS_OF)
    store_verdict(connection, lead_id, verdict, lines.get(lead_id, ()), digest=criteria.digest)


def look(connection: Connection, criteria: Criteria, days: int = 0) -> tuple[JunkLine, ...]:
    """Score again and return what nominates the first lead: the stored score must say the same."""
    day = AS_OF + timedelta(days=days)
    score_leads(connection, criteria, act_on(day, hour=15))
    lines = find_junk_lines(connection, criteria, [1], day).get(1, ())
    assert read_scores(connection)[1].candidate == bool(lines)
    return lines


CAME_BACK = {
    "nothing happened": (SPAM, {}, {}, 0, None),
    "much time": (SPAM, {}, {}, 400, None),
    "time that brought another line": (SPAM | {"employees": 10}, {}, {}, 30, "as time passed"),
    "a value that no line asks": (SPAM, {"industry": "Toys", "employees": 300}, {}, 0, None),
    "the same value, spelt another way": (SPAM, {"title": "casino,  MANAGER"}, {}, 0, None),
    "the stage": (SPAM, {"stage": "working"}, {}, 0, None),
    "the value behind the line": (SPAM, {"title": "Casino owner"}, {}, 0, "by new data"),
    "another line": (SPAM, {"title": "Casino student"}, {}, 0, "by new data"),
    "a rule that was changed": (SPAM, {}, {"words: [casino]": "words: [casino, poker]"}, 0, "by changed criteria"),
    "a rule that is new": (
        SPAM,
        {},
        {"disqualify:\n": "disqualify:\n    - {reason: no_fit, field: title, words: [manager]}\n"},
        0,
        "by changed criteria",
    ),
    "a rule about others": (SPAM, {}, {"words: [student]": "words: [pupil]"}, 0, None),
    "a low score": (LOW, {}, {}, 0, None),
    "a low score, older": (LOW, {}, {}, 60, None),
    "a low score, called in vain": (LOW, {"touches": 1, "unanswered_touches": 1}, {}, 0, None),
    "a low score, called too often": (LOW, {"unanswered_touches": 4}, {}, 0, "by new data"),
    "a low score, another size": (LOW, {"employees": 12}, {}, 0, "by new data"),
    "a low score, other points": (LOW, {}, {"at_most: 7": "at_most: 3"}, 0, None),
    "a low score, another limit": (LOW, {}, {"below: 6": "below: 9"}, 0, "by changed criteria"),
}


@pytest.mark.parametrize("case", CAME_BACK)
@pytest.mark.parametrize("verdict", ["rescue", "nurture", "ask"])
def test_only_new_evidence_brings_a_rescued_lead_back(sqlite_engine: Engine, case: str, verdict: str) -> None:
    fields, changes, rules, days, because = CAME_BACK[case]
    text = TEXT
    for old, new in rules.items():
        assert old in text
        text = text.replace(old, new)
    with writing(sqlite_engine) as connection:
        store_leads(connection, [SampleLead(dict(fields))])
        assert look(connection, criteria_from())
        rescue(connection, criteria_from(), verdict)
        assert look(connection, criteria_from()) == ()
        if changes:
            change_lead(connection, 1, SampleLead({**fields, **changes}), NOON + LATER)
        lines = look(connection, criteria_from(text), days)
    said = {"rescue": "rescued", "nurture": "sent to nurture", "ask": "sent back with a question"}[verdict]
    if because is None:
        assert lines == ()
    else:
        year = "" if (AS_OF + timedelta(days=days)).year == AS_OF.year else " 2026"
        assert lines[0].text.startswith(f"{said} by Maria on 18 Nov{year}; flagged again {because}: ")
        assert not any("flagged again" in line.text for line in lines[1:])


def test_somebody_who_flags_a_rescued_lead_brings_it_back(engine: Engine) -> None:
    with writing(engine) as connection:
        store_leads(connection, [SampleLead(dict(SPAM), flagged=("no_fit",))])
        assert len(look(connection, criteria_from())) == 2
        rescue(connection, criteria_from())
        assert look(connection, criteria_from()) == ()
        flag = {"lead_id": 1, "id": 9, "by": "Ann", "reason": "no_need", "at": NOON, "recorded_at": NOON}
        connection.execute(insert(table(Nomination)).values(**flag))
        lines = look(connection, criteria_from())
        assert [(line.by, line.text) for line in lines] == [
            ("Ann", "rescued by Maria on 18 Nov; flagged again: flagged by Ann")
        ]
        store_verdict(connection, 1, "rescue", lines, digest=criteria_from().digest)
        assert look(connection, criteria_from()) == ()


@pytest.mark.parametrize("how", ["withdrawn", "overruled", "audited"])
def test_only_a_standing_review_counts(engine: Engine, how: str) -> None:
    with writing(engine) as connection:
        store_leads(connection, [SampleLead(dict(SPAM))])
        look(connection, criteria_from())
        rescue(connection, criteria_from())
        if how == "withdrawn":
            connection.execute(update(table(Verdict)).values(withdrawn_at=NOON))
        else:
            store_verdict(connection, 1, "junk", kind="audit" if how == "audited" else "review")
        assert bool(look(connection, criteria_from())) == (how != "audited")


def test_a_rule_and_what_it_saw_are_known_again_on_both_databases(engine: Engine) -> None:
    fields = SPAM | {"bounced": True, "email_kind": "free", "revenue": (5, "JPY"), "budget": (7, "USD")}
    parts = """
      - {field: title, words: [casino]}
      - {field: bounced, is: true}
      - {column: Size, at_least: 2.5}
      - {field: revenue, at_least: 0}
      - {field: budget, at_most: 50}
      - {field: age_days, at_least: 0}
      - {not: {field: email_kind, is: business}}
      - {any: [{field: stage, is: new}, {field: stage, is: nurture}]}
"""
    text = f"{TEXT[: TEXT.index('  disqualify')]}  disqualify:\n  - reason: spam\n    when:\n     all:{parts}"
    criteria = criteria_from(text.replace("currency: USD", "currency: USD\nrates: {JPY: 0.01}"))
    with writing(engine) as connection:
        store_leads(connection, [SampleLead(fields, columns={"Size": "10.50"})])
        (line,) = look(connection, criteria)
    assert (line.rule, line.by, line.reason) == (criteria.junk.disqualify[0].label, "criteria", "spam")
    assert line.evidence == "37bb0c4cbfc4e0d632c235105c5e0963-fd27f03de2a7d78a9d6b03fd6669604e"


def read_next(connection: Connection, days: int = 0) -> tuple[Any, ...]:
    day = AS_OF + timedelta(days=days)
    score_leads(connection, criteria_from(), act_on(day))
    row = read_scores(connection)[1]
    told = explain_lead(connection, criteria_from(), 1, day)
    assert (told.questions[0].place if told.questions else None) == row.next_criterion
    return row.needs_answers, row.next_criterion, row.next_gain


def test_what_a_reviewer_wants_asked_comes_first_until_it_is_answered(engine: Engine) -> None:
    fields = {"stage": "new", "created_on": AS_OF - timedelta(days=30), "need": "wood"}
    with writing(engine) as connection:
        store_leads(connection, [SampleLead(dict(fields))])
        assert read_next(connection) == (True, 0, 10)
        change_lead(connection, 1, SampleLead(dict(fields), ask_for="Pays"))
        store_verdict(connection, 1, "ask")
        assert read_next(connection) == (True, 1, 8)
        fields |= {"employees": 10}
        change_lead(connection, 1, SampleLead(dict(fields)))
        assert read_next(connection) == (False, 1, 8), "it cannot reach enough"
        change_lead(connection, 1, SampleLead(dict(fields), ask_for="Pays"))
        assert read_next(connection) == (True, 1, 8)
        change_lead(connection, 1, SampleLead({**fields, "budget": (100, "USD")}, ask_for="Pays"))
        assert read_next(connection) == (False, None, None)


def test_what_a_lead_cannot_answer_yet_is_asked_again_on_its_day(engine: Engine) -> None:
    fields = {"stage": "new", "created_on": AS_OF - timedelta(days=30), "need": "wood"}
    put_off = {"Size": AS_OF + timedelta(days=14)}
    with writing(engine) as connection:
        store_leads(connection, [SampleLead(dict(fields), put_off=put_off)])
        assert read_next(connection) == (True, 1, 8)
        rows = {"lead_id": 1, "id": 9, "act": 1, "criterion": "Pays", "by": "Ann", "at": NOON}
        connection.execute(insert(table(PutOff)).values(**rows, again_on=AS_OF + timedelta(days=7)))
        assert read_next(connection) == (False, None, None), "nothing can be asked until then"
        told = explain_lead(connection, criteria_from(), 1, AS_OF)
        assert [(question.criterion, question.again_on) for question in told.put_off] == [
            ("Pays", AS_OF + timedelta(days=7)),
            ("Size", AS_OF + timedelta(days=14)),
        ]
        assert read_next(connection, days=7) == (True, 1, 8)
        assert read_next(connection, days=14) == (True, 0, 10)


def test_scoring_one_lead_settles_its_questions_as_scoring_all_does(sqlite_engine: Engine) -> None:
    fields = {"stage": "new", "created_on": AS_OF - timedelta(days=30), "need": "wood"}
    leads = [
        SampleLead(dict(fields), put_off={"Size": AS_OF + timedelta(days=1)}),
        SampleLead(dict(fields), ask_for="Pays"),
        SampleLead(dict(SPAM)),
    ]
    with writing(sqlite_engine) as connection:
        store_leads(connection, leads)
        score_leads(connection, criteria_from(), act_on())
        rescue(connection, criteria_from(), lead_id=3)
        summary = score_leads(connection, criteria_from(), act_on(), lead_ids=[1, 2, 3])
        some = [(row.candidate, row.needs_answers, row.next_criterion) for row in read_scores(connection).values()]
        assert (summary.junk_candidates, summary.needs_answers) == (0, sum(needs for _, needs, _ in some))
        score_leads(connection, criteria_from(), act_on())
        everything = [
            (row.candidate, row.needs_answers, row.next_criterion) for row in read_scores(connection).values()
        ]
    assert some == everything == [(False, True, 1), (False, True, 1), (False, False, 3)]
