"""The history of a lead as sentences, and which lines repeat another line of the same act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from leadtriage.core.money import format_money
from leadtriage.core.text import format_day
from leadtriage.core.vocabulary import EventKind, Stage, TouchKind, VerdictWord
from leadtriage.db import Event, ImportBatch, find_merged_leads, table
from leadtriage.importing import BY_HAND, BY_NAME

_event = table(Event)
_batch = table(ImportBatch)

_COUNTS = ("touches", "unanswered_touches", "replies")


def repeats_another_event() -> ColumnElement[bool]:
    """Whether another line of the same act implies a row of `event`.

    A contact implies the counts that it changes, a verdict its stage, a closing its reason. The same holds for the
    lines that undo these.
    """
    main = _event.alias("main")
    undone, is_undone = EventKind.UNDONE.value, main.c.kind == EventKind.UNDONE
    stage = or_(
        _event.c.kind == EventKind.STAGE,
        and_(_event.c.kind == undone, _event.c.field == EventKind.STAGE.value),
    )
    implies = or_(
        and_(
            _event.c.field.in_(_COUNTS),
            or_(main.c.kind == EventKind.TOUCH, and_(is_undone, main.c.field.in_(list(TouchKind)))),
        ),
        and_(
            _event.c.field == "outcome_reason",
            or_(
                main.c.kind.in_([EventKind.STAGE, EventKind.VERDICT]),
                and_(is_undone, main.c.field.in_([EventKind.STAGE.value, EventKind.VERDICT.value])),
            ),
        ),
        and_(
            stage,
            or_(
                and_(main.c.kind == EventKind.VERDICT, main.c.new == _event.c.new),
                and_(is_undone, main.c.field == EventKind.VERDICT.value, main.c.old == _event.c.old),
            ),
        ),
    )
    same_act = and_(main.c.lead_id == _event.c.lead_id, main.c.act == _event.c.act, main.c.id != _event.c.id)
    by_people = and_(
        _event.c.batch_id.is_(None), _event.c.kind.in_([EventKind.FIELD, EventKind.STAGE, EventKind.UNDONE])
    )
    return and_(by_people, exists().where(same_act, implies))


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a lead's history.

    Attributes:
        at: the time in the criteria's time zone.
        repeats: whether another line of the same act implies it.
    """

    at: datetime
    by: str
    kind: str
    text: str
    repeats: bool = False


def read_history(connection: Connection, lead_id: int) -> tuple[Happening, ...]:
    """Return what happened to a lead and to those merged into it, the earliest first.

    Lines of merged leads begin with their id.
    """
    statement = (
        select(_event, _batch.c.file, repeats_another_event().label("repeats"))
        .join_from(_event, _batch, _batch.c.id == _event.c.batch_id, isouter=True)
        .where(_event.c.lead_id.in_(find_merged_leads(connection, lead_id)))
        .order_by(_event.c.recorded_at, _event.c.id)
    )
    return tuple(
        Happening(
            row["at"],
            row["by"],
            row["kind"],
            format_event(dict(row))
            if row["lead_id"] == lead_id
            else f"lead {row['lead_id']}: {format_event(dict(row))}",
            bool(row["repeats"]) or (row["lead_id"] != lead_id and row["kind"] == EventKind.MERGED),
        )
        for row in connection.execute(statement).mappings()
    )


def format_event(event: Mapping[str, Any]) -> str:
    """Return an event as a sentence without its subject, day and full stop.

    Args:
        event: the columns of `event`, and `file`, the name of its batch's file.
    """
    sentence = _FORMATTERS.get(event["kind"], _format_other)(event)
    if event["note"]:
        sentence += f": {event['note']}"
    if event["batch_id"] is not None and event["kind"] != EventKind.CREATED:
        sentence += f" (batch {event['batch_id']})"
    return sentence


def _format_created(event: Mapping[str, Any]) -> str:
    if event["batch_id"] is None:
        return BY_HAND
    if event["file"] == BY_HAND:
        return f"{BY_HAND} (batch {event['batch_id']})"
    stage = event["new"]
    stage_then = "" if stage in (None, Stage.NEW, Stage.WORKING) else f", in stage {stage}"
    return f"imported from {event['file'] or 'a file'} (batch {event['batch_id']}){stage_then}"


def _format_field(event: Mapping[str, Any]) -> str:
    name = str(event["field"] or "a field")
    if name == "nurture_until":
        return f"nurture until {_format_if_day(event['new'])} instead{_format_reason(event)}"
    old, new = (format_value(name, event[key]) for key in ("old", "new"))
    return _format_change(name.removeprefix("column:").replace("_", " "), old, new)


def _format_change(what: str, old: str | None, new: str | None) -> str:
    if old is not None and old == new:
        return f"{what} confirmed as {new}"
    if old is None:
        return f"{what} set to {new}" if new is not None else f"{what} changed"  # its content was erased
    return f"{what} emptied, it was {old}" if new is None else f"{what} changed from {old} to {new}"


def _format_owner(event: Mapping[str, Any]) -> str:
    old, new = event["old"], event["new"]
    if new is None:
        return f"unassigned from {old}" if old else "owner changed"
    return f"reassigned from {old} to {new}" if old else f"assigned to {new}"


def _format_touch(event: Mapping[str, Any]) -> str:
    kind = event["field"] if event["field"] not in (None, "unknown", "last_touch") else "contact"
    return f"{kind} on {_format_if_day(event['new'])}" if event["new"] else f"{kind} recorded"


