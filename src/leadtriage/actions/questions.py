"""Questions about what is unknown of a lead, and the answers: typed by a person or filled in in a file.

An answer is normalised exactly like a cell on import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from leadtriage.actions.table_file import Mistakes, TableRow, open_table, read_rows
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
from leadtriage.core.text import SEPARATOR, comparable
from leadtriage.core.vocabulary import EmailKind, EventKind, Grade
from leadtriage.criteria import LEAD_FIELDS, Criteria, suggest
from leadtriage.db import ExtraColumn, Lead, LeadKey, PutOff, resolve_lead, table
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
from leadtriage.scoring import OpenQuestion, explain_lead

USUAL_WAIT = timedelta(days=14)
"""How long a question waits that the lead could not answer."""

_LEAD = "lead"
_NOT_KNOWN = "?"


@dataclass(frozen=True, slots=True)
class Target:
    """What an answer fills: a lead field, or a column of the imported files.

    Attributes:
        criteria: the names of the criteria that ask for it.
    """

    field: str | None
    column: str | None
    criteria: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name for people."""
        return self.field or self.column or ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A normalised answer.

    Attributes:
        attribute: the lead attribute, as events name it; None for a file's column.
        values: columns of `lead` with their new values.
        keys: the keys that now identify the lead too.
        text, number: the value of a file's column.
    """

    target: Target
    attribute: str | None
    values: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    text: str | None = None
    number: float | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer for a field, criterion or column by `name`; `text` None means the lead does not know it yet."""

    lead_id: int
    name: str
    text: str | None


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """The effect of an answer.

    Attributes:
        field: the lead field or column.
        old, new: its value before and after, as in the event; `new` is None if the question was put off.
        again_on: the day a question that was put off is asked again.
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
    """Return the questions for a lead: first a reviewer's, then those that change the grade, then by points.

    Args:
        put_off: include those that the lead could not answer yet.

    Raises:
        LeadtriageError: the lead is closed.
        LeadNotFound: the lead does not exist.
    """
    lead = table(Lead)
    explained = explain_lead(connection, criteria, lead_id, as_of)
    stored = dict(connection.execute(select(lead).where(lead.c.id == lead_id)).mappings().one())
    require_open(stored)

    def rank(question: OpenQuestion) -> tuple[Any, ...]:
        is_asked_for = question.criterion == stored["ask_for"]
        return not is_asked_for, question.reaches_grade is None, -question.gain, question.place

    return tuple(sorted(explained.questions + (explained.put_off if put_off else ()), key=rank))


def find_target(criteria: Criteria, name: str) -> Target:
    """Find what a name means: a criterion, a lead field, or `column:HEADER`.

    Raises:
        UsageError: the name is unknown, or its field cannot be answered.
    """
    wanted = comparable(name.removeprefix("column:"))
    for criterion in criteria.criteria:
        if wanted in (comparable(criterion.name), criterion.column and comparable(criterion.column)):
            if criterion.field is None and criterion.column is None:
                raise UsageError(f'"{criterion.name}" looks at several fields', hint="answer one of them by its name")
            return _build_target(criteria, criterion.field, criterion.column)
    plain = "_".join(name.lower().split())
    if plain in LEAD_FIELDS and LEAD_FIELDS[plain].asked:
        return _build_target(criteria, plain, None)
    if plain in LEAD_FIELDS:
        raise UsageError(f"{plain} is computed and cannot be answered", place=name)
    known = [criterion.name for criterion in criteria.criteria if criterion.field or criterion.column]
    known += [each for each, about in LEAD_FIELDS.items() if about.asked]
    raise UsageError(f'there is no field or criterion "{name}"{suggest(name, known)}')


def _build_target(criteria: Criteria, field: str | None, column: str | None) -> Target:
    def same(text: str | None) -> str | None:
        return comparable(text) if text else text

    asking = (each.name for each in criteria.criteria if (each.field, same(each.column)) == (field, same(column)))
    return Target(field, column, tuple(asking))


def parse_answer(target: Target, text: str, lead: Mapping[str, Any], criteria: Criteria, today: date) -> Answer:
    """Normalise an answer like a cell on import.

    Args:
        lead: the columns of `lead`; its country decides the phone number's, its name is part of the keys.
        today: the day from which "in 6 weeks" counts.

    Raises:
        LeadtriageError: the answer is not recognised, or empty.
    """
    try:
        answer = _parse(target, text, lead, criteria, today)
    except NotRecognized as error:
        raise LeadtriageError(f'{target.name} not recognised: "{text}": {error.why}') from error
    if answer is None:
        raise LeadtriageError(f'no answer to {target.name}: "{text}"', hint="write ? for what the lead does not know")
    return answer


def _parse(target: Target, text: str, lead: Mapping[str, Any], criteria: Criteria, today: date) -> Answer | None:
    name = target.field
    cleaned = clean_text(text)
    if name is None:
        return None if cleaned is None else Answer(target, None, text=cleaned, number=read_extra_number(cleaned))
    if name == "email":
        return _parse_email(target, text, lead)
    if name == "phone":
        return _parse_phone(target, text, lead)
    attribute = name
    values: dict[str, Any] = {}
    if name in ("budget", "revenue"):
        if money := parse_money(text, criteria.currency):
            values = {f"{name}_amount": money.amount, f"{name}_currency": money.currency}
    elif name == "name":
        if cleaned:
            first, last = split_name(cleaned)
            for part, each in (("name", cleaned), ("first_name", first), ("last_name", last)):
                values |= text_columns(part, each)
    elif name == "decides_in_days":
        attribute = "decides_on"
        values = {attribute: parse_timeline(text, today)}
    elif name in _PARSERS:
        values = {name: _PARSERS[name](text)}
    else:
        parsed = {"need": clean_lines, "country": parse_country}.get(name, clean_text)(text)
        values = text_columns(name, parsed) if parsed else {}
    is_empty = not values or values.get(attribute, True) is None
    return None if is_empty else Answer(target, attribute, values)


def _parse_signs_off(text: str) -> str | None:
    role = parse_signs_off(text)
    return None if role is None else role.value


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("employees", "touches", "unanswered_touches", "replies"), parse_count),
    **dict.fromkeys(("do_not_contact", "bounced"), parse_yes_no),
    "signs_off": _parse_signs_off,
}


def _parse_email(target: Target, text: str, lead: Mapping[str, Any]) -> Answer | None:
    emails = parse_emails(text)
    if not emails:
        return None
    email = emails[0]
    if email.kind is EmailKind.INVALID:
        raise NotRecognized("the address is not usable")
    values = text_columns("email", email.address) | text_columns("email_domain", email.domain)
    key = email_key(email, _key_name(lead))
    return Answer(target, "email", values | {"email_kind": email.kind.value}, (key,) if key else ())


def _parse_phone(target: Target, text: str, lead: Mapping[str, Any]) -> Answer | None:
    phones = parse_phones(text, country_for_phone_region(lead["country"]))
    if not phones:
        return None
    key = f"p:{phone_digits_key(phones[0])}|{_key_name(lead)}"
    return Answer(target, "phone", text_columns("phone", phones[0]), (key,))


def _key_name(lead: Mapping[str, Any]) -> str:
    name: str = lead["name_comparable"] or lead["company_comparable"] or ""
    return name.partition(SEPARATOR)[0]


def store_answers(
    engine: Engine, criteria: Criteria, act: Act, given: Sequence[GivenAnswer], *, again_on: date | None = None
) -> tuple[AnswerResult, ...]:
    """Store answers in the leads' fields, all in one act.

    Args:
        again_on: the day to ask again what is not known yet; by default in `USUAL_WAIT`.

    Raises:
        UsageError: a name is unknown.
        LeadtriageError: an answer is not recognised, or a lead is closed or hidden; nothing was stored.
    """
    later = again_on or act.as_of + USUAL_WAIT
    with unit_of_work(engine, criteria, act) as work:
        return tuple([_store_answer(work, each, later) for each in given])


def store_answer_file(
    engine: Engine, criteria: Criteria, act: Act, path: Path, *, again_on: date | None = None
) -> tuple[AnswerResult, ...]:
    """Store all answers of a file in one act: a column `lead`, and one for each field or criterion.

    An empty cell is no answer; `?` means that the lead does not know it yet.

    Raises:
        MistakesInFile: with every mistake and its line; nothing was stored.
        FileError: the file cannot be read.
    """
    mistakes = Mistakes(str(path), "answers")
    rows = _read_answers(path, criteria, mistakes)
    later = again_on or act.as_of + USUAL_WAIT
    results: list[AnswerResult] = []
    with unit_of_work(engine, criteria, act) as work:
        for row in rows:
            with mistakes.catch(row.line):
                lead_id = resolve_lead(work.connection, row.cells[_LEAD])
                for name, text in row.cells.items():
                    if text and name != _LEAD:
                        given = GivenAnswer(lead_id, name, None if text == _NOT_KNOWN else text)
                        results.append(_store_answer(work, given, later))
        mistakes.raise_if_any()
    return tuple(results)


def _read_answers(path: Path, criteria: Criteria, mistakes: Mistakes) -> list[TableRow]:
    source = open_table(path)
    columns: dict[str, int] = {}
    for place, header in enumerate(source.headers):
        name = header.strip()
        if name.lower() == _LEAD:
            columns.setdefault(_LEAD, place)
            continue
        columns[name] = place
        with mistakes.catch(1):
            find_target(criteria, name)
    if _LEAD not in columns:
        hint = "such as: lead,budget,signs_off"
        raise MistakesInFile("it has no column lead", mistakes=(), place=str(path), hint=hint)
    mistakes.raise_if_any()
    rows = []
    for row in read_rows(source, columns):
        if row.problem is not None:
            mistakes.add(row.line, row.problem)
        elif any(text for name, text in row.cells.items() if name != _LEAD):
            rows.append(row)
    return rows


def _store_answer(work: UnitOfWork, given: GivenAnswer, again_on: date) -> AnswerResult:
    target = find_target(work.criteria, given.name)
    lead = work.read_lead(given.lead_id)
    require_open(lead)

    def explain() -> tuple[int, int, Grade]:
        explained = explain_lead(work.connection, work.criteria, given.lead_id, work.act.as_of)
        return explained.score, explained.ceiling, explained.grade

    before = explain()
    old = new = None
    if given.text is None:
        _put_off(work, given.lead_id, target, again_on)
    else:
        answer = parse_answer(target, given.text, lead, work.criteria, work.act.as_of)
        change = _build_change(work, lead, answer)
        old, new = change.old, change.new
        work.record([change])
        _add_keys(work, given.lead_id, answer.keys)
    wait = again_on if given.text is None else None
    return AnswerResult(given.lead_id, target.name, old, new, wait, before, explain())


def _build_change(work: UnitOfWork, lead: Mapping[str, Any], answer: Answer) -> LeadChange:
    values = dict(answer.values)
    if lead["ask_for"] in answer.target.criteria:
        values["ask_for"] = None
    if answer.attribute is not None:
        attribute = BY_NAME[answer.attribute]
        name, old, new = attribute.name, format_value(attribute, lead), format_value(attribute, {**lead, **values})
    else:
        number, header = _find_column(work.connection, answer.target.column or "")
        texts, compared = dict(lead["extra"] or {}), dict(lead["extra_comparable"] or {})
        name, old, new = f"column:{header}", texts.get(f"c{number}"), answer.text
        texts[f"c{number}"], compared[f"c{number}"] = new or "", comparable(new or "")
        compared.pop(f"n{number}", None)
        if answer.number is not None:
            compared[f"n{number}"] = answer.number
        values |= {"extra": texts, "extra_comparable": compared}
    return LeadChange(lead["id"], EventKind.FIELD, values, field=name, old=old, new=new)


def _find_column(connection: Connection, header: str) -> tuple[int, str]:
    """The number and header of an extra column; a new one is added."""
    columns = table(ExtraColumn)
    same = select(columns.c.id, columns.c.header).where(columns.c.header_comparable == comparable(header))
    found = connection.execute(same.order_by(columns.c.id)).first()
    if found is not None:
        return found.id, found.header
    number = (connection.execute(select(func.max(columns.c.id))).scalar() or 0) + 1
    row = {"id": number, "header": header, "header_comparable": comparable(header)}
    connection.execute(insert(columns).values(row))
    return number, header


def _put_off(work: UnitOfWork, lead_id: int, target: Target, again_on: date) -> None:
    if not target.criteria:
        raise LeadtriageError(f"no criterion asks for {target.name}, so there is nothing to put off")
    row = {"lead_id": lead_id, "by": work.act.by, "at": work.act.at, "again_on": again_on}
    work.insert(PutOff, [{**row, "criterion": criterion} for criterion in target.criteria])
    work.record([LeadChange(lead_id, EventKind.PUT_OFF, field=target.criteria[0], new=again_on.isoformat())])


def _add_keys(work: UnitOfWork, lead_id: int, keys: Sequence[str]) -> None:
    """Let an address or number identify the lead.

    Raises:
        LeadtriageError: it identifies another lead already.
    """
    if not keys:
        return
    key = table(LeadKey)
    held = select(key.c.lead_id).where(key.c.key.in_(keys), key.c.lead_id != lead_id)
    other = work.connection.execute(held).scalars().first()
    if other is not None:
        hint = f"if they are the same: leadtriage duplicates --merge {other} {lead_id}"
        raise LeadtriageError(f"lead {other} has this already", place=f"lead {lead_id}", hint=hint)
    rows = [{"key": each, "lead_id": lead_id, "original_lead_id": lead_id, "batch_id": None} for each in keys]
    work.connection.execute(upsert(work.connection.dialect, key).on_conflict_do_nothing(index_elements=["key"]), rows)
