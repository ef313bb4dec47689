"""Asks what is not known of a lead: which questions, the most valuable first, and storing what is answered.

How an answer is understood is `triage.answers`'.

What a person's answer makes of a lead: the text normalised exactly as on import, and the columns that hold it.

Which questions there are, and storing the answers, is `triage.asking`'s.

Answers from a file: a column `lead` and one for each field or criterion; all of them are stored, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from leadtriage.actions.unit_of_work import (
    LeadChange,
    UnitOfWork,
    format_value,
    require_open,
    text_columns,
    unit_of_work,
)
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError, MistakesInFile, UsageError
from leadtriage.core.tables import unguard_formula
from leadtriage.core.text import SEPARATOR, comparable
from leadtriage.core.vocabulary import EmailKind, EventKind, Grade
from leadtriage.criteria import LEAD_FIELDS, Criteria, Criterion, suggest
from leadtriage.db import ExtraColumn, Lead, LeadKey, PutOff, reserve_ids, resolve_lead, table
from leadtriage.db.dialect import upsert
from leadtriage.importing import BY_NAME, email_key, read_extra_number
from leadtriage.importing.normalize import (
    NotRecognized,
    clean_lines,
    clean_text,
    country_for_phone_region,
    parse_count,
    parse_country,
    parse_emails,
    parse_money,
    parse_phones,
    parse_signs_off,
    parse_timeline,
    parse_yes_no,
    phone_digits_key,
    split_name,
)
from leadtriage.importing.parse import ReadOptions, open_source
from leadtriage.scoring import Explanation, OpenQuestion, explain_lead

_COUNTS = ("employees", "touches", "unanswered_touches", "replies")
_YES_NO = ("do_not_contact", "bounced")
_SUMS = ("budget", "revenue")


@dataclass(frozen=True, slots=True)
class Target:
    """What an answer is about: a lead field, or a column of the imported files.

    Attributes:
        criteria: the names of the criteria that ask it.
    """

    field: str | None
    column: str | None
    criteria: tuple[str, ...]

    @property
    def name(self) -> str:
        """How people call it."""
        return self.field or self.column or ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was understood.

    Attributes:
        attribute: the name of the lead's attribute, as the history has it; None for a file's column.
        values: columns of `lead` and what they become.
        keys: what now identifies the lead besides.
        column: of a file's column, its text and number; the text as it came.
    """

    target: Target
    attribute: str | None
    values: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    text: str | None = None
    number: float | None = None


def find_target(criteria: Criteria, name: str) -> Target:
    """Find what a person means by a name: a criterion's, a lead field's, or `column:HEADER`.

    Raises:
        UsageError: nothing has this name, or it is not for people to answer.
    """
    wanted = comparable(name.removeprefix("column:"))
    for criterion in criteria.criteria:
        spoken = (criterion.name, criterion.column) if criterion.column else (criterion.name,)
        if wanted in map(comparable, spoken):
            if criterion.field is None and criterion.column is None:
                raise UsageError(f'"{criterion.name}" looks at several fields', hint="answer one of these by its name")
            return _make_target(criteria, criterion.field, criterion.column)
    plain = "_".join(name.lower().split())
    if plain in LEAD_FIELDS and LEAD_FIELDS[plain].asked:
        return _make_target(criteria, plain, None)
    if plain in LEAD_FIELDS:
        raise UsageError(f"{plain} is worked out, not answered", place=name)
    known = [criterion.name for criterion in criteria.criteria if criterion.field or criterion.column]
    known += [each for each, about in LEAD_FIELDS.items() if about.asked]
    raise UsageError(f'there is no field or criterion "{name}"{suggest(name, known)}')


def _make_target(criteria: Criteria, field: str | None, column: str | None) -> Target:
    asking = (
        criterion.name
        for criterion in criteria.criteria
        if (criterion.field, criterion.column) == (field, column) or _is_same_column(criterion, column)
    )
    return Target(field, column, tuple(asking))


def _is_same_column(criterion: Criterion, column: str | None) -> bool:
    return bool(column and criterion.column and comparable(column) == comparable(criterion.column))


def read_answer(target: Target, text: str, lead: Mapping[str, Any], criteria: Criteria, today: date) -> Answer:
    """Normalise an answer as an import would a cell.

    Args:
        lead: the columns of `lead`: its country tells a telephone number's, its name what an address identifies.
        today: what "in 6 weeks" is counted from.

    Raises:
        LeadtriageError: it is not understood, or says nothing.
    """
    try:
        answer = _read(target, text, lead, criteria, today)
    except NotRecognized as error:
        raise LeadtriageError(f'"{text}" is no {target.name}: {error.why}') from error
    if answer is None:
        raise LeadtriageError(f'"{text}" is no answer to {target.name}', hint="what the lead does not know yet is: ?")
    return answer


