"""All that is known of the leads with their scores, under headers that our own import maps back.

Everything that is held about a person, as one object: what is known, where it came from, and what was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table as SqlTable, select

from leadtriage.core.errors import LeadNotFound
from leadtriage.core.money import format_exact_money
from leadtriage.core.tables import Column, Table
from leadtriage.core.text import fold
from leadtriage.db import (
    LEAD_TABLES,
    Event,
    ExtraColumn,
    ImportBatch,
    ImportReject,
    ImportRow,
    Lead,
    LeadScore,
    find_leads_of_person,
    table,
)
from leadtriage.importing import find_rejects, read_identity
from leadtriage.reports.lead.history import format_event
from leadtriage.reports.query import CellRow, Filters, Row, fetch_rows, filter_conditions, is_visible

_lead = table(Lead)
_score = table(LeadScore)
_extra = table(ExtraColumn)

_FIELDS = [
    "name",
    "first_name",
    "last_name",
    "email",
    "other_emails",
    "phone",
    "other_phones",
    "company",
    "title",
    "industry",
    "country",
    "state",
    "city",
    "website",
    "need",
    "source",
    "campaign",
    "owner",
    "status",
    "signs_off",
    "employees",
]
_MONEY = {
    "budget": ("budget_amount", "budget_currency"),
    "revenue": ("revenue_amount", "revenue_currency"),
    "outcome_value": ("outcome_amount", "outcome_currency"),
}
_DAYS = {
    "decides_on": "decides_on",
    "created": "created_on",
    "first_touch": "first_touch_on",
    "last_touch": "last_touch_on",
    "next_touch": "next_touch_on",
    "nurture_until": "nurture_until",
    "qualified_on": "qualified_on",
    "closed_on": "closed_on",
}
_SCORES = ["score", "ceiling", "grade", "known", "fit", "budget", "authority", "need", "timing"]

EXPORTED = (
    "leadtriage_id",
    "crm_id",
    *_FIELDS,
    "budget",
    "revenue",
    "decides_on",
    "do_not_contact",
    "bounced",
    "touches",
    "unanswered_touches",
    "replies",
    "created",
    "first_touch",
    "last_touch",
    "next_touch",
    "stage",
    "nurture_until",
    "qualified_on",
    "qualified_by",
    "closed_on",
    "outcome_reason",
    "outcome_value",
    "score",
    "ceiling",
    "grade",
    "known",
    *(f"score_{dimension}" for dimension in _SCORES[4:]),
    "reason",
)
"""The headers of an export, before the files' own columns."""

OWN_COLUMN_PREFIX = "column: "
"""Stands before a file's own header where that is one of `EXPORTED` as well, or begins so itself.

Taken off once, it leaves the file's own header: `importing.own_export` does that."""


def export_leads(connection: Connection, filters: Filters) -> Table:
    """Return all leads that fit, by id, with a column for everything that is known of them.

    The headers are `EXPORTED`: `leadtriage_id` (our own id, by which an import of this table finds the lead again),
    `crm_id` (`SYSTEM:ID`), the lead fields under their own names, days as ISO dates, `decides_on` (the day behind
    `decides_in_days`), sums as `20000.00 USD`, yes-no as true and false, several addresses in `other_emails` and
    `other_phones` with commas between them; then stage, outcome, scores (`score_fit` to `score_timing` are the five
    subtotals) and a candidate's `reason`. Behind them stand the files' own columns under their own headers, with
    `column: ` before a header that is one of ours or begins so.
    """
    statement = (
        select(_lead, *(_score.c[name].label(f"score_{name}") for name in (*_SCORES, "reason")))
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        .where(is_visible(), *filter_conditions(filters))
        .order_by(_lead.c.id)
    )
    rows = fetch_rows(connection, statement, None)
    used = {key for row in rows for key in row["extra"] or ()}
    extras = {key: header for key, header in _name_extras(connection).items() if key in used}
    headers = (*EXPORTED, *extras.values())
    columns = tuple(Column(header, header) for header in headers)
    return Table("Leads", columns, tuple(_present(row, extras) for row in rows))


def _name_extras(connection: Connection) -> dict[str, str]:
    """The header of each key in `extra`; no two are alike, since the files' own are not."""
    ours = {fold(header) for header in EXPORTED}
    named: dict[str, str] = {}
    for number, header in connection.execute(select(_extra.c.id, _extra.c.header).order_by(_extra.c.id)):
        mistakable = fold(header) in ours or fold(header).startswith(OWN_COLUMN_PREFIX)
        named[f"c{number}"] = f"{OWN_COLUMN_PREFIX}{header}" if mistakable else header
    return named


