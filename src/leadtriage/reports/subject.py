"""Everything that is held about a person, as one object: what is known, where it came from, and what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, or_, select

from leadtriage.db.lookup import leads_of_person
from leadtriage.db.of_persons import OF_LEAD, OF_PAIR
from leadtriage.db.schema import Event, ExtraColumn, ImportBatch, ImportReject, ImportRow, Lead, LeadKey, table
from leadtriage.errors import LeadNotFound
from leadtriage.importing.mentions import find_rejects, read_identity
from leadtriage.reports.history import say_event

_lead, _batch = table(Lead), table(ImportBatch)


def read_who(connection: Connection, lead_id: int) -> Mapping[str, Any]:
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
    read_who(connection, lead_id)
    ids = leads_of_person(connection, lead_id)
    found: dict[str, Any] = {
        "lead_id": ids[0],
        "leads": _read_leads(connection, ids),
        "keys": _rows(connection, table(LeadKey), ids, "lead_id", "original_lead_id"),
        "events": _read_events(connection, ids),
        "imported_rows": _read_rows(connection, ids),
        "rejected_rows": _read_rejects(connection, ids),
    }
    found |= {name: _rows(connection, table(model), ids, "lead_id") for name, model in OF_LEAD.items()}
    found |= {name: _rows(connection, table(model), ids, "lead_id", "other_lead_id") for name, model in OF_PAIR.items()}
    plain: dict[str, Any] = _plain(found)
    return plain


def _read_leads(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    headers = {f"c{number}": header for number, header in connection.execute(_headers())}
    leads = {lead["id"]: lead for lead in _rows(connection, _lead, ids, "id")}
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
    return [{"text": say_event(line), **line} for line in lines]


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


def _rows(connection: Connection, rows: Table, ids: Sequence[int], *columns: str) -> list[dict[str, Any]]:
    mine = or_(*(rows.c[column].in_(ids) for column in columns))
    statement = select(rows).where(mine).order_by(*rows.primary_key)
    return [dict(row) for row in connection.execute(statement).mappings()]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
