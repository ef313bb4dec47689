"""What each criterion makes of a lead, and the lead's totals: read for the few leads that are looked at closely.

All leads are scored by the same expressions, without reading anything: see `scoring.run`.

Which questions a lead still has: what to ask next, what a reviewer wants asked, what is put off until a day.

`scoring.run` finds the next question of every lead by the points alone; this settles it anew for the few leads of which
somebody said more.

The answers that `score` keeps of each lead: which of them are still right, and those of closed leads made anew.

They are only a faster way to the same answers. A lead's are right by criteria of the same text as long as nothing
changed in the lead; answers that time changes are not kept. How they are written is `scoring.answer_layout`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, bindparam, case, select, update

from leadtriage.core.vocabulary import Dimension, Grade, VerdictWord
from leadtriage.criteria import Criteria, Criterion, DimensionRules
from leadtriage.db import Lead, LeadScore, PutOff, ScoreRun, Verdict, table
from leadtriage.db.dialect import batches
from leadtriage.scoring.compile.rules import Rules
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
"""What the statements are told each time: the leads' ids."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a criterion makes of a lead: its points, the most that they can become, whether the answer is there."""

    points: int
    ceiling: int
    known: bool


@dataclass(frozen=True, slots=True)
class LeadAnswers:
    """What the criteria make of one lead.

    Attributes:
        answers: one for each criterion, in the criteria's order.
        totals: `score`, `ceiling`, `known`, `known_points`, `ready`, `grade`, `weakest` (the reason that a low score
            stands for), and per dimension `NAME`, `NAME_raw`, `NAME_ceiling`, `NAME_ceiling_raw`.
    """

    lead_id: int
    answers: tuple[Answer, ...]
    totals: Mapping[str, Any]


@dataclass(frozen=True)
class CloseLook:
    """Statements that read what the rules make of a few leads; each is put together once, whichever leads these are.

    Attributes:
        lowest: the values of the leads.
    """

    lowest: LeadValues

    def read_answers(self, connection: Connection, lead_ids: Sequence[int]) -> Iterator[LeadAnswers]:
        """Read what each criterion makes of each lead, and its totals."""
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
        """For each lead and criterion the index of the tier that gives the points, past the last where none does."""
        return {lead_id: held for lead_id, *held in connection.execute(self._tiers, {_LEADS: lead_ids})}

    def read_disqualifiers(self, connection: Connection, lead_ids: Sequence[int]) -> dict[int, list[int]]:
        """The disqualifiers that hold, by their places, for each lead of which one does."""
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
        """Read some values of each lead, by the names that `scoring.inputs` gives them."""
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
    """Return what reads leads by these rules."""
    return CloseLook(select_values(rules, table(Lead).c.id.in_(bindparam(_LEADS, expanding=True)), {}))


_lead, _score, _put_off, _verdict = table(Lead), table(LeadScore), table(PutOff), table(Verdict)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that nobody has answered yet.

    Attributes:
        place: of its criterion among all.
        gain: points that the best answer would add, within its dimension's maximum.
        reaches_grade: the better grade that this would lead to, if any.
        again_on: the day from which on it is asked again, where the lead could not answer it yet.
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
        now: what to ask, the one first that a reviewer wants asked, then those that could give most.
        put_off: what the lead could not answer yet, the first to be asked again first.
        is_asked_for: whether the first of `now` is the one that a reviewer wants asked.
    """

    now: tuple[OpenQuestion, ...]
    put_off: tuple[OpenQuestion, ...]
    is_asked_for: bool


def find_questions(
    criteria: Criteria, found: LeadAnswers, *, ask_for: str | None = None, put_off: Mapping[str, date] | None = None
) -> LeadQuestions:
    """Find out what a lead can still be asked.

    A question that could add no points is none, unless a reviewer wants it asked.

    Args:
        ask_for: the name of the criterion that a reviewer wants asked.
        put_off: the days from which on questions are asked again, by their criteria's names.
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
    for place, (criterion, part) in enumerate(_with_dimensions(criteria)):
        answer = found.answers[place]
        if criterion.ask is None or answer.known:
            continue
        best = found.totals[f"{part.dimension}_raw"] + answer.ceiling - answer.points
        gain = max(-part.max, min(part.max, best)) - found.totals[part.dimension]
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


def _with_dimensions(criteria: Criteria) -> Iterator[tuple[Criterion, DimensionRules]]:
    for part in criteria.score:
        for criterion in part.criteria:
            yield criterion, part


def grade_score(criteria: Criteria, score: int) -> Grade:
    """The grade that a score deserves."""
    return next((grade for grade in (Grade.A, Grade.B, Grade.C) if score >= criteria.grades[grade]), Grade.D)


def read_put_off(
    connection: Connection, as_of: date, lead_ids: Collection[int] | None = None
) -> dict[int, dict[str, date]]:
    """Read for leads which criteria's questions are put off beyond a day, and the days from which on they are asked.

    Args:
        lead_ids: these leads only; None for all.
    """
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
    """Store the next question anew of those open leads of which somebody said what to ask, or what not yet.

    A lead that a reviewer wants to be asked something needs answers until it has answered that. One of which all
    questions are put off needs none until the first of these days.

    Args:
        lead_ids: of these leads only, which were scored before; None for all.
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
    """Conditions that choose all of the wanted leads together."""
    if lead_ids is None:
        yield []
        return
    for chosen in batches(sorted(lead_ids)):
        yield [column.in_(chosen)]


def _read_asked(connection: Connection, lead_ids: Collection[int] | None) -> dict[int, str]:
    """The criteria that reviewers want asked, by the leads: only a verdict says so, and verdicts are few."""
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
    """Whether each open lead is stored as a candidate, and as one that needs answers."""
    rows = connection.execute(
        select(_score.c.lead_id, _score.c.candidate, _score.c.needs_answers)
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(_score.c.lead_id.in_(lead_ids), is_visible(), is_open())
    )
    return {lead_id: (candidate, needs_answers) for lead_id, candidate, needs_answers in rows}


def find_kept_answers(rows: FromClause, criteria_digest: str) -> tuple[FromClause, ColumnElement[str | None]]:
    """Return the kept answers that are still right, None where there are none, and the rows in which they are found.

    Args:
        rows: `lead`, joined with `lead_score`.
        criteria_digest: of the criteria that are asked for.
    """
    lead, scores, runs = table(Lead), table(LeadScore), table(ScoreRun).alias("answering")
    right = and_(
        runs.c.id == scores.c.answers_run_id,
        runs.c.criteria_digest == criteria_digest,
        runs.c.recorded_at >= lead.c.changed_at,
    )
    return rows.outerjoin(runs, right), case((runs.c.id.is_not(None), scores.c.answers))


def keep_answers(connection: Connection, rules: Rules, run_id: int, where: ColumnElement[bool]) -> None:
    """Keep the answers of scored leads of which none are right any more; their scores stay as they are.

    Args:
        where: which leads.
    """
    lead, scores = table(Lead), table(LeadScore)
    rows, kept = find_kept_answers(lead.join(scores, scores.c.lead_id == lead.c.id), rules.criteria.digest)
    outdated = select(lead.c.id).select_from(rows).where(kept.is_(None), where)
    if not connection.execute(outdated.limit(1)).first():
        return
    found = select_kept_answers(select_values(rules, lead.c.id.in_(outdated), {}))
    connection.execute(
        update(scores).values(answers=found.c.answers, answers_run_id=run_id).where(scores.c.lead_id == found.c.lead_id)
    )
