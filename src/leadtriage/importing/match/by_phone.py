"""Which staged rows are a lead by a telephone number with a name alone: the weakest key, which addresses and ids veto.

Where a row and a lead both have addresses, or both have ids of one system, they are not the same by a number: an equal
id or address would have matched before, and an equal role address (info@) is somebody's of another name.
A lead has what its stored row has and what the rows before have brought to it.

Which staged rows have their lead by now, and the first row of each: what every way of matching asks.
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


def is_unplaced(staging: Staging, row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row is no stored lead and belongs to no earlier row."""
    return and_(~exists().where(staging.match.c.row_id == row_id), ~exists().where(staging.member.c.row_id == row_id))


def follow_heads(connection: Connection, staging: Staging) -> None:
    """Let every member name the first row of its chain. Heads stand before their members, so chains end."""
    member = staging.member
    above = member.alias("above")
    while True:
        moved = connection.execute(update(member).values(head=above.c.head).where(above.c.row_id == member.c.head))
        if not moved.rowcount:
            return


_STORED = 0
"""Stands before every row of the file."""

_AT_ONCE = 10_000


def match_by_phone(connection: Connection, staging: Staging, *, stored: bool, repeated: bool) -> None:
    """Fill `match` and `member` for rows that no stronger key has placed.

    A lead is told by a number here, its group: that of its first row, or less than nothing the id of a stored lead.

    Args:
        stored: whether any lead is stored.
        repeated: whether any two rows of the file share a key.
    """
    found = _find_candidates(staging, stored=stored, repeated=repeated)
    if found is None:
        return
    candidate = dialect.materialize(connection, "staged_candidate", found)
    if _has_rows(connection, candidate):
        _place_silent_rows(connection, staging, candidate)
        if connection.execute(select(_find_doubtful(staging, candidate).exists())).scalar():
            follow_heads(connection, staging)
            doubt = dialect.materialize(connection, "staged_doubt", _describe_doubtful(staging, candidate))
            _place_doubtful_rows(connection, staging, doubt)
            doubt.drop(connection)
    candidate.drop(connection)


def _has_rows(connection: Connection, rows: FromClause) -> bool:
    return bool(connection.execute(select(exists().select_from(rows))).scalar())


def _find_candidates(staging: Staging, *, stored: bool, repeated: bool) -> Select[Any] | None:
    """Rows with the stored leads that have their numbers, else with the first rows of the file that have them."""
    key, first, keys = staging.key, staging.first_key, table(LeadKey)
    undecided = and_(key.c.rank == RANK_PHONE, is_unplaced(staging, key.c.row_id))
    parts = []
    if stored:
        parts.append(
            select(key.c.row_id, (-keys.c.lead_id).label("target"))
            .join_from(key, keys, keys.c.key == key.c.key)
            .where(undecided)
        )
    if repeated:
        earlier = (
            select(key.c.row_id, first.c.row_id.label("target"))
            .join_from(key, first, first.c.key == key.c.key)
            .where(undecided, first.c.row_id < key.c.row_id)
        )
        parts.append(earlier.where(~exists().where(keys.c.key == key.c.key)) if stored else earlier)
    if not parts:
        return None
    found = union_all(*parts).subquery()
    return select(found.c.row_id, found.c.target)


def _address(row: FromClause) -> ColumnElement[Any]:
    """A row's or a lead's address; none where it cannot be one."""
    return expressions.value_if(row.c.email_kind != EmailKind.INVALID, row.c.email)


def _says_who(staging: Staging) -> ColumnElement[bool]:
    """Whether a row has an address or an id, with which a lead's own may not agree."""
    row = staging.row
    present = set(staging.attribute_columns)
    said = [_address(row).is_not(None)] if "email" in present else []
    said += [row.c.crm_id.is_not(None)] if "crm_id" in present else []
    return or_(literal(False), *said)


