"""Imports small files into a test database, and writes down what is in it afterwards in a form that can be compared."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

from sqlalchemy import Engine, select

from leadtriage.core.context import Act
from leadtriage.db import (
    Event,
    ExtraColumn,
    ImportBatch,
    Lead,
    LeadKey,
    LikelyDuplicate,
    Nomination,
    Touch,
    reading,
    table,
)
from leadtriage.importing import ImportOptions, ImportSummary, UndoSummary, import_file, undo_batch
from leadtriage.importing.normalize import DateOrder
from leadtriage.importing.parse import ReadOptions

FIRST_DAY = date(2026, 11, 16)
_DERIVED = ("email_domain", "batch_id", "changed_at", "observed_at", "imported_on", "merged_into", "removed_by")


def act_on(day: int, by: str = "Maria") -> Act:
    """An act at noon of a day, 1 being a Monday."""
    today = FIRST_DAY + timedelta(days=day - 1)
    at = datetime(today.year, today.month, today.day, 12)
    return Act(by=by, as_of=today, at=at, recorded_at=at - timedelta(hours=1))


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows, the header first, as a CSV file."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


def make_options(said: Mapping[str, Any] | None = None, *, dry_run: bool = False) -> ImportOptions:
    """Options from their names, as a case file or a test says them."""
    said = dict(said or {})
    order = said.pop("date_order", None)
    read = ReadOptions(**said.pop("read", {}))
    return ImportOptions(read=read, date_order=DateOrder(order) if order else None, dry_run=dry_run, **said)


def import_bytes(engine: Engine, content: bytes, day: int = 1, *, dry_run: bool = False, **said: Any) -> ImportSummary:
    """Import a file's bytes on a day."""
    return import_file(engine, None, make_options(said, dry_run=dry_run), act_on(day), stream=BytesIO(content))


def import_rows(engine: Engine, rows: Iterable[Sequence[str]], day: int = 1, **said: Any) -> ImportSummary:
    """Import rows, the header first."""
    return import_bytes(engine, write_csv(rows), day, **said)


def undo(engine: Engine, batch: int | None, day: int = 9) -> UndoSummary:
    """Take an import back."""
    assert batch is not None
    return undo_batch(engine, batch, act_on(day))


def counts(summary: ImportSummary) -> dict[str, int]:
    """The numbers of a summary that are not 0."""
    names = ("rows", "created", "updated", "unchanged", "merged", "rejected")
    assert summary.rows == sum(getattr(summary, name) for name in names[1:])
    return {name: getattr(summary, name) for name in names if getattr(summary, name)}


def read_table(engine: Engine, model: Any) -> list[dict[str, Any]]:
    """All rows of a table, in the order of their keys."""
    rows = table(model)
    with reading(engine) as connection:
        found = connection.execute(select(rows).order_by(*rows.primary_key.columns)).all()
    return [dict(row._mapping) for row in found]


def visible_leads(engine: Engine) -> list[dict[str, Any]]:
    """The leads that are there, with all their columns; extra columns under their headers."""
    headers = {f"c{row['id']}": row["header"] for row in read_table(engine, ExtraColumn)}
    leads = []
    for lead in read_table(engine, Lead):
        if lead["removed_by"] is None and lead["merged_into"] is None:
            extra = lead.pop("extra") or {}
            compared = lead.pop("extra_comparable") or {}
            lead |= {f"column:{headers[key]}": value for key, value in extra.items() if value is not None}
            lead["compared"] = {key: value for key, value in sorted(compared.items()) if value is not None}
            leads.append(lead)
    return leads


def describe_leads(engine: Engine) -> list[dict[str, Any]]:
    """What is known of the leads, for people to read: no derived columns, no empty ones."""
    described = []
    for lead in visible_leads(engine):
        for name in ("worked_here", "contact_dated"):
            lead[name] = lead[name] or None
        facts = {
            key: value.isoformat() if isinstance(value, date) else value
            for key, value in lead.items()
            if value is not None and key not in _DERIVED and key != "compared" and not key.endswith("_comparable")
        }
        described.append(facts)
    return described


def describe_events(engine: Engine) -> list[str]:
    """The history but for the creations, one line each."""
    lines = []
    for event in read_table(engine, Event):
        if event["kind"] != "created":
            parts = [event["lead_id"], event["kind"], event["field"], event["old"], "->", event["new"]]
            lines.append(" ".join(str(part) for part in parts if part is not None))
    return lines


def dump(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Everything that an import may change, whatever its batch is called."""
    models = (Lead, LeadKey, LikelyDuplicate, Event, Nomination, Touch, ExtraColumn, ImportBatch)
    return {model.__name__: read_table(engine, model) for model in models}


def dump_visible(engine: Engine) -> dict[str, Any]:
    """The leads that are there with what hangs on them, without the history and the books."""
    leads = visible_leads(engine)
    there = {lead["id"] for lead in leads}
    keys = [(key["key"], key["lead_id"]) for key in read_table(engine, LeadKey)]
    assert there.issuperset(lead for _, lead in keys), "a key leads to a lead that is not there"
    return {
        "leads": [{key: value for key, value in lead.items() if key != "changed_at"} for lead in leads],
        "keys": keys,
        "pairs": [(row["lead_id"], row["other_lead_id"]) for row in read_table(engine, LikelyDuplicate)],
        "nominations": _standing(engine, Nomination, there, "by", "reason"),
        "touches": _standing(engine, Touch, there, "on", "dated"),
    }


def _standing(engine: Engine, model: Any, there: set[int], *names: str) -> list[tuple[Any, ...]]:
    rows = read_table(engine, model)
    return sorted(
        (row["lead_id"], *(row[name] for name in names))
        for row in rows
        if row["lead_id"] in there and row["withdrawn_at"] is None
    )