def _read(target: Target, text: str, lead: Mapping[str, Any], criteria: Criteria, today: date) -> Answer | None:
    name = target.field
    if name is None:
        cleaned = clean_text(text)
        return None if cleaned is None else Answer(target, None, text=cleaned, number=read_extra_number(cleaned))
    if name == "email":
        return _read_email(target, text, lead)
    if name == "phone":
        return _read_phone(target, text, lead)
    values: dict[str, Any] | None
    if name in _SUMS:
        money = parse_money(text, criteria.currency)
        values = {f"{name}_amount": money.amount, f"{name}_currency": money.currency} if money else None
    elif name == "decides_in_days":
        values = _found("decides_on", parse_timeline(text, today))
    elif name == "name":
        cleaned = clean_text(text)
        first, last = split_name(cleaned) if cleaned else (None, None)
        parts = {"name": cleaned, "first_name": first, "last_name": last}
        values = {key: each for part in parts for key, each in text_columns(part, parts[part]).items()}
        values = values if cleaned else None
    elif name in _READERS:
        values = _found(name, _READERS[name](text))
    else:
        read = {"need": clean_lines, "country": parse_country}.get(name, clean_text)
        cleaned = read(text)
        values = text_columns(name, cleaned) if cleaned else None
    attribute = "decides_on" if name == "decides_in_days" else name
    return None if values is None else Answer(target, attribute, values)


def _read_signs_off(text: str) -> str | None:
    said = parse_signs_off(text)
    return None if said is None else said.value


_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_COUNTS, parse_count),
    **dict.fromkeys(_YES_NO, parse_yes_no),
    "signs_off": _read_signs_off,
}


