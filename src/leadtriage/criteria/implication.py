"""Tells whether one condition holds whenever another does, as far as that can be seen from the two alone.

What it says is right; where it cannot see, it says no. `covering` puts many conditions together.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence

from leadtriage.criteria.fields import FieldType, Operator
from leadtriage.criteria.model import AllOf, AnyOf, Comparison, Condition, Not
from leadtriage.criteria.text import fold, words

Interval = tuple[float, float]
"""Both ends belong to it."""

_ANY_OF_ENTRIES = (
    Operator.ANY_OF,
    Operator.WORDS,
    Operator.CONTAINS,
    Operator.STARTS_WITH,
    Operator.ENDS_WITH,
)
_NUMERIC = (FieldType.NUMBER, FieldType.MONEY, FieldType.DAYS)


def split(condition: Condition) -> tuple[Condition, ...]:
    """Return the alternatives of which one must hold: the parts of an `any`, the entries of a list."""
    if isinstance(condition, AnyOf):
        return tuple(alternative for part in condition.parts for alternative in split(part))
    if isinstance(condition, Comparison) and condition.operator in _ANY_OF_ENTRIES:
        single = Operator.IS if condition.operator is Operator.ANY_OF else condition.operator
        return tuple(_with(condition, single, operand) for operand in condition.operands)
    return (condition,)


def implies(later: Condition, earlier: Condition) -> bool:
    """Return whether `earlier` surely holds wherever `later` does."""
    if later == earlier:
        return True
    alternatives = split(later)
    if len(alternatives) > 1:
        return all(implies(one, earlier) for one in alternatives)
    later = alternatives[0]
    required = _require(earlier)
    if len(required) > 1:
        return all(implies(later, one) for one in required)
    if isinstance(later, AllOf) and any(implies(part, earlier) for part in later.parts):
        return True
    targets = split(required[0])
    if len(targets) > 1:
        return any(implies(later, one) for one in targets)
    target = targets[0]
    given = _require(later)
    if len(given) > 1:
        return any(implies(one, target) for one in given)
    later = given[0]
    if isinstance(later, Comparison) and isinstance(target, Comparison):
        return _same_subject(later, target) and _atom_implies(later, target)
    return False


def covers_numbers(condition: Condition, earlier: Sequence[Condition]) -> bool:
    """Return whether every number for which the condition holds is one for which an earlier condition holds."""
    subject = _subject_of(condition)
    wanted = None if subject is None else _intervals(condition, subject)
    if wanted is None or subject is None:
        return False
    taken = [piece for other in earlier for piece in _intervals(other, subject) or ()]
    step = 1.0 if _counts_whole(subject) else 0.0
    merged: list[Interval] = []
    for low, high in sorted(taken):
        if merged and low <= merged[-1][1] + step:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    starts = [low for low, _ in merged]
    for low, high in wanted:
        place = bisect.bisect_right(starts, low) - 1
        if place < 0 or merged[place][1] < high:
            return False
    return True


def contradicts_itself(condition: Condition) -> bool:
    """Return whether the condition can surely never hold: "at least 10 and at most 5"."""
    if isinstance(condition, AnyOf):
        return all(contradicts_itself(part) for part in condition.parts)
    if not isinstance(condition, AllOf):
        return False
    if any(contradicts_itself(part) for part in condition.parts):
        return True
    tests = [part for part in condition.parts if isinstance(part, Comparison)]
    for test in tests:
        same = [other for other in tests if _same_subject(test, other)]
        intervals = _intervals(AllOf(tuple(same)), test)
        if intervals == []:
            return True
        if test.operator is Operator.PRESENT and not test.operands[0] and any(_needs_value(one) for one in same):
            return True
        if any(test.operator is other.operator is Operator.IS and not _atom_implies(test, other) for other in same):
            return True
    return False


def _with(comparison: Comparison, operator: Operator, operand: object) -> Comparison:
    operands = tuple(one for one in comparison.operands if one is operand)[:1]
    return Comparison(comparison.field, comparison.column, comparison.type, operator, operands)


def _require(condition: Condition) -> tuple[Condition, ...]:
    """Return the parts that must all hold."""
    if isinstance(condition, AllOf):
        return tuple(required for part in condition.parts for required in _require(part))
    if isinstance(condition, Comparison) and condition.operator is Operator.NONE_OF:
        return tuple(_with(condition, Operator.IS_NOT, operand) for operand in condition.operands)
    return (condition,)


def _same_subject(one: Comparison, other: Comparison) -> bool:
    return (one.field, one.column) == (other.field, other.column)


def _needs_value(comparison: Comparison) -> bool:
    """Every test but `present: false` is unknown, and so does not hold, where the value is missing."""
    return comparison.operator is not Operator.PRESENT or bool(comparison.operands[0])


def _atom_implies(later: Comparison, earlier: Comparison) -> bool:
    """Both have one operand (or the ends of one interval) and the same subject."""
    if earlier.operator is Operator.PRESENT:
        return _needs_value(later) == bool(earlier.operands[0])
    if later.operator is Operator.PRESENT or later.type is not earlier.type:
        return False
    if later.type in _NUMERIC:
        inner, outer = _intervals(later, later), _intervals(earlier, earlier)
        if inner is None or outer is None:
            return later.operator is earlier.operator and later.operands == earlier.operands
        return all(any(o[0] <= i[0] and i[1] <= o[1] for o in outer) for i in inner)
    return _text_implies(later, earlier)


def _text_implies(later: Comparison, earlier: Comparison) -> bool:
    this, that = fold(str(later.operands[0])), fold(str(earlier.operands[0]))
    if Operator.IS_NOT in (later.operator, earlier.operator):
        if earlier.operator is not Operator.IS_NOT:
            return False
        return this == that if later.operator is Operator.IS_NOT else later.operator is Operator.IS and this != that
    match earlier.operator:
        case Operator.IS:
            return later.operator is Operator.IS and this == that
        case Operator.WORDS:
            whole = later.operator in (Operator.IS, Operator.WORDS)
            return whole and f" {words(that)} " in f" {words(this)} "
        case Operator.CONTAINS:
            # A phrase may stand in the text with other characters between its words.
            one_piece = later.operator is not Operator.WORDS or " " not in words(this)
            return one_piece and that in (words(this) if later.operator is Operator.WORDS else this)
        case Operator.STARTS_WITH:
            return later.operator in (Operator.IS, Operator.STARTS_WITH) and this.startswith(that)
        case Operator.ENDS_WITH:
            return later.operator in (Operator.IS, Operator.ENDS_WITH) and this.endswith(that)
        case _:
            return False


def _subject_of(condition: Condition) -> Comparison | None:
    """Return a comparison that stands for the one subject of a condition, where it has just one."""
    leaves = list(find_comparisons(condition))
    first = leaves[0]
    return first if all(_same_subject(first, leaf) for leaf in leaves) else None


def find_comparisons(condition: Condition) -> Iterable[Comparison]:
    """Yield every comparison inside a condition."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, Not):
        yield from find_comparisons(condition.part)
    else:
        for part in condition.parts:
            yield from find_comparisons(part)


