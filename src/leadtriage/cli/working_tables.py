"""What the commands of whoever works the leads show of the leads that they changed: small tables of plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from leadtriage.cli.invocation import Invocation
from leadtriage.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from leadtriage.triage.choosing import Changed
    from leadtriage.triage.touching import Contact

_WHO = (
    Column("id", "Id", keep=95, align="right"),
    Column("name", "Name", keep=90),
    Column("company", "Company", keep=60),
)
_STAGE = Column("stage", "Stage", keep=85)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an act shows: its heading, and columns with the attributes of a lead that they show."""

    title: str
    columns: Mapping[Column, str]


PARKED = Shown(
    "Parked",
    {
        _STAGE: "stage",
        Column("until", "Until", keep=88): "nurture_until",
        Column("reason", "Reason", keep=80): "nurture_reason",
    },
)
CLOSED = Shown(
    "Closed",
    {
        _STAGE: "stage",
        Column("closed_on", "On", keep=70): "closed_on",
        Column("reason", "Reason", keep=80): "outcome_reason",
        Column("said_by", "Said by", keep=50): "outcome_said_by",
        Column("value", "Value", keep=65, align="right"): "outcome_amount",
        Column("currency", "Currency", keep=64): "outcome_currency",
    },
)
REOPENED = Shown("Reopened", {_STAGE: "stage"})
QUALIFIED = Shown(
    "Qualified",
    {
        Column("qualified", "Qualified", keep=88): "qualified_on",
        Column("qualified_by", "By", keep=80): "qualified_by",
    },
)
NOT_QUALIFIED = Shown("No longer qualified", QUALIFIED.columns)

_OF_MANY = ("stage", "until", "closed_on", "reason", "said_by")
_COUNTS = (Column("leads", "Leads", keep=100, align="right"), Column("left_out", "Left out", keep=90, align="right"))


def show_lead(invocation: Invocation, shown: Shown, lead: Mapping[str, Any]) -> None:
    """Show one lead that was changed."""
    row = {column.key: lead[column.key] for column in _WHO} | _cells(shown.columns, lead)
    invocation.show(Table(shown.title, (*_WHO, *shown.columns), (row,)))


def show_many(invocation: Invocation, shown: Shown, done: Changed, closed: int) -> None:
    """Show how many leads were changed alike, and how many were left out."""
    alike = {column: name for column, name in shown.columns.items() if column.key in _OF_MANY}
    row: dict[str, Cell] = {"leads": len(done.leads), "left_out": done.left_out + closed}
    row |= _cells(alike, done.leads[0])
    invocation.show(Table(shown.title, (*_COUNTS, *alike), (row,)))
    invocation.note(f"take it back with: {invocation.say_undo()}")


def show_touch(invocation: Invocation, lead: Mapping[str, Any], contact: Contact, on: date) -> None:
    """Show a contact that was logged, and what it made of the lead."""
    columns: Sequence[Column] = (
        *_WHO,
        Column("kind", "Contact", keep=88),
        Column("on", "On", keep=70),
        Column("answered", "Answered", keep=80),
        Column("next_touch", "Next", keep=86),
        _STAGE,
        Column("touches", "Touches", keep=50, align="right"),
        Column("unanswered_touches", "Unanswered", keep=49, align="right"),
    )
    known = ("id", "name", "company", "stage", "touches", "unanswered_touches")
    row: dict[str, Cell] = {key: lead[key] for key in known}
    row |= {
        "kind": contact.kind.value,
        "on": on,
        "answered": contact.was_answered,
        "next_touch": lead["next_touch_on"],
    }
    invocation.show(Table("Logged", tuple(columns), (row,)))


def _cells(columns: Mapping[Column, str], lead: Mapping[str, Any]) -> dict[str, Cell]:
    return {column.key: _cell(name, lead) for column, name in columns.items()}


def _cell(name: str, lead: Mapping[str, Any]) -> Cell:
    value: Cell = lead[name]
    if name == "outcome_amount" and value is not None:
        from leadtriage.reports.money import whole_units

        return float(whole_units(lead[name], lead["outcome_currency"]))
    return value
