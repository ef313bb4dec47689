"""The queue: which lead to work next. What is due and what to ask was worked out by `score`; this reads a page.

What to do with a lead next, in a few words: for the rows of one page, from what the last run of `score` left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, case, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_day, format_weekday
from leadtriage.core.vocabulary import Dimension, Grade, Stage
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.query import (
    AGE_COLUMN,
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
    STAGE_COLUMN,
    TITLE_COLUMN,
    USUAL_LIMIT,
    CellRow,
    Filters,
    Row,
    Rows,
    ScoreSnapshot,
    cut_to_limit,
    fetch_rows,
    filter_conditions,
    may_be_contacted,
    one_more,
    read_score_snapshot,
    with_count,
)


def format_next_step(row: Mapping[str, Any], basis: ScoreSnapshot, as_of: date) -> str:
    """Return the next step for a lead.

    In this order: no way to reach it; the clock that ran out first; what was promised for today; the question whose
    answer may qualify it; back from nurture; the first touch or the follow-up that is still in time; any open
    question.

    Args:
        row: of `lead` and `lead_score`: `phone`, `email`, `bounced`, `stage`, `last_touch_on`, `first_touch_due`,
            `idle_due`, `promised_due`, `expires_on`, `needs_answers`, `next_criterion`, `next_gain`.
    """
    unreachable = _say_unreachable(row)
    if unreachable:
        return unreachable
    overdue = _say_overdue(row, as_of)
    if overdue:
        return overdue
    how = "call" if row["phone"] else "write"
    if row["promised_due"] == as_of:
        return f"{how}: promised for today"
    question = _say_question(row, basis)
    if question and row["needs_answers"]:
        return question
    if row["stage"] == Stage.NURTURE:
        return f"{how}: back from nurture"
    for due in (row["promised_due"], row["first_touch_due"], row["idle_due"]):
        if due is not None:
            what = how if due == row["first_touch_due"] else "follow up"
            return f"{what}: due today" if due == as_of else f"{what} by {format_weekday(due, as_of)}"
    return _say_expiring(row, basis, as_of) or question or how


def _say_unreachable(row: Mapping[str, Any]) -> str | None:
    if row["phone"]:
        return None
    if not row["email"]:
        return "find an e-mail address or phone number"
    return "fix e-mail: bounced" if row["bounced"] else None


def _say_overdue(row: Mapping[str, Any], as_of: date) -> str | None:
    """The clock that ran out first; the end of the shelf life only where no other has."""
    clocks = [(row[key], key) for key in ("promised_due", "first_touch_due", "idle_due") if row[key] is not None]
    due, key = min(clocks, default=(as_of, ""))
    if due >= as_of:
        expires_on = row["expires_on"]
        return _say_expired(expires_on, as_of) if expires_on is not None and expires_on < as_of else None
    if key == "promised_due":
        return f"keep the promise of {format_day(due, as_of)}"
    if key == "first_touch_due":
        return f"{'call' if row['phone'] else 'write'}: first touch overdue {(as_of - due).days} d"
    last = row["last_touch_on"]
    return f"follow up: {'idle' if last else 'overdue'} {(as_of - (last or due)).days} d"


def _say_expired(expires_on: date, as_of: date) -> str:
    return f"decide: past its shelf life {(as_of - expires_on).days} d"


def _say_expiring(row: Mapping[str, Any], basis: ScoreSnapshot, as_of: date) -> str | None:
    expires_on = row["expires_on"]
    if expires_on is None or (expires_on - as_of).days > basis.warn_days:
        return None
    return f"decide: its shelf life ends {format_day(expires_on, as_of)}"


def _say_question(row: Mapping[str, Any], basis: ScoreSnapshot) -> str | None:
    asked = basis.question(row["next_criterion"])
    if asked is None:
        return None
    gain = row["next_gain"]
    return f"ask {asked}: up to +{gain}" if gain else f"ask {asked}"


_lead = table(Lead)
_score = table(LeadScore)

_LEAD_COLUMNS = [
    "id",
    "name",
    "company",
    "title",
    "email",
    "phone",
    "source",
    "owner",
    "stage",
    "qualified_on",
    "created_on",
    "bounced",
    "last_touch_on",
]
_SCORE_COLUMNS = [
    "score",
    "ceiling",
    "grade",
    "known",
    "fit",
    "budget",
    "authority",
    "need",
    "timing",
    "first_touch_due",
    "idle_due",
    "promised_due",
    "expires_on",
    "needs_answers",
    "next_criterion",
    "next_gain",
]

_COLUMNS = (
    Column("rank", "#", keep=79, align="right"),
    ID_COLUMN,
    NAME_COLUMN,
    COMPANY_COLUMN,
    TITLE_COLUMN,
    EMAIL_COLUMN,
    PHONE_COLUMN,
    SOURCE_COLUMN,
    OWNER_COLUMN,
    STAGE_COLUMN,
    QUALIFIED_COLUMN,
    SCORE_COLUMN,
    CEILING_COLUMN,
    GRADE_COLUMN,
    KNOWN_COLUMN,
    *(Column(side.value, side.value.capitalize(), keep=10, align="right") for side in Dimension),
    AGE_COLUMN,
    Column("next_step", "Next step", keep=97),
)


def list_queue(
    connection: Connection,
    filters: Filters,
    as_of: date,
    *,
    limit: int | None = USUAL_LIMIT,
    needs_answers: bool = False,
) -> Table:
    """Return the leads to work now, the best next one first.

    These are the open, unparked leads that are no junk candidates and may be contacted, by grade, then those of which
    a clock has run out, then by score, by what they could reach, the newest first (a fresh lead answers more
    readily), and the latest id. Columns as in `docs/cli.md`; `qualified` is the day since when, or None; `known` a
    share of 1.

    Args:
        limit: the most rows; None for all.
        needs_answers: only those that one more answer or a few may qualify, the smallest gap first.
    """
    basis = read_score_snapshot(connection)
    ranked = (
        _by_gap(connection, filters, as_of, limit) if needs_answers else _by_rank(connection, filters, as_of, limit)
    )
    shown, more = cut_to_limit(ranked, limit)
    found = Table(
        title="Leads that need answers" if needs_answers else "Queue",
        columns=_COLUMNS,
        rows=tuple(_present(rank, row, basis, as_of) for rank, row in enumerate(shown, 1)),
        notes=basis.notes,
        more=more,
    )
    everything = _in_queue(filters, as_of)
    return with_count(connection, found, everything.where(_score.c.needs_answers) if needs_answers else everything)


def _by_rank(connection: Connection, filters: Filters, as_of: date, limit: int | None) -> Rows:
    """Walk the index grade by grade, the overdue ones of each first, no further than the page."""
    found: Rows = []
    wanted = one_more(limit)
    for part in _parts(filters, as_of):
        left = None if wanted is None else wanted - len(found)
        found += fetch_rows(connection, part, left)
        if wanted is not None and len(found) >= wanted:
            break
    return found


def _parts(filters: Filters, as_of: date) -> Iterator[Select[Any]]:
    # As a CASE the clock is no reason for the planner to leave the index that is in the order of the list.
    overdue = case((_score.c.next_due < as_of, 1), else_=0)
    for grade in Grade:
        for is_overdue in (1, 0):
            yield _in_queue(filters, as_of).where(_score.c.grade == grade.value, overdue == is_overdue)


def _by_gap(connection: Connection, filters: Filters, as_of: date, limit: int | None) -> Rows:
    """The gap is the same score for all less each one's own: the highest score has the smallest."""
    statement = _in_queue(filters, as_of).where(_score.c.needs_answers)
    return fetch_rows(connection, statement, one_more(limit))


def _in_queue(filters: Filters, as_of: date) -> Select[Any]:
    return (
        select(*(_lead.c[name] for name in _LEAD_COLUMNS), *(_score.c[name] for name in _SCORE_COLUMNS))
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(
            _score.c.queue_from.is_not(None),
            _score.c.queue_from <= as_of,
            may_be_contacted(),
            *filter_conditions(filters),
        )
        .order_by(
            _score.c.score.desc(),
            _score.c.ceiling.desc(),
            _score.c.created_on.desc(),
            _score.c.lead_id.desc(),
        )
    )


def _present(rank: int, row: Row, basis: ScoreSnapshot, as_of: date) -> CellRow:
    return {
        "rank": rank,
        **{column.key: row.get(column.key) for column in _COLUMNS[1:-1]},
        "qualified": row["qualified_on"],
        "grade_shown": basis.shown_grade(row["grade"], row["known"]),
        "age_days": max(0, (as_of - row["created_on"]).days),
        "next_step": format_next_step(row, basis, as_of),
    }
