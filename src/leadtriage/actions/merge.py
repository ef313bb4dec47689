"""Merge two leads into one, or keep them apart for good.

The merged lead stays as it was, hidden, with its rows, contacts and history. Its keys identify the surviving lead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, format_value, text_columns, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import EmailKind, EventKind, PairWord, Stage
from leadtriage.criteria import Criteria
from leadtriage.db import FieldOrigin, LeadKey, PairDecision, table
from leadtriage.db.dialect import batches
from leadtriage.importing import ATTRIBUTES, BY_NAME

_origin, _pair, _key = table(FieldOrigin), table(PairDecision), table(LeadKey)
_COUNTS = ("touches", "unanswered_touches", "replies")
_MAX_LIST_LENGTH = 4_000

CHOSEN_TOGETHER: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "first_name", "last_name"),
    "email": ("email", "bounced"),
    "phone": ("phone",),
}
"""Fields that are taken from one lead together: first and last name must be one person's."""

_NOT_CHOSEN = frozenset(
    (
        *("first_name", "last_name", "bounced", "other_emails", "other_phones", "do_not_contact", "crm_id"),
        *("touches", "unanswered_touches", "replies", "outcome_reason", "outcome_value"),
    )
)
"""Fields that go with another one, are joined, or belong to the stage of the surviving lead."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two leads differ.

    Attributes:
        field: the name of the lead attribute.
        mine, its: both values as events have them; None if unknown.
        newer: the id of the lead whose value is taken by default.
    """

    field: str
    mine: str | None
    its: str | None
    newer: int


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of a merge.

    Attributes:
        act: its number.
        winner: the surviving lead, with the columns of `lead` as they are now.
        loser_id: the merged lead.
        taken: the fields whose values come from the merged lead.
        warnings: sentences for people.
    """

    act: int
    winner: Mapping[str, Any]
    loser_id: int
    taken: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def compare_leads(connection: Connection, winner: Mapping[str, Any], loser: Mapping[str, Any]) -> list[Difference]:
    """Return the fields in which two leads differ, in the order of the lead attributes.

    By default, the value observed last is taken, the winner's on a tie. The winner keeps its owner. An invalid address
    gives way to a valid one.
    """
    ids = (winner["id"], loser["id"])
    rows = connection.execute(select(_origin).where(_origin.c.lead_id.in_(ids)))
    seen: dict[tuple[int, str], datetime] = {(row.lead_id, row.field): row.observed_at for row in rows}
    found: list[Difference] = []
    for attribute in ATTRIBUTES:
        name = attribute.name
        mine, its = format_value(attribute, winner), format_value(attribute, loser)
        if name in _NOT_CHOSEN or mine == its:
            continue
        at, its_at = (seen.get((lead["id"], name), lead["observed_at"]) for lead in (winner, loser))
        takes_its = mine is None or (its is not None and its_at > at and name != "owner")
        if name == "email" and EmailKind.INVALID in (winner["email_kind"], loser["email_kind"]):
            takes_its = winner["email_kind"] in (None, EmailKind.INVALID)
        found.append(Difference(name, mine, its, loser["id"] if takes_its else winner["id"]))
    return found


def merge_leads(
    engine: Engine,
    criteria: Criteria,
    act: Act,
    winner_id: int,
    loser_id: int,
    chosen: Mapping[str, int] | None = None,
) -> Merged:
    """Merge a lead into another.

    Args:
        chosen: field -> the lead whose value is taken, where that is not the default; see `compare_leads`.

    Raises:
        LeadtriageError: they are the same lead, or one is hidden.
        UsageError: they do not differ in a chosen field, or a chosen lead is neither.
    """
    _require_two(winner_id, loser_id)
    with unit_of_work(engine, criteria, act) as work:
        winner, loser = work.read_lead(winner_id), work.read_lead(loser_id)
        differences = compare_leads(work.connection, winner, loser)
        sides = _choose(differences, chosen or {}, winner_id, loser_id)
        values = _join(winner, loser, sides)
        work.record(
            [
                LeadChange(loser_id, EventKind.MERGED, {"merged_into": winner_id}, field="into", new=str(winner_id)),
                LeadChange(winner_id, EventKind.MERGED, values, field="from", new=str(loser_id)),
            ]
        )
        _store_decision(work, winner_id, loser_id, winner_id, _move_keys(work, winner_id, loser_id))
        taken = tuple(name for name, side in sides.items() if side == loser_id)
        return Merged(work.id, winner | values, loser_id, taken, _warn_of_stages(winner, loser))


def keep_apart(engine: Engine, criteria: Criteria, act: Act, lead_id: int, other_lead_id: int) -> int:
    """Keep two leads apart, so that nobody is asked again; return the number of the act.

    Raises:
        LeadtriageError: they are the same lead, one is hidden, or they are kept apart already.
    """
    _require_two(lead_id, other_lead_id)
    low, high = sorted((lead_id, other_lead_id))
    with unit_of_work(engine, criteria, act) as work:
        for one in (lead_id, other_lead_id):
            work.read_lead(one)
        apart = _pair.c.decision == PairWord.APART.value, _pair.c.withdrawn_at.is_(None)
        same = select(_pair.c.by).where(_pair.c.lead_id == low, _pair.c.other_lead_id == high, *apart)
        before = work.connection.execute(same).scalar()
        if before is not None:
            raise LeadtriageError(f"{before} has kept it apart from lead {high} already", place=f"lead {low}")
        pairs = ((low, high), (high, low))
        work.record([LeadChange(a, EventKind.KEPT_APART, field="apart_from", new=str(b)) for a, b in pairs])
        _store_decision(work, low, high, None, [])
        return work.id


def _require_two(lead_id: int, other_lead_id: int) -> None:
    if lead_id == other_lead_id:
        raise LeadtriageError("both names mean this lead", place=f"lead {lead_id}")


def _choose(
    differences: Iterable[Difference], chosen: Mapping[str, int], winner_id: int, loser_id: int
) -> dict[str, int]:
    """The lead whose value is taken, by field."""
    sides = {difference.field: difference.newer for difference in differences}
    for name, lead_id in chosen.items():
        if name not in sides:
            known = f"they differ in {', '.join(sides)}" if sides else "they differ in no field"
            raise UsageError(f'the two leads do not differ in "{name}"', hint=known)
        if lead_id not in (winner_id, loser_id):
            raise UsageError(f"lead {lead_id} is neither of the two", place=name, hint=f"use {winner_id} or {loser_id}")
    return sides | dict(chosen)


def _join(winner: Mapping[str, Any], loser: Mapping[str, Any], sides: Mapping[str, int]) -> dict[str, Any]:
    """The changed columns of the surviving lead."""
    taken = [name for name, side in sides.items() if side == loser["id"]]
    values: dict[str, Any] = {}
    for name in taken:
        for attribute in CHOSEN_TOGETHER.get(name, (name,)):
            values |= {column: loser[column] for column in BY_NAME[attribute].columns}
    if "owner" in taken:
        values["assigned_on"] = loser["assigned_on"]
    for name in _COUNTS:
        if loser[name] is not None:
            values[name] = (winner[name] or 0) + loser[name]
    values |= _join_days(winner, loser)
    values |= _keep_others(winner, loser, values)
    if winner["crm_id"] is None:
        values["crm_id"] = loser["crm_id"]
    if winner["do_not_contact"] or loser["do_not_contact"]:
        values["do_not_contact"] = True
    if winner["stage"] == Stage.NEW and loser["stage"] == Stage.WORKING:
        values["stage"] = Stage.WORKING.value
    values["worked_here"] = winner["worked_here"] or loser["worked_here"]
    for name in ("extra", "extra_comparable"):
        if loser[name]:
            values[name] = {**loser[name], **(winner[name] or {})}
    return {name: value for name, value in values.items() if value != winner[name]}


def _join_days(winner: Mapping[str, Any], loser: Mapping[str, Any]) -> dict[str, Any]:
    """The days of both: created first, contacted last, promised next."""
    values: dict[str, Any] = {}
    for name in ("created_on", "imported_on", "first_touch_on", "next_touch_on"):
        values[name] = min(_known(winner[name], loser[name]), default=None)
    values["last_touch_on"] = max(_known(winner["last_touch_on"], loser["last_touch_on"]), default=None)
    if values["last_touch_on"] != winner["last_touch_on"]:
        values["contact_dated"] = loser["contact_dated"]
    if loser["qualified_on"] and (winner["qualified_on"] is None or loser["qualified_on"] < winner["qualified_on"]):
        values |= {"qualified_on": loser["qualified_on"], "qualified_by": loser["qualified_by"]}
    return values


def _known(*days: date | None) -> list[date]:
    return [day for day in days if day is not None]


def _keep_others(winner: Mapping[str, Any], loser: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The further addresses and numbers: all of both leads except the main ones."""
    kept: dict[str, Any] = {}
    for name, others in (("email", "other_emails"), ("phone", "other_phones")):
        own = values.get(name, winner[name])
        known = [
            text
            for lead in (winner, loser)
            for text in (lead[name], *(lead[others] or "").split(", "))
            if text and text != own
        ]
        joined = ", ".join(dict.fromkeys(known))
        kept |= text_columns(others, joined or None) if f"{others}_comparable" in winner else {others: joined or None}
    return {name: value for name, value in kept.items() if value is None or len(value) <= _MAX_LIST_LENGTH}


