"""The stale report: who owes which lead what since when. The due days were worked out by `score`; this reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, false, func, literal, or_, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import Clock
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.query import (
    COMPANY_COLUMN,
    GRADE_COLUMN,
    ID_COLUMN,
    MOST_COUNTED,
    USUAL_LIMIT,
    CellRow,
    Commands,
    Filters,
    Person,
    Row,
    ScoreSnapshot,
    fetch_rows,
    filter_conditions,
    find_people,
    is_visible_score,
    may_be_contacted,
    one_more,
    read_score_snapshot,
)

_lead = table(Lead)
_score = table(LeadScore)

_DUE_COLUMNS = {
    Clock.FIRST_TOUCH: "first_touch_due",
    Clock.IDLE: "idle_due",
    Clock.PROMISED: "promised_due",
    Clock.EXPIRING: "expires_on",
}
NO_CONTACT = "no contact recorded"

_COLUMNS = (
    ID_COLUMN,
    Column("name", "Name", keep=100, shown="name_shown"),
    COMPANY_COLUMN,
    Column("owner", "Owner", keep=60, shown="owner_shown"),
    GRADE_COLUMN,
    Column("score", "Score", keep=40, align="right"),
    Column("clock", "Clock", keep=97, shown="clock_shown"),
    Column("due", "Due", keep=79),
    Column("overdue_days", "Overdue", keep=96, align="right", kind="days"),
    Column("last_touch", "Last touch", keep=50, shown="last_touch_shown"),
    Column("stage", "Stage", keep=30),
    Column("leads", "Leads", keep=20, align="right"),
)

_CLOCK_WORDS = {
    Clock.FIRST_TOUCH: "first touch",
    Clock.IDLE: "idle",
    Clock.PROMISED: "promised",
    Clock.EXPIRING: "expiring",
    Clock.BACKLOG: "backlog",
}


@dataclass(frozen=True, slots=True)
class _Overdue:
    """One clock of one lead that has run out, or is about to: the shelf life is told of before its end."""

    ran_out: date
    due: date
    clock: Clock
    lead: Row


def list_stale(
    connection: Connection,
    filters: Filters,
    as_of: date,
    *,
    clocks: Collection[Clock] = (),
    limit: int | None = USUAL_LIMIT,
) -> Table:
    """Return a row for each clock of each lead that has run out, grouped by owner, the worst first.

    All spellings of a name, and all names of a member of the team, are one group.

    Where there are more rows than the limit, those stay whose clocks ran out first. The owner of the longest overdue
    row is on top, and each one's rows stand with the longest overdue first; `group_sizes` tells how many leads each has
    in all, None where nobody counted them so far. The backlog, leads that were past their shelf life when they came in,
    is one row per owner at the end of that owner's rows: `leads` counts it, `id` is None; these rows take up to half of
    the limit, or what the others leave of it. `due` of `expiring` is the last day of the shelf life, its `overdue_days`
    are below 0 while that day is still to come. `last_touch` is None where no contact was recorded, which does not mean
    that there was none.

    Args:
        clocks: only the rows of these; none for all.
    """
    basis = read_score_snapshot(connection)
    late_by_owner = _count_backlog(connection, filters) if not clocks or Clock.BACKLOG in clocks else {}
    found = _find_overdue(connection, filters, as_of, clocks, basis, limit)
    most = None if limit is None else max(limit, MOST_COUNTED)
    counted = _count_overdue(connection, filters, as_of, clocks, basis, most)
    owners = *late_by_owner, *(row.lead["owner"] for row in found), *(counted.leads if counted else ())
    desks = find_people(connection, owners)
    late_by_desk = _add_up(late_by_owner, desks)
    backlog = sorted(late_by_desk.items(), key=lambda line: (-line[1], line[0].key or ""))
    lines = len(backlog) if limit is None else min(len(backlog), max(limit // 2, limit - len(found)))
    shown = found if limit is None else found[: limit - lines]
    more = len(shown) < len(found) or lines < len(backlog)
    rows = tuple(_group_by_desk(shown, backlog[:lines], desks, basis, as_of))
    return Table(
        title="Stale leads",
        columns=_COLUMNS,
        rows=rows,
        notes=(*basis.notes, _tell_backlog(filters)) if lines else basis.notes,
        group_by="owner",
        group_key="desk",
        group_sizes=(
            dict.fromkeys(row["desk"] for row in rows)
            if counted is None
            else {desk.key: leads for desk, leads in (_add_up(counted.leads, desks) + late_by_desk).items()}
        ),
        total=counted.rows + len(backlog) if more and counted is not None else None,
        more=more,
        more_than=most if more and counted is None else None,
    )


def _find_overdue(
    connection: Connection,
    filters: Filters,
    as_of: date,
    clocks: Collection[Clock],
    basis: ScoreSnapshot,
    limit: int | None,
) -> list[_Overdue]:
    """Return the rows whose clocks ran out first, one more than the limit where there are more.

    A lead's `next_due` is the first of its clocks. Each lead gives a row at least, so that of as many leads as rows
    are wanted no later lead can have a row that ran out before theirs; the same holds for each clock alone.
    """
    rows: list[_Overdue] = []
    for clock in _due_clocks(clocks) if clocks else [None]:
        leads = fetch_rows(connection, _select_overdue(filters, as_of, clock, basis), one_more(limit))
        rows += (row for lead in leads for row in _run_out_clocks(lead, as_of, basis) if clock in (None, row.clock))
    rows.sort(key=lambda row: (row.ran_out, row.lead["id"]))
    return rows if limit is None else rows[: limit + 1]


def _due_clocks(clocks: Collection[Clock]) -> list[Clock]:
    """Those of some clocks that have a day of their own, all for none."""
    return [clock for clock in _DUE_COLUMNS if not clocks or clock in clocks]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What the whole list has besides the backlog: the leads of each owner, one for all its clocks, and the rows."""

    leads: Mapping[str | None, int]
    rows: int


