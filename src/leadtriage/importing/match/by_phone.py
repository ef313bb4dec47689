"""Match staged rows by phone number and name: the weakest key, which different addresses or ids overrule.

A row and a lead with addresses, or with ids of one system, that differ are different people. Equal ones would have
matched before, except equal role addresses (info@), which belong to somebody of another name. A lead has the contacts
of its stored columns and of the rows that joined it before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    Table,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    union_all,
    update,
)

from leadtriage.core.vocabulary import EmailKind
from leadtriage.db import Lead, LeadKey, dialect, expressions, table
from leadtriage.importing.stage import RANK_PHONE, Staging

_STORED = 0
"""A row id before every row of the file."""
_AT_ONCE = 10_000


def is_unmatched(staging: Staging, row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row is neither a stored lead nor the same lead as an earlier row."""
    return and_(~exists().where(staging.match.c.row_id == row_id), ~exists().where(staging.member.c.row_id == row_id))


def resolve_leaders(connection: Connection, staging: Staging) -> None:
    """Point every member at the first row of its group. Leaders come before their members, so this ends."""
    member = staging.member
    above = member.alias("above")
    moves = update(member).values(leader=above.c.leader).where(above.c.row_id == member.c.leader)
    while connection.execute(moves).rowcount:
        pass


def match_by_phone(connection: Connection, staging: Staging, *, stored: bool, repeated: bool) -> None:
    """Fill `match` and `member` for rows that no stronger key has matched.

    Targets and groups are numbers: the first row of a group, or the negative id of a stored lead.

    Args:
        stored: whether any lead is stored.
        repeated: whether any two rows of the file share a key.
    """
    found = _select_candidates(staging, stored=stored, repeated=repeated)
    if found is None:
        return
    candidate = dialect.materialize(connection, "staged_candidate", found)
    if connection.execute(select(exists().select_from(candidate))).scalar():
        _place_anonymous_rows(connection, staging, candidate)
        if connection.execute(select(_select_identified(staging, candidate).exists())).scalar():
            resolve_leaders(connection, staging)
            doubt = dialect.materialize(connection, "staged_doubt", _select_doubts(staging, candidate))
            _place_identified_rows(connection, staging, doubt)
            doubt.drop(connection)
    candidate.drop(connection)


def _select_candidates(staging: Staging, *, stored: bool, repeated: bool) -> Select[Any] | None:
    """Rows with the stored leads that have their numbers, else with the first rows of the file that have them."""
    key, first, keys = staging.key, staging.first_key, table(LeadKey)
    undecided = and_(key.c.rank == RANK_PHONE, is_unmatched(staging, key.c.row_id))
    parts = []
    if stored:
        found = select(key.c.row_id, (-keys.c.lead_id).label("target"))
        parts.append(found.join_from(key, keys, keys.c.key == key.c.key).where(undecided))
    if repeated:
        found = select(key.c.row_id, first.c.row_id.label("target"))
        earlier = found.join_from(key, first, first.c.key == key.c.key)
        earlier = earlier.where(undecided, first.c.row_id < key.c.row_id)
        parts.append(earlier.where(~exists().where(keys.c.key == key.c.key)) if stored else earlier)
    if not parts:
        return None
    both = union_all(*parts).subquery()
    return select(both.c.row_id, both.c.target)


def _address(row: FromClause) -> ColumnElement[Any]:
    """The address of a row or a lead; NULL if it is unusable."""
    return expressions.value_if(row.c.email_kind != EmailKind.INVALID, row.c.email)


def _is_identified(staging: Staging) -> ColumnElement[bool]:
    """Whether a row has an address or an id, which may contradict a lead's."""
    row = staging.row
    present = set(staging.attribute_columns)
    known = [_address(row).is_not(None)] if "email" in present else []
    known += [row.c.crm_id.is_not(None)] if "crm_id" in present else []
    return or_(literal(False), *known)


