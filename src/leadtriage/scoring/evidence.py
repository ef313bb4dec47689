"""What a line of the criteria that nominates a lead rests on, as a digest by which it is known again.

It has the rule and all that the rule saw, but nothing that moves by itself: time, and the lead's stage, which is what
people did about it. What a known digest means for a lead is `scoring.rescues`'.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from leadtriage.criteria.fields import FieldType
from leadtriage.criteria.model import AllOf, AnyOf, Comparison, Condition, Criteria, Not
from leadtriage.scoring.inputs import name_currency, name_input, walk_comparisons

_CONTACTS = ("touches", "unanswered_touches", "replies")
"""Within a low score they count by their points alone: else every call would bring a rescued lead back."""

_BETWEEN = "-"
_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Evidence:
    """Digests what nominates leads by some criteria.

    Attributes:
        seen: the names of the values that it needs, as `scoring.inputs` names them.
    """

    seen: tuple[str, ...]
    _lines: tuple[tuple[str, tuple[str, ...]], ...]
    _limits: tuple[Any, ...]
    _lasting: tuple[tuple[int, str], ...]
    _score: tuple[str, ...]

    @classmethod
    def of(cls, criteria: Criteria) -> Evidence:
        """Prepare the digests of some criteria."""
        lines = tuple(
            (_digest([line.reason, _write(line.condition)]), _lasting_inputs([line.condition]))
            for line in criteria.junk.disqualify
        )
        lasting = tuple(
            (number, criterion)
            for number, criterion in enumerate(criteria.criteria)
            if not any(_is_time(part) for tier in criterion.tiers for part in walk_comparisons(tier.condition))
        )
        asked = _lasting_inputs(tier.condition for _, criterion in lasting for tier in criterion.tiers)
        of_score = tuple(name for name in asked if name not in {f"field_{field}" for field in _CONTACTS})
        limits = {str(part.dimension): part.max for part in criteria.score}
        return cls(
            seen=tuple(sorted({*of_score, *(name for _, names in lines for name in names)})),
            _lines=lines,
            _limits=(criteria.junk.below, str(criteria.junk.known), limits),
            _lasting=tuple((number, criterion.name) for number, criterion in lasting),
            _score=of_score,
        )

    def of_line(self, number: int, values: Mapping[str, Any]) -> str:
        """The evidence of a disqualifier that holds: its reason and condition, and the values that this asks."""
        rule, names = self._lines[number]
        return _join(rule, names, values)

    def of_score(self, points: Sequence[int], values: Mapping[str, Any]) -> str:
        """The evidence of a low score: the limits, and the points and values of each criterion that asks no time."""
        given = [(name, points[number]) for number, name in self._lasting]
        return _join(_digest(["score", self._limits, given]), self._score, values)


def saw_the_same(one: str, other: str) -> bool:
    """Whether two rules, which may differ, saw the same values."""
    return one.partition(_BETWEEN)[2] == other.partition(_BETWEEN)[2]


def _join(rule: str, names: Iterable[str], values: Mapping[str, Any]) -> str:
    return f"{rule}{_BETWEEN}{_digest([(name, values[name]) for name in names])}"


def _lasting_inputs(conditions: Iterable[Condition]) -> tuple[str, ...]:
    return tuple(sorted({name for condition in conditions for name in _name_inputs(condition)}))


def _name_inputs(condition: Condition) -> Iterator[str]:
    for part in walk_comparisons(condition):
        if _is_time(part) or part.field == "stage":
            continue
        yield name_input(part)
        if part.type is FieldType.MONEY:
            yield name_currency(name_input(part))


def _is_time(comparison: Comparison) -> bool:
    return comparison.type is FieldType.DAYS


def _write(condition: Condition) -> list[Any]:
    match condition:
        case Comparison():
            compared = [condition.field, condition.column, str(condition.type), str(condition.operator)]
            return [*compared, list(condition.operands)]
        case Not(part):
            return ["not", _write(part)]
        case AllOf(parts):
            return ["all", *map(_write, parts)]
        case AnyOf(parts):
            return ["any", *map(_write, parts)]


def _digest(told: Any) -> str:
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:_LENGTH]
