"""The criteria as frozen values, valid once loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from leadtriage.core.vocabulary import Dimension, Grade
from leadtriage.criteria.operators import FieldType, Operator

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of one value: exactly one of `field` and `column` is set.

    Attributes:
        type: the type of the field; of a column TEXT or NUMBER, like its operands.
        operands: one value, a list, or the two ends of `between`; money in units of the criteria's currency.
    """

    field: str | None
    column: str | None
    type: FieldType
    operator: Operator
    operands: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds when every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not; unknown where the part is."""

    part: Condition


Condition = Comparison | AllOf | AnyOf | Not


def find_comparisons(condition: Condition) -> Iterator[Comparison]:
    """Yield every comparison inside a condition."""
    match condition:
        case Comparison():
            yield condition
        case Not(part):
            yield from find_comparisons(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from find_comparisons(part)


@dataclass(frozen=True, slots=True)
class Tier:
    """One possible answer and its points; `label` describes it ("50 to 1,000"), `line` is its line in the file."""

    points: int
    condition: Condition
    label: str
    line: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question about a lead; exactly one of `field` and `column` is set, or neither where each tier has a `when`.

    Attributes:
        unlisted_unknown: whether a value that no tier names is unknown.
        line: its line in the file.
    """

    name: str
    dimension: Dimension
    field: str | None
    column: str | None
    ask: str | None
    tiers: tuple[Tier, ...]
    unlisted_unknown: bool = False
    line: int = dataclasses.field(default=0, compare=False)

    @property
    def best(self) -> int:
        """The most that this criterion can give, at least 0."""
        return max((0, *(tier.points for tier in self.tiers)))


@dataclass(frozen=True, slots=True)
class DimensionRules:
    """The criteria of one dimension, whose sum is held within `-max..max`."""

    dimension: Dimension
    max: int
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Qualified:
    """When a lead counts as qualified: from this score up, while `when` is true."""

    score: int
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Disqualifier:
    """A rule that makes a lead a junk candidate whatever its score; `label` describes the condition."""

    reason: str
    condition: Condition
    label: str
    line: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class JunkRules:
    """The rules for junk candidates."""

    below: int
    known: Decimal
    disqualify: tuple[Disqualifier, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The clocks, in days; see the criteria reference. A grade that `first_touch` lacks has no such clock.

    Attributes:
        working_days: as `date.weekday` numbers them, Monday 0.
    """

    first_touch: Mapping[Grade, int]
    idle: int
    nurture: int
    shelf_life: int
    warn: int
    working_days: tuple[int, ...]
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A rep or qualifier; `takes` limits the leads that are assigned to them."""

    name: str
    role: str
    also: tuple[str, ...] = ()
    capacity: int | None = None
    max_open: int | None = None
    away: tuple[tuple[date, date], ...] = ()
    takes: Condition | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """A target of a member or the team per month or quarter."""

    who: str
    what: str
    target: int
    per: str


@dataclass(frozen=True, slots=True)
class Criteria:
    """The whole criteria file.

    Attributes:
        rates: the worth of one unit of each currency in `currency`, whose own rate is 1.
        grades: the lowest score of A, B and C.
        timezone: an IANA name, or None for the machine's.
        text: the file's text; `digest` is its SHA-256 in hexadecimal.
    """

    name: str
    currency: str
    rates: Mapping[str, Decimal]
    score: tuple[DimensionRules, ...]
    grades: Mapping[Grade, int]
    qualified: Qualified
    junk: JunkRules
    follow_up: FollowUp
    timezone: str | None
    team: tuple[TeamMember, ...]
    goals: tuple[Goal, ...]
    text: str
    digest: str

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All criteria, in the order of the file's dimensions."""
        return tuple(criterion for rules in self.score for criterion in rules.criteria)

    def scores_like(self, other: Criteria) -> bool:
        """Return whether the two differ only in name, team, goals, comments and layout."""
        return self == replace(
            other, name=self.name, team=self.team, goals=self.goals, text=self.text, digest=self.digest
        )
