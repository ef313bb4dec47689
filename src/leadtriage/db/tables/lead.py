"""The table of leads, and what all tables share.

Dates are calendar days. `at` is a time in the criteria's time zone, `recorded_at` is UTC. Money is in minor units.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Table
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel
from sqlmodel._compat import SQLModelConfig


class Row(SQLModel):
    """A row of one of our tables. Its validators are never used, so they are not built at every start."""

    model_config = SQLModelConfig(defer_build=True)

    @declared_attr.directive
    def __tablename__(cls) -> str:
        """Return the class name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class ClusteredRow(Row):
    """A row that SQLite stores in the order of its primary key, without a row id."""

    __table_args__ = {"sqlite_with_rowid": False}


def table(model: type[SQLModel]) -> Table:
    """Return the table of a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


class Lead(Row, table=True):
    """A person or company that may buy. Each text has its comparable form (`core.text`) beside it.

    The columns that most statements read come first: a database reads a row only as far as it must.
    """

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    stage: str
    created_on: date
    """The day it came in."""
    imported_on: date
    """The day of its first import. With `created_on` it tells whether the lead came in as backlog."""
    first_touch_on: date | None = None
    last_touch_on: date | None = None
    """The last proof of contact; an undated one has the day of its import."""
    contact_dated: bool | None = None
    """False if only a CRM status proves contact, without a date."""
    next_touch_on: date | None = None
    """The day for which a next contact was promised."""
    assigned_on: date | None = None
    qualified_on: date | None = None
    qualified_by: str | None = None
    """`score`, `crm`, or the person's name."""
    closed_on: date | None = None
    outcome_reason: str | None = None
    outcome_said_by: str | None = None
    """Who gave the reason: `lead` or `rep`."""
    outcome_amount: int | None = Field(default=None, sa_type=BigInteger)
    outcome_currency: str | None = None
    nurture_until: date | None = None
    nurture_reason: str | None = None
    parked_on: date | None = None
    """The day it was snoozed; its contact interval counts from here or from its last contact."""
    shelf_from: date | None = None
    """The day its shelf life starts again (rescued, back from nurture)."""
    worked_here: bool = False
    """Somebody here contacted, assigned or closed it."""
    do_not_contact: bool | None = None
    batch_id: int | None = None
    """The import that created it; None if added by hand."""
    merged_into: int | None = None
    removed_by: int | None = None
    """The act (`event.act`) that hid it."""
    source: str | None = None
    source_comparable: str | None = None
    campaign: str | None = None
    campaign_comparable: str | None = None
    owner: str | None = None
    owner_comparable: str | None = None
    name: str | None = None
    name_comparable: str | None = None
    first_name: str | None = None
    first_name_comparable: str | None = None
    last_name: str | None = None
    last_name_comparable: str | None = None
    email: str | None = None
    email_comparable: str | None = None
    email_domain: str | None = None
    email_domain_comparable: str | None = None
    email_kind: str | None = None
    phone: str | None = None
    phone_comparable: str | None = None
    company: str | None = None
    company_comparable: str | None = None
    title: str | None = None
    title_comparable: str | None = None
    industry: str | None = None
    industry_comparable: str | None = None
    country: str | None = None
    country_comparable: str | None = None
    state: str | None = None
    state_comparable: str | None = None
    city: str | None = None
    city_comparable: str | None = None
    website: str | None = None
    website_comparable: str | None = None
    need: str | None = None
    need_comparable: str | None = None
    status: str | None = None
    status_comparable: str | None = None
    signs_off: str | None = None
    employees: int | None = Field(default=None, sa_type=BigInteger)
    budget_amount: int | None = Field(default=None, sa_type=BigInteger)
    budget_currency: str | None = None
    revenue_amount: int | None = Field(default=None, sa_type=BigInteger)
    revenue_currency: str | None = None
    decides_on: date | None = None
    bounced: bool | None = None
    touches: int | None = Field(default=None, sa_type=BigInteger)
    unanswered_touches: int | None = Field(default=None, sa_type=BigInteger)
    replies: int | None = Field(default=None, sa_type=BigInteger)
    ask_for: str | None = None
    """The criterion whose question a reviewer wants asked first."""
    other_emails: str | None = None
    """Further addresses from the same cells, separated by commas."""
    other_phones: str | None = None
    crm_id: str | None = None
    """The source system's own id, as `SYSTEM:ID`."""
    extra: dict[str, str] | None = Field(default=None, sa_column=Column("extra", JSON(none_as_null=True)))
    """Columns that are not fields, as they came in: `c1` for the `extra_column` 1."""
    extra_comparable: dict[str, Any] | None = Field(
        default=None, sa_column=Column("extra_comparable", JSON(none_as_null=True))
    )
    """The same in comparable form: `c1` the text, `n1` the number if it is one."""
    observed_at: datetime = Field(sa_type=DateTime)
    """When its values were observed, except those with a `FieldOrigin`."""
    changed_at: datetime = Field(sa_type=DateTime)
    """When a value last changed, in UTC: if after its score, a new grade is due to data."""
