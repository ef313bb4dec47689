"""The queue: which lead to work next. What is due and what to ask was worked out by `score`; this reads a page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, case, select

from leadtriage.db.lead import Lead, table
from leadtriage.db.scores import LeadScore
from leadtriage.reports import page
from leadtriage.reports.basis import Basis, read_basis
from leadtriage.reports.filters import Filters, conditions, may_be_contacted
from leadtriage.reports.next_step import say_next_step
from leadtriage.reports.page import CellRow, Row, Rows
from leadtriage.tabular import Column, Table
from leadtriage.vocabulary import Dimension, Grade

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
    page.ID,
    page.NAME,
    page.COMPANY,
    page.TITLE,
    page.EMAIL,
    page.PHONE,
    page.SOURCE,
    page.OWNER,
    page.STAGE,
    page.QUALIFIED,
    page.SCORE,
    page.CEILING,
    page.GRADE,
    page.KNOWN,
    *(Column(side.value, side.value.capitalize(), keep=10, align="right") for side in Dimension),
    page.AGE,
    Column("next_step", "Next step", keep=97),
)


def list_queue(
    connection: Connection,
    filters: Filters,
    as_of: date,
    *,
    limit: int | None = page.USUAL_LIMIT,
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
    basis = read_basis(connection)
    ranked = (
        _by_gap(connection, filters, as_of, limit) if needs_answers else _by_rank(connection, filters, as_of, limit)
    )
    shown, more = page.cut(ranked, limit)
    found = Table(
        title="Leads that need answers" if needs_answers else "Queue",
        columns=_COLUMNS,
        rows=tuple(_present(rank, row, basis, as_of) for rank, row in enumerate(shown, 1)),
        notes=basis.notes,
        more=more,
    )
    everything = _in_queue(filters, as_of)
    return page.with_count(connection, found, everything.where(_score.c.needs_answers) if needs_answers else everything)


def _by_rank(connection: Connection, filters: Filters, as_of: date, limit: int | None) -> Rows:
    """Walk the index grade by grade, the overdue ones of each first, no further than the page."""
    found: Rows = []
    wanted = page.one_more(limit)
    for part in _parts(filters, as_of):
        left = None if wanted is None else wanted - len(found)
        found += page.fetch(connection, part, left)
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
    return page.fetch(connection, statement, page.one_more(limit))


def _in_queue(filters: Filters, as_of: date) -> Select[Any]:
    return (
        select(*(_lead.c[name] for name in _LEAD_COLUMNS), *(_score.c[name] for name in _SCORE_COLUMNS))
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(
            _score.c.queue_from.is_not(None),
            _score.c.queue_from <= as_of,
            may_be_contacted(),
            *conditions(filters),
        )
        .order_by(
            _score.c.score.desc(),
            _score.c.ceiling.desc(),
            _score.c.created_on.desc(),
            _score.c.lead_id.desc(),
        )
    )


def _present(rank: int, row: Row, basis: Basis, as_of: date) -> CellRow:
    return {
        "rank": rank,
        **{column.key: row.get(column.key) for column in _COLUMNS[1:-1]},
        "qualified": row["qualified_on"],
        "grade_shown": basis.shown_grade(row["grade"], row["known"]),
        "age_days": max(0, (as_of - row["created_on"]).days),
        "next_step": say_next_step(row, basis, as_of),
    }
