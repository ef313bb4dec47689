"""The history of a lead as sentences: what happened, by whom, when. Events are only read here.

Which lines of the history repeat what another line of the same act says, so that people need not read both.
"""

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

_COUNTS = ("touches", "unanswered_touches", "replies")


def repeats_another_event() -> ColumnElement[bool]:
    """Whether another line of the same act says the same of the lead: a condition on a statement over `event`.

    A contact tells the counts that it moves, a verdict the stage that it leads to, a closing its reason; so do the
    lines that take these back.
    """
    main = _event.alias("main")
    undone, is_undone = EventKind.UNDONE.value, main.c.kind == EventKind.UNDONE
    stage = or_(
        _event.c.kind == EventKind.STAGE,
        and_(_event.c.kind == undone, _event.c.field == EventKind.STAGE.value),
    )
    tells = or_(
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
    return and_(by_people, exists().where(same_act, tells))


_event = table(Event)
_batch = table(ImportBatch)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a lead's story; `at` is in the criteria's time zone.

    `repeats` says that another line of the same act says the same, so that people need not read this one.
    """

    at: datetime
    by: str
    kind: str
    text: str
    repeats: bool = False


def read_history(connection: Connection, lead_id: int) -> tuple[Happening, ...]:
    """Return what happened to a lead and to those that were merged into it, the earliest first.

    Lines of the others begin with their number.
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
    stage = event["new"]
    as_told = f", came in {_CAME_IN.get(stage, stage)}" if stage not in (None, Stage.NEW, Stage.WORKING) else ""
    return f"imported from {event['file'] or 'a file'} (batch {event['batch_id']}){as_told}"


_CAME_IN: Mapping[str, str] = {Stage.NURTURE: "parked"}
"""Stages that are no word for how a lead came in."""


def _say_field(event: Mapping[str, Any]) -> str:
    name = str(event["field"] or "a field")
    if name == "nurture_until":
        return f"parked until {_say_if_day(event['new'])} instead{_say_why(event)}"
    old, new = (format_value(name, event[key]) for key in ("old", "new"))
    return _say_change(name.removeprefix("column:").replace("_", " "), old, new)


def _say_status(event: Mapping[str, Any]) -> str:
    return _say_change("status", event["old"], event["new"])


def _say_change(what: str, old: str | None, new: str | None) -> str:
    if old is not None and old == new:
        return f"{what} confirmed as {new}"
    if old is None:
        return f"{what} set to {new}" if new is not None else f"{what} changed"  # its content was erased
    return f"{what} emptied, it was {old}" if new is None else f"{what} changed from {old} to {new}"


def _say_owner(event: Mapping[str, Any]) -> str:
    old, new = event["old"], event["new"]
    if new is None:
        return f"taken from {old}" if old else "owner changed"
    return f"handed over from {old} to {new}" if old else f"given to {new}"


def _say_touch(event: Mapping[str, Any]) -> str:
    kind = event["field"] if event["field"] not in (None, "unknown", "last_touch") else "contact"
    return f"{kind} on {_say_if_day(event['new'])}" if event["new"] else f"{kind} recorded"


def _say_stage(event: Mapping[str, Any]) -> str:
    moved = f"moved from {event['old']} to {event['new']}" if event["old"] else f"moved to {event['new']}"
    until = _after(event, "nurture_until")
    parked = f" until {_say_if_day(until)}" if until and event["new"] == Stage.NURTURE else ""
    return f"{moved}{parked}{_say_why(event)}"


def _say_why(event: Mapping[str, Any]) -> str:
    return f" ({event['reason']})" if event["reason"] else ""


def _say_grade(event: Mapping[str, Any]) -> str:
    cause = f" ({event['reason']})" if event["reason"] else ""
    return f"grade moved from {event['old']} to {event['new']}{cause}"


def _say_qualified(event: Mapping[str, Any]) -> str:
    by = {"score": "by its score", "crm": "by the CRM's status"}.get(event["new"] or "", f"by {event['new']}")
    return f"qualified {by}" if event["new"] else "no longer qualified"


def _say_nominated(event: Mapping[str, Any]) -> str:
    if event["new"] is None and event["old"]:
        return f"no longer flagged as junk: {event['old']}"
    return f"flagged as junk: {event['reason'] or event['new'] or 'no reason given'}"


def _say_verdict(event: Mapping[str, Any]) -> str:
    if event["field"] == "audit":
        return f"looked at again, as {event['new']}{_say_why(event)}"
    if event["old"] == VerdictWord.JUNK:
        return "brought back from junk"
    first = _after(event, "ask_for")
    until = _after(event, "nurture_until")
    said = {
        VerdictWord.JUNK: "called junk by a review",
        VerdictWord.RESCUE: "rescued by a review",
        VerdictWord.NURTURE: f"parked by a review{f' until {_say_if_day(until)}' if until else ''}",
        VerdictWord.ASK: f"to be asked first{f', about {first}' if first else ''}",
    }
    return f"{said.get(event['new'], event['new'])}{_say_why(event)}"


def _say_put_off(event: Mapping[str, Any]) -> str:
    again = f", asked again from {_say_if_day(event['new'])}" if event["new"] else ""
    return f"{event['field'] or 'an answer'} not known yet{again}"


def _say_merged(event: Mapping[str, Any]) -> str:
    other = event["new"] or event["old"]
    return f"merged into lead {other}" if event["field"] == "into" else f"lead {other} was merged into it"


def _say_undone(event: Mapping[str, Any]) -> str:
    """What an act did, as it was told then; of an import the values that are back."""
    if event.get("undoes") is None:
        return _say_other(event)
    name = str(event["field"])
    kind = EventKind(name) if name in set(EventKind) else _KINDS_OF_FIELDS.get(name, EventKind.FIELD)
    if name in set(TouchKind) and _is_day(event["old"]):
        kind = EventKind.TOUCH  # a mail, not an address
    elif name not in _KINDS_OF_FIELDS and kind is EventKind.FIELD and _is_day(event["old"]):
        kind = EventKind.PUT_OFF  # named by its criterion
    turned = {column: change[::-1] for column, change in (event.get("changes") or {}).items()}
    before = {"old": event["new"], "new": event["old"], "changes": turned, "undoes": None}
    return f"taken back: {_SENTENCES.get(kind, _say_other)({**event, 'kind': kind, **before})}"


def _after(event: Mapping[str, Any], column: str) -> Any:
    """What an act made of a column that its line tells besides."""
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
"""What tells a field's change, where that is no line of the kind `field`."""


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
    EventKind.VERDICT: _say_verdict,
    EventKind.PUT_OFF: _say_put_off,
    EventKind.MERGED: _say_merged,
    EventKind.KEPT_APART: lambda event: f"kept apart from lead {event['new']}",
    EventKind.FORGOTTEN: lambda _: "everything about this person was erased, as they asked",
    EventKind.UNDONE: _say_undone,
}


def format_value(field: str, value: str | None) -> str | None:
    """A value as people read it: money is kept in minor units in the history, days as ISO dates."""
    attribute = BY_NAME.get(field)
    if value is None or attribute is None:
        return value
    if attribute.is_money:
        amount, _, currency = value.partition(" ")
        return format_money(int(amount), currency)
    return _say_if_day(value) if field.endswith("_on") else value


def _say_if_day(text: str) -> str:
    return format_day(date.fromisoformat(text)) if _is_day(text) else text


def _is_day(text: str | None) -> bool:
    try:
        return text is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False
