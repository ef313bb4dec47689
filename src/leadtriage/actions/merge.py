"""Merges two leads into one, or keeps them apart for good. Which pairs are likely is `matching`'s to find.

The lead that is merged into the other stays as it was, hidden, with its rows, contacts and history: no child changes
its lead. What it is known by leads to the other from then on.

In which fields two leads differ, and which of both values is the newer known one.
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

_origin = table(FieldOrigin)

CHOSEN_TOGETHER: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "first_name", "last_name"),
    "email": ("email", "bounced"),
    "phone": ("phone",),
}
"""Fields that belong to one: a first name of one lead and a last one of the other would be nobody's."""

_NOT_CHOSEN = frozenset(
    (
        *("first_name", "last_name", "bounced", "other_emails", "other_phones", "do_not_contact", "crm_id"),
        *("touches", "unanswered_touches", "replies", "outcome_reason", "outcome_value"),
    )
)
"""What goes with another field, is joined, or belongs to the stage of the lead that is left."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of which two leads say different things.

    Attributes:
        field: as `importing.attributes` names it.
        mine, its: both values as the history writes them; None where one is unknown.
        newer: the id of the lead whose value is taken unless somebody chooses.
    """

    field: str
    mine: str | None
    its: str | None
    newer: int


def compare_leads(connection: Connection, winner: Mapping[str, Any], loser: Mapping[str, Any]) -> list[Difference]:
    """Return the fields in which two leads differ, in the order of `importing.attributes`.

    The newer known value is taken: the one that was observed last, the winner's where both were at the same time. The
    owner of the winner stays, since it is their desk; an address that is none gives way to one.
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


_pair, _key = table(PairDecision), table(LeadKey)
_COUNTS = ("touches", "unanswered_touches", "replies")
_LONGEST_LIST = 4_000


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did.

    Attributes:
        act: its number.
        winner: the lead that is left, with its columns as they are now.
        loser_id: the lead that is part of it now.
        taken: the fields of which the other's value was taken.
        warnings: sentences on what a person should know.
    """

    act: int
    winner: Mapping[str, Any]
    loser_id: int
    taken: tuple[str, ...]
    warnings: tuple[str, ...] = ()


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
        chosen: field -> the lead whose value is taken, where that is not the newer known one; see `merge_choice`.

    Raises:
        LeadtriageError: they are the same lead, or one was merged or taken back.
        UsageError: a field on which they do not differ, or a lead that is neither.
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
        keys = _move_keys(work, winner_id, loser_id)
        _decide(work, winner_id, loser_id, PairWord.MERGED, winner_id, keys)
        return Merged(
            work.id,
            winner | values,
            loser_id,
            tuple(name for name, side in sides.items() if side == loser_id),
            tuple(_warn(winner, loser)),
        )


def keep_apart(engine: Engine, criteria: Criteria, act: Act, lead_id: int, other_lead_id: int) -> int:
    """Store that two leads are two, so that nobody is asked again, and return the number of the act.

    Raises:
        LeadtriageError: they are the same lead, or one was merged or taken back, or this was said before.
    """
    _require_two(lead_id, other_lead_id)
    with unit_of_work(engine, criteria, act) as work:
        for one in (lead_id, other_lead_id):
            work.read_lead(one)
        low, high = sorted((lead_id, other_lead_id))
        said = select(_pair.c.by).where(
            _pair.c.lead_id == low,
            _pair.c.other_lead_id == high,
            _pair.c.decision == PairWord.APART.value,
            _pair.c.withdrawn_at.is_(None),
        )
        before = work.connection.execute(said).scalar()
        if before is not None:
            raise LeadtriageError(f"{before} has kept it apart from lead {high} already", place=f"lead {low}")
        work.record(
            [
                LeadChange(low, EventKind.KEPT_APART, field="apart_from", new=str(high)),
                LeadChange(high, EventKind.KEPT_APART, field="apart_from", new=str(low)),
            ]
        )
        _decide(work, low, high, PairWord.APART, None, [])
        return work.id


