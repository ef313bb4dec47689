"""The answers that `score` keeps of each lead: which of them are still right, and those of closed leads made anew.

They are only a faster way to the same answers. A lead's are right by criteria of the same text as long as nothing
changed in the lead; answers that time changes are not kept. How they are written is `scoring.answer_layout`'s.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, select, update

from leadtriage.db.schema import Lead, LeadScore, ScoreRun, table
from leadtriage.scoring.rules import Rules
from leadtriage.scoring.totals import select_kept_answers, select_values


def find_kept_answers(rows: FromClause, criteria_digest: str) -> tuple[FromClause, ColumnElement[str | None]]:
    """Return the kept answers that are still right, None where there are none, and the rows in which they are found.

    Args:
        rows: `lead`, joined with `lead_score`.
        criteria_digest: of the criteria that are asked for.
    """
    lead, scores, runs = table(Lead), table(LeadScore), table(ScoreRun).alias("answering")
    right = and_(
        runs.c.id == scores.c.answers_run_id,
        runs.c.criteria_digest == criteria_digest,
        runs.c.recorded_at >= lead.c.changed_at,
    )
    return rows.outerjoin(runs, right), case((runs.c.id.is_not(None), scores.c.answers))


def keep_answers(connection: Connection, rules: Rules, run_id: int, where: ColumnElement[bool]) -> None:
    """Keep the answers of scored leads of which none are right any more; their scores stay as they are.

    Args:
        where: which leads.
    """
    lead, scores = table(Lead), table(LeadScore)
    rows, kept = find_kept_answers(lead.join(scores, scores.c.lead_id == lead.c.id), rules.criteria.digest)
    outdated = select(lead.c.id).select_from(rows).where(kept.is_(None), where)
    if not connection.execute(outdated.limit(1)).first():
        return
    found = select_kept_answers(select_values(rules, lead.c.id.in_(outdated), {}))
    connection.execute(
        update(scores).values(answers=found.c.answers, answers_run_id=run_id).where(scores.c.lead_id == found.c.lead_id)
    )
