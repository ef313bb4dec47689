"""The leads that came in within a period, in their state on a day: what the manager's reports count.

The past follows from the present and the history: the old value of the first later event is the value on that day. Days
that nobody recorded are unknown, so that no report takes the day of an import for them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    text,
)

from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import OPEN_STAGES, QUALIFIED_STAGES, DateBasis, EventKind, FunnelStep, Stage
from leadtriage.db import Event, Lead, LeadScore, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.query.filters import Filters, filter_conditions, is_owner, is_visible
from leadtriage.reports.query.periods import contacted_before, end_of, first_contact, known_day, was_closed_after

_lead, _score, _event = table(Lead), table(LeadScore), table(Event)

IN_TIME, LATE, NEVER = "in_time", "late", "never"
"""The first contact of a lead: within its clock, after it, or not recorded."""

_MOVED = text("event.kind IN ('stage', 'owner', 'qualified', 'undone')")
"""Written as in the index `event_moved`, so that SQLite uses it."""

_FIELDS = {EventKind.STAGE: "stage", EventKind.OWNER: "owner", EventKind.QUALIFIED: "qualified_by"}


@dataclass(frozen=True, slots=True)
class Members:
    """The leads of a cohort, for statements that need more of `lead` or only some of the leads.

    Attributes:
        rows: `lead` joined with its score and later moves.
        columns: the columns of `select_cohort` by name.
        where: whether a row is a member.
    """

    rows: FromClause
    columns: Mapping[str, ColumnElement[Any]]
    where: ColumnElement[bool]

    def select(self, name: str, only: Collection[str] = (), *where: ColumnElement[bool]) -> CTE:
        """Select the members that meet further conditions; `only` as in `select_cohort`."""
        columns = (column.label(key) for key, column in self.columns.items() if not only or key in only)
        return select(*columns).select_from(self.rows).where(self.where, *where).cte(name)


def select_cohort(connection: Connection, filters: Filters, as_of: date, only: Collection[str] = ()) -> CTE:
    """Select a row for each lead that fits and came in by `as_of`, in its state on that day.

    Columns, flags being 1 or 0:

    - `lead_id`, `came_in`, `stage`, `grade`, `reason` (why it was closed), `candidate` (now)
    - `source`, `campaign`, `owner`, each with its comparable form as `source_key`, ...
    - `qualified`, `assigned` (somebody has it), `won`; `touch`: `in_time`, `late` or `never`
    - `qualified_on`, `assigned_on`, `touched_on`, `closed_on`: None if it had not happened, or on an unknown day
    - `amount`, `currency`: what a won lead is worth, in minor units

    `reason`, `amount` and `currency` are None for a lead that changed its stage since: only their present values are
    stored.

    Args:
        only: the columns to select; none for all. Each column costs time over a million leads.
    """
    return find_members(connection, filters, as_of).select("cohort", only)


def find_members(connection: Connection, filters: Filters, as_of: date) -> Members:
    """Describe the leads that `select_cohort` selects."""
    later = {kind: _first_later(kind, as_of) for kind in _FIELDS} if _has_later_moves(connection, as_of) else {}
    closed_since = was_closed_after(as_of)  # imported as closed, with a day in the file
    stage_moves = later.get(EventKind.STAGE)
    stage = _value_then(stage_moves, case((closed_since, Stage.WORKING.value), else_=_lead.c.stage))
    owner = _value_then(later.get(EventKind.OWNER), _lead.c.owner)
    owner_key = _find_owner_key(connection, later.get(EventKind.OWNER))
    wanted = filter_conditions(replace(filters, owner=None))
    if filters.owner is not None:
        wanted.append(is_owner(owner_key, filters.owner))
    rows = _lead.outerjoin(_score, _score.c.lead_id == _lead.c.id)
    for moves in later.values():
        rows = rows.outerjoin(moves, moves.c.lead_id == _lead.c.id)
    won = stage == Stage.WON.value
    contacted = first_contact() <= as_of
    qualified = or_(_was_qualified(later.get(EventKind.QUALIFIED), as_of), stage.in_(QUALIFIED_STAGES))
    columns: dict[str, ColumnElement[Any]] = {
        "lead_id": _lead.c.id,
        "came_in": _lead.c.created_on,
        "stage": stage,
        "grade": _score.c.grade,
        "reason": _unless_moved(stage_moves, case((stage == _lead.c.stage, _lead.c.outcome_reason))),
        "candidate": one_if(_score.c.candidate),
        "source": _lead.c.source,
        "source_key": _lead.c.source_comparable,
        "campaign": _lead.c.campaign,
        "campaign_key": _lead.c.campaign_comparable,
        "owner": owner,
        "owner_key": owner_key,
        "qualified": one_if(qualified),
        "assigned": one_if(owner.is_not(None)),
        "won": one_if(won),
        "touch": case((not_(func.coalesce(contacted, literal(False))), NEVER), (_is_late(), LATE), else_=IN_TIME),
        "qualified_on": known_day(DateBasis.QUALIFIED, by=as_of),
        "assigned_on": known_day(DateBasis.ASSIGNED, by=as_of),
        "touched_on": known_day(DateBasis.TOUCHED, by=as_of),
        "closed_on": _find_closing_day(stage_moves, stage, as_of),
        "amount": _unless_moved(stage_moves, case((won, _lead.c.outcome_amount))),
        "currency": _unless_moved(stage_moves, case((won, _lead.c.outcome_currency))),
    }
    return Members(rows, columns, and_(is_visible(), _lead.c.created_on <= as_of, *wanted))


def has_reached(cohort: CTE, step: FunnelStep) -> ColumnElement[bool]:
    """Whether a lead of the cohort counts for a step of the funnel; each step is a part of the one before it.

    The three steps of the first contact are parts of `assigned`. `won` is a part of `qualified`, as a won lead may have
    no recorded contact or owner.
    """
    row = cohort.c
    assigned = and_(row.qualified == 1, row.assigned == 1)
    return {
        FunnelStep.LEADS: row.lead_id.is_not(None),
        FunnelStep.QUALIFIED: row.qualified == 1,
        FunnelStep.ASSIGNED: assigned,
        FunnelStep.TOUCHED_IN_TIME: and_(assigned, row.touch == IN_TIME),
        FunnelStep.TOUCHED_LATE: and_(assigned, row.touch == LATE),
        FunnelStep.NEVER_TOUCHED: and_(assigned, row.touch == NEVER),
        FunnelStep.WON: row.won == 1,
    }[step]


def _is_late() -> ColumnElement[bool]:
    """Whether a lead was contacted after its clock ran out; not if it had no clock or was contacted before its import.

    An undated contact counts on the day of its import.
    """
    late = and_(first_contact() > _score.c.touch_due, not_(contacted_before()))
    return func.coalesce(late, literal(False))


def _was_qualified(moves: Subquery | None, as_of: date) -> ColumnElement[bool]:
    is_qualified = func.coalesce(_lead.c.qualified_on <= as_of, literal(False))
    if moves is None:
        return is_qualified
    return case((moves.c.lead_id.is_not(None), moves.c.old.is_not(None)), else_=is_qualified)


def _has_later_moves(connection: Connection, as_of: date) -> bool:
    """Whether a stage, an owner or a qualification changed after that day."""
    moved = select(_event.c.lead_id).where(_event.c.at >= end_of(as_of), _MOVED)
    return bool(connection.execute(select(exists(moved))).scalar())


def _first_later(kind: EventKind, as_of: date) -> Subquery:
    """Select each lead's first change of a kind after that day; `old` is the value on that day."""
    place = func.row_number().over(partition_by=_event.c.lead_id, order_by=(_event.c.at, _event.c.id))
    of_kind = or_(
        _event.c.kind == kind.value, and_(_event.c.kind == EventKind.UNDONE.value, _event.c.field == _FIELDS[kind])
    )
    moves = (
        select(_event.c.lead_id, _event.c.old, place.label("place"))
        .where(_event.c.at >= end_of(as_of), _MOVED, of_kind)
        .subquery()
    )
    return select(moves.c.lead_id, moves.c.old).where(moves.c.place == 1).subquery(f"later_{kind.value}")


