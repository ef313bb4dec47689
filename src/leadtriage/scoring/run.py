"""Scores leads: one statement inside the database, then what it moved. What a score is, is `scoring.totals`'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    func,
    insert,
    or_,
    select,
    update,
)

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.db.dialect import widen_cache, without_indexes
from leadtriage.db.ids import reserve_ids
from leadtriage.db.schema import CriteriaVersion, Lead, LeadScore, ScoreRun, table
from leadtriage.scoring.kept_answers import keep_answers
from leadtriage.scoring.moves import Moves, mark_qualified, record_moves
from leadtriage.scoring.nominating import find_rescued
from leadtriage.scoring.questions import settle_questions
from leadtriage.scoring.rescues import find_spared
from leadtriage.scoring.rules import Rules, prepare_rules
from leadtriage.scoring.shared_texts import share_texts
from leadtriage.scoring.storing import Wanted, describe_rescued, store_scores
from leadtriage.scoring.team_names import store_team_names
from leadtriage.scoring.verdicts import is_open, is_visible
from leadtriage.vocabulary import Grade

_MOST_IDS = 10_000
"""Of one statement: SQLite binds 32,766 values."""


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """What a run did.

    Attributes:
        leads: the open leads that it scored.
        scored: all that it scored, closed ones for the first time too.
        changed: leads whose grade moved.
        a, b, c, d, junk_candidates, needs_answers: of the open leads.
        criteria: the criteria's name.
        moves: what moved and why.
    """

    leads: int
    scored: int
    changed: int
    a: int
    b: int
    c: int
    d: int
    junk_candidates: int
    needs_answers: int
    criteria: str
    moves: Moves


def score_leads(
    connection: Connection, criteria: Criteria, act: Act, *, lead_ids: Sequence[int] | None = None
) -> ScoreSummary:
    """Score the open leads anew, and closed ones that have no score yet.

    Runs in the caller's writing transaction; to see what would move, the caller rolls it back.

    Args:
        lead_ids: these leads only; None for all.
    """
    rules = prepare_rules(connection, criteria, act.as_of)
    if lead_ids is None:
        widen_cache(connection)
        rules = share_texts(connection, rules)
    _store_criteria(connection, criteria, act)
    store_team_names(connection, criteria)
    run_id = _store_run(connection, criteria, act, whole=lead_ids is None)
    for chosen in _choose(lead_ids):
        _withdraw(connection, chosen)
        wanted = Wanted(lead_ids=chosen)
        with (
            _without_rescued(connection, rules, wanted) as rescued,
            without_indexes(connection, table(LeadScore)) if lead_ids is None else nullcontext(),
        ):
            store_scores(connection, rules, run_id, wanted, rescued)
    settle_questions(connection, rules, lead_ids)
    mine = _of_run(run_id, lead_ids)
    counted = _count_by_grade(connection, mine)
    leads = scored = sum(count for _, _, _, count in counted)
    for chosen in _choose(lead_ids):
        unscored = Wanted(closed=True, lead_ids=chosen)
        if connection.execute(select(table(Lead).c.id).where(unscored.are_wanted()).limit(1)).first():
            store_scores(connection, rules, run_id, unscored)
            scored = sum(count for _, _, _, count in _count_by_grade(connection, mine))
    if lead_ids is None:
        keep_answers(connection, rules, run_id, is_visible() & ~is_open())
    moves = record_moves(connection, criteria, act, mine)
    mark_qualified(connection, rules, act, mine)
    by_grade = {grade: sum(count for found, _, _, count in counted if found == grade) for grade in Grade}
    return ScoreSummary(
        leads=leads,
        scored=scored,
        changed=moves.count,
        a=by_grade[Grade.A],
        b=by_grade[Grade.B],
        c=by_grade[Grade.C],
        d=by_grade[Grade.D],
        junk_candidates=sum(count for _, candidate, _, count in counted if candidate),
        needs_answers=sum(count for _, _, needs, count in counted if needs),
        criteria=criteria.name,
        moves=moves,
    )


def _choose(lead_ids: Sequence[int] | None) -> Iterator[Sequence[int] | None]:
    """The wanted leads in parts that one statement can be told; None for all."""
    if lead_ids is None:
        yield None
        return
    wanted = sorted(set(lead_ids))
    for start in range(0, len(wanted), _MOST_IDS):
        yield wanted[start : start + _MOST_IDS]


def _of_run(run_id: int, lead_ids: Sequence[int] | None) -> ColumnElement[bool]:
    """What a run scored, as a condition on `lead_score`: found without reading all scores where it was a few leads."""
    scores = table(LeadScore)
    scored = scores.c.run_id == run_id
    return scored if lead_ids is None or len(lead_ids) > _MOST_IDS else scored & scores.c.lead_id.in_(lead_ids)


def _store_criteria(connection: Connection, criteria: Criteria, act: Act) -> None:
    versions = table(CriteriaVersion)
    if connection.execute(select(versions.c.digest).where(versions.c.digest == criteria.digest)).first():
        return
    follow_up = criteria.follow_up
    questions = [
        {
            "name": criterion.name,
            "field": criterion.field,
            "column": criterion.column,
            "ask": criterion.ask,
            "dimension": str(criterion.dimension),
        }
        for criterion in criteria.criteria
    ]
    settings = {
        "name": criteria.name,
        "currency": criteria.currency,
        "qualified": criteria.qualified.score,
        "grades": {str(grade): score for grade, score in criteria.grades.items()},
        "junk_below": criteria.junk.below,
        "junk_known": float(criteria.junk.known),
        "first_touch": {str(grade): days for grade, days in follow_up.first_touch.items()},
        "idle": follow_up.idle,
        "nurture": follow_up.nurture,
        "shelf_life": follow_up.shelf_life,
        "warn": follow_up.warn,
        "timezone": criteria.timezone,
    }
    connection.execute(
        insert(versions).values(
            digest=criteria.digest,
            text=criteria.text,
            recorded_at=act.recorded_at,
            questions=questions,
            settings=settings,
        )
    )


def _store_run(connection: Connection, criteria: Criteria, act: Act, *, whole: bool) -> int:
    run_id = reserve_ids(connection, "score_run")
    last = connection.execute(select(func.coalesce(func.max(table(Lead).c.id), 0))).scalar_one() if whole else None
    connection.execute(
        insert(table(ScoreRun)).values(
            id=run_id,
            as_of=act.as_of,
            at=act.at,
            recorded_at=act.recorded_at,
            by=act.by,
            criteria_digest=criteria.digest,
            last_lead_id=last,
        )
    )
    return run_id


@contextmanager
def _without_rescued(connection: Connection, rules: Rules, wanted: Wanted) -> Iterator[Table | None]:
    """A temporary table with the ids of those leads that nothing speaks against but what a reviewer has judged."""
    found = list(find_rescued(connection, rules, find_spared(connection, wanted.are_wanted())))
    if not found:
        yield None
        return
    rescued = describe_rescued()
    rescued.create(connection, checkfirst=False)
    connection.execute(insert(rescued), [{"id": lead_id} for lead_id in found])
    yield rescued
    rescued.drop(connection, checkfirst=False)


def _withdraw(connection: Connection, lead_ids: Sequence[int] | None) -> None:
    """Take leads that were closed, removed or merged from the lists; their score stays as it was."""
    scores = table(LeadScore)
    listed = or_(
        scores.c.candidate,
        scores.c.needs_answers,
        scores.c.backlog,
        scores.c.queue_from.is_not(None),
        scores.c.next_due.is_not(None),
    )
    chosen = [] if lead_ids is None else [table(Lead).c.id.in_(lead_ids)]
    gone = select(table(Lead).c.id).where(~(is_visible() & is_open()), *chosen)
    connection.execute(
        update(scores)
        .where(listed, scores.c.lead_id.in_(gone))
        .values(
            candidate=False,
            reason=None,
            needs_answers=False,
            backlog=False,
            queue_from=None,
            first_touch_due=None,
            idle_due=None,
            promised_due=None,
            expires_on=None,
            next_due=None,
        )
    )


def _count_by_grade(connection: Connection, mine: ColumnElement[bool]) -> Sequence[Any]:
    scores = table(LeadScore).c
    columns = (scores.grade, scores.candidate, scores.needs_answers)
    return connection.execute(select(*columns, func.count()).where(mine).group_by(*columns)).all()
