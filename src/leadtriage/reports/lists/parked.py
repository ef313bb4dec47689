"""The leads in nurture: whose day has come, and whom to write to meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import Stage
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.query import (
    CellRow,
    ListRequest,
    Row,
    fill_page,
    may_be_contacted,
    pick_columns,
    present_lead,
    read_score_snapshot,
    select_leads,
    select_values,
)

_lead = table(Lead)
_score = table(LeadScore)

_COLUMNS = pick_columns(
    "id name company owner grade",
    Column("score", "Score", keep=40, align="right"),
    Column("until", "Until", keep=97),
    Column("due", "Due", keep=96, shown="due_shown"),
    Column("contact_due", "Write by", keep=80),
    Column("reason", "Reason", keep=85),
    "last_touch",
)


def list_nurture(request: ListRequest, *, only_due: bool = False) -> Table:
    """Return the leads in nurture: those whose day has come, then those to write to, then by their day.

    Columns as in `docs/cli.md`. `due` is whether the day has come, which puts the lead in the queue. `contact_due` is
    one contact interval of the criteria (`follow_up.nurture`) after the last contact or the start of nurture, whichever
    is later, and at most `until`. Junk candidates and leads that must not be contacted are left out.

    Args:
        only_due: only leads whose day has come.
    """
    as_of = request.as_of
    snapshot = read_score_snapshot(request.connection)
    interval = timedelta(days=int(snapshot.settings.get("nurture", 0)))

    def present(rows: Sequence[Row]) -> Iterator[CellRow]:
        for row in rows:
            until, parked_on = row["nurture_until"], row["parked_on"]
            is_due = until is not None and until <= as_of
            contact_due = until
            if parked_on is not None:
                contact_due = min(max(parked_on, row["last_touch"] or parked_on) + interval, until)
            wait = None if until is None else f"in {format_count((until - as_of).days, 'day')}"
            yield present_lead(row, _COLUMNS, snapshot, as_of) | {
                "until": until,
                "due": is_due,
                "due_shown": "now" if is_due else wait,
                "contact_due": contact_due,
                "reason": row["nurture_reason"],
            }

    statement = _select_in_nurture(request, interval)
    if only_due:
        statement = statement.where(_lead.c.nurture_until <= as_of)
    empty = Table("Leads in nurture", _COLUMNS, (), notes=snapshot.notes)
    return fill_page(request.connection, request.limit, empty, statement, present)


def _select_in_nurture(request: ListRequest, interval: timedelta) -> Select[Any]:
    until, since = _lead.c.nurture_until, _contact_interval_start()
    must_be_written_to = and_(_lead.c.parked_on.is_not(None), since <= request.as_of - interval)
    group = case((until <= request.as_of, 0), (must_be_written_to, 1), else_=2)
    values = select_values(_COLUMNS, until, _lead.c.nurture_reason, _lead.c.parked_on)
    return (
        select_leads(request.filters, *values, which=may_be_contacted())
        .where(_lead.c.stage == Stage.NURTURE.value, func.coalesce(_score.c.candidate, literal(False)).is_(False))
        .order_by(group, case((group == 1, since), else_=until), _score.c.score.desc().nulls_last(), _lead.c.id.desc())
    )


def _contact_interval_start() -> ColumnElement[date]:
    """The later of the start of nurture and the last contact; the caller excludes an unknown start."""
    parked_on, last = _lead.c.parked_on, _lead.c.last_touch_on
    return case((or_(last.is_(None), last <= parked_on), parked_on), else_=last)
