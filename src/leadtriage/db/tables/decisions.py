"""The tables of what people decided: verdicts, snoozed questions, pairs of leads, persons to forget, spend."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime
from sqlmodel import Field

from leadtriage.db.tables.lead import ClusteredRow, Row


class Verdict(ClusteredRow, table=True):
    """A reviewer's verdict on a junk candidate, with the score and the ledger of that moment."""

    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    act: int
    kind: str
    """`review`, or `audit`: a second look at confirmed junk, which changes nothing."""
    verdict: str
    """`junk`, `rescue`, `nurture` or `ask`."""
    reason: str | None = None
    note: str | None = None
    by: str
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    score: int
    ceiling: int
    known: float
    grade: str
    criteria_digest: str
    ledger: list[dict[str, Any]] = Field(sa_column=Column("ledger", JSON))
    audited_id: int | None = None
    """The verdict that an audit looks at again."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class VerdictLine(ClusteredRow, table=True):
    """One flag of the lead at the time of the verdict."""

    lead_id: int = Field(primary_key=True)
    verdict_id: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    by: str
    """A person, a system, or `criteria`."""
    reason: str
    text: str
    rule: str | None = None
    """For `criteria`: the disqualifier's label, or the word for a low score."""
    evidence: str | None = None
    """For `criteria`: a digest of the rule and of the values that it saw, without time."""


class PutOff(ClusteredRow, table=True):
    """A question that a lead cannot answer yet, snoozed until a day."""

    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    act: int
    criterion: str
    by: str
    at: datetime = Field(sa_type=DateTime)
    again_on: date
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class PairDecision(ClusteredRow, table=True):
    """A person's decision on two likely duplicates; the smaller id comes first."""

    lead_id: int = Field(primary_key=True)
    other_lead_id: int = Field(primary_key=True)
    act: int = Field(primary_key=True)
    decision: str
    """`merged` or `apart`."""
    winner_id: int | None = None
    by: str
    at: datetime = Field(sa_type=DateTime)
    moved_keys: list[str] = Field(sa_column=Column("moved_keys", JSON))
    """The keys that a merge moved from the other lead to the winner."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class Forgotten(Row, table=True):
    """A keyed hash of what identified an erased person, so that no import brings them back."""

    digest: str = Field(primary_key=True)
    forgotten_on: date


class SecretKey(Row, table=True):
    """The key of these hashes; it never leaves the database."""

    name: str = Field(primary_key=True)
    value: str


class Erasing(Row, table=True):
    """Has a row only in a transaction that erases a person: it unlocks the append-only history."""

    act: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


class Spend(Row, table=True):
    """The cost of a source or campaign in a month. Rows never change: a correction is another row."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    month: date
    """Its first day."""
    day: date | None = None
    """The day, if the file has one: equal amounts of different days are not repetitions."""
    source: str
    source_comparable: str
    campaign: str | None = None
    campaign_comparable: str | None = None
    amount: int = Field(sa_type=BigInteger)
    """In minor units; negative if it corrects an earlier row."""
    currency: str
    note: str | None = None
    by: str
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    file: str | None = None
    """The file it was imported from."""
    sha256: str | None = None
    """The digest of that file, so that it is not imported twice."""
