"""The tables that hold personal data: what is exported for a person who asks, and erased for one who wants it.

`Lead`, `Event`, `ImportRow` and `ImportReject` need rules of their own; the other tables are one row here each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, or_

from leadtriage.db.tables.decisions import PairDecision, PutOff, Verdict, VerdictLine
from leadtriage.db.tables.history import (
    Event,
    FieldOrigin,
    ImportReject,
    ImportRow,
    LeadKey,
    LikelyDuplicate,
    Nomination,
    Touch,
)
from leadtriage.db.tables.lead import Lead, Row, table
from leadtriage.db.tables.scores import LeadScore


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table whose rows belong to leads.

    Attributes:
        key: the name of its rows in an export.
        leads: the columns with the ids of its leads.
        erased: the values that replace personal ones in the rows of a forgotten person; empty to delete the rows.
    """

    key: str
    model: type[Row]
    leads: tuple[str, ...] = ("lead_id",)
    erased: Mapping[str, Any] = field(default_factory=dict)

    def belongs_to(self, ids: Sequence[int]) -> ColumnElement[bool]:
        """Return the condition that a row belongs to one of some leads."""
        return or_(*(table(self.model).c[column].in_(ids) for column in self.leads))


_PAIR = ("lead_id", "other_lead_id")

LEAD_TABLES = (
    PersonalTable("keys", LeadKey, ("lead_id", "original_lead_id")),
    PersonalTable("scores", LeadScore),
    PersonalTable("touches", Touch, erased={"note": None}),
    PersonalTable("nominations", Nomination, erased={"note": None}),
    PersonalTable("verdicts", Verdict, erased={"note": None, "ledger": []}),
    PersonalTable("verdict_lines", VerdictLine, erased={"text": "erased", "evidence": None}),
    PersonalTable("put_off", PutOff),
    PersonalTable("field_origins", FieldOrigin),
    PersonalTable("likely_duplicates", LikelyDuplicate, _PAIR),
    PersonalTable("pair_decisions", PairDecision, _PAIR, erased={"moved_keys": []}),
)
"""The tables whose rows belong to leads."""

PERSONAL_TABLES: tuple[type[Row], ...] = (Lead, Event, ImportRow, ImportReject, *(each.model for each in LEAD_TABLES))
"""All tables that hold personal data."""
