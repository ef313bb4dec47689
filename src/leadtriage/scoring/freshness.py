"""Whether the stored scores still say what lists should show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from leadtriage.db.lead import Lead, table
from leadtriage.db.scores import LeadScore, ScoreRun

if TYPE_CHECKING:
    from leadtriage.criteria.model import Criteria


def lists_are_stale(connection: Connection, criteria_digest: str, read_criteria: Callable[[], Criteria]) -> str | None:
    """Say what is amiss with the stored scores, or None: leads without a score, or criteria that score otherwise now.

    Looks only at leads that came after the last run over all leads, so that it costs a list next to nothing.

    Args:
        criteria_digest: of today's criteria.
        read_criteria: reads today's criteria; called only where the digest is another than that of the last run.

    Raises:
        CriteriaError: today's criteria have mistakes.
    """
    runs, lead, scores = table(ScoreRun), table(Lead), table(LeadScore)
    last = connection.execute(
        select(runs.c.last_lead_id, runs.c.criteria_digest)
        .where(runs.c.last_lead_id.is_not(None))
        .order_by(runs.c.id.desc())
        .limit(1)
    ).first()
    scored = select(scores.c.lead_id).where(scores.c.lead_id == lead.c.id).exists()
    unscored = connection.execute(
        select(func.count())
        .select_from(lead)
        .where(
            lead.c.id > (last.last_lead_id if last else 0),
            # Said here anew: every list asks this, and what compiles criteria takes long to load.
            lead.c.removed_by.is_(None),
            lead.c.merged_into.is_(None),
            ~scored,
        )
    ).scalar_one()
    sentences = []
    if unscored:
        sentences.append(f"{unscored:,} {'lead is' if unscored == 1 else 'leads are'} not scored yet")
    if last is not None and last.criteria_digest != criteria_digest:
        # What understands criteria takes long to load, and most lists are spared it.
        from leadtriage.scoring.earlier_criteria import score_alike

        if not score_alike(connection, last.criteria_digest, read_criteria()):
            sentences.append("the criteria have changed since the leads were scored")
    return "; ".join(sentences) + ": run leadtriage score" if sentences else None
