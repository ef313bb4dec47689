"""Compiles a criterion to the few columns that give its points, its ceiling and whether it is known.

A criterion about one value needs one column: the index of its first true tier, NULL where the answer is unknown. One
about several values also needs to know which tiers are unknown. The rest is arithmetic, so that each test is evaluated
once per lead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, case, func, literal_column, or_
from sqlalchemy.sql.elements import Grouping

from leadtriage.criteria import AllOf, AnyOf, Comparison, Condition, Criterion, Not, Operator, find_comparisons
from leadtriage.scoring.compile.conditions import Values, compile_condition, join_balanced
from leadtriage.scoring.compile.inputs import Scales, name_input


def whole(number: int) -> ColumnElement[int]:
    """Write a number into the statement itself: large criteria have more numbers than can be bound."""
    return literal_column(str(int(number)), Integer)


def add_up(terms: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return the sum of any number of terms."""
    return join_balanced(lambda some: reduce(add, some), terms) if terms else whole(0)


@dataclass(frozen=True, slots=True)
class CompiledCriterion(ABC):
    """A criterion's columns, to be selected first, and the results computed from the selected ones.

    Attributes:
        number: the index among all criteria.
        columns: expressions over a lead's values, by name.
    """

    criterion: Criterion
    number: int
    columns: Mapping[str, ColumnElement[Any]]

    @abstractmethod
    def place(self, selected: Values) -> ColumnElement[int]:
        """Return the index of the first true tier; the number of tiers if none is true."""

    @abstractmethod
    def points(self, selected: Values) -> ColumnElement[Any]:
        """Return the points of the first true tier, else 0."""

    @abstractmethod
    def ceiling(self, selected: Values) -> ColumnElement[Any]:
        """Return the most points that missing values could still lead to."""

    @abstractmethod
    def is_known(self, selected: Values) -> ColumnElement[bool]:
        """Return whether the answer is known; never NULL."""

    @property
    @abstractmethod
    def answers(self) -> int:
        """The number of different answers: which tier gives the points, and whether the criterion is known."""

    @abstractmethod
    def answer(self, selected: Values) -> ColumnElement[int]:
        """Return the answer as a number from 0 up to, not including, `answers`."""

    @abstractmethod
    def gives(self, answer: ColumnElement[int], place: int) -> ColumnElement[bool]:
        """Return whether an answer takes its points from the tier of that index."""

    @abstractmethod
    def knows(self, answer: ColumnElement[int]) -> ColumnElement[bool]:
        """Return whether the criterion is known by an answer."""

    @property
    def is_about_one_value(self) -> bool:
        """Whether the columns are NULL while the criterion's one value is missing."""
        return False

    def rise(self, selected: Values) -> ColumnElement[Any]:
        """Return the difference of ceiling and points while the answer is unknown."""
        return self.ceiling(selected) - self.points(selected)


@dataclass(frozen=True, slots=True)
class _AboutOneValue(CompiledCriterion):
    """Has one column, the result of `place`; NULL if the value is missing, or unlisted with `unlisted: unknown`.

    Attributes:
        when_missing: the index of the tier that is true for a missing value.
    """

    name: str
    when_missing: int

    @property
    def is_about_one_value(self) -> bool:
        return True

    def place(self, selected: Values) -> ColumnElement[int]:
        return func.coalesce(selected[self.name], whole(self.when_missing))

    def points(self, selected: Values) -> ColumnElement[Any]:
        return self._choose_points(selected, self._points_when_missing)

    def ceiling(self, selected: Values) -> ColumnElement[Any]:
        return self._choose_points(selected, self.criterion.best)

    def is_known(self, selected: Values) -> ColumnElement[bool]:
        return selected[self.name].is_not(None)

    @property
    def answers(self) -> int:
        return self._unknown + 1

    def answer(self, selected: Values) -> ColumnElement[int]:
        return func.coalesce(selected[self.name], whole(self._unknown))

    def gives(self, answer: ColumnElement[int], place: int) -> ColumnElement[bool]:
        given = answer == whole(place)
        return or_(given, answer == whole(self._unknown)) if place == self.when_missing else given

    def knows(self, answer: ColumnElement[int]) -> ColumnElement[bool]:
        return answer < whole(self._unknown)

    def rise(self, selected: Values) -> ColumnElement[Any]:
        return whole(self.criterion.best - self._points_when_missing)

    @property
    def _unknown(self) -> int:
        return len(self.criterion.tiers) + 1

    @property
    def _points_when_missing(self) -> int:
        return sum(tier.points for tier in self.criterion.tiers[self.when_missing : self.when_missing + 1])

    def _choose_points(self, selected: Values, when_missing: int) -> ColumnElement[Any]:
        column = selected[self.name]
        return case(
            *((column == whole(index), whole(tier.points)) for index, tier in enumerate(self.criterion.tiers)),
            (column.is_(None), whole(when_missing)),
            else_=whole(0),
        )


