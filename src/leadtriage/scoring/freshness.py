"""Whether the stored scores still say what lists should show.

Whether leads were scored by criteria that give the same scores as today's, whatever else was edited in the file.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, func, select

from leadtriage.core.errors import CriteriaError
from leadtriage.criteria import Criteria, load_criteria
from leadtriage.db import CriteriaVersion, Lead, LeadScore, ScoreRun, table


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
    if (
        last is not None
        and last.criteria_digest != criteria_digest
        # What understands criteria takes long to load, and most lists are spared it.
        and not score_alike(connection, last.criteria_digest, read_criteria())
    ):
        sentences.append("the criteria have changed since the leads were scored")
    return "; ".join(sentences) + ": run leadtriage score" if sentences else None


def score_alike(connection: Connection, digest: str, criteria: Criteria) -> bool:
    """Whether the stored criteria of a digest score leads as these do.

    Both texts are understood by this version. A text that it cannot read any more counts as another.
    """
    if digest == criteria.digest:
        return True
    versions = table(CriteriaVersion)
    text = connection.execute(select(versions.c.text).where(versions.c.digest == digest)).scalar()
    try:
        return text is not None and criteria.scores_like(load_criteria(text, place=digest))
    except CriteriaError:
        return False
