"""The values that rules compare, each selected from a lead once; NULL means unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, String, case, cast, func, literal, null, select

from leadtriage.core.text import comparable
from leadtriage.criteria import Comparison, Condition, Criteria, FieldType, Operator, find_comparisons
from leadtriage.db import ExtraColumn, Lead, table
from leadtriage.db.expressions import host_of, json_number, json_text


@dataclass(frozen=True, slots=True)
class Scales:
    """The day and the rates that comparisons use."""

    as_of: date
    rates: Mapping[str, Decimal]

    @classmethod
    def of(cls, criteria: Criteria, as_of: date) -> Scales:
        """Return the scales of criteria on a day, their own currency first."""
        others = {currency: rate for currency, rate in criteria.rates.items() if currency != criteria.currency}
        return cls(as_of, {criteria.currency: Decimal(1), **others})


def counts_days(*conditions: Condition) -> bool:
    """Return whether a condition counts days, so that time alone can change it."""
    return any(part.type is FieldType.DAYS for condition in conditions for part in find_comparisons(condition))


def all_conditions(criteria: Criteria) -> Iterator[Condition]:
    """Yield every condition that scoring evaluates."""
    for criterion in criteria.criteria:
        for tier in criterion.tiers:
            yield tier.condition
    for disqualifier in criteria.junk.disqualify:
        yield disqualifier.condition
    if criteria.qualified.when is not None:
        yield criteria.qualified.when


def name_input(comparison: Comparison) -> str:
    """Return the name of the compared value; equal for comparisons of the same value."""
    if comparison.field is not None:
        return f"field_{comparison.field}"
    kind = "number" if comparison.type is FieldType.NUMBER else "text"
    return f"{kind}_{comparable(comparison.column or '')}"


def name_form(name: str, operator: Operator) -> str:
    """Return the name of the form of a text that an operator searches."""
    return f"{operator}_{name}" if operator in TEXT_FORMS else name


def _put_between_spaces(name: str, text: ColumnElement[Any]) -> ColumnElement[Any]:
    return literal(" ", String) + text + literal(" ", String)


def _find_host(name: str, text: ColumnElement[Any]) -> ColumnElement[Any]:
    return host_of(text, is_address=name == "field_email")


TEXT_FORMS: Mapping[Operator, Callable[[str, ColumnElement[Any]], ColumnElement[Any]]] = {
    Operator.WORDS: _put_between_spaces,
    Operator.DOMAIN_IS: _find_host,
}
"""Makes the form of a text that an operator searches, once for all operands: from the input's name and value."""


def name_currency(name: str) -> str:
    """Return the name of an amount's currency."""
    return f"currency_{name}"


def read_extra_columns(connection: Connection) -> dict[str, tuple[int, ...]]:
    """Return the ids of the extra columns by comparable header."""
    columns = table(ExtraColumn)
    found: dict[str, tuple[int, ...]] = {}
    for identifier, header in connection.execute(
        select(columns.c.id, columns.c.header_comparable).order_by(columns.c.id)
    ):
        found[header] = (*found.get(header, ()), identifier)
    return found


def select_inputs(
    conditions: Iterable[Condition], extra_columns: Mapping[str, tuple[int, ...]], scales: Scales
) -> dict[str, ColumnElement[Any]]:
    """Return the values of a row of `lead` that conditions use, by name."""
    found: dict[str, ColumnElement[Any]] = {}
    for condition in conditions:
        for comparison in find_comparisons(condition):
            name = name_input(comparison)
            if name not in found:
                found[name] = _value(comparison, extra_columns, scales)
            if comparison.type is FieldType.MONEY:
                found[name_currency(name)] = table(Lead).c[f"{comparison.field}_currency"]
            form = name_form(name, comparison.operator)
            if form not in found:
                found[form] = TEXT_FORMS[comparison.operator](name, found[name])
    return found


def _value(comparison: Comparison, extra_columns: Mapping[str, tuple[int, ...]], scales: Scales) -> ColumnElement[Any]:
    if comparison.field is None:
        return _extra_value(comparison, extra_columns)
    lead = table(Lead).c
    match comparison.type:
        case FieldType.TEXT:
            return lead[f"{comparison.field}_comparable"]
        case FieldType.MONEY:
            currency = lead[f"{comparison.field}_currency"]
            return case((currency.in_(list(scales.rates)), lead[f"{comparison.field}_amount"]))
        case FieldType.DAYS:
            return {
                "age_days": lead.created_on,
                "idle_days": func.coalesce(lead.last_touch_on, lead.created_on),
                "decides_in_days": case((lead.decides_on >= scales.as_of, lead.decides_on)),
            }[comparison.field]
        case _:
            return lead[comparison.field]


def _extra_value(comparison: Comparison, extra_columns: Mapping[str, tuple[int, ...]]) -> ColumnElement[Any]:
    stored = table(Lead).c.extra_comparable
    numbers = extra_columns.get(comparable(comparison.column or ""), ())
    values: list[ColumnElement[Any]]
    if comparison.type is FieldType.NUMBER:
        values = [json_number(stored, f"n{number}") for number in numbers]
        missing: ColumnElement[Any] = cast(null(), Float)
    else:
        values = [json_text(stored, f"c{number}") for number in numbers]
        missing = cast(null(), String)
    if not values:
        return missing
    return func.coalesce(*values) if len(values) > 1 else values[0]


@dataclass(frozen=True, slots=True)
class Rules:
    """The criteria prepared for one database and day; equal rules compile to equal statements.

    Attributes:
        extra_columns: their ids by comparable header.
        shared_texts: the inputs that are looked up once per text.
    """

    criteria: Criteria
    scales: Scales
    extra_columns: Mapping[str, tuple[int, ...]]
    shared_texts: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return hash((self.criteria.digest, self.scales.as_of, self.shared_texts))

    @property
    def most_known(self) -> int:
        """The sum of the best points of all criteria, which `known` is a share of."""
        return sum(criterion.best for criterion in self.criteria.criteria)

    @property
    def known_enough(self) -> int:
        """The known points from which a low score counts."""
        return ceil(self.criteria.junk.known * self.most_known)


def prepare_rules(connection: Connection, criteria: Criteria, as_of: date) -> Rules:
    """Prepare criteria for the extra columns of a database."""
    return Rules(criteria, Scales.of(criteria, as_of), read_extra_columns(connection))
