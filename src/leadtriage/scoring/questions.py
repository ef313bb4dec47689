"""Which questions a lead still has: what to ask next, what a reviewer wants asked, what is put off until a day.

`scoring.run` finds the next question of every lead by the points alone; this settles it anew for the few leads of which
somebody said more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from leadtriage.criteria.model import Criteria, Criterion, DimensionRules
from leadtriage.db.dialect import batches
from leadtriage.db.schema import Lead, LeadScore, PutOff, Verdict, table
from leadtriage.scoring.answers import LeadAnswers, look_closely
from leadtriage.scoring.rules import Rules
from leadtriage.scoring.verdicts import is_open, is_visible
from leadtriage.vocabulary import Dimension, Grade, VerdictWord

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
