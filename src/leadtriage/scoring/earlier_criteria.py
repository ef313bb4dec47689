"""Whether leads were scored by criteria that give the same scores as today's, whatever else was edited in the file."""

from __future__ import annotations

from sqlalchemy import Connection, select

from leadtriage.criteria.load import load_criteria
from leadtriage.criteria.model import Criteria
from leadtriage.db.lead import table
from leadtriage.db.scores import CriteriaVersion
from leadtriage.errors import CriteriaError


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
