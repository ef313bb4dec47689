"""How a lead's answers to all criteria are written as digits of a few whole numbers, and those that last as one text.

Leads are grouped by two numbers in less than half of the time that a column for each answer takes, and a text holds any
number of them. Criteria that count days are a part of their own, since time changes their answers. When a text that
`score` left is still right, is `scoring.kept_answers`' to say; who changes this layout has a migration empty
`lead_score.answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, case, cast, func, literal

from leadtriage.criteria.model import Criteria
from leadtriage.scoring.compile import CompiledCriterion, add_up, find_first, whole
from leadtriage.scoring.conditions import Values
from leadtriage.scoring.inputs import counts_days

_LARGEST = 10**18
"""No number reaches it: with a digit before it, it is still one of 64 bits, as every database has them."""


@dataclass(frozen=True, slots=True)
class _Digit:
    """A place within a number: it holds 0 up to `base`, which itself is not reached."""

    number: str
    weight: int
    base: int

    def read(self, numbers: Values) -> ColumnElement[int]:
        return numbers[self.number] // _wide(self.weight) % whole(self.base)


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """Where some of the answers stand.

    Attributes:
        criteria, lines: the digits of criteria and of disqualifiers, by their places among all from 0.
        widths: how many decimal digits each number takes, by its name.
    """

    criteria: Mapping[int, _Digit]
    lines: Mapping[int, _Digit]
    widths: Mapping[str, int]

    @classmethod
    def of(cls, name: str, criteria: Mapping[int, int], lines: Sequence[int]) -> AnswerPart:
        """Lay answers out.

        Args:
            name: begins the names of its numbers.
            criteria: how many answers there are to each criterion, by its place.
            lines: the places of disqualifiers.
        """
        of_criteria = dict(_lay_out(f"{name}_criteria", criteria))
        of_lines = dict(_lay_out(f"{name}_lines", dict.fromkeys(lines, 2)))
        last = {digit.number: digit for digits in (of_criteria, of_lines) for digit in digits.values()}
        return cls(of_criteria, of_lines, {name: len(str(each.weight * each.base - 1)) for name, each in last.items()})

    def number_lines(self, holds: Sequence[ColumnElement[Any]]) -> dict[str, ColumnElement[int]]:
        """The numbers of the disqualifiers, by name; `holds` says of all whether they do."""
        return _write((digit, case((holds[place], whole(1)), else_=whole(0))) for place, digit in self.lines.items())

    def number_criteria(self, compiled: Sequence[CompiledCriterion], selected: Values) -> dict[str, ColumnElement[int]]:
        """The numbers of the criteria, by name."""
        return _write((digit, compiled[place].answer(selected)) for place, digit in self.criteria.items())

    def write(self, numbers: Values) -> ColumnElement[str]:
        """The numbers as one text."""
        texts = [cast(numbers[name] + _wide(10**width), String) for name, width in self.widths.items()]
        return reduce(add, texts, literal("", String))

    @property
    def length(self) -> int:
        """So many characters a text has."""
        return sum(width + 1 for width in self.widths.values())

    def read(self, text: ColumnElement[str], start: int = 1) -> Iterator[ColumnElement[int]]:
        """The numbers of a text that begins at the character `start` of another, labelled with their names."""
        for name, width in self.widths.items():
            number = cast(func.substr(text, start + 1, width), BigInteger)
            yield number.label(name)
            start += 1 + width


@dataclass(frozen=True, slots=True)
class AnswerLayout:
    """Where each answer stands.

    Attributes:
        lasting: the answers that stay until a value of the lead changes.
        daily: of the criteria and disqualifiers that count days.
    """

    compiled: Sequence[CompiledCriterion]
    lasting: AnswerPart
    daily: AnswerPart

    @classmethod
    def of(cls, criteria: Criteria, compiled: Sequence[CompiledCriterion]) -> AnswerLayout:
        """Lay the answers to some criteria out."""
        parts = []
        for name, days in (("lasting", False), ("daily", True)):
            bases = {
                each.number: each.answers
                for each in compiled
                if counts_days(*(tier.condition for tier in each.criterion.tiers)) is days
            }
            lines = [i for i, line in enumerate(criteria.junk.disqualify) if counts_days(line.condition) is days]
            parts.append(AnswerPart.of(name, bases, lines))
        return cls(compiled, *parts)

    def gives(self, numbers: Values, criterion: int, tier: int) -> ColumnElement[bool]:
        """Whether a tier gives the points of a criterion; both by their places from 0."""
        return self.compiled[criterion].gives(self._read(numbers, criterion), tier)

    def is_known(self, numbers: Values, criterion: int) -> ColumnElement[bool]:
        """Whether the answer to a criterion is there."""
        return self.compiled[criterion].knows(self._read(numbers, criterion))

    def disqualifies(self, numbers: Values, line: int) -> ColumnElement[bool]:
        """Whether a disqualifier holds."""
        part = self.lasting if line in self.lasting.lines else self.daily
        return part.lines[line].read(numbers) == whole(1)

    def find_disqualifier(self, numbers: Values) -> ColumnElement[int]:
        """The index of the first disqualifier that holds; their number where none does."""
        lines = [self.disqualifies(numbers, line) for line in range(len(self.lasting.lines) + len(self.daily.lines))]
        if not lines:
            return whole(0)
        written = dict.fromkeys(digit.number for part in (self.lasting, self.daily) for digit in part.lines.values())
        none = add_up([numbers[number] for number in written]) == whole(0)
        return case((none, whole(len(lines))), else_=find_first(lines))

    def _read(self, numbers: Values, criterion: int) -> ColumnElement[int]:
        part = self.lasting if criterion in self.lasting.criteria else self.daily
        return part.criteria[criterion].read(numbers)


def _lay_out(name: str, bases: Mapping[int, int]) -> Iterator[tuple[int, _Digit]]:
    """Give each answer its place, in as few numbers as hold them all."""
    number, weight = 0, 1
    for place, base in bases.items():
        if weight * base > _LARGEST:
            number, weight = number + 1, 1
        yield place, _Digit(f"{name}_{number}", weight, base)
        weight *= base


def _write(answers: Iterator[tuple[_Digit, ColumnElement[Any]]]) -> dict[str, ColumnElement[int]]:
    terms: dict[str, list[ColumnElement[Any]]] = {}
    for digit, answer in answers:
        terms.setdefault(digit.number, []).append(answer * _wide(digit.weight))
    return {number: add_up(some) for number, some in terms.items()}


def _wide(number: int) -> ColumnElement[int]:
    return cast(whole(number), BigInteger)
