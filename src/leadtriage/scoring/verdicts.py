"""From a lead's totals to what lists show: grade, junk candidate and why, missing answers, queue, clocks.

The totals are `scoring.totals`', storing them is `scoring.run`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    Table,
    and_,
    case,
    cast,
    literal,
    not_,
    or_,
    select,
    type_coerce,
)

from leadtriage.criteria.model import Criteria
from leadtriage.db.expressions import smallest
from leadtriage.db.schema import Lead, Nomination, table
from leadtriage.scoring.clocks import compute_clocks, select_clock_inputs
from leadtriage.scoring.compile import whole
from leadtriage.scoring.rules import Rules
from leadtriage.scoring.totals import GAIN_UNIT, select_totals, select_values
from leadtriage.vocabulary import OPEN_STAGES, Dimension, Grade, Reason

_REASONS: Mapping[Dimension, Reason] = {
    Dimension.FIT: Reason.NO_FIT,
    Dimension.BUDGET: Reason.NO_BUDGET,
    Dimension.AUTHORITY: Reason.NO_AUTHORITY,
    Dimension.NEED: Reason.NO_NEED,
    Dimension.TIMING: Reason.BAD_TIMING,
}

_SHARE_UNIT = 1_000_000


def is_visible() -> ColumnElement[bool]:
    """Whether a lead counts at all: neither removed nor merged into another."""
    lead = table(Lead).c
    return and_(lead.removed_by.is_(None), lead.merged_into.is_(None))


def is_open() -> ColumnElement[bool]:
    """Whether a lead is in one of the open stages."""
    return table(Lead).c.stage.in_([str(stage) for stage in OPEN_STAGES])


def open_nominations() -> ColumnElement[bool]:
    """Which nominations have not been withdrawn."""
    return table(Nomination).c.withdrawn_at.is_(None)


def select_verdicts(
    rules: Rules, where: ColumnElement[bool], calendar: Table, rescued: Table | None = None
) -> tuple[Select[Any], list[str]]:
    """Select what `lead_score` stores of each lead, but for what comes from its run; with the columns' names.

    Args:
        where: which leads.
        calendar: has the deadlines from every day that one of their clocks starts on.
        rescued: has the ids of leads that the criteria do not nominate, since a reviewer judged all that they say.
    """
    nominated = select(table(Nomination).c.lead_id).where(open_nominations())
    carried = {
        "is_open": is_open(),
        "is_nominated": table(Lead).c.id.in_(nominated),
        "was_qualified": table(Lead).c.qualified_on.is_not(None),
        "created_on": table(Lead).c.created_on,
        "owner": table(Lead).c.owner,
        **select_clock_inputs(),
    }
    if rescued is not None:
        carried["is_rescued"] = table(Lead).c.id.in_(select(rescued.c.id))
    totals = select_totals(select_values(rules, where, carried), list(carried))
    candidate = case((totals.c.is_open, is_candidate(rules, totals)), else_=literal(False))
    graded = (
        select(*totals.c, find_grade(rules.criteria, totals.c.score).label("grade"), candidate.label("candidate"))
        .offset(0)
        .subquery("graded")
    )
    row = graded.c
    in_play = and_(row.is_open, not_(row.candidate), row.may_contact)
    waiting, shelf = calendar.alias("waiting"), calendar.alias("shelf")
    target = rules.criteria.qualified.score
    has_question = row.next_question >= whole(GAIN_UNIT)
    columns: dict[str, ColumnElement[Any]] = {
        "lead_id": row.lead_id,
        "score": row.score,
        "ceiling": row.ceiling,
        "known": row.known,
        "grade": row.grade,
        **{str(name): row[name] if name in row else whole(0) for name in Dimension},
        "candidate": row.candidate,
        "reason": case((row.candidate, find_reason(rules, graded))),
        "needs_answers": and_(
            row.is_open,
            not_(row.candidate),
            not_(row.was_qualified),
            row.score < whole(target),
            row.ceiling >= whole(target),
        ),
        "gap": whole(target) - row.score,
        "next_criterion": case((has_question, whole(GAIN_UNIT - 1) - row.next_question % whole(GAIN_UNIT))),
        "next_gain": case((has_question, type_coerce(row.next_question, Integer) // whole(GAIN_UNIT))),
        "queue_from": case((in_play, row.arrives_on)),
        "created_on": row.created_on,
        "owner": row.owner,
        "answers": row.answers,
        **compute_clocks(row, waiting.c, shelf.c, row.grade),
    }
    selected = select(*(column.label(name) for name, column in columns.items())).select_from(
        graded.outerjoin(waiting, and_(waiting.c.day == row.waits_from, in_play)).outerjoin(
            shelf, and_(shelf.c.day == row.shelf_from, in_play)
        )
    )
    return selected, list(columns)


def find_grade(criteria: Criteria, score: ColumnElement[int]) -> ColumnElement[str]:
    """The grade that a score deserves."""
    steps = [(score >= whole(criteria.grades[grade]), _word(grade)) for grade in (Grade.A, Grade.B, Grade.C)]
    return case(*steps, else_=_word(Grade.D))


def is_candidate(rules: Rules, totals: Subquery) -> ColumnElement[bool]:
    """Whether something nominates a lead as junk: somebody's word, a disqualifier, or its score."""
    junk = rules.criteria.junk
    by_criteria = or_(
        totals.c.disqualifier < whole(len(junk.disqualify)),
        and_(
            totals.c.score < whole(junk.below),
            or_(totals.c.known_points >= whole(rules.known_enough), totals.c.ceiling < whole(junk.below)),
        ),
    )
    if "is_rescued" in totals.c:
        by_criteria = and_(not_(totals.c.is_rescued), by_criteria)
    return or_(totals.c.is_nominated, by_criteria)


def find_reason(rules: Rules, rows: Subquery) -> ColumnElement[str]:
    """The first reason that nominated a candidate: somebody's, the first disqualifier's, or the weakest dimension's."""
    nominations = table(Nomination)
    theirs = (
        select(nominations.c.reason)
        .where(nominations.c.lead_id == rows.c.lead_id, open_nominations())
        .order_by(nominations.c.id)
        .limit(1)
        .correlate(rows)
        .scalar_subquery()
    )
    lines = {index: literal(line.reason, String) for index, line in enumerate(rules.criteria.junk.disqualify)}
    weakest = find_weakest(rules, rows)
    ours = case(lines, value=rows.c.disqualifier, else_=weakest) if lines else weakest
    return case((rows.c.is_nominated, theirs), else_=ours)


def find_weakest(rules: Rules, rows: Subquery) -> ColumnElement[str]:
    """The reason that stands for the dimension that reached the least share of its maximum; of equal ones the first."""
    order = tuple(Dimension)
    shares = []
    for part in rules.criteria.score:
        if part.max and part.criteria:
            above_lowest = cast(rows.c[part.dimension], BigInteger) + whole(part.max)
            share = above_lowest * whole(_SHARE_UNIT) // whole(part.max)
            shares.append(share * whole(len(order)) + whole(order.index(part.dimension)))
    if not shares:
        return _word(Reason.NO_FIT)
    return case(
        {index: _word(_REASONS[name]) for index, name in enumerate(order)},
        value=smallest(*shares) % whole(len(order)),
    )


def _word(word: str) -> ColumnElement[str]:
    return literal(str(word), String)
