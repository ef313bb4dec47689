"""Who is who: all names of a team member are one person, by the criteria's `team` section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from leadtriage.core.text import comparable
from leadtriage.criteria import TeamMember
from leadtriage.db import TeamName, table

_name = table(TeamName)

SYSTEM_MARK = " (system)"
"""Follows the name of a system that flags leads."""


def read_members(connection: Connection) -> dict[str, str]:
    """Return the key of the team member for each name, both comparable, as of the last score run."""
    return {row.spelling: row.member for row in connection.execute(select(_name.c.spelling, _name.c.member))}


def choose_name(key: str | None, *names: str | None) -> str | None:
    """Return the name to show for a person: the one that equals the key, else the first in order."""
    known = (name for name in names if name is not None)
    return min(known, key=lambda name: (comparable(name) != key, name), default=None)


@dataclass(frozen=True, slots=True)
class Person:
    """A person with one or several names.

    Attributes:
        key: comparable and unique; None for nobody.
        name: the name to show.
    """

    key: str | None
    name: str | None


NOBODY = Person(None, None)
"""The owner of leads without an owner."""


def find_people(connection: Connection, names: Iterable[str | None]) -> dict[str | None, Person]:
    """Return the person behind each name; all names of a team member are one person."""
    members = read_members(connection)
    whose = {name: members.get(comparable(name), comparable(name)) for name in names if name is not None}
    of_each: dict[str, list[str]] = {}
    for name, key in whose.items():
        of_each.setdefault(key, []).append(name)
    persons = {key: Person(key, choose_name(key, *told)) for key, told in of_each.items()}
    return {None: NOBODY} | {name: persons[key] for name, key in whose.items()}


class People:
    """The members of a team by all their names; anybody else has one name.

    Attributes:
        members: the members' names by key, in the criteria's order.
    """

    def __init__(self, team: Sequence[TeamMember]) -> None:
        self.members = {comparable(member.name): member.name for member in team}
        self._keys = {
            comparable(name): comparable(member.name) for member in team for name in (member.name, *member.also)
        }

    def find(self, name: str) -> str:
        """Return the key of the person with this name."""
        return self.find_comparable(comparable(name))

    def find_comparable(self, name: str) -> str:
        """Return the key for a comparable name."""
        return self._keys.get(name, name)

    def spellings(self, key: str) -> list[str]:
        """Return the comparable forms of all names of a person."""
        return sorted({key, *(name for name, whose in self._keys.items() if whose == key)})

    def choose(self, key: str, names: Iterable[str]) -> list[str]:
        """Return the names that belong to this person."""
        return sorted(name for name in set(names) if self.find(name) == key)
