"""Undo a person's last act: restore the values from before it, with events of its own.

A lead that was changed again since stands in the way, unless the rest of the act is undone without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, FromClause, delete, exists, func, select, update

from leadtriage.actions.unit_of_work import UnitOfWork, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.text import fold, format_count
from leadtriage.core.vocabulary import EventKind, PairWord
from leadtriage.criteria import Criteria
from leadtriage.db import Event, FieldOrigin, Lead, LeadKey, Nomination, PairDecision, PutOff, Touch, Verdict, table
from leadtriage.db.dialect import batches
from leadtriage.importing import is_undone, restore_after_act
from leadtriage.importing.normalize import phone_digits_key

_LABELS: Mapping[str, Sequence[str]] = {
    "stage": ("stage",),
    "owner": ("owner", "owner_comparable", "assigned_on"),
    "outcome": ("closed_on", "outcome_reason", "outcome_said_by", "outcome_amount", "outcome_currency"),
    "snooze": ("nurture_until", "nurture_reason", "parked_on"),
    "contacts": ("first_touch_on", "last_touch_on", "contact_dated", "touches", "unanswered_touches", "replies"),
    "promised next contact": ("next_touch_on",),
    "qualification": ("qualified_on", "qualified_by"),
    "question to ask first": ("ask_for",),
    "shelf life": ("shelf_from",),
    "budget": ("budget_amount", "budget_currency"),
    "revenue": ("revenue_amount", "revenue_currency"),
    "decision date": ("decides_on",),
    "further addresses": ("other_emails",),
    "further phone numbers": ("other_phones",),
    "id in the source system": ("crm_id",),
    "merge": ("merged_into",),
    "extra columns": ("extra", "extra_comparable"),
}
"""Names of columns for people, the most telling first; other columns go by their own name."""

_LABEL_OF = {column: (rank, label) for rank, (label, columns) in enumerate(_LABELS.items()) for column in columns}
_MAX_NAMED = 5

_event, _lead = table(Event), table(Lead)

_Restored = list[tuple[Mapping[str, Any], dict[str, Any]]]
"""Events of an act, last first, each with the values from before it."""


@dataclass(frozen=True, slots=True)
class UndoneAct:
    """An act that was undone.

    Attributes:
        act: its number.
        events: the events that were undone, with the columns of `event`.
        left: the ids of leads that stay as they are, since they were changed again.
    """

    act: int
    events: tuple[Mapping[str, Any], ...]
    left: tuple[int, ...] = ()


def undo_last_act(
    engine: Engine, criteria: Criteria, act: Act, *, only: int | None = None, rest: bool = False
) -> UndoneAct:
    """Undo the last act of `act.by` that is not undone yet: a verdict, a contact, an assignment, a merge, a closing.

    Args:
        only: the number that the act must have.
        rest: skip the leads that were changed again since. The whole act then counts as undone.

    Raises:
        LeadtriageError: there is no such act, it cannot be undone, or its leads were changed again since.
    """
    with unit_of_work(engine, criteria, act) as work:
        last = _find_last_act(work.connection, act.by)
        if last is None:
            raise LeadtriageError(
                f"{act.by} has done nothing that could be undone",
                hint="--by NAME undoes another person's act; undo an import with: leadtriage undo BATCH",
            )
        if only is not None and only != last:
            raise LeadtriageError(f"{act.by} has done something else since", hint="undo that first: leadtriage undo")
        mine = select(_event).where(_event.c.act == last, _event.c.changes.is_not(None))
        events = tuple(dict(row) for row in work.connection.execute(mine.order_by(_event.c.id)).mappings())
        if any(event["kind"] == EventKind.FORGOTTEN for event in events):
            lead_id = events[0]["lead_id"]
            raise LeadtriageError("the last act erased a person, which cannot be undone", place=f"lead {lead_id}")
        _require_latest_merge(work.connection, last)
        left = _restore_values(work, events, rest=rest)
        events = tuple(event for event in events if event["lead_id"] not in left)
        leads = sorted({event["lead_id"] for event in events})
        _return_keys(work.connection, last)
        _withdraw_rows(work, last, leads)
        _release_keys(work.connection, events)
        restore_after_act(work.connection, leads, act)
    return UndoneAct(last, events, tuple(sorted(left)))


def was_undone(event: FromClause) -> ColumnElement[bool]:
    """Whether an event was undone for its lead: a condition on a statement over `event`."""
    undoing = _event.alias("undoing")
    return exists().where(undoing.c.undoes == event.c.act, undoing.c.lead_id == event.c.lead_id)


def _find_last_act(connection: Connection, by: str) -> int | None:
    is_act, undoing = _event.c.changes.is_not(None), _event.alias("undoing")
    everybody = connection.execute(select(_event.c.by).where(is_act).distinct()).scalars()
    names = [name for name in everybody if fold(name) == fold(by)]
    is_undone = exists().where(undoing.c.undoes == _event.c.act)
    last = select(func.max(_event.c.act)).where(_event.c.by.in_(names), is_act, _event.c.undoes.is_(None), ~is_undone)
    found: int | None = connection.execute(last).scalar()
    return found


def _require_latest_merge(connection: Connection, act_id: int) -> None:
    """Raise if the surviving lead of a merge was merged itself since."""
    pair = table(PairDecision)
    merges = select(_lead.c.id, _lead.c.merged_into).join(pair, pair.c.winner_id == _lead.c.id)
    later = connection.execute(merges.where(pair.c.act == act_id, _lead.c.merged_into.is_not(None))).first()
    if later is not None:
        raise LeadtriageError(
            f"it was merged into lead {later.merged_into} since",
            place=f"lead {later.id}",
            hint=f"undo that first; see who did it: leadtriage history --lead {later.merged_into} --kind merged",
        )


def _restore_values(work: UnitOfWork, events: Sequence[Mapping[str, Any]], *, rest: bool) -> frozenset[int]:
    """Restore the values of the leads; return those that were changed again since."""
    leads = work.read_leads({event["lead_id"] for event in events})
    restored, changed = _find_values_before(leads, events)
    divisible = not any(event["kind"] == EventKind.MERGED for event in events)
    if changed and not (rest and divisible and restored):
        raise _changed_since_error(changed, len(leads), divisible=divisible)
    work.revert(restored)
    return frozenset(changed)


def _find_values_before(
    leads: Mapping[int, Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
) -> tuple[_Restored, dict[int, str]]:
    """Find the values from before an act, and for each lead that was changed since the name of that change.

    Args:
        leads: the leads of the events as they are, by id.
        events: the events of the act in their order.
    """
    now = {lead_id: dict(lead) for lead_id, lead in leads.items()}
    changed: dict[int, list[str]] = {}
    restored: _Restored = []
    for event in reversed(events):
        lead = now[event["lead_id"]]
        before, others = _revert_changes(lead, event["changes"])
        if others:
            changed.setdefault(lead["id"], []).extend(others)
        lead |= before
        restored.append((event, before))
    kept = [(event, before) for event, before in restored if event["lead_id"] not in changed]
    return kept, {lead_id: _name_change(columns) for lead_id, columns in changed.items()}


def _revert_changes(lead: Mapping[str, Any], changes: Mapping[str, Sequence[Any]]) -> tuple[dict[str, Any], list[str]]:
    """The columns' values from before a change, and the columns that were changed since.

    Of the extra columns, only those count that the change touched.
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
        elif now == _from_json(name, after):
            found[name] = _from_json(name, before)
            continue
        others.append(name)
    return found, others


