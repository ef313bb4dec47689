"""The queue: which lead to work next, and the next step for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, case

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_day, format_weekday
from leadtriage.core.vocabulary import Dimension, Grade, Stage
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.query import (
    ListRequest,
    Rows,
    ScoreSnapshot,
    cut_to_limit,
    fetch_rows,
    may_be_contacted,
    one_more,
    pick_columns,
    present_lead,
    read_score_snapshot,
    select_scored,
    select_values,
    with_count,
)

_lead = table(Lead)
_score = table(LeadScore)

_COLUMNS = pick_columns(
    Column("rank", "#", keep=79, align="right"),
    "id name company title email phone source owner stage qualified score ceiling grade known",
    *(Column(side.value, side.value.capitalize(), keep=10, align="right") for side in Dimension),
    "age_days",
    Column("next_step", "Next step", keep=97),
)
_CLOCKS = ("promised_due", "first_touch_due", "idle_due")


def list_queue(request: ListRequest, *, needs_answers: bool = False) -> Table:
    """Return the leads to work now, the best next one first; columns as in `docs/cli.md`.

    They are open, not in nurture, no junk candidates, and may be contacted. The order is: grade, overdue first, score,
    potential, the newest (a fresh lead answers more readily), the latest id.

    Args:
        needs_answers: only leads that a few answers may qualify, the smallest gap first.
    """
    snapshot = read_score_snapshot(request.connection)
    queue = _select_queue(request)
    if needs_answers:
        # The gap is one score less each lead's own: the highest score has the smallest gap.
        queue = queue.where(_score.c.needs_answers)
        found = fetch_rows(request.connection, queue, one_more(request.limit))
    else:
        found = _fetch_by_rank(request)
    shown, more = cut_to_limit(found, request.limit)
    rows = tuple(
        present_lead(row, _COLUMNS, snapshot, request.as_of)
        | {"rank": rank, "next_step": format_next_step(row, snapshot, request.as_of)}
        for rank, row in enumerate(shown, 1)
    )
    title = "Leads that need answers" if needs_answers else "Queue"
    return with_count(request.connection, Table(title, _COLUMNS, rows, notes=snapshot.notes, more=more), queue)


def _fetch_by_rank(request: ListRequest) -> Rows:
    """Walk the index grade by grade, the overdue leads of each first, no further than the page."""
    found: Rows = []
    wanted = one_more(request.limit)
    for part in _select_parts(request):
        found += fetch_rows(request.connection, part, None if wanted is None else wanted - len(found))
        if wanted is not None and len(found) >= wanted:
            break
    return found


def _select_parts(request: ListRequest) -> Iterator[Select[Any]]:
    # As a CASE the clock does not tempt the planner away from the index in the list's order.
    overdue = case((_score.c.next_due < request.as_of, 1), else_=0)
    for grade in Grade:
        for is_overdue in (1, 0):
            yield _select_queue(request).where(_score.c.grade == grade.value, overdue == is_overdue)


def _select_queue(request: ListRequest) -> Select[Any]:
    of_score = (*_CLOCKS, "expires_on", "needs_answers", "next_criterion", "next_gain", *Dimension)
    more = _lead.c.bounced, _lead.c.last_touch_on, *(_score.c[name] for name in of_score)
    order = _score.c.score, _score.c.ceiling, _score.c.created_on, _score.c.lead_id
    return (
        select_scored(request.filters, *select_values(_COLUMNS, *more))
        .where(_score.c.queue_from.is_not(None), _score.c.queue_from <= request.as_of, may_be_contacted())
        .order_by(*(column.desc() for column in order))
    )


def format_next_step(row: Mapping[str, Any], snapshot: ScoreSnapshot, as_of: date) -> str:
    """Return the next step for a lead in a few words.

    The first that applies: no way to reach it, an overdue clock, a promise for today, a question that may qualify it,
    back from nurture, a first contact or follow-up in time, an expiring shelf life, any open question.

    Args:
        row: of `lead` and `lead_score`: `phone`, `email`, `bounced`, `stage`, `last_touch_on`, `first_touch_due`,
            `idle_due`, `promised_due`, `expires_on`, `needs_answers`, `next_criterion`, `next_gain`.
    """
    how = "call" if row["phone"] else "write"
    urgent = _describe_unreachable(row) or _describe_overdue(row, how, as_of)
    if urgent:
        return urgent
    if row["promised_due"] == as_of:
        return f"{how}: promised for today"
    question = _describe_question(row, snapshot)
    if question and row["needs_answers"]:
        return question
    if row["stage"] == Stage.NURTURE:
        return f"{how}: back from nurture"
    for due in (row[clock] for clock in _CLOCKS):
        if due is not None:
            what = how if due == row["first_touch_due"] else "follow up"
            return f"{what}: due today" if due == as_of else f"{what} by {format_weekday(due, as_of)}"
    expires_on = row["expires_on"]
    if expires_on is not None and (expires_on - as_of).days <= snapshot.warn_days:
        return f"decide: its shelf life ends {format_day(expires_on, as_of)}"
    return question or how


def _describe_unreachable(row: Mapping[str, Any]) -> str | None:
    if row["phone"]:
        return None
    if not row["email"]:
        return "find an e-mail address or phone number"
    return "fix e-mail: bounced" if row["bounced"] else None


def _describe_overdue(row: Mapping[str, Any], how: str, as_of: date) -> str | None:
    """Describe the clock that ran out first; the shelf life only where no other did."""
    due, clock = min(((row[clock], clock) for clock in _CLOCKS if row[clock] is not None), default=(as_of, ""))
    if due >= as_of:
        expires_on = row["expires_on"]
        is_past = expires_on is not None and expires_on < as_of
        return f"decide: past its shelf life {(as_of - expires_on).days} d" if is_past else None
    if clock == "promised_due":
        return f"keep the promise of {format_day(due, as_of)}"
    if clock == "first_touch_due":
        return f"{how}: first contact overdue {(as_of - due).days} d"
    last = row["last_touch_on"]
    return f"follow up: {'idle' if last else 'overdue'} {(as_of - (last or due)).days} d"


def _describe_question(row: Mapping[str, Any], snapshot: ScoreSnapshot) -> str | None:
    asked = snapshot.name_question(row["next_criterion"])
    if asked is None:
        return None
    return f"ask {asked}: up to +{row['next_gain']}" if row["next_gain"] else f"ask {asked}"
