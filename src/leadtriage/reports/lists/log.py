"""The team's log: what happened to all leads, the last thing first; a lead's own story is told by `history`.

An act that is told by several lines, such as a contact with the counts that it moves, is told by its main one.

The imports, the last one first: what each brought, and whether it was taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.text import fold, format_author
from leadtriage.core.vocabulary import EventKind
from leadtriage.db import Event, ImportBatch, Lead, find_merged_leads, table
from leadtriage.reports.lead import format_event, repeats_another_event
from leadtriage.reports.query import USUAL_LIMIT, Rows, cut_to_limit, fetch_rows, one_more, times_within, with_count

_event, _lead, _batch = table(Event), table(Lead), table(ImportBatch)

_COLUMNS = (
    Column("at", "At", keep=90),
    Column("by", "By", keep=85, shown="by_shown"),
    Column("kind", "Kind", keep=20),
    Column("lead_id", "Lead", keep=95, align="right"),
    Column("name", "Name", keep=80),
    Column("company", "Company", keep=60),
    Column("text", "What happened", keep=100),
    Column("reason", "Reason", keep=3),
    Column("note", "Note", keep=2),
    Column("batch", "Batch", keep=1, align="right"),
)


@dataclass(frozen=True, slots=True)
class LogFilters:
    """What the log is limited to; a filter that is not given lets every line through.

    Attributes:
        since: the first day.
        until: the last day.
        by: who acted, without regard to case.
        kinds: one or more kinds of which a line has one.
        lead_id: one lead, with those that were merged into it.
    """

    since: date | None = None
    until: date | None = None
    by: str | None = None
    kinds: tuple[EventKind, ...] = ()
    lead_id: int | None = None


def list_history(
    connection: Connection, filters: LogFilters, *, limit: int | None = USUAL_LIMIT, details: bool = False
) -> Table:
    """Return what happened, in the order in which it was recorded, the last first. Columns as in `docs/cli.md`.

    Args:
        details: also the lines that say in other words what another line of the same act says.
    """
    wanted = _conditions(connection, filters)
    if not details:
        wanted.append(~repeats_another_event())
    # The page is found before names are looked up, so that a long history is walked once and lightly.
    chosen = select(_event.c.lead_id, _event.c.id).where(*wanted).order_by(_event.c.id.desc(), _event.c.lead_id)
    rows = _read(connection, chosen, one_more(limit))
    shown, more = cut_to_limit(rows, limit)
    found = Table("History", _COLUMNS, tuple(_present(row) for row in shown), more=more)
    return with_count(connection, found, chosen)


def list_act(connection: Connection, act: int, left: Collection[int] = ()) -> Table:
    """Return the lines of one act of a person, in their order, but for those of some leads.

    Args:
        left: the leads' ids.
    """
    chosen = select(_event.c.lead_id, _event.c.id).where(
        _event.c.act == act, _event.c.changes.is_not(None), ~repeats_another_event()
    )
    rows = _read(connection, chosen.order_by(_event.c.id.desc()), None)
    return Table("Taken back", _COLUMNS, tuple(_present(row) for row in reversed(rows) if row["lead_id"] not in left))


def _conditions(connection: Connection, filters: LogFilters) -> list[ColumnElement[bool]]:
    wanted = times_within(_event.c.at, filters.since, filters.until)
    if filters.by is not None:
        names = connection.execute(select(_event.c.by).distinct()).scalars()
        wanted.append(_event.c.by.in_([name for name in names if fold(name) == fold(filters.by)]))
    if filters.kinds:
        wanted.append(_event.c.kind.in_([kind.value for kind in filters.kinds]))
    if filters.lead_id is not None:
        wanted.append(_event.c.lead_id.in_(find_merged_leads(connection, filters.lead_id)))
    return wanted


def _read(connection: Connection, chosen: Select[Any], most: int | None) -> Rows:
    few = (chosen if most is None else chosen.limit(most)).subquery()
    statement = (
        select(_event, _lead.c.name, _lead.c.company, _batch.c.file)
        .join(few, and_(few.c.lead_id == _event.c.lead_id, few.c.id == _event.c.id))
        .join(_lead, _lead.c.id == _event.c.lead_id, isouter=True)
        .join(_batch, _batch.c.id == _event.c.batch_id, isouter=True)
        .order_by(_event.c.id.desc(), _event.c.lead_id)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def _present(row: Mapping[str, Any]) -> Mapping[str, Cell]:
    told = {key: row[key] for key in ("at", "by", "kind", "lead_id", "name", "company", "reason", "note")}
    return told | {"by_shown": format_author(row["by"]), "text": format_event(row), "batch": row["batch_id"]}


_COUNTS = {"rows": 90, "created": 85, "updated": 80, "unchanged": 40, "merged": 45, "rejected": 75}
"""What is counted of an import, and how dearly a narrow terminal keeps it."""

_IMPORT_COLUMNS = (
    Column("batch", "Batch", keep=100, align="right"),
    Column("at", "At", keep=82),
    Column("by", "By", keep=50),
    Column("file", "File", keep=95, kind="path"),
    Column("sha256", "SHA-256", keep=5),
    *(Column(key, key.capitalize(), keep=keep, align="right") for key, keep in _COUNTS.items()),
    Column("undone_at", "Undone at", keep=83),
)


def list_imports(connection: Connection, *, limit: int | None = USUAL_LIMIT) -> Table:
    """Return the imports, the last one first. Columns as in `docs/cli.md`; times are in the criteria's zone."""
    keys = [column.key for column in _IMPORT_COLUMNS if column.key != "batch"]
    statement = select(_batch.c.id.label("batch"), *(_batch.c[key] for key in keys)).order_by(_batch.c.id.desc())
    shown, more = cut_to_limit(fetch_rows(connection, statement, one_more(limit)), limit)
    return with_count(connection, Table("Imports", _IMPORT_COLUMNS, tuple(shown), more=more), statement)
