"""Who is who in what the team has done: all spellings of a member are one person, by the criteria's `team`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from leadtriage.core.text import comparable
from leadtriage.criteria import TeamMember
from leadtriage.db import TeamName, table

_name = table(TeamName)

SYSTEM_MARK = " (system)"
"""What people see behind the name of a system that flags leads."""


def read_members(connection: Connection) -> dict[str, str]:
    """The key of the member for each name in the team, both in their comparable form, as the last `score` had it."""
    return {row.spelling: row.member for row in connection.execute(select(_name.c.spelling, _name.c.member))}


def choose_name(key: str | None, *names: str | None) -> str | None:
    """The name by which people know whoever has some names: the one that is the key, else always the same one."""
    known = (name for name in names if name is not None)
    return min(known, key=lambda name: (comparable(name) != key, name), default=None)


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever has a name, or several: by what the program tells persons apart, and people do."""

    key: str | None
    name: str | None


NOBODY = Person(None, None)
"""Who has the leads that have no owner."""


def find_people(connection: Connection, names: Iterable[str | None]) -> dict[str | None, Person]:
    """Find out who has each of some names: the same person has all names of a member of the team.

    Each is known by one of these names.
    """
    members = read_members(connection)
    whose = {name: members.get(comparable(name), comparable(name)) for name in names if name is not None}
    of_each: dict[str, list[str]] = {}
    for name, key in whose.items():
        of_each.setdefault(key, []).append(name)
    persons = {key: Person(key, choose_name(key, *told)) for key, told in of_each.items()}
    return {None: NOBODY} | {name: persons[key] for name, key in whose.items()}


class People:
    """The members of a team by all their names; whoever else turns up is known by the one name alone.

    Attributes:
        members: each member's key and name, in the criteria's order.
    """

    def __init__(self, team: Sequence[TeamMember]) -> None:
        self.members = {comparable(member.name): member.name for member in team}
        self._keys = {
            comparable(name): comparable(member.name) for member in team for name in (member.name, *member.also)
        }

    def find(self, name: str) -> str:
        """The key of whoever has this name."""
        return self.find_comparable(comparable(name))

    def find_comparable(self, name: str) -> str:
        """The same for a name in its comparable form."""
        return self._keys.get(name, name)

    def spellings(self, key: str) -> list[str]:
        """The comparable forms of all names of a person."""
        return sorted({key, *(name for name, whose in self._keys.items() if whose == key)})

    def choose(self, key: str, names: Iterable[str]) -> list[str]:
        """Those of some names that are this person's."""
        return sorted(name for name in set(names) if self.find(name) == key)
