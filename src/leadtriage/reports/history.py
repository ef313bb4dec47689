"""The history of a lead as sentences: what happened, by whom, when. Events are only read here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.db.schema import Event, ImportBatch, table
from leadtriage.importing.attributes import BY_NAME
from leadtriage.importing.summary import BY_HAND
from leadtriage.reports.words import say_day
from leadtriage.scoring.shown_values import format_money
from leadtriage.vocabulary import EventKind

_event = table(Event)
_batch = table(ImportBatch)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a lead's story; `at` is in the criteria's time zone."""

    at: datetime
    by: str
    kind: str
    text: str


def read_history(connection: Connection, lead_id: int) -> tuple[Happening, ...]:
    """Return what happened to a lead, the earliest first."""
    statement = (
        select(_event, _batch.c.file)
        .join_from(_event, _batch, _batch.c.id == _event.c.batch_id, isouter=True)
        .where(_event.c.lead_id == lead_id)
        .order_by(_event.c.recorded_at, _event.c.id)
    )
    return tuple(
        Happening(row["at"], row["by"], row["kind"], say_event(dict(row)))
        for row in connection.execute(statement).mappings()
    )


def say_event(event: Mapping[str, Any]) -> str:
    """Return an event as a sentence without its subject, day and full stop.

    Args:
        event: the columns of `event`, and `file`, the name of its batch's file.
    """
    say = _SENTENCES.get(event["kind"], _say_other)
    sentence = say(event)
    if event["note"]:
        sentence += f": {event['note']}"
    if event["batch_id"] is not None and event["kind"] != EventKind.CREATED:
        sentence += f" (batch {event['batch_id']})"
    return sentence


def _say_created(event: Mapping[str, Any]) -> str:
    if event["batch_id"] is None:
        return BY_HAND
    if event["file"] == BY_HAND:
        return f"{BY_HAND} (batch {event['batch_id']})"
    return f"imported from {event['file'] or 'a file'} (batch {event['batch_id']})"


def _say_field(event: Mapping[str, Any]) -> str:
    name = str(event["field"] or "a field")
    old, new = (_say_value(name, event[key]) for key in ("old", "new"))
    return _say_change(name.removeprefix("column:").replace("_", " "), old, new)


def _say_status(event: Mapping[str, Any]) -> str:
    return _say_change("status", event["old"], event["new"])


def _say_change(what: str, old: str | None, new: str | None) -> str:
    if old is None:
        return f"{what} set to {new}"
    return f"{what} emptied, it was {old}" if new is None else f"{what} changed from {old} to {new}"


def _say_owner(event: Mapping[str, Any]) -> str:
    old, new = event["old"], event["new"]
    if new is None:
        return f"taken from {old}" if old else "left without an owner"
    return f"handed over from {old} to {new}" if old else f"given to {new}"


def _say_touch(event: Mapping[str, Any]) -> str:
    kind = event["field"] if event["field"] not in (None, "unknown", "last_touch") else "contact"
    return f"{kind} on {_say_if_day(event['new'])}" if event["new"] else f"{kind} recorded"


def _say_stage(event: Mapping[str, Any]) -> str:
    moved = f"moved from {event['old']} to {event['new']}" if event["old"] else f"moved to {event['new']}"
    return f"{moved} ({event['reason']})" if event["reason"] else moved


def _say_grade(event: Mapping[str, Any]) -> str:
    cause = f" ({event['reason']})" if event["reason"] else ""
    return f"grade moved from {event['old']} to {event['new']}{cause}"


def _say_qualified(event: Mapping[str, Any]) -> str:
    by = {"score": "by its score", "crm": "by the CRM's status"}.get(event["new"] or "", f"by {event['new']}")
    return f"qualified {by}" if event["new"] else "no longer qualified"


def _say_nominated(event: Mapping[str, Any]) -> str:
    return f"flagged as junk: {event['reason'] or event['new'] or 'no reason given'}"


def _say_other(event: Mapping[str, Any]) -> str:
    """A kind that this version has no sentence for, and those whose name says it all."""
    said = str(event["kind"]).replace("_", " ")
    if event["field"] or event["old"] or event["new"]:
        return f"{said}: {_say_field(event)}"
    return f"{said}: {event['reason']}" if event["reason"] else said


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    EventKind.CREATED: _say_created,
    EventKind.FIELD: _say_field,
    EventKind.STATUS: _say_status,
    EventKind.OWNER: _say_owner,
    EventKind.TOUCH: _say_touch,
    EventKind.STAGE: _say_stage,
    EventKind.GRADE: _say_grade,
    EventKind.QUALIFIED: _say_qualified,
    EventKind.NOMINATED: _say_nominated,
}


def _say_value(field: str, value: str | None) -> str | None:
    """A value as people read it: money is kept in minor units in the history, days as ISO dates."""
    attribute = BY_NAME.get(field)
    if value is None or attribute is None:
        return value
    if attribute.is_money:
        amount, _, currency = value.partition(" ")
        return format_money(int(amount), currency)
    return _say_if_day(value) if field.endswith("_on") else value


def _say_if_day(text: str) -> str:
    try:
        return say_day(date.fromisoformat(text))
    except ValueError:
        return text
