"""Explains a lead's score line by line, from the expressions that score all leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.core.errors import LeadNotFound
from leadtriage.core.money import format_money
from leadtriage.core.text import comparable, format_count
from leadtriage.core.vocabulary import OPEN_STAGES, Dimension, Grade
from leadtriage.criteria import Comparison, Criteria, Criterion, DimensionRules, FieldType, find_comparisons
from leadtriage.db import Lead, table
from leadtriage.db.dialect import batches
from leadtriage.scoring.answers import (
    Answer,
    LeadAnswers,
    LeadQuestions,
    OpenQuestion,
    find_questions,
    look_closely,
    read_put_off,
)
from leadtriage.scoring.compile.inputs import Rules, prepare_rules
from leadtriage.scoring.compile.totals import LeadValues, of_dimension


def describe_values(criterion: Criterion, lead: Mapping[str, Any], rules: Rules) -> str | None:
    """Return the value that a criterion uses, or several with names; None if all are missing. `lead` is a row of it."""
    values: dict[str, str | None] = {}
    for tier in criterion.tiers:
        for comparison in find_comparisons(tier.condition):
            name = comparison.field or comparison.column or ""
            if name not in values:
                values[name] = _describe(comparison, lead, rules)
    if len(values) == 1:
        return next(iter(values.values()))
    shown = [f"{name}: {value}" for name, value in values.items() if value is not None]
    return "; ".join(shown) or None


def _describe(comparison: Comparison, lead: Mapping[str, Any], rules: Rules) -> str | None:
    field = comparison.field
    if field is None:
        numbers = rules.extra_columns.get(comparable(comparison.column or ""), ())
        extra = lead["extra"] or {}
        return next((str(extra[f"c{number}"]) for number in numbers if f"c{number}" in extra), None)
    match comparison.type:
        case FieldType.MONEY:
            return format_money(lead[f"{field}_amount"], lead[f"{field}_currency"])
        case FieldType.DAYS:
            return _describe_days(field, lead, rules.scales.as_of)
        case FieldType.YES_NO:
            return None if lead[field] is None else "yes" if lead[field] else "no"
        case FieldType.NUMBER:
            return None if lead[field] is None else f"{lead[field]:,}"
        case _:
            value = lead[field]
            return None if value is None else str(value)


def _describe_days(field: str, lead: Mapping[str, Any], as_of: date) -> str | None:
    if field == "decides_in_days":
        decides: date | None = lead["decides_on"]
        if decides is None:
            return None
        days = (decides - as_of).days
        return format_count(days, "day") if days >= 0 else f"{decides.isoformat()}, which has passed"
    since: date = lead["created_on"] if field == "age_days" else lead["last_touch_on"] or lead["created_on"]
    return format_count(max(0, (as_of - since).days), "day")


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A criterion's part of the score, or a dimension's limit, which has neither field nor value.

    Attributes:
        field: the lead field or column; None for several.
        value: the lead's value for people; None if missing.
        known: None for a limit.
        tier: the label of the tier that gave the points, if any.
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
    """A dimension's points, their ceiling and the maximum."""

    dimension: Dimension
    points: int
    ceiling: int
    max: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A lead's score with its ledger, whose points and ceilings add up to score and ceiling.

    Attributes:
        known: the share of the evidence that is known, 0 to 1.
        ready: whether `qualified.when` is true.
        qualifies: whether the score qualifies the lead.
        qualified_on, qualified_by: as stored.
        questions: what to ask now, a reviewer's question first, then by gain.
        put_off: postponed questions.
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
    put_off: tuple[OpenQuestion, ...]


def explain_lead(connection: Connection, criteria: Criteria, lead_id: int, as_of: date) -> Explanation:
    """Explain the score of a stored lead on a day.

    Raises:
        LeadNotFound: there is no lead with this id.
    """
    found = explain_leads(connection, criteria, [lead_id], as_of)
    if lead_id not in found:
        raise LeadNotFound(f"there is no lead {lead_id}", hint="see: leadtriage leads")
    return found[lead_id]


def explain_leads(
    connection: Connection, criteria: Criteria, lead_ids: Iterable[int], as_of: date
) -> dict[int, Explanation]:
    """Explain many leads in a few statements; unknown ids are left out."""
    rules = prepare_rules(connection, criteria, as_of)
    look, lead = look_closely(rules), table(Lead)
    explained: dict[int, Explanation] = {}
    for group in batches(sorted(set(lead_ids))):
        rows = connection.execute(select(lead).where(lead.c.id.in_(group))).mappings()
        stored = {row["id"]: dict(row) for row in rows}
        put_off = read_put_off(connection, as_of, group)
        tiers = look.read_tiers(connection, group)
        for found in look.read_answers(connection, group):
            row = stored[found.lead_id]
            is_open = row["stage"] in OPEN_STAGES
            questions = find_questions(
                criteria,
                found,
                ask_for=row["ask_for"] if is_open else None,
                put_off=put_off.get(found.lead_id) if is_open else None,
            )
            explained[found.lead_id] = _explain(look.lowest, row, found, tiers[found.lead_id], questions)
    return explained


def _explain(
    lowest: LeadValues,
    stored: Mapping[str, Any],
    found: LeadAnswers,
    tiers: Sequence[int],
    questions: LeadQuestions,
) -> Explanation:
    rules, totals = lowest.rules, found.totals
    criteria = rules.criteria
    ledger: list[LedgerLine] = []
    for part in criteria.score:
        for mine in of_dimension(lowest.criteria, part):
            value = describe_values(mine.criterion, stored, rules)
            ledger.append(_write_line(mine.criterion, value, found.answers[mine.number], tiers[mine.number]))
        ledger += _write_cap(part, totals)
    return Explanation(
        lead_id=found.lead_id,
        score=totals["score"],
        ceiling=totals["ceiling"],
        known=totals["known"],
        grade=Grade(totals["grade"]),
        ready=bool(totals["ready"]),
        qualifies=bool(totals["ready"]) and totals["score"] >= criteria.qualified.score,
        qualified_on=stored["qualified_on"],
        qualified_by=stored["qualified_by"],
        dimensions=tuple(
            DimensionTotal(part.dimension, totals[part.dimension], totals[f"{part.dimension}_ceiling"], part.max)
            for part in criteria.score
        ),
        ledger=tuple(ledger),
        questions=questions.now,
        put_off=questions.put_off,
    )


def _write_line(criterion: Criterion, value: str | None, answer: Answer, tier: int) -> LedgerLine:
    return LedgerLine(
        dimension=criterion.dimension,
        criterion=criterion.name,
        field=criterion.field or criterion.column,
        value=value,
        points=answer.points,
        ceiling=answer.ceiling,
        known=answer.known,
        tier=criterion.tiers[tier].label if tier < len(criterion.tiers) else None,
    )


def _write_cap(part: DimensionRules, row: Mapping[str, Any]) -> list[LedgerLine]:
    points = row[part.dimension] - row[f"{part.dimension}_raw"]
    ceiling = row[f"{part.dimension}_ceiling"] - row[f"{part.dimension}_ceiling_raw"]
    if not points and not ceiling:
        return []
    held = f"held within -{part.max} to {part.max}"
    return [LedgerLine(part.dimension, held, None, None, points, ceiling, None, None)]
