"""Persons who asked to be forgotten: known by keyed hashes of what identified them, and rejected when a file has them.

Erasing a person is `triage.forgetting`'s.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, bindparam, insert, select, update

from leadtriage.db.dialect import batches, upsert
from leadtriage.db.schema import Forgotten, SecretKey, table
from leadtriage.importing.staging import Staging

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
