"""Takes back the last act of a person, by events of its own: what the act changed becomes again what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, delete, exists, func, select, update

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.db.dialect import batches
from leadtriage.db.schema import (
    Event,
    FieldOrigin,
    Lead,
    LeadKey,
    Nomination,
    PairDecision,
    PutOff,
    Touch,
    Verdict,
    table,
)
from leadtriage.errors import LeadtriageError
from leadtriage.importing.lines import stands
from leadtriage.importing.undo import restore_after_act
from leadtriage.importing.values import phone_digits_key
from leadtriage.triage.acting import Acting, acting
from leadtriage.vocabulary import EventKind, PairWord

_event, _lead = table(Event), table(Lead)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was taken back.

    Attributes:
        act: its number.
        events: its lines of the history, with the columns of `event`.
    """

    act: int
    events: tuple[Mapping[str, Any], ...]


def undo_last_act(engine: Engine, criteria: Criteria, act: Act, *, only: int | None = None) -> TakenBack:
    """Take back the last act of `act.by` that stands: a verdict, a touch, an assignment, a merge, a closing.

    Args:
        only: the number of the one act that is meant, where no other will do.

    Raises:
        LeadtriageError: there is none, or it is not the one that is meant; it cannot be taken back; or what it changed
            was changed again since.
    """
    with acting(engine, criteria, act) as doing:
        last = _find_last_act(doing.connection, act.by)
        if last is None:
            raise LeadtriageError(
                f"{act.by} has done nothing that could be taken back",
                hint="--by NAME takes back somebody else's act; an import is taken back with: leadtriage undo BATCH",
            )
        if only is not None and only != last:
            raise LeadtriageError(f"{act.by} has done something else since", hint="that goes first: leadtriage undo")
        mine = select(_event).where(_event.c.by == act.by, _event.c.act == last, _event.c.changes.is_not(None))
        events = tuple(dict(row) for row in doing.connection.execute(mine.order_by(_event.c.id)).mappings())
        if any(event["kind"] == EventKind.FORGOTTEN for event in events):
            raise LeadtriageError(
                "the last act was to forget a person, and nothing of that is left to bring back",
                place=f"lead {events[0]['lead_id']}",
            )
        _require_latest_merge(doing, last)
        _restore(doing, events)
        _withdraw(doing, last)
        _release_keys(doing.connection, events)
        restore_after_act(doing.connection, sorted({event["lead_id"] for event in events}), act)
    return TakenBack(last, events)


def was_undone(event: Any) -> Any:
    """Whether the act of an event has been taken back: a condition on a statement over `event`."""
    undoing = _event.alias("undoing")
    return exists().where(undoing.c.undoes == event.c.act)


def _find_last_act(connection: Connection, by: str) -> int | None:
    last = select(func.max(_event.c.act)).where(
        _event.c.by == by, _event.c.changes.is_not(None), _event.c.undoes.is_(None), ~was_undone(_event)
    )
    found: int | None = connection.execute(last).scalar()
    return found


def _restore(doing: Acting, events: Sequence[Mapping[str, Any]]) -> None:
    """Give the leads the values from before, last change first."""
    leads = doing.read_leads({event["lead_id"] for event in events})
    turned = []
    for event in reversed(events):
        lead = leads[event["lead_id"]]
        before = {name: _turn_back(lead, name, *change) for name, change in event["changes"].items()}
        lead |= before
        turned.append((event, before))
    doing.take_back(turned)


def _turn_back(lead: Mapping[str, Any], name: str, before: Any, after: Any) -> Any:
    """The value of a column from before a change; of the files' own columns only those that it changed.

    Raises:
        LeadtriageError: it is not as the change had left it.
    """
    now = lead[name]
    if isinstance(before, dict) or isinstance(after, dict):
        before, after, now = before or {}, after or {}, now or {}
        keys = {key for key in (*before, *after) if before.get(key) != after.get(key)}
        if all(now.get(key) == after.get(key) for key in keys):
            kept = {key: value for key, value in now.items() if key not in keys}
            return (kept | {key: before[key] for key in keys if key in before}) or None
    elif now == _read(name, after):
        return _read(name, before)
    what = "one of its columns" if name.startswith("extra") else f"its {name.replace('_', ' ')}"
    raise LeadtriageError(
        f"{what} was changed again since", place=f"lead {lead['id']}", hint=f"see: leadtriage show {lead['id']}"
    )


