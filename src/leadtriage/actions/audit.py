"""A second look at confirmed junk: a reproducible random sample, and the second reviewer's verdicts.

An audit judges the reviewers; it changes no lead.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from leadtriage.actions.review import (
    Judgement,
    check_judgement,
    counts_as_review,
    describe_verdict,
    last_verdicts,
    store_verdicts,
    verdict_change,
)
from leadtriage.actions.unit_of_work import UnitOfWork, describe_hidden, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import NotACandidate
from leadtriage.core.vocabulary import Stage, VerdictKind, VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, Verdict, table
from leadtriage.scoring import explain_leads, is_visible

_lead, _verdict = table(Lead), table(Verdict)

AUDIT = "audit"
"""`event.field` of an audit's verdict."""


def draw_audit(connection: Connection, count: int, seed: int, by: str | None = None) -> tuple[int, ...]:
    """Draw a random sample of the leads that a review called junk, in random order.

    The same seed draws the same leads from the same junk on every database.

    Args:
        count: the size of the sample, as far as there is enough junk.
        by: the auditor; leads with a verdict of theirs come last.
    """
    last = select(_verdict.c.lead_id, func.max(_verdict.c.id).label("id")).where(counts_as_review())
    newest = last.group_by(_verdict.c.lead_id).subquery()
    statement = (
        select(_lead.c.id)
        .join(newest, newest.c.lead_id == _lead.c.id)
        .join(_verdict, (_verdict.c.lead_id == newest.c.lead_id) & (_verdict.c.id == newest.c.id))
        .where(_verdict.c.verdict == VerdictWord.JUNK.value, _lead.c.stage == Stage.JUNK.value, is_visible())
        .order_by(_lead.c.id)
    )
    junk = connection.execute(statement).scalars().all()
    theirs = select(_verdict.c.lead_id).where(_verdict.c.by == by, _verdict.c.withdrawn_at.is_(None)).distinct()
    seen = set() if by is None else set(connection.execute(theirs).scalars())
    chance = random.Random(seed)
    drawn: list[int] = []
    for group in ([one for one in junk if one not in seen], [one for one in junk if one in seen]):
        drawn += chance.sample(group, min(len(group), count - len(drawn)))
    return tuple(drawn)


def audit_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, judgement: Judgement) -> None:
    """Store a second verdict on confirmed junk; the lead stays as it is.

    Raises:
        UsageError: the reason is missing or unknown.
        NotACandidate: the lead is not confirmed junk any more.
        LeadNotFound: the lead does not exist.
    """
    with unit_of_work(engine, criteria, act) as work:
        checked = check_judgement(work.connection, criteria, judgement, act.as_of, VerdictKind.AUDIT)
        refused = store_audit(work, {lead_id: checked})
        if refused:
            raise NotACandidate(refused[lead_id], place=f"lead {lead_id}")


def store_audit(work: UnitOfWork, judgements: Mapping[int, Judgement]) -> dict[int, str]:
    """Store checked second verdicts by lead id; return the leads that take none, each with the reason.

    Raises:
        LeadNotFound: a lead does not exist.
    """
    leads = work.read_leads(judgements, required=True)
    last = last_verdicts(work.connection, judgements)
    whys = {lead_id: _refuse(leads[lead_id], last.get(lead_id), work.act) for lead_id in judgements}
    refused = {lead_id: why for lead_id, why in whys.items() if why is not None}
    audited = {lead_id: judgement for lead_id, judgement in judgements.items() if lead_id not in refused}
    explanations = explain_leads(work.connection, work.criteria, audited, work.act.as_of)
    ids = {lead_id: last[lead_id]["id"] for lead_id in audited}
    store_verdicts(work, audited, VerdictKind.AUDIT, explanations, audited=ids)
    work.record([verdict_change(lead_id, judgement, field=AUDIT) for lead_id, judgement in audited.items()])
    return refused


def _refuse(lead: Mapping[str, Any], last: Mapping[str, Any] | None, act: Act) -> str | None:
    """Why a lead is not confirmed junk; None if it is."""
    hidden = describe_hidden(lead)
    if hidden is not None:
        return hidden
    if lead["stage"] == Stage.JUNK:
        return None if last is not None and last["verdict"] == VerdictWord.JUNK else "no review called it junk"
    return f"it is not junk: {describe_verdict(last, act)}" if last is not None else f"it is {lead['stage']}, not junk"
