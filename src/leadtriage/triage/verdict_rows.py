"""Stores verdicts: each with what had nominated the lead, its score and its ledger as they stood; and finds the last.

What a verdict does to the lead is told by the module of each act.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from leadtriage.act import Act
from leadtriage.db.dialect import batches
from leadtriage.db.ids import reserve_ids
from leadtriage.db.schema import Nomination, Verdict, VerdictLine, table
from leadtriage.scoring.explain import Explanation
from leadtriage.scoring.nominating import NominatingLine
from leadtriage.scoring.verdicts import open_nominations
from leadtriage.triage.acting import Acting
from leadtriage.triage.judgement import Judgement
from leadtriage.vocabulary import VerdictKind
from leadtriage.words import say_who

_verdict, _nomination = table(Verdict), table(Nomination)


def store_verdicts(
    doing: Acting,
    judgements: Mapping[int, Judgement],
    kind: VerdictKind,
    explanations: Mapping[int, Explanation],
    lines: Mapping[int, Sequence[NominatingLine]],
    again: Mapping[int, int] | None = None,
) -> None:
    """Store one verdict for each lead.

    Args:
        explanations: the score of each lead and its ledger as they stand.
        lines: what nominates each.
        again: the verdict that is looked at again, by the lead's id.
    """
    if not judgements:
        return
    act = doing.act
    first = reserve_ids(doing.connection, "verdict", len(judgements))
    rows: list[dict[str, Any]] = []
    nominating: list[dict[str, Any]] = []
    for number, (lead_id, judgement) in enumerate(judgements.items(), first):
        told = explanations[lead_id]
        rows.append(
            {
                "lead_id": lead_id,
                "id": number,
                "act": doing.id,
                "kind": kind.value,
                "verdict": judgement.verdict.value,
                "reason": judgement.reason,
                "note": judgement.note,
                "by": act.by,
                "at": act.at,
                "recorded_at": act.recorded_at,
                "score": told.score,
                "ceiling": told.ceiling,
                "known": told.known,
                "grade": told.grade.value,
                "criteria_digest": doing.criteria.digest,
                "ledger": [asdict(line) for line in told.ledger],
                "audited_id": (again or {}).get(lead_id),
            }
        )
        nominating += [
            {"lead_id": lead_id, "verdict_id": number, "place": place, **asdict(line)}
            for place, line in enumerate(lines.get(lead_id, ()))
        ]
    doing.connection.execute(insert(_verdict), rows)
    if nominating:
        doing.connection.execute(insert(table(VerdictLine)), nominating)


def withdraw_nominations(doing: Acting, lead_ids: Collection[int]) -> None:
    """Let no word of people and systems nominate these leads any more: they are decided."""
    for group in batches(sorted(lead_ids)):
        doing.connection.execute(
            update(_nomination)
            .where(_nomination.c.lead_id.in_(group), open_nominations())
            .values(withdrawn_at=doing.act.recorded_at, withdrawn_act=doing.id)
        )


def last_verdicts(connection: Connection, lead_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """The last verdict of a review that stands, by the lead's id, without its ledger."""
    wanted = [column for column in _verdict.c if column.name != "ledger"]
    found: dict[int, Mapping[str, Any]] = {}
    for group in batches(sorted(lead_ids)):
        last = (
            select(_verdict.c.lead_id, func.max(_verdict.c.id).label("id"))
            .where(_verdict.c.lead_id.in_(group), stands())
            .group_by(_verdict.c.lead_id)
            .subquery()
        )
        rows = select(*wanted).join(last, (last.c.lead_id == _verdict.c.lead_id) & (last.c.id == _verdict.c.id))
        found |= {row["lead_id"]: dict(row) for row in connection.execute(rows).mappings()}
    return found


def stands() -> Any:
    """Whether a verdict decided a candidate and was not taken back: a condition on a statement over `verdict`."""
    return (_verdict.c.kind == VerdictKind.REVIEW.value) & _verdict.c.withdrawn_at.is_(None)


def say_verdict(verdict: Mapping[str, Any], act: Act) -> str:
    """Who decided what, and when: by the clock where it was today."""
    at = verdict["at"]
    when = f"at {at:%H:%M}" if at.date() == act.as_of else f"on {at:%Y-%m-%d}"
    said = {"rescue": "rescued it", "ask": "wanted a question asked first", "nurture": "parked it"}
    return f"{say_who(verdict['by'])} {said.get(verdict['verdict'], 'called it ' + verdict['verdict'])} {when}"
