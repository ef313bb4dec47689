"""Match each staged row to its lead, by keys and set-based. Doubtful rows stay apart and are noted, never guessed.

Keys decide in the order of their rank: the source system's id, an address, a phone with a name, and the whole row of a
row without these. Within a rank, a stored lead goes before an earlier row of the file.
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
from leadtriage.importing.match.by_phone import is_unmatched, match_by_phone, resolve_leaders
from leadtriage.importing.run import ImportRun
from leadtriage.importing.stage import RANK_EMAIL, RANK_ID, RANK_PHONE, RANK_ROW, Staging

_RANKS = (RANK_ID, RANK_EMAIL, RANK_PHONE, RANK_ROW)
_EVIDENCE = {RANK_ID: "same id", RANK_EMAIL: "same e-mail", RANK_PHONE: "same phone and name"}
_NAME = "name_comparable"
_CONTACTS = ("email", "phone")
_SECRET = "forgotten"
"""The name of the secret key of the hashes."""


def match_rows(run: ImportRun) -> None:
    """Fill `result`: the lead of each accepted row, and whether the row creates, meets or merges into it.

    Rows that meet a stored lead are `unchanged`, until `merge` finds that they change something.
    """
    connection, staging = run.connection, run.staging
    _match_own_ids(connection, staging)
    _fill_first_keys(connection, staging)
    dialect.backend(connection).widen_cache(connection)
    repeated = _count(connection, staging.key) > _count(connection, staging.first_key)
    stored = bool(connection.execute(select(exists().select_from(table(LeadKey)))).scalar())
    for rank in _RANKS:
        if rank == RANK_PHONE:
            match_by_phone(connection, staging, stored=stored, repeated=repeated)
            continue
        if stored:
            _match_stored_leads(connection, staging, rank)
        if repeated:
            _match_earlier_rows(connection, staging, rank)
    if stored:
        _group_rows_of_one_lead(connection, staging)
    resolve_leaders(connection, staging)
    _fill_results(connection, staging)


def store_keys(run: ImportRun) -> None:
    """Give new keys to their leads, and note leads that share a key but stay apart as likely duplicates."""
    connection, staging, keys, pairs = run.connection, run.staging, table(LeadKey), table(LikelyDuplicate)
    first, result = staging.first_key, staging.result
    new = (
        select(first.c.key, result.c.lead_id, result.c.lead_id, literal(run.batch))
        .join_from(first, result, first.c.row_id == result.c.row_id)
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
    # `first_key` is ordered by key, so its look-ups are faster; but each row of a repeated key may stay apart.
    key = first if _count(connection, first) == rows else staging.key
    lower = expressions.smallest(keys.c.lead_id, result.c.lead_id)
    higher = expressions.largest(keys.c.lead_id, result.c.lead_id)
    joined = (
        select(lower.label("lead_id"), higher.label("other_lead_id"), func.min(key.c.rank).label("rank"))
        .select_from(key)
        .join(keys, keys.c.key == key.c.key)
        .join(result, result.c.row_id == key.c.row_id)
        .where(keys.c.lead_id != result.c.lead_id)
        .group_by(lower, higher)
        .subquery()
    )
    columns = ["lead_id", "other_lead_id", "evidence", "batch_id"]
    found = select(
        joined.c.lead_id, joined.c.other_lead_id, expressions.text_for(joined.c.rank, _EVIDENCE), literal(run.batch)
    )
    known = exists().where(pairs.c.lead_id == joined.c.lead_id, pairs.c.other_lead_id == joined.c.other_lead_id)
    connection.execute(insert(pairs).from_select(columns, found.where(~known)))


def _count(connection: Connection, rows: FromClause) -> int:
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _fill_first_keys(connection: Connection, staging: Staging) -> None:
    key = staging.key
    found = select(key.c.key, func.min(key.c.rank), func.min(key.c.row_id)).group_by(key.c.key)
    connection.execute(insert(staging.first_key).from_select(["key", "rank", "row_id"], found))


def _match_own_ids(connection: Connection, staging: Staging) -> None:
    """Match the rows of our own exports by our ids, unless they name somebody else: another database has them too.

    Matched rows lose their whole-row key and the id of a source system, which would be new keys of their leads.
    """
    row, key, lead = staging.row, staging.key, table(Lead)
    if not connection.execute(select(exists().where(row.c.own_id.is_not(None)))).scalar():
        return
    found = select(row.c.row_id, lead.c.id).where(
        row.c.own_id == lead.c.id,
        row.c.problem.is_(None),
        lead.c.removed_by.is_(None),
        lead.c.merged_into.is_(None),
        _may_be_same_person(staging, row, lead),
    )
    connection.execute(insert(staging.match).from_select(["row_id", "lead_id"], found))
    matched = select(staging.match.c.row_id)
    connection.execute(key.delete().where(key.c.rank.in_([RANK_ID, RANK_ROW]), key.c.row_id.in_(matched)))
    connection.execute(update(row).values(crm_id=None).where(row.c.row_id.in_(matched)))
    identified = exists().where(key.c.row_id == row.c.row_id)
    connection.execute(
        update(row)
        .values(problem="no lead here has this id, and nothing else identifies it")
        .where(row.c.own_id.is_not(None), row.c.problem.is_(None), row.c.row_id.not_in(matched), ~identified)
    )


def _may_be_same_person(staging: Staging, row: FromClause, lead: FromClause) -> ColumnElement[bool]:
    """Whether some contact or the name of a row is that of the lead.

    A row that names no person may have the lead's company, as long as it has no other id of the same system.
    """

    def present(*names: str) -> list[str]:
        return [name for name in names if name in staging.attribute_columns]

    def same(names: Sequence[str]) -> ColumnElement[bool]:
        return or_(literal(False), *(row.c[name] == lead.c[name] for name in names))

    def empty(names: Sequence[str]) -> ColumnElement[bool]:
        return and_(literal(True), *(row.c[name].is_(None) for name in names))

    person, company = present("email", "phone", _NAME), present("company_comparable")
    differ = and_(
        expressions.text_before(row.c.crm_id, ":") == expressions.text_before(lead.c.crm_id, ":"),
        row.c.crm_id != lead.c.crm_id,
    )
    nameless = and_(empty(person), or_(same(company), empty(company)), func.coalesce(not_(differ), true()))
    return or_(same(person), nameless)


def _match_stored_leads(connection: Connection, staging: Staging, rank: int) -> None:
    key, keys = staging.key, table(LeadKey)
    found = (
        select(key.c.row_id, func.min(keys.c.lead_id))
        .join_from(key, keys, keys.c.key == key.c.key)
        .where(key.c.rank == rank, is_unmatched(staging, key.c.row_id))
        .group_by(key.c.row_id)
    )
    connection.execute(insert(staging.match).from_select(["row_id", "lead_id"], found))


def _match_earlier_rows(connection: Connection, staging: Staging, rank: int) -> None:
    key, first = staging.key, staging.first_key
    found = (
        select(key.c.row_id, func.min(first.c.row_id))
        .join_from(key, first, first.c.key == key.c.key)
        .where(key.c.rank == rank, first.c.row_id < key.c.row_id, is_unmatched(staging, key.c.row_id))
        .group_by(key.c.row_id)
    )
    connection.execute(insert(staging.member).from_select(["row_id", "leader"], found))


def _group_rows_of_one_lead(connection: Connection, staging: Staging) -> None:
    """Of several rows that are the same stored lead, the first leads the others."""
    match, member = staging.match, staging.member
    leader = func.min(match.c.row_id).over(partition_by=match.c.lead_id).label("leader")
    grouped = select(match.c.row_id, leader).subquery()
    later = select(grouped.c.row_id, grouped.c.leader).where(grouped.c.row_id > grouped.c.leader)
    connection.execute(insert(member).from_select(["row_id", "leader"], later))
    connection.execute(match.delete().where(match.c.row_id.in_(select(member.c.row_id))))


def _fill_results(connection: Connection, staging: Staging) -> None:
    row, match, member, result = staging.row, staging.match, staging.member, staging.result
    columns = ["row_id", "lead_id", "outcome"]
    fresh = select(row.c.row_id).where(row.c.problem.is_(None), is_unmatched(staging, row.c.row_id))
    first_id = next_id(connection, "lead")
    number = func.row_number().over(order_by=row.c.row_id) + literal(first_id - 1)
    created = connection.execute(
        insert(result).from_select(columns, fresh.add_columns(number, literal(RowOutcome.CREATED.value))),
        execution_options=dialect.COUNT_ROWS,
    )
    reserve_ids(connection, "lead", created.rowcount)
    met = select(match.c.row_id, match.c.lead_id, literal(RowOutcome.UNCHANGED.value))
    connection.execute(insert(result).from_select(columns, met))
    leader = result.alias("leader_result")
    merged = select(member.c.row_id, leader.c.lead_id, literal(RowOutcome.MERGED.value))
    merged = merged.join_from(member, leader, leader.c.row_id == member.c.leader)
    connection.execute(insert(result).from_select(columns, merged))


def find_reused_ids(run: ImportRun) -> tuple[int, ...]:
    """Return the leads that get another name and other contacts, so that only an id has matched them.

    The id column of an unknown system may just number the rows. Call it before the changes are applied.
    """
    row, lead, change = run.staging.row, table(Lead), run.staging.change
    present = run.staging.attribute_columns
    if not {_NAME, "crm_id"} <= set(present) or not is_unknown_system(run.settings.system):
        return ()
    contacts = [name for name in _CONTACTS if name in present]

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
    return tuple(run.connection.execute(found).scalars())


def describe_reused_ids(run: ImportRun, leads: tuple[int, ...]) -> tuple[str, ...]:
    """Warn of leads that `find_reused_ids` found, and name the remedy."""
    if not leads:
        return ()
    header = run.settings.plan.find("id")[0].header
    remedy = "--map id=none"
    if run.undo_first is not None:
        remedy = f"leadtriage undo {run.undo_first}, then import with {remedy}"
    return (
        f"{format_count(len(leads), 'row')}: same {header} as a lead with another name and other contacts,"
        f" {format_ids(leads)} (if {header} only numbers the rows: {remedy})",
    )


def store_forgotten(connection: Connection, keys: Iterable[str], on: date) -> int:
    """Store a hash of each key of a person and return how many; the first one creates the secret key of the hashes."""
    secret, forgotten = table(SecretKey), table(Forgotten)
    stored = _read_secret(connection)
    if stored is None:
        stored = secrets.token_hex(32)
        connection.execute(insert(secret).values(name=_SECRET, value=stored))
    rows = [{"digest": _hash(stored, key), "forgotten_on": on} for key in sorted(set(keys))]
    if rows:
        statement = dialect.upsert(connection.dialect, forgotten)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["digest"]), rows)
    return len(rows)


def reject_forgotten(run: ImportRun) -> None:
    """Reject the rows of people who asked to be forgotten, and empty their cells, which must not be stored.

    Costs nothing if nobody was forgotten; else every key of the file is hashed (HMAC-SHA256, RFC 2104).
    """
    connection, forgotten, row, key = run.connection, table(Forgotten), run.staging.row, run.staging.key
    days: dict[str, date] = {line.digest: line.forgotten_on for line in connection.execute(select(forgotten))}
    secret = _read_secret(connection)
    if not days or secret is None:
        return
    found: dict[int, date] = {}
    for name, row_id in connection.execute(select(key.c.key, key.c.row_id)):
        day = days.get(_hash(secret, name))
        if day is not None:
            found[row_id] = day
    rejected = (
        update(row)
        .where(row.c.row_id == bindparam("of_row"))
        .values(problem=bindparam("why"), cells=bindparam("emptied", type_=row.c.cells.type))
    )
    for group in dialect.batches(sorted(found)):
        cells = connection.execute(select(row.c.row_id, row.c.cells).where(row.c.row_id.in_(group)))
        emptied = [
            {
                "of_row": line.row_id,
                "why": f"this person asked to be forgotten on {found[line.row_id]}",
                "emptied": [""] * len(line.cells),
            }
            for line in cells
        ]
        connection.execute(rejected, emptied)
        connection.execute(key.delete().where(key.c.row_id.in_(group)))


def _read_secret(connection: Connection) -> str | None:
    secret = table(SecretKey)
    return connection.execute(select(secret.c.value).where(secret.c.name == _SECRET)).scalar()


def _hash(secret: str, key: str) -> str:
    return hmac.digest(secret.encode(), key.encode("utf-8", "replace"), "sha256").hex()
