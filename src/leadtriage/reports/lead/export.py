"""All leads as a table that an import reads back, and everything held about one person as an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table as SqlTable, select

from leadtriage.core.errors import LeadNotFound
from leadtriage.core.money import format_exact_money
from leadtriage.core.tables import Column, Table
from leadtriage.core.text import fold
from leadtriage.core.vocabulary import Dimension
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
from leadtriage.reports.query import CellRow, Filters, Row, fetch_rows, select_leads

_lead, _score, _batch, _extra = table(Lead), table(LeadScore), table(ImportBatch), table(ExtraColumn)

_PERSON = ("name", "first_name", "last_name", "email", "other_emails", "phone", "other_phones", "company", "title")
_COMPANY = ("industry", "country", "state", "city", "website")
_ORIGIN = ("need", "source", "campaign", "owner", "status", "signs_off", "employees")
_MONEY = ("budget", "revenue", "outcome_value")
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
_SCORES = ("score", "ceiling", "grade", "known")

EXPORTED = (
    *("leadtriage_id", "crm_id", *_PERSON, *_COMPANY, *_ORIGIN, "budget", "revenue", "decides_on"),
    *("do_not_contact", "bounced", "touches", "unanswered_touches", "replies"),
    *("created", "first_touch", "last_touch", "next_touch", "stage", "nurture_until", "qualified_on", "qualified_by"),
    *("closed_on", "outcome_reason", "outcome_value", *_SCORES, *(f"score_{side}" for side in Dimension), "reason"),
)
"""The headers of an export, before the files' own columns."""

OWN_COLUMN_PREFIX = "column: "
"""Precedes a file's own header that equals one of `EXPORTED` or begins so itself; an import removes it once."""


def export_leads(connection: Connection, filters: Filters) -> Table:
    """Return all leads that fit, by id, with a column for everything that is known of them.

    The headers are `EXPORTED`: `leadtriage_id` (our id, by which an import finds the lead again), `crm_id`
    (`SYSTEM:ID`), the lead fields by name, days in ISO format, `decides_on` (the day behind `decides_in_days`), sums
    as `20000.00 USD`, booleans as true and false, several addresses in `other_emails` and `other_phones` with commas
    between them; then stage, outcome, scores (`score_fit` to `score_timing` are the subtotals) and the `reason` of a
    junk candidate. The files' own columns follow under their own headers.
    """
    scores = (_score.c[name].label(f"score_{name}") for name in (*_SCORES, *Dimension, "reason"))
    statement = select_leads(filters, _lead, *scores).order_by(_lead.c.id)
    rows = fetch_rows(connection, statement, None)
    used = {key for row in rows for key in row["extra"] or ()}
    extras = {key: header for key, header in _name_extras(connection).items() if key in used}
    headers = (*EXPORTED, *extras.values())
    columns = tuple(Column(header, header) for header in headers)
    return Table("Leads", columns, tuple(_present(row, extras) for row in rows))


def _name_extras(connection: Connection) -> dict[str, str]:
    """Return the header of each key in `extra`; all are different, as the files' own headers are."""
    ours = {fold(header) for header in EXPORTED}
    named: dict[str, str] = {}
    for number, header in connection.execute(select(_extra.c.id, _extra.c.header).order_by(_extra.c.id)):
        mistakable = fold(header) in ours or fold(header).startswith(OWN_COLUMN_PREFIX)
        named[f"c{number}"] = f"{OWN_COLUMN_PREFIX}{header}" if mistakable else header
    return named


def _present(row: Row, extras: Mapping[str, str]) -> CellRow:
    cells: CellRow = {header: row.get(header) for header in EXPORTED}
    cells["leadtriage_id"] = row["id"]
    for name in _MONEY:
        stem = name.removesuffix("_value")
        cells[name] = format_exact_money(row[f"{stem}_amount"], row[f"{stem}_currency"])
    for name, column in _DAYS.items():
        cells[name] = row[column]
    if row["contact_dated"] is False:
        # Only the day of the import is known; an import would read it as a date of contact.
        cells["first_touch"] = cells["last_touch"] = None
    for name in _SCORES:
        cells[name] = row[f"score_{name}"]
    cells["reason"] = row["score_reason"]
    stored: Mapping[str, Any] = row["extra"] or {}
    return cells | {header: stored.get(key) for key, header in extras.items()}


def read_lead_summary(connection: Connection, lead_id: int) -> Mapping[str, Any]:
    """Return `id, name, company, email` of a lead.

    Raises:
        LeadNotFound: no lead has this id.
    """
    columns = (_lead.c.id, _lead.c.name, _lead.c.company, _lead.c.email)
    found = connection.execute(select(*columns).where(_lead.c.id == lead_id)).mappings().first()
    if found is None:
        raise LeadNotFound(f"there is no lead {lead_id}", hint="look for it: leadtriage find TEXT")
    return dict(found)


def describe_subject(connection: Connection, lead_id: int) -> dict[str, Any]:
    """Return everything held about the person of a lead, in plain values for JSON.

    Keys: `lead_id`; `leads`, the lead and those merged with it, each with its known values and the files' own columns
    under `columns`; `imported_rows` and `rejected_rows` with their file and each cell under its header; `events` with a
    sentence each; `keys` that identify the person; and the stored rows of the other tables: `scores, touches,
    nominations, verdicts, verdict_lines, put_off, field_origins, likely_duplicates, pair_decisions`. Days and times are
    ISO texts.

    Raises:
        LeadNotFound: no lead has this id.
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
    headers = {f"c{number}": header for number, header in connection.execute(select(_extra.c.id, _extra.c.header))}
    leads = {lead["id"]: lead for lead in _rows(connection, _lead, _lead.c.id.in_(ids))}
    found = []
    for lead in (leads[lead_id] for lead_id in ids):
        extras = {headers.get(key, key): value for key, value in (lead.pop("extra") or {}).items()}
        known = {key: value for key, value in lead.items() if value is not None and not key.endswith("_comparable")}
        found.append(known | {"columns": extras})
    return found


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
    statement = _select_cells(row).where(row.c.lead_id.in_(ids)).order_by(row.c.batch_id, row.c.line)
    return [_name_cells(dict(line)) for line in connection.execute(statement).mappings()]


def _read_rejects(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    reject = table(ImportReject)
    found = []
    for batch, line, _ in list(find_rejects(connection, read_identity(connection, ids))):
        statement = _select_cells(reject).where(reject.c.batch_id == batch, reject.c.line == line)
        found.append(_name_cells(dict(connection.execute(statement).mappings().one())))
    return found


def _select_cells(rows: SqlTable) -> Select[Any]:
    of_batch = _batch.c.file, _batch.c.at.label("imported_at"), _batch.c.headers
    return select(rows, *of_batch).join(_batch, _batch.c.id == rows.c.batch_id)


def _name_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an imported row with each cell under its header; a repeated header gets its column number."""
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
