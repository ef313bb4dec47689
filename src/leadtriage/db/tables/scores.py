"""The tables of scores, and what lists show beside a lead.

They are apart from the other tables because lists, which must start at once, load only these and `lead`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime
from sqlmodel import Field

from leadtriage.db.tables.lead import Row


class ExtraColumn(Row, table=True):
    """A column of imported files that is not a field."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    header: str
    header_comparable: str


class CriteriaVersion(Row, table=True):
    """A criteria file that leads were scored by."""

    digest: str = Field(primary_key=True)
    text: str
    recorded_at: datetime = Field(sa_type=DateTime)
    questions: list[dict[str, Any]] = Field(sa_column=Column("questions", JSON))
    """`name`, `field` and `ask` of each criterion, in order, so that lists need not read YAML."""
    settings: dict[str, Any] = Field(sa_column=Column("settings", JSON))
    """What else lists need: `qualified`, `warn`, `shelf_life`, `idle`, `nurture`, `timezone`."""


class ScoreRun(Row, table=True):
    """One run of `score`."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    as_of: date
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    by: str
    criteria_digest: str
    last_lead_id: int | None = None
    """The largest lead id of a run over all leads; None for a run over some."""


class LeadScore(Row, table=True):
    """A lead's score from the last run, ready to be listed without arithmetic."""

    lead_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    run_id: int
    score: int
    ceiling: int
    known: float
    grade: str
    fit: int
    budget: int
    authority: int
    need: int
    timing: int
    candidate: bool
    reason: str | None = None
    """The first reason of a junk candidate."""
    needs_answers: bool
    gap: int
    """The points missing to qualify; below 1 if there are enough."""
    next_criterion: int | None = None
    """The unknown criterion with the most to gain: its place in `CriteriaVersion.questions`."""
    next_gain: int | None = None
    queue_from: date | None = None
    """The day from which it is in the queue: open, not snoozed, no candidate, may be contacted. Else None."""
    created_on: date
    owner: str | None = None
    first_touch_due: date | None = None
    idle_due: date | None = None
    promised_due: date | None = None
    expires_on: date | None = None
    """The last day of its shelf life."""
    next_due: date | None = None
    """The lead is overdue from the day after this."""
    backlog: bool = False
    first_grade: str
    first_scored_on: date
    previous_grade: str | None = None
    previous_run_id: int | None = None
    """The run that gave the previous grade."""
    touch_due: date | None = None
    """The day on which the first contact was due; unlike `first_touch_due` it stays after the contact."""
    answers: str | None = None
    """The answers to all criteria that count no days, packed by `scoring.answers`."""
    answers_run_id: int | None = None
    """The run of these answers; for a closed lead it is later than that of its score."""


class TeamName(Row, table=True):
    """A name of a member of the team by the last criteria, so that lists need not read YAML."""

    spelling: str = Field(primary_key=True)
    """A name or alias in comparable form."""
    member: str
    """The member's name in its comparable form."""
