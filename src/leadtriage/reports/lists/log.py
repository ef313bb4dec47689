"""What was done to all leads: the history of the team, the lines of one act, and the imports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import fold, format_author
from leadtriage.core.vocabulary import EventKind
from leadtriage.db import Event, ImportBatch, Lead, find_merged_leads, table
from leadtriage.reports.lead import format_event, repeats_another_event
from leadtriage.reports.query import (
    USUAL_LIMIT,
    CellRow,
    Row,
    Rows,
    cut_to_limit,
    fetch_rows,
    fill_page,
    one_more,
    times_within,
    with_count,
)

_event, _lead, _batch = table(Event), table(Lead), table(ImportBatch)

_EVENTS = (
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
_IMPORT_COUNTS = {"rows": 90, "created": 85, "updated": 80, "unchanged": 40, "merged": 45, "rejected": 75}
_IMPORTS = (
    Column("batch", "Batch", keep=100, align="right"),
    Column("at", "At", keep=82),
    Column("by", "By", keep=50),
    Column("file", "File", keep=95, kind="path"),
    Column("sha256", "SHA-256", keep=5),
    *(Column(key, key.capitalize(), keep=keep, align="right") for key, keep in _IMPORT_COUNTS.items()),
    Column("undone_at", "Undone at", keep=83),
)


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Which lines of the history to list; a filter that is not given lets every line through.

    Attributes:
        since: the first day.
        until: the last day.
        by: who acted; case does not matter.
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
    """Return what happened, the last recorded first; columns as in `docs/cli.md`.

    Args:
        details: include lines that repeat another line of the same act.
    """
    wanted = times_within(_event.c.at, filters.since, filters.until)
    if filters.by is not None:
        names = connection.execute(select(_event.c.by).distinct()).scalars()
        wanted.append(_event.c.by.in_([name for name in names if fold(name) == fold(filters.by)]))
    if filters.kinds:
        wanted.append(_event.c.kind.in_([kind.value for kind in filters.kinds]))
    if filters.lead_id is not None:
        wanted.append(_event.c.lead_id.in_(find_merged_leads(connection, filters.lead_id)))
    if not details:
        wanted.append(~repeats_another_event())
    chosen = _select_keys(*wanted)
    shown, more = cut_to_limit(_read(connection, chosen.limit(one_more(limit))), limit)
    return with_count(connection, Table("History", _EVENTS, tuple(_present(shown)), more=more), chosen)


def list_act(connection: Connection, act: int, left: Collection[int] = ()) -> Table:
    """Return the lines of one undone act in their order.

    Args:
        left: ids of leads to leave out.
    """
    wanted = _event.c.act == act, _event.c.changes.is_not(None), ~repeats_another_event()
    lines = [row for row in reversed(_read(connection, _select_keys(*wanted))) if row["lead_id"] not in left]
    return Table("Undone", _EVENTS, tuple(_present(lines)))


def list_imports(connection: Connection, *, limit: int | None = USUAL_LIMIT) -> Table:
    """Return the imports, the last one first; columns as in `docs/cli.md`, times in the criteria's time zone."""
    values = (_batch.c["id" if column.key == "batch" else column.key].label(column.key) for column in _IMPORTS)
    statement = select(*values).order_by(_batch.c.id.desc())
    return fill_page(connection, limit, Table("Imports", _IMPORTS, ()), statement, lambda rows: rows)


def _select_keys(*wanted: ColumnElement[bool]) -> Select[Any]:
    return select(_event.c.lead_id, _event.c.id).where(*wanted).order_by(_event.c.id.desc(), _event.c.lead_id)


def _read(connection: Connection, chosen: Select[Any]) -> Rows:
    # The page is found before names are looked up, so that a long history is walked once and lightly.
    page = chosen.subquery()
    statement = (
        select(_event, _lead.c.name, _lead.c.company, _batch.c.file)
        .join(page, and_(page.c.lead_id == _event.c.lead_id, page.c.id == _event.c.id))
        .join(_lead, _lead.c.id == _event.c.lead_id, isouter=True)
        .join(_batch, _batch.c.id == _event.c.batch_id, isouter=True)
        .order_by(_event.c.id.desc(), _event.c.lead_id)
    )
    return fetch_rows(connection, statement, None)


def _present(rows: Iterable[Row]) -> Iterator[CellRow]:
    for row in rows:
        shown = {"by_shown": format_author(row["by"]), "text": format_event(row), "batch": row["batch_id"]}
        yield {column.key: row.get(column.key) for column in _EVENTS} | shown
