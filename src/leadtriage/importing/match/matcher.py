"""Which lead is each staged row? Set-based, by keys; what is doubtful stays apart and is noted, never guessed.

Keys decide in the order of their rank: the source system's id, an address, a phone with a name, and for rows with none
of these the whole row. Within a rank a stored lead goes before an earlier row of the file.

Ids of a file that nobody knows which lead to somebody else: such a column may only count the rows of each file.

Which lead an id leads to is `match`'s; here people are told where that looks wrong.

Persons who asked to be forgotten: known by keyed hashes of what identified them, and rejected when a file has them.

Erasing a person is `triage.forgetting`'s.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)

from leadtriage.core.text import format_count, format_ids, is_unknown_system
from leadtriage.core.vocabulary import RowOutcome
from leadtriage.db import (
    Forgotten,
    Lead,
    LeadKey,
    LikelyDuplicate,
    SecretKey,
    dialect,
    expressions,
    next_id,
    reserve_ids,
    table,
)
from leadtriage.db.dialect import batches, upsert
from leadtriage.importing.match.by_phone import follow_heads, is_unplaced, match_by_phone
from leadtriage.importing.stage import RANK_EMAIL, RANK_ID, RANK_PHONE, RANK_ROW, Staging, Understanding

_RANKS = (RANK_ID, RANK_EMAIL, RANK_PHONE, RANK_ROW)


def match_rows(connection: Connection, staging: Staging) -> None:
    """Fill `place`: for each row without a problem its lead and whether it makes it, meets it or joins an earlier row.

    Rows that meet a stored lead are `unchanged` here; `merge` finds out which of them change something.
    """
    _match_own_ids(connection, staging)
    _find_first_keys(connection, staging)
    dialect.backend(connection).widen_cache(connection)
    repeated = _count(connection, staging.key) > _count(connection, staging.first_key)
    stored = connection.execute(select(exists().select_from(table(LeadKey)))).scalar()
    for rank in _RANKS:
        if rank == RANK_PHONE:
            match_by_phone(connection, staging, stored=bool(stored), repeated=repeated)
            continue
        if stored:
            _match_stored(connection, staging, rank)
        if repeated:
            _match_earlier_rows(connection, staging, rank)
    if stored:
        _join_rows_of_one_lead(connection, staging)
    follow_heads(connection, staging)
    _place_rows(connection, staging)


def store_keys(connection: Connection, staging: Staging, batch: int) -> None:
    """Give the new keys to their leads, and note leads that share a key and were kept apart as likely duplicates."""
    keys = table(LeadKey)
    first, place = staging.first_key, staging.place
    new = (
        select(first.c.key, place.c.lead_id, place.c.lead_id, literal(batch))
        .join_from(first, place, first.c.row_id == place.c.row_id)
        .order_by(first.c.key)
    )
    added = connection.execute(
        dialect.upsert(connection.dialect, keys)
        .from_select(["key", "lead_id", "original_lead_id", "batch_id"], new.where(true()))
        .on_conflict_do_nothing(index_elements=["key"]),
        execution_options=dialect.COUNT_ROWS,
    )
    rows = _count(connection, staging.key)
    if added.rowcount == rows:
        return
    # In their own order keys are looked up faster; where several rows have one, each may be kept apart by it.
    key = first if _count(connection, first) == rows else staging.key
    lower = expressions.smallest(keys.c.lead_id, place.c.lead_id)
    higher = expressions.largest(keys.c.lead_id, place.c.lead_id)
    joined = (
        select(lower.label("lead_id"), higher.label("other_lead_id"), func.min(key.c.rank).label("rank"))
        .select_from(key)
        .join(keys, keys.c.key == key.c.key)
        .join(place, place.c.row_id == key.c.row_id)
        .where(keys.c.lead_id != place.c.lead_id)
        .group_by(lower, higher)
        .subquery()
    )
    pairs = table(LikelyDuplicate)
    evidence = expressions.text_for(
        joined.c.rank, {RANK_ID: "same id", RANK_EMAIL: "same e-mail", RANK_PHONE: "same phone and name"}
    )
    columns = ["lead_id", "other_lead_id", "evidence", "batch_id"]
    known = exists().where(pairs.c.lead_id == joined.c.lead_id, pairs.c.other_lead_id == joined.c.other_lead_id)
    connection.execute(
        insert(pairs).from_select(
            columns, select(joined.c.lead_id, joined.c.other_lead_id, evidence, literal(batch)).where(~known)
        )
    )


def _count(connection: Connection, rows: FromClause) -> int:
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _find_first_keys(connection: Connection, staging: Staging) -> None:
    key = staging.key
    connection.execute(
        insert(staging.first_key).from_select(
            ["key", "rank", "row_id"],
            select(key.c.key, func.min(key.c.rank), func.min(key.c.row_id)).group_by(key.c.key),
        )
    )


def _match_own_ids(connection: Connection, staging: Staging) -> None:
    """Rows of our own export name our own leads, unless they say somebody else: other databases have such ids too.

    Of these rows only what is no lead's own would be new to identify them by, so their whole-row keys go, and so does
    the source system's id that they repeat.
    """
    row, key, lead = staging.row, staging.key, table(Lead)
    if not connection.execute(select(exists().where(row.c.own_id.is_not(None)))).scalar():
        return
    connection.execute(
        insert(staging.match).from_select(
            ["row_id", "lead_id"],
            select(row.c.row_id, lead.c.id).where(
                row.c.own_id == lead.c.id,
                row.c.problem.is_(None),
                lead.c.removed_by.is_(None),
                lead.c.merged_into.is_(None),
                _is_not_somebody_else(staging, row, lead),
            ),
        )
    )
    matched = select(staging.match.c.row_id)
    connection.execute(key.delete().where(key.c.rank.in_([RANK_ID, RANK_ROW]), key.c.row_id.in_(matched)))
    connection.execute(update(row).values(crm_id=None).where(row.c.row_id.in_(matched)))
    identified = exists().where(key.c.row_id == row.c.row_id)
    connection.execute(
        update(row)
        .values(problem="no lead here has this id, and nothing else identifies it")
        .where(row.c.own_id.is_not(None), row.c.problem.is_(None), row.c.row_id.not_in(matched), ~identified)
    )


def _is_not_somebody_else(staging: Staging, row: FromClause, lead: FromClause) -> ColumnElement[bool]:
    """Where a row says whom it is about, some of that is known of the lead; a company alone has many people.

    A row that names no person may still have another id of the same system.
    """

    def present(*names: str) -> list[str]:
        return [name for name in names if name in staging.attribute_columns]

    def same(names: Sequence[str]) -> ColumnElement[bool]:
        return or_(literal(False), *(row.c[name] == lead.c[name] for name in names))

    def silent(names: Sequence[str]) -> ColumnElement[bool]:
        return and_(literal(True), *(row.c[name].is_(None) for name in names))

    person, company = present("email", "phone", "name_comparable"), present("company_comparable")
    differ = and_(
        expressions.text_before(row.c.crm_id, ":") == expressions.text_before(lead.c.crm_id, ":"),
        row.c.crm_id != lead.c.crm_id,
    )
    nameless = and_(silent(person), or_(same(company), silent(company)), func.coalesce(not_(differ), true()))
    return or_(same(person), nameless)


def _match_stored(connection: Connection, staging: Staging, rank: int) -> None:
    key, keys = staging.key, table(LeadKey)
    found = (
        select(key.c.row_id, func.min(keys.c.lead_id))
        .join_from(key, keys, keys.c.key == key.c.key)
        .where(key.c.rank == rank, is_unplaced(staging, key.c.row_id))
        .group_by(key.c.row_id)
    )
    connection.execute(insert(staging.match).from_select(["row_id", "lead_id"], found))


def _match_earlier_rows(connection: Connection, staging: Staging, rank: int) -> None:
    key, first = staging.key, staging.first_key
    found = (
        select(key.c.row_id, func.min(first.c.row_id))
        .join_from(key, first, first.c.key == key.c.key)
        .where(key.c.rank == rank, first.c.row_id < key.c.row_id, is_unplaced(staging, key.c.row_id))
        .group_by(key.c.row_id)
    )
    connection.execute(insert(staging.member).from_select(["row_id", "head"], found))


def _join_rows_of_one_lead(connection: Connection, staging: Staging) -> None:
    """Of several rows that are the same stored lead, the first is the head of the others."""
    match, member = staging.match, staging.member
    head = func.min(match.c.row_id).over(partition_by=match.c.lead_id).label("head")
    headed = select(match.c.row_id, head).subquery()
    later = select(headed.c.row_id, headed.c.head).where(headed.c.row_id > headed.c.head)
    connection.execute(insert(member).from_select(["row_id", "head"], later))
    connection.execute(match.delete().where(match.c.row_id.in_(select(member.c.row_id))))


def _place_rows(connection: Connection, staging: Staging) -> None:
    row, match, member, place = staging.row, staging.match, staging.member, staging.place
    columns = ["row_id", "lead_id", "outcome"]
    fresh = select(row.c.row_id).where(row.c.problem.is_(None), is_unplaced(staging, row.c.row_id))
    first_id = next_id(connection, "lead")
    number = func.row_number().over(order_by=row.c.row_id) + literal(first_id - 1)
    created = connection.execute(
        insert(place).from_select(columns, fresh.add_columns(number, literal(RowOutcome.CREATED.value))),
        execution_options=dialect.COUNT_ROWS,
    )
    reserve_ids(connection, "lead", created.rowcount)
    connection.execute(
        insert(place).from_select(columns, select(match.c.row_id, match.c.lead_id, literal(RowOutcome.UNCHANGED.value)))
    )
    head = place.alias("head_place")
    connection.execute(
        insert(place).from_select(
            columns,
            select(member.c.row_id, head.c.lead_id, literal(RowOutcome.MERGED.value)).join_from(
                member, head, head.c.row_id == member.c.head
            ),
        )
    )


_NAME = "name_comparable"
_CONTACTS = ("email", "phone")


def find_reused_ids(connection: Connection, staging: Staging, understanding: Understanding) -> tuple[int, ...]:
    """The leads that the changes give another name and other contacts, so that nothing but an id has led to them.

    They are to be looked for before the changes are written. The ids of a system that is known are those of persons.
    """
    row, lead, change = staging.row, table(Lead), staging.change
    contacts = [name for name in _CONTACTS if name in staging.attribute_columns]
    if not {_NAME, "crm_id"} <= set(staging.attribute_columns) or not is_unknown_system(understanding.system):
        return ()

    def differs(name: str) -> ColumnElement[bool]:
        return func.coalesce(row.c[name] != lead.c[name], false())

    def agrees(name: str) -> ColumnElement[bool]:
        return func.coalesce(row.c[name] == lead.c[name], false())

    found = (
        select(change.c.lead_id)
        .join(row, row.c.row_id == change.c.row_id)
        .join(lead, lead.c.id == change.c.lead_id)
        .where(
            and_(change.c.field == "name", differs(_NAME), row.c.crm_id == lead.c.crm_id),
            or_(false(), *(differs(name) for name in contacts)),
            *(not_(agrees(name)) for name in contacts),
        )
        .order_by(change.c.lead_id)
    )
    return tuple(connection.execute(found).scalars())


def tell_reused_ids(leads: tuple[int, ...], understanding: Understanding, batch: int | None) -> tuple[str, ...]:
    """Say so, and what helps.

    Args:
        batch: the import that has changed the leads.
    """
    if not leads:
        return ()
    remedy = "--map id=none" if batch is None else f"leadtriage undo {batch}, then import with --map id=none"
    header = understanding.plan.find("id")[0].header
    return (
        f"{format_count(len(leads), 'lead has', 'leads have')} another name and other contacts under the same {header}"
        f" here: {format_ids(leads)} (if {header} only counts rows: {remedy})",
    )


_KEY = "forgotten"


def remember_forgotten(connection: Connection, keys: Iterable[str], on: date) -> int:
    """Keep a hash of each key of a person and return how many; the first makes the secret that they are hashed with."""
    secret, forgotten = table(SecretKey), table(Forgotten)
    stored = _read_secret(connection)
    if stored is None:
        stored = secrets.token_hex(32)
        connection.execute(insert(secret).values(name=_KEY, value=stored))
    rows = [{"digest": _digest(stored, key), "forgotten_on": on} for key in sorted(set(keys))]
    if rows:
        connection.execute(
            upsert(connection.dialect, forgotten).on_conflict_do_nothing(index_elements=["digest"]), rows
        )
    return len(rows)


def reject_forgotten(connection: Connection, staging: Staging) -> None:
    """Reject the staged rows that have a key of a forgotten person, and empty their cells, which nobody may keep.

    Costs nothing where nobody was forgotten; else every key of the file is hashed (HMAC-SHA256, RFC 2104).
    """
    forgotten, row, key = table(Forgotten), staging.row, staging.key
    days: dict[str, date] = {line.digest: line.forgotten_on for line in connection.execute(select(forgotten))}
    secret = _read_secret(connection)
    if not days or secret is None:
        return
    found: dict[int, date] = {}
    for name, row_id in connection.execute(select(key.c.key, key.c.row_id)):
        day = days.get(_digest(secret, name))
        if day is not None:
            found[row_id] = day
    for group in batches(sorted(found)):
        lengths = {
            line.row_id: len(line.cells)
            for line in connection.execute(select(row.c.row_id, row.c.cells).where(row.c.row_id.in_(group)))
        }
        connection.execute(
            update(row)
            .where(row.c.row_id == bindparam("of_row"))
            .values(problem=bindparam("why"), cells=bindparam("nothing", type_=row.c.cells.type)),
            [
                {
                    "of_row": row_id,
                    "why": f"this person asked to be forgotten on {found[row_id]}",
                    "nothing": [""] * lengths[row_id],
                }
                for row_id in group
            ],
        )
        connection.execute(key.delete().where(key.c.row_id.in_(group)))


def _read_secret(connection: Connection) -> str | None:
    secret = table(SecretKey)
    return connection.execute(select(secret.c.value).where(secret.c.name == _KEY)).scalar()


def _digest(secret: str, key: str) -> str:
    return hmac.digest(secret.encode(), key.encode("utf-8", "replace"), "sha256").hex()
