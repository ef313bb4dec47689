"""The temporary tables of one import: rows as they were understood, before anything of the database changes.

They belong to one connection and vanish with it; writing to them locks nobody out.

What a file can say of a lead: each attribute with the columns that hold it, and how the history writes it.

One list serves staging, merging and undo, so that a column that is imported is also compared, logged and restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    FromClause,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    cast,
    literal,
)

from leadtriage.core.vocabulary import EventKind
from leadtriage.db import Lead, dialect, table
from leadtriage.importing.mapping import HeaderPlan


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that is known of a lead.

    Attributes:
        name: the lead field, as rules and the history name it.
        columns: of `lead` and of the staging table; the first tells whether there is a value at all.
        kind: the event that a change of it makes.
        is_money: an amount in minor units beside its currency.
    """

    name: str
    columns: tuple[str, ...]
    kind: EventKind = EventKind.FIELD
    is_money: bool = False

    def text(self, row: FromClause) -> ColumnElement[str]:
        """How the history writes the value: the plain text, or `AMOUNT CURRENCY` in minor units."""
        value: ColumnElement[str] = cast(row.c[self.columns[0]], String)
        if self.is_money:
            value = value + literal(" ") + row.c[self.columns[1]]
        return value


def _text(name: str, kind: EventKind = EventKind.FIELD) -> Attribute:
    return Attribute(name, (name, f"{name}_comparable"), kind)


ATTRIBUTES: tuple[Attribute, ...] = (
    _text("name"),
    _text("first_name"),
    _text("last_name"),
    Attribute("email", ("email", "email_comparable", "email_domain", "email_domain_comparable", "email_kind")),
    _text("phone"),
    _text("company"),
    _text("title"),
    _text("industry"),
    _text("country"),
    _text("state"),
    _text("city"),
    _text("website"),
    _text("need"),
    _text("source"),
    _text("campaign"),
    _text("owner", EventKind.OWNER),
    _text("status", EventKind.STATUS),
    Attribute("signs_off", ("signs_off",)),
    Attribute("employees", ("employees",)),
    Attribute("budget", ("budget_amount", "budget_currency"), is_money=True),
    Attribute("revenue", ("revenue_amount", "revenue_currency"), is_money=True),
    Attribute("decides_on", ("decides_on",)),
    Attribute("do_not_contact", ("do_not_contact",)),
    Attribute("bounced", ("bounced",)),
    Attribute("touches", ("touches",)),
    Attribute("unanswered_touches", ("unanswered_touches",)),
    Attribute("replies", ("replies",)),
    Attribute("outcome_reason", ("outcome_reason",)),
    Attribute("outcome_value", ("outcome_amount", "outcome_currency"), is_money=True),
    Attribute("other_emails", ("other_emails",)),
    Attribute("other_phones", ("other_phones",)),
    Attribute("crm_id", ("crm_id",)),
)
"""Everything that an import fills and a later one may change; the day a lead came in is not among them."""

BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}


def attributes_of(plan: HeaderPlan, source: str | None) -> tuple[Attribute, ...]:
    """Return the attributes that a file with these columns can fill."""
    fields = {column.field for column in plan.columns}
    filled = set(fields)
    if fields & {"name", "first_name", "last_name"}:
        filled |= {"name", "first_name", "last_name"}
    if fields & {"email", "contact"}:
        filled |= {"email", "other_emails"}
    if fields & {"phone", "contact"}:
        filled |= {"phone", "other_phones"}
    if fields & {"timeline"}:
        filled.add("decides_on")
    if fields & {"id"}:
        filled.add("crm_id")
    if source:
        filled.add("source")
    return tuple(attribute for attribute in ATTRIBUTES if attribute.name in filled)


ROW_COLUMNS: dict[str, Any] = {
    "row_id": Integer,
    "line": BigInteger,
    "cells": JSON,
    "problem": Text,
    "created_on": Date,
    "observed_at": DateTime,
    "meaning": String,
    "junk_reason": String,
    "junk_by": String,
    "touched_on": Date,
    "touch_dated": Boolean,
    "closed_on": Date,
    "extra": JSON(none_as_null=True),
    "extra_comparable": JSON(none_as_null=True),
    "own_id": Integer,
}
"""What every staged row has besides the attributes of its file. A `problem` is why it becomes no lead."""