def _place_silent_rows(connection: Connection, staging: Staging, candidate: Table) -> None:
    """What has no address and no id contradicts nobody, whatever other rows bring."""
    row, match = staging.row, staging.match
    silent = (
        select(candidate.c.row_id)
        .join(row, row.c.row_id == candidate.c.row_id)
        .where(~_says_who(staging))
        .group_by(candidate.c.row_id)
    )
    lead_id = -func.max(candidate.c.target)
    connection.execute(
        insert(match).from_select(["row_id", "lead_id"], silent.add_columns(lead_id).where(candidate.c.target < 0))
    )
    unmatched = ~exists().where(match.c.row_id == candidate.c.row_id)
    connection.execute(
        insert(staging.member).from_select(
            ["row_id", "head"],
            silent.add_columns(func.min(candidate.c.target)).where(candidate.c.target > 0, unmatched),
        )
    )


def _find_doubtful(staging: Staging, candidate: Table) -> Select[Any]:
    row = staging.row
    return (
        select(candidate.c.row_id, candidate.c.target)
        .join_from(candidate, row, row.c.row_id == candidate.c.row_id)
        .where(_says_who(staging))
    )


def _describe_doubtful(staging: Staging, candidate: Table) -> Select[Any]:
    """Each doubtful row with a target, the target's group, and what of the row may not agree with that group's."""
    row, match, member, lead = staging.row, staging.match, staging.member, table(Lead)
    head = func.coalesce(member.c.head, candidate.c.target)
    group = func.coalesce(-match.c.lead_id, head)
    placed = (
        _find_doubtful(staging, candidate)
        .add_columns(group.label("lead_group"))
        .outerjoin(member, member.c.row_id == candidate.c.target)
        .outerjoin(match, match.c.row_id == head)
        .subquery()
    )
    present = set(staging.attribute_columns)
    address: ColumnElement[Any] = literal(False)
    if "email" in present:
        same = and_(row.c.email == lead.c.email, row.c.email_kind != EmailKind.ROLE)
        address = and_(_address(row).is_not(None), ~func.coalesce(same, literal(False)))
    system: ColumnElement[Any] = literal("")
    if "crm_id" in present:
        other = row.c.crm_id.is_distinct_from(lead.c.crm_id)
        its = expressions.value_if(other, expressions.text_before(row.c.crm_id, ":"))
        system = func.coalesce(its, literal(""))
    return (
        select(
            placed.c.row_id,
            placed.c.target,
            placed.c.lead_group,
            address.label("address"),
            system.label("system"),
        )
        .join_from(placed, row, row.c.row_id == placed.c.row_id)
        .outerjoin(lead, lead.c.id == -placed.c.lead_group)
    )