def _place_anonymous_rows(connection: Connection, staging: Staging, candidate: Table) -> None:
    """A row without address and id contradicts nobody, whatever other rows add."""
    row, match, target = staging.row, staging.match, candidate.c.target
    anonymous = (
        select(candidate.c.row_id)
        .join(row, row.c.row_id == candidate.c.row_id)
        .where(~_is_identified(staging))
        .group_by(candidate.c.row_id)
    )
    matched = anonymous.add_columns(-func.max(target)).where(target < 0)
    connection.execute(insert(match).from_select(["row_id", "lead_id"], matched))
    joined = anonymous.add_columns(func.min(target))
    joined = joined.where(target > 0, ~exists().where(match.c.row_id == candidate.c.row_id))
    connection.execute(insert(staging.member).from_select(["row_id", "leader"], joined))


def _select_identified(staging: Staging, candidate: Table) -> Select[Any]:
    row = staging.row
    found = select(candidate.c.row_id, candidate.c.target)
    return found.join_from(candidate, row, row.c.row_id == candidate.c.row_id).where(_is_identified(staging))


def _select_doubts(staging: Staging, candidate: Table) -> Select[Any]:
    """Each identified row with a target, the target's group, and the contacts in which row and group may differ."""
    row, match, member, lead = staging.row, staging.match, staging.member, table(Lead)
    leader = func.coalesce(member.c.leader, candidate.c.target)
    group = func.coalesce(-match.c.lead_id, leader)
    placed = (
        _select_identified(staging, candidate)
        .add_columns(group.label("lead_group"))
        .outerjoin(member, member.c.row_id == candidate.c.target)
        .outerjoin(match, match.c.row_id == leader)
        .subquery()
    )
    present = set(staging.attribute_columns)
    address: ColumnElement[Any] = literal(False)
    if "email" in present:
        same = and_(row.c.email == lead.c.email, row.c.email_kind != EmailKind.ROLE)
        address = and_(_address(row).is_not(None), ~func.coalesce(same, literal(False)))
    system: ColumnElement[Any] = literal("")
    if "crm_id" in present:
        differs = row.c.crm_id.is_distinct_from(lead.c.crm_id)
        row_system = expressions.value_if(differs, expressions.text_before(row.c.crm_id, ":"))
        system = func.coalesce(row_system, literal(""))
    return (
        select(placed, address.label("address"), system.label("system"))
        .join_from(placed, row, row.c.row_id == placed.c.row_id)
        .outerjoin(lead, lead.c.id == -placed.c.lead_group)
    )


@dataclass
class _Known:
    """The first row from which on a group has an address, and an id of each system."""

    address: dict[int, int] = field(default_factory=dict)
    ids: defaultdict[int, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, group: int, system: str | None, address: int | None, row_id: int | None) -> None:
        if address is not None:
            self.address[group] = min(address, self.address.get(group, address))
        if system is not None and row_id is not None:
            self.ids[group][system] = min(row_id, self.ids[group].get(system, row_id))

    def contradicts(self, group: int, row_id: int, address: bool, system: str) -> bool:
        if address and self.address.get(group, row_id) < row_id:
            return True
        return bool(system) and group in self.ids and self.ids[group].get(system, row_id) < row_id

    def join(self, group: int, other: int) -> None:
        self.add(group, None, self.address.get(other), None)
        for system, row_id in self.ids.get(other, {}).items():
            self.add(group, system, None, row_id)


def _place_identified_rows(connection: Connection, staging: Staging, doubt: Table) -> None:
    """Place the rows one after another: the contacts that one adds to a lead decide about those after it."""
    known = _Known()
    for facts in connection.execute(_select_known_of_rows(staging, doubt)):
        known.add(*facts)
    for stored in _read_known_of_leads(connection, doubt):
        known.add(*stored)
    order = (doubt.c.row_id, doubt.c.target > 0, func.abs(doubt.c.target))
    rows = connection.execute(select(doubt).order_by(*order), execution_options={"yield_per": _AT_ONCE})
    joined = _choose_targets((tuple(row) for row in rows), known)
    for chosen, column, sign in ((staging.match, "lead_id", -1), (staging.member, "leader", 1)):
        placed = ((row_id, sign * target) for row_id, target in joined.items() if sign * target > 0)
        dialect.backend(connection).insert_rows(connection, chosen, ("row_id", column), placed)


