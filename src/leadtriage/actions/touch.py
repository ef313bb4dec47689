"""Log a contact with a lead, and update its clocks, counts and stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine

from leadtriage.actions.lifecycle import CLEARED_SNOOZE, has_returned
from leadtriage.actions.unit_of_work import Changed, LeadChange, require_open, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import UsageError
from leadtriage.core.vocabulary import EventKind, Stage, TouchKind
from leadtriage.criteria import Criteria
from leadtriage.db import Touch


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact.

    Attributes:
        kind: any but `unknown`.
        answered: whether the lead answered; None means yes for a meeting, no for the rest.
        next_on: the promised day of the next contact.
    """

    kind: TouchKind
    answered: bool | None = None
    note: str | None = None
    next_on: date | None = None

    @property
    def was_answered(self) -> bool:
        """Whether the lead answered, as given or implied."""
        return self.kind is TouchKind.MEETING if self.answered is None else self.answered


def log_contact(engine: Engine, criteria: Criteria, act: Act, lead_id: int, contact: Contact) -> Changed:
    """Log a contact on `act.as_of`.

    The contact fulfils an earlier promise of a next contact. A new lead becomes `working`, and so does a snoozed one
    whose day has come. A contact older than the last known one changes neither the promise nor the last contact.

    Raises:
        LeadtriageError: the lead is closed or hidden.
        UsageError: the next contact is promised for a day before this one.
    """
    if contact.next_on is not None and contact.next_on < act.as_of:
        raise UsageError(f"{contact.next_on} is before this contact of {act.as_of}", place="--next")
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        row = {
            "lead_id": lead_id,
            "kind": contact.kind.value,
            "on": act.as_of,
            "dated": True,
            "answered": contact.was_answered,
            "by": act.by,
            "note": contact.note,
            "next_on": contact.next_on,
        }
        work.insert(Touch, [row])
        values = _build_values(lead, contact, act.as_of)
        event = {"field": contact.kind.value, "new": act.as_of.isoformat(), "note": contact.note}
        work.record([LeadChange(lead_id, EventKind.TOUCH, values, **event)])
        changed = {**lead, **values}
        return Changed((changed,), warnings=(*_warn(changed), *work.warn_of_candidates([lead])))


def _build_values(lead: Mapping[str, Any], contact: Contact, today: date) -> dict[str, Any]:
    first, last = lead["first_touch_on"], lead["last_touch_on"]
    is_latest = last is None or last <= today
    answered = contact.was_answered
    values: dict[str, Any] = {
        "first_touch_on": today if first is None else min(first, today),
        "last_touch_on": today if is_latest else last,
        "contact_dated": True if is_latest else lead["contact_dated"],
        "touches": (lead["touches"] or 0) + 1,
        "unanswered_touches": 0 if answered else (lead["unanswered_touches"] or 0) + 1,
        "replies": (lead["replies"] or 0) + answered,
        "worked_here": True,
    }
    if is_latest or contact.next_on is not None:
        values["next_touch_on"] = contact.next_on
    if lead["stage"] == Stage.NEW:
        values["stage"] = Stage.WORKING.value
    elif has_returned(lead, today):
        values |= {"stage": Stage.WORKING.value, "shelf_from": lead["nurture_until"], **CLEARED_SNOOZE}
    return values


def _warn(lead: Mapping[str, Any]) -> list[str]:
    warnings = []
    if lead["do_not_contact"]:
        warnings.append(f"lead {lead['id']} must not be contacted")
    if lead["stage"] == Stage.NURTURE:
        hint = f"to work it now: leadtriage reopen {lead['id']}"
        warnings.append(f"lead {lead['id']} stays snoozed until {lead['nurture_until']}; {hint}")
    return warnings
