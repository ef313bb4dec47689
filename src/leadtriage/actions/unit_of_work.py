"""One act of a person: its changes to leads, their events and the new scores, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlmodel import SQLModel

from leadtriage.core.context import Act
from leadtriage.core.errors import LeadNotFound, LeadtriageError
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import OPEN_STAGES, EventKind
from leadtriage.criteria import Criteria
from leadtriage.db import Event, FieldOrigin, Lead, LeadScore, reserve_ids, table, writing
from leadtriage.db.dialect import batches, upsert
from leadtriage.importing import ATTRIBUTES, Attribute
from leadtriage.scoring import score_leads

_lead = table(Lead)
_BY_COLUMN = {column: attribute for attribute in ATTRIBUTES for column in attribute.columns}


@dataclass(frozen=True, slots=True)
class LeadChange:
    """A change of one lead with its event.

    Attributes:
        values: columns of `lead` and their new values. The stage and lead fields other than `field` get events of
            their own; columns that have the value already are skipped.
        field, old, new, reason, note: columns of `event`.
    """

    lead_id: int
    kind: EventKind
    values: Mapping[str, Any] = field(default_factory=dict)
    field: str | None = None
    old: str | None = None
    new: str | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The result of an act on one or many leads.

    Attributes:
        leads: the changed leads, with the columns of `lead` as they are now.
        left_out: how many of the requested leads are closed or gone.
        warnings: sentences for people.
    """

    leads: tuple[Mapping[str, Any], ...]
    left_out: int = 0
    warnings: tuple[str, ...] = ()


