"""Which staged rows have their lead by now, and the first row of each: what every way of matching asks."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, update

from leadtriage.importing.staging import Staging


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
