"""Scores leads with one statement inside the database, and records which grades changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    MetaData,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import Insert

from leadtriage.core.context import Act
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import Grade
from leadtriage.criteria import Criteria
from leadtriage.db import CriteriaVersion, Lead, LeadScore, ScoreRun, TeamName, reserve_ids, table
from leadtriage.db.dialect import backend, upsert
from leadtriage.scoring.answers import keep_answers, settle_questions
from leadtriage.scoring.compile.clocks import create_calendar, describe_calendar, set_missed_due_days
from leadtriage.scoring.compile.inputs import Rules, prepare_rules
from leadtriage.scoring.compile.text_cache import share_texts
from leadtriage.scoring.compile.totals import is_open, is_visible, select_verdicts
from leadtriage.scoring.grade_changes import Moves, mark_qualified, record_moves
from leadtriage.scoring.nominations import find_rescued, find_spared

_OF_RUN = ("run_id", "answers_run_id")
_KEPT = ("lead_id", "first_grade", "first_scored_on", "previous_grade", "previous_run_id")

_RUN, _LEADS = "scoring_run", "scored_leads"
"""The bound parameters of the statement."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Selects the leads to score: the open ones, or the closed ones without a score; `lead_ids` None means all."""

    closed: bool = False
    lead_ids: Sequence[int] | None = None

    def are_wanted(self, among: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
        """Return the condition on `lead`; `among` replaces the one for `lead_ids`."""
        lead, score = table(Lead), table(LeadScore)
        if among is None:
            among = true() if self.lead_ids is None else lead.c.id.in_(self.lead_ids)
        if not self.closed:
            return is_visible() & is_open() & among
        has_score = select(score.c.lead_id).where(score.c.lead_id == lead.c.id).exists()
        return is_visible() & ~is_open() & ~has_score & among


@lru_cache
def describe_rescued() -> Table:
    """Describe the temporary table of leads that the criteria do not nominate."""
    return Table("rescued_lead", MetaData(), Column("id", Integer, primary_key=True), prefixes=["TEMPORARY"])


def store_scores(
    connection: Connection, rules: Rules, run_id: int, wanted: Wanted, rescued: Table | None = None
) -> None:
    """Score leads and keep the replaced grade as the previous one; `rescued` is the table of `describe_rescued`."""
    calendar = create_calendar(connection, rules.criteria.follow_up, wanted.are_wanted())
    told: dict[str, Any] = {_RUN: run_id}
    if wanted.lead_ids is not None:
        told[_LEADS] = wanted.lead_ids
    statement = _make_statement(
        rules, connection.dialect, closed=wanted.closed, few=_LEADS in told, with_rescued=rescued is not None
    )
    connection.execute(statement, told)
    connection.execute(set_missed_due_days(run_id, calendar))
    calendar.drop(connection, checkfirst=False)


@lru_cache(maxsize=16)
def _make_statement(rules: Rules, dialect: Dialect, *, closed: bool, few: bool, with_rescued: bool) -> Insert:
    among = table(Lead).c.id.in_(bindparam(_LEADS, expanding=True)) if few else true()
    where = Wanted(closed).are_wanted(among)
    rescued = describe_rescued() if with_rescued else None
    verdicts, names = select_verdicts(rules, where, describe_calendar(), rescued)
    run_id = bindparam(_RUN, type_=Integer)
    verdicts = verdicts.add_columns(
        run_id.label("run_id"),
        run_id.label("answers_run_id"),
        verdicts.selected_columns.grade.label("first_grade"),
        literal(rules.scales.as_of).label("first_scored_on"),
        null().label("previous_grade"),
        null().label("previous_run_id"),
    ).where(verdicts.selected_columns.lead_id.is_not(None))
    scores = table(LeadScore)
    statement = upsert(dialect, scores).from_select([*names, *_OF_RUN, *_KEPT[1:]], verdicts)
    replaced: dict[str, ColumnElement[Any]] = {
        name: statement.excluded[name] for name in [*names, *_OF_RUN] if name not in _KEPT
    }
    replaced |= {
        "previous_grade": scores.c.grade,
        "previous_run_id": scores.c.run_id,
        "touch_due": func.coalesce(statement.excluded.touch_due, scores.c.touch_due),
    }
    return statement.on_conflict_do_update(index_elements=["lead_id"], set_=replaced)


def store_team_names(connection: Connection, criteria: Criteria) -> None:
    """Store all names of the team, so that lists find a member's leads by any of them."""
    names = table(TeamName)
    wanted = {
        comparable(spelling): comparable(member.name)
        for member in criteria.team
        for spelling in (member.name, *member.also)
    }
    stored = {row.spelling: row.member for row in connection.execute(select(names))}
    if stored == wanted:
        return
    connection.execute(delete(names))
    if wanted:
        rows = [{"spelling": spelling, "member": member} for spelling, member in sorted(wanted.items())]
        connection.execute(insert(names), rows)


_MOST_IDS = 10_000
"""Of one statement: SQLite binds 32,766 values."""


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """The result of a score run.

    Attributes:
        leads: the number of open leads.
        scored: all scored leads, with closed ones that had no score.
        changed: leads whose grade changed.
        a, b, c, d, junk_candidates, needs_answers: of the open leads.
        criteria: the criteria's name.
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
    """Score the open leads, and the closed ones that have no score.

    Runs in the caller's transaction; roll it back for a preview.

    Args:
        lead_ids: the leads to score; None for all.
    """
    rules = prepare_rules(connection, criteria, act.as_of)
    if lead_ids is None:
        backend(connection).widen_cache(connection)
        rules = share_texts(connection, rules)
    _store_criteria(connection, criteria, act)
    store_team_names(connection, criteria)
    run_id = _store_run(connection, criteria, act, whole=lead_ids is None)
    for chosen in _choose(lead_ids):
        _withdraw(connection, chosen)
        wanted = Wanted(lead_ids=chosen)
        with (
            _without_rescued(connection, rules, wanted) as rescued,
            backend(connection).without_indexes(connection, table(LeadScore)) if lead_ids is None else nullcontext(),
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
    if lead_ids is None:
        yield None
        return
    wanted = sorted(set(lead_ids))
    for start in range(0, len(wanted), _MOST_IDS):
        yield wanted[start : start + _MOST_IDS]


def _of_run(run_id: int, lead_ids: Sequence[int] | None) -> ColumnElement[bool]:
    """Select the scores of a run, for a few leads without reading all scores."""
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
    """Fill the temporary table with leads that only judged evidence speaks against."""
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
    """Take closed, removed and merged leads off the lists; their score stays."""
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
