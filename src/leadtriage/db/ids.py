"""Hands out small whole numbers that people can type, in blocks, within the caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from leadtriage.db.schema import IdBlock, table


def reserve_ids(connection: Connection, name: str, count: int = 1) -> int:
    """Reserve `count` ids that follow one another and return the first. The caller holds the writer's place."""
    blocks = table(IdBlock)
    first = connection.execute(select(blocks.c.next_id).where(blocks.c.name == name)).scalar()
    if first is None:
        first = 1
        connection.execute(insert(blocks).values(name=name, next_id=first + count))
    else:
        connection.execute(update(blocks).where(blocks.c.name == name).values(next_id=first + count))
    return first
