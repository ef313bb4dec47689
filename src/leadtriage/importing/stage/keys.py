"""The keys that identify each row, and the e-mail addresses and phone numbers that they are made from.

Two rows that share a key are the same lead; `match` finds the lead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from leadtriage.core.text import SEPARATOR
from leadtriage.core.vocabulary import EmailKind
from leadtriage.importing.mapping import OWN_SYSTEM, HeaderPlan
from leadtriage.importing.normalize import (
    Email,
    country_for_phone_region,
    parse_emails,
    parse_phones,
    phone_digits_key,
    split_contact,
)
from leadtriage.importing.stage.columns import ColumnReader, Warnings

Value = TypeVar("Value")

RANK_ID, RANK_EMAIL, RANK_PHONE, RANK_ROW = 1, 2, 3, 4
"""The order in which keys decide: the source system's id, an address, a phone with a name, the whole row."""

_LONGEST_OWN_ID = 9
_LONGEST_KEY = 400
_NO_IDENTITY = "no name, company, phone, id or usable e-mail address"


@dataclass(frozen=True, slots=True)
class Contacts:
    """The addresses and phone numbers of each row, the preferred first; None if the file has no such column."""

    emails: list[tuple[Email, ...]] | None
    phones: list[tuple[str, ...]] | None


class ContactReader:
    """Reads the addresses and phone numbers of rows from all columns that hold them."""

    def __init__(self, plan: HeaderPlan, region: str | None, warnings: Warnings) -> None:
        def readers(field: str, parse: Callable[[Any], Value]) -> dict[int, ColumnReader[Value]]:
            return {column.index: ColumnReader(column.header, parse, warnings) for column in plan.find(field)}

        self._region = region
        self._contacts = readers("contact", split_contact)
        self._emails = readers("email", parse_emails) | readers("contact", parse_emails)
        self._phones = readers("phone", _parse_phones) | readers("contact", _parse_phones)

    def read(self, cells: Sequence[tuple[str, ...]], countries: list[str | None] | None, count: int) -> Contacts:
        """Read the contacts of a chunk; `countries` are those of its rows, if the file has them."""
        regions = [self._region] * count
        if countries is not None:
            regions = [country_for_phone_region(country) or self._region for country in countries]
        split = {index: reader.read_all(cells[index], ("", "")) for index, reader in self._contacts.items()}

        def cells_of(index: int, part: int) -> Iterable[str]:
            return (parts[part] for parts in split[index]) if index in split else cells[index]

        emails = [reader.read_all(cells_of(index, 0), ()) for index, reader in self._emails.items()]
        phones = [
            reader.read_all(zip(cells_of(index, 1), regions, strict=True), ()) for index, reader in self._phones.items()
        ]
        return Contacts(_join(emails) if emails else None, _join(phones) if phones else None)


def _parse_phones(pair: tuple[str, str | None]) -> tuple[str, ...]:
    return parse_phones(pair[0], pair[1])


def _join(columns: list[list[tuple[Value, ...]]]) -> list[tuple[Value, ...]]:
    if len(columns) == 1:
        return columns[0]
    return [tuple(dict.fromkeys(value for part in parts for value in part)) for parts in zip(*columns, strict=True)]


def email_key(email: Email, folded_name: str) -> str | None:
    """The key of an address; that of a role address (info@) includes the name."""
    if email.kind is EmailKind.INVALID:
        return None
    if email.kind is EmailKind.ROLE:
        return f"r:{email.address}|{folded_name}"
    return f"e:{email.address}"


def find_keys(
    staged: dict[str, list[Any]],
    contacts: Contacts,
    ids: Sequence[str | None],
    system: str,
    problems: Mapping[int, str],
) -> list[tuple[str, int, int]]:
    """Set `own_id`, `crm_id` and `problem` of a chunk's rows, and return their keys as `(key, rank, row id)`.

    Args:
        staged: the columns of the chunk: `row_id`, `cells`, and what the file has of `name_comparable`,
            `company_comparable` and, in our own exports, `crm_id`.
        ids: the ids of the source system, or our own in our own exports; None for a row without one.
        problems: why a row is rejected, by its position; it gets no keys.
    """
    count = len(staged["row_id"])
    own = system == OWN_SYSTEM
    staged["own_id"] = [int(i) if i and own and i.isdecimal() and len(i) <= _LONGEST_OWN_ID else None for i in ids]
    nothing: list[Any] = [None] * count
    staged["crm_id"] = staged.get("crm_id", nothing) if own else [f"{system}:{i}" if i else None for i in ids]
    staged["problem"] = found = [problems.get(position) for position in range(count)]
    names, companies = staged.get("name_comparable", nothing), staged.get("company_comparable", nothing)
    keys: list[tuple[str, int, int]] = []
    rows = zip(
        staged["row_id"],
        staged["crm_id"],
        names,
        companies,
        contacts.emails or [()] * count,
        contacts.phones or [()] * count,
        strict=True,
    )
    for position, (row_id, crm_id, name, company, emails, phones) in enumerate(rows):
        if found[position]:
            continue
        before = len(keys)
        folded = (name or company or "").partition(SEPARATOR)[0]
        if crm_id:
            keys.append((f"i:{crm_id}", RANK_ID, row_id))
        for email in emails:
            key = email_key(email, folded)
            if key:
                keys.append((key, RANK_EMAIL, row_id))
        if phones:
            keys.extend((f"p:{phone_digits_key(phone)}|{folded}", RANK_PHONE, row_id) for phone in phones)
        if len(keys) == before:
            if not folded:
                if staged["own_id"][position] is None:
                    found[position] = _NO_IDENTITY
                continue
            whole = hashlib.sha256(staged["cells"][position].encode()).hexdigest()
            keys.append((f"w:{whole}", RANK_ROW, row_id))
    if any(len(key) > _LONGEST_KEY for key, _, _ in keys):
        keys = [(_shorten(key), rank, row_id) for key, rank, row_id in keys]
    return keys


def _shorten(key: str) -> str:
    """Shorten a key that databases cannot index; equal only for equal keys."""
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:_LONGEST_KEY]}#{hashlib.sha256(key.encode()).hexdigest()}"
