"""A valid criteria file is read as what it says."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from criteria_documents import Written, conditions, documents, to_yaml
from hypothesis import given, settings, strategies as st

from leadtriage.core.errors import CriteriaError
from leadtriage.core.vocabulary import Dimension, Grade
from leadtriage.criteria import AllOf, Comparison, Condition, Criteria, Not, load_criteria
from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.operators import FieldType, Operator
from leadtriage.criteria.parse.conditions import describe_condition
from leadtriage.criteria.parse.values import parse_duration
from leadtriage.criteria.reference import json_schema

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = jsonschema.Draft7Validator(json_schema())
OPERANDS: dict[FieldType, Any] = {
    FieldType.TEXT: "x",
    FieldType.NUMBER: 5,
    FieldType.MONEY: 5000,
    FieldType.DAYS: 30,
    FieldType.YES_NO: True,
}


def load(document: object) -> Criteria:
    return load_criteria(to_yaml(document), place="criteria.yaml")


def load_condition(block: dict[str, Any]) -> Condition:
    when = load({"score": {"fit": {"max": 1}}, "qualified": {"score": 1, "when": block}}).qualified.when
    assert when is not None
    return when


def is_valid(document: object) -> bool:
    try:
        load(document)
    except CriteriaError:
        return False
    return True


@settings(deadline=None)
@given(conditions)
def test_a_condition_means_what_it_says(written: Written) -> None:
    assert load_condition(written.block) == written.means


@settings(deadline=None, max_examples=50)
@given(documents())
def test_a_file_has_all_its_tiers(made: tuple[dict[str, Any], dict[str, list[list[tuple[int, Condition]]]]]) -> None:
    document, means = made
    criteria = load(document)
    read = {
        rules.dimension: [[(tier.points, tier.condition) for tier in one.tiers] for one in rules.criteria]
        for rules in criteria.score
    }
    assert read == {dimension: means.get(dimension, []) for dimension in Dimension}
    assert len(criteria.junk.disqualify) == len(document.get("junk", {}).get("disqualify", []))


@settings(deadline=None, max_examples=20)
@given(documents())
def test_the_schema_accepts_what_is_valid(made: tuple[dict[str, Any], object]) -> None:
    SCHEMA.validate(made[0])


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize("name", LEAD_FIELDS)
def test_operators_fit_the_fields_of_their_types(name: str, operator: Operator) -> None:
    lead_field = LEAD_FIELDS[name]
    one = lead_field.choices[0] if lead_field.choices else OPERANDS[lead_field.type]
    operand = {
        Operator.PRESENT: True,
        Operator.ANY_OF: [one],
        Operator.NONE_OF: [one],
        Operator.BETWEEN: [one, one],
    }.get(operator, one)
    document = {
        "score": {
            "fit": {
                "max": 1,
                "criteria": [{"name": "A", "field": name, "tiers": [{"points": 1, operator: operand}]}],
            }
        },
        "qualified": {"score": 1, "when": {"field": name, operator: operand}},
        "junk": {"disqualify": [{"reason": "no_fit", "field": name, operator: operand}]},
    }
    fits = operator in lead_field.operators
    assert is_valid(document) == SCHEMA.is_valid(document) == fits


@pytest.mark.parametrize(
    "damage",
    [
        {"score": {}},
        {"version": 2},
        {"nam": "x"},
        {"currency": "euro"},
        {"rates": {"EUR": 0}},
        {"score": {"fitt": {"max": 1}}},
        {"score": {"fit": {}}},
        {"score": {"fit": {"max": 1, "criteria": [{"name": "A", "tiers": []}]}}},
        {"score": {"fit": {"max": 1, "criteria": [{"name": "A", "field": "title", "tiers": [{"points": 1}]}]}}},
        {"grades": {"A": 3, "B": 2}},
        {"qualified": "50"},
        {"qualified": {"score": 1, "when": {"all": []}}},
        {"qualified": {"score": 1, "when": {"field": "title"}}},
        {"qualified": {"score": 1, "when": {"field": "title", "column": "x", "is": "y"}}},
        {"junk": {"known": 2}},
        {"junk": {"disqualify": [{"reason": "No Fit", "field": "title", "is": "x"}]}},
        {"junk": {"disqualify": [{"field": "title", "is": "x"}]}},
        {"follow_up": {"idle": 10}},
        {"follow_up": {"working_days": ["monday"]}},
        {"team": [{"role": "sales"}]},
        {"team": [{"name": "Maria", "role": "boss"}]},
        {"goals": [{"who": "team", "what": "won", "target": 0, "per": "month"}]},
    ],
)
def test_the_schema_refuses_what_is_a_mistake(damage: dict[str, Any]) -> None:
    document = {"score": {"fit": {"max": 1}}} | damage
    assert not is_valid(document)
    assert not SCHEMA.is_valid(document)


def test_what_is_left_out_has_its_default() -> None:
    criteria = load({"score": {"need": {"max": 7}}})
    assert (criteria.name, criteria.currency, criteria.rates) == ("Criteria", "USD", {"USD": 1})
    assert [(rules.dimension, rules.max) for rules in criteria.score] == [
        ("need", 7),
        ("fit", 0),
        ("budget", 0),
        ("authority", 0),
        ("timing", 0),
    ]
    assert criteria.grades == {"A": 75, "B": 50, "C": 25}
    assert (criteria.qualified.score, criteria.qualified.when) == (50, None)
    assert (criteria.junk.below, criteria.junk.known, criteria.junk.disqualify) == (0, Decimal("0.6"), ())
    assert criteria.follow_up.first_touch == {"A": 1, "B": 2, "C": 5}
    assert criteria.follow_up.working_days == (0, 1, 2, 3, 4)
    assert criteria.timezone is None
    assert criteria.team == criteria.goals == ()


def test_qualified_follows_the_grades_where_it_is_left_out() -> None:
    assert load({"score": {"need": {"max": 7}}, "grades": {"A": 9, "B": 8, "C": 7}}).qualified.score == 8


def test_all_sections() -> None:
    text = """
    name:   Ours,  2026
    currency: EUR
    rates: {USD: 0.92, JPY: .0061, EUR: 1.0}
    score: {fit: {max: 1}}
    junk: {below: -5, known: 1}
    follow_up:
      first_touch: {A: 0d, D: 2w}
      idle: 2w
      nurture: 4w
      shelf_life: 26w
      warn: 0d
      working_days: [sun, mon, tue, wed]
      holidays: [2027-01-01, 2026-12-25, 2026-12-25]
    timezone: Asia/Kolkata
    team:
      - name: Maria
        also: [mkeller, 4711]
        capacity: 8
        max_open: 60
        away: [2027-02-01, 2026-12-21..2027-01-03]
        takes: {field: country, any_of: [NO, SE]}
      - {name: Tom, role: qualifier}
    goals: [{who: MKELLER, what: won, target: 12, per: quarter}]
    """
    criteria = load_criteria(text, place="criteria.yaml")
    assert criteria.name == "Ours, 2026"
    assert criteria.rates == {"EUR": 1, "USD": Decimal("0.92"), "JPY": Decimal("0.0061")}
    assert (criteria.junk.below, criteria.junk.known) == (-5, 1)
    clocks = criteria.follow_up
    assert clocks.first_touch == {Grade.A: 0, Grade.D: 8}, "a week of working days has as many as the week has"
    assert (clocks.idle, clocks.nurture, clocks.shelf_life, clocks.warn) == (8, 28, 182, 0)
    assert clocks.working_days == (0, 1, 2, 6)
    assert clocks.holidays == (date(2026, 12, 25), date(2027, 1, 1))
    assert criteria.timezone == "Asia/Kolkata"
    maria, tom = criteria.team
    assert (maria.name, maria.role, maria.also) == ("Maria", "sales", ("mkeller", "4711"))
    assert (maria.capacity, maria.max_open) == (8, 60)
    assert maria.away == ((date(2026, 12, 21), date(2027, 1, 3)), (date(2027, 2, 1), date(2027, 2, 1)))
    assert maria.takes == Comparison("country", None, FieldType.TEXT, Operator.ANY_OF, ("NO", "SE"))
    assert (tom.role, tom.takes, tom.capacity) == ("qualifier", None, None)
    assert [goal.who for goal in criteria.goals] == ["Maria"]
    assert criteria.text == text
    assert criteria.digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_plain_value_after_a_text_field_is_the_text_as_written() -> None:
    text = "score: {fit: {max: 1}}\nqualified: {score: 1, when: {field: country, any_of: [NO, 12:30, 0123, 1.50, ~x]}}"
    when = load_criteria(text, place="x").qualified.when
    assert when == Comparison("country", None, FieldType.TEXT, Operator.ANY_OF, ("NO", "12:30", "0123", "1.50", "~x"))


def test_a_column_takes_its_type_from_what_it_is_compared_with() -> None:
    parts = [{"column": "Seats", "is": 3}, {"column": "Seats", "is": "3"}, {"column": "Seats", "at_least": 1.5}]
    assert load_condition({"all": parts}) == AllOf(
        (
            Comparison(None, "Seats", FieldType.NUMBER, Operator.IS, (3,)),
            Comparison(None, "Seats", FieldType.TEXT, Operator.IS, ("3",)),
            Comparison(None, "Seats", FieldType.NUMBER, Operator.AT_LEAST, (1.5,)),
        )
    )


def test_criteria_cannot_be_changed_by_those_who_use_them() -> None:
    criteria = load({"score": {"fit": {"max": 1}}, "rates": {"EUR": 1.1}})
    mappings: tuple[Any, ...] = (criteria.rates, criteria.grades, criteria.follow_up.first_touch)
    for mapping in mappings:
        with pytest.raises(TypeError):
            mapping["A"] = 1
    assert is_dataclass(criteria)
    assert not any(isinstance(getattr(criteria, one.name), list | dict | set) for one in fields(criteria))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("10d", 10),
        ("2w", 14),
        ("0d", 0),
        (" 3 d ", 3),
        ("1.5d", None),
        ("10", None),
        ("d", None),
        ("-1d", None),
        ("", None),
    ],
)
def test_durations(text: str, days: int | None) -> None:
    assert parse_duration(text) == days


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"field": "employees", "between": [50, 1000]}, "employees 50 to 1,000"),
        ({"field": "employees", "at_least": 1001}, "employees at least 1,001"),
        ({"field": "age_days", "at_most": 7}, "age_days at most 7 days"),
        ({"field": "title", "words": ["ceo", "vp", "owner"]}, "title says ceo, vp or owner"),
        ({"field": "title", "any_of": list("abcdef")}, "title a, b, c or 3 more"),
        ({"field": "title", "any_of": list("abcd")}, "title a, b, c or d"),
        ({"field": "phone", "present": False}, "phone missing"),
        ({"field": "bounced", "is": True}, "bounced yes"),
        ({"field": "title", "is_not": "x"}, "title not x"),
        ({"column": "Seats", "is": 2.5}, "Seats 2.5"),
        ({"not": {"field": "title", "is": "x"}}, "not (title x)"),
        (
            {
                "any": [
                    {"field": "title", "is": "x"},
                    {"all": [{"field": "city", "is": "y"}, {"field": "need", "present": True}]},
                ]
            },
            "title x or (city y and need known)",
        ),
    ],
)
def test_conditions_in_a_few_words(block: dict[str, Any], said: str) -> None:
    assert describe_condition(load_condition(block)) == said


@settings(deadline=None)
@given(conditions)
def test_a_description_names_every_field(written: Written) -> None:
    said = describe_condition(written.means)
    assert all((one.field or one.column or "") in said for one in leaves(written.means))
    assert said.count("(") == said.count(")")


def leaves(condition: Condition) -> list[Comparison]:
    if isinstance(condition, Comparison):
        return [condition]
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return [leaf for part in parts for leaf in leaves(part)]


@settings(deadline=None)
@given(st.lists(st.integers(-30, 30), min_size=1))
def test_the_best_of_a_criterion_is_never_below_nothing(points: list[int]) -> None:
    tiers = [{"points": one, "is": "x"} for one in points]
    criteria = load({"score": {"fit": {"max": 1, "criteria": [{"name": "A", "field": "title", "tiers": tiers}]}}})
    assert criteria.criteria[0].best == max([0, *points])


def test_tiers_and_junk_lines_that_would_be_called_alike_are_told_apart() -> None:
    # Of five cities three are written out.
    text = """
score:
  fit:
    max: 10
    criteria:
      - name: City
        field: city
        tiers:
          - {points: 5, any_of: [Bonn, Köln, Ulm, Hof, Aue]}
          - {points: 3, any_of: [Bonn, Köln, Ulm, Jena, Kiel]}
junk:
  disqualify:
    - {reason: no_fit, field: city, any_of: [Rom, Bari, Lodi, Asti, Enna]}
    - {reason: no_fit, field: city, any_of: [Rom, Bari, Lodi, Pisa, Nola]}
"""
    criteria = load_criteria(text, place="criteria.yaml")
    (city,) = criteria.criteria
    assert [tier.label for tier in city.tiers] == ["Bonn, Köln, Ulm or 2 more", "Bonn, Köln, Ulm or 2 more (2)"]
    labels = [line.label for line in criteria.junk.disqualify]
    assert labels == ["city Rom, Bari, Lodi or 2 more", "city Rom, Bari, Lodi or 2 more (2)"]
