"""The junk candidates and every line that nominates each. What becomes of them is for a person's review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, select

from leadtriage.criteria.model import Criteria
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.reports import page
from leadtriage.reports.basis import read_basis
from leadtriage.reports.filters import Filters, conditions, in_play, may_be_contacted
from leadtriage.reports.page import CellRow, Row
from leadtriage.scoring.nominating import NominatingLine, nominating_lines
from leadtriage.tabular import Column, Table
from leadtriage.words import say_who

_lead = table(Lead)
_score = table(LeadScore)

_BY_CEILING = (_score.c.ceiling.desc(), _score.c.lead_id.desc())
"""Those first of which it would cost most to call them junk by mistake."""

_COLUMNS = (
    page.ID,
    page.NAME,
    page.COMPANY,
    page.EMAIL,
    page.SOURCE,
    page.OWNER,
    Column("score", "Score", keep=77, align="right", kind="bar"),
    Column("ceiling", "Could reach", keep=78, align="right"),
    page.KNOWN,
    Column("reason", "Reason", keep=96),
    Column("why", "Why", keep=97),
    Column("flagged_by", "Flagged by", keep=50, shown="flagged_by_shown"),
    page.AGE,
)


def list_candidates(
    connection: Connection,
    criteria: Criteria,
    filters: Filters,
    as_of: date,
    *,
    limit: int | None = page.USUAL_LIMIT,
    contactable: bool = False,
) -> Table:
    """Return the junk candidates that wait for a review, those that could reach most on top.

    Columns as in `docs/cli.md`. `why` says every line that nominates the lead, with its reason where that is not
    `reason`, by the criteria that are given and the lead as it is stored; `flagged_by` names who does: people,
    systems, `criteria`. Where nothing nominates it any more, since the criteria or the lead have changed after the
    last `score`, `why` says so.

    Args:
        contactable: only those that may be contacted.
    """
    basis = read_basis(connection)
    waits = may_be_contacted() if contactable else in_play()
    statement = (
        select(
            *(_lead.c[name] for name in ("id", "name", "company", "email", "source", "owner", "created_on")),
            *(_score.c[name] for name in ("score", "ceiling", "known", "reason")),
        )
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(_score.c.candidate, waits, *conditions(filters))
        .order_by(*_BY_CEILING)
    )
    shown, more = page.cut(page.fetch(connection, statement, page.one_more(limit)), limit)
    lines = nominating_lines(connection, criteria, [row["id"] for row in shown], as_of) if shown else {}
    found = Table(
        title="Junk candidates",
        columns=_COLUMNS,
        rows=tuple(_present(row, lines.get(row["id"], ()), as_of) for row in shown),
        notes=basis.notes,
        more=more,
    )
    return page.with_count(connection, found, statement)


def list_candidate_ids(connection: Connection, filters: Filters, *, limit: int | None = page.USUAL_LIMIT) -> list[int]:
    """Return the ids of the junk candidates, in the order of `list_candidates`."""
    statement = (
        select(_score.c.lead_id)
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(_score.c.candidate, in_play(), *conditions(filters))
        .order_by(*_BY_CEILING)
    )
    return list(connection.execute(statement.limit(limit)).scalars())


def _present(row: Row, lines: Sequence[NominatingLine], as_of: date) -> CellRow:
    why = "; ".join(line.text if line.reason == row["reason"] else f"{line.reason}: {line.text}" for line in lines)
    return {
        **{column.key: row.get(column.key) for column in _COLUMNS},
        "why": why or "nothing any more: run leadtriage score",
        "flagged_by": ", ".join(dict.fromkeys(line.by for line in lines)) or None,
        "flagged_by_shown": ", ".join(dict.fromkeys(say_who(line.by) for line in lines)) or None,
        "age_days": max(0, (as_of - row["created_on"]).days),
    }
