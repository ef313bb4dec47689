"""What a condition and a criterion say of a lead, in plain Python: the yardstick for what tests claim of criteria."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadtriage.core.text import fold, words
from leadtriage.criteria import AllOf, AnyOf, Comparison, Condition, Criteria, Criterion, FieldType, Operator

Lead = Mapping[str, object]


def holds(condition: Condition, lead: Lead, *, may_come: bool = False) -> bool | None:
    """Whether it holds, None for unknown; `may_come` lets `present` be unknown of a missing value."""
    if isinstance(condition, Comparison):
        return _compare(condition, lead, may_come)
    if isinstance(condition, AllOf | AnyOf):
        deciding = isinstance(condition, AnyOf)
        answers = [holds(part, lead, may_come=may_come) for part in condition.parts]
        if deciding in answers:
            return deciding
        return None if None in answers else not deciding
    answer = holds(condition.part, lead, may_come=may_come)
    return None if answer is None else not answer


def _compare(test: Comparison, lead: Lead, may_come: bool) -> bool | None:
    value = lead.get(test.field or test.column or "")
    if test.operator is Operator.PRESENT:
        return None if value is None and may_come else (value is not None) == test.operands[0]
    if value is None:
        return None
    if test.type in (FieldType.TEXT, FieldType.CHOICE):
        text = fold(str(value))
        return any(_compare_text(test.operator, text, fold(str(operand))) for operand in test.operands) != (
            test.operator in (Operator.IS_NOT, Operator.NONE_OF)
        )
    numbers: tuple[Any, ...] = test.operands
    match test.operator:
        case Operator.AT_LEAST:
            return bool(value >= numbers[0])
        case Operator.AT_MOST:
            return bool(value <= numbers[0])
        case Operator.BETWEEN:
            return bool(numbers[0] <= value <= numbers[1])
    return (value in test.operands) != (test.operator in (Operator.IS_NOT, Operator.NONE_OF))


def _compare_text(operator: Operator, text: str, operand: str) -> bool:
    match operator:
        case Operator.WORDS:
            return f" {words(operand)} " in f" {words(text)} "
        case Operator.CONTAINS:
            return operand in text
        case Operator.STARTS_WITH:
            return text.startswith(operand)
        case Operator.ENDS_WITH:
            return text.endswith(operand)
    return text == operand


def rate(criterion: Criterion, lead: Lead) -> tuple[int, int, bool]:
    """Points, ceiling and whether the criterion is known, after the reference's three rules."""
    points = next((tier.points for tier in criterion.tiers if holds(tier.condition, lead)), 0)
    possible = []
    for tier in criterion.tiers:
        answer = holds(tier.condition, lead, may_come=True)
        if answer is None:
            possible.append(tier.points)
        elif answer:
            return points, max(tier.points, *possible) if possible else tier.points, not possible
    if criterion.unlisted_unknown and not possible:
        return points, criterion.best, False
    return points, max(0, *possible) if possible else 0, not possible


def score(criteria: Criteria, lead: Lead) -> tuple[int, int, float]:
    """The lead's score, ceiling and known."""
    totals = [0, 0]
    for rules in criteria.score:
        rated = [rate(criterion, lead) for criterion in rules.criteria]
        for index in (0, 1):
            total = sum(one[index] for one in rated)
            totals[index] += max(-rules.max, min(rules.max, total))
    best = sum(criterion.best for criterion in criteria.criteria)
    known = sum(criterion.best for criterion in criteria.criteria if rate(criterion, lead)[2])
    return totals[0], totals[1], known / best if best else 1.0
