"""A reviewer's verdicts on junk candidates: each decides one for good, whoever else is reviewing at that time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, select

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.db.dialect import batches
from leadtriage.db.schema import Event, Lead, LeadScore, table
from leadtriage.errors import LeadNotFound, NotACandidate
from leadtriage.scoring.explain import Explanation, explain_leads
from leadtriage.scoring.nominating import NominatingLine, nominating_lines
from leadtriage.scoring.verdicts import is_open, is_visible
from leadtriage.triage.acting import Acting, LeadChange, acting
from leadtriage.triage.judgement import Judgement, check_judgement
from leadtriage.triage.verdict_rows import last_verdicts, say_verdict, store_verdicts, withdraw_nominations
from leadtriage.vocabulary import OPEN_STAGES, EventKind, Stage, VerdictKind, VerdictWord

__all__ = ["Judged", "Judgement", "PassedOver", "decide", "judge", "leads_nominated_only_by"]

_score, _event = table(LeadScore), table(Event)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A lead on which nothing was decided, and why not: a sentence without the lead."""

    lead_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reviewer's act did.

    Attributes:
        act: its number.
        decided: the leads that it decided.
        passed_over: those that wait for no verdict any more.
    """

    act: int
    decided: tuple[int, ...]
    passed_over: tuple[PassedOver, ...]


def judge(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], judgement: Judgement) -> Judged:
    """Give one verdict on one candidate, or the same on many, in one transaction.

    Junk closes the lead with that reason; rescue keeps it open and lets its shelf life start anew; nurture parks it;
    ask puts a question on top of those it is to be asked. Nothing that nominated it counts any more, but new evidence.

    Raises:
        UsageError: the judgement lacks something; see `check_judgement`.
        NotACandidate: the only lead that was given waits for no verdict any more. Of many, such leads are passed over.
        LeadNotFound: there is no such lead.
    """
    with acting(engine, criteria, act) as doing:
        checked = check_judgement(doing.connection, criteria, judgement, act.as_of)
        judged = decide(doing, dict.fromkeys(lead_ids, checked))
        if len(lead_ids) == 1 and judged.passed_over:
            raise NotACandidate(
                judged.passed_over[0].why, place=f"lead {lead_ids[0]}", hint="see the candidates: leadtriage junk"
            )
    return judged


def decide(doing: Acting, judgements: Mapping[int, Judgement]) -> Judged:
    """Carry out judgements that were checked, one on each lead; leads that wait for none are passed over.

    Raises:
        LeadNotFound: there is no such lead.
    """
    leads = doing.read_leads(judgements)
    missing = [lead_id for lead_id in judgements if lead_id not in leads]
    if missing:
        raise LeadNotFound(f"there is no lead {missing[0]}", hint="see: leadtriage leads")
    lines = nominating_lines(doing.connection, doing.criteria, judgements, doing.act.as_of)
    why_not = _why_not(doing, leads, lines)
    waiting = [lead_id for lead_id in judgements if lead_id not in why_not]
    explanations = explain_leads(doing.connection, doing.criteria, waiting, doing.act.as_of)
    why_not |= {
        lead_id: f"it has answered {judgements[lead_id].ask_for} already"
        for lead_id in waiting
        if _is_answered(explanations[lead_id], judgements[lead_id].ask_for)
    }
    decided = {lead_id: judgement for lead_id, judgement in judgements.items() if lead_id not in why_not}
    store_verdicts(doing, decided, VerdictKind.REVIEW, explanations, lines)
    withdraw_nominations(doing, decided)
    doing.record(
        [
            LeadChange(
                lead_id,
                EventKind.VERDICT,
                _effect(judgement, doing.act),
                new=judgement.verdict.value,
                reason=judgement.reason,
                note=judgement.note,
            )
            for lead_id, judgement in decided.items()
        ]
    )
    return Judged(
        act=doing.id,
        decided=tuple(decided),
        passed_over=tuple(PassedOver(lead_id, why_not[lead_id]) for lead_id in judgements if lead_id in why_not),
    )


def leads_nominated_only_by(connection: Connection, criteria: Criteria, as_of: date, line: NominatingLine) -> list[int]:
    """The candidates that nothing nominates but this line: the same reason by the same person, system or rule.

    Those that could reach most come first.
    """
    lead = table(Lead)
    alike = (
        select(_score.c.lead_id)
        .join(lead, lead.c.id == _score.c.lead_id)
        .where(_score.c.candidate, _score.c.reason == line.reason, is_visible(), is_open())
        .order_by(_score.c.ceiling.desc(), _score.c.lead_id.desc())
    )
    ids = list(connection.execute(alike).scalars())
    lines = nominating_lines(connection, criteria, ids, as_of)
    return [lead_id for lead_id in ids if [_kind(mine) for mine in lines.get(lead_id, ())] == [_kind(line)]]


def _kind(line: NominatingLine) -> tuple[str, str, str | None]:
    return line.by, line.reason, line.rule


def _effect(judgement: Judgement, act: Act) -> dict[str, Any]:
    """What a verdict changes in the lead."""
    match judgement.verdict:
        case VerdictWord.JUNK:
            closed = {"closed_on": act.as_of, "outcome_reason": judgement.reason, "worked_here": True}
            return {"stage": Stage.JUNK.value, **closed}
        case VerdictWord.RESCUE:
            return {"shelf_from": act.as_of}
        case VerdictWord.NURTURE:
            return {
                "stage": Stage.NURTURE.value,
                "nurture_until": judgement.until,
                "nurture_reason": judgement.reason,
                "parked_on": act.as_of,
            }
        case VerdictWord.ASK:
            return {"ask_for": judgement.ask_for}


def _why_not(
    doing: Acting, leads: Mapping[int, Mapping[str, Any]], lines: Mapping[int, Sequence[NominatingLine]]
) -> dict[int, str]:
    """Of the leads that wait for no verdict: why not."""
    listed: set[int] = set()
    for group in batches(sorted(leads)):
        found = select(_score.c.lead_id).where(_score.c.lead_id.in_(group), _score.c.candidate)
        listed |= set(doing.connection.execute(found).scalars())
    others = [lead_id for lead_id, lead in leads.items() if lead_id not in listed or lead["stage"] not in OPEN_STAGES]
    last = last_verdicts(doing.connection, others)
    why: dict[int, str] = {}
    for lead_id, lead in leads.items():
        if lead["merged_into"] is not None:
            why[lead_id] = f"it was merged into lead {lead['merged_into']}"
        elif lead["removed_by"] is not None:
            why[lead_id] = "it was taken back by an undo"
        elif lead["stage"] not in OPEN_STAGES:
            why[lead_id] = _say_closed(doing, lead, last.get(lead_id))
        elif lead_id not in listed:
            why[lead_id] = say_verdict(last[lead_id], doing.act) if lead_id in last else "nothing nominates it as junk"
        elif lead_id not in lines:
            why[lead_id] = "nothing nominates it as junk any more: run leadtriage score"
    return why


def _say_closed(doing: Acting, lead: Mapping[str, Any], last: Mapping[str, Any] | None) -> str:
    if last is not None and lead["stage"] == last["verdict"]:
        return say_verdict(last, doing.act)
    moved = (
        select(_event.c.by, _event.c.at)
        .where(_event.c.lead_id == lead["id"], _event.c.kind == EventKind.STAGE, _event.c.new == lead["stage"])
        .order_by(_event.c.id.desc())
        .limit(1)
    )
    by = doing.connection.execute(moved).first()
    if by is None:
        return f"it is {lead['stage']}"
    return say_verdict({"by": by.by, "at": by.at, "verdict": lead["stage"]}, doing.act)


def _is_answered(explanation: Explanation, question: str | None) -> bool:
    return any(line.criterion == question and line.known for line in explanation.ledger)