def _choose_targets(rows: Iterable[tuple[Any, ...]], known: _Known) -> dict[int, int]:
    """Return the first target of each row that nothing contradicts."""
    group_of: dict[int, int] = {}
    joined: dict[int, int] = {}
    for row_id, target, first_group, address, system in rows:
        group = group_of.get(first_group, first_group)
        if row_id in joined or known.contradicts(group, row_id, address, system):
            continue
        joined[row_id], group_of[row_id] = target, group
        known.join(group, row_id)
    return joined


def _select_known_of_rows(staging: Staging, doubt: Table) -> Select[Any]:
    """For each group in question and each system: the group's first row with an address, and with an id."""
    row, match, member = staging.row, staging.match, staging.member
    involved = union(select(doubt.c.lead_group.label("lead_group")), select(doubt.c.row_id)).subquery()
    grouped = union_all(
        select(member.c.row_id, func.coalesce(-match.c.lead_id, member.c.leader).label("lead_group")).outerjoin_from(
            member, match, match.c.row_id == member.c.leader
        ),
        select(match.c.row_id, -match.c.lead_id),
        select(involved.c.lead_group, involved.c.lead_group).where(involved.c.lead_group > 0),
    ).subquery()
    present = set(staging.attribute_columns)
    has_address = _address(row).is_not(None) if "email" in present else literal(False)
    system = expressions.text_before(row.c.crm_id, ":") if "crm_id" in present else literal(None, String)
    known = (
        select(grouped.c.lead_group, row.c.row_id, has_address.label("address"), system.label("system"))
        .join_from(grouped, row, row.c.row_id == grouped.c.row_id)
        .where(grouped.c.lead_group.in_(select(involved.c.lead_group)), _is_identified(staging))
        .subquery()
    )
    return select(
        known.c.lead_group,
        known.c.system,
        func.min(expressions.value_if(known.c.address, known.c.row_id)),
        func.min(expressions.value_if(known.c.system.is_not(None), known.c.row_id)),
    ).group_by(known.c.lead_group, known.c.system)


def _read_known_of_leads(
    connection: Connection, doubt: Table
) -> Iterator[tuple[int, str | None, int | None, int | None]]:
    """Yield the contacts of stored leads in the form of `_select_known_of_rows`.

    Their own columns nearly always suffice. Their keys, read in full as they are not ordered by lead, also count if one
    has an id of another system, or an unusable address that may have replaced a usable one.
    """
    lead, keys = table(Lead), table(LeadKey)
    ids = select(-doubt.c.lead_group).where(doubt.c.lead_group < 0)
    systems = set(connection.execute(select(doubt.c.system).where(doubt.c.lead_group < 0).distinct()).scalars())
    columns = (
        lead.c.id,
        lead.c.email.is_not(None),
        _address(lead).is_not(None),
        expressions.text_before(lead.c.crm_id, ":"),
    )
    needs_keys = False
    for lead_id, has_email, has_address, system in connection.execute(select(*columns).where(lead.c.id.in_(ids))):
        yield -lead_id, system, _STORED if has_address else None, _STORED if system is not None else None
        needs_keys |= bool(has_email and not has_address) or (system is not None and not systems <= {system, ""})
    if needs_keys:
        kind, rest = func.substr(keys.c.key, 1, 2), func.substr(keys.c.key, 3)
        key_system = expressions.value_if(kind == "i:", expressions.text_before(rest, ":"))
        found = select(keys.c.lead_id, key_system).where(keys.c.lead_id.in_(ids), kind.in_(["e:", "r:", "i:"]))
        for lead_id, system in connection.execute(found):
            yield -lead_id, system, _STORED if system is None else None, _STORED if system is not None else None
