"""The last score run as lists need it: its day, its settings and its questions, without reading the criteria."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.db import CriteriaVersion, Lead, ScoreRun, table

_lead = table(Lead)
_run = table(ScoreRun)
_version = table(CriteriaVersion)

NOT_SCORED = "No lead is scored yet: run leadtriage score."
NO_LEADS = "No leads yet; import some: leadtriage import FILE"


@dataclass(frozen=True, slots=True)
class ScoreSnapshot:
    """What the last score run left.

    Attributes:
        as_of: the day that counted as today; None before the first run.
        digest: the SHA-256 of the criteria's text.
        questions: per criterion, in the criteria's order: `name`, `field`, `column`, `ask`, `dimension`.
        settings: the criteria's settings that lists need.
        has_leads: whether there is anything to score; only looked up before the first run.
    """

    as_of: date | None = None
    digest: str | None = None
    questions: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_leads: bool = True

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before trusting a list."""
        if self.as_of is not None:
            return ()
        return (NOT_SCORED if self.has_leads else NO_LEADS,)

    @property
    def warn_days(self) -> int:
        """How many calendar days before the end of its shelf life a lead is expiring."""
        return int(self.settings.get("warn", 0))

    def format_grade(self, grade: str | None, known: float | None) -> str | None:
        """Return "D?" for a grade that rests on too few known answers."""
        if grade is None or known is None:
            return grade
        enough = float(self.settings.get("junk_known", 0))
        return f"{grade}?" if known < enough - 1e-9 else grade

    def name_question(self, criterion: int | None) -> str | None:
        """Return what a criterion asks for in a few words ("budget"); None for no such criterion."""
        if criterion is None or not 0 <= criterion < len(self.questions):
            return None
        question = self.questions[criterion]
        named = question.get("field") or question.get("column")
        return str(named) if named and "_" not in named else str(question["name"])


def read_score_snapshot(connection: Connection) -> ScoreSnapshot:
    """Read the last score run; an empty snapshot before the first one."""
    statement = (
        select(_run.c.as_of, _run.c.criteria_digest, _version.c.questions, _version.c.settings)
        .join_from(_run, _version, _version.c.digest == _run.c.criteria_digest)
        .order_by(_run.c.id.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return ScoreSnapshot(has_leads=has_leads(connection)) if row is None else ScoreSnapshot(*row)


def has_leads(connection: Connection) -> bool:
    """Whether any lead is visible."""
    visible = select(_lead.c.id).where(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))
    return connection.execute(visible.limit(1)).first() is not None
