"""What identifies each row: the source system's id, its addresses, its telephone numbers with its name.

A key is what two rows of one lead share; which lead a key belongs to is `match`'s.

The addresses and telephone numbers of each row, from however many columns hold them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
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
from leadtriage.importing.stage.columns import ColumnReader
from leadtriage.importing.stage.tally import Warnings

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Contacts:
    """For each row its addresses and its numbers, the preferred first; None where the file has no such column."""

    emails: list[tuple[Email, ...]] | None
    phones: list[tuple[str, ...]] | None


class ContactReader:
    """Reads them; holds what it remembers of repeated cells."""

    def __init__(self, plan: HeaderPlan, region: str | None, warnings: Warnings) -> None:
        self._region = region
        self._emails = [
            (column.index, ColumnReader(f"{column.header} is no address", parse_emails, warnings))
            for column in plan.find("email")
        ]
        self._phones = [
            (column.index, ColumnReader(f"{column.header} is no phone number", _read_phones, warnings))
            for column in plan.find("phone")
        ]
        self._both = [
            (
                column.index,
                ColumnReader(f"{column.header} is no contact", split_contact, warnings),
                ColumnReader(f"{column.header} holds no address", parse_emails, warnings),
                ColumnReader(f"{column.header} holds no phone number", _read_phones, warnings),
            )
            for column in plan.find("contact")
        ]

    def read(self, cells: Sequence[tuple[str, ...]], countries: list[str | None] | None, count: int) -> Contacts:
        """Read the contacts of a chunk; `countries` are the leads' own, where the file has them."""
        regions = self._regions(countries, count)
        emails = [reader.read_all(cells[index], ()) for index, reader in self._emails]
        phones = [reader.read_all(zip(cells[index], regions, strict=True), ()) for index, reader in self._phones]
        for index, split, as_emails, as_phones in self._both:
            parts = split.read_all(cells[index], ("", ""))
            emails.append(as_emails.read_all((part[0] for part in parts), ()))
            phones.append(as_phones.read_all(zip((part[1] for part in parts), regions, strict=True), ()))
        return Contacts(_join(emails) if emails else None, _join(phones) if phones else None)

    def _regions(self, countries: list[str | None] | None, count: int) -> list[str | None]:
        if countries is None:
            return [self._region] * count
        return [country_for_phone_region(country) or self._region for country in countries]


def _read_phones(pair: tuple[str, str | None]) -> tuple[str, ...]:
    return parse_phones(pair[0], pair[1])


def _join(columns: list[list[tuple[Value, ...]]]) -> list[tuple[Value, ...]]:
    if len(columns) == 1:
        return columns[0]
    return [tuple(dict.fromkeys(value for part in parts for value in part)) for parts in zip(*columns, strict=True)]


RANK_ID, RANK_EMAIL, RANK_PHONE, RANK_ROW = 1, 2, 3, 4
"""The order in which keys decide: the source system's id, an address, a phone with a name, the whole row."""


_LONGEST_OWN_ID = 9
_LONGEST_KEY = 400

_NOBODY = "no name, company, phone, id or usable e-mail address"


def email_key(email: Email, folded_name: str) -> str | None:
    """What an address identifies: a person, or for a role address (info@) only together with a name."""
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
    """Put `own_id`, `crm_id` and `problem` of a chunk's rows, and return their keys as `(key, rank, row id)`.

    Args:
        staged: holds `row_id` and `cells`, names and companies with their comparable forms where there are any, and in
            an export of ours `crm_id`.
        ids: the source system's, in an export of ours our own; None where a row has none.
        problems: by position, why a row cannot be read; it gets no keys.
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
                    found[position] = _NOBODY
                continue
            whole = hashlib.sha256(staged["cells"][position].encode()).hexdigest()
            keys.append((f"w:{whole}", RANK_ROW, row_id))
    if any(len(key) > _LONGEST_KEY for key, _, _ in keys):
        keys = [(_shorten(key), rank, row_id) for key, rank, row_id in keys]
    return keys


def _shorten(key: str) -> str:
    """A key of bounded length, since databases index no longer ones; equal only for equal keys."""
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:_LONGEST_KEY]}#{hashlib.sha256(key.encode()).hexdigest()}"
