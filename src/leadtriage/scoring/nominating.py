"""Why leads are junk candidates: every line that nominates them, not only the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.criteria.model import Criteria
from leadtriage.db.schema import Lead, Nomination, table
from leadtriage.scoring.conditions import compile_condition
from leadtriage.scoring.rules import Rules, prepare_rules
from leadtriage.scoring.totals import select_totals, select_values
from leadtriage.scoring.verdicts import find_weakest, open_nominations

BY_THE_CRITERIA = "criteria"
LOW_SCORE = "score"
"""The rule of a line that rests on the score and no disqualifier."""

_MOST_IDS = 10_000


@dataclass(frozen=True, slots=True)
class NominatingLine:
    """One thing that says a lead is junk.

    Attributes:
        reason: one of the product's or the team's.
        text: what it rests on.
        by: who said so: a person, a system, or `criteria`.
        rule: of `criteria`: the disqualifier's label, or `LOW_SCORE`; None for a person or system.
        evidence: of `criteria`: a digest of the rule and of all that it saw, without time; None for a person or system.
    """

    reason: str
    text: str
    by: str
    rule: str | None = None
    evidence: str | None = None


def nominating_lines(
    connection: Connection, criteria: Criteria, lead_ids: Iterable[int], as_of: date
) -> dict[int, tuple[NominatingLine, ...]]:
    """Return for each lead what nominates it: people's and systems' words, then disqualifiers, then its score.

    Leads that nothing nominates are left out.
    """
    rules = prepare_rules(connection, criteria, as_of)
    found: dict[int, tuple[NominatingLine, ...]] = {}
    wanted = sorted(set(lead_ids))
    for start in range(0, len(wanted), _MOST_IDS):
        chosen = wanted[start : start + _MOST_IDS]
        lines = {lead_id: [*theirs] for lead_id, theirs in _flagged(connection, chosen).items()}
        for lead_id, ours in _by_criteria(connection, rules, chosen).items():
            lines.setdefault(lead_id, []).extend(ours)
        found |= {lead_id: tuple(lines[lead_id]) for lead_id in sorted(lines)}
    return found


def _flagged(connection: Connection, lead_ids: list[int]) -> dict[int, list[NominatingLine]]:
    nominations = table(Nomination)
    rows = connection.execute(
        select(nominations.c.lead_id, nominations.c.reason, nominations.c.note, nominations.c.by)
        .where(nominations.c.lead_id.in_(lead_ids), open_nominations())
        .order_by(nominations.c.lead_id, nominations.c.id)
    )
    found: dict[int, list[NominatingLine]] = {}
    for lead_id, reason, note, by in rows:
        text = f"flagged by {by}: {note}" if note else f"flagged by {by}"
        found.setdefault(lead_id, []).append(NominatingLine(reason, text, by))
    return found


def _by_criteria(connection: Connection, rules: Rules, lead_ids: list[int]) -> dict[int, list[NominatingLine]]:
    lowest = select_values(rules, table(Lead).c.id.in_(lead_ids), {})
    disqualifiers = rules.criteria.junk.disqualify
    found: dict[int, list[NominatingLine]] = {}
    if disqualifiers:
        held = [
            compile_condition(line.condition, lowest.values, rules.scales, possible=False).label(f"line_{number}")
            for number, line in enumerate(disqualifiers)
        ]
        for lead_id, *holds in connection.execute(select(lowest.rows.c.lead_id, *held)):
            for line, is_true in zip(disqualifiers, holds, strict=True):
                if is_true:
                    said = NominatingLine(line.reason, line.label, BY_THE_CRITERIA, line.label)
                    found.setdefault(lead_id, []).append(said)
    totals = select_totals(rules, lowest, [])
    columns = ("lead_id", "score", "ceiling", "known", "known_points")
    weakest = find_weakest(rules, totals).label("weakest")
    for row in connection.execute(select(*(totals.c[name] for name in columns), weakest)):
        text = _say_low_score(rules, row)
        if text is not None:
            found.setdefault(row.lead_id, []).append(NominatingLine(row.weakest, text, BY_THE_CRITERIA, LOW_SCORE))
    return found


def _say_low_score(rules: Rules, row: Any) -> str | None:
    below = rules.criteria.junk.below
    if row.score < below and row.known_points >= rules.known_enough:
        return f"score {row.score} is under {below} with {int(row.known * 100)}% answered"
    if row.ceiling < below:
        return f"could reach only {row.ceiling}, which is under {below}"
    return None
