"""A sample of confirmed junk as a list to be filled in, without anything that tells what was said of it before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, select

from leadtriage.db.dialect import batches
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.reports import page
from leadtriage.reports.page import CellRow
from leadtriage.tabular import Column, Table

_lead, _score = table(Lead), table(LeadScore)

_NEED = Column("need", "Need", keep=70)
_OF_LEAD = (page.ID, page.NAME, page.COMPANY, page.TITLE, page.EMAIL, page.PHONE, page.SOURCE, _NEED)
_OF_SCORE = (page.SCORE, page.CEILING, page.KNOWN)
_TO_FILL_IN = (Column("verdict", "Verdict"), Column("reason", "Reason"), Column("note", "Note"))


def list_sample(connection: Connection, lead_ids: Sequence[int], as_of: date) -> Table:
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
        (*_OF_LEAD, *_OF_SCORE, page.AGE, *_TO_FILL_IN),
        tuple(found[lead_id] for lead_id in lead_ids),
    )
