"""All that the criteria say of a lead, as one SELECT in levels: values, answers, sums, dimensions, totals.

Each level names what the next one uses several times. `OFFSET 0` keeps both engines from folding a level into the
next, where each use would be evaluated again, and costs SQLite no table in between; the values have one all the same,
since SQLite reads a text that is searched for many words faster from there. Scores of all leads and the explanation
of one read the same levels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Float, FromClause, Select, Subquery, case, cast, false, func, select, true

from leadtriage.criteria.model import Condition, DimensionRules
from leadtriage.db.expressions import largest, smallest
from leadtriage.db.schema import Lead, table
from leadtriage.scoring.answer_layout import AnswerLayout
from leadtriage.scoring.compile import CompiledCriterion, add_up, compile_criterion, whole
from leadtriage.scoring.conditions import Values, compile_condition
from leadtriage.scoring.inputs import all_conditions, select_inputs
from leadtriage.scoring.rules import Rules
from leadtriage.scoring.shared_texts import look_up

GAIN_UNIT = 1024
"""A question's gain times this, plus 1023 less its criterion's place: the largest is the first of the best."""


@dataclass(frozen=True)
class LeadValues:
    """The lowest level: the values that rules look at, where they are found, and what the caller wants carried along.

    What the rules make of the values is put together once, whatever it is selected for.
    """

    rules: Rules
    rows: FromClause
    values: Values

    @cached_property
    def criteria(self) -> tuple[CompiledCriterion, ...]:
        """All criteria, in their order."""
        return tuple(
            compile_criterion(criterion, number, self.values, self.rules.scales)
            for number, criterion in enumerate(self.rules.criteria.criteria)
        )

    @cached_property
    def disqualifiers(self) -> tuple[ColumnElement[Any], ...]:
        """Whether each of the disqualifiers holds, in their order."""
        return tuple(self.holds(line.condition) for line in self.rules.criteria.junk.disqualify)

    @cached_property
    def layout(self) -> AnswerLayout:
        """Where each answer stands within the kept ones."""
        return AnswerLayout.of(self.rules.criteria, self.criteria)

    def holds(self, condition: Condition) -> ColumnElement[Any]:
        """Whether a condition holds."""
        return compile_condition(condition, self.values, self.rules.scales, possible=False)


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
    rows = select(*columns).where(where).cte("lead_values").prefix_with("MATERIALIZED")
    return LeadValues(rules, rows, {name: rows.c[label] for name, label in labels.items()})


def select_totals(lowest: LeadValues, carried: Sequence[str], *, with_answers: bool = False) -> Subquery:
    """Select for each lead, besides what is carried, all that the criteria say of it.

    The columns: `lead_id`; per dimension `NAME` and `NAME_ceiling`; `known_points`; `next_question` (see GAIN_UNIT;
    below it there is none); `disqualifier` (the index of the first that is true); `answers` (those that last, as
    `scoring.answer_layout` writes them); `score`, `ceiling`, `known`.

    Args:
        with_answers: with the columns of every `CompiledCriterion`, `NAME_raw` and `NAME_ceiling_raw` (the points
            before they are held within the dimension's maximum), and `ready` (whether `qualified.when` is true).
    """
    rules, compiled = lowest.rules, lowest.criteria
    kept = ["lead_id", *carried]
    if with_answers:
        kept.append("ready")
    answers = _keep(_select_answers(lowest, carried, with_ready=with_answers), "found")
    needed = [criterion for criterion in compiled if with_answers or criterion.criterion.ask is not None]
    kept_answers = [name for criterion in needed for name in criterion.columns]
    sums = _keep(_select_sums(lowest, answers, [*kept, *kept_answers]), "sums")
    kept += ["answers", "disqualifier"]
    if with_answers:
        kept += [column.name for column in sums.c if column.name not in (*kept, "known_points")]
    return _keep(_select_totals(rules, sums, kept, compiled), "totals")


def _keep(selected: Select[Any], name: str) -> Subquery:
    return selected.offset(0).subquery(name)


def _select_answers(lowest: LeadValues, carried: Sequence[str], *, with_ready: bool) -> Select[Any]:
    shared = look_up(lowest.rules, lowest.rows, lowest.values)
    columns = {name: column for criterion in lowest.criteria for name, column in criterion.columns.items()}
    columns |= shared.answers
    disqualifiers = [shared.disqualifiers.get(number, holds) for number, holds in enumerate(lowest.disqualifiers)]
    for part in (lowest.layout.lasting, lowest.layout.daily):
        columns |= part.number_lines(disqualifiers)
    selected = select(
        *(lowest.rows.c[name] for name in ("lead_id", *carried)),
        *(column.label(name) for name, column in columns.items()),
    ).select_from(shared.rows)
    if with_ready:
        when = lowest.rules.criteria.qualified.when
        ready = true() if when is None else func.coalesce(lowest.holds(when), false())
        selected = selected.add_columns(ready.label("ready"))
    return selected


def _select_sums(lowest: LeadValues, answers: Subquery, kept: Sequence[str]) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [answers.c[name] for name in kept]
    known: list[ColumnElement[Any]] = []
    found = dict(answers.c.items())
    columns.append(lowest.layout.find_disqualifier(found).label("disqualifier"))
    columns.append(_write_answers(lowest, found).label("answers"))
    for part in lowest.rules.criteria.score:
        mine = of_dimension(lowest.criteria, part)
        columns.append(add_up([criterion.points(found) for criterion in mine]).label(f"{part.dimension}_raw"))
        ceilings = add_up([criterion.ceiling(found) for criterion in mine])
        columns.append(ceilings.label(f"{part.dimension}_ceiling_raw"))
        known += [
            case((criterion.is_known(found), whole(criterion.criterion.best)), else_=whole(0))
            for criterion in mine
            if criterion.criterion.best
        ]
    return select(*columns, add_up(known).label("known_points"))


def _write_answers(lowest: LeadValues, found: Values) -> ColumnElement[str]:
    lasting = lowest.layout.lasting
    return lasting.write({**found, **lasting.number_criteria(lowest.criteria, found)})


def select_kept_answers(lowest: LeadValues) -> Subquery:
    """Select for each lead its `lead_id` and `answers` alone."""
    found = _keep(_select_answers(lowest, [], with_ready=False), "found")
    written = _write_answers(lowest, dict(found.c.items()))
    return select(found.c.lead_id, written.label("answers")).subquery("written")


def _select_totals(
    rules: Rules, sums: Subquery, kept: Sequence[str], compiled: Sequence[CompiledCriterion]
) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [sums.c[name] for name in (*kept, "known_points")]
    subtotals, ceilings = [], []
    gains: list[ColumnElement[Any]] = [whole(0)]
    found = dict(sums.c.items())
    for part in rules.criteria.score:
        raw, cap = sums.c[f"{part.dimension}_raw"], _find_cap(part)
        subtotals.append(cap(raw))
        ceilings.append(cap(sums.c[f"{part.dimension}_ceiling_raw"]))
        columns.append(subtotals[-1].label(part.dimension))
        columns.append(ceilings[-1].label(f"{part.dimension}_ceiling"))
        for criterion in of_dimension(compiled, part):
            if criterion.criterion.ask is None:
                continue
            gain = cap(raw + criterion.rise(found)) - cap(raw)
            worth = gain * whole(GAIN_UNIT) + whole(GAIN_UNIT - 1 - criterion.number)
            gains.append(case((criterion.is_known(found), whole(0)), else_=worth))
    most = rules.most_known
    return select(
        *columns,
        largest(*gains).label("next_question"),
        add_up(subtotals).label("score"),
        add_up(ceilings).label("ceiling"),
        (cast(sums.c.known_points, Float) / most if most else cast(whole(1), Float)).label("known"),
    )


def of_dimension(compiled: Sequence[CompiledCriterion], part: DimensionRules) -> list[CompiledCriterion]:
    """Those of one dimension, in their order."""
    return [criterion for criterion in compiled if criterion.criterion.dimension is part.dimension]


def _find_cap(part: DimensionRules) -> Callable[[ColumnElement[Any]], ColumnElement[Any]]:
    """What holds a sum within a dimension's maximum, with no more tests than its criteria make necessary."""
    lowest = sum(min(0, *(tier.points for tier in criterion.tiers)) for criterion in part.criteria)
    highest = sum(criterion.best for criterion in part.criteria)
    below, above = lowest < -part.max, highest > part.max

    def cap(points: ColumnElement[Any]) -> ColumnElement[Any]:
        if below:
            points = largest(points, whole(-part.max))
        return smallest(points, whole(part.max)) if above else points

    return cap
