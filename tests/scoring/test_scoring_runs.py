"""What a run stores, moves and tells, from one run to the next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, update
from stored import AS_OF, NOON, act_on, read_scores, store_leads

from evaluator import SampleLead
from leadtriage.core.errors import LeadNotFound
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import Grade
from leadtriage.criteria import Criteria, load_criteria
from leadtriage.db import (
    CriteriaVersion,
    Event,
    Lead,
    LeadScore,
    Nomination,
    ScoreRun,
    TeamName,
    reading,
    table,
    writing,
)
from leadtriage.scoring import explain_lead, find_junk_lines, lists_are_stale, score_leads

TEXT = """
version: 1
name: Runs
currency: USD
score:
  fit:
    max: 30
    criteria:
      - name: Size
        field: employees
        ask: How many people?
        tiers: [{points: 25, at_least: 100}, {points: 5, at_least: 1}]
      - name: Trade
        field: industry
        ask: What do you make?
        tiers: [{points: 20, words: [wood]}]
  timing:
    max: 20
    criteria:
      - {name: Came in lately, field: age_days, tiers: [{points: 20, at_most: 7}]}
grades: {A: 40, B: 30, C: 10}
qualified: {score: 45, when: {field: need, present: true}}
junk:
  below: 6
  known: 0.5
  disqualify: [{reason: student, field: title, words: [student]}, {reason: spam, field: company, is: spam}]
