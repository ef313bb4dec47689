"""Likely duplicates as a list, and one pair side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.core.money import format_money
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.core.text import format_day
from leadtriage.db import Lead, table
from leadtriage.db.dialect import batches
from leadtriage.importing import BY_NAME
from leadtriage.matching import LIKELY, LikelyPair, find_pairs
from leadtriage.reports.query import Filters, ListRequest, select_leads

_lead = table(Lead)

_COLUMNS = (
    Column("a_id", "Id", keep=95, align="right"),
    Column("b_id", "Other id", keep=94, align="right"),
    Column("a_name", "Name", keep=90),
    Column("b_name", "Other name", keep=89),
    Column("a_email", "E-mail", keep=50),
    Column("b_email", "Other e-mail", keep=49),
    Column("evidence", "Because", keep=92),
    Column("confidence", "Confidence", keep=85, align="right", kind="share"),
)


def list_duplicates(request: ListRequest, *, least: float = LIKELY) -> Table:
    """Return the pairs of leads that are probably one, the likeliest first; columns as in `docs/cli.md`.

    Args:
        least: the lowest confidence to list, from 0 to 1.
    """
    pairs = find_filtered_pairs(request.connection, request.filters, least)
    shown = pairs[: request.limit]
    leads: dict[int, Any] = {}
    for group in batches(sorted({lead_id for pair in shown for lead_id in (pair.lead_id, pair.other_lead_id)})):
        rows = select(_lead.c.id, _lead.c.name, _lead.c.company, _lead.c.email).where(_lead.c.id.in_(group))
        leads |= {row.id: row for row in request.connection.execute(rows)}
    cells = tuple(_present(pair, leads[pair.lead_id], leads[pair.other_lead_id]) for pair in shown)
    more = len(pairs) > len(shown)
    return Table("Likely duplicates", _COLUMNS, cells, more=more, total=len(pairs) if more else None)


def find_filtered_pairs(connection: Connection, filters: Filters, least: float = LIKELY) -> list[LikelyPair]:
    """Return the pairs with at least one lead that fits, the likeliest first."""
    pairs = find_pairs(connection, least)
    if filters == Filters():
        return pairs
    chosen = set(connection.execute(select_leads(filters, _lead.c.id)).scalars())
    return [pair for pair in pairs if pair.lead_id in chosen or pair.other_lead_id in chosen]


def _present(pair: LikelyPair, a: Any, b: Any) -> dict[str, Cell]:
    return {
        "a_id": a.id,
        "b_id": b.id,
        "a_name": a.name or a.company,
        "b_name": b.name or b.company,
        "a_email": a.email,
        "b_email": b.email,
        "evidence": "; ".join(pair.evidence),
        "confidence": pair.confidence,
    }


_STATE = {
    "stage": "stage",
    "created_on": "came in",
    "last_touch_on": "last touch",
    "qualified_on": "qualified",
    "crm_id": "id in its system",
}
_SHARED = ("name", "email", "phone", "company", "title", "city", "country", "owner", "source")


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A field in which the two leads differ.

    Attributes:
        key: the key that takes the other value.
        field: as `importing` names it.
        mine, its: both values as the history stores them; None for unknown.
        taken: the id of the lead whose value is taken.
    """

    key: str
    field: str
    mine: str | None
    its: str | None
    taken: int


def build_pair_card(
    pair: LikelyPair, winner: Mapping[str, Any], loser: Mapping[str, Any], choices: list[FieldChoice]
) -> Card:
    """Return a card of two leads: the fields that differ with the values to take marked, then what they share."""
    columns = (
        Column("key", "", keep=99),
        Column("field", "", keep=98),
        Column("mine", "", keep=100, kind="line"),
        Column("its", "", keep=100, kind="line"),
    )
    left, right = f"lead {winner['id']}", f"lead {loser['id']}"
    header = _row(" ", " ", f"  {left}", f"  {right}")
    differ = [
        _row(
            choice.key,
            choice.field.replace("_", " "),
            _mark(choice.field, choice.mine, choice.taken == winner["id"]),
            _mark(choice.field, choice.its, choice.taken == loser["id"]),
        )
        for choice in choices
    ]
    state = [
        _row(" ", label, f"  {_format(winner[name])}", f"  {_format(loser[name])}")
        for name, label in _STATE.items()
        if winner[name] is not None or loser[name] is not None
    ]
    shared = [f"{name} {winner[name]}" for name in _SHARED if winner[name] is not None and winner[name] == loser[name]]
    facts: list[tuple[str, Cell]] = [("Likely", f"{pair.confidence:.0%}"), ("Because", "; ".join(pair.evidence))]
    if shared:
        facts.append(("Both", "; ".join(shared)))
    return Card(
        title=f"{_name(winner)} ({left}) and {_name(loser)} ({right})",
        facts=tuple(facts),
        tables=(
            Table("They differ in (* is taken)", columns, (header, *differ) if differ else ()),
            Table("And are", columns, (header, *state)),
        ),
        record={},
    )


def _row(key: str, field: str, mine: str, its: str) -> Mapping[str, Cell]:
    return {"key": key, "field": field, "mine": mine, "its": its}


def _name(lead: Mapping[str, Any]) -> str:
    return lead["name"] or lead["company"] or lead["email"] or "no name"


def _mark(field: str, value: str | None, taken: bool) -> str:
    if value is not None and BY_NAME[field].is_money:
        amount, _, currency = value.partition(" ")
        value = format_money(int(amount), currency)
    return f"{'*' if taken else ' '} {value or '-'}"


def _format(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else format_day(value)
