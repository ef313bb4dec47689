"""Who is who in what the team has done: all spellings of a member are one person, by the criteria's `team`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadtriage.criteria.model import TeamMember
from leadtriage.criteria.text import comparable

SYSTEM_MARK = " (system)"
"""What people see behind the name of a system that flags leads."""


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
