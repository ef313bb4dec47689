"""Why a lead has its score: the ledger, line by line, from the very expressions that score all leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.criteria.model import Criteria, Criterion, DimensionRules
from leadtriage.db.dialect import batches
from leadtriage.db.schema import Lead, table
from leadtriage.errors import LeadNotFound
from leadtriage.scoring.compile import CompiledCriterion, find_tier
from leadtriage.scoring.rules import Rules, prepare_rules
from leadtriage.scoring.shown_values import describe_values
from leadtriage.scoring.totals import LeadValues, compile_criteria, of_dimension, select_totals, select_values
from leadtriage.scoring.verdicts import find_grade
from leadtriage.vocabulary import Dimension, Grade


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One criterion's part in the score; or the cap of a dimension, which has neither field nor value.

    Attributes:
        field: the lead's field or the file's column that it asks; None where it asks several.
        value: what it saw, as people read it; None: missing.
        known: None for a cap.
        tier: the tier that gave the points, in a few words; None where none did.
    """

    dimension: Dimension
    criterion: str
    field: str | None
    value: str | None
    points: int
    ceiling: int
    known: bool | None
    tier: str | None


@dataclass(frozen=True, slots=True)
class DimensionTotal:
    """What a dimension gives and could give, and the most that it may."""

    dimension: Dimension
    points: int
    ceiling: int
    max: int


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that nobody has answered yet.

    Attributes:
        place: of its criterion among all.
        gain: points that the best answer would add, within its dimension's maximum.
        reaches_grade: the better grade that this would lead to, if any.
    """

    place: int
    criterion: str
    dimension: Dimension
    field: str | None
    column: str | None
    ask: str
    gain: int
    reaches_grade: Grade | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A lead's score with all that led to it; points and ceilings of the ledger add up to score and ceiling.

    Attributes:
        known: share of the evidence that is known, 0 to 1.
        ready: whether `qualified.when` is true.
        qualifies: whether it counts as qualified by its score.
        qualified_on, qualified_by: since when it does and by what, as stored.
        questions: those that could add points, the best first.
    """

    lead_id: int
    score: int
    ceiling: int
    known: float
    grade: Grade
    ready: bool
    qualifies: bool
    qualified_on: date | None
    qualified_by: str | None
    dimensions: tuple[DimensionTotal, ...]
    ledger: tuple[LedgerLine, ...]
    questions: tuple[OpenQuestion, ...]


def explain_lead(connection: Connection, criteria: Criteria, lead_id: int, as_of: date) -> Explanation:
    """Explain what the criteria say of a lead as it is stored, on a day.

    Raises:
        LeadNotFound: there is no lead of this id.
    """
    found = explain_leads(connection, criteria, [lead_id], as_of)
    if lead_id not in found:
        raise LeadNotFound(f"there is no lead {lead_id}", hint="see: leadtriage leads")
    return found[lead_id]


def explain_leads(
    connection: Connection, criteria: Criteria, lead_ids: Iterable[int], as_of: date
) -> dict[int, Explanation]:
    """Explain many leads as `explain_lead` does one, in as few statements; ids that no lead has are left out."""
    rules = prepare_rules(connection, criteria, as_of)
    lead = table(Lead)
    explained: dict[int, Explanation] = {}
    for group in batches(sorted(set(lead_ids))):
        rows = connection.execute(select(lead).where(lead.c.id.in_(group))).mappings()
        stored = {row["id"]: dict(row) for row in rows}
        lowest = select_values(rules, lead.c.id.in_(group), {})
        compiled = compile_criteria(rules, lowest.values)
        read = _read_answers(connection, rules, lowest, compiled)
        for lead_id, row in stored.items():
            explained[lead_id] = _explain(rules, compiled, row, *read[lead_id])
    return explained