def _count_overdue(
    connection: Connection,
    filters: Filters,
    as_of: date,
    clocks: Collection[Clock],
    basis: ScoreSnapshot,
    most: int | None,
) -> _Counted | None:
    """Count what the whole list has; None where more leads than `most` are on it."""
    wanted = _due_clocks(clocks)
    overdue = _select_overdue(filters, as_of, None, basis).order_by(None)
    if clocks:
        overdue = overdue.where(or_(false(), *(_has_run_out(_score, clock, as_of, basis) for clock in wanted)))
    leads = overdue.limit(one_more(most)).subquery()
    rows = sum((one_if(_has_run_out(leads, clock, as_of, basis)) for clock in wanted), literal(0))
    by_owner = select(leads.c.owner, func.count(), func.sum(rows)).group_by(leads.c.owner)
    counts = connection.execute(by_owner).all()
    counted = _Counted({owner: number for owner, number, _ in counts}, sum(lines for _, _, lines in counts))
    return None if most is not None and sum(counted.leads.values()) > most else counted


def _has_run_out(rows: FromClause, clock: Clock, as_of: date, basis: ScoreSnapshot) -> ColumnElement[bool]:
    return rows.c[_DUE_COLUMNS[clock]] < _bound(clock, as_of, basis)


def select_idle(filters: Filters, as_of: date) -> Select[Any]:
    """Select `id`, `owner` and `owner_comparable` of the leads that the list has under the clock `idle`."""
    columns = _lead.c.id, _lead.c.owner, _lead.c.owner_comparable
    return _select_overdue(filters, as_of, Clock.IDLE, ScoreSnapshot()).order_by(None).with_only_columns(*columns)


def _select_overdue(filters: Filters, as_of: date, clock: Clock | None, basis: ScoreSnapshot) -> Select[Any]:
    of_lead = ["id", "name", "company", "owner", "stage", "last_touch_on"]
    of_score = ("grade", "known", "score", *_DUE_COLUMNS.values())
    first = _score.c.next_due
    statement = (
        select(*(_lead.c[name] for name in of_lead), *(_score.c[name] for name in of_score))
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(first.is_not(None), first < as_of, may_be_contacted(), *filter_conditions(filters))
    )
    if clock is not None:
        first = _score.c[_DUE_COLUMNS[clock]]
        statement = statement.where(_has_run_out(_score, clock, as_of, basis))
    return statement.order_by(first, _score.c.lead_id)


