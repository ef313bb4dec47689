"""The junk candidates and every line that nominates each. What becomes of them is for a person's review.

A sample of confirmed junk as a list to be filled in, without anything that tells what was said of it before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_author
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.dialect import batches
from leadtriage.reports.query import (
    AGE_COLUMN,
    CEILING_COLUMN,
    COMPANY_COLUMN,
    EMAIL_COLUMN,
    ID_COLUMN,
    KNOWN_COLUMN,
    NAME_COLUMN,
    OWNER_COLUMN,
    PHONE_COLUMN,
    SCORE_COLUMN,
    SOURCE_COLUMN,
    TITLE_COLUMN,
    USUAL_LIMIT,
    CellRow,
    Filters,
    Row,
    cut_to_limit,
    fetch_rows,
    filter_conditions,
    is_open,
    may_be_contacted,
    one_more,
    read_score_snapshot,
    with_count,
)
from leadtriage.scoring import NominatingLine, nominating_lines

_lead = table(Lead)
_score = table(LeadScore)

_BY_CEILING = (_score.c.ceiling.desc(), _score.c.lead_id.desc())
"""Those first of which it would cost most to call them junk by mistake."""

_COLUMNS = (
    ID_COLUMN,
    NAME_COLUMN,
    COMPANY_COLUMN,
    EMAIL_COLUMN,
    SOURCE_COLUMN,
    OWNER_COLUMN,
    Column("score", "Score", keep=77, align="right", kind="bar"),
    Column("ceiling", "Could reach", keep=78, align="right"),
    KNOWN_COLUMN,
    Column("reason", "Reason", keep=96),
    Column("why", "Why", keep=97),
    Column("flagged_by", "Flagged by", keep=50, shown="flagged_by_shown"),
    AGE_COLUMN,
)


def list_candidates(
    connection: Connection,
    criteria: Criteria,
    filters: Filters,
    as_of: date,
    *,
    limit: int | None = USUAL_LIMIT,
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
    basis = read_score_snapshot(connection)
    waits = may_be_contacted() if contactable else is_open()
    statement = (
        select(
            *(_lead.c[name] for name in ("id", "name", "company", "email", "source", "owner", "created_on")),
            *(_score.c[name] for name in ("score", "ceiling", "known", "reason")),
        )
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(_score.c.candidate, waits, *filter_conditions(filters))
        .order_by(*_BY_CEILING)
    )
    shown, more = cut_to_limit(fetch_rows(connection, statement, one_more(limit)), limit)
    lines = nominating_lines(connection, criteria, [row["id"] for row in shown], as_of) if shown else {}
    found = Table(
        title="Junk candidates",
        columns=_COLUMNS,
        rows=tuple(_present(row, lines.get(row["id"], ()), as_of) for row in shown),
        notes=basis.notes,
        more=more,
    )
    return with_count(connection, found, statement)


def list_candidate_ids(connection: Connection, filters: Filters, *, limit: int | None = USUAL_LIMIT) -> list[int]:
    """Return the ids of the junk candidates, in the order of `list_candidates`."""
    statement = (
        select(_score.c.lead_id)
        .join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
        .where(_score.c.candidate, is_open(), *filter_conditions(filters))
        .order_by(*_BY_CEILING)
    )
    return list(connection.execute(statement.limit(limit)).scalars())


def _present(row: Row, lines: Sequence[NominatingLine], as_of: date) -> CellRow:
    why = "; ".join(line.text if line.reason == row["reason"] else f"{line.reason}: {line.text}" for line in lines)
    return {
        **{column.key: row.get(column.key) for column in _COLUMNS},
        "why": why or "nothing any more: run leadtriage score",
        "flagged_by": ", ".join(dict.fromkeys(line.by for line in lines)) or None,
        "flagged_by_shown": ", ".join(dict.fromkeys(format_author(line.by) for line in lines)) or None,
        "age_days": max(0, (as_of - row["created_on"]).days),
    }


_lead, _score = table(Lead), table(LeadScore)

_NEED = Column("need", "Need", keep=70)
_OF_LEAD = (ID_COLUMN, NAME_COLUMN, COMPANY_COLUMN, TITLE_COLUMN, EMAIL_COLUMN, PHONE_COLUMN, SOURCE_COLUMN, _NEED)
_OF_SCORE = (SCORE_COLUMN, CEILING_COLUMN, KNOWN_COLUMN)
_TO_FILL_IN = (Column("verdict", "Verdict"), Column("reason", "Reason"), Column("note", "Note"))


def list_audit_sample(connection: Connection, lead_ids: Sequence[int], as_of: date) -> Table:
    """Return leads in the order of their ids given, with empty columns for the verdict, its reason and a note."""
    columns = [_lead.c[column.key] for column in _OF_LEAD] + [_score.c[column.key] for column in _OF_SCORE]
    found: dict[int, CellRow] = {}
    for group in batches(lead_ids):
        rows = (
            select(*columns, _lead.c.created_on)
            .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
            .where(_lead.c.id.in_(group))
        )
        for row in connection.execute(rows).mappings():
            cells: CellRow = {column.key: row[column.key] for column in (*_OF_LEAD, *_OF_SCORE)}
            cells |= {"age_days": max(0, (as_of - row["created_on"]).days)}
            found[row["id"]] = cells | {column.key: None for column in _TO_FILL_IN}
    return Table(
        "Junk to look at again",
        (*_OF_LEAD, *_OF_SCORE, AGE_COLUMN, *_TO_FILL_IN),
        tuple(found[lead_id] for lead_id in lead_ids),
    )
