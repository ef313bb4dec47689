"""Hands out small whole numbers that people can type, in blocks, within the caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from leadtriage.db.tables.history import IdBlock
from leadtriage.db.tables.lead import table


def next_id(connection: Connection, name: str) -> int:
    """The id that the next block begins with. The caller holds the writer's place and reserves what it used."""
    blocks = table(IdBlock)
    return connection.execute(select(blocks.c.next_id).where(blocks.c.name == name)).scalar() or 1


def reserve_ids(connection: Connection, name: str, count: int = 1) -> int:
    """Reserve `count` ids that follow one another and return the first. The caller holds the writer's place."""
    blocks = table(IdBlock)
    first = next_id(connection, name)
    moved = update(blocks).where(blocks.c.name == name).values(next_id=first + count)
    if not connection.execute(moved).rowcount:
        connection.execute(insert(blocks).values(name=name, next_id=first + count))
    return first
