"""The junk candidates with everything that flags them, and samples of confirmed junk for a blind audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_author
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.dialect import batches
from leadtriage.reports.query import (
    CellRow,
    Filters,
    ReportRequest,
    Row,
    ScoreSnapshot,
    fill_page,
    is_open,
    pick_columns,
    present_lead,
    read_score_snapshot,
    select_scored,
    select_values,
)
from leadtriage.scoring import find_junk_lines

_lead = table(Lead)
_score = table(LeadScore)

_CANDIDATES = pick_columns(
    "id name company email source owner",
    Column("score", "Score", keep=77, align="right", kind="bar"),
    Column("ceiling", "Potential", keep=78, align="right"),
    "known",
    Column("reason", "Reason", keep=96),
    Column("why", "Why", keep=97),
    Column("flagged_by", "Flagged by", keep=50, shown="flagged_by_shown"),
    "age_days",
)
_TO_FILL_IN = (Column("verdict", "Verdict"), Column("reason", "Reason"), Column("note", "Note"))
_SAMPLE = pick_columns(
    "id name company title email phone source",
    Column("need", "Need", keep=70),
    "score ceiling known age_days",
)


def list_candidates(request: ReportRequest, *, contactable: bool = False) -> Table:
    """Return the junk candidates that wait for a review, the highest potential first; columns as in `docs/cli.md`.

    `why` has every line that flags the lead, with its reason where that differs from `reason`. The lines follow the
    request's criteria and the stored lead, so that there may be none since the last score run. `flagged_by` names
    people, systems and `criteria`.

    Args:
        contactable: only leads that may be contacted.
    """
    snapshot = read_score_snapshot(request.connection)

    def present(rows: Sequence[Row]) -> Iterator[CellRow]:
        ids = [row["id"] for row in rows]
        lines = find_junk_lines(request.connection, request.criteria, ids, request.as_of) if ids else {}
        for row in rows:
            found = lines.get(row["id"], ())
            texts = (line.text if line.reason == row["reason"] else f"{line.reason}: {line.text}" for line in found)
            yield present_lead(row, _CANDIDATES, snapshot, request.as_of) | {
                "why": "; ".join(texts) or "nothing any more: run leadtriage score",
                "flagged_by": ", ".join(dict.fromkeys(line.by for line in found)) or None,
                "flagged_by_shown": ", ".join(dict.fromkeys(format_author(line.by) for line in found)) or None,
            }

    statement = _select_candidates(request.filters, *select_values(_CANDIDATES))
    if contactable:
        statement = statement.where(_lead.c.do_not_contact.is_not(True))
    empty = Table("Junk candidates", _CANDIDATES, (), notes=snapshot.notes)
    return fill_page(request.connection, request.limit, empty, statement, present)


def list_candidate_ids(connection: Connection, filters: Filters) -> list[int]:
    """Return the ids of all junk candidates that fit, in the order of `list_candidates`."""
    return list(connection.execute(_select_candidates(filters, _score.c.lead_id)).scalars())


def _select_candidates(filters: Filters, *values: Any) -> Select[Any]:
    # Junk called by mistake costs most where the potential is highest.
    order = _score.c.ceiling.desc(), _score.c.lead_id.desc()
    return select_scored(filters, *values).where(_score.c.candidate, is_open()).order_by(*order)


def list_audit_sample(connection: Connection, lead_ids: Sequence[int], as_of: date) -> Table:
    """Return leads in the given order with empty columns for a verdict, without what anybody said of them before."""
    values = select_values(_SAMPLE, _lead.c.need)
    found: dict[int, CellRow] = {}
    for group in batches(lead_ids):
        rows = select(*values).join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        for row in connection.execute(rows.where(_lead.c.id.in_(group))).mappings():
            found[row["id"]] = present_lead(dict(row), _SAMPLE, ScoreSnapshot(), as_of) | {
                column.key: None for column in _TO_FILL_IN
            }
    return Table("Junk to review again", (*_SAMPLE, *_TO_FILL_IN), tuple(found[lead_id] for lead_id in lead_ids))