def _explain(
    rules: Rules,
    compiled: Sequence[CompiledCriterion],
    stored: Mapping[str, Any],
    answers: Sequence[_Answer],
    row: Mapping[str, Any],
) -> Explanation:
    criteria = rules.criteria
    ledger: list[LedgerLine] = []
    for part in criteria.score:
        for mine in of_dimension(compiled, part):
            value = describe_values(mine.criterion, stored, rules)
            ledger.append(_write_line(mine.criterion, value, answers[mine.number]))
        ledger += _write_cap(part, row)
    return Explanation(
        lead_id=stored["id"],
        score=row["score"],
        ceiling=row["ceiling"],
        known=row["known"],
        grade=Grade(row["grade"]),
        ready=bool(row["ready"]),
        qualifies=bool(row["ready"]) and row["score"] >= criteria.qualified.score,
        qualified_on=stored["qualified_on"],
        qualified_by=stored["qualified_by"],
        dimensions=tuple(
            DimensionTotal(part.dimension, row[part.dimension], row[f"{part.dimension}_ceiling"], part.max)
            for part in criteria.score
        ),
        ledger=tuple(ledger),
        questions=_open_questions(rules, compiled, answers, row),
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a criterion makes of a lead; `tier` is the index of the tier that holds, past the last where none does."""

    points: int
    ceiling: int
    known: bool
    tier: int


def _read_answers(
    connection: Connection, rules: Rules, lowest: LeadValues, compiled: Sequence[CompiledCriterion]
) -> dict[int, tuple[list[_Answer], Mapping[str, Any]]]:
    """Read for each lead what each criterion makes of it, and its totals by name."""
    totals = select_totals(rules, lowest, [], with_answers=True)
    found = dict(totals.c.items())
    derived = [
        expression
        for criterion in compiled
        for expression in (criterion.points(found), criterion.ceiling(found), criterion.is_known(found))
    ]
    sums = [
        totals.c[f"{part.dimension}{kind}"]
        for part in rules.criteria.score
        for kind in ("", "_raw", "_ceiling", "_ceiling_raw")
    ]
    grade = find_grade(rules.criteria, totals.c.score).label("grade")
    names = ("lead_id", "score", "ceiling", "known", "ready")
    wanted = [*(totals.c[name] for name in names), grade, *sums]
    rows = connection.execute(select(*wanted, *(part.label(f"a{place}") for place, part in enumerate(derived))))
    tiers = [find_tier(criterion.criterion, lowest.values, rules.scales) for criterion in compiled]
    held = {key: tier for key, *tier in connection.execute(select(lowest.rows.c.lead_id, *tiers))}
    read: dict[int, tuple[list[_Answer], Mapping[str, Any]]] = {}
    for row in rows:
        parts = row[len(wanted) :]
        of_criteria = zip(parts[::3], parts[1::3], parts[2::3], held[row.lead_id], strict=True)
        answers = [_Answer(points, ceiling, bool(known), tier) for points, ceiling, known, tier in of_criteria]
        read[row.lead_id] = answers, dict(zip(row._fields, row, strict=True))
    return read


def _write_line(criterion: Criterion, value: str | None, answer: _Answer) -> LedgerLine:
    return LedgerLine(
        dimension=criterion.dimension,
        criterion=criterion.name,
        field=criterion.field or criterion.column,
        value=value,
        points=answer.points,
        ceiling=answer.ceiling,
        known=answer.known,
        tier=criterion.tiers[answer.tier].label if answer.tier < len(criterion.tiers) else None,
    )


def _write_cap(part: DimensionRules, row: Mapping[str, Any]) -> list[LedgerLine]:
    points = row[part.dimension] - row[f"{part.dimension}_raw"]
    ceiling = row[f"{part.dimension}_ceiling"] - row[f"{part.dimension}_ceiling_raw"]
    if not points and not ceiling:
        return []
    held = f"held within -{part.max} to {part.max}"
    return [LedgerLine(part.dimension, held, None, None, points, ceiling, None, None)]


def _open_questions(
    rules: Rules, compiled: Sequence[CompiledCriterion], answers: Sequence[_Answer], row: Mapping[str, Any]
) -> tuple[OpenQuestion, ...]:
    questions = []
    for part in rules.criteria.score:
        for mine in of_dimension(compiled, part):
            criterion, answer = mine.criterion, answers[mine.number]
            if criterion.ask is None or answer.known:
                continue
            best = row[f"{part.dimension}_raw"] + answer.ceiling - answer.points
            gain = max(-part.max, min(part.max, best)) - row[part.dimension]
            if gain <= 0:
                continue
            reached = grade_score(rules.criteria, row["score"] + gain)
            better = reached if reached < row["grade"] else None
            questions.append(
                OpenQuestion(
                    mine.number,
                    criterion.name,
                    criterion.dimension,
                    criterion.field,
                    criterion.column,
                    criterion.ask,
                    gain,
                    better,
                )
            )
    return tuple(sorted(questions, key=lambda question: (-question.gain, question.place)))


def grade_score(criteria: Criteria, score: int) -> Grade:
    """The grade that a score deserves."""
    return next((grade for grade in (Grade.A, Grade.B, Grade.C) if score >= criteria.grades[grade]), Grade.D)
