"""Criteria cases in YAML, to which anybody can add; and criteria as large as they may be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine
from stored import act_on, read_scores, store_leads

from evaluator import AS_OF, SampleLead, evaluate_lead, sample_lead
from leadtriage.core.vocabulary import Dimension
from leadtriage.criteria import AnyOf, Comparison, Criterion, DimensionRules, FieldType, Operator, Tier, load_criteria
from leadtriage.db import writing
from leadtriage.scoring import compile_condition, score_leads, select_inputs
from leadtriage.scoring.compile.inputs import Scales

CASES = sorted(Path(__file__).with_name("cases").glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_criteria_say_of_leads_what_the_cases_expect(path: Path, engine: Engine) -> None:
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    criteria = load_criteria(yaml.safe_dump(written["criteria"], sort_keys=False), place=path.name)
    cases = written["leads"]
    leads = [sample_lead({"stage": "new", "age_days": 0, **case["lead"]}) for case in cases]
    with writing(engine) as connection:
        store_leads(connection, leads)
        score_leads(connection, criteria, act_on())
        stored = read_scores(connection)
    for lead_id, case in enumerate(cases, start=1):
        expected = case["expect"]
        assert {name: getattr(stored[lead_id], name) for name in expected} == expected, case["name"]


def test_criteria_of_the_largest_size_are_scored(sqlite_engine: Engine) -> None:
    def says(*phrases: str) -> Comparison:
        return Comparison("need", None, FieldType.TEXT, Operator.WORDS, phrases)

    def listed(field: str, *values: str) -> Comparison:
        return Comparison(field, None, FieldType.TEXT, Operator.ANY_OF, values)

    words = tuple(f"word{number}" for number in range(1000))
    several = AnyOf((says("word1"), Comparison("employees", None, FieldType.NUMBER, Operator.AT_LEAST, (5,))))
    tiers = tuple(Tier(50 - number, listed("title", f"title {number}"), str(number)) for number in range(50))
    criteria = [
        Criterion("words", Dimension.FIT, "need", None, "?", (Tier(5, says(*words), ""),)),
        Criterion("list", Dimension.FIT, "title", None, "?", (Tier(7, listed("title", *words), ""),)),
        Criterion("tiers", Dimension.FIT, "title", None, "?", tiers),
        Criterion("both", Dimension.FIT, None, None, "?", tuple(replace(tier, condition=several) for tier in tiers)),
    ]
    few = (Tier(2, several, "a"), Tier(1, says("word2"), "b"))
    criteria += [Criterion(f"c{number}", Dimension.FIT, None, None, "?", few) for number in range(len(criteria), 500)]
    text = "version: 1\nscore: {fit: {max: 100, criteria: [{name: a, field: need, tiers: [{points: 1, is: x}]}]}}"
    small = load_criteria(text, place="here")
    large = replace(small, score=(DimensionRules(Dimension.FIT, 100_000, tuple(criteria)),))
    leads = [
        SampleLead({"stage": "new", "created_on": AS_OF, "need": need, "title": title, "employees": employees})
        for need, title, employees in (
            ("we need word999", "title 49", None),
            ("Word1, word2", "word500", 1),
            (None, None, None),
            ("word2", None, 3),
        )
    ]
    with writing(sqlite_engine) as connection:
        store_leads(connection, leads)
        score_leads(connection, large, act_on())
        stored = read_scores(connection)
    for lead_id, lead in enumerate(leads, start=1):
        expected = evaluate_lead(lead, large, AS_OF)
        found = stored[lead_id]
        assert (found.score, found.ceiling, found.next_criterion) == (
            expected.score,
            expected.ceiling,
            expected.next_criterion,
        )


@pytest.mark.parametrize("operator", Operator)
def test_every_operator_has_sql(operator: Operator) -> None:
    kind = operator.rules.types[0]
    operands = (1, 2) if kind is FieldType.NUMBER else ("a",)
    test = Comparison(None, "Column", kind, operator, operands)
    scales = Scales(AS_OF, {})
    assert compile_condition(test, select_inputs([test], {}, scales), scales, possible=False) is not None
