"""The rules of `docs/criteria.md` in plain Python, to compare the database's scores and the linter's claims with.

It shares no code with the compiler, and reads a lead as people have it, not as it is stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any

from leadtriage.criteria import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Criteria,
    Criterion,
    DimensionRules,
    FieldType,
    Not,
    Operator,
)

Truth = bool | None

AS_OF = date(2026, 11, 18)
OPEN = ("new", "working", "nurture")
DIGITS = {"JPY": 0, "KWD": 3}
ORDER = ("fit", "budget", "authority", "need", "timing")
REASONS = {
    "fit": "no_fit",
    "budget": "no_budget",
    "authority": "no_authority",
    "need": "no_need",
    "timing": "bad_timing",
}


@dataclass
class SampleLead:
    """A lead as people have it.

    Attributes:
        fields: by the names of the `lead` table, texts as they came, money as (minor units, currency).
        columns: the texts of further columns, by header.
        flagged: the reasons of open nominations.
        ask_for: the name of the criterion that a reviewer wants asked.
        put_off: the days from which on questions are asked again, by their criteria's names.
    """

    fields: dict[str, Any]
    columns: dict[str, str] = field(default_factory=dict)
    flagged: tuple[str, ...] = ()
    ask_for: str | None = None
    put_off: dict[str, date] = field(default_factory=dict)


def sample_lead(written: Mapping[str, Any]) -> SampleLead:
    """Make a lead of values by the names of `docs/criteria.md`; money is "5000 EUR", or a number of dollars."""
    fields = dict(written)
    columns = fields.pop("columns", {})
    for name in ("budget", "revenue"):
        if fields.get(name) is not None:
            amount, _, currency = str(fields[name]).partition(" ")
            minor = Decimal(amount) * 10 ** DIGITS.get(currency, 2)
            fields[name] = (int(minor), currency or "USD")
    if fields.get("age_days") is not None:
        fields["created_on"] = AS_OF - timedelta(days=fields.pop("age_days"))
    if fields.get("decides_in_days") is not None:
        fields["decides_on"] = AS_OF + timedelta(days=fields.pop("decides_in_days"))
    return SampleLead(fields, columns)


@dataclass(frozen=True)
class Evaluation:
    """All that the criteria say of a lead."""

    score: int
    ceiling: int
    known: float
    grade: str
    subtotals: Mapping[str, int]
    candidate: bool
    reason: str | None
    needs_answers: bool
    gap: int
    next_criterion: int | None
    next_gain: int | None
    put_off: tuple[tuple[date, int], ...]
    ready: bool


def canonical(text: str) -> str:
    """The text without regard to case, composition and repeated white space."""
    caseless = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    return " ".join(caseless.split())


def split_words(text: str) -> list[str]:
    """The maximal runs of letters, marks and digits."""
    found, run = [], ""
    for character in canonical(text) + " ":
        if unicodedata.category(character)[0] in "LMN":
            run += character
        elif run:
            found.append(run)
            run = ""
    return found


def read_number(text: str) -> float | None:
    """The number that a cell of a further column is."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def find_host(text: str, *, is_address: bool) -> str:
    """The host of a URL, website or e-mail address in folded text."""
    text = text.rpartition("@")[2] if is_address else text
    match = re.match(r"(?:(?:[^/?#\\ ,;]*:)?//)?([^/?#\\ ,;]*)", text)
    authority = match[1] if match else ""
    return authority.rpartition("@")[2].partition(":")[0].rstrip(".")


