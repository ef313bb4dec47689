"""Records grade changes with their cause, and leads that newly qualify, as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)

from leadtriage.core.context import Act
from leadtriage.core.tables import Column, Table
from leadtriage.core.vocabulary import EventKind, ScoreCause
from leadtriage.criteria import LEAD_FIELDS, Criteria, find_comparisons
from leadtriage.db import Event, Lead, LeadScore, ScoreRun, reserve_ids, table
from leadtriage.db.dialect import materialize
from leadtriage.db.expressions import unqualified_by_person
from leadtriage.scoring.compile.conditions import compile_condition
from leadtriage.scoring.compile.inputs import Rules, select_inputs
from leadtriage.scoring.freshness import score_alike

_OF_NO_VALUE = frozenset(
    {
        EventKind.GRADE,
        EventKind.QUALIFIED,
        EventKind.NOMINATED,
        EventKind.VERDICT,
        EventKind.PUT_OFF,
        EventKind.KEPT_APART,
    }
)
"""Events that change no value that a criterion could use."""

_BY_TOUCHES = frozenset({"idle_days", "touches", "unanswered_touches", "replies"})
_OF_THE_ADDRESS = frozenset({"email_domain", "email_kind"})


def find_cause(criteria: Criteria, alike: list[str], before: FromClause) -> ColumnElement[str]:
    """Return the cause of a grade change, for a statement that joins `lead` and the run before.

    The cause is the data if a value changed that a criterion uses, else changed criteria, else time.

    Args:
        alike: the digests of criteria that score as these do.
        before: the `score_run` of the previous grade.
    """
    lead, event = table(Lead), table(Event)
    kinds, fields = _untouched_by(criteria)
    since = select(event.c.id).where(event.c.lead_id == lead.c.id, event.c.recorded_at > before.c.recorded_at)
    tells_no_value = event.c.kind.in_(kinds) | func.coalesce(event.c.field, "").in_(fields)
    # A change without an event counts as one of the data.
    informed = since.where(~tells_no_value).exists() | ~since.exists()
    return case(
        ((lead.c.changed_at > before.c.recorded_at) & informed, literal(str(ScoreCause.DATA))),
        (before.c.criteria_digest.not_in(alike), literal(str(ScoreCause.CRITERIA))),
        else_=literal(str(ScoreCause.TIME)),
    )


def _untouched_by(criteria: Criteria) -> tuple[list[str], list[str]]:
    """Return the kinds and fields of events that cannot change a grade by these criteria."""
    conditions = (tier.condition for criterion in criteria.criteria for tier in criterion.tiers)
    asked = {comparison.field for condition in conditions for comparison in find_comparisons(condition)}
    if asked & _OF_THE_ADDRESS:
        asked.add("email")
    kinds = set(_OF_NO_VALUE)
    if not asked & _BY_TOUCHES:
        kinds.add(EventKind.TOUCH)
    if "stage" not in asked:
        kinds.add(EventKind.STAGE)
    return sorted(kinds), sorted(LEAD_FIELDS.keys() - asked)


_SHOWN = 50
_EVENT = ("lead_id", "id", "act", "at", "recorded_at", "by", "kind", "field", "old", "new", "reason")


@dataclass(frozen=True, slots=True)
class Moves:
    """The leads whose grade changed.

    Attributes:
        counts: by old grade, new grade and cause.
        table: the first of them by id, with the keys `id, name, company, from, to, cause, score`.
    """

    count: int
    counts: Mapping[tuple[str, str, str], int]
    table: Table


_COLUMNS = (
    Column("id", "Lead", keep=90, align="right"),
    Column("name", "Name", keep=80),
    Column("company", "Company", keep=60),
    Column("from", "From", keep=85, kind="grade"),
    Column("to", "To", keep=95, kind="grade"),
    Column("cause", "Because of", keep=70),
    Column("score", "Score", keep=75, align="right"),
)


def record_moves(connection: Connection, criteria: Criteria, act: Act, mine: ColumnElement[bool]) -> Moves:
    """Write an event for each lead whose grade a run changed; a first score is no change.

    Args:
        mine: selects the scores of the run.
    """
    scores, lead, runs = table(LeadScore), table(Lead), table(ScoreRun)
    before = runs.alias("before")
    moved = and_(mine, scores.c.previous_grade != scores.c.grade)
    joined = scores.join(lead, lead.c.id == scores.c.lead_id).join(before, before.c.id == scores.c.previous_run_id)
    grades = (scores.c.previous_grade, scores.c.grade)
    count = connection.execute(select(func.count()).select_from(scores).where(moved)).scalar_one()
    if not count:
        return Moves(0, {}, Table("Moved grades", _COLUMNS, (), total=0))
    earlier = connection.execute(select(before.c.criteria_digest).select_from(joined).where(moved).distinct()).scalars()
    alike = [digest for digest in earlier if score_alike(connection, digest, criteria)]
    cause = find_cause(criteria, alike, before)
    counts = {
        (old, new, why): number
        for old, new, why, number in connection.execute(
            select(*grades, cause.label("cause"), func.count())
            .select_from(joined)
            .where(moved)
            .group_by(*grades, "cause")
            .order_by(*grades, "cause")
        )
    }
    shown = connection.execute(
        select(lead.c.id, lead.c.name, lead.c.company, *grades, cause, scores.c.score)
        .select_from(joined)
        .where(moved)
        .order_by(lead.c.id)
        .limit(_SHOWN)
    )
    keys = [column.key for column in _COLUMNS]
    rows = tuple(dict(zip(keys, row, strict=True)) for row in shown)
    changed = select(scores.c.lead_id, *grades, cause).select_from(joined).where(moved)
    _record_events(connection, act, count, EventKind.GRADE, "grade", changed)
    return Moves(count, counts, Table("Moved grades", _COLUMNS, rows, total=count))


def mark_qualified(connection: Connection, rules: Rules, act: Act, mine: ColumnElement[bool]) -> int:
    """Mark leads that newly qualify by their score, with an event each, and return their number.

    Skips leads that a person has marked as unqualified since they last changed. Leaves `lead.changed_at` alone, since
    no value changed that a score uses.
    """
    scores, lead = table(LeadScore), table(Lead)
    when = rules.criteria.qualified.when
    tests: list[ColumnElement[Any]] = [
        mine,
        scores.c.gap <= 0,
        lead.c.qualified_on.is_(None),
        not_(unqualified_by_person()),
    ]
    if when is not None:
        values = select_inputs([when], rules.extra_columns, rules.scales)
        tests.append(compile_condition(when, values, rules.scales, possible=False))
    found = select(lead.c.id).select_from(scores.join(lead, lead.c.id == scores.c.lead_id)).where(*tests)
    newly = materialize(connection, "newly_qualified", found)
    count = connection.execute(select(func.count()).select_from(newly)).scalar_one()
    changed = select(newly.c.id, literal(None), literal("score"), literal(None))
    _record_events(connection, act, count, EventKind.QUALIFIED, "qualified_by", changed)
    marked = update(lead).where(lead.c.id.in_(select(newly.c.id)))
    connection.execute(marked.values(qualified_on=act.as_of, qualified_by="score"))
    newly.drop(connection)
    return count


def _record_events(
    connection: Connection, act: Act, count: int, kind: EventKind, field: str, changed: Select[Any]
) -> None:
    """Write an event per row of `changed`: the lead's id, the old value, the new value, the reason."""
    lead_id, *values = changed.selected_columns
    number = func.row_number().over(order_by=lead_id) - 1 + reserve_ids(connection, "event", count)
    fixed = (reserve_ids(connection, "act"), act.at, act.recorded_at, act.by, str(kind), field)
    rows = changed.with_only_columns(lead_id, number, *map(literal, fixed), *values)
    connection.execute(insert(table(Event)).from_select(list(_EVENT), rows))