def _format_stage(event: Mapping[str, Any]) -> str:
    moved = f"moved from {event['old']} to {event['new']}" if event["old"] else f"moved to {event['new']}"
    until = _after(event, "nurture_until")
    period = f" until {_format_if_day(until)}" if until and event["new"] == Stage.NURTURE else ""
    return f"{moved}{period}{_format_reason(event)}"


def _format_reason(event: Mapping[str, Any]) -> str:
    return f" ({event['reason']})" if event["reason"] else ""


def _format_grade(event: Mapping[str, Any]) -> str:
    return f"grade changed from {event['old']} to {event['new']}{_format_reason(event)}"


def _format_qualified(event: Mapping[str, Any]) -> str:
    by = {"score": "by its score", "crm": "by the CRM's status"}.get(event["new"] or "", f"by {event['new']}")
    return f"qualified {by}" if event["new"] else "no longer qualified"


def _format_nominated(event: Mapping[str, Any]) -> str:
    if event["new"] is None and event["old"]:
        return f"no longer flagged as junk: {event['old']}"
    return f"flagged as junk: {event['reason'] or event['new'] or 'no reason given'}"


def _format_verdict(event: Mapping[str, Any]) -> str:
    if event["field"] == "audit":
        return f"reviewed again as {event['new']}{_format_reason(event)}"
    if event["old"] == VerdictWord.JUNK:
        return "restored from junk"
    first = _after(event, "ask_for")
    until = _after(event, "nurture_until")
    said = {
        VerdictWord.JUNK: "called junk by a review",
        VerdictWord.RESCUE: "rescued by a review",
        VerdictWord.NURTURE: f"moved to nurture by a review{f' until {_format_if_day(until)}' if until else ''}",
        VerdictWord.ASK: f"to be asked first{f', about {first}' if first else ''}",
    }
    return f"{said.get(event['new'], event['new'])}{_format_reason(event)}"


def _format_put_off(event: Mapping[str, Any]) -> str:
    again = f", asked again from {_format_if_day(event['new'])}" if event["new"] else ""
    return f"{event['field'] or 'an answer'} not known yet{again}"


def _format_merged(event: Mapping[str, Any]) -> str:
    other = event["new"] or event["old"]
    return f"merged into lead {other}" if event["field"] == "into" else f"lead {other} was merged into it"


def _format_undone(event: Mapping[str, Any]) -> str:
    """Describe the act that was undone, or for an import the restored values."""
    if event.get("undoes") is None:
        return _format_other(event)
    name = str(event["field"])
    kind = EventKind(name) if name in set(EventKind) else _KINDS_OF_FIELDS.get(name, EventKind.FIELD)
    if name in set(TouchKind) and _is_day(event["old"]):
        kind = EventKind.TOUCH  # a mail, not an address
    elif name not in _KINDS_OF_FIELDS and kind is EventKind.FIELD and _is_day(event["old"]):
        kind = EventKind.PUT_OFF  # named by its criterion
    reverted = {column: change[::-1] for column, change in (event.get("changes") or {}).items()}
    before = {"old": event["new"], "new": event["old"], "changes": reverted, "undoes": None}
    return f"undone: {_FORMATTERS.get(kind, _format_other)({**event, 'kind': kind, **before})}"


def _after(event: Mapping[str, Any], column: str) -> Any:
    """Return the new value of a further column that the act changed."""
    return ((event.get("changes") or {}).get(column) or (None, None))[1]


_KINDS_OF_FIELDS: Mapping[str, EventKind] = {
    **{attribute.name: attribute.kind for attribute in BY_NAME.values()},
    "audit": EventKind.VERDICT,
    "qualified_by": EventKind.QUALIFIED,
    "into": EventKind.MERGED,
    "from": EventKind.MERGED,
    "apart_from": EventKind.KEPT_APART,
    "nurture_until": EventKind.FIELD,
}
"""The kind of event for a change of a field, where that is not `field`."""


def _format_other(event: Mapping[str, Any]) -> str:
    """Describe a kind without a sentence of its own."""
    kind = str(event["kind"]).replace("_", " ")
    if event["field"] or event["old"] or event["new"]:
        return f"{kind}: {_format_field(event)}"
    return f"{kind}: {event['reason']}" if event["reason"] else kind


_FORMATTERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    EventKind.CREATED: _format_created,
    EventKind.FIELD: _format_field,
    EventKind.STATUS: lambda event: _format_change("status", event["old"], event["new"]),
    EventKind.OWNER: _format_owner,
    EventKind.TOUCH: _format_touch,
    EventKind.STAGE: _format_stage,
    EventKind.GRADE: _format_grade,
    EventKind.QUALIFIED: _format_qualified,
    EventKind.NOMINATED: _format_nominated,
    EventKind.VERDICT: _format_verdict,
    EventKind.PUT_OFF: _format_put_off,
    EventKind.MERGED: _format_merged,
    EventKind.KEPT_APART: lambda event: f"kept apart from lead {event['new']}",
    EventKind.FORGOTTEN: lambda _: "all personal data erased on request",
    EventKind.UNDONE: _format_undone,
}


def format_value(field: str, value: str | None) -> str | None:
    """Format a value of the history, which stores money in minor units and days as ISO dates."""
    attribute = BY_NAME.get(field)
    if value is None or attribute is None:
        return value
    if attribute.is_money:
        amount, _, currency = value.partition(" ")
        return format_money(int(amount), currency)
    return _format_if_day(value) if field.endswith("_on") else value


def _format_if_day(text: str) -> str:
    return format_day(date.fromisoformat(text)) if _is_day(text) else text


def _is_day(text: str | None) -> bool:
    try:
        return text is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False
