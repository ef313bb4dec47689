"""Parks leads until a day: from that day on they are in the queue again by themselves. What lists them is `reports`'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.errors import UsageError
from leadtriage.triage.acting import LeadChange, acting, require_open
from leadtriage.triage.choosing import Changed, choose, count_candidates
from leadtriage.triage.reasons import check_reason
from leadtriage.vocabulary import EventKind, Stage


@dataclass(frozen=True, slots=True)
class Parking:
    """Until which day leads are parked, and why; the day is later than the act's."""

    until: date
    reason: str
    note: str | None = None


def park(engine: Engine, criteria: Criteria, act: Act, lead_ids: Sequence[int], parking: Parking) -> Changed:
    """Park leads, or move the day of those that are parked; each gets its own line in the history.

    Of a lead whose day has not come yet the contact interval goes on from where it was; else it begins today.

    Raises:
        LeadtriageError: it is one lead, and it is closed, merged or taken back; of many, none is open.
        UsageError: the day has come already, or the reason is none.
    """
    if parking.until <= act.as_of:
        raise UsageError(f"{parking.until} is not later than today, {act.as_of}", place="--until")
    reason = check_reason(criteria, parking.reason)
    with acting(engine, criteria, act) as doing:
        choice = choose(doing, lead_ids, require_open)
        done: list[tuple[Mapping[str, Any], LeadChange]] = []
        for lead in choice.leads:
            values: dict[str, Any] = {
                "stage": Stage.NURTURE.value,
                "nurture_until": parking.until,
                "nurture_reason": reason,
            }
            if not is_parked(lead, act.as_of) or lead["parked_on"] is None:
                values["parked_on"] = act.as_of
            done.append((lead, _tell(lead, values, reason, parking.note)))
        doing.record([change for _, change in done])
        candidates = count_candidates(doing, choice.leads)
    warnings = () if not candidates else (_warn_of_candidates(candidates),)
    return Changed(tuple({**lead, **change.values} for lead, change in done), choice.left_out, warnings)


def is_parked(lead: Mapping[str, Any], today: date) -> bool:
    """Whether a lead is parked and its day has not come yet."""
    return lead["stage"] == Stage.NURTURE and not has_returned(lead, today)


def has_returned(lead: Mapping[str, Any], today: date) -> bool:
    """Whether the day of a parked lead has come, so that it is in the queue."""
    return lead["stage"] == Stage.NURTURE and lead["nurture_until"] is not None and lead["nurture_until"] <= today


def _tell(lead: Mapping[str, Any], values: Mapping[str, Any], reason: str, note: str | None) -> LeadChange:
    until, before = values["nurture_until"].isoformat(), lead["nurture_until"]
    if lead["stage"] == Stage.NURTURE:
        old = before.isoformat() if before is not None else None
        told = {"field": "nurture_until", "old": old, "new": until}
        return LeadChange(lead["id"], EventKind.FIELD, values, reason=reason, note=note, **told)
    moved = {"old": lead["stage"], "new": Stage.NURTURE.value}
    return LeadChange(lead["id"], EventKind.STAGE, values, reason=reason, note=note, **moved)


def _warn_of_candidates(count: int) -> str:
    if count == 1:
        return "a junk candidate is among them, and stays one until it is reviewed"
    return f"{count:,} junk candidates are among them, and stay so until they are reviewed"