@dataclass(frozen=True)
class Staging:
    """The temporary tables.

    Attributes:
        row: a row of the file, as understood.
        key: what identifies it; `rank` 1 is the source system's id, 2 an address, 3 a phone with a name, 4 all of it.
        first_key: for each key the first row that has it.
        match: rows that are a stored lead.
        member: rows that are the same lead as an earlier row, their `head`.
        place: for each accepted row its lead, and what became of it.
        change: what a row changes in a stored lead.
        origin: when a head's value was observed, where it came from another row at another time.
    """

    attributes: tuple[Attribute, ...]
    row: Table
    key: Table
    first_key: Table
    match: Table
    member: Table
    place: Table
    change: Table
    origin: Table

    @property
    def attribute_columns(self) -> tuple[str, ...]:
        """The columns of the attributes, in order."""
        return tuple(column for attribute in self.attributes for column in attribute.columns)

    @property
    def row_columns(self) -> tuple[str, ...]:
        """All columns of `row`, in the order in which `add_rows` takes them."""
        return (*ROW_COLUMNS, *self.attribute_columns)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All of them."""
        return (self.row, self.key, self.first_key, self.match, self.member, self.place, self.change, self.origin)


def create_staging(connection: Connection, attributes: Sequence[Attribute]) -> Staging:
    """Make the temporary tables for a file that can fill these attributes; those of an earlier try are dropped."""
    staging = _describe_staging(tuple(attributes), connection.dialect.name)
    metadata = staging.row.metadata
    metadata.drop_all(connection)
    metadata.create_all(connection, checkfirst=False)
    return staging


@lru_cache(maxsize=16)
def _describe_staging(attributes: tuple[Attribute, ...], engine: str) -> Staging:
    # Kept for the next file, since statements are compiled anew for each description of a table.
    metadata = MetaData()
    lead = table(Lead)

    def temporary(name: str, *columns: Column[Any], rowid: bool = True) -> Table:
        return Table(f"staged_{name}", metadata, *columns, prefixes=["TEMPORARY"], sqlite_with_rowid=rowid)

    def row_number() -> Column[Any]:
        return Column("row_id", Integer, primary_key=True, autoincrement=False)

    values = [Column(column, lead.c[column].type) for attribute in attributes for column in attribute.columns]
    staging = Staging(
        attributes=attributes,
        row=temporary(
            "row",
            *(
                Column(name, kind, primary_key=name == "row_id", autoincrement=False)
                for name, kind in ROW_COLUMNS.items()
            ),
            *values,
        ),
        key=temporary("key", Column("key", Text), Column("rank", Integer), Column("row_id", Integer)),
        first_key=temporary(
            "first_key",
            Column("key", Text, primary_key=True),
            Column("rank", Integer),
            Column("row_id", Integer),
            rowid=False,
        ),
        match=temporary("match", row_number(), Column("lead_id", Integer)),
        member=temporary("member", row_number(), Column("head", Integer)),
        place=temporary("place", row_number(), Column("lead_id", Integer), Column("outcome", String)),
        change=temporary(
            "change",
            Column("row_id", Integer),
            Column("lead_id", Integer),
            Column("field", String),
            Column("kind", String),
            Column("old", Text),
            Column("new", Text),
        ),
        origin=temporary(
            "origin",
            row_number(),
            Column("field", String, primary_key=True),
            Column("observed_at", DateTime),
            rowid=False,
        ),
    )
    row = staging.row.c
    for rare in (row.problem, row.own_id, row.junk_reason):
        dialect.add_partial_index(engine, row.row_id, rare.is_not(None))
    return staging


def add_rows(connection: Connection, staging: Staging, columns: Mapping[str, list[Any]]) -> None:
    """Stage rows, given column by column; a column that is left out is empty."""
    rows = zip(*columns.values(), strict=True)
    dialect.backend(connection).insert_rows(connection, staging.row, tuple(columns), rows)


def add_keys(connection: Connection, staging: Staging, keys: Iterable[tuple[str, int, int]]) -> None:
    """Stage keys: `(key, rank, row_id)`."""
    dialect.backend(connection).insert_rows(connection, staging.key, ("key", "rank", "row_id"), keys)
