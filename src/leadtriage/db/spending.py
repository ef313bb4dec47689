"""The table of what sources cost. What it is compared with is `reports`', how it is filled `triage`'s."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field

from leadtriage.db.lead import Row


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