@dataclass
class _Known:
    """From which row on a group has an address, and an id of a system."""

    address: dict[int, int] = field(default_factory=dict)
    ids: defaultdict[int, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def note(self, group: int, address: int | None, system: str | None, row_id: int | None) -> None:
        if address is not None:
            self.address[group] = min(address, self.address.get(group, address))
        if system is not None and row_id is not None:
            self.ids[group][system] = min(row_id, self.ids[group].get(system, row_id))

    def contradicts(self, group: int, row_id: int, address: bool, system: str) -> bool:
        if address and self.address.get(group, row_id) < row_id:
            return True
        return bool(system) and group in self.ids and self.ids[group].get(system, row_id) < row_id

    def join(self, group: int, other: int) -> None:
        self.note(group, self.address.get(other), None, None)
        for system, row_id in self.ids.get(other, {}).items():
            self.note(group, None, system, row_id)


def _place_doubtful_rows(connection: Connection, staging: Staging, doubt: Table) -> None:
    """Take the doubtful rows one after another: what one brings to a lead decides about those after it."""
    known = _Known()
    for group, system, address, row_id in connection.execute(_find_first_said(staging, doubt)):
        known.note(group, address, system, row_id)
    for group, system, address, row_id in _read_stored(connection, doubt):
        known.note(group, address, system, row_id)
    order = (doubt.c.row_id, doubt.c.target > 0, func.abs(doubt.c.target))
    rows = connection.execute(select(doubt).order_by(*order), execution_options={"yield_per": _AT_ONCE})
    joined = _decide((tuple(row) for row in rows), known)
    for chosen, column, sign in ((staging.match, "lead_id", -1), (staging.member, "head", 1)):
        placed = ((row_id, sign * target) for row_id, target in joined.items() if sign * target > 0)
        dialect.backend(connection).insert_rows(connection, chosen, ("row_id", column), placed)


def _decide(rows: Iterable[tuple[Any, ...]], known: _Known) -> dict[int, int]:
    """Return the target of each row that has one that nothing contradicts."""
    group_of: dict[int, int] = {}
    joined: dict[int, int] = {}
    for row_id, target, first_group, address, system in rows:
        group = group_of.get(first_group, first_group)
        if row_id in joined or known.contradicts(group, row_id, address, system):
            continue
        joined[row_id], group_of[row_id] = target, group
        known.join(group, row_id)
    return joined


def _find_first_said(staging: Staging, doubt: Table) -> Select[Any]:
    """For each group that doubtful rows may join or have made: its first row with an address, and with an id."""
    row, match, member = staging.row, staging.match, staging.member
    involved = union(select(doubt.c.lead_group.label("lead_group")), select(doubt.c.row_id)).subquery()
    grouped = union_all(
        select(member.c.row_id, func.coalesce(-match.c.lead_id, member.c.head).label("lead_group")).outerjoin_from(
            member, match, match.c.row_id == member.c.head
        ),
        select(match.c.row_id, -match.c.lead_id),
        select(involved.c.lead_group, involved.c.lead_group).where(involved.c.lead_group > 0),
    ).subquery()
    present = set(staging.attribute_columns)
    said = (
        select(
            grouped.c.lead_group,
            row.c.row_id,
            (_address(row).is_not(None) if "email" in present else literal(False)).label("address"),
            (expressions.text_before(row.c.crm_id, ":") if "crm_id" in present else literal(None, String)).label(
                "system"
            ),
        )
        .join_from(grouped, row, row.c.row_id == grouped.c.row_id)
        .where(grouped.c.lead_group.in_(select(involved.c.lead_group)), _says_who(staging))
        .subquery()
    )
    return select(
        said.c.lead_group,
        said.c.system,
        func.min(expressions.value_if(said.c.address, said.c.row_id)),
        func.min(expressions.value_if(said.c.system.is_not(None), said.c.row_id)),
    ).group_by(said.c.lead_group, said.c.system)


def _read_stored(connection: Connection, doubt: Table) -> Iterator[tuple[int, str | None, int | None, int | None]]:
    """Yield what stored leads have, in the form of `_find_first_said`.

    Their own columns tell nearly always. Where one has an id of another system, or no usable address in place of one
    that it may have had, its keys tell as well; they are not in the order of leads, so all are read.
    """
    lead, keys = table(Lead), table(LeadKey)
    ids = select(-doubt.c.lead_group).where(doubt.c.lead_group < 0)
    systems = set(connection.execute(select(doubt.c.system).where(doubt.c.lead_group < 0).distinct()).scalars())
    system = expressions.text_before(lead.c.crm_id, ":")
    unclear = False
    columns = select(lead.c.id, lead.c.email.is_not(None), _address(lead).is_not(None), system).where(
        lead.c.id.in_(ids)
    )
    for lead_id, has_email, has_address, its in connection.execute(columns):
        yield -lead_id, its, _STORED if has_address else None, _STORED if its is not None else None
        unclear |= bool(has_email and not has_address) or (its is not None and not systems <= {its, ""})
    if unclear:
        kind, rest = func.substr(keys.c.key, 1, 2), func.substr(keys.c.key, 3)
        its_system = expressions.value_if(kind == "i:", expressions.text_before(rest, ":"))
        told = select(keys.c.lead_id, its_system).where(keys.c.lead_id.in_(ids), kind.in_(["e:", "r:", "i:"]))
        for lead_id, its in connection.execute(told):
            yield -lead_id, its, _STORED if its is None else None, _STORED if its is not None else None
