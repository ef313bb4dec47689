"""What a run moved: the history's lines for moved grades with their cause, and for leads that came to qualify.

Why a grade moved since the run before: the lead's data, the criteria, or only time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, insert, literal, not_, select, update

from leadtriage.core.context import Act
from leadtriage.core.tables import Column, Table
from leadtriage.core.vocabulary import EventKind, ScoreCause
from leadtriage.criteria import LEAD_FIELDS, Criteria, find_comparisons
from leadtriage.db import Event, Lead, LeadScore, ScoreRun, reserve_ids, table
from leadtriage.db.dialect import materialize
from leadtriage.db.expressions import unqualified_by_person
from leadtriage.scoring.compile.conditions import compile_condition
from leadtriage.scoring.compile.inputs import select_inputs
from leadtriage.scoring.compile.rules import Rules
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
"""Lines of the history that change no value of a lead which a criterion could ask for."""

_BY_TOUCHES = frozenset({"idle_days", "touches", "unanswered_touches", "replies"})
_OF_THE_ADDRESS = frozenset({"email_domain", "email_kind"})


def find_cause(criteria: Criteria, alike: list[str], before: FromClause) -> ColumnElement[str]:
    """The cause of a move, for a statement that joins `lead` and the run before.

    It is the data where a value changed that a criterion asks for, else the criteria where they score otherwise now,
    else time: a lead whose grade fell with its age did not change its mind because somebody called it.

    Args:
        alike: the digests of criteria that score as these do.
        before: `score_run`, of the run that gave the previous grade.
    """
    lead, event = table(Lead), table(Event)
    kinds, fields = _untouched_by(criteria)
    since = select(event.c.id).where(event.c.lead_id == lead.c.id, event.c.recorded_at > before.c.recorded_at)
    tells_no_value = event.c.kind.in_(kinds) | func.coalesce(event.c.field, "").in_(fields)
    # A change that no line tells of is held for one of the data.
    informed = since.where(~tells_no_value).exists() | ~since.exists()
    return case(
        ((lead.c.changed_at > before.c.recorded_at) & informed, literal(str(ScoreCause.DATA))),
        (before.c.criteria_digest.not_in(alike), literal(str(ScoreCause.CRITERIA))),
        else_=literal(str(ScoreCause.TIME)),
    )


def _untouched_by(criteria: Criteria) -> tuple[list[str], list[str]]:
    """Which lines of the history move no grade by these criteria: their kinds, and the fields that they may tell of."""
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
_EVENT = ("lead_id", "id", "act", "at", "recorded_at", "by", "kind", "field", "old", "new", "reason", "note")


@dataclass(frozen=True, slots=True)
class Moves:
    """The leads whose grade moved.

    Attributes:
        count: how many.
        counts: how many by old grade, new grade and cause.
        table: the first of them, the largest ids last; its keys are `id, name, company, from, to, cause, score`.
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
    """Write an event for each lead whose grade a run moved, and tell what moved.

    A first score is no move. What the cause of a move is, is `scoring.causes`'.

    Args:
        mine: what the run scored, as a condition on `lead_score`.
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
    first = reserve_ids(connection, "event", count)
    place = func.row_number().over(order_by=scores.c.lead_id) - 1 + first
    told = select(
        scores.c.lead_id,
        place,
        literal(reserve_ids(connection, "act")),
        literal(act.at),
        literal(act.recorded_at),
        literal(act.by),
        literal(str(EventKind.GRADE)),
        literal("grade"),
        *grades,
        cause,
        literal(None),
    )
    connection.execute(insert(table(Event)).from_select(list(_EVENT), told.select_from(joined).where(moved)))
    return Moves(count, counts, Table("Moved grades", _COLUMNS, rows, total=count))


def mark_qualified(connection: Connection, rules: Rules, act: Act, mine: ColumnElement[bool]) -> int:
    """Mark the leads as qualified whose score now says so, with an event each, and return their number.

    It stays marked once it is; `lead.changed_at` is left alone, since no value changed that a score rests on. Where a
    person has taken it back, the score says nothing until something new is learned of the lead.
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
    first = reserve_ids(connection, "event", count)
    told = select(
        newly.c.id,
        func.row_number().over(order_by=newly.c.id) - 1 + first,
        literal(reserve_ids(connection, "act")),
        literal(act.at),
        literal(act.recorded_at),
        literal(act.by),
        literal(str(EventKind.QUALIFIED)),
        literal("qualified_by"),
        literal(None),
        literal("score"),
        literal(None),
        literal(None),
    )
    connection.execute(insert(table(Event)).from_select(list(_EVENT), told))
    marked = update(lead).where(lead.c.id.in_(select(newly.c.id)))
    connection.execute(marked.values(qualified_on=act.as_of, qualified_by="score"))
    newly.drop(connection)
    return count
