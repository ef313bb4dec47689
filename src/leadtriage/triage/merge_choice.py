"""In which fields two leads differ, and which of both values is the newer known one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.db.schema import FieldOrigin, table
from leadtriage.importing.attributes import ATTRIBUTES
from leadtriage.triage.acting import write_value
from leadtriage.vocabulary import EmailKind

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
        mine, its = write_value(attribute, winner), write_value(attribute, loser)
        if name in _NOT_CHOSEN or mine == its:
            continue
        at, its_at = (seen.get((lead["id"], name), lead["observed_at"]) for lead in (winner, loser))
        takes_its = mine is None or (its is not None and its_at > at and name != "owner")
        if name == "email" and EmailKind.INVALID in (winner["email_kind"], loser["email_kind"]):
            takes_its = winner["email_kind"] in (None, EmailKind.INVALID)
        found.append(Difference(name, mine, its, loser["id"] if takes_its else winner["id"]))
    return found