def _bound(clock: Clock, as_of: date, basis: ScoreSnapshot) -> date:
    """The day before which a clock's day must be for its row to be on the list."""
    return as_of + timedelta(days=basis.warn_days + 1 if clock is Clock.EXPIRING else 0)


def _run_out_clocks(lead: Row, as_of: date, basis: ScoreSnapshot) -> Iterator[_Overdue]:
    for clock, column in _DUE_COLUMNS.items():
        due = lead[column]
        if due is None:
            continue
        ran_out = due - timedelta(days=basis.warn_days + 1) if clock is Clock.EXPIRING else due
        if ran_out < as_of:
            yield _Overdue(ran_out, due, clock, lead)


def _count_backlog(connection: Connection, filters: Filters) -> dict[str | None, int]:
    """Count the backlog by owner, in the index alone where no filter needs the leads."""
    number = func.count().label("leads")
    if filters == Filters():
        owner = _score.c.owner
        statement = select(owner, number).where(is_visible_score())
    else:
        owner = _lead.c.owner
        statement = (
            select(owner, number)
            .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
            .where(may_be_contacted(), *filter_conditions(filters))
        )
    rows = connection.execute(statement.where(_score.c.backlog).group_by(owner))
    return {row.owner: row.leads for row in rows}


def _add_up(leads: Mapping[str | None, int], desks: Mapping[str | None, Person]) -> Counter[Person]:
    """The leads at each desk, whatever the name that they stand under."""
    together = Counter[Person]()
    for owner, number in leads.items():
        together[desks[owner]] += number
    return together


def _tell_backlog(filters: Filters) -> str:
    one_desk = "" if filters.owner is not None else ", one desk's with --owner NAME"
    return f"The leads that were too old on arrival{one_desk}: {Commands(filters).list_leads('--backlog')}"


def _group_by_desk(
    overdue: Iterable[_Overdue],
    backlog: Iterable[tuple[Person, int]],
    desks: Mapping[str | None, Person],
    basis: ScoreSnapshot,
    as_of: date,
) -> Iterator[CellRow]:
    """The desk of the longest overdue row first; those with a backlog alone last, the largest of these first."""
    groups: dict[Person, list[CellRow]] = {}
    for row in sorted(overdue, key=lambda row: (row.due, row.lead["id"], row.clock)):
        desk = desks[row.lead["owner"]]
        groups.setdefault(desk, []).append(_present(row, desk, basis, as_of))
    for desk, leads in backlog:
        groups.setdefault(desk, []).append(_present_backlog(desk, leads))
    for rows in groups.values():
        yield from rows


def _present(row: _Overdue, desk: Person, basis: ScoreSnapshot, as_of: date) -> CellRow:
    lead = row.lead
    return {
        **{key: lead[key] for key in ("id", "name", "company", "owner", "grade", "score", "stage")},
        "owner_shown": desk.name or "no owner",
        "desk": desk.key,
        "grade_shown": basis.shown_grade(lead["grade"], lead["known"]),
        "clock": row.clock.value,
        "clock_shown": _CLOCK_WORDS[row.clock],
        "due": row.due,
        "overdue_days": (as_of - row.due).days,
        "last_touch": lead["last_touch_on"],
        "last_touch_shown": None if lead["last_touch_on"] else NO_CONTACT,
        "leads": None,
    }


def _present_backlog(desk: Person, leads: int) -> CellRow:
    nothing: CellRow = dict.fromkeys(column.key for column in _COLUMNS)
    return nothing | {
        "owner": desk.name,
        "owner_shown": desk.name or "no owner",
        "desk": desk.key,
        "name_shown": f"{format_count(leads, 'lead')} too old on arrival",
        "clock": Clock.BACKLOG.value,
        "clock_shown": _CLOCK_WORDS[Clock.BACKLOG],
        "leads": leads,
    }
