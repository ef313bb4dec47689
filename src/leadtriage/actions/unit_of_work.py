"""One act of a person: what it changes in leads, the history's lines of it and the new scores, in one transaction.

What an act may do, and to which leads, is told by the module of each command. Taking one back is `triage.undoing`'s.

Which of the leads that were named an act may change: of one it says why not, of many the others are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
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
    """What an act does to one lead, and how the history tells it.

    Attributes:
        values: columns of `lead` and what they become; columns that are so already are left alone. A lead field
            among them that is not `field` itself, and the stage, get lines of their own in the history.
        field, old, new: as `event` has them; for a lead field in the form of `importing.attributes`.
    """

    lead_id: int
    kind: EventKind
    values: Mapping[str, Any] = field(default_factory=dict)
    field: str | None = None
    old: str | None = None
    new: str | None = None
    reason: str | None = None
    note: str | None = None


class UnitOfWork:
    """An act that is being carried out; see `acting`.

    Attributes:
        id: the act's number, which groups its events and marks the rows that it makes.
    """

    def __init__(self, connection: Connection, criteria: Criteria, act: Act) -> None:
        self.connection = connection
        self.criteria = criteria
        self.act = act
        self.id = reserve_ids(connection, "act")
        self.changed: set[int] = set()

    def read_leads(self, lead_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """Read leads by their ids, each with all columns of `lead`."""
        found: dict[int, dict[str, Any]] = {}
        for group in batches(sorted(set(lead_ids))):
            rows = self.connection.execute(select(_lead).where(_lead.c.id.in_(group))).mappings()
            found |= {row["id"]: dict(row) for row in rows}
        return found

    def read_lead(self, lead_id: int) -> dict[str, Any]:
        """Read one lead that is neither removed nor merged into another.

        Raises:
            LeadtriageError: it is.
        """
        lead = self.read_leads([lead_id])[lead_id]
        if lead["merged_into"] is not None:
            raise LeadtriageError(f"it was merged into lead {lead['merged_into']}", place=f"lead {lead_id}")
        if lead["removed_by"] is not None:
            raise LeadtriageError("it was taken back by an undo", place=f"lead {lead_id}")
        return lead

    def record(self, changes: Sequence[LeadChange]) -> None:
        """Change leads and write the history's lines of it, in the order in which they are given."""
        leads = self.read_leads({change.lead_id for change in changes})
        events: list[dict[str, Any]] = []
        updates: dict[int, dict[str, Any]] = defaultdict(dict)
        origins: set[tuple[int, str]] = set()
        for change in changes:
            lead = leads[change.lead_id]
            changed = {name: value for name, value in change.values.items() if lead[name] != value}
            by_attribute: dict[Attribute, list[str]] = defaultdict(list)
            for name in changed:
                if name in _BY_COLUMN:
                    by_attribute[_BY_COLUMN[name]].append(name)
            told_apart = [attribute for attribute in by_attribute if attribute.name != change.field]
            moves = "stage" in changed and change.kind is not EventKind.STAGE
            own = [
                name for name in changed if _BY_COLUMN.get(name) not in told_apart and not (moves and name == "stage")
            ]
            events.append(self._write_event(change, _pair(lead, changed, own)))
            if moves:
                stages = {"old": lead["stage"], "new": changed["stage"], "reason": change.reason}
                line = LeadChange(change.lead_id, EventKind.STAGE, **stages)
                events.append(self._write_event(line, _pair(lead, changed, ["stage"])))
            for attribute in told_apart:
                line = LeadChange(
                    change.lead_id,
                    attribute.kind,
                    field=attribute.name,
                    old=format_value(attribute, lead),
                    new=format_value(attribute, lead | changed),
                    note=change.note if attribute.kind is not EventKind.FIELD else None,
                )
                events.append(self._write_event(line, _pair(lead, changed, by_attribute[attribute])))
            origins |= {(change.lead_id, attribute.name) for attribute in by_attribute}
            if change.kind is EventKind.FIELD and change.field is not None:
                origins.add((change.lead_id, change.field))  # what a person confirms was observed anew
            lead |= changed
            updates[change.lead_id] |= changed
        self._store(events, updates, origins)
        self.changed |= {change.lead_id for change in changes}

    def take_back(self, events: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """Write the values from before an act into its leads, with an event for each of the act's that is taken back.

        Args:
            events: of the act, last first, each with the columns' values from before.
        """
        lines: list[dict[str, Any]] = []
        updates: dict[int, dict[str, Any]] = defaultdict(dict)
        for event, before in events:
            told = LeadChange(
                event["lead_id"],
                EventKind.UNDONE,
                field=event["field"] or event["kind"],
                old=event["new"],
                new=event["old"],
                reason=event["reason"],
            )
            turned = {name: [after, before] for name, (before, after) in event["changes"].items()}
            lines.append(self._write_event(told, turned) | {"undoes": event["act"]})
            updates[event["lead_id"]] |= before
        self._store(lines, updates, ())
        self.changed |= set(updates)

    def score(self) -> None:
        """Score anew what was changed, so that lists and the next decision see it."""
        if self.changed:
            score_leads(self.connection, self.criteria, self.act, lead_ids=sorted(self.changed))
            self.changed.clear()

    def _write_event(self, change: LeadChange, changes: dict[str, list[Any]]) -> dict[str, Any]:
        return {
            "lead_id": change.lead_id,
            "act": self.id,
            "at": self.act.at,
            "recorded_at": self.act.recorded_at,
            "by": self.act.by,
            "kind": change.kind.value,
            "field": change.field,
            "old": change.old,
            "new": change.new,
            "reason": change.reason,
            "note": change.note,
            "changes": changes,
        }

    def _store(
        self,
        events: list[dict[str, Any]],
        updates: Mapping[int, Mapping[str, Any]],
        origins: Collection[tuple[int, str]],
    ) -> None:
        if not events:
            return
        first = reserve_ids(self.connection, "event", len(events))
        rows = [event | {"id": first + place} for place, event in enumerate(events)]
        self.connection.execute(insert(table(Event)), rows)
        store_columns(self.connection, self.act, updates)
        if origins:
            origin = table(FieldOrigin)
            statement = upsert(self.connection.dialect, origin)
            observed = {"observed_at": self.act.at, "act": self.id, "batch_id": None}
            self.connection.execute(
                statement.on_conflict_do_update(index_elements=["lead_id", "field"], set_=observed),
                [{"lead_id": lead_id, "field": name, **observed} for lead_id, name in sorted(origins)],
            )


@contextmanager
def unit_of_work(engine: Engine, criteria: Criteria, act: Act) -> Iterator[UnitOfWork]:
    """Carry out an act: all of it or nothing. The leads that it changed are scored anew at its end.

    Raises:
        DatabaseError: the database cannot be written.
    """
    with writing(engine) as connection:
        work = UnitOfWork(connection, criteria, act)
        yield work
        work.score()


def store_columns(connection: Connection, act: Act, updates: Mapping[int, Mapping[str, Any]]) -> None:
    """Write columns of leads, one statement for all leads of which the same columns change."""
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for lead_id, values in updates.items():
        if values:
            row = {"of_lead": lead_id, **{f"new_{name}": value for name, value in values.items()}}
            by_columns[tuple(sorted(values))].append(row)
    for names, rows in by_columns.items():
        values = {name: bindparam(f"new_{name}", type_=_lead.c[name].type) for name in names}
        statement = update(_lead).where(_lead.c.id == bindparam("of_lead"))
        connection.execute(statement.values({**values, "changed_at": act.recorded_at}), rows)


def text_columns(name: str, text: str | None) -> dict[str, Any]:
    """The columns of a text field: the text and its comparable form."""
    return {name: text, f"{name}_comparable": comparable(text) if text is not None else None}


def format_value(attribute: Attribute, lead: Mapping[str, Any]) -> str | None:
    """How the history writes a field: plain text, days as ISO dates, money as `AMOUNT CURRENCY` in minor units."""
    value = lead[attribute.columns[0]]
    if value is None:
        return None
    if attribute.is_money:
        return f"{value} {lead[attribute.columns[1]]}"
    return str(int(value)) if isinstance(value, bool) else str(value)


def require_open(lead: Mapping[str, Any]) -> None:
    """Raise unless a lead is in one of the open stages."""
    if lead["stage"] not in OPEN_STAGES:
        closed = f" since {lead['closed_on']}" if lead["closed_on"] else ""
        hint = "bring it back first: leadtriage junk --restore" if lead["stage"] == "junk" else "leadtriage reopen"
        raise LeadtriageError(f"it is {lead['stage']}{closed}", place=f"lead {lead['id']}", hint=f"{hint} {lead['id']}")


def _pair(lead: Mapping[str, Any], changed: Mapping[str, Any], names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [_plain(lead[name]), _plain(changed[name])] for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class ChangeableLeads:
    """The leads that an act may change, as they stand, by their ids; and how many it leaves out."""

    leads: tuple[Mapping[str, Any], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What an act on one lead or on many did.

    Attributes:
        leads: those that it changed, with the columns of `lead` as they are now.
        left_out: how many it was asked for and left as they were, since they are closed or gone.
        warnings: what may be wrong, as sentences.
    """

    leads: tuple[Mapping[str, Any], ...]
    left_out: int = 0
    warnings: tuple[str, ...] = ()


def select_changeable(
    work: UnitOfWork, lead_ids: Sequence[int], require: Callable[[Mapping[str, Any]], None]
) -> ChangeableLeads:
    """Read the leads that an act may change, freshly within its transaction.

    Args:
        require: raises a `LeadtriageError` for a lead that the act may not change.

    Raises:
        LeadtriageError: it is one lead, and it was merged, taken back, or is refused by `require`; or there is none.
    """
    wanted = set(lead_ids)
    if len(wanted) == 1:
        lead = work.read_lead(*wanted)
        require(lead)
        return ChangeableLeads((lead,), 0)
    found = sorted(work.read_leads(wanted).items())
    leads = tuple(lead for _, lead in found if _may(lead, require))
    if not leads:
        raise LeadtriageError("no lead that was chosen is open", hint="see: leadtriage leads")
    return ChangeableLeads(leads, len(wanted) - len(leads))


def _may(lead: Mapping[str, Any], require: Callable[[Mapping[str, Any]], None]) -> bool:
    if lead["merged_into"] is not None or lead["removed_by"] is not None:
        return False
    try:
        require(lead)
    except LeadtriageError:
        return False
    return True


def count_candidates(work: UnitOfWork, leads: Sequence[Mapping[str, Any]]) -> int:
    """How many of these leads are junk candidates, as they were scored last."""
    score = table(LeadScore)
    found = 0
    for group in batches([lead["id"] for lead in leads]):
        rows = work.connection.execute(select(score.c.lead_id).where(score.c.candidate, score.c.lead_id.in_(group)))
        found += len(rows.all())
    return found
