"""The tables. A lead's typed columns are what rules and lists read; everything here is stored in comparable units.

Dates are calendar days, `at` is a time in the criteria's time zone, `recorded_at` is UTC; money is in whole minor
units. Ids are handed out by `db.ids`, never by the database, and nothing but a key that carries its row's own
distribution is unique, so that the same schema shards by lead.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Table
from sqlmodel import Field, SQLModel

from leadtriage.db.lead import Lead as Lead
from leadtriage.db.lead import Row

WITHOUT_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}


class FieldOrigin(Row, table=True):
    """When the value that a field has now was observed, where that is not `Lead.observed_at`."""

    __tablename__ = "field_origin"
    __table_args__ = WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    field: str = Field(primary_key=True)
    """A lead field, or `column:HEADER`."""
    observed_at: datetime = Field(sa_type=DateTime)
    batch_id: int | None = None
    act: int


class ExtraColumn(Row, table=True):
    """A column of the imported files that is no field of ours."""

    __tablename__ = "extra_column"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    header: str
    header_comparable: str


class LeadKey(Row, table=True):
    """What identifies a lead: `i:SYSTEM:ID`, `e:ADDRESS`, `r:ADDRESS|NAME` (role address), `p:PHONE|NAME`."""

    __tablename__ = "lead_key"
    __table_args__ = WITHOUT_ROWID
    key: str = Field(primary_key=True)
    lead_id: int
    original_lead_id: int
    """The lead it was made for; differs from `lead_id` after a merge."""
    batch_id: int | None = None


class LikelyDuplicate(Row, table=True):
    """Two leads that an import found to be alike and did not merge."""

    __tablename__ = "likely_duplicate"
    __table_args__ = WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    other_lead_id: int = Field(primary_key=True)
    evidence: str
    batch_id: int | None = None


class ImportBatch(Row, table=True):
    """One import of one file."""

    __tablename__ = "import_batch"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    by: str
    file: str
    sha256: str
    options: str
    """What else decided the result: a digest of the options and of how this version understands files."""
    system: str | None = None
    headers: list[str] = Field(sa_column=Column("headers", JSON))
    mapping: dict[str, Any] = Field(sa_column=Column("mapping", JSON))
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0
    rejected: int = 0
    warnings: int = 0
    undone_at: datetime | None = Field(default=None, sa_type=DateTime)
    undone_by: str | None = None


class ImportRow(Row, table=True):
    """One row as it came, and the lead that it became."""

    __tablename__ = "import_row"
    __table_args__ = WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    batch_id: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    outcome: str
    cells: list[str] = Field(sa_column=Column("cells", JSON))


class ImportReject(Row, table=True):
    """A row that became no lead, and why."""

    __tablename__ = "import_reject"
    __table_args__ = WITHOUT_ROWID
    batch_id: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    reason: str
    cells: list[str] = Field(sa_column=Column("cells", JSON))


class HeaderMapping(Row, table=True):
    """What `--map` said for files with the same header."""

    __tablename__ = "header_mapping"
    headers_digest: str = Field(primary_key=True)
    mapping: dict[str, str] = Field(sa_column=Column("mapping", JSON))
    """Our field -> the file's header."""
    recorded_at: datetime = Field(sa_type=DateTime)


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


class Nomination(Row, table=True):
    """Somebody's or something's word, outside the criteria, that a lead is junk."""

    __table_args__ = WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    by: str
    """A person's name, or the system whose status said so."""
    reason: str
    note: str | None = None
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    batch_id: int | None = None
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class Touch(Row, table=True):
    """Proof of contact."""

    __table_args__ = WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    kind: str
    on: date
    dated: bool = True
    answered: bool | None = None
    by: str
    note: str | None = None
    next_on: date | None = None
    batch_id: int | None = None
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class Event(Row, table=True):
    """One line of the append-only history."""

    __table_args__ = WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    act: int
    """Groups what one command did."""
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    by: str
    kind: str
    batch_id: int | None = None
    field: str | None = None
    old: str | None = None
    new: str | None = None
    reason: str | None = None
    note: str | None = None


class IdBlock(Row, table=True):
    """The next free id of each kind."""

    __tablename__ = "id_block"
    name: str = Field(primary_key=True)
    next_id: int = Field(sa_type=BigInteger)


def table(model: type[SQLModel]) -> Table:
    """The table of a model, for statements over many rows."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
