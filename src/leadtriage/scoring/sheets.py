"""How leads answer all criteria, counted: one row for all that answer alike, from the expressions that score them.

A row has its answers as the digits of a few whole numbers, the lowest first: leads are grouped by two numbers in less
than half of the time that a column for each answer takes. What the counts say is a report's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, Table, case, cast, func, select

from leadtriage.criteria.model import Criteria, Criterion
from leadtriage.criteria.reading.mistakes import suggest
from leadtriage.criteria.text import comparable
from leadtriage.db.dialect import keep, widen_cache
from leadtriage.db.schema import Lead, table
from leadtriage.errors import UsageError
from leadtriage.scoring.compile import add_up, whole
from leadtriage.scoring.conditions import join_any
from leadtriage.scoring.inputs import all_conditions, select_inputs
from leadtriage.scoring.rules import Rules, prepare_rules
from leadtriage.scoring.shared_texts import look_up, share_texts
from leadtriage.scoring.totals import LeadValues

_LARGEST = 2**62
"""A row's numbers stay below: every database has whole numbers of 64 bits."""


@dataclass(frozen=True, slots=True)
class _Digit:
    """A place within a row's numbers: it holds 0 up to `base`, which itself is not reached."""

    number: int
    weight: int
    base: int


@dataclass(frozen=True, slots=True)
class AnswerSheets:
    """The rows, with what their digits say.

    Attributes:
        rows: has the number of leads of each row as `leads`.
    """

    rows: Table
    _group: _Digit
    _criteria: tuple[_Digit, ...]
    _lines: tuple[_Digit, ...]

    @property
    def leads(self) -> ColumnElement[int]:
        """How many leads answer so."""
        return self.rows.c.leads

    @property
    def group(self) -> ColumnElement[int]:
        """The group that the caller gave."""
        return self._read(self._group)

    def gives(self, criterion: int, tier: int) -> ColumnElement[bool]:
        """Whether a tier gives the points of a criterion; both by their places from 0."""
        return self._read(self._criteria[criterion]) // whole(2) == whole(tier + 1)

    def is_known(self, criterion: int) -> ColumnElement[bool]:
        """Whether the answer to a criterion is there."""
        return self._read(self._criteria[criterion]) % whole(2) == whole(1)

    def disqualifies(self, line: int) -> ColumnElement[bool]:
        """Whether a disqualifier holds."""
        return self._read(self._lines[line]) == whole(1)

    def _read(self, digit: _Digit) -> ColumnElement[int]:
        return (self.rows.c[f"n{digit.number}"] // _wide(digit.weight)) % whole(digit.base)


@contextmanager
def collect_sheets(
    connection: Connection,
    criteria: Criteria,
    as_of: date,
    rows: FromClause,
    where: ColumnElement[bool],
    group: ColumnElement[int],
    groups: int,
) -> Iterator[AnswerSheets]:
    """Count how leads, as they are stored, answer the criteria on a day; the rows are there within the context.

    Args:
        rows: `lead`, joined with what `where` and `group` ask.
        where: which leads.
        group: what leads are counted apart by: from 0 up to `groups`, which it does not reach.
    """
    widen_cache(connection)
    rules = share_texts(connection, prepare_rules(connection, _number_tiers(criteria), as_of))
    lowest = _find_values(rules, rows)
    compiled = lowest.criteria
    answers, lines, joined = _select_answers(lowest)
    selected = select(group.label("lead_group"), *answers, *lines).select_from(joined).where(where)
    answered = selected.offset(0).subquery("answers")  # else each answer would be worked out for each use of it
    found = dict(answered.c.items())

    bases = [groups, *(2 * (len(each.criterion.tiers) + 1) for each in compiled), *(2 for _ in lines)]
    digits = list(_lay_out(bases))
    written = [
        answered.c.lead_group,
        *(each.points(found) * whole(2) + case((each.is_known(found), whole(1)), else_=whole(0)) for each in compiled),
        *(case((answered.c[line.name], whole(1)), else_=whole(0)) for line in lines),
    ]
    numbers = _write(digits, written)
    grouped = select(*numbers).select_from(answered).offset(0).subquery("numbers")
    kept = keep(connection, "answer_sheet", select(*grouped.c, func.count().label("leads")).group_by(*grouped.c))
    first = 1 + len(compiled)
    yield AnswerSheets(kept, digits[0], tuple(digits[1:first]), tuple(digits[first:]))
    kept.drop(connection, checkfirst=False)


def has_answered(
    connection: Connection, criteria: Criteria, as_of: date, name: str, tier: str | None = None
) -> ColumnElement[bool]:
    """Whether a lead's answer to a criterion is known, or one of its tiers gives the points: a condition on `lead`.

    Args:
        name: a criterion's, or a disqualifier's reason: then the leads for which it holds.
        tier: the label of one of its tiers; of a disqualifier, the label of one of several with this reason.

    Raises:
        UsageError: there is no such criterion, or it has no such tier.
    """
    rules = prepare_rules(connection, _number_tiers(criteria), as_of)
    lowest = _find_values(rules, table(Lead))
    wanted = comparable(name)
    for compiled in lowest.criteria:
        criterion = compiled.criterion
        if comparable(criterion.name) == wanted:
            if tier is None:
                return compiled.is_known(compiled.columns)
            found = _find_label(tier, [each.label for each in criterion.tiers], criterion.name)
            return compiled.points(compiled.columns) == whole(found + 1)
    lines = [line for line in criteria.junk.disqualify if comparable(line.reason) == wanted]
    if not lines:
        names = [*(each.name for each in criteria.criteria), *(line.reason for line in criteria.junk.disqualify)]
        raise UsageError(
            f"no criterion is called {name!r}{suggest(name, names)}",
            place="--criterion",
            hint="see their names: leadtriage report criteria",
        )
    if tier is not None:
        lines = [lines[_find_label(tier, [line.label for line in lines], name)]]
    return join_any([lowest.holds(line.condition) for line in lines])


def _find_label(label: str, labels: Sequence[str], name: str) -> int:
    for place, known in enumerate(labels):
        if comparable(known) == comparable(label):
            return place
    told = "; ".join(labels)
    raise UsageError(f"{name} has no tier {label!r}", place="--tier", hint=f"its tiers: {told}")


def _number_tiers(criteria: Criteria) -> Criteria:
    """The same criteria, but that a tier's points say which one it is, from 1: so no test is made twice."""
    return replace(
        criteria,
        score=tuple(
            replace(part, criteria=tuple(_number_tiers_of(criterion) for criterion in part.criteria))
            for part in criteria.score
        ),
    )


def _number_tiers_of(criterion: Criterion) -> Criterion:
    return replace(
        criterion, tiers=tuple(replace(tier, points=place) for place, tier in enumerate(criterion.tiers, start=1))
    )


def _find_values(rules: Rules, rows: FromClause) -> LeadValues:
    """The values that rules look at, as they stand in `lead`."""
    return LeadValues(rules, rows, select_inputs(all_conditions(rules.criteria), rules.extra_columns, rules.scales))


def _select_answers(lowest: LeadValues) -> tuple[list[Any], list[Any], FromClause]:
    """The columns of all criteria, those of the disqualifiers, and where they are found."""
    shared = look_up(lowest.rules, lowest.rows, lowest.values)
    columns = {name: column for criterion in lowest.criteria for name, column in criterion.columns.items()}
    columns |= shared.answers
    lines = [shared.disqualifiers.get(place, holds) for place, holds in enumerate(lowest.disqualifiers)]
    return (
        [column.label(name) for name, column in columns.items()],
        [line.label(f"line_{place}") for place, line in enumerate(lines)],
        shared.rows,
    )


def _lay_out(bases: Sequence[int]) -> Iterator[_Digit]:
    """Give each answer its place, in as few numbers as hold them all."""
    number, weight = 0, 1
    for base in bases:
        if weight * base > _LARGEST:
            number, weight = number + 1, 1
        yield _Digit(number, weight, base)
        weight *= base


def _write(digits: Sequence[_Digit], values: Sequence[ColumnElement[Any]]) -> list[Any]:
    numbers: dict[int, list[ColumnElement[Any]]] = {}
    for digit, value in zip(digits, values, strict=True):
        numbers.setdefault(digit.number, []).append(value * _wide(digit.weight))
    return [cast(add_up(terms), BigInteger).label(f"n{number}") for number, terms in numbers.items()]


def _wide(number: int) -> ColumnElement[int]:
    return cast(whole(number), BigInteger)
