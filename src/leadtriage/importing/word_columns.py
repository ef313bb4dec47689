"""The columns in which a system's file says how leads stand, and whether a newer word there takes an older one back.

Whose word counts, and what it does to a lead, is `retracting`'s and `retelling`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadtriage.criteria.text import fold
from leadtriage.importing.statuses import read_outcome, read_status
from leadtriage.vocabulary import StatusMeaning


@dataclass(frozen=True, slots=True)
class WordColumn:
    """A column of one file in which a CRM says how a lead stands: its place, and the field that it fills there."""

    field: str
    header: str
    system: str
    index: int

    def read(self, cells: Sequence[str]) -> StatusMeaning | None:
        """What a row says in it."""
        cell = cells[self.index]
        return read_status(cell, self.system) if self.field == "status" else read_outcome(cell, self.header)


@dataclass(frozen=True, slots=True)
class Words:
    """A row of a file, with the columns in which it says how its lead stands."""

    columns: tuple[WordColumn, ...] = ()
    cells: Sequence[str] = ()


NO_WORDS = Words()
"""A row that nobody has."""


def find_word_columns(system: str, headers: Sequence[str], mapping: Mapping[str, Any]) -> tuple[WordColumn, ...]:
    """The columns of status and outcome of an import, from its books."""
    return tuple(
        WordColumn(field, header, system, index)
        for index, (header, (field, rank, _)) in enumerate(zip(headers, mapping["columns"], strict=True))
        if field in ("status", "outcome") and rank == 0
    )


def pair_columns(then: Iterable[WordColumn], now: Iterable[WordColumn]) -> Iterator[tuple[WordColumn, WordColumn]]:
    """The columns that both files have; one may be read as the status in one file and as the outcome in the other."""
    here = {fold(column.header): column for column in now}
    for column in then:
        if fold(column.header) in here:
            yield column, here[fold(column.header)]


def takes_back(then: StatusMeaning | None, now: StatusMeaning | None, kinds: Sequence[StatusMeaning]) -> bool:
    """Whether a column said one of these kinds then and says something else now."""
    return then in kinds and now is not None and now not in kinds


def take_back(then: Words, now: Words, kinds: Sequence[StatusMeaning]) -> bool:
    """Whether a row takes back, in any column, what an older one had said of these kinds."""
    return any(
        takes_back(before.read(then.cells), after.read(now.cells), kinds)
        for before, after in pair_columns(then.columns, now.columns)
    )
