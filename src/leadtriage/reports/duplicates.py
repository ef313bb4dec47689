"""The likely duplicates as a list. Finding pairs is `matching`'s, merging them or keeping them apart `triage`'s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.db.dialect import batches
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.matching.pairs import LIKELY, LikelyPair, find_pairs
from leadtriage.reports import page
from leadtriage.reports.filters import Filters, conditions, visible
from leadtriage.tabular import Cell, Column, Table

_lead = table(Lead)
_score = table(LeadScore)

_COLUMNS = (
    Column("a_id", "Id", keep=95, align="right"),
    Column("b_id", "Other id", keep=94, align="right"),
    Column("a_name", "Name", keep=90),
    Column("b_name", "Other name", keep=89),
    Column("a_email", "E-mail", keep=50),
    Column("b_email", "Other e-mail", keep=49),
    Column("evidence", "Because", keep=92),
    Column("confidence", "Confidence", keep=85, align="right", kind="share"),
)


def list_duplicates(
    connection: Connection, filters: Filters, *, least: float = LIKELY, limit: int | None = page.USUAL_LIMIT
) -> Table:
    """Return the pairs of leads that are probably one, the likeliest first; columns as in `docs/cli.md`.

    Args:
        filters: which leads; a pair is listed where they let one of both through.
        least: the confidence from which on a pair is listed, from 0 to 1.
    """
    pairs = find_filtered_pairs(connection, filters, least)
    shown, more = (pairs, False) if limit is None else (pairs[:limit], len(pairs) > limit)
    known = _read_leads(connection, sorted({one for pair in shown for one in (pair.lead_id, pair.other_lead_id)}))
    rows = tuple(_present(pair, known) for pair in shown)
    return Table("Likely duplicates", _COLUMNS, rows, more=more, total=len(pairs) if more else None)


def find_filtered_pairs(connection: Connection, filters: Filters, least: float = LIKELY) -> list[LikelyPair]:
    """Return the pairs of which the filters let one lead through, the likeliest first."""
    pairs = find_pairs(connection, least)
    wanted = conditions(filters)
    if not wanted:
        return pairs
    statement = select(_lead.c.id).join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
    chosen = set(connection.execute(statement.where(visible(), *wanted)).scalars())
    return [pair for pair in pairs if pair.lead_id in chosen or pair.other_lead_id in chosen]


def _read_leads(connection: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for group in batches(lead_ids):
        rows = select(_lead.c.id, _lead.c.name, _lead.c.company, _lead.c.email).where(_lead.c.id.in_(group))
        found |= {row.id: row for row in connection.execute(rows)}
    return found


def _present(pair: LikelyPair, known: dict[int, Any]) -> dict[str, Cell]:
    a, b = known[pair.lead_id], known[pair.other_lead_id]
    return {
        "a_id": a.id,
        "b_id": b.id,
        "a_name": a.name or a.company,
        "b_name": b.name or b.company,
        "a_email": a.email,
        "b_email": b.email,
        "evidence": "; ".join(pair.evidence),
        "confidence": pair.confidence,
    }
