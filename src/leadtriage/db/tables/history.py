"""The tables of imports, events and contacts: how each lead came in and what happened to it since."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, DateTime, insert, select, update
from sqlmodel import Field

from leadtriage.db.tables.lead import ClusteredRow, Row, table


class FieldOrigin(ClusteredRow, table=True):
    """When the current value of a field was observed, if not at `Lead.observed_at`."""

    lead_id: int = Field(primary_key=True)
    field: str = Field(primary_key=True)
    """A lead field, or `column:HEADER`."""
    observed_at: datetime = Field(sa_type=DateTime)
    batch_id: int | None = None
    act: int


class LeadKey(ClusteredRow, table=True):
    """What identifies a lead: `i:SYSTEM:ID`, `e:ADDRESS`, `r:ADDRESS|NAME` (role address), `p:PHONE|NAME`."""

    key: str = Field(primary_key=True)
    lead_id: int
    original_lead_id: int
    """The lead it was created for; differs from `lead_id` after a merge."""
    batch_id: int | None = None


class LikelyDuplicate(ClusteredRow, table=True):
    """Two likely duplicates that an import did not merge."""

    lead_id: int = Field(primary_key=True)
    other_lead_id: int = Field(primary_key=True)
    evidence: str
    batch_id: int | None = None


class ImportBatch(Row, table=True):
    """One import of one file."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    by: str
    file: str
    sha256: str
    options: str
    """A digest of the import options and of this version's rules for reading files."""
    system: str | None = None
    headers: list[str] = Field(sa_column=Column("headers", JSON))
    mapping: dict[str, Any] = Field(sa_column=Column("mapping", JSON))
    """The parse settings, by which an undo reads its rows again."""
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0
    rejected: int = 0
    warnings: int = 0
    undone_at: datetime | None = Field(default=None, sa_type=DateTime)
    undone_by: str | None = None


class ImportRow(ClusteredRow, table=True):
    """One row as it came in, and its lead."""

    lead_id: int = Field(primary_key=True)
    batch_id: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    outcome: str
    cells: list[str] = Field(sa_column=Column("cells", JSON))


class ImportReject(ClusteredRow, table=True):
    """A row without a lead, and the reason."""

    batch_id: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    reason: str
    cells: list[str] = Field(sa_column=Column("cells", JSON))


class HeaderMapping(Row, table=True):
    """The `--map` options for files with the same header."""

    headers_digest: str = Field(primary_key=True)
    mapping: dict[str, str] = Field(sa_column=Column("mapping", JSON))
    """Our field -> the file's header."""
    recorded_at: datetime = Field(sa_type=DateTime)


class Nomination(ClusteredRow, table=True):
    """A flag that a lead is junk, set by a person or a CRM status and not by the criteria."""

    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    by: str
    """A person's name, or the system with that status."""
    reason: str
    note: str | None = None
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    batch_id: int | None = None
    act: int | None = None
    """The act that created it; None for an import."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)
    withdrawn_act: int | None = None
    """The act that withdrew it: a verdict settles all flags of the lead."""


class Touch(ClusteredRow, table=True):
    """Proof of contact."""

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
    """The act that created it; None for an import."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class Event(ClusteredRow, table=True):
    """One line of the append-only history."""

    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    act: int
    """Groups the events of one command."""
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
    """What a person's act changed in the lead: column -> [before, after], dates as ISO text; else None."""
    undoes: int | None = None
    """The act that this event undoes."""


class IdBlock(Row, table=True):
    """The next free id of each kind. The database hands out none, so that the schema can be sharded by lead."""

    name: str = Field(primary_key=True)
    next_id: int = Field(sa_type=BigInteger)


def next_id(connection: Connection, name: str) -> int:
    """Return the first id that the next `reserve_ids` gives, for callers in a write transaction."""
    blocks = table(IdBlock)
    return connection.execute(select(blocks.c.next_id).where(blocks.c.name == name)).scalar() or 1


def reserve_ids(connection: Connection, name: str, count: int = 1) -> int:
    """Reserve consecutive ids in a write transaction and return the first: small numbers that people can type."""
    blocks = table(IdBlock)
    first = next_id(connection, name)
    moved = update(blocks).where(blocks.c.name == name).values(next_id=first + count)
    if not connection.execute(moved).rowcount:
        connection.execute(insert(blocks).values(name=name, next_id=first + count))
    return first
