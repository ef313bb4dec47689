"""Flag a lead as junk for a reviewer, and restore one that a review called junk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from leadtriage.actions.lifecycle import find_stage_before
from leadtriage.actions.review import Judgement, check_used_reason, last_verdicts, store_verdicts, verdict_change
from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, require_open, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.vocabulary import EventKind, Stage, VerdictKind, VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import Nomination, table
from leadtriage.scoring import explain_leads, find_junk_lines, open_nominations


@dataclass(frozen=True, slots=True)
class Flagged:
    """A flagged lead, with the columns of `lead`, and the stored reason."""

    lead: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored lead, with the columns of `lead` as they were, and its new stage."""

    lead: Mapping[str, Any]
    stage: str


def flag_lead(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str, note: str | None = None
) -> Flagged:
    """Flag an open lead as junk: it leaves the queue until a reviewer has looked.

    Raises:
        LeadtriageError: the lead is closed, or the same person has flagged it already.
        UsageError: the reason is not a word, or a known one misspelt.
    """
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        reason = check_used_reason(work.connection, criteria, reason, place="--reason")
        _require_no_flag(work, lead_id)
        when = {"by": act.by, "at": act.at, "recorded_at": act.recorded_at}
        work.insert(Nomination, [{"lead_id": lead_id, "reason": reason, "note": note, **when}])
        work.record([LeadChange(lead_id, EventKind.NOMINATED, new=reason, reason=reason, note=note)])
    return Flagged(lead, reason)


def restore_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, note: str | None = None) -> Restored:
    """Return a junk lead to its stage before.

    This counts as a rescue: the same evidence does not flag the lead again, and its shelf life restarts.

    Raises:
        LeadtriageError: the lead is not junk.
    """
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        if lead["stage"] != Stage.JUNK:
            hint = f"leadtriage reopen {lead_id}" if lead["closed_on"] else f"leadtriage show {lead_id}"
            raise LeadtriageError(f"it is {lead['stage']}, not junk", place=f"lead {lead_id}", hint=hint)
        stage = find_stage_before(work.connection, lead)
        rescue = Judgement(VerdictWord.RESCUE, note=note)
        reversed_id = last_verdicts(work.connection, [lead_id]).get(lead_id, {}).get("id")
        store_verdicts(
            work,
            {lead_id: rescue},
            VerdictKind.REVIEW,
            explain_leads(work.connection, criteria, [lead_id], act.as_of),
            lines=find_junk_lines(work.connection, criteria, [lead_id], act.as_of),
            audited={} if reversed_id is None else {lead_id: reversed_id},
        )
        values = {"stage": stage.value, "closed_on": None, "outcome_reason": None, "shelf_from": act.as_of}
        work.record([verdict_change(lead_id, rescue, values=values, old=VerdictWord.JUNK.value)])
    return Restored(lead, stage.value)


def _require_no_flag(work: UnitOfWork, lead_id: int) -> None:
    nomination = table(Nomination)
    mine = nomination.c.lead_id == lead_id, nomination.c.by == work.act.by, open_nominations()
    at = work.connection.execute(select(nomination.c.at).where(*mine).limit(1)).scalar()
    if at is not None:
        message = f"{work.act.by} flagged it on {at:%Y-%m-%d} already"
        raise LeadtriageError(message, place=f"lead {lead_id}", hint="list the candidates: leadtriage junk")
