"""Takes back the last act of a person, by events of its own: what the act changed becomes again what it was.

What it was, and whether it was changed again since, is `triage.turning_back`'s.

What the columns of leads were before an act, and what stands in the way where they were changed again since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, delete, exists, func, select, update

from leadtriage.actions.unit_of_work import UnitOfWork, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.text import fold, format_count
from leadtriage.core.vocabulary import EventKind, PairWord
from leadtriage.criteria import Criteria
from leadtriage.db import Event, FieldOrigin, Lead, LeadKey, Nomination, PairDecision, PutOff, Touch, Verdict, table
from leadtriage.db.dialect import batches
from leadtriage.importing import restore_after_act, stands
from leadtriage.importing.normalize import phone_digits_key

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


def find_values_before(
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


def changed_since_error(changed: Mapping[int, str], leads: int, *, divisible: bool) -> LeadtriageError:
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
        f"of its {format_count(leads, 'lead')} some were changed again since: {told}{more}", hint=f"{look}{rest}"
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


_event, _lead = table(Event), table(Lead)


@dataclass(frozen=True, slots=True)
class UndoneAct:
    """What was taken back.

    Attributes:
        act: its number.
        events: its lines of the history that were taken back, with the columns of `event`.
        left: the ids of leads that stay as they are, since they were changed again.
    """

    act: int
    events: tuple[Mapping[str, Any], ...]
    left: tuple[int, ...] = ()


def undo_last_act(
    engine: Engine, criteria: Criteria, act: Act, *, only: int | None = None, rest: bool = False
) -> UndoneAct:
    """Take back the last act of `act.by` that stands: a verdict, a touch, an assignment, a merge, a closing.

    Args:
        only: the number of the one act that is meant, where no other will do.
        rest: leave those leads as they are that were changed again since. With that the whole act counts as taken
            back, so that the next time the one before it is.

    Raises:
        LeadtriageError: there is none, or it is not the one that is meant; it cannot be taken back; or what it changed
            was changed again since, of all its leads or without `rest`.
    """
    with unit_of_work(engine, criteria, act) as work:
        last = _find_last_act(work.connection, act.by)
        if last is None:
            raise LeadtriageError(
                f"{act.by} has done nothing that could be taken back",
                hint="--by NAME takes back somebody else's act; an import is taken back with: leadtriage undo BATCH",
            )
        if only is not None and only != last:
            raise LeadtriageError(f"{act.by} has done something else since", hint="that goes first: leadtriage undo")
        mine = select(_event).where(_event.c.act == last, _event.c.changes.is_not(None))
        events = tuple(dict(row) for row in work.connection.execute(mine.order_by(_event.c.id)).mappings())
        if any(event["kind"] == EventKind.FORGOTTEN for event in events):
            raise LeadtriageError(
                "the last act was to forget a person, and nothing of that is left to bring back",
                place=f"lead {events[0]['lead_id']}",
            )
        _require_latest_merge(work, last)
        left = _restore(work, events, rest=rest)
        events = tuple(event for event in events if event["lead_id"] not in left)
        leads = sorted({event["lead_id"] for event in events})
        _withdraw(work, last, leads)
        _release_keys(work.connection, events)
        restore_after_act(work.connection, leads, act)
    return UndoneAct(last, events, tuple(sorted(left)))


def was_undone(event: Any) -> Any:
    """Whether what an event tells of its lead has been taken back: a condition on a statement over `event`."""
    undoing = _event.alias("undoing")
    return exists().where(undoing.c.undoes == event.c.act, undoing.c.lead_id == event.c.lead_id)


def _find_last_act(connection: Connection, by: str) -> int | None:
    acted, undoing = _event.c.changes.is_not(None), _event.alias("undoing")
    everybody = connection.execute(select(_event.c.by).where(acted).distinct()).scalars()
    names = [name for name in everybody if fold(name) == fold(by)]
    taken_back = exists().where(undoing.c.undoes == _event.c.act)
    last = select(func.max(_event.c.act)).where(_event.c.by.in_(names), acted, _event.c.undoes.is_(None), ~taken_back)
    found: int | None = connection.execute(last).scalar()
    return found


def _restore(work: UnitOfWork, events: Sequence[Mapping[str, Any]], *, rest: bool) -> frozenset[int]:
    """Give the leads the values from before, and return those that were changed again since."""
    leads = work.read_leads({event["lead_id"] for event in events})
    turned, changed = find_values_before(leads, events)
    divisible = not any(event["kind"] == EventKind.MERGED for event in events)
    if changed and not (rest and divisible and turned):
        raise changed_since_error(changed, len(leads), divisible=divisible)
    work.take_back(turned)
    return frozenset(changed)


def _require_latest_merge(work: UnitOfWork, act_id: int) -> None:
    """Raise where the lead that a merge of the act had left was merged itself since: that goes first."""
    pair = table(PairDecision)
    merges = select(_lead.c.id, _lead.c.merged_into).join(pair, pair.c.winner_id == _lead.c.id)
    for winner_id, into in work.connection.execute(
        merges.where(pair.c.act == act_id, _lead.c.merged_into.is_not(None))
    ):
        raise LeadtriageError(
            f"it was merged into lead {into} since",
            place=f"lead {winner_id}",
            hint=f"that goes first; see who did it: leadtriage history --lead {into} --kind merged",
        )


def _withdraw(work: UnitOfWork, act_id: int, leads: Sequence[int]) -> None:
    """Let what the act had made of these leads no longer count, and what it had withdrawn count again."""
    connection, now = work.connection, work.act.recorded_at
    _return_keys(connection, act_id)
    nomination, origin = table(Nomination), table(FieldOrigin)
    for group in batches(leads):
        for model in (Nomination, Touch, Verdict, PutOff, PairDecision):
            rows = table(model)
            made = rows.c.act == act_id, rows.c.lead_id.in_(group), rows.c.withdrawn_at.is_(None)
            connection.execute(update(rows).where(*made).values(withdrawn_at=now))
        theirs = nomination.c.lead_id.in_(group)
        # What a later act has withdrawn does not come back with that one's undoing either.
        connection.execute(update(nomination).where(nomination.c.act == act_id, theirs).values(withdrawn_act=None))
        connection.execute(
            update(nomination)
            .where(nomination.c.withdrawn_act == act_id, theirs, stands(nomination.c.batch_id))
            .values(withdrawn_at=None, withdrawn_act=None)
        )
        connection.execute(
            delete(origin).where(origin.c.act == act_id, origin.c.lead_id.in_(group), origin.c.batch_id.is_(None))
        )


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
