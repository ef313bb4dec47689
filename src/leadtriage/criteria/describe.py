"""Describes conditions in a few words: "employees 50 to 1,000"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from leadtriage.criteria.model import AllOf, AnyOf, Comparison, Condition, Disqualifier, Scalar, Tier
from leadtriage.criteria.operators import FieldType, Operand
from leadtriage.criteria.parse.yaml import list_names

MOST_LISTED = 4

_Labelled = TypeVar("_Labelled", Tier, Disqualifier)


def describe_condition(condition: Condition) -> str:
    """Return a description with the names of fields: "employees 50 to 1,000"; at most four entries of a list."""
    return _describe(condition, subject=None, inner=False)


def label_condition(condition: Condition, *, field: str | None, column: str | None) -> str:
    """Return a description without the name of the criterion's own field or column: "50 to 1,000"."""
    return _describe(condition, subject=(field, column), inner=False)


def number_labels(lines: Sequence[_Labelled]) -> tuple[_Labelled, ...]:
    """Number equal labels, which long lists that begin alike have: the second is "a, b (2)"."""
    labels = [line.label for line in lines]
    numbers = (labels[: place + 1].count(label) for place, label in enumerate(labels))
    return tuple(
        line if number == 1 else replace(line, label=f"{line.label} ({number})")
        for line, number in zip(lines, numbers, strict=True)
    )


def _describe(condition: Condition, *, subject: tuple[str | None, str | None] | None, inner: bool) -> str:
    if isinstance(condition, Comparison):
        said = _describe_test(condition)
        if subject == (condition.field, condition.column):
            return said
        return f"{condition.field or condition.column} {said}"
    if isinstance(condition, AllOf | AnyOf):
        parts = [_describe(part, subject=subject, inner=True) for part in condition.parts]
        joined = (" and " if isinstance(condition, AllOf) else " or ").join(parts)
        return f"({joined})" if inner and len(parts) > 1 else joined
    return f"not ({_describe(condition.part, subject=subject, inner=False)})"


def _describe_test(comparison: Comparison) -> str:
    rules = comparison.operator.rules
    if rules.operand is Operand.YES_NO:
        return "known" if comparison.operands[0] else "missing"
    unit = " days" if comparison.type is FieldType.DAYS else ""
    listed = [_show_value(operand) for operand in comparison.operands]
    if rules.operand is Operand.ENDS:
        return f"{' to '.join(listed)}{unit}"
    if len(listed) > MOST_LISTED:
        listed = [*listed[: MOST_LISTED - 1], f"{len(listed) - MOST_LISTED + 1} more"]
    return f"{rules.phrase}{list_names(listed)}{unit}"


def _show_value(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.15g}"
    return value
