"""Finds what identifies a person, and the rejected rows that mention the person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from leadtriage.db import ImportBatch, ImportReject, Lead, LeadKey, table
from leadtriage.importing.undo.undo import read_keys, split_list

_FEWEST_DIGITS = 7
"""Fewer digits do not identify a phone number."""

_lead, _key = table(Lead), table(LeadKey)


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies a person.

    Attributes:
        keys: in the format of `lead_key`.
        emails: in lower case.
        phones: digits only.
        ids: pairs of a system and its id of the person.
    """

    keys: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]
    ids: frozenset[tuple[str, str]]


def read_identity(connection: Connection, lead_ids: Sequence[int]) -> Identity:
    """Build the identity of a person from the stored keys and the values of the person's leads."""
    stored = select(_key.c.key).where(or_(_key.c.lead_id.in_(lead_ids), _key.c.original_lead_id.in_(lead_ids)))
    keys = set(connection.execute(stored).scalars())
    for _, names in read_keys(connection, list(lead_ids)):
        keys |= set(names)
    parts = [(kind, rest) for kind, _, rest in (key.partition(":") for key in keys)]
    columns = (_lead.c.email, _lead.c.other_emails, _lead.c.phone, _lead.c.other_phones)
    emails = {rest.partition("|")[0] for kind, rest in parts if kind in "er"}
    phones = {_digits(rest.partition("|")[0]) for kind, rest in parts if kind == "p"}
    for line in connection.execute(select(*columns).where(_lead.c.id.in_(lead_ids))):
        emails |= {text.lower() for text in split_list(line.email, line.other_emails)}
        phones |= {_digits(text) for text in split_list(line.phone, line.other_phones)}
    ids = {(system, own) for system, _, own in (rest.partition(":") for kind, rest in parts if kind == "i")}
    long_enough = {digits for digits in phones if len(digits) >= _FEWEST_DIGITS}
    return Identity(frozenset(keys), frozenset(emails), frozenset(long_enough), frozenset(ids))


def find_rejects(connection: Connection, identity: Identity) -> Iterator[tuple[int, int, list[str]]]:
    """Yield batch, line and cells of rejected rows that mention the person."""
    reject, books = table(ImportReject), table(ImportBatch)
    statement = select(reject.c.batch_id, reject.c.line, reject.c.cells, books.c.system).join(
        books, books.c.id == reject.c.batch_id
    )
    for line in connection.execute(statement.order_by(reject.c.batch_id, reject.c.line)):
        if any(matches_identity(cell, line.system, identity) for cell in line.cells):
            yield line.batch_id, line.line, list(line.cells)


def matches_identity(cell: str, system: str | None, identity: Identity) -> bool:
    """Whether a cell of a file from a system has an address, number or id of the person."""
    text = cell.strip().lower()
    if not text:
        return False
    if "@" in text and any(address in text for address in identity.emails):
        return True
    if any(own == cell.strip() and theirs == system for theirs, own in identity.ids):
        return True
    digits = _digits(text).lstrip("0")
    return len(digits) >= _FEWEST_DIGITS and any(phone.endswith(digits) for phone in identity.phones)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())
