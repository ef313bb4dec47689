"""What the acts on junk candidates show of the leads that they changed: small tables of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leadtriage.cli.invocation import Invocation
from leadtriage.tabular import Cell, Column, Table
from leadtriage.words import count_of

if TYPE_CHECKING:
    from leadtriage.triage.flagging import Flagged, Restored
    from leadtriage.triage.verdict_file import Filed

_WHO = (
    Column("id", "Id", keep=95, align="right"),
    Column("name", "Name", keep=90),
    Column("company", "Company", keep=60),
)


def show_flagged(invocation: Invocation, done: Flagged, by: str) -> None:
    """Show a lead that was nominated."""
    columns = (*_WHO, Column("reason", "Reason", keep=92), Column("flagged_by", "Flagged by", keep=80))
    invocation.show(Table("Flagged", columns, ({**_who(done.lead), "reason": done.reason, "flagged_by": by},)))
    invocation.note("it is out of the queue until a reviewer has looked: leadtriage junk --review")


def show_restored(invocation: Invocation, done: Restored) -> None:
    """Show a lead that is no junk any more."""
    columns = (*_WHO, Column("stage", "Stage", keep=92))
    invocation.show(Table("Brought back", columns, ({**_who(done.lead), "stage": done.stage},)))


def show_filed(invocation: Invocation, filed: Filed, *, dry_run: bool) -> None:
    """Show the verdicts of a file, and how many of its rows had none."""
    columns = (
        *_WHO,
        Column("verdict", "Verdict", keep=94),
        Column("reason", "Reason", keep=93),
        Column("until", "Until", keep=70),
        Column("ask_for", "Ask for", keep=65),
        Column("note", "Note", keep=40),
    )
    rows = tuple(
        {
            "id": one.lead_id,
            "name": one.name,
            "company": one.company,
            "verdict": one.judgement.verdict.value,
            "reason": one.judgement.reason,
            "until": one.judgement.until,
            "ask_for": one.judgement.ask_for,
            "note": one.judgement.note,
        }
        for one in filed.verdicts
    )
    stored = "would be stored" if dry_run else "stored"
    left = f"; {count_of(filed.left_alone, 'row')} without a verdict left alone" if filed.left_alone else ""
    invocation.show(Table("Verdicts", columns, rows))
    invocation.note(f"{count_of(len(rows), 'verdict')} {stored}{left}")
    if rows and not dry_run:
        invocation.note(f"take them back with: {invocation.say_undo()}")


def _who(lead: Mapping[str, Any]) -> dict[str, Cell]:
    return {column.key: lead[column.key] for column in _WHO}
