"""All that the criteria say of a lead, as one SELECT in levels: values, answers, sums, dimensions, totals.

Each level names what the next one uses several times. `OFFSET 0` keeps both engines from folding a level into the
next, where each use would be evaluated again. Scores of all leads and the explanation of one read the same levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Select, Subquery, case, cast, func, select, true

from leadtriage.criteria.model import Criteria, DimensionRules
from leadtriage.db.dialect import largest, smallest
from leadtriage.db.schema import Lead, table
from leadtriage.scoring.compile import CompiledCriterion, add_up, compile_criterion, find_first, whole
from leadtriage.scoring.conditions import Values, compile_condition
from leadtriage.scoring.inputs import Scales, all_conditions, read_extra_columns, select_inputs

GAIN_UNIT = 1024
"""A question's gain times this, plus 1023 less its criterion's place: the largest is the first of the best."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The criteria made ready for one database and day: see `prepare_rules`."""

    criteria: Criteria
    scales: Scales
    extra_columns: Mapping[str, tuple[int, ...]]

    @property
    def most_known(self) -> int:
        """The best points of all criteria together: what `known` is a share of."""
        return sum(criterion.best for criterion in self.criteria.criteria)

    @property
    def known_enough(self) -> int:
        """From so many known points on a low score counts."""
        return ceil(self.criteria.junk.known * self.most_known)


def prepare_rules(connection: Connection, criteria: Criteria, as_of: date) -> Rules:
    """Look up what compiling the criteria takes: the extra columns of the database."""
    return Rules(criteria, Scales.of(criteria, as_of), read_extra_columns(connection))


@dataclass(frozen=True, slots=True)
class LeadValues:
    """The lowest level: the values that rules look at, and what the caller wants carried along."""

    rows: Subquery
    values: Values


def select_values(rules: Rules, where: ColumnElement[bool], carried: Mapping[str, ColumnElement[Any]]) -> LeadValues:
    """Take the values of leads once each.

    Args:
        where: which leads.
        carried: further expressions over `lead`, kept by name through all levels.
    """
    inputs = select_inputs(all_conditions(rules.criteria), rules.extra_columns, rules.scales)
    labels = {name: f"v{number}" for number, name in enumerate(inputs)}
    columns = [table(Lead).c.id.label("lead_id"), *(value.label(name) for name, value in carried.items())]
    columns += [value.label(labels[name]) for name, value in inputs.items()]
    rows = _keep(select(*columns).where(where), "lead_values")
    return LeadValues(rows, {name: rows.c[label] for name, label in labels.items()})


def select_totals(rules: Rules, lowest: LeadValues, carried: Sequence[str]) -> Subquery:
    """Select for each lead, besides what is carried, all that the criteria say of it.

    The columns: `lead_id`; those of every `CompiledCriterion`; per dimension `NAME_raw` (the points before they
    are held within the dimension's maximum), `NAME` (after), `NAME_ceiling_raw`, `NAME_ceiling`; `known_points`;
    `next_question` (see GAIN_UNIT; below it there is none); `disqualifier` (the index of the first that is true);
    `ready` (whether `qualified.when` is true); `score`, `ceiling`, `known`.
    """
    compiled = compile_criteria(rules, lowest.values)
    kept = ["lead_id", *carried, "disqualifier", "ready"]
    answers = _keep(_select_answers(rules, lowest, carried, compiled), "answers")
    sums = _keep(_select_sums(rules, answers, kept, compiled), "sums")
    dimensions = _keep(_select_dimensions(rules, sums, compiled), "dimensions")
    names = [part.dimension for part in rules.criteria.score]
    known = cast(dimensions.c.known_points, Float) / rules.most_known if rules.most_known else cast(whole(1), Float)
    totals = select(
        *dimensions.c,
        add_up([dimensions.c[name] for name in names]).label("score"),
        add_up([dimensions.c[f"{name}_ceiling"] for name in names]).label("ceiling"),
        known.label("known"),
    )
    return _keep(totals, "totals")


