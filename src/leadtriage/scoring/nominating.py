"""Why leads are junk candidates: every line that nominates them, not only the first.

A lead that a reviewer rescued is nominated by the criteria only where something new speaks against it: see
`scoring.rescues`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.criteria.model import Criteria
from leadtriage.db.schema import Nomination, table
from leadtriage.scoring.answers import look_closely
from leadtriage.scoring.evidence import Evidence
from leadtriage.scoring.rescues import Standing, read_standing
from leadtriage.scoring.rules import Rules, prepare_rules
from leadtriage.scoring.verdicts import open_nominations
from leadtriage.words import say_who

BY_THE_CRITERIA = "criteria"
LOW_SCORE = "score"
"""The rule of a line that rests on the score and no disqualifier."""

_MOST_IDS = 10_000


@dataclass(frozen=True, slots=True)
class NominatingLine:
    """One thing that says a lead is junk.

    Attributes:
        reason: one of the product's or the team's.
        text: what it rests on; a lead's first line begins with who rescued it before, and what brought it back.
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

    The criteria's lines are left out where a reviewer has judged all of them and did not call the lead junk. Leads that
    nothing nominates are left out.
    """
    rules = prepare_rules(connection, criteria, as_of)
    found: dict[int, tuple[NominatingLine, ...]] = {}
    for chosen in _groups(lead_ids):
        flagged, ours = _flagged(connection, chosen), _by_criteria(connection, rules, chosen)
        standing = read_standing(connection, chosen)
        for lead_id in sorted({*flagged, *ours}):
            lines = ours.get(lead_id, [])
            stands = standing.get(lead_id)
            if stands is not None and _are_judged(lines, stands):
                lines = []
            lines = [*flagged.get(lead_id, ()), *lines]
            if stands is not None and lines:
                lines[0] = replace(lines[0], text=f"{_say_again(stands, lines, rules)}: {lines[0].text}")
            if lines:
                found[lead_id] = tuple(lines)
    return found


def find_rescued(connection: Connection, rules: Rules, spared: Iterable[int]) -> Iterator[int]:
    """Find the leads that the criteria would nominate by nothing but evidence that a reviewer has judged.

    Args:
        spared: those to look at, of `scoring.rescues.find_spared`.
    """
    for chosen in _groups(spared):
        standing = read_standing(connection, chosen)
        for lead_id, lines in _by_criteria(connection, rules, chosen).items():
            if lead_id in standing and _are_judged(lines, standing[lead_id]):
                yield lead_id


def _groups(lead_ids: Iterable[int]) -> Iterator[list[int]]:
    wanted = sorted(set(lead_ids))
    for start in range(0, len(wanted), _MOST_IDS):
        yield wanted[start : start + _MOST_IDS]


def _are_judged(lines: Sequence[NominatingLine], stands: Standing) -> bool:
    return stands.covers([line.evidence for line in lines])


def _say_again(stands: Standing, lines: Sequence[NominatingLine], rules: Rules) -> str:
    ours = [(line.rule, line.evidence) for line in lines if line.evidence is not None]
    return stands.say_again(ours, rules.criteria.digest, rules.scales.as_of)


def _flagged(connection: Connection, lead_ids: list[int]) -> dict[int, list[NominatingLine]]:
    nominations = table(Nomination)
    rows = connection.execute(
        select(nominations.c.lead_id, nominations.c.reason, nominations.c.note, nominations.c.by)
        .where(nominations.c.lead_id.in_(lead_ids), open_nominations())
        .order_by(nominations.c.lead_id, nominations.c.id)
    )
    found: dict[int, list[NominatingLine]] = {}
    for lead_id, reason, note, by in rows:
        said = f"flagged by {say_who(by)}"
        found.setdefault(lead_id, []).append(NominatingLine(reason, f"{said}: {note}" if note else said, by))
    return found


def _by_criteria(connection: Connection, rules: Rules, lead_ids: list[int]) -> dict[int, list[NominatingLine]]:
    """What the criteria alone say, whatever anybody said before."""
    look = look_closely(rules)
    evidence = Evidence.of(rules.criteria)
    held = look.read_disqualifiers(connection, lead_ids)
    low = {
        found.lead_id: (found.totals["weakest"], text, [answer.points for answer in found.answers])
        for found in look.read_answers(connection, lead_ids)
        if (text := _say_low_score(rules, found.totals)) is not None
    }
    seen = look.read_values(connection, lead_ids, evidence.seen) if held or low else {}
    lines: dict[int, list[NominatingLine]] = {}
    for lead_id, numbers in held.items():
        for number in numbers:
            line = rules.criteria.junk.disqualify[number]
            digest = evidence.of_line(number, seen[lead_id])
            said = NominatingLine(line.reason, line.label, BY_THE_CRITERIA, line.label, digest)
            lines.setdefault(lead_id, []).append(said)
    for lead_id, (reason, text, points) in low.items():
        digest = evidence.of_score(points, seen[lead_id])
        lines.setdefault(lead_id, []).append(NominatingLine(reason, text, BY_THE_CRITERIA, LOW_SCORE, digest))
    return lines


def _say_low_score(rules: Rules, totals: Mapping[str, Any]) -> str | None:
    below = rules.criteria.junk.below
    if totals["score"] < below and totals["known_points"] >= rules.known_enough:
        return f"score {totals['score']} is under {below} with {totals['known']:.0%} answered"
    if totals["ceiling"] < below:
        return f"could reach only {totals['ceiling']}, which is under {below}"
    return None
