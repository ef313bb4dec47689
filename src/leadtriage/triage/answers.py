"""What a person's answer makes of a lead: the text normalised exactly as on import, and the columns that hold it.

Which questions there are, and storing the answers, is `triage.asking`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import Criteria, Criterion
from leadtriage.criteria.reading.mistakes import suggest
from leadtriage.criteria.text import SEPARATOR, comparable
from leadtriage.errors import LeadtriageError, UsageError
from leadtriage.importing.columns import read_extra_number
from leadtriage.importing.identity import email_key
from leadtriage.importing.values import (
    NotUnderstood,
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
from leadtriage.triage.acting import text_values
from leadtriage.vocabulary import EmailKind

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
    except NotUnderstood as error:
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
        values = {key: each for part in parts for key, each in text_values(part, parts[part]).items()}
        values = values if cleaned else None
    elif name in _READERS:
        values = _found(name, _READERS[name](text))
    else:
        read = {"need": clean_lines, "country": parse_country}.get(name, clean_text)
        cleaned = read(text)
        values = text_values(name, cleaned) if cleaned else None
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
        raise NotUnderstood("this is no usable address")
    values = text_values("email", email.address) | text_values("email_domain", email.domain)
    key = email_key(email, _fold_name(lead))
    return Answer(target, "email", values | {"email_kind": email.kind.value}, (key,) if key else ())


def _read_phone(target: Target, text: str, lead: Mapping[str, Any]) -> Answer | None:
    phones = parse_phones(text, country_for_phone_region(lead["country"]))
    if not phones:
        return None
    key = f"p:{phone_digits_key(phones[0])}|{_fold_name(lead)}"
    return Answer(target, "phone", text_values("phone", phones[0]), (key,))


def _fold_name(lead: Mapping[str, Any]) -> str:
    name: str = lead["name_comparable"] or lead["company_comparable"] or ""
    return name.partition(SEPARATOR)[0]
