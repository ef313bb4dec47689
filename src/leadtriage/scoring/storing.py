"""The statement that scores leads and stores what comes of it, and which leads it scores.

It is put together once for the same criteria, day and database: that takes longer than to score a few leads by it, as
after each act of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    MetaData,
    Table,
    bindparam,
    func,
    literal,
    null,
    select,
    true,
)
from sqlalchemy.sql.dml import Insert

from leadtriage.db.dialect import upsert
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.scoring.clocks import create_calendar, describe_calendar, set_missed_due_days
from leadtriage.scoring.rules import Rules
from leadtriage.scoring.verdicts import is_open, is_visible, select_verdicts

_OF_RUN = ("run_id", "answers_run_id")
_KEPT = ("lead_id", "first_grade", "first_scored_on", "previous_grade", "previous_run_id")

_RUN, _LEADS = "scoring_run", "scored_leads"
"""What the statement is told each time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leads are scored.

    Attributes:
        closed: those that are closed and have no score yet, not the open ones.
        lead_ids: of these; None for all.
    """

    closed: bool = False
    lead_ids: Sequence[int] | None = None

    def are_wanted(self, among: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
        """Whether a lead is one of them.

        Args:
            among: says whether it is one of `lead_ids`, where that is to be told later.
        """
        lead, score = table(Lead), table(LeadScore)
        if among is None:
            among = true() if self.lead_ids is None else lead.c.id.in_(self.lead_ids)
        if not self.closed:
            return is_visible() & is_open() & among
        has_score = select(score.c.lead_id).where(score.c.lead_id == lead.c.id).exists()
        return is_visible() & ~is_open() & ~has_score & among


@lru_cache
def describe_rescued() -> Table:
    """Describe the temporary table with the ids of leads that the criteria do not nominate."""
    return Table("rescued_lead", MetaData(), Column("id", Integer, primary_key=True), prefixes=["TEMPORARY"])


def store_scores(
    connection: Connection, rules: Rules, run_id: int, wanted: Wanted, rescued: Table | None = None
) -> None:
    """Score leads; a grade that is replaced stays as the previous one.

    Args:
        rescued: the table of `describe_rescued`, where it holds any.
    """
    calendar = create_calendar(connection, rules.criteria.follow_up, wanted.are_wanted())
    told: dict[str, Any] = {_RUN: run_id}
    if wanted.lead_ids is not None:
        told[_LEADS] = wanted.lead_ids
    statement = _make_statement(
        rules, connection.dialect, closed=wanted.closed, few=_LEADS in told, with_rescued=rescued is not None
    )
    connection.execute(statement, told)
    connection.execute(set_missed_due_days(run_id, calendar))
    calendar.drop(connection, checkfirst=False)


@lru_cache(maxsize=16)
def _make_statement(rules: Rules, dialect: Dialect, *, closed: bool, few: bool, with_rescued: bool) -> Insert:
    among = table(Lead).c.id.in_(bindparam(_LEADS, expanding=True)) if few else true()
    where = Wanted(closed).are_wanted(among)
    rescued = describe_rescued() if with_rescued else None
    verdicts, names = select_verdicts(rules, where, describe_calendar(), rescued)
    run_id = bindparam(_RUN, type_=Integer)
    verdicts = verdicts.add_columns(
        run_id.label("run_id"),
        run_id.label("answers_run_id"),
        verdicts.selected_columns.grade.label("first_grade"),
        literal(rules.scales.as_of).label("first_scored_on"),
        null().label("previous_grade"),
        null().label("previous_run_id"),
    ).where(verdicts.selected_columns.lead_id.is_not(None))
    scores = table(LeadScore)
    statement = upsert(dialect, scores).from_select([*names, *_OF_RUN, *_KEPT[1:]], verdicts)
    replaced: dict[str, ColumnElement[Any]] = {
        name: statement.excluded[name] for name in [*names, *_OF_RUN] if name not in _KEPT
    }
    replaced |= {
        "previous_grade": scores.c.grade,
        "previous_run_id": scores.c.run_id,
        "touch_due": func.coalesce(statement.excluded.touch_due, scores.c.touch_due),
    }
    return statement.on_conflict_do_update(index_elements=["lead_id"], set_=replaced)
