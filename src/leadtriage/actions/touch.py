"""Logs a contact: what it does to a lead's clocks, counts and stage. Answers to questions are `triage.asking`'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, insert

from leadtriage.actions.lifecycle import has_returned
from leadtriage.actions.unit_of_work import Changed, LeadChange, count_candidates, require_open, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import UsageError
from leadtriage.core.vocabulary import EventKind, Stage, TouchKind
from leadtriage.criteria import Criteria
from leadtriage.db import Touch, reserve_ids, table


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact.

    Attributes:
        kind: any but `unknown`.
        answered: whether the lead answered; a meeting is an answer unless this says otherwise.
        next_on: the day that was promised for the next one.
    """

    kind: TouchKind
    answered: bool | None = None
    note: str | None = None
    next_on: date | None = None

    @property
    def was_answered(self) -> bool:
        """Whether the lead answered, said or implied."""
        return self.kind is TouchKind.MEETING if self.answered is None else self.answered


def log_contact(engine: Engine, criteria: Criteria, act: Act, lead_id: int, contact: Contact) -> Changed:
    """Log a contact of `act.as_of`.

    It keeps an earlier promise of a next touch. A new lead is being worked from then on; a parked one stays parked
    before its day, and is worked from that day on. Counts that were unknown count from 0. A contact that is older than
    the last one that is known leaves promise and last touch as they are.

    Raises:
        LeadtriageError: the lead is closed, merged or taken back.
        UsageError: the next touch is promised for a day before this one.
    """
    if contact.next_on is not None and contact.next_on < act.as_of:
        raise UsageError(f"{contact.next_on} is before this touch of {act.as_of}", place="--next")
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        work.connection.execute(
            insert(table(Touch)).values(
                lead_id=lead_id,
                id=reserve_ids(work.connection, "touch"),
                kind=contact.kind.value,
                on=act.as_of,
                dated=True,
                answered=contact.was_answered,
                by=act.by,
                note=contact.note,
                next_on=contact.next_on,
                act=work.id,
            )
        )
        values = _after_contact(lead, contact, act.as_of)
        day = act.as_of.isoformat()
        work.record(
            [LeadChange(lead_id, EventKind.TOUCH, values, field=contact.kind.value, new=day, note=contact.note)]
        )
        warnings = _warn(lead | values, is_candidate=bool(count_candidates(work, [lead])))
    return Changed((lead | values,), warnings=warnings)


def _after_contact(lead: Mapping[str, Any], contact: Contact, today: date) -> dict[str, Any]:
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
        values |= {
            "stage": Stage.WORKING.value,
            "shelf_from": lead["nurture_until"],
            "nurture_until": None,
            "nurture_reason": None,
            "parked_on": None,
        }
    return values


def _warn(lead: Mapping[str, Any], *, is_candidate: bool) -> tuple[str, ...]:
    warnings = []
    if lead["do_not_contact"]:
        warnings.append(f"lead {lead['id']} must not be contacted")
    if is_candidate:
        warnings.append(f"lead {lead['id']} is a junk candidate and stays one until it is reviewed")
    if lead["stage"] == Stage.NURTURE:
        back = f"leadtriage reopen {lead['id']}"
        warnings.append(f"lead {lead['id']} stays parked until {lead['nurture_until']}; to work it now: {back}")
    return tuple(warnings)
