"""What the columns of leads were before an act, and what stands in the way where they were changed again since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from leadtriage.db.schema import Lead, table
from leadtriage.errors import LeadtriageError
from leadtriage.words import count_of

_lead = table(Lead)

_WORDS: Mapping[str, Sequence[str]] = {
    "stage": ("stage",),
    "owner": ("owner", "owner_comparable", "assigned_on"),
    "outcome": ("closed_on", "outcome_reason", "outcome_said_by", "outcome_amount", "outcome_currency"),
    "day it is parked until": ("nurture_until", "nurture_reason", "parked_on"),
    "touches": ("first_touch_on", "last_touch_on", "contact_dated", "touches", "unanswered_touches", "replies"),
    "promised next touch": ("next_touch_on",),
    "qualification": ("qualified_on", "qualified_by"),
    "question to ask first": ("ask_for",),
    "shelf life": ("shelf_from",),
    "budget": ("budget_amount", "budget_currency"),
    "revenue": ("revenue_amount", "revenue_currency"),
    "day of deciding": ("decides_on",),
    "further addresses": ("other_emails",),
    "further phone numbers": ("other_phones",),
    "id in the source system": ("crm_id",),
    "merge": ("merged_into",),
    "columns of its own": ("extra", "extra_comparable"),
}
"""How people call what columns hold, what says most first; a column that is missing here is called by its own name."""

_BY_COLUMN = {column: word for word, columns in _WORDS.items() for column in columns}
_ORDER = list(_WORDS)
_TOLD = 5

Turned = list[tuple[Mapping[str, Any], dict[str, Any]]]


def turn_back(
    leads: Mapping[int, Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
) -> tuple[Turned, dict[int, str]]:
    """Find the values from before an act, last change first.

    Args:
        leads: all leads of the events as they are, by their ids, with the columns of `lead`.
        events: of the act, with the columns of `event`, in their order.

    Returns:
        The events, last first, each with the values from before it; and for each lead that is not as the act had left
        it, and so has no such event, a word for what was changed again.
    """
    now = {lead_id: dict(lead) for lead_id, lead in leads.items()}
    changed: dict[int, list[str]] = {}
    turned: Turned = []
    for event in reversed(events):
        lead = now[event["lead_id"]]
        before, others = _values_before(lead, event["changes"])
        if others:
            changed.setdefault(lead["id"], []).extend(others)
        lead |= before
        turned.append((event, before))
    said = {lead_id: _say_most(columns) for lead_id, columns in changed.items()}
    return [(event, before) for event, before in turned if event["lead_id"] not in changed], said


def refuse_changed(changed: Mapping[int, str], leads: int, *, divisible: bool) -> LeadtriageError:
    """The error that says which leads of an act were changed again since.

    Args:
        changed: a word for what was changed, by the lead's id.
        leads: how many leads the act changed.
        divisible: whether the others can be taken back without them.
    """
    first = min(changed)
    look = f"see: leadtriage show {first}"
    if leads == 1:
        return LeadtriageError(f"its {changed[first]} was changed again since", place=f"lead {first}", hint=look)
    told = ", ".join(f"lead {lead_id} (its {changed[lead_id]})" for lead_id in sorted(changed)[:_TOLD])
    more = f" and {len(changed) - _TOLD:,} more" if len(changed) > _TOLD else ""
    rest = "; to take back all the rest: leadtriage undo --rest" if divisible and len(changed) < leads else ""
    return LeadtriageError(
        f"of its {count_of(leads, 'lead')} some were changed again since: {told}{more}", hint=f"{look}{rest}"
    )


def _values_before(lead: Mapping[str, Any], changes: Mapping[str, Sequence[Any]]) -> tuple[dict[str, Any], list[str]]:
    """The values of columns from before a change, and the columns that are not as the change had left them.

    Of the files' own columns only those count that it changed.
    """
    found: dict[str, Any] = {}
    others: list[str] = []
    for name, (before, after) in changes.items():
        now = lead[name]
        if isinstance(before, dict) or isinstance(after, dict):
            old, new, held = before or {}, after or {}, now or {}
            keys = {key for key in (*old, *new) if old.get(key) != new.get(key)}
            if all(held.get(key) == new.get(key) for key in keys):
                kept = {key: value for key, value in held.items() if key not in keys}
                found[name] = (kept | {key: old[key] for key in keys if key in old}) or None
                continue
        elif now == _read(name, after):
            found[name] = _read(name, before)
            continue
        others.append(name)
    return found, others


def _say_most(columns: Sequence[str]) -> str:
    words = [_BY_COLUMN.get(name, name.removesuffix("_comparable").replace("_", " ")) for name in columns]
    return min(words, key=lambda word: _ORDER.index(word) if word in _ORDER else len(_ORDER))


def _read(name: str, value: Any) -> Any:
    """A column's value from the form in which `event.changes` has it."""
    is_day = value is not None and _lead.c[name].type.python_type is date
    return date.fromisoformat(value) if is_day else value
