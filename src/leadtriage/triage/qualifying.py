"""A person's word that a lead is qualified, or is not. What the score says is `scoring.moves`'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.errors import LeadtriageError, UsageError
from leadtriage.triage.acting import LeadChange, acting, require_open
from leadtriage.triage.choosing import Changed, count_candidates
from leadtriage.vocabulary import EventKind

_BY = {"score": "its score", "crm": "the CRM's status"}


def qualify(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str) -> Changed:
    """Mark a lead as qualified by `act.by`, whatever its score.

    Args:
        reason: in the person's own words; the history keeps it as the note, since it is no word of the list.

    Raises:
        LeadtriageError: it is closed, merged or taken back, or qualified already.
        UsageError: no reason.
    """
    return _say(engine, criteria, act, lead_id, reason, is_qualified=True)


def disqualify(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str) -> Changed:
    """Take back that a lead is qualified, whoever or whatever said so.

    Neither the score nor the CRM qualifies it again until something new is learned of it: a field or its status that
    changes after this.

    Raises:
        LeadtriageError: it is closed, merged or taken back, or not qualified.
        UsageError: no reason.
    """
    return _say(engine, criteria, act, lead_id, reason, is_qualified=False)


def _say(engine: Engine, criteria: Criteria, act: Act, lead_id: int, reason: str, *, is_qualified: bool) -> Changed:
    why = " ".join(reason.split())
    if not why:
        raise UsageError("this needs a reason", place="--reason", hint="say in a few words why")
    with acting(engine, criteria, act) as doing:
        lead = doing.read_lead(lead_id)
        require_open(lead)
        if (lead["qualified_on"] is not None) == is_qualified:
            raise LeadtriageError(_say_standing(lead), place=f"lead {lead_id}")
        values: dict[str, Any] = {
            "qualified_on": act.as_of if is_qualified else None,
            "qualified_by": act.by if is_qualified else None,
        }
        told = {"field": "qualified_by", "old": lead["qualified_by"], "new": values["qualified_by"], "note": why}
        doing.record([LeadChange(lead_id, EventKind.QUALIFIED, values, **told)])
        is_candidate = count_candidates(doing, [lead]) > 0
    warning = f"lead {lead_id} is a junk candidate and stays one until it is reviewed"
    return Changed(({**lead, **values},), warnings=(warning,) if is_candidate else ())


def _say_standing(lead: Mapping[str, Any]) -> str:
    if lead["qualified_on"] is None:
        return "it is not qualified"
    by = lead["qualified_by"]
    return f"it is qualified since {lead['qualified_on']}, by {_BY.get(by, by)}"
