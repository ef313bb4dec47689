"""Parks leads until a day, from which on they are in the queue by themselves. Listing them is `reports.nurture`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    checked = check_parking(criteria, act, parking)
    with acting(engine, criteria, act) as doing:
        choice = choose(doing, lead_ids, require_open)
        done: list[tuple[Mapping[str, Any], LeadChange]] = []
        for lead in choice.leads:
            values: dict[str, Any] = {
                "stage": Stage.NURTURE.value,
                "nurture_until": checked.until,
                "nurture_reason": checked.reason,
            }
            if not is_parked(lead, act.as_of) or lead["parked_on"] is None:
                values["parked_on"] = act.as_of
            done.append((lead, _tell(lead, values, checked)))
        doing.record([change for _, change in done])
        candidates = count_candidates(doing, choice.leads)
    warnings = () if not candidates else (_warn_of_candidates(candidates),)
    return Changed(tuple({**lead, **change.values} for lead, change in done), choice.left_out, warnings)


def check_parking(criteria: Criteria, act: Act, parking: Parking) -> Parking:
    """Return a parking with its reason as it is stored.

    Raises:
        UsageError: the day has come already, or the reason is none.
    """
    if parking.until <= act.as_of:
        raise UsageError(f"{parking.until} is not later than today, {act.as_of}", place="--until")
    return replace(parking, reason=check_reason(criteria, parking.reason))


def is_parked(lead: Mapping[str, Any], today: date) -> bool:
    """Whether a lead is parked and its day has not come yet."""
    return lead["stage"] == Stage.NURTURE and not has_returned(lead, today)


def has_returned(lead: Mapping[str, Any], today: date) -> bool:
    """Whether the day of a parked lead has come, so that it is in the queue."""
    return lead["stage"] == Stage.NURTURE and lead["nurture_until"] is not None and lead["nurture_until"] <= today


def _tell(lead: Mapping[str, Any], values: Mapping[str, Any], parking: Parking) -> LeadChange:
    why = {"reason": parking.reason, "note": parking.note}
    if lead["stage"] == Stage.NURTURE:
        before = lead["nurture_until"]
        days = {"old": None if before is None else before.isoformat(), "new": parking.until.isoformat()}
        return LeadChange(lead["id"], EventKind.FIELD, values, field="nurture_until", **days, **why)
    return LeadChange(lead["id"], EventKind.STAGE, values, old=lead["stage"], new=Stage.NURTURE.value, **why)


def _warn_of_candidates(count: int) -> str:
    if count == 1:
        return "a junk candidate is among them, and stays one until it is reviewed"
    return f"{count:,} junk candidates are among them, and stay so until they are reviewed"
