"""Counts how leads answer all criteria: one row per distinct set of answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Integer, Select, String, Table, cast, delete, func, select

from leadtriage.core.errors import UsageError
from leadtriage.core.text import comparable
from leadtriage.criteria import Criteria, suggest
from leadtriage.db import Lead, table
from leadtriage.db.dialect import backend, materialize
from leadtriage.scoring.answers import find_kept_answers
from leadtriage.scoring.compile.conditions import join_any
from leadtriage.scoring.compile.criteria import whole
from leadtriage.scoring.compile.inputs import Rules, all_conditions, prepare_rules, select_inputs
from leadtriage.scoring.compile.text_cache import look_up, share_texts
from leadtriage.scoring.compile.totals import AnswerLayout, LeadValues

_MANY = 50_000
"""The number of leads from which sampling for shared texts pays."""


@dataclass(frozen=True, slots=True)
class AnswerSheets:
    """Counts of leads by their answers; `rows` has the counts as `leads` and the caller's group as `lead_group`."""

    rows: Table
    _layout: AnswerLayout

    @property
    def leads(self) -> ColumnElement[int]:
        """The number of leads of a row; several rows may have equal answers."""
        return self.rows.c.leads

    @property
    def group(self) -> ColumnElement[int]:
        """The caller's group."""
        return self.rows.c.lead_group

    def gives(self, criterion: int, tier: int) -> ColumnElement[bool]:
        """Return whether a tier gives the points of a criterion; both by index."""
        return self._layout.gives(self._numbers, criterion, tier)

    def is_known(self, criterion: int) -> ColumnElement[bool]:
        """Return whether the answer to a criterion is known."""
        return self._layout.is_known(self._numbers, criterion)

    def disqualifies(self, line: int) -> ColumnElement[bool]:
        """Return whether a disqualifier holds."""
        return self._layout.disqualifies(self._numbers, line)

    @property
    def _numbers(self) -> dict[str, ColumnElement[Any]]:
        return dict(self.rows.c.items())


@contextmanager
def collect_sheets(
    connection: Connection,
    criteria: Criteria,
    as_of: date,
    rows: FromClause,
    where: ColumnElement[bool],
    group: ColumnElement[int],
) -> Iterator[AnswerSheets]:
    """Count how stored leads answer the criteria on a day, in a table that exists within the context.

    Args:
        rows: `lead` joined with `lead_score` and the tables of `where` and `group`.
        group: from 0 to 9.
    """
    backend(connection).widen_cache(connection)
    rules = prepare_rules(connection, criteria, as_of)
    rows, kept = find_kept_answers(rows, criteria.digest)
    lowest = _find_values(rules, rows)
    sheets = materialize(connection, "answer_sheet", _count_alike(lowest, where, group, kept))
    unknown = sheets.c.lead_group.is_(None)
    if outdated := connection.execute(select(sheets.c.leads).where(unknown)).scalar():
        connection.execute(delete(sheets).where(unknown))
        if outdated >= _MANY:
            rules = share_texts(connection, rules)
        anew = _count_alike(_find_values(rules, rows), where & kept.is_(None), group)
        connection.execute(sheets.insert().from_select([column.name for column in anew.selected_columns], anew))
    yield AnswerSheets(sheets, lowest.layout)
    sheets.drop(connection, checkfirst=False)


def has_answered(
    connection: Connection, criteria: Criteria, as_of: date, name: str, tier: str | None = None
) -> ColumnElement[bool]:
    """Return whether a lead's answer to a criterion is known, or a tier gives the points, or a disqualifier holds.

    Args:
        name: a criterion, or a disqualifier's reason.
        tier: the label of a tier or disqualifier.

    Raises:
        UsageError: the criterion or tier does not exist.
    """
    lowest = _find_values(prepare_rules(connection, criteria, as_of), table(Lead))
    wanted = comparable(name)
    for compiled in lowest.criteria:
        criterion = compiled.criterion
        if comparable(criterion.name) == wanted:
            if tier is None:
                return compiled.is_known(compiled.columns)
            found = _find_label(tier, [each.label for each in criterion.tiers], criterion.name)
            return compiled.place(compiled.columns) == whole(found)
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
    raise UsageError(f"{name} has no tier {label!r}", place="--tier", hint=f"its tiers: {'; '.join(labels)}")


def _find_values(rules: Rules, rows: FromClause) -> LeadValues:
    """Return the values of `lead` itself."""
    return LeadValues(rules, rows, select_inputs(all_conditions(rules.criteria), rules.extra_columns, rules.scales))


def _count_alike(
    lowest: LeadValues, where: ColumnElement[bool], group: ColumnElement[int], kept: ColumnElement[Any] | None = None
) -> Select[Any]:
    """Count the leads with equal answers: `leads`, `lead_group` and the numbers of the answers.

    Args:
        kept: the stored lasting answers, NULL if outdated; None evaluates all criteria.
    """
    layout = lowest.layout
    parts = [layout.daily] if kept is not None else [layout.lasting, layout.daily]
    shared = look_up(lowest.rules, lowest.rows, lowest.values)
    lines = [shared.disqualifiers.get(place, holds) for place, holds in enumerate(lowest.disqualifiers)]
    columns: dict[str, ColumnElement[Any]] = {"lead_group": group}
    for part in parts:
        for place in part.criteria:
            columns.update(lowest.criteria[place].columns)
        columns.update(part.number_lines(lines))
    columns.update({name: column for name, column in shared.answers.items() if name in columns})
    if kept is not None:
        columns["kept"] = kept
    labelled = [column.label(name) for name, column in columns.items()]
    # A level of its own, else each answer would be computed for each use.
    found = select(*labelled).select_from(shared.rows).where(where).offset(0).subquery("found")
    numbers: dict[str, ColumnElement[Any]] = dict(found.c.items())
    for part in parts:
        numbers.update(part.number_criteria(lowest.criteria, numbers))
    lasting = found.c.kept if kept is not None else layout.lasting.write(numbers)
    # One text, since sorting by one value takes four fifths of the time of two.
    text = lasting + layout.daily.write(numbers) + cast(found.c.lead_group, String)
    texts = select(text.label("answers")).offset(0).subquery("texts")
    alike = select(texts.c.answers, func.count().label("leads")).group_by(texts.c.answers).offset(0).subquery("alike")
    start = 1 + layout.lasting.length
    last = func.substr(alike.c.answers, start + layout.daily.length, 1)
    return select(
        alike.c.leads,
        cast(last, Integer).label("lead_group"),
        *layout.lasting.read(alike.c.answers),
        *layout.daily.read(alike.c.answers, start),
    )
