"""Hypothesis strategies for valid criteria: as the plain values of a file, beside the conditions that they mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from leadtriage.core.vocabulary import Dimension
from leadtriage.criteria import AllOf, AnyOf, Comparison, Condition, Not
from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.operators import FieldType, Operand, Operator

WORDS = ("vp", "sales", "vp sales", "Director", "ÉCOLE", "straße", "follow-up", "NO", "12:30", "1e3", "見積")
DOMAINS = ("globex.com", "COM", "bücher.de")
NUMBERS = st.integers(-100, 100) | st.sampled_from([0.5, -2.25, 1e6])


@dataclass(frozen=True)
class Written:
    """A condition as it is written in the file and as it must be read."""

    block: dict[str, Any]
    means: Condition


def to_yaml(document: object) -> str:
    """JSON is YAML 1.2: text stays in quotes, so that nothing is taken for something else."""
    return json.dumps(document, ensure_ascii=False)


@st.composite
def operators(draw: st.DrawFn, field: str | None, column: str | None) -> Written:
    """One to three different operators on one field or column, written in place."""
    field_type = LEAD_FIELDS[field].type if field else draw(st.sampled_from([FieldType.TEXT, FieldType.NUMBER]))
    fitting = LEAD_FIELDS[field].operators if field else [one for one in Operator if field_type in one.rules.types]
    chosen = draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=3, unique=True))
    block: dict[str, Any] = {}
    tests: list[Condition] = []
    for operator in (one for one in Operator if one in chosen):
        operand = draw(_operands(field, field_type, operator))
        block[operator] = operand
        compared = field_type
        if operator is Operator.PRESENT and field is None:
            compared = FieldType.TEXT
        values = tuple(operand) if isinstance(operand, list) else (operand,)
        tests.append(Comparison(field, column, compared, operator, values))
    return Written(block, tests[0] if len(tests) == 1 else AllOf(tuple(tests)))


def _operands(field: str | None, field_type: FieldType, operator: Operator) -> st.SearchStrategy[Any]:
    one: st.SearchStrategy[Any] = {
        FieldType.TEXT: st.sampled_from(DOMAINS if operator is Operator.DOMAIN_IS else WORDS),
        FieldType.CHOICE: st.sampled_from(LEAD_FIELDS[field].choices if field else ("",)),
        FieldType.NUMBER: NUMBERS,
        FieldType.MONEY: st.integers(0, 100_000),
        FieldType.DAYS: st.integers(0, 400),
        FieldType.YES_NO: st.booleans(),
    }[field_type]
    some = st.lists(one, min_size=1, max_size=4)
    match operator.rules.operand:
        case Operand.YES_NO:
            return st.booleans()
        case Operand.LIST:
            return some
        case Operand.ONE_OR_MORE:
            return one | some
        case Operand.ENDS:
            return st.tuples(one, one).map(sorted)
        case Operand.ONE:
            return one


@st.composite
def comparisons(draw: st.DrawFn) -> Written:
    """A condition without groups."""
    if draw(st.integers(0, 5)) == 0:
        column = draw(st.sampled_from(["Seats", "Wie viele?", 'a "b"']))
        written = draw(operators(None, column))
        return Written({"column": column, **written.block}, written.means)
    field = draw(st.sampled_from(sorted(LEAD_FIELDS)))
    written = draw(operators(field, None))
    return Written({"field": field, **written.block}, written.means)


def _grouped(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    some = st.lists(inner, min_size=1, max_size=3)
    return (
        some.map(lambda parts: Written({"all": [p.block for p in parts]}, AllOf(tuple(p.means for p in parts))))
        | some.map(lambda parts: Written({"any": [p.block for p in parts]}, AnyOf(tuple(p.means for p in parts))))
        | inner.map(lambda part: Written({"not": part.block}, Not(part.means)))
    )


conditions = st.recursive(comparisons(), _grouped, max_leaves=5)
"""Any condition."""


@st.composite
def criterion_blocks(draw: st.DrawFn, name: str) -> tuple[dict[str, Any], list[tuple[int, Condition]]]:
    """A criterion with its tiers, and what the tiers mean."""
    field = draw(st.sampled_from([None, *sorted(LEAD_FIELDS)]))
    tiers: list[dict[str, Any]] = []
    means: list[tuple[int, Condition]] = []
    for points in draw(st.lists(st.integers(-30, 30), min_size=1, max_size=4)):
        if field is not None and draw(st.booleans()):
            written = draw(operators(field, None))
            tiers.append({"points": points, **written.block})
        else:
            written = draw(conditions)
            tiers.append({"points": points, "when": written.block})
        means.append((points, written.means))
    block: dict[str, Any] = {"name": name, "tiers": tiers}
    if field is not None:
        block["field"] = field
    if draw(st.booleans()):
        block["unlisted"] = "unknown"
    return block, means


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, list[list[tuple[int, Condition]]]]]:
    """A whole valid file, and the tiers of its criteria for each dimension."""
    score: dict[str, Any] = {}
    means: dict[str, list[list[tuple[int, Condition]]]] = {}
    for dimension in draw(st.lists(st.sampled_from(Dimension), min_size=1, max_size=3, unique=True)):
        made = [draw(criterion_blocks(f"Criterion {number}")) for number in range(draw(st.integers(0, 3)))]
        score[dimension] = {"max": draw(st.integers(0, 100)), "criteria": [block for block, _ in made]}
        means[dimension] = [tiers for _, tiers in made]
    document: dict[str, Any] = {"version": 1, "score": score}
    if draw(st.booleans()):
        document["qualified"] = {"score": draw(st.integers(0, 100)), "when": draw(conditions).block}
    if draw(st.booleans()):
        line = {"reason": "no_fit", "when": draw(conditions).block}
        document["junk"] = {"below": draw(st.integers(-50, 50)), "known": 0.5, "disqualify": [line]}
    return document, means