class UnitOfWork:
    """An act within its transaction; open one with `unit_of_work`.

    Attributes:
        id: the act's number, which all its events and rows carry.
    """

    def __init__(self, connection: Connection, criteria: Criteria, act: Act) -> None:
        self.connection = connection
        self.criteria = criteria
        self.act = act
        self.id = reserve_ids(connection, "act")
        self._changed: set[int] = set()

    def read_leads(self, lead_ids: Collection[int], *, required: bool = False) -> dict[int, dict[str, Any]]:
        """Read leads by id, each with all columns of `lead`.

        Raises:
            LeadNotFound: one of the `required` leads does not exist.
        """
        found: dict[int, dict[str, Any]] = {}
        for group in batches(sorted(set(lead_ids))):
            rows = self.connection.execute(select(_lead).where(_lead.c.id.in_(group))).mappings()
            found |= {row["id"]: dict(row) for row in rows}
        missing = [lead_id for lead_id in lead_ids if lead_id not in found]
        if required and missing:
            raise LeadNotFound(f"there is no lead {missing[0]}", hint="list leads: leadtriage leads")
        return found

    def read_lead(self, lead_id: int) -> dict[str, Any]:
        """Read one visible lead.

        Raises:
            LeadtriageError: the lead does not exist, or it was merged or removed.
        """
        lead = self.read_leads([lead_id], required=True)[lead_id]
        hidden = describe_hidden(lead)
        if hidden is not None:
            raise LeadtriageError(hidden, place=f"lead {lead_id}")
        return lead

    def read_changeable(
        self, lead_ids: Sequence[int], require: Callable[[Mapping[str, Any]], None]
    ) -> tuple[list[dict[str, Any]], int]:
        """Read the leads that an act may change, and count those that it leaves out.

        Args:
            require: raises a `LeadtriageError` for a lead that the act may not change.

        Raises:
            LeadtriageError: the only lead is hidden or refused by `require`; or no lead of many is left.
        """
        if len(set(lead_ids)) == 1:
            lead = self.read_lead(lead_ids[0])
            require(lead)
            return [lead], 0
        leads = []
        for _, lead in sorted(self.read_leads(lead_ids).items()):
            try:
                require(lead)
            except LeadtriageError:
                continue
            if describe_hidden(lead) is None:
                leads.append(lead)
        if not leads:
            raise LeadtriageError("none of the chosen leads is open", hint="list leads: leadtriage leads")
        return leads, len(set(lead_ids)) - len(leads)

    def warn_of_candidates(self, leads: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Return a warning if some of these leads were junk candidates when they were last scored."""
        score = table(LeadScore)
        found: list[int] = []
        for group in batches([lead["id"] for lead in leads]):
            candidates = select(score.c.lead_id).where(score.c.candidate, score.c.lead_id.in_(group))
            found += self.connection.execute(candidates).scalars()
        if not found:
            return ()
        who = f"lead {found[0]} is a junk candidate" if len(found) == 1 else f"{len(found):,} leads are junk candidates"
        return (f"{who} that nobody has reviewed",)

    def insert(self, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows with ids in sequence and this act's number; return the first id."""
        if not rows:
            return 0
        first = reserve_ids(self.connection, table(model).name, len(rows))
        numbered = [{"id": number, "act": self.id, **row} for number, row in enumerate(rows, first)]
        self.connection.execute(insert(table(model)), numbered)
        return first

    def record(self, changes: Sequence[LeadChange]) -> None:
        """Change leads and write the events, in this order."""
        leads = self.read_leads({change.lead_id for change in changes})
        events: list[dict[str, Any]] = []
        updates: dict[int, dict[str, Any]] = defaultdict(dict)
        origins: set[tuple[int, str]] = set()
        for change in changes:
            lead = leads[change.lead_id]
            changed = {name: value for name, value in change.values.items() if lead[name] != value}
            events += [self._build_event(*part) for part in _split(change, lead, changed)]
            observed = {_BY_COLUMN[name].name for name in changed if name in _BY_COLUMN}
            if change.kind is EventKind.FIELD and change.field is not None:
                observed.add(change.field)  # confirming a value observes it again
            origins |= {(change.lead_id, name) for name in observed}
            lead |= changed
            updates[change.lead_id] |= changed
        self._store(events, updates)
        if origins:
            origin = table(FieldOrigin)
            source = {"observed_at": self.act.at, "act": self.id, "batch_id": None}
            self.connection.execute(
                upsert(self.connection.dialect, origin).on_conflict_do_update(
                    index_elements=["lead_id", "field"], set_=source
                ),
                [{"lead_id": lead_id, "field": name, **source} for lead_id, name in sorted(origins)],
            )

    def revert(self, events: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """Restore the values from before an act, with an event for each one that is undone.

        Args:
            events: the act's events, last first, each with the previous values of its columns.
        """
        lines: list[dict[str, Any]] = []
        updates: dict[int, dict[str, Any]] = defaultdict(dict)
        for event, before in events:
            undone = LeadChange(
                event["lead_id"],
                EventKind.UNDONE,
                field=event["field"] or event["kind"],
                old=event["new"],
                new=event["old"],
                reason=event["reason"],
            )
            changes = {name: [after, before] for name, (before, after) in event["changes"].items()}
            lines.append({**self._build_event(undone, changes), "undoes": event["act"]})
            updates[event["lead_id"]] |= before
        self._store(lines, updates)

    def score(self) -> None:
        """Score the changed leads again, so that lists and the next decision see the change."""
        if self._changed:
            score_leads(self.connection, self.criteria, self.act, lead_ids=sorted(self._changed))
            self._changed.clear()

    def _build_event(self, change: LeadChange, changes: dict[str, list[Any]]) -> dict[str, Any]:
        act = self.act
        row = {name: getattr(change, name) for name in ("lead_id", "field", "old", "new", "reason", "note")}
        when = {"by": act.by, "at": act.at, "recorded_at": act.recorded_at}
        return {**row, **when, "kind": change.kind.value, "changes": changes}

    def _store(self, events: Sequence[Mapping[str, Any]], updates: Mapping[int, Mapping[str, Any]]) -> None:
        """Insert events and update leads, with one statement for all leads whose same columns change."""
        self.insert(Event, events)
        self._changed |= set(updates)
        by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for lead_id, values in updates.items():
            row = {"of_lead": lead_id, **{f"new_{name}": value for name, value in values.items()}}
            by_columns[tuple(sorted(values))].append(row)
        for names, rows in by_columns.items():
            if names:
                columns = {name: bindparam(f"new_{name}", type_=_lead.c[name].type) for name in names}
                statement = update(_lead).where(_lead.c.id == bindparam("of_lead"))
                self.connection.execute(statement.values({**columns, "changed_at": self.act.recorded_at}), rows)


@contextmanager
def unit_of_work(engine: Engine, criteria: Criteria, act: Act) -> Iterator[UnitOfWork]:
    """Open a transaction for one act; at its end, the changed leads are scored again.

    Raises:
        DatabaseError: the database cannot be written.
    """
    with writing(engine) as connection:
        work = UnitOfWork(connection, criteria, act)
        yield work
        work.score()


def text_columns(name: str, text: str | None) -> dict[str, Any]:
    """Return the columns of a text field: the text and its comparable form."""
    return {name: text, f"{name}_comparable": comparable(text) if text is not None else None}


def format_value(attribute: Attribute, lead: Mapping[str, Any]) -> str | None:
    """Format a field for an event: plain text, ISO dates, money as `AMOUNT CURRENCY` in minor units."""
    value = lead[attribute.columns[0]]
    if value is None:
        return None
    if attribute.is_money:
        return f"{value} {lead[attribute.columns[1]]}"
    return str(int(value)) if isinstance(value, bool) else str(value)


def describe_hidden(lead: Mapping[str, Any]) -> str | None:
    """Return why a lead is hidden: merged or removed; None if it is visible."""
    if lead["merged_into"] is not None:
        return f"it was merged into lead {lead['merged_into']}"
    return "it was removed by an undo" if lead["removed_by"] is not None else None


def require_open(lead: Mapping[str, Any]) -> None:
    """Raise a `LeadtriageError` unless a lead is in an open stage."""
    if lead["stage"] not in OPEN_STAGES:
        closed = f" since {lead['closed_on']}" if lead["closed_on"] else ""
        hint = "bring it back first: leadtriage junk --restore" if lead["stage"] == "junk" else "leadtriage reopen"
        raise LeadtriageError(f"it is {lead['stage']}{closed}", place=f"lead {lead['id']}", hint=f"{hint} {lead['id']}")


def _split(
    change: LeadChange, lead: Mapping[str, Any], changed: Mapping[str, Any]
) -> Iterator[tuple[LeadChange, dict[str, list[Any]]]]:
    """Yield a change, then one of its own for the stage and for each lead field besides, with old and new values."""
    values = {name: [_to_json(lead[name]), _to_json(changed[name])] for name in changed}
    by_attribute: dict[Attribute, dict[str, list[Any]]] = defaultdict(dict)
    for name in changed:
        attribute = _BY_COLUMN.get(name)
        if attribute is not None and attribute.name != change.field:
            by_attribute[attribute][name] = values.pop(name)
    stage = values.pop("stage", None) if change.kind is not EventKind.STAGE else None
    yield change, values
    if stage is not None:
        old, new = stage
        yield LeadChange(lead["id"], EventKind.STAGE, old=old, new=new, reason=change.reason), {"stage": stage}
    for attribute, pairs in by_attribute.items():
        old, new = format_value(attribute, lead), format_value(attribute, {**lead, **changed})
        note = change.note if attribute.kind is not EventKind.FIELD else None
        yield LeadChange(lead["id"], attribute.kind, field=attribute.name, old=old, new=new, note=note), pairs


def _to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