@dataclass(frozen=True, slots=True)
class _AboutSeveral(CompiledCriterion):
    """Has the columns `first`, the index of the first true tier, and `unknown`, the unknown tiers as bits.

    Attributes:
        certain: the column of the tier that gives the points. It differs from `first` only with `present`, which may be
            unknown for the ceiling but not for the points.
    """

    first: str
    unknown: str
    certain: str

    def place(self, selected: Values) -> ColumnElement[int]:
        return selected[self.certain]

    def points(self, selected: Values) -> ColumnElement[Any]:
        return case(
            {index: whole(tier.points) for index, tier in enumerate(self.criterion.tiers)},
            value=selected[self.certain],
            else_=whole(0),
        )

    def ceiling(self, selected: Values) -> ColumnElement[Any]:
        first, unknown = selected[self.first], selected[self.unknown]
        none = len(self.criterion.tiers)
        reachable: list[tuple[int, ColumnElement[Any]]] = [(0, first == whole(none))]
        for index, tier in enumerate(self.criterion.tiers):
            may_hold = (first > whole(index)) & (unknown.bitwise_and(_bit(index)) != whole(0))
            reachable.append((tier.points, or_(first == whole(index), may_hold)))
        reachable.sort(key=lambda pair: -pair[0])
        by_points = case(*((holds, whole(points)) for points, holds in reachable), else_=whole(0))
        if not self.criterion.unlisted_unknown:
            return by_points
        return case((first == whole(none), whole(self.criterion.best)), else_=by_points)

    def is_known(self, selected: Values) -> ColumnElement[bool]:
        true = selected[self.first] < whole(len(self.criterion.tiers))
        return true if self.criterion.unlisted_unknown else or_(true, selected[self.unknown] == whole(0))

    @property
    def answers(self) -> int:
        return 2 * (len(self.criterion.tiers) + 1)

    def answer(self, selected: Values) -> ColumnElement[int]:
        return self.place(selected) * whole(2) + case((self.is_known(selected), whole(1)), else_=whole(0))

    def gives(self, answer: ColumnElement[int], place: int) -> ColumnElement[bool]:
        return answer // whole(2) == whole(place)

    def knows(self, answer: ColumnElement[int]) -> ColumnElement[bool]:
        return answer % whole(2) == whole(1)


def compile_criterion(criterion: Criterion, number: int, values: Values, scales: Scales) -> CompiledCriterion:
    """Compile one criterion over a lead's values; `number` is its index and names its columns."""
    asked = {name_input(part) for tier in criterion.tiers for part in find_comparisons(tier.condition)}
    when_missing = _find_place_when_missing(criterion)
    if len(asked) == 1 and not (criterion.unlisted_unknown and when_missing < len(criterion.tiers)):
        value = values[next(iter(asked))]
        tests = _compile_tiers(criterion, values, scales, possible=False)
        column = case(
            (value.is_(None), None),
            *((test, whole(index)) for index, test in enumerate(tests)),
            else_=None if criterion.unlisted_unknown else whole(len(tests)),
        )
        return _AboutOneValue(criterion, number, {f"p{number}": column}, f"p{number}", when_missing)

    possible = _compile_tiers(criterion, values, scales, possible=True)
    columns = {f"f{number}": find_first(possible), f"u{number}": _mark_unknown(possible)}
    certain = f"f{number}"
    if any(part.operator is Operator.PRESENT for tier in criterion.tiers for part in find_comparisons(tier.condition)):
        certain = f"d{number}"
        columns[certain] = find_first(_compile_tiers(criterion, values, scales, possible=False))
    return _AboutSeveral(criterion, number, columns, f"f{number}", f"u{number}", certain)


def find_first(conditions: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return the index of the first true condition; their number if none is true."""
    if not conditions:
        return whole(0)
    return case(
        *((condition, whole(index)) for index, condition in enumerate(conditions)), else_=whole(len(conditions))
    )


def _compile_tiers(criterion: Criterion, values: Values, scales: Scales, *, possible: bool) -> list[ColumnElement[Any]]:
    return [compile_condition(tier.condition, values, scales, possible=possible) for tier in criterion.tiers]


def _mark_unknown(conditions: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    return add_up(
        [
            case((Grouping(condition).is_(None), _bit(index)), else_=_bit(None))
            for index, condition in enumerate(conditions)
        ]
    )


def _bit(index: int | None) -> ColumnElement[Any]:
    return literal_column(str(0 if index is None else 1 << index), BigInteger)


def _find_place_when_missing(criterion: Criterion) -> int:
    """Return the index of the tier that is true for a missing value, else the number of tiers."""
    held = (index for index, tier in enumerate(criterion.tiers) if holds_when_missing(tier.condition))
    return next(held, len(criterion.tiers))


def holds_when_missing(condition: Condition) -> bool | None:
    """Return whether a condition holds if all of its values are missing; None for unknown."""
    match condition:
        case Comparison():
            return not condition.operands[0] if condition.operator is Operator.PRESENT else None
        case Not(part):
            held = holds_when_missing(part)
            return None if held is None else not held
        case AllOf(parts):
            held_by_parts = [holds_when_missing(part) for part in parts]
            return False if False in held_by_parts else None if None in held_by_parts else True
        case AnyOf(parts):
            held_by_parts = [holds_when_missing(part) for part in parts]
            return True if True in held_by_parts else None if None in held_by_parts else False
