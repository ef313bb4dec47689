"""All leads, or those that a search finds: the list behind every number of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Select, UnaryExpression, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.vocabulary import OPEN_STAGES, FunnelStep
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.query import (
    CellRow,
    Filters,
    ListRequest,
    Row,
    fill_page,
    may_be_contacted,
    nurture_reason,
    pick_columns,
    present_lead,
    read_score_snapshot,
    select_leads,
    select_values,
)

_lead = table(Lead)
_score = table(LeadScore)

_COLUMNS = pick_columns(
    "id name company title email phone source campaign owner",
    Column("stage", "Stage", keep=70),
    "status qualified score ceiling grade known reason created",
    Column("last_touch", "Last contact", keep=25),
)


def list_leads(
    request: ListRequest,
    *,
    step: FunnelStep | None = None,
    backlog: bool = False,
    among: Select[tuple[int]] | None = None,
    answering: ColumnElement[bool] | None = None,
) -> Table:
    """Return leads of any stage, the last imported first; columns as in `docs/cli.md`.

    A lead that is not scored has no `score, ceiling, grade, known`. `reason` is why it is a junk candidate, was closed,
    or is in nurture.

    Args:
        step: only leads that count for this step of the funnel on the request's day.
        backlog: only leads that had expired on import and that nobody has contacted since.
        among: only leads with the ids that this selects.
        answering: only leads with a known answer: a condition on the lead.
    """
    conditions = [] if answering is None else [answering]
    filters = request.filters
    if step is not None:
        from leadtriage.reports.query import has_reached, select_cohort

        cohort = select_cohort(request.connection, filters, request.as_of)
        conditions.append(_lead.c.id.in_(select(cohort.c.lead_id).where(has_reached(cohort, step))))
        filters = replace(filters, owner=None)
    if among is not None:
        conditions.append(_lead.c.id.in_(among))
    if backlog:
        conditions += [_score.c.backlog, may_be_contacted()]
    return _list("Leads", replace(request, filters=filters), conditions, _lead.c.id.desc())


def find_leads(request: ListRequest, text: str) -> Table:
    """Return the leads that a text finds (see `Filters.text`), the highest score first."""
    by_score = _score.c.score.desc().nulls_last(), _lead.c.id.desc()
    return _list(f"Leads with “{text}”", replace(request, filters=replace(request.filters, text=text)), [], *by_score)


def _list(
    title: str, request: ListRequest, conditions: list[ColumnElement[bool]], *order: UnaryExpression[int]
) -> Table:
    snapshot = read_score_snapshot(request.connection)
    values = select_values(_COLUMNS, nurture_reason().label("nurture_reason"), _lead.c.outcome_reason)

    def present(rows: Sequence[Row]) -> Iterator[CellRow]:
        for row in rows:
            reason = row["reason"] or row["nurture_reason"] or row["outcome_reason"]
            yield present_lead(row, _COLUMNS, snapshot, request.as_of) | {"reason": reason}

    statement = select_leads(request.filters, *values).where(*conditions).order_by(*order)
    return fill_page(request.connection, request.limit, Table(title, _COLUMNS, ()), statement, present)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The leads to act on.

    Attributes:
        open: the ids of the open ones.
        closed: how many closed leads fit as well.
    """

    open: tuple[int, ...]
    closed: int


def choose_leads(connection: Connection, filters: Filters) -> Chosen:
    """Find the leads that `list_leads` lists by these filters."""
    statement = select_leads(filters, _lead.c.id, _lead.c.stage).order_by(_lead.c.id)
    rows = connection.execute(statement).all()
    wanted = tuple(row.id for row in rows if row.stage in OPEN_STAGES)
    return Chosen(wanted, len(rows) - len(wanted))