def _intervals(condition: Condition, subject: Comparison) -> list[Interval] | None:
    """Return the numbers for which the condition holds, or None where it is about more than the subject's number."""
    if isinstance(condition, AnyOf):
        parts = [_intervals(part, subject) for part in condition.parts]
        return None if None in parts else [one for part in parts if part for one in part]
    if isinstance(condition, AllOf):
        found: list[Interval] = [(-math.inf, math.inf)]
        for part in condition.parts:
            inside = _intervals(part, subject)
            if inside is None:
                return None
            found = [
                (max(a[0], b[0]), min(a[1], b[1])) for a in found for b in inside if max(a[0], b[0]) <= min(a[1], b[1])
            ]
        return found
    if isinstance(condition, Not) or not _same_subject(condition, subject) or condition.type not in _NUMERIC:
        return None
    return _interval_of(condition)


def _interval_of(comparison: Comparison) -> list[Interval] | None:
    values = [float(operand) for operand in comparison.operands if not isinstance(operand, str)]
    match comparison.operator:
        case Operator.AT_LEAST:
            pairs = [(values[0], math.inf)]
        case Operator.AT_MOST:
            pairs = [(-math.inf, values[0])]
        case Operator.BETWEEN:
            pairs = [(values[0], values[1])]
        case Operator.IS | Operator.ANY_OF:
            pairs = [(value, value) for value in values]
        case _:
            return None
    if not _counts_whole(comparison):
        return pairs
    whole = [(_up(low), _down(high)) for low, high in pairs]
    return [(low, high) for low, high in whole if low <= high]


def _counts_whole(comparison: Comparison) -> bool:
    """Employees, touches and days are whole numbers; money and the numbers of a column need not be."""
    return comparison.field is not None and comparison.type is not FieldType.MONEY


def _up(value: float) -> float:
    return value if math.isinf(value) else float(math.ceil(value))


def _down(value: float) -> float:
    return value if math.isinf(value) else float(math.floor(value))