def _require_two(lead_id: int, other_lead_id: int) -> None:
    if lead_id == other_lead_id:
        raise LeadtriageError("both names lead to this one lead", place=f"lead {lead_id}")


def _choose(
    differences: Iterable[Difference], chosen: Mapping[str, int], winner_id: int, loser_id: int
) -> dict[str, int]:
    """For each field on which they differ the lead whose value is taken."""
    sides = {difference.field: difference.newer for difference in differences}
    for name, lead_id in chosen.items():
        if name not in sides:
            known = f"they differ in {', '.join(sides)}" if sides else "they differ in no field"
            raise UsageError(f"the two leads do not differ in {name!r}", hint=known)
        if lead_id not in (winner_id, loser_id):
            raise UsageError(f"lead {lead_id} is none of the two", place=name, hint=f"it is {winner_id} or {loser_id}")
    return sides | dict(chosen)


def _join(winner: Mapping[str, Any], loser: Mapping[str, Any], sides: Mapping[str, int]) -> dict[str, Any]:
    """The columns of the lead that is left."""
    taken = [name for name, side in sides.items() if side == loser["id"]]
    values: dict[str, Any] = {}
    for name in taken:
        for attribute in CHOSEN_TOGETHER.get(name, (name,)):
            values |= {column: loser[column] for column in BY_NAME[attribute].columns}
    if "owner" in taken:
        values["assigned_on"] = loser["assigned_on"]
    for name in _COUNTS:
        if winner[name] is not None and loser[name] is not None:
            values[name] = winner[name] + loser[name]
        elif loser[name] is not None:
            values[name] = loser[name]
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
    """It came in when the first of them did, and its contacts are those of both."""
    values: dict[str, Any] = {}
    for name in ("created_on", "imported_on", "first_touch_on", "next_touch_on"):
        values[name] = _pick(min, winner[name], loser[name])
    values["last_touch_on"] = _pick(max, winner["last_touch_on"], loser["last_touch_on"])
    if values["last_touch_on"] != winner["last_touch_on"]:
        values["contact_dated"] = loser["contact_dated"]
    if loser["qualified_on"] and (winner["qualified_on"] is None or loser["qualified_on"] < winner["qualified_on"]):
        values |= {"qualified_on": loser["qualified_on"], "qualified_by": loser["qualified_by"]}
    return values


def _pick(choose: Any, one: date | None, other: date | None) -> date | None:
    known = [day for day in (one, other) if day is not None]
    picked: date | None = choose(known) if known else None
    return picked


def _keep_others(winner: Mapping[str, Any], loser: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The addresses and numbers that are not its own any more are its further ones."""
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
    return {name: value for name, value in kept.items() if value is None or len(value) <= _LONGEST_LIST}


def _move_keys(work: UnitOfWork, winner_id: int, loser_id: int) -> list[str]:
    found = select(_key.c.key).where(_key.c.lead_id == loser_id).order_by(_key.c.key)
    keys = list(work.connection.execute(found).scalars())
    for group in batches(keys):
        work.connection.execute(update(_key).where(_key.c.key.in_(group)).values(lead_id=winner_id))
    return keys


def _decide(
    work: UnitOfWork, lead_id: int, other_lead_id: int, decision: PairWord, winner_id: int | None, keys: list[str]
) -> None:
    low, high = sorted((lead_id, other_lead_id))
    work.connection.execute(
        insert(_pair).values(
            lead_id=low,
            other_lead_id=high,
            act=work.id,
            decision=decision.value,
            winner_id=winner_id,
            by=work.act.by,
            at=work.act.at,
            moved_keys=keys,
        )
    )


def _warn(winner: Mapping[str, Any], loser: Mapping[str, Any]) -> Iterable[str]:
    if winner["stage"] != loser["stage"] and not (
        winner["stage"] in (Stage.NEW, Stage.WORKING) and loser["stage"] in (Stage.NEW, Stage.WORKING)
    ):
        yield f"lead {loser['id']} was {loser['stage']}; lead {winner['id']} stays {winner['stage']}"