"""

FRESH = {"stage": "new", "created_on": AS_OF}


def criteria_from(text: str = TEXT) -> Criteria:
    return load_criteria(text, place="here")


def read_events(connection: Connection) -> list[tuple[Any, ...]]:
    events = table(Event)
    columns = (events.c.lead_id, events.c.kind, events.c.old, events.c.new, events.c.reason, events.c.by)
    return [tuple(row) for row in connection.execute(select(*columns).order_by(events.c.lead_id, events.c.id))]


def test_scoring_again_on_the_same_day_changes_nothing(engine: Engine) -> None:
    leads = [SampleLead({**FRESH, "employees": size, "need": "wood"}) for size in (None, 1, 500)]
    with writing(engine) as connection:
        store_leads(connection, leads)
        score_leads(connection, criteria_from(), act_on())
        before, events = read_scores(connection), read_events(connection)
        summary = score_leads(connection, criteria_from(), act_on(hour=15))
        after = read_scores(connection)
        assert read_events(connection) == events
    assert (summary.changed, summary.moves.count, summary.moves.table.rows) == (0, 0, ())
    run_columns = {"run_id", "answers_run_id", "previous_grade", "previous_run_id"}
    for lead_id, row in before.items():
        kept = {name: value for name, value in row._mapping.items() if name not in run_columns}
        assert kept == {name: value for name, value in after[lead_id]._mapping.items() if name not in run_columns}


def test_a_moved_grade_is_told_with_its_cause(engine: Engine) -> None:
    leads = [SampleLead({**FRESH, "employees": 1, "name": name}) for name in ("Data", "Time", "Criteria")]
    changed = criteria_from(TEXT.replace("{points: 5, at_least: 1}", "{points: 12, at_least: 1}"))
    lead = table(Lead)
    later = AS_OF + timedelta(days=8)
    with writing(engine) as connection:
        store_leads(connection, leads)
        score_leads(connection, criteria_from(), act_on())
        assert read_events(connection) == []
        connection.execute(
            update(lead).where(lead.c.id == 1).values(employees=500, changed_at=NOON + timedelta(hours=1))
        )
        by_data = score_leads(connection, criteria_from(), act_on(hour=15))
        assert by_data.moves.counts == {("C", "A", "data"): 1}
        assert [tuple(row.values()) for row in by_data.moves.table.rows] == [(1, "Data", None, "C", "A", "data", 45)]
        by_criteria = score_leads(connection, changed, act_on(hour=16))
        assert by_criteria.moves.counts == {("C", "B", "criteria"): 2}
        by_time = score_leads(connection, changed, act_on(later))
        assert by_time.moves.counts == {("A", "C", "time"): 1, ("B", "C", "time"): 2}
        assert by_time.changed == 3
        assert read_events(connection)[0] == (1, "grade", "C", "A", "data", "Maria")
        assert len(read_events(connection)) == 6
        stored = read_scores(connection)
    assert (stored[1].first_grade, stored[1].first_scored_on, stored[1].previous_grade) == ("C", AS_OF, "A")


def test_a_change_between_runs_of_other_leads_is_still_the_cause(sqlite_engine: Engine) -> None:
    lead = table(Lead)
    with writing(sqlite_engine) as connection:
        store_leads(connection, [SampleLead({**FRESH, "employees": 1}), SampleLead({**FRESH, "employees": 1})])
        score_leads(connection, criteria_from(), act_on())
        changed = NOON + timedelta(hours=1)
        connection.execute(update(lead).where(lead.c.id == 1).values(employees=500, changed_at=changed))
        only_the_other = score_leads(connection, criteria_from(), act_on(hour=14), lead_ids=[2])
        assert (only_the_other.leads, only_the_other.scored) == (1, 1)
        everything = score_leads(connection, criteria_from(), act_on(hour=15))
    assert everything.moves.counts == {("C", "A", "data"): 1}


def test_what_the_caller_rolls_back_leaves_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        store_leads(connection, [SampleLead({**FRESH, "employees": 1})])
    with engine.connect() as connection:
        transaction = connection.begin()
        assert score_leads(connection, criteria_from(), act_on()).scored == 1
        transaction.rollback()
    with reading(engine) as connection:
        for model in (LeadScore, ScoreRun, CriteriaVersion, Event):
            assert connection.execute(select(func.count()).select_from(table(model))).scalar() == 0


def test_a_lead_counts_as_qualified_once_score_and_need_are_there(engine: Engine) -> None:
    leads = [
        SampleLead({**FRESH, "employees": 500, "need": "wood"}),
        SampleLead({**FRESH, "employees": 500}),
        SampleLead({**FRESH, "employees": 1, "need": "wood"}),
        SampleLead({**FRESH, "employees": 500, "need": "wood", "qualified_on": AS_OF, "qualified_by": "Sam"}),
    ]
    lead = table(Lead)
    with writing(engine) as connection:
        store_leads(connection, leads)
        changed_at = connection.execute(select(lead.c.changed_at).where(lead.c.id == 1)).scalar()
        score_leads(connection, criteria_from(), act_on())
        score_leads(connection, criteria_from(), act_on(AS_OF + timedelta(days=30)))
        columns = (lead.c.qualified_on, lead.c.qualified_by)
        qualified = [tuple(row) for row in connection.execute(select(*columns).order_by(lead.c.id))]
        assert qualified == [(AS_OF, "score"), (None, None), (None, None), (AS_OF, "Sam")]
        assert [event for event in read_events(connection) if event[1] == "qualified"] == [
            (1, "qualified", None, "score", None, "Maria")
        ]
        assert connection.execute(select(lead.c.changed_at).where(lead.c.id == 1)).scalar() == changed_at


def test_every_line_that_nominates_is_told(engine: Engine) -> None:
    leads = [
        SampleLead({**FRESH, "employees": 5, "title": "Student, intern", "company": "SPAM"}, flagged=("duplicate",)),
        SampleLead({"stage": "new", "created_on": AS_OF - timedelta(days=30), "employees": 3}),
        SampleLead({"stage": "new", "created_on": AS_OF - timedelta(days=30), "employees": 0, "industry": "iron"}),
        SampleLead({**FRESH}),
    ]
    with writing(engine) as connection:
        store_leads(connection, leads)
        score_leads(connection, criteria_from(), act_on())
        lines = find_junk_lines(connection, criteria_from(), [1, 2, 3, 4, 99], AS_OF)
        stored = read_scores(connection)
    told = {lead_id: [(line.reason, line.text, line.by) for line in found] for lead_id, found in lines.items()}
    assert told[1][0] == ("duplicate", "flagged by Sam", "Sam")
    assert [(reason, by) for reason, _, by in told[1][1:]] == [("student", "criteria"), ("spam", "criteria")]
    assert told[2] == [("bad_timing", "score 5 is below 6 with 69% known", "criteria")]
    assert told[3] == [("no_fit", "score 0 is below 6 with 100% known", "criteria")]
    assert 4 not in told
    assert {lead_id: row.reason for lead_id, row in stored.items() if row.candidate} == {
        1: "duplicate",
        2: "bad_timing",
        3: "no_fit",
    }


def test_a_withdrawn_nomination_nominates_no_more(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as connection:
        store_leads(connection, [SampleLead({**FRESH, "employees": 500}, flagged=("spam",))])
        assert score_leads(connection, criteria_from(), act_on()).junk_candidates == 1
        connection.execute(update(table(Nomination)).values(withdrawn_at=NOON))
        assert score_leads(connection, criteria_from(), act_on()).junk_candidates == 0
        assert find_junk_lines(connection, criteria_from(), [1], AS_OF) == {}


def test_an_explanation_shows_what_it_saw_and_asks_what_is_open(engine: Engine) -> None:
    with writing(engine) as connection:
        store_leads(connection, [SampleLead({**FRESH, "employees": 1200}), SampleLead({**FRESH})])
        known = explain_lead(connection, criteria_from(), 1, AS_OF)
        unknown = explain_lead(connection, criteria_from(), 2, AS_OF)
        with pytest.raises(LeadNotFound, match="no lead 3"):
            explain_lead(connection, criteria_from(), 3, AS_OF)
    assert [
        (line.criterion, line.value, line.points, line.ceiling, line.known, line.tier) for line in known.ledger
    ] == [
        ("Size", "1,200", 25, 25, True, "at least 100"),
        ("Trade", None, 0, 20, False, None),
        ("held within -30 to 30", None, 0, -15, None, None),
        ("Came in lately", "0 days", 20, 20, True, "at most 7 days"),
    ]
    assert (known.score, known.ceiling, known.grade) == (45, 50, Grade.A)
    assert [(question.criterion, question.gain, question.reaches_grade) for question in unknown.questions] == [
        ("Size", 25, Grade.A),
        ("Trade", 20, Grade.A),
    ]


def stale_by(connection: Connection, criteria: Criteria) -> str | None:
    return lists_are_stale(connection, criteria.digest, lambda: criteria)


def test_lists_say_when_leads_are_unscored_or_the_criteria_have_changed(engine: Engine) -> None:
    criteria = criteria_from()
    with writing(engine) as connection:
        assert stale_by(connection, criteria) is None
        store_leads(connection, [SampleLead({**FRESH})] * 2)
        assert stale_by(connection, criteria) == "2 leads are not scored yet: run leadtriage score"
        score_leads(connection, criteria, act_on())
        assert stale_by(connection, criteria) is None
        changed = criteria_from(TEXT.replace("{A: 40,", "{A: 41,"))
        assert stale_by(connection, changed) == (
            "the criteria have changed since the leads were scored: run leadtriage score"
        )
        first = connection.execute(select(table(Lead)).where(table(Lead).c.id == 1)).one()
        connection.execute(insert(table(Lead)).values(**{**first._mapping, "id": 3}))
        assert stale_by(connection, criteria) == "1 lead is not scored yet: run leadtriage score"
        score_leads(connection, criteria, act_on(), lead_ids=[3])
        assert stale_by(connection, criteria) is None


@pytest.mark.parametrize(
    ("edit", "matters"),
    [
        (("name: Runs", "name: Ours"), False),
        (("version: 1", "# a remark\n\nversion: 1"), False),
        (("version: 1", "team: [{name: Sam}]\ngoals: [{who: Sam, what: won, target: 3, per: month}]"), False),
        (("version: 1", "follow_up: {idle: 3d}"), True),
        (("version: 1", "timezone: Europe/Berlin"), True),
        (("version: 1", "rates: {EUR: 1.1}"), True),
        (("What do you make?", "What is your trade?"), True),
        (("below: 6", "below: 7"), True),
        (("score: 45", "score: 44"), True),
    ],
)
def test_lists_mind_only_the_parts_of_the_criteria_that_score(
    sqlite_engine: Engine, edit: tuple[str, str], matters: bool
) -> None:
    edited = criteria_from(TEXT.replace(*edit))
    with writing(sqlite_engine) as connection:
        store_leads(connection, [SampleLead({**FRESH, "employees": 1})])
        score_leads(connection, criteria_from(), act_on())
        assert edited.digest != criteria_from().digest
        assert (stale_by(connection, edited) is not None) == matters
        by_time = score_leads(connection, edited, act_on(AS_OF + timedelta(days=8)))
        assert by_time.moves.counts == {("C", "D", "criteria" if matters else "time"): 1}


def test_criteria_that_are_understood_no_more_count_as_changed(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as connection:
        store_leads(connection, [SampleLead({**FRESH})])
        score_leads(connection, criteria_from(), act_on())
        connection.execute(update(table(CriteriaVersion)).values(text="score: of another version"))
        assert stale_by(connection, criteria_from(TEXT + "# edited\n")) is not None


def test_the_rules_of_the_day_are_kept(sqlite_engine: Engine) -> None:
    criteria = criteria_from()
    with writing(sqlite_engine) as connection:
        score_leads(connection, criteria, act_on())
        score_leads(connection, criteria, act_on())
        kept = connection.execute(select(table(CriteriaVersion))).one()
    assert (kept.digest, kept.text) == (criteria.digest, TEXT)
    assert kept.questions[0] == {
        "name": "Size",
        "field": "employees",
        "column": None,
        "ask": "How many people?",
        "dimension": "fit",
    }
    assert kept.settings["qualified"] == 45


def test_a_run_keeps_what_its_criteria_call_the_team(engine: Engine) -> None:
    pam, jim = "team: [{name: Pam Beesly, also: [PB, pam@x.example]}]\n", "team: [{name: Jim}, {name: PB}]\n"
    names = table(TeamName)
    for team, stored in (
        (pam, {"pam beesly": "pam beesly", "pb": "pam beesly", "pam@x.example": "pam beesly"}),
        (pam, {"pam beesly": "pam beesly", "pb": "pam beesly", "pam@x.example": "pam beesly"}),
        (jim, {"jim": "jim", "pb": "pb"}),
        ("", {}),
    ):
        with writing(engine) as connection:
            score_leads(connection, criteria_from(TEXT + team), act_on(AS_OF))
            expected = {comparable(name): comparable(member) for name, member in stored.items()}
            assert {row.spelling: row.member for row in connection.execute(select(names))} == expected
