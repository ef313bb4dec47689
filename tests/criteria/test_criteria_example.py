"""The example file is valid, free of warnings, and judges leads as its comments promise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluator import AS_OF, evaluate_condition, evaluate_totals, sample_lead
from leadtriage.core.vocabulary import Dimension
from leadtriage.criteria import (
    LEAD_FIELDS,
    Condition,
    Criteria,
    example_criteria,
    example_text,
    lint_criteria,
    load_criteria,
    starter_text,
)
from leadtriage.criteria.reference import json_schema, render_reference, render_schema, schema_path

jsonschema = pytest.importorskip("jsonschema")
PROJECT = Path(__file__).parents[2]

DIRECTOR: dict[str, Any] = {
    "title": "Director of Operations",
    "industry": "Manufacturing",
    "employees": 120,
    "email_kind": "business",
    "phone": "+4930123456",
    "source": "Demo request",
    "age_days": 1,
}


@pytest.fixture(scope="module")
def criteria() -> Criteria:
    return example_criteria()


def grade(criteria: Criteria, points: int) -> str:
    return next((name for name, lowest in criteria.grades.items() if points >= lowest), "D")


def score(criteria: Criteria, lead: dict[str, Any]) -> tuple[int, int, Fraction]:
    return evaluate_totals(sample_lead(lead), criteria, AS_OF)


def holds(criteria: Criteria, condition: Condition, lead: dict[str, Any]) -> bool | None:
    return evaluate_condition(condition, sample_lead(lead), criteria, AS_OF, possible=False)


def is_low(criteria: Criteria, lead: dict[str, Any]) -> bool:
    """A junk candidate by score or ceiling, without the disqualifiers."""
    points, ceiling, known = score(criteria, lead)
    below = criteria.junk.below
    return ceiling < below or (points < below and known >= criteria.junk.known)


def nominate(criteria: Criteria, lead: dict[str, Any]) -> set[str]:
    return {line.reason for line in criteria.junk.disqualify if holds(criteria, line.condition, lead)}


def test_it_has_no_warnings(criteria: Criteria) -> None:
    assert lint_criteria(criteria, known_fields=LEAD_FIELDS, known_columns=()) == ()


def test_it_reaches_exactly_100(criteria: Criteria) -> None:
    assert sum(rules.max for rules in criteria.score) == 100
    assert score(criteria, {})[1] == 100


def test_it_says_where_to_edit_and_asks_in_every_dimension_but_none_of_what_is_worked_out() -> None:
    criteria = example_criteria()
    assert example_text().count("EDIT HERE") >= 8
    assert {one.dimension for one in criteria.criteria if one.ask} == set(Dimension)


def test_nothing_known_is_no_junk(criteria: Criteria) -> None:
    for lead in (
        {},
        {"age_days": 3000},
        {"age_days": 3000, "source": "x", "title": "y", "industry": "z", "company": "c"},
    ):
        assert not is_low(criteria, lead)
        assert nominate(criteria, lead) == set()


def test_no_single_missing_answer_is_held_against_a_lead(criteria: Criteria) -> None:
    full = DIRECTOR | {
        "budget": 500,
        "need": "thesis",
        "decides_in_days": 400,
        "signs_off": "no",
        "revenue": 5,
        "source": "x",
    }
    for name in full:
        if name != "title" and nominate(criteria, {**full, name: None}):
            assert nominate(criteria, {**full, name: None}) <= nominate(criteria, full)


def test_a_director_with_a_fresh_demo_request_is_one_answer_from_a(criteria: Criteria) -> None:
    points, ceiling, _ = score(criteria, DIRECTOR)
    assert grade(criteria, points) == "B"
    assert grade(criteria, ceiling) == "A"
    for answer in ({"budget": 20000}, {"signs_off": "alone"}, {"decides_in_days": 14}, {"need": "Replace our tool"}):
        assert grade(criteria, score(criteria, DIRECTOR | answer)[0]) == "A", answer
        assert not nominate(criteria, DIRECTOR | answer)


def test_the_score_alone_does_not_qualify(criteria: Criteria) -> None:
    when = criteria.qualified.when
    assert when is not None
    assert score(criteria, DIRECTOR)[0] >= criteria.qualified.score
    assert not holds(criteria, when, DIRECTOR)
    for answer in ({"need": "x"}, {"budget": 1}, {"decides_in_days": 1}, {"replies": 1}):
        assert holds(criteria, when, DIRECTOR | answer)


def test_all_answers_bad_is_junk_by_score(criteria: Criteria) -> None:
    lead = {
        "title": "intern",
        "industry": "gambling",
        "employees": 1,
        "email_kind": "free",
        "source": "list",
        "age_days": 300,
        "need": "just looking",
        "budget": 800,
        "revenue": 0,
        "signs_off": "no",
        "decides_in_days": 400,
    }
    assert is_low(criteria, lead)


@pytest.mark.parametrize(
    ("lead", "reason"),
    [
        ({"name": "Test Test"}, "test"),
        ({"name": "<test lead: dummy data for full_name>"}, "test"),
        ({"email": "test@fb.com"}, "test"),
        ({"email_kind": "disposable", "phone": None}, "spam"),
        ({"bounced": True, "phone": None}, "bad_data"),
        ({"company": "Name of a competitor Ltd"}, "is_competitor"),
        ({"need": "We offer SEO-services and backlinks"}, "selling_to_us"),
        ({"need": "Please find my CV attached"}, "job_seeker"),
        ({"title": "Student"}, "student"),
        ({"title": "PhD student, economics"}, "student"),
        ({"budget": 150}, "no_budget"),
        ({"industry": "Online gambling"}, "no_fit"),
        ({"need": "not interested, remove me"}, "no_need"),
        ({"need": "for my master's thesis"}, "no_need"),
        ({"unanswered_touches": 6}, "unreachable"),
    ],
)
def test_each_kind_of_junk_has_its_line(criteria: Criteria, lead: dict[str, Any], reason: str) -> None:
    assert nominate(criteria, DIRECTOR) == set()
    assert nominate(criteria, DIRECTOR | lead) == {reason}


@pytest.mark.parametrize(
    ("title", "points"),
    [
        ("CEO", 20),
        ("Owner", 20),
        ("Product Owner", 2),
        ("Assistant to the CEO", 2),
        ("HR Business Partner", 2),
        ("VP, Sales", 20),
        ("Vice President Marketing", 20),
        ("Head of Purchasing", 15),
        ("Director of Student Services", 15),
        ("Inhaberin", 20),
        ("Purchasing Manager", 8),
        ("Student", -10),
        ("Youth worker", 0),
    ],
)
def test_titles(criteria: Criteria, title: str, points: int) -> None:
    assert score(criteria, {"title": title})[0] == points


def test_an_unlisted_title_says_nothing(criteria: Criteria) -> None:
    assert score(criteria, {"title": "Youth worker"}) == score(criteria, {})


def test_the_starter_names_the_schema_and_is_the_example() -> None:
    text = starter_text("criteria.schema.json")
    first, rest = text.split("\n", 1)
    assert first == "# yaml-language-server: $schema=criteria.schema.json"
    assert rest == example_text()
    assert load_criteria(text, place="criteria.yaml").criteria[0].line == example_criteria().criteria[0].line + 1


def test_the_schema_is_one_and_accepts_the_example() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema())
    jsonschema.Draft7Validator(json_schema()).validate(yaml.safe_load(example_text()))


def test_the_generated_files_are_up_to_date() -> None:
    assert schema_path().read_text(encoding="utf-8") == render_schema(), "run `make docs`"
    assert PROJECT.joinpath("docs/criteria.md").read_text(encoding="utf-8") == render_reference(), "run `make docs`"


def test_the_example_of_the_reference_is_valid() -> None:
    text = render_reference().split("```yaml\n")[1].split("```")[0]
    criteria = load_criteria(text, place="docs/criteria.md")
    assert lint_criteria(criteria, known_fields=None, known_columns=None) == ()
    jsonschema.Draft7Validator(json_schema()).validate(yaml.safe_load(text))


def test_the_reference_names_every_field_and_operator() -> None:
    text = render_reference()
    assert "{{" not in text
    assert all(f"| `{name}` |" in text for name in LEAD_FIELDS)
