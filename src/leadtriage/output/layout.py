"""Fits a table's columns into a terminal's width: which stay, and how wide each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

GAP = 2
"""Blanks between two columns."""

DEAR = 80
"""A column that is kept less dearly than this is dropped before texts are cut much."""

DEAREST = 95
"""From this `keep` on texts are cut less than others."""

COMFORTABLE = {True: 32, False: 18}
NARROWEST = {True: 20, False: 12}
"""The cells that a text has at least, the dearest ones and others: while there are columns to drop, and at the end."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a column asks for, in terminal cells.

    Attributes:
        widest: of its label and values.
        keep: how dearly it is kept.
        shrinks: whether its values may be cut; numbers and dates are shown whole or not at all.
    """

    widest: int
    keep: int
    shrinks: bool

    def least(self, limits: Mapping[bool, int]) -> int:
        """The fewest cells it can do with."""
        return min(self.widest, limits[self.keep >= DEAREST]) if self.shrinks else self.widest


def fit_columns(columns: Sequence[Measure], width: int | None) -> dict[int, int]:
    """Choose columns and their widths, as place -> width in the order of the places.

    The columns that are kept least dearly go (of equals the last) until the others fit when cut; these share what
    there is, the widest texts cut first. At least one column stays, cut if it must be.

    Args:
        width: of the terminal; None where any width will do.
    """
    places = list(range(len(columns)))
    if width is None:
        return {place: columns[place].widest for place in places}
    for place in sorted(places, key=lambda place: (columns[place].keep, -place)):
        limits = COMFORTABLE if columns[place].keep < DEAR else NARROWEST
        if len(places) == 1 or _total(columns[place].least(limits) for place in places) <= width:
            break
        places.remove(place)
    widths = {place: columns[place].widest for place in places}
    excess = _total(widths.values()) - width
    for _ in range(excess):
        widest = max(places, key=lambda place: _rank(columns[place], widths[place]))
        widths[widest] = max(1, widths[widest] - 1)
    return widths


def _rank(column: Measure, width: int) -> tuple[bool, bool, bool, int, int]:
    """How ready a column is to give up a cell: what is above comfort, then texts that are not the dearest, then all."""
    can_be_cut = width > column.least(NARROWEST)
    return (
        width > column.least(COMFORTABLE),
        can_be_cut and column.keep < DEAREST,
        can_be_cut,
        width if column.shrinks else 0,
        -column.keep,
    )


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + GAP * (len(each) - 1)
