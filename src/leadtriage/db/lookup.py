"""Finds the lead that a person names: by our own id, an e-mail address, or a source system's id as `SYSTEM:ID`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from sqlalchemy import ColumnElement, Connection, select

from leadtriage.core.errors import AmbiguousLead, LeadNotFound
from leadtriage.core.vocabulary import EventKind
from leadtriage.db.tables.history import Event, LeadKey
from leadtriage.db.tables.lead import Lead, table

_lead = table(Lead)
_key = table(LeadKey)

_LARGEST_ID = 2**31 - 1
_LONGEST_ID = 20
"""The most digits, with leading zeros; Python refuses to parse thousands of them."""
_MOST_LISTED = 10


def resolve_lead(connection: Connection, name: str) -> int:
    """Return the id of the lead that a person named.

    Digits are always our own id; a merged lead gives the surviving one. Addresses are found in any case.

    Raises:
        LeadNotFound: no lead has this name, or its import was undone.
        AmbiguousLead: several leads have it; the message lists them.
    """
    given = name.strip()
    try:
        given.encode("utf-8")
    except UnicodeEncodeError:
        _fail_to_find(given.encode("utf-8", "replace").decode("utf-8"))
    if "\x00" in given:
        _fail_to_find(given.replace("\x00", "\ufffd"))
    if given.isdecimal() and given.isascii():
        if len(given) > _LONGEST_ID:
            _fail_to_find(given)
        return _follow_merges(connection, int(given), given)
    found: set[int] = set()
    if "@" in given:
        # Role addresses (info@) are not keys of their own.
        address = given.lower()
        found = _find_by_key(connection, [f"e:{address}"]) | _find(connection, _lead.c.email == address)
    elif ":" in given:
        system, _, own_id = given.partition(":")
        found = _find_by_key(connection, [f"i:{given}", f"i:{system.strip().lower()}:{own_id.strip()}"])
    visible = (_lead.c.id.in_(sorted(found)), _lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))
    leads = _find(connection, *visible) if found else set()
    if not leads:
        _fail_to_find(given)
    return _take_only(connection, leads, given)


def resolve_any_lead(connection: Connection, name: str) -> int:
    """Return the same for hidden leads too: merged ones by their own id, and removed or erased ones.

    Raises:
        LeadNotFound: no lead has this name.
        AmbiguousLead: several leads have it; the message lists them.
    """
    given = name.strip()
    if given.isdecimal() and given.isascii() and len(given) <= _LONGEST_ID and int(given) <= _LARGEST_ID:
        known = _find(connection, _lead.c.id == int(given))
        if known:
            return known.pop()
    try:
        return resolve_lead(connection, name)
    except LeadNotFound:
        hidden = _lead.c.email == given.lower() if "@" in given else _lead.c.crm_id == given
        found = _find(connection, hidden) if given.isprintable() else set()
        if not found:
            raise
        return _take_only(connection, found, given)


def find_merged_leads(connection: Connection, lead_id: int) -> list[int]:
    """Return a lead and those merged into it, directly or through others, in the order of their ids."""
    found, last = {lead_id}, {lead_id}
    while last:
        last = _find(connection, _lead.c.merged_into.in_(sorted(last))) - found
        found |= last
    return sorted(found)


def find_leads_of_person(connection: Connection, lead_id: int) -> list[int]:
    """Return all leads that are merged with a lead, itself included, the surviving one first."""
    last, seen = lead_id, {lead_id}
    while True:
        into = connection.execute(select(_lead.c.merged_into).where(_lead.c.id == last)).scalar()
        if into is None or into in seen:
            return [last, *(other for other in find_merged_leads(connection, last) if other != last)]
        seen.add(into)
        last = into


def _follow_merges(connection: Connection, lead_id: int, given: str) -> int:
    seen: set[int] = set()
    while lead_id not in seen and lead_id <= _LARGEST_ID:
        seen.add(lead_id)
        row = connection.execute(select(_lead.c.merged_into, _lead.c.removed_by).where(_lead.c.id == lead_id)).first()
        if row is None:
            break
        if row.merged_into is not None:
            lead_id = row.merged_into
        elif row.removed_by is not None:
            _refuse_removed(connection, lead_id, given)
        else:
            return lead_id
    _fail_to_find(given)
    return None


def _find(connection: Connection, *conditions: ColumnElement[bool]) -> set[int]:
    return set(connection.execute(select(_lead.c.id).where(*conditions)).scalars())


def _find_by_key(connection: Connection, keys: Iterable[str]) -> set[int]:
    return set(connection.execute(select(_key.c.lead_id).where(_key.c.key.in_(list(keys)))).scalars())


def _take_only(connection: Connection, ids: set[int], given: str) -> int:
    if len(ids) == 1:
        return ids.pop()
    listed = select(_lead.c.id, _lead.c.name, _lead.c.company).where(_lead.c.id.in_(sorted(ids)[:_MOST_LISTED]))
    lines = [
        ", ".join([str(row.id), row.name or "no name", row.company or "no company"])
        for row in connection.execute(listed.order_by(_lead.c.id))
    ]
    if len(ids) > _MOST_LISTED:
        lines.append(f"and {len(ids) - _MOST_LISTED} more")
    raise AmbiguousLead(f"{len(ids)} leads match {given!r}: {'; '.join(lines)}", hint="name one by its id")


def _refuse_removed(connection: Connection, lead_id: int, given: str) -> NoReturn:
    event = table(Event)
    erased = select(event.c.at).where(event.c.lead_id == lead_id, event.c.kind == EventKind.FORGOTTEN)
    at = connection.execute(erased.limit(1)).scalar()
    if at is not None:
        raise LeadNotFound(f"lead {given} was a person who was forgotten on {at:%Y-%m-%d}")
    raise LeadNotFound(f"the import of lead {given} was undone", hint="see: leadtriage imports")


def _fail_to_find(given: str) -> NoReturn:
    if not given:
        raise LeadNotFound("no lead was named", hint="name it by its id, an e-mail address, or SYSTEM:ID")
    is_word = given.isprintable() and not given.isdecimal()
    hint = f"look for it: leadtriage find {given.split()[0] if is_word else 'TEXT'}"
    raise LeadNotFound(f"there is no lead {given!r}", hint=hint)
