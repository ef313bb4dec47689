"""A rep's own nomination of a lead as junk, and the way back for one that a review called junk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, insert, select

from leadtriage.actions.review import Judgement, check_used_reason, last_verdicts, store_verdicts
from leadtriage.actions.undo import was_undone
from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, require_open, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.vocabulary import EventKind, Stage, VerdictKind, VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import Event, Nomination, reserve_ids, table
from leadtriage.scoring import explain_leads, nominating_lines, open_nominations

_nomination, _event = table(Nomination), table(Event)


@dataclass(frozen=True, slots=True)
class Flagged:
    """A lead that somebody nominated, with the columns of `lead`, and the reason as it is stored."""

    lead: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A lead that was junk, with the columns of `lead` as they were, and the stage that it has again."""

    lead: Mapping[str, Any]
    stage: str


def flag_lead(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str, note: str | None = None
) -> Flagged:
    """Nominate an open lead as junk: it leaves the queue until a reviewer has looked.

    Raises:
        LeadtriageError: the lead is closed, or the same person has nominated it already.
        UsageError: the reason is no word, or a known one misspelt.
    """
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        reason = check_used_reason(work.connection, criteria, reason, place="--reason")
        _require_no_flag_of(work, lead_id)
        work.connection.execute(
            insert(_nomination).values(
                lead_id=lead_id,
                id=reserve_ids(work.connection, "nomination"),
                by=act.by,
                reason=reason,
                note=note,
                at=act.at,
                recorded_at=act.recorded_at,
                act=work.id,
            )
        )
        work.record([LeadChange(lead_id, EventKind.NOMINATED, new=reason, reason=reason, note=note)])
    return Flagged(lead, reason)


def restore_lead(engine: Engine, criteria: Criteria, act: Act, lead_id: int, note: str | None = None) -> Restored:
    """Bring a junk lead back to the stage that it had before.

    It counts as a rescue of the verdict that made it junk: what nominated it then does not nominate it again, and its
    shelf life starts anew.

    Raises:
        LeadtriageError: the lead is no junk.
    """
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        if lead["stage"] != Stage.JUNK:
            hint = f"leadtriage reopen {lead_id}" if lead["closed_on"] else f"leadtriage show {lead_id}"
            raise LeadtriageError(f"it is {lead['stage']}, not junk", place=f"lead {lead_id}", hint=hint)
        stage = _stage_before(work, lead)
        reversed_id = last_verdicts(work.connection, [lead_id]).get(lead_id, {}).get("id")
        store_verdicts(
            work,
            {lead_id: Judgement(VerdictWord.RESCUE, note=note)},
            VerdictKind.REVIEW,
            explain_leads(work.connection, criteria, [lead_id], act.as_of),
            nominating_lines(work.connection, criteria, [lead_id], act.as_of),
            again={} if reversed_id is None else {lead_id: reversed_id},
        )
        becomes = {"stage": stage, "closed_on": None, "outcome_reason": None, "shelf_from": act.as_of}
        told = {"old": VerdictWord.JUNK.value, "new": VerdictWord.RESCUE.value, "note": note}
        work.record([LeadChange(lead_id, EventKind.VERDICT, becomes, **told)])
    return Restored(lead, stage)


def _require_no_flag_of(work: UnitOfWork, lead_id: int) -> None:
    theirs = select(_nomination.c.at).where(
        _nomination.c.lead_id == lead_id, _nomination.c.by == work.act.by, open_nominations()
    )
    at = work.connection.execute(theirs.limit(1)).scalar()
    if at is not None:
        raise LeadtriageError(
            f"{work.act.by} flagged it on {at:%Y-%m-%d} already", place=f"lead {lead_id}", hint="see: leadtriage junk"
        )


def _stage_before(work: UnitOfWork, lead: dict[str, Any]) -> str:
    """The stage that the lead was moved to junk from; of one that came in as junk, the one that its contacts tell."""
    moved = (
        select(_event.c.old)
        .where(
            _event.c.lead_id == lead["id"],
            _event.c.kind == EventKind.STAGE,
            _event.c.new == Stage.JUNK,
            ~was_undone(_event),
        )
        .order_by(_event.c.id.desc())
    )
    before = work.connection.execute(moved.limit(1)).scalar()
    if before is not None:
        return str(before)
    return Stage.WORKING.value if lead["last_touch_on"] is not None else Stage.NEW.value
