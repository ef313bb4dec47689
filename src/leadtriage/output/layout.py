"""Fits a table's columns into a terminal's width: which stay, and how wide each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GAP = 2
"""Blanks between two columns."""

NARROWEST = 12
"""A column of text is dropped rather than cut below this many cells."""

DEAR = 90
NARROWEST_OF_DEAR = 32
"""From this `keep` on a column is cut less, other columns are dropped first."""


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

    @property
    def least(self) -> int:
        """The fewest cells it can do with."""
        if not self.shrinks:
            return self.widest
        return min(self.widest, NARROWEST_OF_DEAR if self.keep >= DEAR else NARROWEST)


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
        if len(places) == 1 or _total(columns[place].least for place in places) <= width:
            break
        places.remove(place)
    widths = {place: columns[place].widest for place in places}
    excess = _total(widths.values()) - width
    for _ in range(excess):
        widest = max(places, key=lambda place: _rank(columns[place], widths[place]))
        widths[widest] = max(1, widths[widest] - 1)
    return widths


def _rank(column: Measure, width: int) -> tuple[bool, int, int]:
    """How ready a column is to give up a cell: texts that have more than their least, the widest of them."""
    return width > column.least, width if column.shrinks else 0, -column.keep


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + GAP * (len(each) - 1)
