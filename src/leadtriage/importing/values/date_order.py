"""Which order of day and month a column of dates uses, gathered from all its values one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from leadtriage.importing.values.dates import DateOrder

_TWO_NUMBERS = re.compile(r"\s*'?\"?(?:[A-Za-z]{2,10}\.?,?\s+)?(\d{1,2})([-/. ])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?!\d)")


@dataclass(slots=True)
class DateOrderEvidence:
    """What the values of one column say of their order; fed value by value, since rows are streamed.

    Attributes:
        day_first: how many can only be read day first, such as 13/02/2026.
        month_first: how many can only be read month first.
        ambiguous: how many could be either.
        dotted: how many of the ambiguous ones are written with dots.
    """

    day_first: int = 0
    month_first: int = 0
    ambiguous: int = 0
    dotted: int = 0

    def add(self, text: str) -> None:
        """Take one value into account; whatever is no such date says nothing."""
        if text[4:5] == "-":
            return
        match = _TWO_NUMBERS.match(text)
        if match is None:
            return
        first, second = int(match[1]), int(match[3])
        if first == second:
            return
        if 12 < first <= 31 and 1 <= second <= 12:
            self.day_first += 1
        elif 12 < second <= 31 and 1 <= first <= 12:
            self.month_first += 1
        elif 1 <= first <= 12 and 1 <= second <= 12:
            self.ambiguous += 1
            self.dotted += match[2] == "."

    def include(self, other: DateOrderEvidence) -> None:
        """Take into account what other values of the same column said."""
        self.day_first += other.day_first
        self.month_first += other.month_first
        self.ambiguous += other.ambiguous
        self.dotted += other.dotted

    @property
    def order(self) -> DateOrder | None:
        """The column's order; None where no value decides, or they contradict each other.

        Where all that is open is written with dots, it is day first: no locale of the Unicode CLDR has month.day.year.
        """
        if self.contradictory:
            return None
        if self.month_first:
            return DateOrder.MONTH_FIRST
        if self.day_first or (self.ambiguous and self.ambiguous == self.dotted):
            return DateOrder.DAY_FIRST
        return None

    @property
    def is_proven(self) -> bool:
        """Whether some values can be read in this order only, and none in the other one only."""
        return bool(self.day_first) != bool(self.month_first)

    @property
    def contradictory(self) -> bool:
        """Whether some values can only be day first and others only month first."""
        return bool(self.day_first and self.month_first)

    @property
    def undecidable(self) -> bool:
        """Whether there are values that could be either, and nothing to decide by."""
        return bool(self.ambiguous) and self.order is None


def find_common_order(columns: Iterable[DateOrderEvidence]) -> DateOrder | None:
    """Return the order of all columns of a file that show one; None where none does, or one contradicts another."""
    orders = {each.order for each in columns if each.order is not None or each.contradictory}
    return orders.pop() if len(orders) == 1 else None


def decide_date_order(values: Iterable[str]) -> DateOrder | None:
    """Return the order that a column's values show; None where they show none, or contradict each other."""
    evidence = DateOrderEvidence()
    for value in values:
        evidence.add(value)
    return evidence.order


def is_ambiguous_date(text: str) -> bool:
    """Return whether a date could be read day first and month first, to different days."""
    evidence = DateOrderEvidence()
    evidence.add(text)
    return bool(evidence.ambiguous)
