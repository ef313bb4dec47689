"""The tables of what people decided: verdicts, questions put off, pairs of leads, persons to forget.

What they did to a lead besides is in its columns and in `event`; how each is filled is `triage`'s.

The table of what sources cost. What it is compared with is `reports`', how it is filled `triage`'s.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime
from sqlmodel import Field

from leadtriage.db.tables.lead import Row

_WITHOUT_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}


class Verdict(Row, table=True):
    """What a reviewer said of a junk candidate, with the score and the ledger as they stood."""

    __table_args__ = _WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    act: int
    kind: str
    """`review` of a candidate, or `audit`: a second look at confirmed junk, which changes nothing."""
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
    """Of an audit: the id of the verdict that it looks at again."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class VerdictLine(Row, table=True):
    """One thing that had nominated the lead when the verdict was given."""

    __tablename__ = "verdict_line"
    __table_args__ = _WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    verdict_id: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    by: str
    """A person, a system, or `criteria`."""
    reason: str
    text: str
    rule: str | None = None
    """Of `criteria`: the disqualifier's label, or the word for a low score; None for a person or system."""
    evidence: str | None = None
    """Of `criteria`: a digest of the rule and of all that it saw, without time."""


class PutOff(Row, table=True):
    """A question that a lead cannot answer yet, and the day from which on it is asked again."""

    __tablename__ = "put_off"
    __table_args__ = _WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    act: int
    criterion: str
    by: str
    at: datetime = Field(sa_type=DateTime)
    again_on: date
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class PairDecision(Row, table=True):
    """What a person decided of two leads that may be one; the smaller id stands first."""

    __tablename__ = "pair_decision"
    __table_args__ = _WITHOUT_ROWID
    lead_id: int = Field(primary_key=True)
    other_lead_id: int = Field(primary_key=True)
    act: int = Field(primary_key=True)
    decision: str
    """`merged` or `apart`."""
    winner_id: int | None = None
    by: str
    at: datetime = Field(sa_type=DateTime)
    moved_keys: list[str] = Field(sa_column=Column("moved_keys", JSON))
    """Of a merge: the keys that now lead to the winner and led to the other before."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime)


class Forgotten(Row, table=True):
    """A keyed hash of something that identified an erased person, so that no import brings them back."""

    digest: str = Field(primary_key=True)
    forgotten_on: date


class SecretKey(Row, table=True):
    """The key of those hashes; it never leaves the database."""

    __tablename__ = "secret_key"
    name: str = Field(primary_key=True)
    value: str


class Erasing(Row, table=True):
    """Has a row only within the transaction that erases a person: as long, the history may be rewritten."""

    act: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


class Spend(Row, table=True):
    """What a source, or one of its campaigns, cost in a month. A line is never changed: a correction is another."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    month: date
    """Its first day."""
    day: date | None = None
    """The day of it that was told, where one was: equal sums of other days are no repetition."""
    source: str
    source_comparable: str
    campaign: str | None = None
    campaign_comparable: str | None = None
    amount: int = Field(sa_type=BigInteger)
    """In minor units; below 0 where it takes back a part of an earlier line."""
    currency: str
    note: str | None = None
    by: str
    at: datetime = Field(sa_type=DateTime)
    recorded_at: datetime = Field(sa_type=DateTime)
    file: str | None = None
    """The file that it was imported from."""
    sha256: str | None = None
    """Of that file's bytes: the same file adds nothing again."""