def _require_latest_merge(doing: Acting, act_id: int) -> None:
    """Raise where the lead that a merge of the act had left was merged itself since: that goes first."""
    pair = table(PairDecision)
    merges = select(_lead.c.id, _lead.c.merged_into).join(pair, pair.c.winner_id == _lead.c.id)
    for winner_id, into in doing.connection.execute(
        merges.where(pair.c.act == act_id, _lead.c.merged_into.is_not(None))
    ):
        raise LeadtriageError(
            f"it was merged into lead {into} since",
            place=f"lead {winner_id}",
            hint=f"that goes first; see who did it: leadtriage history --lead {into} --kind merged",
        )


def _withdraw(doing: Acting, act_id: int) -> None:
    """Let what the act had made no longer count, and what it had withdrawn count again."""
    connection, now = doing.connection, doing.act.recorded_at
    _return_keys(connection, act_id)
    for model in (Nomination, Touch, Verdict, PutOff, PairDecision):
        rows = table(model)
        connection.execute(
            update(rows).where(rows.c.act == act_id, rows.c.withdrawn_at.is_(None)).values(withdrawn_at=now)
        )
    nomination = table(Nomination)
    # What a later act has withdrawn does not come back with that one's undoing either.
    connection.execute(update(nomination).where(nomination.c.act == act_id).values(withdrawn_act=None))
    connection.execute(
        update(nomination)
        .where(nomination.c.withdrawn_act == act_id, stands(nomination.c.batch_id))
        .values(withdrawn_at=None, withdrawn_act=None)
    )
    origin = table(FieldOrigin)
    connection.execute(delete(origin).where(origin.c.act == act_id, origin.c.batch_id.is_(None)))


def _release_keys(connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
    """Let the addresses and numbers that somebody answered lead nowhere; the keys of imports have their batch."""
    key = table(LeadKey)
    for event in events:
        if event["kind"] != EventKind.FIELD or event["new"] is None:
            continue
        begins = {
            "email": (f"e:{event['new']}", f"r:{event['new']}|"),
            "phone": (f"p:{phone_digits_key(event['new'])}|",),
        }.get(event["field"], ())
        if not begins or _was_answered_before(connection, event):
            continue
        for begin in begins:
            mine = key.c.key.startswith(begin, autoescape=True), key.c.lead_id == event["lead_id"]
            connection.execute(delete(key).where(*mine, key.c.batch_id.is_(None)))


def _was_answered_before(connection: Connection, event: Mapping[str, Any]) -> bool:
    """Whether another act that stands has given the lead the same address or number."""
    same = (_event.c[name] == event[name] for name in ("lead_id", "kind", "field", "new"))
    other = select(_event.c.id).where(*same, _event.c.act != event["act"], ~was_undone(_event))
    return connection.execute(other.limit(1)).first() is not None


def _return_keys(connection: Connection, act_id: int) -> None:
    """Let the keys of a merged lead lead to it again."""
    pair, key = table(PairDecision), table(LeadKey)
    merges = connection.execute(select(pair).where(pair.c.act == act_id, pair.c.decision == PairWord.MERGED)).all()
    for merge in merges:
        loser = merge.lead_id if merge.winner_id == merge.other_lead_id else merge.other_lead_id
        for group in batches(merge.moved_keys):
            statement = update(key).where(key.c.key.in_(group), key.c.lead_id == merge.winner_id)
            connection.execute(statement.values(lead_id=loser))


def _read(name: str, value: Any) -> Any:
    """A column's value from the form in which `event.changes` has it."""
    is_day = value is not None and _lead.c[name].type.python_type is date
    return date.fromisoformat(value) if is_day else value
