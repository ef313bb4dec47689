"""Tells whether the stored scores are up to date."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, func, select

from leadtriage.core.errors import CriteriaError
from leadtriage.criteria import Criteria, load_criteria
from leadtriage.db import CriteriaVersion, Lead, LeadScore, ScoreRun, table


def lists_are_stale(connection: Connection, criteria_digest: str, read_criteria: Callable[[], Criteria]) -> str | None:
    """Return what is outdated, or None: leads without a score, or criteria that have changed.

    Looks only at leads newer than the last run over all leads, so that it costs a list next to nothing.

    Args:
        read_criteria: called only when the digest differs from that of the last run.

    Raises:
        CriteriaError: the current criteria have mistakes.
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
            # Repeats `is_visible`: every list runs this, and the compiler takes long to import.
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
        # Most lists need not import the parser, which takes long.
        and not score_alike(connection, last.criteria_digest, read_criteria())
    ):
        sentences.append("the criteria have changed since the leads were scored")
    return "; ".join(sentences) + ": run leadtriage score" if sentences else None


def score_alike(connection: Connection, digest: str, criteria: Criteria) -> bool:
    """Return whether the stored criteria score leads as these do; a text with mistakes does not."""
    if digest == criteria.digest:
        return True
    versions = table(CriteriaVersion)
    text = connection.execute(select(versions.c.text).where(versions.c.digest == digest)).scalar()
    try:
        return text is not None and criteria.scores_like(load_criteria(text, place=digest))
    except CriteriaError:
        return False
