"""Verdicts from a file: the list of junk candidates as CSV or Excel, with verdicts filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, select

from leadtriage.actions.audit import store_audit
from leadtriage.actions.review import Judgement, check_judgement, decide
from leadtriage.actions.table_file import Mistakes, TableRow, find_columns, open_table, read_rows
from leadtriage.actions.unit_of_work import UnitOfWork, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.dates import parse_future_day
from leadtriage.core.errors import MistakesInFile, UsageError
from leadtriage.core.vocabulary import VerdictKind, VerdictWord
from leadtriage.criteria import Criteria, suggest
from leadtriage.db import LeadScore, table
from leadtriage.db.dialect import batches

_MAX_ID = 2**31 - 1
_MAX_ID_DIGITS = 20
"""With leading zeros; Python refuses to read thousands of digits."""
_HEADERS = {
    name: (name.replace("_", ""),) for name in ("id", "verdict", "reason", "verdict_reason", "note", "until", "ask_for")
}
_USED_BY = {"until": VerdictWord.NURTURE, "ask_for": VerdictWord.ASK}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The verdict of one line of the file; `name` and `company` are the lead's."""

    line: int
    lead_id: int
    name: str | None
    company: str | None
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class ReviewFileResult:
    """The verdicts of a file, and how many rows have none."""

    verdicts: tuple[FileVerdict, ...]
    left_alone: int


class _DryRun(Exception):
    """Rolls the transaction back."""


def judge_from_file(
    engine: Engine,
    criteria: Criteria,
    act: Act,
    path: Path | None,
    *,
    stream: BinaryIO | None = None,
    kind: VerdictKind = VerdictKind.REVIEW,
    dry_run: bool = False,
) -> ReviewFileResult:
    """Store all verdicts of a file in one act; skip rows without one.

    The columns are `id`, `verdict`, `reason`, `verdict_reason`, `note`, `until` and `ask_for`; others are ignored.
    `verdict_reason` beats `reason`. A `reason` that only repeats the list of candidates counts for junk alone.

    Args:
        path: the file; None to read `stream`.
        kind: `audit` for second looks at confirmed junk.
        dry_run: store nothing.

    Raises:
        MistakesInFile: with every mistake and its line; nothing was stored.
        FileError: the file cannot be read.
    """
    source = open_table(path, stream)
    columns = find_columns(source.headers, _HEADERS)
    missing = [name for name in ("id", "verdict") if name not in columns]
    if missing:
        raise MistakesInFile(
            f"it has no column {' and no column '.join(missing)}",
            mistakes=(),
            place=source.name,
            hint="write it with: leadtriage junk --all --format csv, and add verdict, verdict_reason, note, until",
        )
    mistakes = Mistakes(source.name, "verdicts")
    rows: list[TableRow] = []
    left_alone = 0
    for row in read_rows(source, columns):
        if row.problem is not None:
            mistakes.add(row.line, row.problem)
        elif row.cells["verdict"]:
            rows.append(row)
        else:
            left_alone += 1
    mistakes.raise_if_any()
    try:
        with unit_of_work(engine, criteria, act) as work:
            verdicts = _store_verdicts(work, rows, kind, mistakes)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return ReviewFileResult(verdicts, left_alone)


def _store_verdicts(
    work: UnitOfWork, rows: list[TableRow], kind: VerdictKind, mistakes: Mistakes
) -> tuple[FileVerdict, ...]:
    by_lead: dict[int, TableRow] = {}
    for row in rows:
        with mistakes.catch(row.line):
            lead_id = _parse_id(row.cells["id"])
            if lead_id in by_lead:
                raise UsageError(f"lead {lead_id} has a verdict on line {by_lead[lead_id].line} already")
            by_lead[lead_id] = row
    leads = work.read_leads(by_lead)
    listed = _read_listed_reasons(work.connection, by_lead) if kind is VerdictKind.REVIEW else {}
    judgements: dict[int, Judgement] = {}
    for lead_id, row in by_lead.items():
        with mistakes.catch(row.line):
            if lead_id not in leads:
                raise UsageError(f"there is no lead {lead_id}")
            judgement = _parse_judgement(row.cells, listed.get(lead_id), work.act, kind)
            judgements[lead_id] = check_judgement(work.connection, work.criteria, judgement, work.act.as_of, kind)
    is_audit = kind is VerdictKind.AUDIT
    refused = store_audit(work, judgements) if is_audit else decide(work, judgements).passed_over
    for lead_id, why in refused.items():
        mistakes.add(by_lead[lead_id].line, f"lead {lead_id}: {why}")
    mistakes.raise_if_any()
    return tuple(
        FileVerdict(row.line, lead_id, leads[lead_id]["name"], leads[lead_id]["company"], judgements[lead_id])
        for lead_id, row in by_lead.items()
    )


def _parse_id(text: str) -> int:
    digits = text.removesuffix(".0")
    if not (digits.isdecimal() and digits.isascii() and len(digits) <= _MAX_ID_DIGITS) or int(digits) > _MAX_ID:
        raise UsageError(f'not the id of a lead: "{text}"' if text else "the id of the lead is missing")
    return int(digits)


def _read_listed_reasons(connection: Connection, lead_ids: Mapping[int, object]) -> dict[int, str | None]:
    """The reason that the list of candidates shows of each lead."""
    score = table(LeadScore)
    found: dict[int, str | None] = {}
    for group in batches(sorted(lead_ids)):
        rows = connection.execute(select(score.c.lead_id, score.c.reason).where(score.c.lead_id.in_(group)))
        found |= {row.lead_id: row.reason for row in rows}
    return found


def _parse_judgement(cells: Mapping[str, str], listed: str | None, act: Act, kind: VerdictKind) -> Judgement:
    text = cells["verdict"].lower()
    words = [word.value for word in VerdictWord]
    if text not in words:
        similar = suggest(text, words)
        hint = None if similar else f"use one of: {', '.join(words)}"
        raise UsageError(f'unknown verdict "{text}"{similar}', hint=hint)
    verdict = VerdictWord(text)
    for column, owner in _USED_BY.items():
        if cells.get(column) and verdict is not owner and kind is VerdictKind.REVIEW:
            raise UsageError(f"{column} is filled in, which only {owner} has")
    reason = cells.get("verdict_reason") or None
    listed_reason = cells.get("reason") or None
    if reason is None and (verdict is VerdictWord.JUNK or listed_reason != listed):
        reason = listed_reason
    if reason is None and verdict is VerdictWord.RESCUE:
        raise UsageError("the verdict rescue needs a reason of its own", hint="fill in the column verdict_reason")
    until = cells.get("until")
    return Judgement(
        verdict=verdict,
        reason=reason,
        note=cells.get("note"),
        until=parse_future_day(until, act.as_of) if until else None,
        ask_for=cells.get("ask_for") or None,
    )
