"""The attributes of a lead that a file can fill, and the temporary tables of one import.

Merging and undo use the same attributes, so every imported column is also compared, logged and restored. The temporary
tables belong to one connection: writing to them locks nobody out, and they vanish with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    """One attribute of a lead.

    Attributes:
        name: the lead field, as rules and the history name it.
        columns: its columns in `lead` and in the staging table; the first is NULL if there is no value.
        kind: the event that records a change.
        is_money: an amount in minor units with a currency.
    """

    name: str
    columns: tuple[str, ...]
    kind: EventKind = EventKind.FIELD
    is_money: bool = False

    def text(self, row: FromClause) -> ColumnElement[str]:
        """The value as the history writes it: plain text, or `AMOUNT CURRENCY` in minor units."""
        value: ColumnElement[str] = cast(row.c[self.columns[0]], String)
        if self.is_money:
            value = value + literal(" ") + row.c[self.columns[1]]
        return value


def _plain(*names: str) -> Iterator[Attribute]:
    return (Attribute(name, (name,)) for name in names)


def _texts(*names: str, kind: EventKind = EventKind.FIELD) -> Iterator[Attribute]:
    return (Attribute(name, (name, f"{name}_comparable"), kind) for name in names)


def _money(name: str) -> Attribute:
    stem = name.removesuffix("_value")
    return Attribute(name, (f"{stem}_amount", f"{stem}_currency"), is_money=True)


ATTRIBUTES: tuple[Attribute, ...] = (
    *_texts("name", "first_name", "last_name"),
    Attribute("email", ("email", "email_comparable", "email_domain", "email_domain_comparable", "email_kind")),
    *_texts("phone", "company", "title", "industry", "country", "state", "city", "website", "need", "source"),
    *_texts("campaign"),
    *_texts("owner", kind=EventKind.OWNER),
    *_texts("status", kind=EventKind.STATUS),
    *_plain("signs_off", "employees"),
    _money("budget"),
    _money("revenue"),
    *_plain("decides_on", "do_not_contact", "bounced", "touches", "unanswered_touches", "replies", "outcome_reason"),
    _money("outcome_value"),
    *_plain("other_emails", "other_phones", "crm_id"),
)
"""All attributes that an import fills and a later one may change. `created_on` never changes."""

BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}

_NAMES = ("name", "first_name", "last_name")
_FILLED_BY = (
    (_NAMES, _NAMES),
    (("email", "contact"), ("email", "other_emails")),
    (("phone", "contact"), ("phone", "other_phones")),
    (("timeline",), ("decides_on",)),
    (("id",), ("crm_id",)),
)
"""Any of these fields of a file fills these attributes."""


def attributes_of(plan: HeaderPlan, source: str | None) -> tuple[Attribute, ...]:
    """Return the attributes that a file can fill; `source` is the lead source for rows without one."""
    fields = {column.field for column in plan.columns}
    filled = fields | ({"source"} if source else set())
    for alternatives, attributes in _FILLED_BY:
        if fields.intersection(alternatives):
            filled.update(attributes)
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
"""Columns of every staged row, besides the attributes of its file. A row with a `problem` is rejected."""


@dataclass(frozen=True)
class Staging:
    """The temporary tables.

    Attributes:
        row: the parsed rows of the file.
        key: the keys of each row; `rank` orders them, see `keys.RANK_ID`.
        first_key: each key with the first row that has it.
        match: rows that are a stored lead.
        member: rows that are the same lead as an earlier row, the `leader` of their group.
        result: the lead and the outcome of each accepted row.
        change: what a row changes in a stored lead.
        origin: when a leader's value was observed, if it comes from another row of its group.
    """

    attributes: tuple[Attribute, ...]
    row: Table
    key: Table
    first_key: Table
    match: Table
    member: Table
    result: Table
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


@lru_cache(maxsize=16)
def define_staging(attributes: tuple[Attribute, ...], engine: str) -> Staging:
    """Define the temporary tables for a file that can fill these attributes, on `sqlite` or `postgresql`."""
    # Cached, since statements are compiled anew for each definition of a table.
    metadata = MetaData()
    lead = table(Lead)

    def temporary(name: str, *columns: Column[Any], rowid: bool = True) -> Table:
        return Table(f"staged_{name}", metadata, *columns, prefixes=["TEMPORARY"], sqlite_with_rowid=rowid)

    def row_id() -> Column[Any]:
        return Column("row_id", Integer, primary_key=True, autoincrement=False)

    def integers(*names: str) -> list[Column[Any]]:
        return [Column(name, Integer) for name in names]

    def strings(*names: str) -> list[Column[Any]]:
        return [Column(name, String) for name in names]

    first_key = Column("key", Text, primary_key=True)
    origin_field = Column("field", String, primary_key=True)
    row_columns = [Column(name, kind) for name, kind in ROW_COLUMNS.items() if name != "row_id"]
    values = [Column(column, lead.c[column].type) for attribute in attributes for column in attribute.columns]
    staging = Staging(
        attributes=attributes,
        row=temporary("row", row_id(), *row_columns, *values),
        key=temporary("key", Column("key", Text), *integers("rank", "row_id")),
        first_key=temporary("first_key", first_key, *integers("rank", "row_id"), rowid=False),
        match=temporary("match", row_id(), *integers("lead_id")),
        member=temporary("member", row_id(), *integers("leader")),
        result=temporary("result", row_id(), *integers("lead_id"), *strings("outcome")),
        change=temporary(
            "change",
            *integers("row_id", "lead_id"),
            *strings("field", "kind"),
            *(Column(name, Text) for name in ("old", "new")),
        ),
        origin=temporary("origin", row_id(), origin_field, Column("observed_at", DateTime), rowid=False),
    )
    row = staging.row.c
    for rare in (row.problem, row.own_id, row.junk_reason):
        dialect.add_partial_index(engine, row.row_id, rare.is_not(None))
    return staging


def create_staging(connection: Connection, staging: Staging) -> None:
    """Create the temporary tables; drop those of an earlier attempt."""
    metadata = staging.row.metadata
    metadata.drop_all(connection)
    metadata.create_all(connection, checkfirst=False)


def add_rows(connection: Connection, staging: Staging, columns: Mapping[str, list[Any]]) -> None:
    """Stage rows, given column by column; missing columns stay NULL."""
    dialect.backend(connection).insert_rows(
        connection, staging.row, tuple(columns), zip(*columns.values(), strict=True)
    )


def add_keys(connection: Connection, staging: Staging, keys: Iterable[tuple[str, int, int]]) -> None:
    """Stage keys: `(key, rank, row_id)`."""
    dialect.backend(connection).insert_rows(connection, staging.key, ("key", "rank", "row_id"), keys)
