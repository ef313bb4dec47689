"""Stale leads: which clock of which lead has run out, grouped by owner. `score` sets the due days; this reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, false, func, literal, or_, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import Clock
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.query import (
    MOST_COUNTED,
    CellRow,
    Commands,
    Filters,
    ListRequest,
    Person,
    Row,
    ScoreSnapshot,
    fetch_rows,
    find_people,
    is_visible_score,
    may_be_contacted,
    one_more,
    pick_columns,
    present_lead,
    read_score_snapshot,
    select_scored,
    select_values,
)

_lead = table(Lead)
_score = table(LeadScore)

_DUE_COLUMNS = {
    Clock.FIRST_TOUCH: "first_touch_due",
    Clock.IDLE: "idle_due",
    Clock.PROMISED: "promised_due",
    Clock.EXPIRING: "expires_on",
}
_COLUMNS = pick_columns(
    "id",
    Column("name", "Name", keep=100, shown="name_shown"),
    "company",
    Column("owner", "Owner", keep=60, shown="owner_shown"),
    "grade",
    Column("score", "Score", keep=40, align="right"),
    Column("clock", "Clock", keep=97, shown="clock_shown"),
    Column("due", "Due", keep=79),
    Column("overdue_days", "Overdue", keep=96, align="right", kind="days"),
    Column("last_touch", "Last contact", keep=50, shown="last_touch_shown"),
    Column("stage", "Stage", keep=30),
    Column("leads", "Leads", keep=20, align="right"),
)


_Bounds = Mapping[Clock, date]
"""The clocks to list, each with the day before which a due day puts a lead on the list."""


@dataclass(frozen=True, slots=True)
class _Overdue:
    """A clock of a lead that has run out; the shelf life does so some days before it is due."""

    ran_out: date
    due: date
    clock: Clock
    lead: Row


@dataclass(frozen=True, slots=True)
class _Counts:
    """The leads of each owner, each lead once, and the rows of the whole list without the backlog."""

    leads: Mapping[str | None, int]
    rows: int


def list_stale(request: ListRequest, *, clocks: Collection[Clock] = ()) -> Table:
    """Return a row for each clock of each lead that has run out, grouped by owner, the longest overdue first.

    All names of a team member are one group, and so are all spellings of another name. `group_sizes` has all leads of
    each group, None where there are too many to count. A limit keeps the rows whose clocks ran out first.

    The backlog, leads that had expired on import, is one row per owner at the end of that owner's rows, with `leads`
    and without `id`. These rows take up to half of the limit, or what the others leave. `due` of `expiring` is the last
    day of the shelf life; `overdue_days` is negative until then. `last_touch` is None for leads not contacted.

    Args:
        clocks: only these; none for all.
    """
    limit, snapshot = request.limit, read_score_snapshot(request.connection)
    bounds = {
        clock: request.as_of + timedelta(days=snapshot.warn_days + 1 if clock is Clock.EXPIRING else 0)
        for clock in _DUE_COLUMNS
        if not clocks or clock in clocks
    }
    backlog_by_owner = _count_backlog(request) if not clocks or Clock.BACKLOG in clocks else {}
    found = _find_overdue(request, bounds)
    most = None if limit is None else max(limit, MOST_COUNTED)
    counts = _count_overdue(request, bounds, most)
    owners = *backlog_by_owner, *(row.lead["owner"] for row in found), *(counts.leads if counts else ())
    people = find_people(request.connection, owners)
    backlog_sizes = _add_up(backlog_by_owner, people)
    backlog = sorted(backlog_sizes.items(), key=lambda line: (-line[1], line[0].key or ""))
    lines = len(backlog) if limit is None else min(len(backlog), max(limit // 2, limit - len(found)))
    shown = found if limit is None else found[: limit - lines]
    more = len(shown) < len(found) or lines < len(backlog)
    groups: dict[Person, list[CellRow]] = {}
    for row in sorted(shown, key=lambda row: (row.due, row.lead["id"], row.clock)):
        person = people[row.lead["owner"]]
        groups.setdefault(person, []).append(_present(row, person, snapshot, request.as_of))
    for person, leads in backlog[:lines]:
        groups.setdefault(person, []).append(_present_backlog(person, leads))
    return Table(
        title="Stale leads",
        columns=_COLUMNS,
        rows=tuple(row for rows in groups.values() for row in rows),
        notes=(*snapshot.notes, _describe_backlog(request.filters)) if lines else snapshot.notes,
        group_by="owner",
        group_key="person",
        group_sizes=(
            {person.key: None for person in groups}
            if counts is None
            else {person.key: leads for person, leads in (_add_up(counts.leads, people) + backlog_sizes).items()}
        ),
        total=counts.rows + len(backlog) if more and counts is not None else None,
        more=more,
        more_than=most if more and counts is None else None,
    )


def select_idle(filters: Filters, as_of: date) -> Select[Any]:
    """Select `id`, `owner` and `owner_comparable` of the leads whose clock `idle` has run out."""
    columns = _lead.c.id, _lead.c.owner, _lead.c.owner_comparable
    return _select_overdue(filters, as_of, *columns).where(_has_run_out(_score, Clock.IDLE, as_of))


def _select_overdue(filters: Filters, as_of: date, *values: Any) -> Select[Any]:
    first = _score.c.next_due
    return select_scored(filters, *values).where(first.is_not(None), first < as_of, may_be_contacted())


def _has_run_out(rows: FromClause, clock: Clock, bound: date) -> ColumnElement[bool]:
    return rows.c[_DUE_COLUMNS[clock]] < bound


def _find_overdue(request: ListRequest, bounds: _Bounds) -> list[_Overdue]:
    """Return the rows whose clocks ran out first, one more than the limit where there are more.

    `next_due` is the first of a lead's clocks, and each lead has at least one row. So the leads that are due first have
    all rows that ran out first, and the same holds for each clock alone.
    """
    values = select_values(_COLUMNS, *(_score.c[column] for column in _DUE_COLUMNS.values()))
    overdue = _select_overdue(request.filters, request.as_of, *values)
    statements: list[tuple[Select[Any], Collection[Clock]]] = []
    for clock, bound in bounds.items():
        of_clock = overdue.where(_has_run_out(_score, clock, bound))
        statements.append((of_clock.order_by(_score.c[_DUE_COLUMNS[clock]], _score.c.lead_id), [clock]))
    if len(bounds) == len(_DUE_COLUMNS):
        statements = [(overdue.order_by(_score.c.next_due, _score.c.lead_id), bounds)]
    rows = [
        _Overdue(due - (bounds[clock] - request.as_of), due, clock, lead)
        for statement, clocks in statements
        for lead in fetch_rows(request.connection, statement, one_more(request.limit))
        for clock in clocks
        if (due := lead[_DUE_COLUMNS[clock]]) is not None and due < bounds[clock]
    ]
    rows.sort(key=lambda row: (row.ran_out, row.lead["id"]))
    return rows[: one_more(request.limit)]


def _count_overdue(request: ListRequest, bounds: _Bounds, most: int | None) -> _Counts | None:
    """Count the whole list; None where it has more leads than `most`."""
    due_days = (_score.c[column] for column in _DUE_COLUMNS.values())
    overdue = _select_overdue(request.filters, request.as_of, _lead.c.owner, *due_days)
    if len(bounds) < len(_DUE_COLUMNS):
        overdue = overdue.where(or_(false(), *(_has_run_out(_score, *bound) for bound in bounds.items())))
    leads = overdue.limit(one_more(most)).subquery()
    rows = sum((one_if(_has_run_out(leads, *bound)) for bound in bounds.items()), literal(0))
    by_owner = select(leads.c.owner, func.count(), func.sum(rows)).group_by(leads.c.owner)
    counts = request.connection.execute(by_owner).all()
    leads_of = {owner: number for owner, number, _ in counts}
    if most is not None and sum(leads_of.values()) > most:
        return None
    return _Counts(leads_of, sum(lines for _, _, lines in counts))


def _count_backlog(request: ListRequest) -> dict[str | None, int]:
    """Count the backlog by owner, in the index alone where no filter needs the leads."""
    if request.filters == Filters():
        owner = _score.c.owner
        statement = select(owner, func.count()).where(is_visible_score())
    else:
        owner = _lead.c.owner
        statement = select_scored(request.filters, owner, func.count()).where(may_be_contacted())
    rows = request.connection.execute(statement.where(_score.c.backlog).group_by(owner))
    return {row[0]: row[1] for row in rows}


def _add_up(leads: Mapping[str | None, int], people: Mapping[str | None, Person]) -> Counter[Person]:
    """Add up the leads of each person over all their names."""
    together = Counter[Person]()
    for owner, number in leads.items():
        together[people[owner]] += number
    return together


def _describe_backlog(filters: Filters) -> str:
    narrower = "" if filters.owner is not None else ", of one owner with --owner NAME"
    return f"Leads that had expired on import{narrower}: {Commands(filters).list_leads('--backlog')}"


def _present(row: _Overdue, person: Person, snapshot: ScoreSnapshot, as_of: date) -> CellRow:
    return present_lead(row.lead, _COLUMNS, snapshot, as_of) | {
        "owner_shown": person.name or "no owner",
        "person": person.key,
        "clock": row.clock.value,
        "clock_shown": row.clock.replace("_", " ").replace("touch", "contact"),
        "due": row.due,
        "overdue_days": (as_of - row.due).days,
        "last_touch_shown": None if row.lead["last_touch"] else "not contacted",
    }


def _present_backlog(person: Person, leads: int) -> CellRow:
    nothing: CellRow = dict.fromkeys(column.key for column in _COLUMNS)
    return nothing | {
        "owner": person.name,
        "owner_shown": person.name or "no owner",
        "person": person.key,
        "name_shown": f"{format_count(leads, 'lead')} expired on import",
        "clock": Clock.BACKLOG.value,
        "clock_shown": Clock.BACKLOG.value,
        "leads": leads,
    }
