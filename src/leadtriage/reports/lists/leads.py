"""All leads, or those that a search finds: the list behind every number of a report.

The ids of the leads that filters choose, for an act on many at once. The act looks at each of them again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.vocabulary import OPEN_STAGES, FunnelStep
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.query import (
    CEILING_COLUMN,
    COMPANY_COLUMN,
    EMAIL_COLUMN,
    GRADE_COLUMN,
    ID_COLUMN,
    KNOWN_COLUMN,
    NAME_COLUMN,
    OWNER_COLUMN,
    PHONE_COLUMN,
    QUALIFIED_COLUMN,
    SCORE_COLUMN,
    SOURCE_COLUMN,
    TITLE_COLUMN,
    USUAL_LIMIT,
    CellRow,
    Filters,
    Row,
    ScoreSnapshot,
    cut_to_limit,
    fetch_rows,
    filter_conditions,
    is_visible,
    may_be_contacted,
    nurture_reason,
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
    TITLE_COLUMN,
    EMAIL_COLUMN,
    PHONE_COLUMN,
    SOURCE_COLUMN,
    Column("campaign", "Campaign", keep=20),
    OWNER_COLUMN,
    Column("stage", "Stage", keep=70),
    Column("status", "Status", keep=15),
    QUALIFIED_COLUMN,
    SCORE_COLUMN,
    CEILING_COLUMN,
    GRADE_COLUMN,
    KNOWN_COLUMN,
    Column("reason", "Reason", keep=32),
    Column("created", "Came in", keep=50),
    Column("last_touch", "Last touch", keep=25),
)


def list_leads(
    connection: Connection,
    filters: Filters,
    *,
    limit: int | None = USUAL_LIMIT,
    step: FunnelStep | None = None,
    as_of: date | None = None,
    backlog: bool = False,
    among: Select[tuple[int]] | None = None,
    answering: ColumnElement[bool] | None = None,
) -> Table:
    """Return leads of any stage, the one that came to this database last on top.

    Columns: `id, name, company, title, email, phone, source, campaign, owner, stage, status, qualified, score,
    ceiling, grade, known, reason, created, last_touch`. A lead that is not scored has no `score, ceiling, grade,
    known`; `reason` is a candidate's, or why the lead was closed or is parked.

    Args:
        step: only leads that count for this step of the funnel.
        as_of: the day on which they had come so far; needed with `step`.
        backlog: only leads that were past their shelf life when they came in and that nobody has touched since.
        among: only leads whose ids this selects: those behind a number of a report.
        answering: only leads of which this is true: that they have answered a criterion.
    """
    basis = read_score_snapshot(connection)
    statement = _select_leads(filters)
    if step is not None and as_of is not None:
        from leadtriage.reports.query import has_reached, select_cohort

        cohort = select_cohort(connection, filters, as_of)
        statement = _select_leads(replace(filters, owner=None)).where(
            _lead.c.id.in_(select(cohort.c.lead_id).where(has_reached(cohort, step)))
        )
    if among is not None:
        statement = statement.where(_lead.c.id.in_(among))
    if answering is not None:
        statement = statement.where(answering)
    if backlog:
        statement = statement.where(_score.c.backlog, may_be_contacted())
    return _list("Leads", connection, statement.order_by(_lead.c.id.desc()), basis, limit)


def find_leads(connection: Connection, text: str, *, limit: int | None = USUAL_LIMIT) -> Table:
    """Return the leads in whose name, company, e-mail addresses or phone numbers every word of the text stands.

    The highest score is on top. A text of digits is looked for in phone numbers however these are written. A word with
    a digit may also be the whole id that a source system gave the lead.
    """
    basis = read_score_snapshot(connection)
    best_first = (_score.c.score.desc().nulls_last(), _lead.c.id.desc())
    statement = _select_leads(Filters(text=text)).order_by(*best_first)
    return _list(f"Leads with “{text}”", connection, statement, basis, limit)


def _list(title: str, connection: Connection, statement: Select[Any], basis: ScoreSnapshot, limit: int | None) -> Table:
    shown, more = cut_to_limit(fetch_rows(connection, statement, one_more(limit)), limit)
    found = Table(title, _COLUMNS, tuple(_present(row, basis) for row in shown), more=more)
    return with_count(connection, found, statement)


def _select_leads(filters: Filters) -> Select[Any]:
    of_lead = [
        "id",
        "name",
        "company",
        "title",
        "email",
        "phone",
        "source",
        "campaign",
        "owner",
        "stage",
        "status",
        "qualified_on",
        "created_on",
    ]
    of_score = ["score", "ceiling", "grade", "known", "reason"]
    return (
        select(
            *(_lead.c[name] for name in (*of_lead, "last_touch_on", "outcome_reason")),
            nurture_reason().label("parked_for"),
            *(_score.c[name] for name in of_score),
        )
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        .where(is_visible(), *filter_conditions(filters))
    )


def _present(row: Row, basis: ScoreSnapshot) -> CellRow:
    return {
        **{column.key: row.get(column.key) for column in _COLUMNS},
        "qualified": row["qualified_on"],
        "grade_shown": basis.shown_grade(row["grade"], row["known"]),
        "reason": row["reason"] or row["parked_for"] or row["outcome_reason"],
        "created": row["created_on"],
        "last_touch": row["last_touch_on"],
    }


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which leads: the open ones by their ids, and how many closed ones the filters let through besides."""

    open: tuple[int, ...]
    closed: int


def choose_leads(connection: Connection, filters: Filters) -> Chosen:
    """Find the leads that `leads` lists by these filters."""
    statement = (
        select(_lead.c.id, _lead.c.stage)
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        .where(is_visible(), *filter_conditions(filters))
        .order_by(_lead.c.id)
    )
    rows = connection.execute(statement).all()
    wanted = tuple(row.id for row in rows if row.stage in OPEN_STAGES)
    return Chosen(wanted, len(rows) - len(wanted))
