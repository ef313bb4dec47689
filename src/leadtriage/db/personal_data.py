"""Which tables hold something of a person: what is handed out to one who asks, and erased of one who wants it.

What of their rows is erased, and what stays, is `triage.forgetting`'s.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from leadtriage.db.tables.lead import Lead, Row
from leadtriage.db.tables.scores import LeadScore

LEAD_TABLES: Mapping[str, type[Row]] = {
    "scores": LeadScore,
    "touches": Touch,
    "nominations": Nomination,
    "verdicts": Verdict,
    "verdict_lines": VerdictLine,
    "put_off": PutOff,
    "field_origins": FieldOrigin,
}
"""The tables whose rows belong to one lead, and a word for what they hold."""

PAIR_TABLES: Mapping[str, type[Row]] = {"likely_duplicates": LikelyDuplicate, "pair_decisions": PairDecision}
"""The tables whose rows belong to two leads, `lead_id` and `other_lead_id`."""

PERSONAL_TABLES: tuple[type[Row], ...] = (
    Lead,
    LeadKey,
    Event,
    ImportRow,
    ImportReject,
    *LEAD_TABLES.values(),
    *PAIR_TABLES.values(),
)
"""All tables that hold something of a person."""
