"""Answers from a file: a column `lead` and one for each field or criterion; all of them are stored, or none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.db.lookup import resolve_lead
from leadtriage.errors import LeadtriageError, MistakesInFile
from leadtriage.formulas import unguard_formula
from leadtriage.importing.source import ReadOptions, open_source
from leadtriage.triage.acting import acting
from leadtriage.triage.answers import find_target
from leadtriage.triage.asking import USUAL_WAIT, Answered, Given, store_answer

_MOST_MISTAKES = 100
_LEAD = "lead"
_NOT_KNOWN = "?"


def store_answers_of_file(
    engine: Engine, criteria: Criteria, act: Act, path: Path, *, again_on: date | None = None
) -> tuple[Answered, ...]:
    """Store all answers of a file in one act. An empty cell is no answer; `?` means that it is not known yet.

    Raises:
        MistakesInFile: with every mistake and its line; nothing was stored.
        FileError: the file cannot be read.
    """
    mistakes: list[tuple[int, str]] = []
    answered: list[Answered] = []
    rows = _read_rows(path, criteria, mistakes)
    later = again_on or act.as_of + USUAL_WAIT
    with acting(engine, criteria, act) as doing:
        for line, lead, cells in rows:
            try:
                lead_id = resolve_lead(doing.connection, lead)
                for name, text in cells.items():
                    given = Given(lead_id, name, None if text == _NOT_KNOWN else text)
                    answered.append(store_answer(doing, given, later))
            except LeadtriageError as error:
                mistakes.append((line, error.message))
        _refuse(mistakes, str(path))
    return tuple(answered)


def _read_rows(
    path: Path, criteria: Criteria, mistakes: list[tuple[int, str]]
) -> list[tuple[int, str, dict[str, str]]]:
    source = open_source(path, None, ReadOptions(quote='"', escape="", header_rows=1, skip_rows=0, table=1))
    headers = [header.strip() for header in source.headers]
    if _LEAD not in [header.lower() for header in headers]:
        raise MistakesInFile(
            "it has no column lead", mistakes=(), place=str(path), hint="such as: lead,budget,signs_off"
        )
    at = [header.lower() for header in headers].index(_LEAD)
    for place, header in enumerate(headers):
        if place != at:
            try:
                find_target(criteria, header)
            except LeadtriageError as error:
                mistakes.append((1, error.message))
    _refuse(mistakes, str(path))
    rows = []
    for chunk in source.rows():
        for position, (line, cells) in enumerate(zip(chunk.lines, chunk.cells, strict=True)):
            if position in chunk.problems:
                mistakes.append((line, chunk.problems[position]))
                continue
            said = {
                header: unguard_formula(cell).strip()
                for place, (header, cell) in enumerate(zip(headers, cells, strict=True))
                if place != at and cell.strip()
            }
            if said:
                rows.append((line, cells[at].strip(), said))
    return rows


def _refuse(mistakes: list[tuple[int, str]], place: str) -> None:
    if mistakes:
        told = [f"line {line}: {what}" for line, what in sorted(mistakes)]
        if len(told) > _MOST_MISTAKES:
            told = [*told[:_MOST_MISTAKES], f"and {len(told) - _MOST_MISTAKES} more"]
        many = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise MistakesInFile(f"{many}; none of its answers was stored", mistakes=tuple(told), place=place)
