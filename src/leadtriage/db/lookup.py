"""Which lead a person means: by our own id, an e-mail address, or a source system's id as `SYSTEM:ID`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from sqlalchemy import Connection, select

from leadtriage.core.errors import AmbiguousLead, LeadNotFound
from leadtriage.core.vocabulary import EventKind
from leadtriage.db.tables.history import Event, LeadKey
from leadtriage.db.tables.lead import Lead, table

_lead = table(Lead)
_key = table(LeadKey)

_LARGEST_ID = 2**31 - 1
_LONGEST_ID = 20
"""Digits, zeros in front included; Python refuses to read thousands of them."""
_MOST_LISTED = 10


def resolve_lead(connection: Connection, name: str) -> int:
    """Return the id of the lead that a person named.

    Digits alone are always our own id; a merged lead's leads to the one it was merged into. An address is looked for
    among the keys and among the leads' own addresses, without regard to case; `SYSTEM:ID` among the keys.

    Raises:
        LeadNotFound: no lead, or only one that was taken back by an undo, answers to the name.
        AmbiguousLead: several do; the message lists them.
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
    if "@" in given:
        found = _find_by_address(connection, given.lower())
    elif ":" in given:
        found = _find_by_key(connection, _system_keys(given))
    else:
        found = set()
    survivors = _visible(connection, found)
    if not survivors:
        _fail_to_find(given)
    if len(survivors) > 1:
        _refuse(connection, survivors, given)
    return survivors.pop()


def resolve_any_lead(connection: Connection, name: str) -> int:
    """The same where hidden leads count as well: merged ones by their own id, and those that were taken back or erased.

    Raises:
        LeadNotFound: no lead answers to the name.
        AmbiguousLead: several do; the message lists them.
    """
    given = name.strip()
    if given.isdecimal() and given.isascii() and len(given) <= _LONGEST_ID and int(given) <= _LARGEST_ID:
        known = connection.execute(select(_lead.c.id).where(_lead.c.id == int(given))).scalar()
        if known is not None:
            return int(known)
    try:
        return resolve_lead(connection, name)
    except LeadNotFound:
        hidden = _lead.c.email == given.lower() if "@" in given else _lead.c.crm_id == given
        found: set[int] = set()
        if given.isprintable():
            found |= set(connection.execute(select(_lead.c.id).where(hidden)).scalars())
        if not found:
            raise
        if len(found) > 1:
            _refuse(connection, found, given)
        return found.pop()


def find_merged_leads(connection: Connection, lead_id: int) -> list[int]:
    """A lead and those that were merged into it, over several merges if need be, by their ids."""
    found, last = {lead_id}, {lead_id}
    while last:
        merged = connection.execute(select(_lead.c.id).where(_lead.c.merged_into.in_(sorted(last)))).scalars()
        last = set(merged) - found
        found |= last
    return sorted(found)


def find_leads_of_person(connection: Connection, lead_id: int) -> list[int]:
    """All leads that are one with a lead by merges, whichever of them it is, the one that is left first."""
    last, seen = lead_id, {lead_id}
    while True:
        into = connection.execute(select(_lead.c.merged_into).where(_lead.c.id == last)).scalar()
        if into is None or into in seen:
            return [last, *(other for other in find_merged_leads(connection, last) if other != last)]
        seen.add(into)
        last = into


def _follow_merges(connection: Connection, lead_id: int, given: str) -> int:
    """Return the lead's own id, or the id of the one that it was merged into, over several merges if need be."""
    seen: set[int] = set()
    while lead_id not in seen and lead_id <= _LARGEST_ID:
        seen.add(lead_id)
        row = connection.execute(select(_lead.c.merged_into, _lead.c.removed_by).where(_lead.c.id == lead_id)).first()
        if row is None:
            break
        if row.merged_into is not None:
            lead_id = row.merged_into
        elif row.removed_by is not None:
            _tell_removed(connection, lead_id, given)
        else:
            return lead_id
    _fail_to_find(given)
    return None


def _tell_removed(connection: Connection, lead_id: int, given: str) -> NoReturn:
    event = table(Event)
    erased = select(event.c.at).where(event.c.lead_id == lead_id, event.c.kind == EventKind.FORGOTTEN)
    at = connection.execute(erased.limit(1)).scalar()
    if at is not None:
        raise LeadNotFound(f"lead {given} was a person who was forgotten on {at:%Y-%m-%d}")
    raise LeadNotFound(f"lead {given} was taken back", hint="see: leadtriage imports")


def _find_by_address(connection: Connection, address: str) -> set[int]:
    """Role addresses (info@) are no keys of their own, so that the leads themselves are looked at as well."""
    own = connection.execute(select(_lead.c.id).where(_lead.c.email == address)).scalars()
    return _find_by_key(connection, [f"e:{address}"]) | set(own)


def _system_keys(given: str) -> list[str]:
    system, _, own_id = given.partition(":")
    return list(dict.fromkeys([f"i:{given}", f"i:{system.strip().lower()}:{own_id.strip()}"]))


def _find_by_key(connection: Connection, keys: Iterable[str]) -> set[int]:
    return set(connection.execute(select(_key.c.lead_id).where(_key.c.key.in_(list(keys)))).scalars())


def _visible(connection: Connection, ids: set[int]) -> set[int]:
    shown = select(_lead.c.id).where(
        _lead.c.id.in_(sorted(ids)), _lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None)
    )
    return set(connection.execute(shown).scalars()) if ids else set()


def _fail_to_find(given: str) -> NoReturn:
    if not given:
        raise LeadNotFound("no lead was named", hint="name it by its id, an e-mail address, or SYSTEM:ID")
    is_word = given.isprintable() and not given.isdecimal()
    hint = f"look for it: leadtriage find {given.split()[0] if is_word else 'TEXT'}"
    raise LeadNotFound(f"there is no lead {given!r}", hint=hint)


def _refuse(connection: Connection, ids: set[int], given: str) -> NoReturn:
    listed = select(_lead.c.id, _lead.c.name, _lead.c.company).where(_lead.c.id.in_(sorted(ids)[:_MOST_LISTED]))
    lines = [
        ", ".join([str(row.id), row.name or "no name", row.company or "no company"])
        for row in connection.execute(listed.order_by(_lead.c.id))
    ]
    if len(ids) > _MOST_LISTED:
        lines.append(f"and {len(ids) - _MOST_LISTED} more")
    raise AmbiguousLead(
        f"{len(ids)} leads answer to {given!r}: {'; '.join(lines)}", hint="name one of them by its id, the first number"
    )
