"""Stores what each member of the team is called, so that lists find a rep's leads by any of their names."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from leadtriage.criteria.model import Criteria
from leadtriage.criteria.text import comparable
from leadtriage.db.schema import TeamName, table


def store_team_names(connection: Connection, criteria: Criteria) -> None:
    """Have the database know the criteria's team by all its names, and nobody else."""
    names = table(TeamName)
    wanted = {
        comparable(spelling): comparable(member.name)
        for member in criteria.team
        for spelling in (member.name, *member.also)
    }
    stored = {row.spelling: row.member for row in connection.execute(select(names))}
    if stored == wanted:
        return
    connection.execute(delete(names))
    if wanted:
        rows = [{"spelling": spelling, "member": member} for spelling, member in sorted(wanted.items())]
        connection.execute(insert(names), rows)