def _present(row: Row, extras: Mapping[str, str]) -> CellRow:
    cells: CellRow = {header: row.get(header) for header in EXPORTED}
    cells["leadtriage_id"] = row["id"]
    for name, (amount, currency) in _MONEY.items():
        cells[name] = format_exact_money(row[amount], row[currency])
    for name, column in _DAYS.items():
        cells[name] = row[column]
    if row["contact_dated"] is False:
        # Only the import's own day is known; read back, it would pass for a date of contact.
        cells["first_touch"] = cells["last_touch"] = None
    for name in _SCORES[:4]:
        cells[name] = row[f"score_{name}"]
    cells["reason"] = row["score_reason"]
    stored: Mapping[str, Any] = row["extra"] or {}
    return cells | {header: stored.get(key) for key, header in extras.items()}


_lead, _batch = table(Lead), table(ImportBatch)


def read_lead_summary(connection: Connection, lead_id: int) -> Mapping[str, Any]:
    """Who a lead is: `id, name, company, email`.

    Raises:
        LeadNotFound: there is no lead of this id.
    """
    columns = (_lead.c.id, _lead.c.name, _lead.c.company, _lead.c.email)
    found = connection.execute(select(*columns).where(_lead.c.id == lead_id)).mappings().first()
    if found is None:
        raise LeadNotFound(f"there is no lead {lead_id}", hint="look for it: leadtriage find TEXT")
    return dict(found)


def describe_subject(connection: Connection, lead_id: int) -> dict[str, Any]:
    """Return everything that is held about the person that a lead is, in plain values that JSON can hold.

    Keys: `lead_id`; `leads`, the lead and those that are one with it by merges, each with all that is known, and under
    `columns` the files' own columns; `imported_rows` and `rejected_rows` with their file and each cell under its
    header; `events` with a sentence each; `keys`, what the person is known by; and the rows of the other tables as they
    are stored: `scores, touches, nominations, verdicts, verdict_lines, put_off, field_origins, likely_duplicates,
    pair_decisions`. Days and times are ISO texts.

    Raises:
        LeadNotFound: there is no lead of this id.
    """
    read_lead_summary(connection, lead_id)
    ids = find_leads_of_person(connection, lead_id)
    found: dict[str, Any] = {
        "lead_id": ids[0],
        "leads": _read_leads(connection, ids),
        **{each.key: _rows(connection, table(each.model), each.belongs_to(ids)) for each in LEAD_TABLES},
        "events": _read_events(connection, ids),
        "imported_rows": _read_rows(connection, ids),
        "rejected_rows": _read_rejects(connection, ids),
    }
    plain: dict[str, Any] = _plain(found)
    return plain


def _read_leads(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    headers = {f"c{number}": header for number, header in connection.execute(_headers())}
    leads = {lead["id"]: lead for lead in _rows(connection, _lead, _lead.c.id.in_(ids))}
    told = []
    for lead in (leads[lead_id] for lead_id in ids):
        known = {
            name: value
            for name, value in lead.items()
            if value is not None and not name.endswith("_comparable") and name != "extra"
        }
        extras = {headers.get(key, key): value for key, value in (lead["extra"] or {}).items()}
        told.append(known | {"columns": extras})
    return told


def _headers() -> Any:
    extra = table(ExtraColumn)
    return select(extra.c.id, extra.c.header)


def _read_events(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    event = table(Event)
    statement = (
        select(event, _batch.c.file)
        .join(_batch, _batch.c.id == event.c.batch_id, isouter=True)
        .where(event.c.lead_id.in_(ids))
        .order_by(event.c.id)
    )
    lines = [dict(line) for line in connection.execute(statement).mappings()]
    return [{"text": format_event(line), **line} for line in lines]


def _read_rows(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    row = table(ImportRow)
    books = (_batch.c.file, _batch.c.at.label("imported_at"), _batch.c.headers)
    statement = (
        select(row, *books)
        .join(_batch, _batch.c.id == row.c.batch_id)
        .where(row.c.lead_id.in_(ids))
        .order_by(row.c.batch_id, row.c.line)
    )
    return [_name_cells(dict(line)) for line in connection.execute(statement).mappings()]


def _read_rejects(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    reject = table(ImportReject)
    told = []
    for batch, line, _ in list(find_rejects(connection, read_identity(connection, ids))):
        statement = (
            select(reject, _batch.c.file, _batch.c.at.label("imported_at"), _batch.c.headers)
            .join(_batch, _batch.c.id == reject.c.batch_id)
            .where(reject.c.batch_id == batch, reject.c.line == line)
        )
        told.append(_name_cells(dict(connection.execute(statement).mappings().one())))
    return told


def _name_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it came, each cell under its header; a header that comes twice is told apart by its place."""
    named: dict[str, str] = {}
    for place, cell in enumerate(row["cells"]):
        header = row["headers"][place] if place < len(row["headers"]) else ""
        named[header if header and header not in named else f"{header} (column {place + 1})".strip()] = cell
    return {key: value for key, value in row.items() if key not in ("cells", "headers")} | {"cells": named}


def _rows(connection: Connection, rows: SqlTable, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    statement = select(rows).where(condition).order_by(*rows.primary_key)
    return [dict(row) for row in connection.execute(statement).mappings()]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
