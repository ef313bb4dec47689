"""Scores of the database equal a plain Python evaluation, for any criteria and any leads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Connection, Engine, select
from stored import AS_OF, act_on, change_lead, read_scores, store_leads, store_verdict
from strategies import HEADERS, changing_leads, criteria_files, sample_leads

from effort import examples
from evaluator import Evaluation, SampleLead, evaluate_lead, find_evidence
from leadtriage.core.vocabulary import Dimension, VerdictWord
from leadtriage.criteria import Criteria, FieldType, find_comparisons
from leadtriage.db import Lead, table
from leadtriage.scoring import explain_lead, find_junk_lines, score_leads
from leadtriage.scoring.compile.inputs import Rules, all_conditions, name_input, prepare_rules
from leadtriage.scoring.compile.totals import is_visible, select_totals, select_values

pytestmark = pytest.mark.filterwarnings("error::sqlalchemy.exc.SAWarning")

many = settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(criteria=criteria_files(), leads=st.lists(sample_leads, min_size=1, max_size=6))
def test_scores_equal_the_evaluator(engine: Engine, criteria: Criteria, leads: list[SampleLead]) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, leads)
        summary = score_leads(connection, criteria, act_on())
        stored = read_scores(connection)
        expected = {place: evaluate_lead(lead, criteria, AS_OF) for place, lead in enumerate(leads, start=1)}
        for lead_id, evaluation in expected.items():
            assert tell(stored[lead_id]) == evaluation_as_told(evaluation), lead_id
        check_qualified(connection, criteria, leads, expected)
        check_explanations(connection, criteria, leads, expected)
        opened = [evaluation for lead, evaluation in zip(leads, expected.values(), strict=True) if is_open(lead)]
        assert summary.leads == len(opened)
        assert summary.scored == len(leads)
        assert (summary.a, summary.b, summary.c, summary.d) == tuple(
            sum(evaluation.grade == grade for evaluation in opened) for grade in "ABCD"
        )
        assert summary.junk_candidates == sum(evaluation.candidate for evaluation in opened)
        assert summary.needs_answers == sum(evaluation.needs_answers for evaluation in opened)
        transaction.rollback()


def is_open(lead: SampleLead) -> bool:
    return lead.fields["stage"] in ("new", "working", "nurture")


def tell(row: Any) -> dict[str, Any]:
    names = "score ceiling known grade candidate reason needs_answers gap next_criterion next_gain".split()
    return {name: getattr(row, name) for name in [*names, *Dimension]}


def evaluation_as_told(evaluation: Evaluation) -> dict[str, Any]:
    names = "score ceiling known grade candidate reason needs_answers gap next_criterion next_gain".split()
    return {name: getattr(evaluation, name) for name in names} | {
        name: evaluation.subtotals[name] for name in Dimension
    }


def check_qualified(
    connection: Connection, criteria: Criteria, leads: list[SampleLead], expected: dict[int, Evaluation]
) -> None:
    marked = dict(connection.execute(select(table(Lead).c.id, table(Lead).c.qualified_by)).all())
    for lead_id, (lead, evaluation) in enumerate(zip(leads, expected.values(), strict=True), start=1):
        newly = lead.fields["qualified_on"] is None and evaluation.ready and evaluation.gap <= 0
        assert (marked[lead_id] == "score") == newly


def check_explanations(
    connection: Connection, criteria: Criteria, leads: list[SampleLead], expected: dict[int, Evaluation]
) -> None:
    nominated = find_junk_lines(connection, criteria, expected, AS_OF)
    for lead_id, evaluation in expected.items():
        if is_open(leads[lead_id - 1]):
            assert (lead_id in nominated) == evaluation.candidate
            if evaluation.candidate:
                assert nominated[lead_id][0].reason == evaluation.reason
    for lead_id, evaluation in list(expected.items())[:1]:
        told = explain_lead(connection, criteria, lead_id, AS_OF)
        assert (told.score, told.ceiling, told.grade) == (evaluation.score, evaluation.ceiling, evaluation.grade)
        assert sum(line.points for line in told.ledger) == told.score
        assert sum(line.ceiling for line in told.ledger) == told.ceiling
        assert told.score <= told.ceiling
        assert told.ready == evaluation.ready
        if told.questions:
            assert (told.questions[0].place, told.questions[0].gain) == (
                evaluation.next_criterion,
                evaluation.next_gain,
            )
        else:
            assert evaluation.next_criterion is None
        assert tuple((question.again_on, question.place) for question in told.put_off) == evaluation.put_off


@many
@given(
    before=criteria_files(),
    changed=st.none() | criteria_files(),
    days=st.sampled_from([0, 0, 1, 30]),
    pairs=st.lists(st.tuples(changing_leads(), st.sampled_from([*VerdictWord, None])), min_size=1, max_size=6),
)
def test_what_a_reviewer_has_judged_nominates_nobody_again(
    engine: Engine,
    before: Criteria,
    changed: Criteria | None,
    days: int,
    pairs: list[tuple[tuple[SampleLead, SampleLead], VerdictWord | None]],
) -> None:
    later, after = AS_OF + timedelta(days=days), changed or before
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, [lead for (lead, _), _ in pairs], HEADERS)
        score_leads(connection, before, act_on())
        lines = find_junk_lines(connection, before, range(1, len(pairs) + 1), AS_OF)
        expected = {}
        for lead_id, ((lead, other), verdict) in enumerate(pairs, start=1):
            judged: frozenset[Any] = frozenset()
            if lead_id in lines and verdict is not None:
                store_verdict(connection, lead_id, verdict, lines[lead_id])
                judged = frozenset() if verdict is VerdictWord.JUNK else find_evidence(lead, before, AS_OF)
                other = replace(other, flagged=())
            change_lead(connection, lead_id, other)
            expected[lead_id] = evaluate_lead(other, after, later, judged)
        score_leads(connection, after, act_on(later))
        stored = read_scores(connection)
        assert {lead_id: tell(row) for lead_id, row in stored.items()} == {
            lead_id: evaluation_as_told(evaluation) for lead_id, evaluation in expected.items()
        }
        nominated = find_junk_lines(connection, after, expected, later)
        assert set(nominated) == {lead_id for lead_id, evaluation in expected.items() if evaluation.candidate}
        transaction.rollback()


@many
@given(criteria=criteria_files(), leads=st.lists(sample_leads, min_size=1, max_size=6))
def test_texts_may_be_looked_up_once_each(engine: Engine, criteria: Criteria, leads: list[SampleLead]) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, leads + leads)
        plain = prepare_rules(connection, criteria, AS_OF)
        comparisons = [part for condition in all_conditions(criteria) for part in find_comparisons(condition)]
        texts = frozenset(name_input(part) for part in comparisons if part.type is FieldType.TEXT)
        shared = replace(plain, shared_texts=texts)
        assert read_totals(connection, shared) == read_totals(connection, plain)
        transaction.rollback()


def read_totals(connection: Connection, rules: Rules) -> list[Any]:
    totals = select_totals(select_values(rules, is_visible(), {}), [])
    return list(connection.execute(select(totals).order_by(totals.c.lead_id)).all())