def _value_then(moves: Subquery | None, now: ColumnElement[Any]) -> ColumnElement[Any]:
    return now if moves is None else case((moves.c.lead_id.is_not(None), moves.c.old), else_=now)


def _unless_moved(moves: Subquery | None, now: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column of the present outcome; None for a lead that changed its stage since."""
    return now if moves is None else case((moves.c.lead_id.is_(None), now))


def _find_closing_day(moves: Subquery | None, stage: ColumnElement[str], as_of: date) -> ColumnElement[date]:
    """Return the day of the closing; for a lead that changed its stage since, the day on which a person closed it.

    The closing day by an import is unknown, as its file may have had an earlier one.
    """
    now = case((stage == _lead.c.stage, known_day(DateBasis.CLOSED, by=as_of)))
    if moves is None:
        return now
    by_a_person = (
        select(func.date(_event.c.at, type_=Date))
        .where(
            _event.c.lead_id == _lead.c.id,
            _event.c.kind == EventKind.STAGE.value,
            _event.c.new == moves.c.old,
            _event.c.batch_id.is_(None),
            _event.c.at < end_of(as_of),
        )
        .order_by(_event.c.id.desc())
        .limit(1)
        .correlate(_lead, moves)
        .scalar_subquery()
    )
    was_closed = moves.c.old.not_in([stage.value for stage in OPEN_STAGES])
    return case((moves.c.lead_id.is_(None), now), (was_closed, by_a_person))


def _find_owner_key(connection: Connection, moves: Subquery | None) -> ColumnElement[Any]:
    """Return the comparable owner; earlier names are folded here, as no database folds all letters."""
    if moves is None:
        return _lead.c.owner_comparable
    names = connection.execute(select(moves.c.old).where(moves.c.old.is_not(None)).distinct()).scalars().all()
    if not names:
        return case((moves.c.lead_id.is_not(None), None), else_=_lead.c.owner_comparable)
    folded = case({name: literal(comparable(name)) for name in names}, value=moves.c.old)
    return case((moves.c.lead_id.is_not(None), folded), else_=_lead.c.owner_comparable)
