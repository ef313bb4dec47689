"""Compiles a condition to an SQL expression that is true, false or NULL, by SQL's own three-valued logic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, String, and_, case, false, func, literal, not_, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

from leadtriage.core.money import convert_threshold
from leadtriage.core.text import SEPARATOR, comparable, fold, words
from leadtriage.criteria import AllOf, AnyOf, Comparison, Condition, FieldType, Not, Operator, Scalar
from leadtriage.db.expressions import holds_one_of, position
from leadtriage.scoring.compile.inputs import Scales, name_currency, name_form, name_input

_MOST_BESIDE = 50


class _Parenthesised(FunctionElement[Any]):
    """An expression in parentheses that SQLAlchemy does not merge with its neighbours."""

    inherit_cache = True
    name = "parenthesised"

    def __init__(self, expression: ColumnElement[Any]) -> None:
        super().__init__(expression)
        self.type = expression.type


@compiles(_Parenthesised)
def _write_parenthesised(element: _Parenthesised, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


def join_balanced(
    join: Callable[[Sequence[ColumnElement[Any]]], ColumnElement[Any]], parts: Sequence[ColumnElement[Any]]
) -> ColumnElement[Any]:
    """Join parts as a balanced tree: SQLite limits the depth of an expression to 1,000."""
    while len(parts) > _MOST_BESIDE:
        groups = [parts[start : start + _MOST_BESIDE] for start in range(0, len(parts), _MOST_BESIDE)]
        parts = [_Parenthesised(join(group)) for group in groups]
    return join(parts)


Values = Mapping[str, ColumnElement[Any]]
"""The values of a lead by name, from `select_inputs`."""

_LARGEST_WHOLE = 2**63 - 1

_MOST_PARTS = 200
"""Of one expression, for the same limit."""


def compile_condition(condition: Condition, values: Values, scales: Scales, *, possible: bool) -> ColumnElement[Any]:
    """Return a condition as SQL; `possible` makes `present` unknown for a missing value, which may yet come."""
    match condition:
        case AllOf(parts):
            return join_all([compile_condition(part, values, scales, possible=possible) for part in parts])
        case AnyOf(parts):
            return join_any([compile_condition(part, values, scales, possible=possible) for part in parts])
        case Not(part):
            return Grouping(not_(Grouping(compile_condition(part, values, scales, possible=possible))))
        case Comparison():
            return _compile_comparison(condition, values, scales, possible=possible)


def join_all(parts: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Join any number of parts by AND."""
    return join_balanced(lambda some: and_(true(), *some), parts)