def compile_criteria(rules: Rules, values: Values) -> list[CompiledCriterion]:
    """Compile all criteria over a lead's values, in their order."""
    return [
        compile_criterion(criterion, number, values, rules.scales)
        for number, criterion in enumerate(rules.criteria.criteria)
    ]


def _keep(selected: Select[Any], name: str) -> Subquery:
    return selected.offset(0).subquery(name)


def _select_answers(
    rules: Rules, lowest: LeadValues, carried: Sequence[str], compiled: Sequence[CompiledCriterion]
) -> Select[Any]:
    def holds(condition: Any) -> ColumnElement[Any]:
        return compile_condition(condition, lowest.values, rules.scales, possible=False)

    when = rules.criteria.qualified.when
    disqualifiers = [holds(line.condition) for line in rules.criteria.junk.disqualify]
    ready = true() if when is None else func.coalesce(holds(when), false_value())
    return select(
        *(lowest.rows.c[name] for name in ("lead_id", *carried)),
        *(column.label(name) for criterion in compiled for name, column in criterion.columns.items()),
        find_first(disqualifiers).label("disqualifier"),
        ready.label("ready"),
    )


def false_value() -> ColumnElement[bool]:
    """False as a value among values, which SQLAlchemy does not simplify away."""
    return ~true()


def _select_sums(
    rules: Rules, answers: Subquery, kept: Sequence[str], compiled: Sequence[CompiledCriterion]
) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [answers.c[name] for name in kept]
    columns += [answers.c[name] for criterion in compiled for name in criterion.columns]
    known: list[ColumnElement[Any]] = []
    found = dict(answers.c.items())
    for part in rules.criteria.score:
        mine = of_dimension(compiled, part)
        columns.append(add_up([criterion.points(found) for criterion in mine]).label(f"{part.dimension}_raw"))
        ceilings = add_up([criterion.ceiling(found) for criterion in mine])
        columns.append(ceilings.label(f"{part.dimension}_ceiling_raw"))
        known += [
            case((criterion.is_known(found), whole(criterion.criterion.best)), else_=whole(0))
            for criterion in mine
            if criterion.criterion.best
        ]
    return select(*columns, add_up(known).label("known_points"))


def _select_dimensions(rules: Rules, sums: Subquery, compiled: Sequence[CompiledCriterion]) -> Select[Any]:
    columns: list[ColumnElement[Any]] = list(sums.c)
    gains: list[ColumnElement[Any]] = [whole(0)]
    found = dict(sums.c.items())
    for part in rules.criteria.score:
        raw, ceiling_raw = sums.c[f"{part.dimension}_raw"], sums.c[f"{part.dimension}_ceiling_raw"]
        columns.append(hold_within(raw, part).label(part.dimension))
        columns.append(hold_within(ceiling_raw, part).label(f"{part.dimension}_ceiling"))
        for criterion in of_dimension(compiled, part):
            if criterion.criterion.ask is None:
                continue
            rise = criterion.ceiling(found) - criterion.points(found)
            gain = hold_within(raw + rise, part) - hold_within(raw, part)
            worth = gain * whole(GAIN_UNIT) + whole(GAIN_UNIT - 1 - criterion.number)
            gains.append(case((criterion.is_known(found), whole(0)), else_=worth))
    return select(*columns, largest(*gains).label("next_question"))


def of_dimension(compiled: Sequence[CompiledCriterion], part: DimensionRules) -> list[CompiledCriterion]:
    """Those of one dimension, in their order."""
    return [criterion for criterion in compiled if criterion.criterion.dimension is part.dimension]


def hold_within(points: ColumnElement[Any], part: DimensionRules) -> ColumnElement[Any]:
    """Hold a sum of a dimension's points within its maximum, where it can leave that at all."""
    lowest = sum(min(0, *(tier.points for tier in criterion.tiers)) for criterion in part.criteria)
    highest = sum(criterion.best for criterion in part.criteria)
    if lowest < -part.max:
        points = largest(points, whole(-part.max))
    if highest > part.max:
        points = smallest(points, whole(part.max))
    return points
