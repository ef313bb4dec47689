"""What lists need to know of the last run of `score`: its settings and its questions, read without any YAML."""

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
    """The last run of `score`.

    Attributes:
        as_of: the day that counted as today; None where nothing was ever scored.
        digest: the SHA-256 of the criteria's text.
        questions: per criterion, in the criteria's order: `name`, `field`, `column`, `ask`, `dimension`.
        settings: the criteria's settings that lists need.
        has_leads: whether there is anything to score; looked up only where nothing was ever scored.
    """

    as_of: date | None = None
    digest: str | None = None
    questions: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_leads: bool = True

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know before they trust a list."""
        if self.as_of is not None:
            return ()
        return (NOT_SCORED if self.has_leads else NO_LEADS,)

    @property
    def warn_days(self) -> int:
        """How many calendar days before the end of its shelf life a lead is reported as expiring."""
        return int(self.settings.get("warn", 0))

    def shown_grade(self, grade: str | None, known: float | None) -> str | None:
        """Return the grade as people see it: "D?" where too little is known to judge by it."""
        if grade is None or known is None:
            return grade
        enough = float(self.settings.get("junk_known", 0))
        return f"{grade}?" if known < enough - 1e-9 else grade

    def question(self, criterion: int | None) -> str | None:
        """Return in a word or a few what a criterion asks about ("budget"); None where there is none."""
        if criterion is None or not 0 <= criterion < len(self.questions):
            return None
        question = self.questions[criterion]
        named = question.get("field") or question.get("column")
        return str(named) if named and "_" not in named else str(question["name"])


def read_score_snapshot(connection: Connection) -> ScoreSnapshot:
    """Read what the last run of `score` went by; an empty one where nothing was ever scored."""
    statement = (
        select(_run.c.as_of, _run.c.criteria_digest, _version.c.questions, _version.c.settings)
        .join_from(_run, _version, _version.c.digest == _run.c.criteria_digest)
        .order_by(_run.c.id.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return ScoreSnapshot(has_leads=has_leads(connection)) if row is None else ScoreSnapshot(*row)


def has_leads(connection: Connection) -> bool:
    """Whether there is any lead that was neither taken back nor merged into another."""
    visible = select(_lead.c.id).where(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))
    return connection.execute(visible.limit(1)).first() is not None
