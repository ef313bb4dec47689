"""Which pairs of leads a person has kept apart, so that nobody is asked again."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, exists, select

from leadtriage.db.schema import PairDecision, table
from leadtriage.vocabulary import PairWord

_decision = table(PairDecision)
_STANDS = (_decision.c.decision == PairWord.APART.value, _decision.c.withdrawn_at.is_(None))


def read_kept_apart(connection: Connection) -> set[tuple[int, int]]:
    """The pairs of which a person said that they are two, the smaller id first."""
    apart = select(_decision.c.lead_id, _decision.c.other_lead_id).where(*_STANDS)
    return {(one, other) for one, other in connection.execute(apart)}


def is_kept_apart(pairs: FromClause) -> ColumnElement[bool]:
    """Whether a pair is among them: a condition on rows with `lead_id` and `other_lead_id`."""
    same = (_decision.c.lead_id == pairs.c.lead_id, _decision.c.other_lead_id == pairs.c.other_lead_id)
    return exists().where(*same, *_STANDS)
