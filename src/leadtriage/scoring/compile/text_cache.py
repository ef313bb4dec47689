"""Looks up texts that many leads share, such as titles, once per text instead of once per lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, distinct, func, select

from leadtriage.criteria import Condition, Operand, find_comparisons
from leadtriage.db import Lead, table
from leadtriage.scoring.compile.conditions import Values, compile_condition
from leadtriage.scoring.compile.criteria import compile_criterion, holds_when_missing
from leadtriage.scoring.compile.inputs import TEXT_FORMS, Rules, all_conditions, name_form, name_input, select_inputs

_SAMPLE = 10_000
"""The number of leads that are checked for repeated texts."""

_SHARED_BY = 2
"""The leads per text from which looking up pays."""

_MANY_PARTS = 8
"""The number of search terms from which looking up pays."""

_MOST_TEXTS = 32
"""SQLite joins 64 tables."""


def share_texts(connection: Connection, rules: Rules) -> Rules:
    """Add the names of texts that are worth looking up to the rules."""
    searched: dict[str, int] = {}
    conditions = tuple(all_conditions(rules.criteria))
    for condition in conditions:
        for part in find_comparisons(condition):
            if part.operator.rules.operand is Operand.ONE_OR_MORE:
                searched[name_input(part)] = searched.get(name_input(part), 0) + len(part.operands)
    names = sorted((name for name, parts in searched.items() if parts >= _MANY_PARTS), key=lambda name: -searched[name])
    del names[_MOST_TEXTS:]
    if not names:
        return rules
    inputs = select_inputs(conditions, rules.extra_columns, rules.scales)
    sample = select(*(inputs[name].label(f"v{number}") for number, name in enumerate(names)))
    some = sample.select_from(table(Lead)).limit(_SAMPLE).subquery()
    counts = [count for text in some.c for count in (func.count(text), func.count(distinct(text)))]
    counted = connection.execute(select(*counts)).one()
    shared = (
        name
        for name, leads, texts in zip(names, counted[::2], counted[1::2], strict=True)
        if 0 < _SHARED_BY * texts <= leads
    )
    return replace(rules, shared_texts=frozenset(shared))


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The results of looking up texts.

    Attributes:
        rows: the leads' values joined with the results.
        answers: the columns of criteria by name.
        disqualifiers: whether they hold, by index; NULL for a missing text.
    """

    rows: FromClause
    answers: dict[str, ColumnElement[Any]]
    disqualifiers: Mapping[int, ColumnElement[Any]]


def look_up(rules: Rules, rows: FromClause, values: Values) -> LookedUp:
    """Join leads' values with the results for the texts that they share."""
    answers: dict[str, ColumnElement[Any]] = {}
    disqualifiers: dict[int, ColumnElement[Any]] = {}
    for number, name in enumerate(sorted(rules.shared_texts)):
        text = values[name]
        texts = select(text.label("text")).where(text.is_not(None)).distinct().cte(f"texts_{number}")
        own = {name_form(name, operator): make(name, texts.c.text) for operator, make in TEXT_FORMS.items()}
        own[name] = texts.c.text
        columns = _select_answers(rules, name, own)
        lines = _select_disqualifiers(rules, name, own)
        labelled = [column.label(label) for label, column in columns.items()]
        labelled += [line.label(f"line{place}") for place, line in lines.items()]
        if not labelled:
            continue
        found = select(texts.c.text, *labelled).cte(f"answers_{number}").prefix_with("MATERIALIZED")
        rows = rows.outerjoin(found, found.c.text == text)
        answers |= {label: found.c[label] for label in columns}
        disqualifiers |= {place: found.c[f"line{place}"] for place in lines}
    return LookedUp(rows, answers, disqualifiers)


def _select_answers(rules: Rules, name: str, values: Values) -> dict[str, ColumnElement[Any]]:
    """Return the columns of the criteria about this text alone."""
    columns: dict[str, ColumnElement[Any]] = {}
    for place, criterion in enumerate(rules.criteria.criteria):
        if all(_asks_only(name, tier.condition) for tier in criterion.tiers):
            compiled = compile_criterion(criterion, place, values, rules.scales)
            if compiled.is_about_one_value:
                columns |= compiled.columns
    return columns


def _select_disqualifiers(rules: Rules, name: str, values: Values) -> dict[int, ColumnElement[Any]]:
    """Return the disqualifiers about this text alone that do not hold for a missing text, by index."""
    return {
        place: compile_condition(line.condition, values, rules.scales, possible=False)
        for place, line in enumerate(rules.criteria.junk.disqualify)
        if _asks_only(name, line.condition) and not holds_when_missing(line.condition)
    }


def _asks_only(name: str, condition: Condition) -> bool:
    return all(name_input(part) == name for part in find_comparisons(condition))
