"""The tables. A lead's typed columns are what rules and lists read; everything here is stored in comparable units.

Dates are calendar days, `at` is a time in the criteria's time zone, `recorded_at` is UTC; money is in whole minor
units. Ids are handed out by `db.ids`, never by the database, and nothing but a key that carries its row's own
distribution is unique, so that the same schema shards by lead.

Keeps the history append-only: the database itself refuses to change or delete an event, whoever asks.

Only while a row stands in `erasing`, within one transaction, may a person be erased from it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, DateTime, Table, event
from sqlmodel import Field

from leadtriage.db.tables.decisions import (
    Erasing,
    Forgotten,
    PairDecision,
    PutOff,
    SecretKey,
    Spend,
    Verdict,
    VerdictLine,
)
from leadtriage.db.tables.lead import Lead, Row, table
from leadtriage.db.tables.scores import CriteriaVersion, ExtraColumn, LeadScore, ScoreRun, TeamName

__all__ = [
    "CriteriaVersion",
    "Erasing",
    "Event",
    "ExtraColumn",
    "FieldOrigin",
    "Forgotten",
    "HeaderMapping",
    "IdBlock",
    "ImportBatch",
    "ImportReject",
    "ImportRow",
    "Lead",
    "LeadKey",
    "LeadScore",
    "LikelyDuplicate",
    "Nomination",
    "PairDecision",
    "PutOff",
    "Row",
    "ScoreRun",
    "SecretKey",
    "Spend",
    "TeamName",
    "Touch",
    "Verdict",
    "VerdictLine",
    "table",
]

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
    """How its rows were understood: what `importing.recollection` reads them again by."""
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
    act: int | None = None
    """The person's act that made it; None where an import did."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)
    withdrawn_act: int | None = None
    """The person's act that withdrew it: a verdict decides all that nominated the lead."""


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
    act: int | None = None
    """The person's act that made it; None where an import did."""
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
    changes: dict[str, list[Any]] | None = Field(default=None, sa_column=Column("changes", JSON(none_as_null=True)))
    """What a person's act changed in the lead: column -> [before, after], days as ISO text. None where nobody acted."""
    undoes: int | None = None
    """The act that this event takes back."""


class IdBlock(Row, table=True):
    """The next free id of each kind."""

    __tablename__ = "id_block"
    name: str = Field(primary_key=True)
    next_id: int = Field(sa_type=BigInteger)


SQLITE = (
    """
CREATE TRIGGER event_update BEFORE UPDATE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)
BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END
""".strip(),
    """
CREATE TRIGGER event_delete BEFORE DELETE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)
BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END
""".strip(),
)

POSTGRESQL = (
    """
CREATE OR REPLACE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM erasing) THEN RAISE EXCEPTION 'the history is never changed'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
""".strip(),
    """
CREATE TRIGGER event_guard BEFORE UPDATE OR DELETE ON event
FOR EACH ROW EXECUTE FUNCTION refuse_to_change_history()
""".strip(),
    """
CREATE TRIGGER event_guard_all BEFORE TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history()
""".strip(),
)


def guard_events() -> None:
    """Let the triggers be made with the table. Both engines look for `erasing` when a trigger runs, not before."""

    @event.listens_for(table(Event), "after_create")
    def make_triggers(_target: Table, connection: Connection, **_options: Any) -> None:
        for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
            connection.exec_driver_sql(statement)
