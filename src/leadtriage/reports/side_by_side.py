"""Two leads side by side: how sure it is that they are one, where they differ, and whose value would be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadtriage.importing.attributes import BY_NAME
from leadtriage.matching.pairs import LikelyPair
from leadtriage.scoring.shown_values import format_money
from leadtriage.tabular import Card, Cell, Column, Table
from leadtriage.words import say_day

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


def lay_side_by_side(
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
    return f"  {value if isinstance(value, str) else say_day(value)}"
