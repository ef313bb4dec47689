"""Verdicts from a file: the list of junk candidates as CSV or Excel, in which somebody filled in what becomes of each.

All of them are given in one act, or none. What a verdict does is `triage.review`'s and `triage.auditing`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, select

from leadtriage.actions.audit import store_audit
from leadtriage.actions.review import Judgement, check_judgement, decide
from leadtriage.actions.unit_of_work import UnitOfWork, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.dates import parse_future_day
from leadtriage.core.errors import LeadtriageError, MistakesInFile, UsageError
from leadtriage.core.tables import unguard_formula
from leadtriage.core.vocabulary import VerdictKind, VerdictWord
from leadtriage.criteria import Criteria, suggest
from leadtriage.db import LeadScore, table
from leadtriage.db.dialect import batches
from leadtriage.importing.parse import ReadOptions, open_source

_MOST_MISTAKES = 100
_LARGEST_ID = 2**31 - 1
_LONGEST_ID = 20
"""Digits, zeros in front included; Python refuses to read thousands of them."""
_COLUMNS = ("verdict", "reason", "verdict_reason", "note", "until", "ask_for")
_USED_BY = {"until": VerdictWord.NURTURE, "ask_for": VerdictWord.ASK}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One line of the file that was carried out, or would be.

    Attributes:
        line: of the file, or the row of the sheet, from 1.
        name, company: the lead's own.
    """

    line: int
    lead_id: int
    name: str | None
    company: str | None
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class ReviewFileResult:
    """What a file of verdicts did, or would do.

    Attributes:
        left_alone: rows without a verdict.
    """

    verdicts: tuple[FileVerdict, ...]
    left_alone: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with a verdict; `cells` are those of `_COLUMNS` that the file has."""

    line: int
    id: str
    cells: Mapping[str, str]


class _OnlyTried(Exception):
    """Ends a trial within the transaction, so that nothing of it stays."""


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
    """Give all verdicts of a file in one act; rows without one are left alone.

    The columns are `id`, `verdict`, `reason` or `verdict_reason`, `note`, `until`, `ask_for`; others are passed over.
    `reason` is the reason of the verdict where it is not the one that the list of candidates wrote there itself; for
    junk also where it is. `verdict_reason` beats it.

    Args:
        path: the file; None to read `stream`.
        kind: `audit` for second looks at confirmed junk.
        dry_run: nothing stays.

    Raises:
        MistakesInFile: with every mistake and its line; nothing was stored.
        FileError: the file cannot be read.
    """
    place = "standard input" if path is None else str(path)
    rows, left_alone = _read_rows(path, stream, place)
    filed: tuple[FileVerdict, ...] = ()
    try:
        with unit_of_work(engine, criteria, act) as work:
            filed = _carry_out(work, rows, kind, place)
            if dry_run:
                raise _OnlyTried
    except _OnlyTried:
        pass
    return ReviewFileResult(filed, left_alone)


def _read_rows(path: Path | None, stream: BinaryIO | None, place: str) -> tuple[list[_Row], int]:
    how = ReadOptions(quote='"', escape="", header_rows=1, skip_rows=0, table=1)
    source = open_source(path, stream, how)
    places = {header.strip().lower(): number for number, header in reversed([*enumerate(source.headers)])}
    missing = [name for name in ("id", "verdict") if name not in places]
    if missing:
        raise MistakesInFile(
            f"it has no column {' and no column '.join(missing)}",
            mistakes=(),
            place=place,
            hint="write it with: leadtriage junk --all --format csv, and add verdict, verdict_reason, note, until",
        )
    rows: list[_Row] = []
    mistakes: list[tuple[int, str]] = []
    left_alone = 0
    for chunk in source.rows():
        for position, (line, cells) in enumerate(zip(chunk.lines, chunk.cells, strict=True)):
            if position in chunk.problems:
                mistakes.append((line, chunk.problems[position]))
                continue
            values = {name: unguard_formula(cells[places[name]]).strip() for name in _COLUMNS if name in places}
            if values["verdict"]:
                rows.append(_Row(line, cells[places["id"]].strip(), values))
            else:
                left_alone += 1
    _refuse(mistakes, place)
    return rows, left_alone


def _carry_out(work: UnitOfWork, rows: list[_Row], kind: VerdictKind, place: str) -> tuple[FileVerdict, ...]:
    mistakes: list[tuple[int, str]] = []
    by_lead: dict[int, _Row] = {}
    for row in rows:
        try:
            lead_id = _read_id(row.id)
            if lead_id in by_lead:
                raise UsageError(f"lead {lead_id} has a verdict on line {by_lead[lead_id].line} already")
            by_lead[lead_id] = row
        except LeadtriageError as error:
            mistakes.append((row.line, error.message))
    leads = work.read_leads(by_lead)
    listed = _listed_reasons(work.connection, by_lead) if kind is VerdictKind.REVIEW else {}
    judgements: dict[int, Judgement] = {}
    for lead_id, row in by_lead.items():
        if lead_id not in leads:
            mistakes.append((row.line, f"there is no lead {lead_id}"))
            continue
        try:
            said = _read_judgement(row, listed.get(lead_id), work.act, kind)
            judgements[lead_id] = check_judgement(work.connection, work.criteria, said, work.act.as_of, kind)
        except LeadtriageError as error:
            mistakes.append((row.line, f"{error.message}; {error.hint}" if error.hint else error.message))
    why_not = _decide(work, judgements, kind)
    mistakes += [(by_lead[lead_id].line, f"lead {lead_id}: {why}") for lead_id, why in why_not.items()]
    _refuse(mistakes, place)
    return tuple(
        FileVerdict(row.line, lead_id, leads[lead_id]["name"], leads[lead_id]["company"], judgements[lead_id])
        for lead_id, row in by_lead.items()
    )


def _decide(work: UnitOfWork, judgements: Mapping[int, Judgement], kind: VerdictKind) -> Mapping[int, str]:
    """Carry the judgements out; returns the leads that wait for none, and why not."""
    if kind is VerdictKind.AUDIT:
        return store_audit(work, judgements)
    return {told.lead_id: told.why for told in decide(work, judgements).passed_over}


def _refuse(mistakes: list[tuple[int, str]], place: str) -> None:
    """Raise with all mistakes, in the order of their lines."""
    if not mistakes:
        return
    told = [f"line {line}: {what}" for line, what in sorted(mistakes)]
    if len(told) > _MOST_MISTAKES:
        told = [*told[:_MOST_MISTAKES], f"and {len(told) - _MOST_MISTAKES} more"]
    many = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    raise MistakesInFile(f"{many}; none of its verdicts was stored", mistakes=tuple(told), place=place)


def _read_id(text: str) -> int:
    digits = text.removesuffix(".0")
    if not (digits.isdecimal() and digits.isascii() and len(digits) <= _LONGEST_ID) or int(digits) > _LARGEST_ID:
        raise UsageError(f"{text!r} is no id of a lead" if text else "it has no id of a lead")
    return int(digits)


def _listed_reasons(connection: Connection, lead_ids: Mapping[int, object]) -> dict[int, str | None]:
    """The reason that the list of candidates shows of each lead."""
    score = table(LeadScore)
    found: dict[int, str | None] = {}
    for group in batches(sorted(lead_ids)):
        rows = connection.execute(select(score.c.lead_id, score.c.reason).where(score.c.lead_id.in_(group)))
        found |= {row.lead_id: row.reason for row in rows}
    return found


def _read_judgement(row: _Row, listed: str | None, act: Act, kind: VerdictKind) -> Judgement:
    said = row.cells["verdict"].lower()
    if said not in list(VerdictWord):
        words = [word.value for word in VerdictWord]
        raise UsageError(f"{said!r} is no verdict{suggest(said, words)}", hint=f"one of: {', '.join(words)}")
    word = VerdictWord(said)
    for column, of in _USED_BY.items():
        if row.cells.get(column) and word is not of and kind is VerdictKind.REVIEW:
            raise UsageError(f"{column} is filled in, which only {of} has")
    reason = row.cells.get("verdict_reason") or None
    theirs = row.cells.get("reason") or None
    if reason is None and (word is VerdictWord.JUNK or theirs != listed):
        reason = theirs
    if reason is None and word is VerdictWord.RESCUE:
        raise UsageError("the verdict rescue needs a reason of its own", hint="fill in the column verdict_reason")
    until = row.cells.get("until")
    return Judgement(
        verdict=word,
        reason=reason,
        note=row.cells.get("note"),
        until=parse_future_day(until, act.as_of) if until else None,
        ask_for=row.cells.get("ask_for") or None,
    )