def join_any(parts: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Join any number of parts by OR."""
    return join_balanced(lambda some: or_(false(), *some), parts)


def _compile_comparison(test: Comparison, values: Values, scales: Scales, *, possible: bool) -> ColumnElement[Any]:
    name = name_input(test)
    value = values[name]
    operands = [_plain(operand, test.type) for operand in test.operands]
    equal: ColumnElement[bool] = value == operands[0]
    match test.operator:
        case Operator.IS:
            return equal
        case Operator.IS_NOT:
            return not_(equal)
        case Operator.ANY_OF:
            return value.in_(operands)
        case Operator.NONE_OF:
            return value.not_in(operands)
        case Operator.WORDS:
            return _holds_one_of(values[name_form(name, test.operator)], [f" {words(part)} " for part in _parts(test)])
        case Operator.DOMAIN_IS:
            return _holds_one_of(values[name_form(name, test.operator)], [f".{part}/" for part in _parts(test)])
        case Operator.CONTAINS:
            end = position(value + literal(SEPARATOR, String), literal(SEPARATOR, String))
            found = (position(value, literal(part, String)) for part in _parts(test))
            return join_any([and_(place > 0, place < end) for place in found])
        case Operator.STARTS_WITH:
            return join_any([func.substr(value, 1, len(part)) == part for part in _parts(test)])
        case Operator.ENDS_WITH:
            ended = value + literal(SEPARATOR, String)
            return join_any([position(ended, literal(part + SEPARATOR, String)) > 0 for part in _parts(test)])
        case Operator.AT_LEAST | Operator.AT_MOST | Operator.BETWEEN:
            if test.type is FieldType.MONEY:
                return _compare_money(test, value, values[name_currency(name)], scales)
            if test.type is FieldType.DAYS:
                return _compare_days(test, value, scales.as_of)
            return _compare_order(test.operator, value, test.operands)
        case Operator.PRESENT:
            wanted = bool(test.operands[0])
            if possible:
                return case((value.is_not(None), true() if wanted else false()))
            return value.is_not(None) if wanted else value.is_(None)


def _plain(operand: Scalar, kind: FieldType) -> Any:
    match kind:
        case FieldType.TEXT:
            return comparable(str(operand))
        case FieldType.CHOICE:
            return fold(str(operand))
        case FieldType.NUMBER:
            return _storable(operand)
        case _:
            return bool(operand)


def _storable(number: Scalar) -> ColumnElement[Any]:
    """Return a whole number as the widest integer, another one as a float."""
    if isinstance(number, float) and not number.is_integer():
        return literal(number, Float)
    return literal(max(-_LARGEST_WHOLE, min(_LARGEST_WHOLE, int(number))), BigInteger)


def _compare_order(operator: Operator, value: ColumnElement[Any], bounds: Sequence[Any]) -> ColumnElement[Any]:
    first, last = _storable(bounds[0]), _storable(bounds[-1])
    at_least: ColumnElement[bool] = value >= first
    at_most: ColumnElement[bool] = value <= last
    match operator:
        case Operator.AT_LEAST:
            return at_least
        case Operator.AT_MOST:
            return at_most
        case _:
            return and_(at_least, at_most)


def _compare_money(
    comparison: Comparison, amount: ColumnElement[Any], currency: ColumnElement[Any], scales: Scales
) -> ColumnElement[Any]:
    bounds = [Decimal(str(operand)) for operand in comparison.operands]
    by_currency = []
    for name, rate in scales.rates.items():
        converted = [convert_threshold(bound, rate, name) for bound in bounds]
        by_currency.append((currency == name, _compare_order(comparison.operator, amount, converted)))
    return case(*by_currency)


def _compare_days(comparison: Comparison, day: ColumnElement[Any], as_of: date) -> ColumnElement[Any]:
    """Compare the day with a day instead of counting days; a count is never below 0."""
    bounds = [Decimal(str(operand)) for operand in comparison.operands]
    least = None if comparison.operator is Operator.AT_MOST else math.ceil(bounds[0])
    most = None if comparison.operator is Operator.AT_LEAST else math.floor(bounds[-1])
    since = comparison.field != "decides_in_days"
    tests: list[ColumnElement[Any]] = [day.is_not(None) if since else day >= as_of]
    if least is not None and least > 0:
        tests.append(day <= _shift(as_of, -least) if since else day >= _shift(as_of, least))
    if most is not None:
        if most < 0:
            tests.append(day != day)
        else:
            tests.append(day >= _shift(as_of, -most) if since else day <= _shift(as_of, most))
    return and_(*(tests[1:] or tests))


def _shift(day: date, days: int) -> date:
    """Return the day some days later, or the calendar's last or first."""
    return date.fromordinal(max(date.min.toordinal(), min(date.max.toordinal(), day.toordinal() + days)))


def _parts(test: Comparison) -> list[str]:
    return [fold(str(operand)) for operand in test.operands]


def _holds_one_of(text: ColumnElement[Any], parts: Sequence[str]) -> ColumnElement[Any]:
    """Search a text for parts, written into the statement: SQLite copies a bound one anew for each lead."""
    written = [literal(part, String, literal_execute=True) for part in parts]
    groups = (written[start : start + _MOST_PARTS] for start in range(0, len(written), _MOST_PARTS))
    return join_any([holds_one_of(text, group) for group in groups])
