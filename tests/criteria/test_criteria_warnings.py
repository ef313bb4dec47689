"""What `criteria check` warns of: the cases of `cases/warnings.yaml`, and that its claims are true of all leads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from criteria_documents import Written, operators
from hypothesis import example, given, settings, strategies as st

from evaluator import AS_OF, evaluate_condition, sample_lead
from leadtriage.criteria import Comparison, Condition, FieldType, Operator, example_criteria, load_criteria
from leadtriage.criteria.lint import Covering, contradicts_itself, implies, lint_criteria

CASES = yaml.safe_load(Path(__file__).with_name("cases").joinpath("warnings.yaml").read_text(encoding="utf-8"))

EXAMPLE = example_criteria()

numbers = operators("employees", None)
texts = operators("title", None)
TEXTS = [
    "vp",
    "sales",
    "VP, Sales",
    "director",
    "vp of sales",
    "follow up",
    "follow-up",
    "École",
    "STRASSE",
    "no",
    "12:30",
]


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    text = case.get("text")
    if text is None:
        criterion = f"{{name: A, field: {case['field']}, tiers: {case['tiers']}}}"
        text = f"score: {{fit: {{max: 100, criteria: [{criterion}]}}}}\n{case.get('more', '')}"
    found = lint_criteria(
        load_criteria(text, place="criteria.yaml"),
        known_fields=case.get("known_fields"),
        known_columns=case.get("known_columns"),
    )
    shown = [
        f"{one.line}: {one.text}" if re.match(r"\d+: ", expected) else one.text
        for one, expected in zip(found, case["warnings"], strict=False)
    ]
    assert shown + [one.text for one in found[len(shown) :]] == case["warnings"]


def holds(condition: Condition, lead: dict[str, Any]) -> bool | None:
    return evaluate_condition(condition, sample_lead(lead), EXAMPLE, AS_OF, possible=False)


def is_covered(later: Written, earlier: list[Written]) -> bool:
    above = Covering()
    for one in earlier:
        above.add(one.means, 0)
    return above.covers(later.means)


@settings(deadline=None)
@given(numbers, st.lists(numbers, min_size=1, max_size=4))
def test_a_tier_that_never_counts_never_holds_alone_numbers(later: Written, earlier: list[Written]) -> None:
    claimed = is_covered(later, earlier)
    lead_values = [None, *range(-105, 106), 1_000_000, 2_000_000]
    alone = [
        value
        for value in lead_values
        if holds(later.means, {"employees": value})
        and not any(holds(one.means, {"employees": value}) for one in earlier)
    ]
    assert not (claimed and alone)


@settings(deadline=None)
@given(texts, st.lists(texts, min_size=1, max_size=3), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))
def test_a_tier_that_never_counts_never_holds_alone_texts(
    later: Written, earlier: list[Written], parts: list[str]
) -> None:
    claimed = is_covered(later, earlier)
    for value in (None, " ".join(parts), "-".join(parts), "".join(parts)):
        lead = {"title": value}
        alone = holds(later.means, lead) and not any(holds(one.means, lead) for one in earlier)
        assert not (claimed and alone)


@settings(deadline=None)
@given(texts | numbers, st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3), st.integers(-105, 105))
def test_what_contradicts_itself_never_holds(written: Written, parts: list[str], number: int) -> None:
    held = holds(written.means, {"title": " ".join(parts), "employees": number}) or holds(written.means, {})
    assert not (held and contradicts_itself(written.means))


@settings(deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3), texts)
@example(["follow up"], Written({}, Comparison("title", None, FieldType.TEXT, Operator.CONTAINS, ("follow-up",))))
def test_one_text_implies_just_what_holds_of_it(parts: list[str], other: Written) -> None:
    value = " ".join(parts)
    this = Comparison("title", None, FieldType.TEXT, Operator.IS, (value,))
    assert implies(this, other.means) == holds(other.means, {"title": value})


@settings(deadline=None)
@given(st.integers(-105, 105), numbers)
def test_one_number_implies_only_what_holds_of_it(value: int, other: Written) -> None:
    this = Comparison("employees", None, FieldType.NUMBER, Operator.IS, (value,))
    if implies(this, other.means):
        assert holds(other.means, {"employees": value})
