"""The parked leads: whose day has come, whom to write to meanwhile. Parking them is `triage.parking`'s."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import Stage
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.query import (
    COMPANY_COLUMN,
    GRADE_COLUMN,
    ID_COLUMN,
    NAME_COLUMN,
    OWNER_COLUMN,
    USUAL_LIMIT,
    CellRow,
    Filters,
    Row,
    ScoreSnapshot,
    cut_to_limit,
    fetch_rows,
    filter_conditions,
    may_be_contacted,
    one_more,
    read_score_snapshot,
    with_count,
)

_lead = table(Lead)
_score = table(LeadScore)

_COLUMNS = (
    ID_COLUMN,
    NAME_COLUMN,
    COMPANY_COLUMN,
    OWNER_COLUMN,
    GRADE_COLUMN,
    Column("score", "Score", keep=40, align="right"),
    Column("until", "Until", keep=97),
    Column("due", "Due", keep=96, shown="due_shown"),
    Column("contact_due", "Write by", keep=80),
    Column("reason", "Reason", keep=85),
    Column("last_touch", "Last touch", keep=50),
)


def list_nurture(
    connection: Connection,
    filters: Filters,
    as_of: date,
    *,
    only_due: bool = False,
    limit: int | None = USUAL_LIMIT,
) -> Table:
    """Return the parked leads: those whose day has come first, then those to be written to, then by their day.

    Columns: `id, name, company, owner, grade, score, until, due, contact_due, reason, last_touch`. `due` says whether
    the day has come, so that the lead is in the queue. `contact_due` is the lead's own clock while it is parked: the
    contact interval of the criteria (`follow_up.nurture`) after the last touch, or after it was parked, whichever is
    later, and its day at the latest; one that an import parked was parked for one such interval. Junk candidates and
    leads that may not be contacted are not among them.

    Args:
        only_due: only those whose day has come.
    """
    basis = read_score_snapshot(connection)
    interval = timedelta(days=int(basis.settings.get("nurture", 0)))
    statement = _select_parked(filters, as_of, interval)
    if only_due:
        statement = statement.where(_lead.c.nurture_until <= as_of)
    shown, more = cut_to_limit(fetch_rows(connection, statement, one_more(limit)), limit)
    found = Table(
        title="Parked leads",
        columns=_COLUMNS,
        rows=tuple(_present(row, basis, as_of, interval) for row in shown),
        notes=basis.notes,
        more=more,
    )
    return with_count(connection, found, statement)


def _select_parked(filters: Filters, as_of: date, interval: timedelta) -> Select[tuple[object, ...]]:
    columns = ("id", "name", "company", "owner", "nurture_until", "nurture_reason", "parked_on", "last_touch_on")
    until, since = _lead.c.nurture_until, _since()
    is_due = until <= as_of
    must_be_written_to = and_(_lead.c.parked_on.is_not(None), since <= as_of - interval)
    group = case((is_due, 0), (must_be_written_to, 1), else_=2)
    return (
        select(
            *(_lead.c[name] for name in columns),
            *(_score.c[name] for name in ("grade", "score", "known")),
        )
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        .where(
            _lead.c.stage == Stage.NURTURE.value,
            may_be_contacted(),
            func.coalesce(_score.c.candidate, literal(False)).is_(False),
            *filter_conditions(filters),
        )
        .order_by(group, case((group == 1, since), else_=until), _score.c.score.desc().nulls_last(), _lead.c.id.desc())
    )


def _since() -> ColumnElement[date]:
    """The day from which a parked lead's contact interval counts; an unknown one is left to the caller."""
    parked, touched = _lead.c.parked_on, _lead.c.last_touch_on
    return case((or_(touched.is_(None), touched <= parked), parked), else_=touched)


def _present(row: Row, basis: ScoreSnapshot, as_of: date, interval: timedelta) -> CellRow:
    until, parked = row["nurture_until"], row["parked_on"]
    is_due = until is not None and until <= as_of
    contact_due = until
    if parked is not None:
        contact_due = min(max(parked, row["last_touch_on"] or parked) + interval, until)
    return {
        **{key: row[key] for key in ("id", "name", "company", "owner", "grade", "score")},
        "grade_shown": basis.shown_grade(row["grade"], row["known"]),
        "until": until,
        "due": is_due,
        "due_shown": "now" if is_due else _say_when(until, as_of),
        "contact_due": contact_due,
        "reason": row["nurture_reason"],
        "last_touch": row["last_touch_on"],
    }


def _say_when(until: date | None, as_of: date) -> str | None:
    return None if until is None else f"in {format_count((until - as_of).days, 'day')}"
