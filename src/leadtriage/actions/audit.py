"""A second look at confirmed junk: a random sample that can be drawn again, and what the second reviewer says of it.

It judges the reviewers, not the leads: nothing of a lead changes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from leadtriage.actions.review import (
    Judgement,
    check_judgement,
    counts_as_review,
    describe_verdict,
    last_verdicts,
    store_verdicts,
)
from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadNotFound, NotACandidate
from leadtriage.core.vocabulary import EventKind, Stage, VerdictKind, VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, Verdict, table
from leadtriage.scoring import explain_leads, is_visible

_lead, _verdict = table(Lead), table(Verdict)

AUDIT = "audit"
"""What `event.field` has for a verdict that only looks again."""


def draw_audit(connection: Connection, count: int, seed: int, by: str | None = None) -> tuple[int, ...]:
    """Draw a random sample of the leads that a review called junk, in random order.

    The same seed draws the same leads from the same junk, on every database.

    Args:
        count: how many at most.
        by: who looks: what this person has called junk or looked at again is drawn only where there is too little else.
    """
    junk = _confirmed_junk(connection)
    seen = _seen_by(connection, by) if by is not None else set()
    chance = random.Random(seed)
    drawn: list[int] = []
    for group in ([one for one in junk if one not in seen], [one for one in junk if one in seen]):
        drawn += chance.sample(group, min(len(group), count - len(drawn)))
    return tuple(drawn)


def audit_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, judgement: Judgement) -> None:
    """Store what a second look at confirmed junk says; the lead stays as it is.

    Raises:
        UsageError: the judgement lacks a reason, or has one that nobody knows.
        NotACandidate: the lead is no confirmed junk any more.
        LeadNotFound: there is no such lead.
    """
    with unit_of_work(engine, criteria, act) as work:
        checked = check_judgement(work.connection, criteria, judgement, act.as_of, VerdictKind.AUDIT)
        why_not = store_audit(work, {lead_id: checked})
        if why_not:
            raise NotACandidate(why_not[lead_id], place=f"lead {lead_id}")


def store_audit(work: UnitOfWork, judgements: Mapping[int, Judgement]) -> dict[int, str]:
    """Store second looks that were checked, and return why there is none for the others.

    Raises:
        LeadNotFound: there is no such lead.
    """
    leads = work.read_leads(judgements)
    missing = [lead_id for lead_id in judgements if lead_id not in leads]
    if missing:
        raise LeadNotFound(f"there is no lead {missing[0]}", hint="see: leadtriage leads --stage junk")
    last = last_verdicts(work.connection, judgements)
    why_not = {
        lead_id: _why_not(leads[lead_id], last.get(lead_id), work.act)
        for lead_id in judgements
        if not _is_confirmed(leads[lead_id], last.get(lead_id))
    }
    looked = {lead_id: judgement for lead_id, judgement in judgements.items() if lead_id not in why_not}
    explanations = explain_leads(work.connection, work.criteria, looked, work.act.as_of)
    again = {lead_id: last[lead_id]["id"] for lead_id in looked}
    store_verdicts(work, looked, VerdictKind.AUDIT, explanations, {}, again)
    work.record(
        [
            LeadChange(
                lead_id,
                EventKind.VERDICT,
                field=AUDIT,
                new=judgement.verdict.value,
                reason=judgement.reason,
                note=judgement.note,
            )
            for lead_id, judgement in looked.items()
        ]
    )
    return why_not


def _confirmed_junk(connection: Connection) -> Sequence[int]:
    """The leads whose last standing verdict made them junk, by their ids."""
    last = (
        select(_verdict.c.lead_id, func.max(_verdict.c.id).label("id"))
        .where(counts_as_review())
        .group_by(_verdict.c.lead_id)
    )
    newest = last.subquery()
    statement = (
        select(_lead.c.id)
        .join(newest, newest.c.lead_id == _lead.c.id)
        .join(_verdict, (_verdict.c.lead_id == newest.c.lead_id) & (_verdict.c.id == newest.c.id))
        .where(_verdict.c.verdict == VerdictWord.JUNK.value, _lead.c.stage == Stage.JUNK.value, is_visible())
        .order_by(_lead.c.id)
    )
    return connection.execute(statement).scalars().all()


def _seen_by(connection: Connection, by: str) -> set[int]:
    theirs = select(_verdict.c.lead_id).where(_verdict.c.by == by, _verdict.c.withdrawn_at.is_(None)).distinct()
    return set(connection.execute(theirs).scalars())


def _is_confirmed(lead: Mapping[str, Any], last: Mapping[str, Any] | None) -> bool:
    hidden = lead["merged_into"] is not None or lead["removed_by"] is not None
    return not hidden and lead["stage"] == Stage.JUNK and last is not None and last["verdict"] == VerdictWord.JUNK


def _why_not(lead: Mapping[str, Any], last: Mapping[str, Any] | None, act: Act) -> str:
    if lead["merged_into"] is not None:
        return f"it was merged into lead {lead['merged_into']}"
    if lead["removed_by"] is not None:
        return "it was taken back by an undo"
    if lead["stage"] == Stage.JUNK:
        return "no review called it junk"
    return f"it is not junk: {describe_verdict(last, act)}" if last is not None else f"it is {lead['stage']}, not junk"
