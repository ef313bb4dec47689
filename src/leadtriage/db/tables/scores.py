"""The tables of scores, and what lists show beside a lead; how they are filled is `scoring`'s.

They stand apart from the rest of `db.schema` since lists, which should start at once, need no other tables than these.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime
from sqlmodel import Field

from leadtriage.db.tables.lead import Row


class ExtraColumn(Row, table=True):
    """A column of the imported files that is no field of ours."""

    __tablename__ = "extra_column"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    header: str
    header_comparable: str


class CriteriaVersion(Row, table=True):
    """A criteria file as it was when leads were scored by it."""

    __tablename__ = "criteria_version"
    digest: str = Field(primary_key=True)
    text: str
    recorded_at: datetime = Field(sa_type=DateTime)
    questions: list[dict[str, Any]] = Field(sa_column=Column("questions", JSON))
    """Per criterion, in order: `name`, `field`, `ask`: lists need no YAML to say what to ask."""
    settings: dict[str, Any] = Field(sa_column=Column("settings", JSON))
    """What lists need besides: `qualified`, `warn`, `shelf_life`, `idle`, `nurture`, `timezone`."""


class ScoreRun(Row, table=True):
    """One run of `score`."""

    __tablename__ = "score_run"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    as_of: date
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    by: str
    criteria_digest: str
    last_lead_id: int | None = None
    """The largest lead id of the day, of a run over all leads; None for a run over some."""


class LeadScore(Row, table=True):
    """What the last run said of a lead, ready to be listed without arithmetic."""

    __tablename__ = "lead_score"
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
    """Of a candidate: the first reason that nominated it."""
    needs_answers: bool
    gap: int
    """Points that are missing to qualify; below 1 where there are enough."""
    next_criterion: int | None = None
    """The unknown criterion with a question that could give most: its place in `CriteriaVersion.questions`."""
    next_gain: int | None = None
    queue_from: date | None = None
    """From this day on it is in the queue: open, unparked, not a candidate, may be contacted. None: not at all."""
    created_on: date
    owner: str | None = None
    first_touch_due: date | None = None
    idle_due: date | None = None
    promised_due: date | None = None
    expires_on: date | None = None
    """The last day of its shelf life."""
    next_due: date | None = None
    """It is stale, by one clock or another, from the day after this."""
    backlog: bool = False
    first_grade: str
    first_scored_on: date
    previous_grade: str | None = None
    previous_run_id: int | None = None
    """The run before, which gave the previous grade."""
    touch_due: date | None = None
    """The day by which the first contact was due, by the grade before it; unlike `first_touch_due` it stays."""
    answers: str | None = None
    """The answers to all criteria that count no days, as `scoring.answer_layout` writes them."""
    answers_run_id: int | None = None
    """The run that found them: of a closed lead a later one than that of its score."""


class TeamName(Row, table=True):
    """What a member of the team is called, by the criteria that scored last: lists need no YAML to know whose it is."""

    __tablename__ = "team_name"
    spelling: str = Field(primary_key=True)
    """A member's name, or what the criteria say they are called also, in its comparable form."""
    member: str
    """The member's name in its comparable form."""
