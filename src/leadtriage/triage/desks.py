"""What each member of the team has on the desk, and whether more may be put there. Who gets what is `assigning`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from leadtriage.criteria.model import TeamMember
from leadtriage.criteria.text import comparable


@dataclass(slots=True)
class Desk:
    """A member of the team with the leads that they have.

    Attributes:
        open: their open leads.
        today: leads that they were given today.
        place: where they stand among equals, drawn by the seed.
    """

    member: TeamMember
    place: int
    open: int = 0
    today: int = 0

    @property
    def load(self) -> float:
        """Open leads per lead that they can take on a working day; without a capacity that counts as one."""
        return self.open / (self.member.capacity or 1)

    def refuse(self, day: date) -> str | None:
        """Say why nothing more may be put there; None where something may."""
        member = self.member
        for first, last in member.away:
            if first <= day <= last:
                return f"{member.name} is away until {last.isoformat()}"
        if member.max_open is not None and self.open >= member.max_open:
            return f"{member.name} has {self.open} of at most {member.max_open} open leads"
        if member.capacity is not None and self.today >= member.capacity:
            return f"{member.name} has been given {self.today} of at most {member.capacity} leads today"
        return None

    def say_load(self) -> str:
        """The load as people read it."""
        by = f" at {self.member.capacity} a day" if self.member.capacity else ""
        return f"{self.member.name}: {self.open} open{by}"

    def take(self) -> None:
        """Count one more lead."""
        self.open += 1
        self.today += 1


class Team:
    """The desks of the team, found by any name that a CRM has for a member."""

    def __init__(self, members: Sequence[TeamMember], seed: int) -> None:
        places = list(range(len(members)))
        Random(seed).shuffle(places)
        self.desks = tuple(Desk(member, place) for member, place in zip(members, places, strict=True))
        self._by_name = {
            comparable(name): desk for desk in self.desks for name in (desk.member.name, *desk.member.also)
        }

    def find(self, name: str | None) -> Desk | None:
        """The desk of whoever has this name; None where that is nobody of the team."""
        return self._by_name.get(comparable(name)) if name else None

    def of_role(self, role: str) -> tuple[Desk, ...]:
        """The desks of a role."""
        return tuple(desk for desk in self.desks if desk.member.role == role)


def find_least_loaded(desks: Iterable[Desk]) -> Desk | None:
    """The desk with the fewest open leads for its capacity; of equal ones as the seed has drawn."""
    return min(desks, key=lambda desk: (desk.load, desk.place), default=None)


def say_loads(desks: Iterable[Desk], refused: Mapping[str, str]) -> str:
    """All desks with their loads, or why they can take nothing."""
    return "; ".join(refused.get(desk.member.name) or desk.say_load() for desk in desks)
