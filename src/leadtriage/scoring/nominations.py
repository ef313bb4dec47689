"""Lists why leads are junk candidates, and skips evidence that a reviewer has already judged.

The evidence of a line is a digest of its rule and of the values that the rule saw, without time and the lead's stage.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, select

from leadtriage.core.text import format_author, format_day
from leadtriage.core.vocabulary import ScoreCause, VerdictKind, VerdictWord
from leadtriage.criteria import AllOf, AnyOf, Comparison, Condition, Criteria, FieldType, Not, find_comparisons
from leadtriage.db import Lead, Nomination, Verdict, VerdictLine, table
from leadtriage.db.dialect import batches
from leadtriage.scoring.answers import look_closely
from leadtriage.scoring.compile.inputs import Rules, name_currency, name_input, prepare_rules
from leadtriage.scoring.compile.totals import open_nominations

_CONTACTS = ("touches", "unanswered_touches", "replies")
"""In a low score these count by their points alone, else every call would bring a rescued lead back."""

_BETWEEN = "-"
_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Evidence:
    """Digests the evidence of some criteria; `seen` names the inputs that it needs."""

    seen: tuple[str, ...]
    _lines: tuple[tuple[str, tuple[str, ...]], ...]
    _limits: tuple[Any, ...]
    _lasting: tuple[tuple[int, str], ...]
    _score: tuple[str, ...]

    @classmethod
    def of(cls, criteria: Criteria) -> Evidence:
        """Prepare the digests."""
        lines = tuple(
            (_digest([line.reason, _write(line.condition)]), _lasting_inputs([line.condition]))
            for line in criteria.junk.disqualify
        )
        lasting = tuple(
            (number, criterion)
            for number, criterion in enumerate(criteria.criteria)
            if not any(_is_time(part) for tier in criterion.tiers for part in find_comparisons(tier.condition))
        )
        asked = _lasting_inputs(tier.condition for _, criterion in lasting for tier in criterion.tiers)
        of_score = tuple(name for name in asked if name not in {f"field_{field}" for field in _CONTACTS})
        limits = {str(part.dimension): part.max for part in criteria.score}
        return cls(
            seen=tuple(sorted({*of_score, *(name for _, names in lines for name in names)})),
            _lines=lines,
            _limits=(criteria.junk.below, str(criteria.junk.known), limits),
            _lasting=tuple((number, criterion.name) for number, criterion in lasting),
            _score=of_score,
        )

    def of_line(self, number: int, values: Mapping[str, Any]) -> str:
        """Digest the evidence of a disqualifier: its reason, its condition and the values."""
        rule, names = self._lines[number]
        return _join(rule, names, values)

    def of_score(self, points: Sequence[int], values: Mapping[str, Any]) -> str:
        """Digest the evidence of a low score: the limits, and the points and values of criteria without days."""
        given = [(name, points[number]) for number, name in self._lasting]
        return _join(_digest(["score", self._limits, given]), self._score, values)


def have_equal_values(one: str, other: str) -> bool:
    """Return whether two rules saw the same values."""
    return one.partition(_BETWEEN)[2] == other.partition(_BETWEEN)[2]


def _join(rule: str, names: Iterable[str], values: Mapping[str, Any]) -> str:
    return f"{rule}{_BETWEEN}{_digest([(name, values[name]) for name in names])}"


def _lasting_inputs(conditions: Iterable[Condition]) -> tuple[str, ...]:
    return tuple(sorted({name for condition in conditions for name in _name_inputs(condition)}))


def _name_inputs(condition: Condition) -> Iterator[str]:
    for part in find_comparisons(condition):
        if _is_time(part) or part.field == "stage":
            continue
        yield name_input(part)
        if part.type is FieldType.MONEY:
            yield name_currency(name_input(part))


def _is_time(comparison: Comparison) -> bool:
    return comparison.type is FieldType.DAYS


def _write(condition: Condition) -> list[Any]:
    match condition:
        case Comparison():
            compared = [condition.field, condition.column, str(condition.type), str(condition.operator)]
            return [*compared, list(condition.operands)]
        case Not(part):
            return ["not", _write(part)]
        case AllOf(parts):
            return ["all", *map(_write, parts)]
        case AnyOf(parts):
            return ["any", *map(_write, parts)]


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_LENGTH]


_verdict, _line = table(Verdict), table(VerdictLine)

_VERDICT_PHRASES: Mapping[str, str] = {
    VerdictWord.RESCUE: "rescued",
    VerdictWord.NURTURE: "sent to nurture",
    VerdictWord.ASK: "sent back with a question",
}
_CAUSE_PHRASES: Mapping[ScoreCause, str] = {
    ScoreCause.DATA: "by new data",
    ScoreCause.CRITERIA: "by changed criteria",
    ScoreCause.TIME: "as time passed",
}


@dataclass(frozen=True, slots=True)
class EarlierReview:
    """The reviews since a lead was last called junk; all of them spared it.

    Attributes:
        verdict, by, at, recorded_at, criteria_digest: of the last review.
        judged: the rules and evidence that the reviewers saw.
        lead_changed_at: when a value of the lead last changed, in UTC.
    """

    verdict: str
    by: str
    at: datetime
    recorded_at: datetime
    criteria_digest: str
    judged: frozenset[tuple[str | None, str]]
    lead_changed_at: datetime

    def covers(self, lines: Iterable[JunkLine]) -> bool:
        """Return whether the reviewers saw the evidence of all lines."""
        return {line.evidence for line in lines} <= {known for _, known in self.judged}

    def describe(self, lines: Iterable[JunkLine], rules: Rules) -> str:
        """Return "rescued by Maria on 3 Nov; flagged again by new data"."""
        day = format_day(self.at.date(), rules.scales.as_of)
        description = f"{_VERDICT_PHRASES.get(self.verdict, self.verdict)} by {self.by} on {day}; flagged again"
        causes = {
            self._find_cause(line.rule, line.evidence, rules.criteria.digest)
            for line in lines
            if line.evidence is not None and (line.rule, line.evidence) not in self.judged
        }
        first = next((cause for cause in ScoreCause if cause in causes), None)
        return f"{description} {_CAUSE_PHRASES[first]}" if first else description

    def _find_cause(self, rule: str | None, evidence: str, criteria_digest: str) -> ScoreCause:
        other_criteria = criteria_digest != self.criteria_digest
        if other_criteria and any(name == rule and have_equal_values(known, evidence) for name, known in self.judged):
            return ScoreCause.CRITERIA
        if self.lead_changed_at > self.recorded_at:
            return ScoreCause.DATA
        return ScoreCause.CRITERIA if other_criteria else ScoreCause.TIME


def _is_active_review(verdict: FromClause) -> ColumnElement[bool]:
    return (verdict.c.kind == VerdictKind.REVIEW) & verdict.c.withdrawn_at.is_(None)


def read_earlier_reviews(connection: Connection, lead_ids: Collection[int]) -> dict[int, EarlierReview]:
    """Return the reviews that spared these leads; leads without one are left out."""
    lead = table(Lead)
    found: dict[int, EarlierReview] = {}
    for chosen in batches(sorted(lead_ids)):
        rows = connection.execute(
            select(
                *(_verdict.c[name] for name in ("lead_id", "verdict", "by", "at", "recorded_at", "criteria_digest")),
                _line.c.rule,
                _line.c.evidence,
                lead.c.changed_at,
            )
            .join_from(_verdict, lead, lead.c.id == _verdict.c.lead_id)
            .outerjoin(
                _line,
                (_line.c.lead_id == _verdict.c.lead_id)
                & (_line.c.verdict_id == _verdict.c.id)
                & _line.c.evidence.is_not(None),
            )
            .where(_verdict.c.lead_id.in_(chosen), _is_active_review(_verdict))
            .order_by(_verdict.c.lead_id, _verdict.c.id)
        )
        for row in rows:
            if row.verdict == VerdictWord.JUNK:
                found.pop(row.lead_id, None)
                continue
            before = found[row.lead_id].judged if row.lead_id in found else frozenset[tuple[str | None, str]]()
            found[row.lead_id] = EarlierReview(
                verdict=row.verdict,
                by=row.by,
                at=row.at,
                recorded_at=row.recorded_at,
                criteria_digest=row.criteria_digest,
                judged=before if row.evidence is None else before | {(row.rule, row.evidence)},
                lead_changed_at=row.changed_at,
            )
    return found


def find_spared(connection: Connection, where: ColumnElement[bool]) -> list[int]:
    """Return the leads whose last review did not call them junk; `where` is a condition on `lead`."""
    lead, later = table(Lead), _verdict.alias("later")
    overruled = (
        select(later.c.id)
        .where(later.c.lead_id == _verdict.c.lead_id, later.c.id > _verdict.c.id, _is_active_review(later))
        .exists()
    )
    spared = (
        select(_verdict.c.lead_id)
        .join_from(_verdict, lead, lead.c.id == _verdict.c.lead_id)
        .where(_is_active_review(_verdict), _verdict.c.verdict != VerdictWord.JUNK, ~overruled, where)
        .order_by(_verdict.c.lead_id)
    )
    return list(connection.execute(spared).scalars())


BY_THE_CRITERIA = "criteria"
LOW_SCORE = "score"
"""The rule of a line that rests on the score and no disqualifier."""


@dataclass(frozen=True, slots=True)
class JunkLine:
    """One reason why a lead is a junk candidate.

    Attributes:
        text: the explanation; a lead's first line begins with an earlier rescue and what changed since.
        by: a person, a system, or `criteria`.
        rule: the disqualifier's label, or `LOW_SCORE`; None for a flag.
        evidence: a digest of the rule and of the values it saw; None for a flag.
    """

    reason: str
    text: str
    by: str
    rule: str | None = None
    evidence: str | None = None


def find_junk_lines(
    connection: Connection, criteria: Criteria, lead_ids: Iterable[int], as_of: date
) -> dict[int, tuple[JunkLine, ...]]:
    """Return why leads are candidates: flags, then disqualifiers, then the score; other leads are left out.

    Skips the criteria's lines when a reviewer has judged all of them and did not call the lead junk.
    """
    rules = prepare_rules(connection, criteria, as_of)
    found: dict[int, tuple[JunkLine, ...]] = {}
    for chosen in batches(sorted(set(lead_ids))):
        flagged, ours = _flagged(connection, chosen), _by_criteria(connection, rules, chosen)
        reviews = read_earlier_reviews(connection, chosen)
        for lead_id in sorted({*flagged, *ours}):
            lines = ours.get(lead_id, [])
            review = reviews.get(lead_id)
            if review is not None and review.covers(lines):
                lines = []
            lines = [*flagged.get(lead_id, ()), *lines]
            if review is not None and lines:
                lines[0] = replace(lines[0], text=f"{review.describe(lines, rules)}: {lines[0].text}")
            if lines:
                found[lead_id] = tuple(lines)
    return found


def find_rescued(connection: Connection, rules: Rules, spared: Iterable[int]) -> Iterator[int]:
    """Yield the spared leads without new evidence against them."""
    for chosen in batches(sorted(set(spared))):
        reviews = read_earlier_reviews(connection, chosen)
        for lead_id, lines in _by_criteria(connection, rules, chosen).items():
            if lead_id in reviews and reviews[lead_id].covers(lines):
                yield lead_id


def _flagged(connection: Connection, lead_ids: Sequence[int]) -> dict[int, list[JunkLine]]:
    nominations = table(Nomination)
    rows = connection.execute(
        select(nominations.c.lead_id, nominations.c.reason, nominations.c.note, nominations.c.by)
        .where(nominations.c.lead_id.in_(lead_ids), open_nominations())
        .order_by(nominations.c.lead_id, nominations.c.id)
    )
    found: dict[int, list[JunkLine]] = {}
    for lead_id, reason, note, by in rows:
        text = f"flagged by {format_author(by)}" + (f": {note}" if note else "")
        found.setdefault(lead_id, []).append(JunkLine(reason, text, by))
    return found


def _by_criteria(connection: Connection, rules: Rules, lead_ids: Sequence[int]) -> dict[int, list[JunkLine]]:
    look = look_closely(rules)
    evidence = Evidence.of(rules.criteria)
    held = look.read_disqualifiers(connection, lead_ids)
    low = {
        found.lead_id: (found.totals["weakest"], text, [answer.points for answer in found.answers])
        for found in look.read_answers(connection, lead_ids)
        if (text := _describe_low_score(rules, found.totals)) is not None
    }
    seen = look.read_values(connection, lead_ids, evidence.seen) if held or low else {}
    lines: dict[int, list[JunkLine]] = {}
    for lead_id, numbers in held.items():
        for number in numbers:
            line = rules.criteria.junk.disqualify[number]
            digest = evidence.of_line(number, seen[lead_id])
            junk_line = JunkLine(line.reason, line.label, BY_THE_CRITERIA, line.label, digest)
            lines.setdefault(lead_id, []).append(junk_line)
    for lead_id, (reason, text, points) in low.items():
        digest = evidence.of_score(points, seen[lead_id])
        lines.setdefault(lead_id, []).append(JunkLine(reason, text, BY_THE_CRITERIA, LOW_SCORE, digest))
    return lines


def _describe_low_score(rules: Rules, totals: Mapping[str, Any]) -> str | None:
    below = rules.criteria.junk.below
    if totals["score"] < below and totals["known_points"] >= rules.known_enough:
        return f"score {totals['score']} is below {below} with {totals['known']:.0%} known"
    if totals["ceiling"] < below:
        return f"potential {totals['ceiling']} is below {below}"
    return None
