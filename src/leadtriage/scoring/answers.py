"""Reads what each criterion makes of a few leads, finds their open questions, and keeps stored answers up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, bindparam, case, select, update

from leadtriage.core.vocabulary import Dimension, Grade, VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, LeadScore, PutOff, ScoreRun, Verdict, table
from leadtriage.db.dialect import batches
from leadtriage.scoring.compile.inputs import Rules
from leadtriage.scoring.compile.totals import (
    LeadValues,
    find_grade,
    find_weakest,
    is_open,
    is_visible,
    select_kept_answers,
    select_totals,
    select_values,
)

_LEADS = "looked_at"
"""The bound parameter with the leads' ids."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A criterion's result for a lead: its points, the most they can become, and whether the answer is known."""

    points: int
    ceiling: int
    known: bool


@dataclass(frozen=True, slots=True)
class LeadAnswers:
    """A lead's result.

    Attributes:
        answers: one per criterion, in the criteria's order.
        totals: `score`, `ceiling`, `known`, `known_points`, `ready`, `grade`, `weakest` (a low score's reason), and
            per dimension `NAME`, `NAME_raw`, `NAME_ceiling`, `NAME_ceiling_raw`.
    """

    lead_id: int
    answers: tuple[Answer, ...]
    totals: Mapping[str, Any]


@dataclass(frozen=True)
class CloseLook:
    """Reads single leads; each statement is built once, whichever leads it reads."""

    lowest: LeadValues

    def read_answers(self, connection: Connection, lead_ids: Sequence[int]) -> Iterator[LeadAnswers]:
        """Yield each lead's answers and totals."""
        names, selected = self._answers
        for row in connection.execute(selected, {_LEADS: lead_ids}):
            read = row[len(names) :]
            yield LeadAnswers(
                lead_id=row.lead_id,
                answers=tuple(
                    Answer(points, ceiling, bool(known))
                    for points, ceiling, known in zip(read[::3], read[1::3], read[2::3], strict=True)
                ),
                totals=dict(zip(names, row, strict=False)),
            )

    def read_tiers(self, connection: Connection, lead_ids: Sequence[int]) -> dict[int, Sequence[int]]:
        """Return per lead and criterion the index of the tier that gives the points; the number of tiers for none."""
        return {lead_id: held for lead_id, *held in connection.execute(self._tiers, {_LEADS: lead_ids})}

    def read_disqualifiers(self, connection: Connection, lead_ids: Sequence[int]) -> dict[int, list[int]]:
        """Return the indexes of the disqualifiers that hold, for leads with at least one."""
        if not self.lowest.disqualifiers:
            return {}
        rows = connection.execute(self._disqualifiers, {_LEADS: lead_ids})
        return {
            lead_id: [number for number, is_true in enumerate(holds) if is_true]
            for lead_id, *holds in rows
            if any(holds)
        }

    def read_values(
        self, connection: Connection, lead_ids: Sequence[int], names: Sequence[str]
    ) -> dict[int, dict[str, Any]]:
        """Return the inputs of these names for each lead."""
        selected = select(self.lowest.rows.c.lead_id, *(self.lowest.values[name] for name in names))
        rows = connection.execute(selected, {_LEADS: lead_ids})
        return {lead_id: dict(zip(names, values, strict=True)) for lead_id, *values in rows}

    @cached_property
    def _answers(self) -> tuple[list[str], Select[Any]]:
        rules = self.lowest.rules
        totals = select_totals(self.lowest, [], with_answers=True)
        found = dict(totals.c.items())
        derived = [
            expression
            for criterion in self.lowest.criteria
            for expression in (criterion.points(found), criterion.ceiling(found), criterion.is_known(found))
        ]
        sums = [
            totals.c[f"{part.dimension}{kind}"]
            for part in rules.criteria.score
            for kind in ("", "_raw", "_ceiling", "_ceiling_raw")
        ]
        wanted = [totals.c[name] for name in ("lead_id", "score", "ceiling", "known", "known_points", "ready")]
        wanted += [find_grade(rules.criteria, totals.c.score).label("grade")]
        wanted += [find_weakest(rules, totals).label("weakest"), *sums]
        selected = select(*wanted, *(part.label(f"a{place}") for place, part in enumerate(derived)))
        return [column.name for column in wanted], selected

    @cached_property
    def _tiers(self) -> Select[Any]:
        tiers = [criterion.place(criterion.columns) for criterion in self.lowest.criteria]
        return select(self.lowest.rows.c.lead_id, *tiers)

    @cached_property
    def _disqualifiers(self) -> Select[Any]:
        tests = [holds.label(f"line_{number}") for number, holds in enumerate(self.lowest.disqualifiers)]
        return select(self.lowest.rows.c.lead_id, *tests)


@lru_cache(maxsize=16)
def look_closely(rules: Rules) -> CloseLook:
    """Return a reader of single leads."""
    return CloseLook(select_values(rules, table(Lead).c.id.in_(bindparam(_LEADS, expanding=True)), {}))


_lead, _score, _put_off, _verdict = table(Lead), table(LeadScore), table(PutOff), table(Verdict)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question without an answer.

    Attributes:
        place: the index of its criterion.
        gain: the points that the best answer adds, within its dimension's maximum.
        reaches_grade: the better grade that the best answer leads to, if any.
        again_on: the day to ask a postponed question again.
    """

    place: int
    criterion: str
    dimension: Dimension
    field: str | None
    column: str | None
    ask: str
    gain: int
    reaches_grade: Grade | None
    again_on: date | None = None


@dataclass(frozen=True, slots=True)
class LeadQuestions:
    """A lead's open questions.

    Attributes:
        now: a reviewer's question first, then by gain.
        put_off: postponed questions, by the day to ask them again.
        is_asked_for: whether the first of `now` is a reviewer's question.
    """

    now: tuple[OpenQuestion, ...]
    put_off: tuple[OpenQuestion, ...]
    is_asked_for: bool


def find_questions(
    criteria: Criteria, found: LeadAnswers, *, ask_for: str | None = None, put_off: Mapping[str, date] | None = None
) -> LeadQuestions:
    """Return the questions that could add points to a lead, and the one that a reviewer wants asked.

    Args:
        ask_for: the criterion that a reviewer wants asked.
        put_off: the days to ask postponed questions again, by criterion.
    """
    later = put_off or {}
    questions = list(_open_questions(criteria, found, ask_for))
    now = sorted(
        (question for question in questions if question.criterion not in later),
        key=lambda question: (question.criterion != ask_for, -question.gain, question.place),
    )
    waiting = [
        replace(question, again_on=later[question.criterion]) for question in questions if question.criterion in later
    ]
    return LeadQuestions(
        now=tuple(now),
        put_off=tuple(sorted(waiting, key=lambda question: (question.again_on or date.max, question.place))),
        is_asked_for=bool(now) and now[0].criterion == ask_for,
    )


def _open_questions(criteria: Criteria, found: LeadAnswers, ask_for: str | None) -> Iterator[OpenQuestion]:
    limits = {part.dimension: part.max for part in criteria.score}
    for place, (criterion, answer) in enumerate(zip(criteria.criteria, found.answers, strict=True)):
        if criterion.ask is None or answer.known:
            continue
        best = found.totals[f"{criterion.dimension}_raw"] + answer.ceiling - answer.points
        limit = limits[criterion.dimension]
        gain = max(-limit, min(limit, best)) - found.totals[criterion.dimension]
        if gain <= 0 and criterion.name != ask_for:
            continue
        reached = grade_score(criteria, found.totals["score"] + gain)
        yield OpenQuestion(
            place,
            criterion.name,
            criterion.dimension,
            criterion.field,
            criterion.column,
            criterion.ask,
            gain,
            reached if reached < found.totals["grade"] else None,
        )


def grade_score(criteria: Criteria, score: int) -> Grade:
    """Return the grade of a score."""
    return next((grade for grade in (Grade.A, Grade.B, Grade.C) if score >= criteria.grades[grade]), Grade.D)


def read_put_off(
    connection: Connection, as_of: date, lead_ids: Collection[int] | None = None
) -> dict[int, dict[str, date]]:
    """Return the questions postponed beyond a day, by lead and criterion; `lead_ids` None reads all leads."""
    found: dict[int, dict[str, date]] = {}
    for chosen in _choose(_put_off.c.lead_id, lead_ids):
        columns = (_put_off.c.lead_id, _put_off.c.criterion, _put_off.c.again_on)
        rows = select(*columns).where(_put_off.c.withdrawn_at.is_(None), *chosen).order_by(_put_off.c.id)
        for lead_id, criterion, again_on in connection.execute(rows):
            found.setdefault(lead_id, {})[criterion] = again_on
    later = {
        lead_id: {name: day for name, day in questions.items() if day > as_of} for lead_id, questions in found.items()
    }
    return {lead_id: questions for lead_id, questions in later.items() if questions}


def settle_questions(connection: Connection, rules: Rules, lead_ids: Sequence[int] | None) -> None:
    """Update the next question of open leads with a reviewer's question or a postponed one.

    A lead needs answers until it has answered a reviewer's question. With all questions postponed it needs none.

    Args:
        lead_ids: leads with a score; None for all.
    """
    put_off, asked = read_put_off(connection, rules.scales.as_of, lead_ids), _read_asked(connection, lead_ids)
    settled: list[dict[str, Any]] = []
    for chosen in batches(sorted({*put_off, *asked})):
        stored = _read_stored(connection, chosen)
        for found in look_closely(rules).read_answers(connection, list(stored)) if stored else ():
            lead_id = found.lead_id
            questions = find_questions(rules.criteria, found, ask_for=asked.get(lead_id), put_off=put_off.get(lead_id))
            first = questions.now[0] if questions.now else None
            can_ask = first is not None or not questions.put_off
            candidate, needs_answers = stored[lead_id]
            settled.append(
                {
                    "of_lead": lead_id,
                    "next_criterion": first.place if first else None,
                    "next_gain": first.gain if first else None,
                    "needs_answers": not candidate and (questions.is_asked_for or (needs_answers and can_ask)),
                }
            )
    if settled:
        connection.execute(update(_score).where(_score.c.lead_id == bindparam("of_lead")), settled)


def _choose(column: ColumnElement[int], lead_ids: Collection[int] | None) -> Iterator[list[ColumnElement[bool]]]:
    if lead_ids is None:
        yield []
        return
    for chosen in batches(sorted(lead_ids)):
        yield [column.in_(chosen)]


def _read_asked(connection: Connection, lead_ids: Collection[int] | None) -> dict[int, str]:
    """Return the criteria that reviewers want asked, by lead. Only verdicts set them, and verdicts are few."""
    found: dict[int, str] = {}
    for chosen in _choose(_verdict.c.lead_id, lead_ids):
        marked = (
            select(_lead.c.id, _lead.c.ask_for)
            .join_from(_verdict, _lead, _lead.c.id == _verdict.c.lead_id)
            .where(_verdict.c.verdict == VerdictWord.ASK, _lead.c.ask_for.is_not(None), *chosen)
        )
        found |= {row.id: row.ask_for for row in connection.execute(marked)}
    return found


def _read_stored(connection: Connection, lead_ids: Sequence[int]) -> dict[int, tuple[bool, bool]]:
    """Return whether each open lead is a candidate, and whether it needs answers."""
    rows = connection.execute(
        select(_score.c.lead_id, _score.c.candidate, _score.c.needs_answers)
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(_score.c.lead_id.in_(lead_ids), is_visible(), is_open())
    )
    return {lead_id: (candidate, needs_answers) for lead_id, candidate, needs_answers in rows}


def find_kept_answers(rows: FromClause, criteria_digest: str) -> tuple[FromClause, ColumnElement[str | None]]:
    """Return the rows joined with their score run, and the stored answers that are up to date, else NULL.

    Stored answers are up to date while neither the criteria's text nor the lead has changed.

    Args:
        rows: `lead` joined with `lead_score`.
    """
    runs = table(ScoreRun).alias("answering")
    right = and_(
        runs.c.id == _score.c.answers_run_id,
        runs.c.criteria_digest == criteria_digest,
        runs.c.recorded_at >= _lead.c.changed_at,
    )
    return rows.outerjoin(runs, right), case((runs.c.id.is_not(None), _score.c.answers))


def keep_answers(connection: Connection, rules: Rules, run_id: int, where: ColumnElement[bool]) -> None:
    """Store the answers of scored leads whose stored ones are outdated; their scores stay."""
    rows, kept = find_kept_answers(_lead.join(_score, _score.c.lead_id == _lead.c.id), rules.criteria.digest)
    outdated = select(_lead.c.id).select_from(rows).where(kept.is_(None), where)
    if not connection.execute(outdated.limit(1)).first():
        return
    found = select_kept_answers(select_values(rules, _lead.c.id.in_(outdated), {}))
    connection.execute(
        update(_score).values(answers=found.c.answers, answers_run_id=run_id).where(_score.c.lead_id == found.c.lead_id)
    )
