"""Which of the leads that were named an act may change: of one it says why not, of many the others are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from leadtriage.db.dialect import batches
from leadtriage.db.schema import LeadScore, table
from leadtriage.errors import LeadtriageError
from leadtriage.triage.acting import Acting


@dataclass(frozen=True, slots=True)
class Choice:
    """The leads that an act may change, as they stand, by their ids; and how many it leaves out."""

    leads: tuple[Mapping[str, Any], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What an act on one lead or on many did.

    Attributes:
        leads: those that it changed, with the columns of `lead` as they are now.
        left_out: how many it was asked for and left as they were, since they are closed or gone.
        warnings: what may be wrong, as sentences.
    """

    leads: tuple[Mapping[str, Any], ...]
    left_out: int = 0
    warnings: tuple[str, ...] = ()


def choose(doing: Acting, lead_ids: Sequence[int], require: Callable[[Mapping[str, Any]], None]) -> Choice:
    """Read the leads that an act may change, freshly within its transaction.

    Args:
        require: raises a `LeadtriageError` for a lead that the act may not change.

    Raises:
        LeadtriageError: it is one lead, and it was merged, taken back, or is refused by `require`; or there is none.
    """
    wanted = set(lead_ids)
    if len(wanted) == 1:
        lead = doing.read_lead(*wanted)
        require(lead)
        return Choice((lead,), 0)
    found = sorted(doing.read_leads(wanted).items())
    leads = tuple(lead for _, lead in found if _may(lead, require))
    if not leads:
        raise LeadtriageError("no lead that was chosen is open", hint="see: leadtriage leads")
    return Choice(leads, len(wanted) - len(leads))


def _may(lead: Mapping[str, Any], require: Callable[[Mapping[str, Any]], None]) -> bool:
    if lead["merged_into"] is not None or lead["removed_by"] is not None:
        return False
    try:
        require(lead)
    except LeadtriageError:
        return False
    return True


def count_candidates(doing: Acting, leads: Sequence[Mapping[str, Any]]) -> int:
    """How many of these leads are junk candidates, as they were scored last."""
    score = table(LeadScore)
    found = 0
    for group in batches([lead["id"] for lead in leads]):
        rows = doing.connection.execute(select(score.c.lead_id).where(score.c.candidate, score.c.lead_id.in_(group)))
        found += len(rows.all())
    return found
