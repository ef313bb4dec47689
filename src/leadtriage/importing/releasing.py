"""The keys of leads when an import is taken back: given free, left, or passed on to the lead that shares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select

from leadtriage.criteria.text import fold
from leadtriage.db import dialect
from leadtriage.db.schema import Lead, LeadKey, LikelyDuplicate, table
from leadtriage.importing.identity import email_key
from leadtriage.importing.values import parse_emails, phone_digits_key


def release_keys(connection: Connection, batch: int, removed: Any, kept: Any) -> None:
    """Give free what a batch had made to identify leads by.

    The keys of leads that are removed go; those of leads that are kept stay. Of other leads those go that only the
    batch's values gave them. Where a lead shared a key with a removed one and was kept apart, the key is its own now.
    The leads' values are restored before.
    """
    key, pair = table(LeadKey), table(LikelyDuplicate)
    gone, staying = select(removed.c.lead_id), select(kept.c.lead_id)
    heirs = _find_heirs(connection, removed)
    connection.execute(delete(key).where(key.c.lead_id.in_(gone)))
    lent = connection.execute(
        select(key.c.key, key.c.lead_id).where(
            key.c.batch_id == batch, key.c.lead_id.not_in(staying), key.c.original_lead_id.not_in(staying)
        )
    ).all()
    own = dict(read_keys(connection, sorted({line.lead_id for line in lent})))
    for group in dialect.batches([line.key for line in lent if line.key not in own[line.lead_id]]):
        connection.execute(delete(key).where(key.c.key.in_(group)))
    connection.execute(
        delete(pair).where(
            or_(
                pair.c.lead_id.in_(gone),
                pair.c.other_lead_id.in_(gone),
                and_(pair.c.batch_id == batch, pair.c.lead_id.not_in(staying), pair.c.other_lead_id.not_in(staying)),
            )
        )
    )
    passed_on = [
        {"key": name, "lead_id": lead_id, "original_lead_id": lead_id, "batch_id": None}
        for lead_id, names in read_keys(connection, heirs)
        for name in names
    ]
    if passed_on:
        connection.execute(dialect.upsert(connection.dialect, key).on_conflict_do_nothing(), passed_on)


def _find_heirs(connection: Connection, removed: Any) -> list[int]:
    """Leads that stay and share a key with one that is removed."""
    pair = table(LikelyDuplicate)
    gone = select(removed.c.lead_id)
    heirs = select(pair.c.lead_id).where(pair.c.other_lead_id.in_(gone), pair.c.lead_id.not_in(gone))
    others = select(pair.c.other_lead_id).where(pair.c.lead_id.in_(gone), pair.c.other_lead_id.not_in(gone))
    return sorted(connection.execute(heirs.union(others)).scalars())


def read_keys(connection: Connection, leads: list[int]) -> Iterator[tuple[int, list[str]]]:
    """For each lead the keys that its present values give it."""
    lead = table(Lead)
    columns = (
        lead.c[name] for name in ("id", "name", "company", "crm_id", "email", "other_emails", "phone", "other_phones")
    )
    query = select(*columns)
    for group in dialect.batches(leads):
        for row in connection.execute(query.where(lead.c.id.in_(group))):
            yield row.id, list(_name_keys(row))


def _name_keys(lead: Any) -> Iterator[str]:
    folded = fold(lead.name or lead.company or "")
    if lead.crm_id:
        yield f"i:{lead.crm_id}"
    for address in _list(lead.email, lead.other_emails):
        for email in parse_emails(address):
            name = email_key(email, folded)
            if name:
                yield name
    for phone in _list(lead.phone, lead.other_phones):
        yield f"p:{phone_digits_key(phone)}|{folded}"


def _list(first: str | None, others: str | None) -> list[str]:
    return [text for text in (first, *(others or "").split(", ")) if text]