def _move_keys(work: UnitOfWork, winner_id: int, loser_id: int) -> list[str]:
    found = select(_key.c.key).where(_key.c.lead_id == loser_id).order_by(_key.c.key)
    keys = list(work.connection.execute(found).scalars())
    for group in batches(keys):
        work.connection.execute(update(_key).where(_key.c.key.in_(group)).values(lead_id=winner_id))
    return keys


def _store_decision(
    work: UnitOfWork, lead_id: int, other_lead_id: int, winner_id: int | None, moved_keys: list[str]
) -> None:
    """Store that a pair was merged into its winner; with no winner, that it is kept apart."""
    low, high = sorted((lead_id, other_lead_id))
    row = {
        "lead_id": low,
        "other_lead_id": high,
        "act": work.id,
        "decision": (PairWord.APART if winner_id is None else PairWord.MERGED).value,
        "winner_id": winner_id,
        "by": work.act.by,
        "at": work.act.at,
        "moved_keys": moved_keys,
    }
    work.connection.execute(insert(_pair).values(row))


def _warn_of_stages(winner: Mapping[str, Any], loser: Mapping[str, Any]) -> tuple[str, ...]:
    stages = {winner["stage"], loser["stage"]}
    if len(stages) == 1 or stages == {Stage.NEW.value, Stage.WORKING.value}:
        return ()
    return (f"lead {loser['id']} was {loser['stage']}; lead {winner['id']} stays {winner['stage']}",)
