"""Puts together what each person of the team has done: one record for all spellings of a name.

What is counted is `teamwork`'s and `doings`'; how it is shown is `team`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from leadtriage.criteria.model import Criteria
from leadtriage.reports.cohort import IN_TIME, LATE, NEVER
from leadtriage.reports.doings import Doing, count_done, count_second_looks
from leadtriage.reports.goals import GoalKind, find_kinds
from leadtriage.reports.overturns import find_systems
from leadtriage.reports.people import People
from leadtriage.reports.teamwork import OwnedCount, Work, count_idle, count_owned


@dataclass(slots=True)
class Waits:
    """How many leads waited so many working days; `late` holds those among them that were touched late."""

    every: Counter[int] = field(default_factory=Counter)
    late: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Record:
    """One person's numbers.

    Attributes:
        touches: leads that were assigned to them within the period, by what became of the first touch.
        undated_touches: of how many of those touched in time nobody knows the day of the first contact.
        for_rep: what those leads waited to be assigned, in working days.
        for_touch: what they waited from there to the first touch.
        worth: what the won leads are worth, in minor units by currency; `valued` are those of which somebody told it.
        undated: won leads of which nobody knows the day, so that they are in no period.
        second_looks: junk verdicts of theirs that were looked at again, `stood` of them confirmed.
        done: leads that count towards goals, by the kind of goal.
        system: it is a source system, not a person.
    """

    name: str
    touches: Counter[str] = field(default_factory=Counter)
    undated_touches: int = 0
    for_rep: Waits = field(default_factory=Waits)
    for_touch: Waits = field(default_factory=Waits)
    won: int = 0
    worth: Counter[str] = field(default_factory=Counter)
    valued: int = 0
    undated: int = 0
    idle: int = 0
    promises: int = 0
    kept: int = 0
    flagged: int = 0
    decided: int = 0
    confirmed: int = 0
    reviewed: int = 0
    second_looks: int = 0
    stood: int = 0
    done: Counter[GoalKind] = field(default_factory=Counter)
    system: bool = False

    @property
    def assigned(self) -> int:
        """Leads that were assigned to them within the period."""
        return self.touches.total()

    @property
    def in_time(self) -> int:
        """Of these, contacted within the clock."""
        return self.touches[IN_TIME]

    @property
    def late(self) -> int:
        """Of these, contacted after it."""
        return self.touches[LATE]

    @property
    def never(self) -> int:
        """Of these, without a recorded contact."""
        return self.touches[NEVER]

    @property
    def overturned(self) -> int:
        """Verdicts on their flags that were not junk."""
        return self.decided - self.confirmed


def gather_records(connection: Connection, criteria: Criteria, people: People, work: Work) -> dict[str, Record]:
    """Return the record of each person and system by their key: the team in the criteria's order, then whoever else.

    Where the work is limited to an owner, theirs alone.
    """
    records = {key: Record(name) for key, name in people.members.items()}

    def find(key: str, name: str) -> Record:
        record = records.setdefault(key, Record(name))
        if key not in people.members:
            record.name = min(record.name, name)
        return record

    kinds = find_kinds(criteria.goals)
    for counted in count_owned(connection, work, kinds):
        _add(find(people.find_comparable(counted.owner_key), counted.owner), counted, kinds)
    for owner_key, owner, leads in count_idle(connection, work):
        find(people.find_comparable(owner_key), owner).idle += leads
    for doing in Doing:
        for count in count_done(connection, work, doing):
            _add_done(find(people.find(count.by), count.by), doing, count.done, count.well)
    for count in count_second_looks(connection, work):
        record = find(people.find(count.by), count.by)
        record.second_looks += count.done
        record.stood += count.well
    for system in find_systems(connection):
        if system is not None and people.find(system) in records and people.find(system) not in people.members:
            records[people.find(system)].system = True
    return _only(records, people, work)


def _add(record: Record, counted: OwnedCount, kinds: Sequence[GoalKind]) -> None:
    if counted.touch is not None:
        record.touches[counted.touch] += counted.leads
    for waits, days in ((record.for_rep, counted.for_rep), (record.for_touch, counted.for_touch)):
        if days is not None:
            waits.every[days] += counted.leads
            waits.late[days] += counted.leads if counted.touch == LATE else 0
    record.undated_touches += counted.undated_touches
    record.won += counted.won
    record.undated += counted.undated
    if counted.currency is not None:
        record.valued += counted.valued
        record.worth[counted.currency] += counted.worth
    record.done.update(dict(zip(kinds, counted.goals, strict=True)))


def _add_done(record: Record, doing: Doing, done: int, well: int) -> None:
    if doing is Doing.PROMISE:
        record.promises += done
        record.kept += well
    elif doing is Doing.FLAG:
        record.flagged += done
    elif doing is Doing.DECISION:
        record.decided += done
        record.confirmed += well
    else:
        record.reviewed += done


def _only(records: dict[str, Record], people: People, work: Work) -> dict[str, Record]:
    if work.owner is None:
        return records
    wanted = people.find(work.owner)
    return {key: record for key, record in records.items() if key == wanted}