def _found(column: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else {column: value}


def _read_email(target: Target, text: str, lead: Mapping[str, Any]) -> Answer | None:
    emails = parse_emails(text)
    if not emails:
        return None
    email = emails[0]
    if email.kind is EmailKind.INVALID:
        raise NotRecognized("this is no usable address")
    values = text_columns("email", email.address) | text_columns("email_domain", email.domain)
    key = email_key(email, _fold_name(lead))
    return Answer(target, "email", values | {"email_kind": email.kind.value}, (key,) if key else ())


def _read_phone(target: Target, text: str, lead: Mapping[str, Any]) -> Answer | None:
    phones = parse_phones(text, country_for_phone_region(lead["country"]))
    if not phones:
        return None
    key = f"p:{phone_digits_key(phones[0])}|{_fold_name(lead)}"
    return Answer(target, "phone", text_columns("phone", phones[0]), (key,))


def _fold_name(lead: Mapping[str, Any]) -> str:
    name: str = lead["name_comparable"] or lead["company_comparable"] or ""
    return name.partition(SEPARATOR)[0]


USUAL_WAIT = timedelta(days=14)
"""How long a question rests that the lead could not answer."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What was said of one lead: an answer by the name of what it answers; None: the lead does not know it yet."""

    lead_id: int
    name: str
    text: str | None


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """What an answer did.

    Attributes:
        field: the lead field or column that it went into.
        old, new: its value before and after, as the history has them; `new` is None where it was put off.
        again_on: the day from which on a question that was put off is asked again.
        before, after: the lead's score, ceiling and grade.
    """

    lead_id: int
    field: str
    old: str | None
    new: str | None
    again_on: date | None
    before: tuple[int, int, Grade]
    after: tuple[int, int, Grade]


def find_open_questions(
    connection: Connection, criteria: Criteria, lead_id: int, as_of: date, *, put_off: bool = False
) -> tuple[OpenQuestion, ...]:
    """The questions that a lead can be asked: a reviewer's first, then those that change the grade, then by points.

    Args:
        put_off: those besides that the lead could not answer yet.

    Raises:
        LeadtriageError: the lead is closed.
        LeadNotFound: there is no lead of this id.
    """
    lead = table(Lead)
    explained = explain_lead(connection, criteria, lead_id, as_of)
    stored = dict(connection.execute(select(lead).where(lead.c.id == lead_id)).mappings().one())
    require_open(stored)
    questions = explained.questions + (explained.put_off if put_off else ())
    return tuple(
        sorted(
            questions,
            key=lambda question: (
                question.criterion != stored["ask_for"],
                question.reaches_grade is None,
                -question.gain,
                question.place,
            ),
        )
    )


def store_answers(
    engine: Engine, criteria: Criteria, act: Act, given: Sequence[GivenAnswer], *, again_on: date | None = None
) -> tuple[AnswerResult, ...]:
    """Store answers in the leads' fields, all in one act.

    Args:
        again_on: when to ask again what is not known yet; by default in `USUAL_WAIT`.

    Raises:
        UsageError: nothing can be answered under such a name.
        LeadtriageError: an answer is not understood, or a lead is closed or gone; nothing was stored.
    """
    later = again_on or act.as_of + USUAL_WAIT
    with unit_of_work(engine, criteria, act) as work:
        return tuple([store_answer(work, each, later) for each in given])


def store_answer(work: UnitOfWork, given: GivenAnswer, again_on: date) -> AnswerResult:
    """Store one answer within an act; see `store_answers`."""
    target = find_target(work.criteria, given.name)
    lead = work.read_lead(given.lead_id)
    require_open(lead)
    before = _explain(work, given.lead_id)
    if given.text is None:
        old, new = None, None
        _put_off(work, lead, target, again_on)
    else:
        answer = read_answer(target, given.text, lead, work.criteria, work.act.as_of)
        old, new = _store(work, lead, answer)
        _give_keys(work, given.lead_id, answer.keys)
    after = _explain(work, given.lead_id)
    return AnswerResult(
        given.lead_id,
        target.name,
        old,
        new,
        again_on if given.text is None else None,
        (before.score, before.ceiling, before.grade),
        (after.score, after.ceiling, after.grade),
    )


def _explain(work: UnitOfWork, lead_id: int) -> Explanation:
    return explain_lead(work.connection, work.criteria, lead_id, work.act.as_of)


def _store(work: UnitOfWork, lead: dict[str, Any], answer: Answer) -> tuple[str | None, str | None]:
    """Write the answer and its event, and return the value before and after as the history has them."""
    values = dict(answer.values)
    if lead["ask_for"] in answer.target.criteria:
        values["ask_for"] = None
    if answer.attribute is not None:
        attribute = BY_NAME[answer.attribute]
        old, new = format_value(attribute, lead), format_value(attribute, lead | values)
        change = LeadChange(lead["id"], EventKind.FIELD, values, field=attribute.name, old=old, new=new)
    else:
        number, header = _find_column(work, answer.target.column or "")
        texts, compared = dict(lead["extra"] or {}), dict(lead["extra_comparable"] or {})
        old, new = texts.get(f"c{number}"), answer.text
        texts[f"c{number}"], compared[f"c{number}"] = new or "", comparable(new or "")
        compared.pop(f"n{number}", None)
        if answer.number is not None:
            compared[f"n{number}"] = answer.number
        values |= {"extra": texts, "extra_comparable": compared}
        change = LeadChange(lead["id"], EventKind.FIELD, values, field=f"column:{header}", old=old, new=new)
    work.record([change])
    return old, new


def _find_column(work: UnitOfWork, header: str) -> tuple[int, str]:
    """The number and header of a column of the imported files; one that no file had yet is made."""
    columns = table(ExtraColumn)
    wanted = columns.c.header_comparable == comparable(header)
    found = work.connection.execute(select(columns.c.id, columns.c.header).where(wanted).order_by(columns.c.id)).first()
    if found is not None:
        return found.id, found.header
    number = (work.connection.execute(select(func.max(columns.c.id))).scalar() or 0) + 1
    row = {"id": number, "header": header, "header_comparable": comparable(header)}
    work.connection.execute(insert(columns).values(row))
    return number, header


def _put_off(work: UnitOfWork, lead: dict[str, Any], target: Target, again_on: date) -> None:
    if not target.criteria:
        raise LeadtriageError(f"no criterion asks for {target.name}, so there is nothing to put off")
    rows = table(PutOff)
    first = reserve_ids(work.connection, "put_off", len(target.criteria))
    work.connection.execute(
        insert(rows),
        [
            {
                "lead_id": lead["id"],
                "id": first + place,
                "act": work.id,
                "criterion": criterion,
                "by": work.act.by,
                "at": work.act.at,
                "again_on": again_on,
            }
            for place, criterion in enumerate(target.criteria)
        ],
    )
    work.record([LeadChange(lead["id"], EventKind.PUT_OFF, field=target.criteria[0], new=again_on.isoformat())])


def _give_keys(work: UnitOfWork, lead_id: int, keys: Sequence[str]) -> None:
    """Let an address or number lead to the lead.

    Raises:
        LeadtriageError: it leads to another one already.
    """
    if not keys:
        return
    stored = table(LeadKey)
    held = work.connection.execute(select(stored.c.lead_id).where(stored.c.key.in_(keys), stored.c.lead_id != lead_id))
    other = held.scalars().first()
    if other is not None:
        raise LeadtriageError(
            f"lead {other} has this already",
            place=f"lead {lead_id}",
            hint=f"if they are one: leadtriage duplicates --merge {other} {lead_id}",
        )
    rows = [{"key": key, "lead_id": lead_id, "original_lead_id": lead_id, "batch_id": None} for key in keys]
    work.connection.execute(
        upsert(work.connection.dialect, stored).on_conflict_do_nothing(index_elements=["key"]), rows
    )


_MOST_MISTAKES = 100
_LEAD = "lead"
_NOT_KNOWN = "?"


def store_answer_file(
    engine: Engine, criteria: Criteria, act: Act, path: Path, *, again_on: date | None = None
) -> tuple[AnswerResult, ...]:
    """Store all answers of a file in one act. An empty cell is no answer; `?` means that it is not known yet.

    Raises:
        MistakesInFile: with every mistake and its line; nothing was stored.
        FileError: the file cannot be read.
    """
    mistakes: list[tuple[int, str]] = []
    answered: list[AnswerResult] = []
    rows = _read_rows(path, criteria, mistakes)
    later = again_on or act.as_of + USUAL_WAIT
    with unit_of_work(engine, criteria, act) as work:
        for line, lead, cells in rows:
            try:
                lead_id = resolve_lead(work.connection, lead)
                for name, text in cells.items():
                    given = GivenAnswer(lead_id, name, None if text == _NOT_KNOWN else text)
                    answered.append(store_answer(work, given, later))
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