def _from_json(name: str, value: Any) -> Any:
    is_day = value is not None and _lead.c[name].type.python_type is date
    return date.fromisoformat(value) if is_day else value


def _name_change(columns: Sequence[str]) -> str:
    """The most telling name of changed columns."""
    others = len(_LABELS)
    return min(
        (_LABEL_OF.get(name, (others, name.removesuffix("_comparable").replace("_", " "))) for name in columns),
        key=lambda ranked: ranked[0],
    )[1]


def _changed_since_error(changed: Mapping[int, str], leads: int, *, divisible: bool) -> LeadtriageError:
    """The error for leads that were changed again since.

    Args:
        changed: the name of the change, by lead id.
        leads: how many leads the act changed.
        divisible: whether the other leads can be undone without them.
    """
    first = min(changed)
    hint = f"look at it: leadtriage show {first}"
    if leads == 1:
        return LeadtriageError(f"its {changed[first]} was changed again since", place=f"lead {first}", hint=hint)
    named = ", ".join(f"lead {lead_id} (its {changed[lead_id]})" for lead_id in sorted(changed)[:_MAX_NAMED])
    more = f" and {len(changed) - _MAX_NAMED:,} more" if len(changed) > _MAX_NAMED else ""
    if divisible and len(changed) < leads:
        hint += "; undo all the rest: leadtriage undo --rest"
    return LeadtriageError(
        f"of its {format_count(leads, 'lead')} some were changed again since: {named}{more}", hint=hint
    )


