"""The likely duplicates as a list. Finding pairs is `matching`'s, merging them or keeping them apart `triage`'s.

Two leads side by side: how sure it is that they are one, where they differ, and whose value would be taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.core.money import format_money
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.core.text import format_day
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.dialect import batches
from leadtriage.importing import BY_NAME
from leadtriage.matching import LIKELY, LikelyPair, find_pairs
from leadtriage.reports.query import USUAL_LIMIT, Filters, filter_conditions, is_visible

_lead = table(Lead)
_score = table(LeadScore)

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


def list_duplicates(
    connection: Connection, filters: Filters, *, least: float = LIKELY, limit: int | None = USUAL_LIMIT
) -> Table:
    """Return the pairs of leads that are probably one, the likeliest first; columns as in `docs/cli.md`.

    Args:
        filters: which leads; a pair is listed where they let one of both through.
        least: the confidence from which on a pair is listed, from 0 to 1.
    """
    pairs = find_filtered_pairs(connection, filters, least)
    shown, more = (pairs, False) if limit is None else (pairs[:limit], len(pairs) > limit)
    known = _read_leads(connection, sorted({one for pair in shown for one in (pair.lead_id, pair.other_lead_id)}))
    rows = tuple(_present(pair, known) for pair in shown)
    return Table("Likely duplicates", _COLUMNS, rows, more=more, total=len(pairs) if more else None)


def find_filtered_pairs(connection: Connection, filters: Filters, least: float = LIKELY) -> list[LikelyPair]:
    """Return the pairs of which the filters let one lead through, the likeliest first."""
    pairs = find_pairs(connection, least)
    wanted = filter_conditions(filters)
    if not wanted:
        return pairs
    statement = select(_lead.c.id).join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
    chosen = set(connection.execute(statement.where(is_visible(), *wanted)).scalars())
    return [pair for pair in pairs if pair.lead_id in chosen or pair.other_lead_id in chosen]


def _read_leads(connection: Connection, lead_ids: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for group in batches(lead_ids):
        rows = select(_lead.c.id, _lead.c.name, _lead.c.company, _lead.c.email).where(_lead.c.id.in_(group))
        found |= {row.id: row for row in connection.execute(rows)}
    return found


def _present(pair: LikelyPair, known: dict[int, Any]) -> dict[str, Cell]:
    a, b = known[pair.lead_id], known[pair.other_lead_id]
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


_STATE = ("stage", "created_on", "last_touch_on", "qualified_on", "crm_id")
_LABELS = {"created_on": "came in", "last_touch_on": "last touch", "qualified_on": "qualified", "crm_id": "id there"}
_SAME = ("name", "email", "phone", "company", "title", "city", "country", "owner", "source")


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A field in which they differ.

    Attributes:
        key: what the person types to take the other value.
        field: as `importing.attributes` names it.
        mine, its: both values as the history writes them; None where one is unknown.
        taken: the id of the lead whose value would be taken.
    """

    key: str
    field: str
    mine: str | None
    its: str | None
    taken: int


def build_pair_card(
    pair: LikelyPair, winner: Mapping[str, Any], loser: Mapping[str, Any], choices: list[FieldChoice]
) -> Card:
    """Return a card of two leads: what they differ in, the value to be taken marked, then what they share."""
    differ = [
        {
            "key": choice.key,
            "field": choice.field.replace("_", " "),
            "mine": _mark(_say(choice.field, choice.mine), choice.taken == winner["id"]),
            "its": _mark(_say(choice.field, choice.its), choice.taken == loser["id"]),
        }
        for choice in choices
    ]
    columns = (
        Column("key", "", keep=99),
        Column("field", "", keep=98),
        Column("mine", "", keep=100, kind="line"),
        Column("its", "", keep=100, kind="line"),
    )
    state: list[Mapping[str, Cell]] = [
        {"key": " ", "field": _LABELS.get(name, name), "mine": _say_plain(winner[name]), "its": _say_plain(loser[name])}
        for name in _STATE
        if winner[name] is not None or loser[name] is not None
    ]
    shared = "; ".join(
        f"{name} {winner[name]}" for name in _SAME if winner[name] is not None and winner[name] == loser[name]
    )
    facts: list[tuple[str, Cell]] = [("Likely", f"{pair.confidence:.0%}"), ("Because", "; ".join(pair.evidence))]
    if shared:
        facts.append(("Both", shared))
    left, right = f"lead {winner['id']}", f"lead {loser['id']}"
    heads: Mapping[str, Cell] = {"key": " ", "field": " ", "mine": f"  {left}", "its": f"  {right}"}
    return Card(
        title=f"{_name(winner)} ({left}) and {_name(loser)} ({right})",
        facts=tuple(facts),
        tables=(
            Table("They differ in (* is taken)", columns, (heads, *differ) if differ else ()),
            Table("And are", columns, (heads, *state)),
        ),
        record={},
    )


def _name(lead: Mapping[str, Any]) -> str:
    return lead["name"] or lead["company"] or lead["email"] or "no name"


def _mark(text: str, taken: bool) -> str:
    return f"{'*' if taken else ' '} {text}"


def _say(field: str, value: str | None) -> str:
    if value is None:
        return "-"
    if BY_NAME[field].is_money:
        amount, _, currency = value.partition(" ")
        return format_money(int(amount), currency) or "-"
    return value


def _say_plain(value: Any) -> str:
    if value is None:
        return "  -"
    return f"  {value if isinstance(value, str) else format_day(value)}"