def to_minor(amount: Any, rate: Decimal, currency: str) -> int:
    """A threshold in whole minor units of a currency, rounded half up (which for negatives means away from 0)."""
    exact = Fraction(Decimal(str(amount))) / Fraction(rate) * 10 ** DIGITS.get(currency, 2)
    doubled = abs(exact) * 2
    rounded = (doubled.numerator // doubled.denominator + 1) // 2
    return rounded if exact >= 0 else -rounded


def value_of(comparison: Comparison, lead: SampleLead, criteria: Criteria, as_of: date) -> Any:
    """The value that a comparison looks at; None: missing."""
    if comparison.field is None:
        held = {canonical(header): text for header, text in lead.columns.items()}
        text = held.get(canonical(comparison.column or ""))
        if text is None or comparison.type is not FieldType.NUMBER:
            return text
        return read_number(text)
    fields = lead.fields
    match comparison.field:
        case "age_days" | "idle_days":
            since = fields.get("last_touch_on") if comparison.field == "idle_days" else None
            since = since or fields.get("created_on")
            return None if since is None else max(0, (as_of - since).days)
        case "decides_in_days":
            decides = fields.get("decides_on")
            return (decides - as_of).days if decides is not None and decides >= as_of else None
        case "budget" | "revenue":
            amount = fields.get(comparison.field)
            rated = {criteria.currency, *criteria.rates}
            return amount if amount is not None and amount[1] in rated else None
        case name:
            return fields.get(name)


def evaluate_condition(
    condition: Condition, lead: SampleLead, criteria: Criteria, as_of: date, *, possible: bool
) -> Truth:
    """Three-valued logic, as the criteria reference tells it."""
    if isinstance(condition, Not):
        held = evaluate_condition(condition.part, lead, criteria, as_of, possible=possible)
        return None if held is None else not held
    if isinstance(condition, AllOf | AnyOf):
        parts = [evaluate_condition(part, lead, criteria, as_of, possible=possible) for part in condition.parts]
        decisive = isinstance(condition, AnyOf)
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    value = value_of(condition, lead, criteria, as_of)
    if condition.operator is Operator.PRESENT:
        if value is None and possible:
            return None
        return (value is not None) == condition.operands[0]
    return None if value is None else compare(condition, value, criteria)


def compare(comparison: Comparison, value: Any, criteria: Criteria) -> bool:
    """One test of a value that is there."""
    operands: Sequence[Any] = comparison.operands
    if comparison.type is FieldType.MONEY:
        value, currency = value
        rate = Decimal(1) if currency == criteria.currency else criteria.rates[currency]
        operands = [to_minor(operand, rate, currency) for operand in operands]
    if comparison.type is FieldType.TEXT:
        value = canonical(value)
    match comparison.operator:
        case Operator.AT_LEAST:
            return bool(value >= operands[0])
        case Operator.AT_MOST:
            return bool(value <= operands[0])
        case Operator.BETWEEN:
            return bool(operands[0] <= value <= operands[1])
        case Operator.CONTAINS:
            return any(canonical(part) in value for part in operands)
        case Operator.STARTS_WITH:
            return any(value.startswith(canonical(part)) for part in operands)
        case Operator.ENDS_WITH:
            return any(value.endswith(canonical(part)) for part in operands)
        case Operator.WORDS:
            spoken = split_words(value)
            return any(_has_run(spoken, split_words(part)) for part in operands)
        case Operator.DOMAIN_IS:
            host = find_host(value, is_address=comparison.field == "email")
            return any(f".{host}".endswith(f".{canonical(domain)}") for domain in operands)
    listed = [canonical(operand) if isinstance(operand, str) else operand for operand in operands]
    return (value in listed) == (comparison.operator in (Operator.IS, Operator.ANY_OF))


def _has_run(words: list[str], phrase: list[str]) -> bool:
    return any(words[start : start + len(phrase)] == phrase for start in range(len(words)))


def evaluate_criterion(
    criterion: Criterion, lead: SampleLead, criteria: Criteria, as_of: date
) -> tuple[int, int, bool]:
    """Points, ceiling, known."""
    certain = [evaluate_condition(t.condition, lead, criteria, as_of, possible=False) for t in criterion.tiers]
    possible = [evaluate_condition(t.condition, lead, criteria, as_of, possible=True) for t in criterion.tiers]
    points = next((tier.points for tier, held in zip(criterion.tiers, certain, strict=True) if held is True), 0)
    reachable = []
    for tier, held in zip(criterion.tiers, possible, strict=True):
        if held is not False:
            reachable.append(tier.points)
        if held is True:
            break
    if True not in possible:
        reachable.append(0)
    ceiling, known = max(reachable), True in possible or None not in possible
    if criterion.unlisted_unknown and True not in possible:
        ceiling, known = max(0, *(tier.points for tier in criterion.tiers)), False
    return points, ceiling, known


def hold(total: int, part: DimensionRules) -> int:
    """A dimension's sum, held within its maximum."""
    return max(-part.max, min(part.max, total))


def evaluate_lead(
    lead: SampleLead, criteria: Criteria, as_of: date, judged: frozenset[Any] = frozenset()
) -> Evaluation:
    """All that the criteria say of a lead on a day.

    Args:
        judged: of `find_evidence`: what reviewers have judged and did not call junk.
    """
    is_open = lead.fields["stage"] in OPEN
    ask_for = lead.ask_for if is_open else None
    later = {name: day for name, day in lead.put_off.items() if is_open and day > as_of}
    subtotals, ceilings = dict.fromkeys(ORDER, 0), dict.fromkeys(ORDER, 0)
    known_points = all_points = place = 0
    questions, waiting = [], []
    for part in criteria.score:
        answers = [evaluate_criterion(criterion, lead, criteria, as_of) for criterion in part.criteria]
        total = sum(points for points, _, _ in answers)
        subtotals[part.dimension] = hold(total, part)
        ceilings[part.dimension] = hold(sum(ceiling for _, ceiling, _ in answers), part)
        for criterion, (points, ceiling, is_known) in zip(part.criteria, answers, strict=True):
            best = max(0, *(tier.points for tier in criterion.tiers))
            all_points += best
            known_points += best if is_known else 0
            gain = hold(total - points + ceiling, part) - hold(total, part)
            if criterion.ask and not is_known and (gain > 0 or criterion.name == ask_for):
                if criterion.name in later:
                    waiting.append((later[criterion.name], place))
                else:
                    questions.append((criterion.name != ask_for, -gain, place))
            place += 1
    score, ceiling = sum(subtotals.values()), sum(ceilings.values())
    known = Fraction(known_points, all_points) if all_points else Fraction(1)
    when = criteria.qualified.when
    ready = when is None or evaluate_condition(when, lead, criteria, as_of, possible=False) is True
    reason = find_reason(lead, criteria, as_of, score, ceiling, known, subtotals) if is_open else None
    if not lead.flagged and find_evidence(lead, criteria, as_of) <= judged:
        reason = None
    target = criteria.qualified.score
    first = min(questions, default=None)
    could_qualify = lead.fields.get("qualified_on") is None and score < target <= ceiling
    is_asked_for = first is not None and not first[0]
    can_ask = first is not None or not waiting
    needs = is_open and reason is None and (is_asked_for or (could_qualify and can_ask))
    return Evaluation(
        score=score,
        ceiling=ceiling,
        known=known_points / all_points if all_points else 1.0,
        grade=next((str(g) for g, least in sorted(criteria.grades.items()) if score >= least), "D"),
        subtotals=subtotals,
        candidate=reason is not None,
        reason=reason,
        needs_answers=needs,
        gap=target - score,
        next_criterion=first[2] if first else None,
        next_gain=-first[1] if first else None,
        put_off=tuple(sorted(waiting)),
        ready=ready,
    )


def find_reason(
    lead: SampleLead,
    criteria: Criteria,
    as_of: date,
    score: int,
    ceiling: int,
    known: Fraction,
    subtotals: Mapping[str, int],
) -> str | None:
    """Why the lead is a junk candidate, or None where it is none."""
    if lead.flagged:
        return lead.flagged[0]
    for line in criteria.junk.disqualify:
        if evaluate_condition(line.condition, lead, criteria, as_of, possible=False) is True:
            return line.reason
    if not is_low(criteria, score, ceiling, known):
        return None
    shares = [
        (Fraction(subtotals[part.dimension], part.max), ORDER.index(part.dimension))
        for part in criteria.score
        if part.max and part.criteria
    ]
    return REASONS[ORDER[min(shares)[1]]] if shares else "no_fit"


def is_low(criteria: Criteria, score: int, ceiling: int, known: Fraction) -> bool:
    """Whether the score alone makes a candidate."""
    low = score < criteria.junk.below and known >= Fraction(criteria.junk.known)
    return low or ceiling < criteria.junk.below


def find_evidence(lead: SampleLead, criteria: Criteria, as_of: date) -> frozenset[Any]:
    """All by which the criteria nominate a lead: rules with what they saw, without time and stage."""
    found: set[Any] = set()
    for line in criteria.junk.disqualify:
        if evaluate_condition(line.condition, lead, criteria, as_of, possible=False) is True:
            found.add((line.reason, line.condition, see([line.condition], lead, criteria, as_of)))
    totals = evaluate_totals(lead, criteria, as_of)
    if is_low(criteria, *totals):
        lasting = [
            c for c in criteria.criteria if not any(is_time(t) for tier in c.tiers for t in walk(tier.condition))
        ]
        given = tuple((c.name, evaluate_criterion(c, lead, criteria, as_of)[0]) for c in lasting)
        conditions = [tier.condition for criterion in lasting for tier in criterion.tiers]
        seen = see(conditions, lead, criteria, as_of)
        asked = frozenset(pair for pair in seen if pair[0] not in ("touches", "unanswered_touches", "replies"))
        limits = (criteria.junk.below, criteria.junk.known, *((part.dimension, part.max) for part in criteria.score))
        found.add(("low score", frozenset(limits), given, asked))
    return frozenset(found)


def evaluate_totals(lead: SampleLead, criteria: Criteria, as_of: date) -> tuple[int, int, Fraction]:
    """Score, ceiling, known."""
    answers = {id(c): evaluate_criterion(c, lead, criteria, as_of) for c in criteria.criteria}
    score, ceiling = (
        sum(hold(sum(answers[id(c)][column] for c in part.criteria), part) for part in criteria.score)
        for column in (0, 1)
    )
    best = {id(c): max(0, *(tier.points for tier in c.tiers)) for c in criteria.criteria}
    known = sum(best[key] for key, (_, _, is_known) in answers.items() if is_known)
    return score, ceiling, Fraction(known, sum(best.values())) if sum(best.values()) else Fraction(1)


def walk(condition: Condition) -> list[Comparison]:
    """All comparisons of a condition."""
    if isinstance(condition, Comparison):
        return [condition]
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return [comparison for part in parts for comparison in walk(part)]


def is_time(comparison: Comparison) -> bool:
    """Whether a comparison counts days."""
    return comparison.field in ("age_days", "idle_days", "decides_in_days")


def see(conditions: Sequence[Condition], lead: SampleLead, criteria: Criteria, as_of: date) -> frozenset[Any]:
    """The values that conditions ask, by their names; texts as they are compared."""
    found: set[Any] = set()
    for comparison in (part for condition in conditions for part in walk(condition)):
        if is_time(comparison) or comparison.field == "stage":
            continue
        value = value_of(comparison, lead, criteria, as_of)
        if comparison.type is FieldType.MONEY:
            amount = lead.fields.get(comparison.field or "")
            value = (value is not None and value[0], amount and amount[1])
        name = comparison.field or (canonical(comparison.column or ""), comparison.type is FieldType.NUMBER)
        found.add((name, canonical(value) if isinstance(value, str) else value))
    return frozenset(found)