def _withdraw_rows(work: UnitOfWork, act_id: int, leads: Sequence[int]) -> None:
    """Withdraw what the act added to these leads, and let the nominations that it withdrew count again."""
    connection = work.connection
    nomination, origin = table(Nomination), table(FieldOrigin)
    for group in batches(leads):
        for model in (Nomination, Touch, Verdict, PutOff, PairDecision):
            rows = table(model)
            made = rows.c.act == act_id, rows.c.lead_id.in_(group), rows.c.withdrawn_at.is_(None)
            connection.execute(update(rows).where(*made).values(withdrawn_at=work.act.recorded_at))
        theirs = nomination.c.lead_id.in_(group)
        # A nomination of the act that a later act withdrew must not return when that one is undone.
        connection.execute(update(nomination).where(nomination.c.act == act_id, theirs).values(withdrawn_act=None))
        connection.execute(
            update(nomination)
            .where(nomination.c.withdrawn_act == act_id, theirs, ~is_undone(nomination.c.batch_id))
            .values(withdrawn_at=None, withdrawn_act=None)
        )
        connection.execute(
            delete(origin).where(origin.c.act == act_id, origin.c.lead_id.in_(group), origin.c.batch_id.is_(None))
        )


def _return_keys(connection: Connection, act_id: int) -> None:
    """Return the keys of merged leads to them."""
    pair, key = table(PairDecision), table(LeadKey)
    merges = connection.execute(select(pair).where(pair.c.act == act_id, pair.c.decision == PairWord.MERGED)).all()
    for merge in merges:
        loser = merge.lead_id if merge.winner_id == merge.other_lead_id else merge.other_lead_id
        for group in batches(merge.moved_keys):
            statement = update(key).where(key.c.key.in_(group), key.c.lead_id == merge.winner_id)
            connection.execute(statement.values(lead_id=loser))


def _release_keys(connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
    """Delete the keys of answered addresses and numbers; the keys of imports belong to their batch."""
    key = table(LeadKey)
    for event in events:
        if event["kind"] != EventKind.FIELD or event["new"] is None:
            continue
        prefixes = {
            "email": (f"e:{event['new']}", f"r:{event['new']}|"),
            "phone": (f"p:{phone_digits_key(event['new'])}|",),
        }.get(event["field"], ())
        if not prefixes or _was_answered_before(connection, event):
            continue
        for prefix in prefixes:
            mine = key.c.key.startswith(prefix, autoescape=True), key.c.lead_id == event["lead_id"]
            connection.execute(delete(key).where(*mine, key.c.batch_id.is_(None)))


def _was_answered_before(connection: Connection, event: Mapping[str, Any]) -> bool:
    """Whether another act, not undone, has given the lead the same address or number."""
    same = (_event.c[name] == event[name] for name in ("lead_id", "kind", "field", "new"))
    other = select(_event.c.id).where(*same, _event.c.act != event["act"], ~was_undone(_event))
    return connection.execute(other.limit(1)).first() is not None
