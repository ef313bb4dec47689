"""How alike two words are: typing errors, letters out of order, initials, short forms of first names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

SAME, ALIKE, SHUFFLED, INITIAL = 1.0, 0.8, 0.6, 0.3
"""What a likeness is worth against that of equal words."""

_FEWEST_LETTERS = 4
"""Of a word that may have typing errors; shorter ones are other words soon ("Tim", "Tom")."""
_LETTERS_PER_ERROR = 5
_SHARED_LETTERS = 0.8


def count_edits(one: str, other: str, most: int) -> int:
    """Return how many letters to add, leave out, replace or swap with their neighbour turn one text into the other.

    The optimal string alignment distance. Counting stops beyond `most`: then it is `most + 1`.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for place, its in enumerate(other, 1):
            if letter == its:
                edits = above[place - 1]
            else:
                edits = 1 + min(above[place - 1], above[place], current[place - 1])
                if row > 1 and place > 1 and letter == other[place - 2] and one[row - 2] == its:
                    edits = min(edits, 1 + before[place - 2])
            current.append(edits)
        if min(current) > most:
            return most + 1
        before, above = above, current
    return min(above[-1], most + 1)


def share_letters(one: str, other: str) -> float:
    """Return the share of letters that both texts have, wherever they stand: 1 for the same letters.

    The Dice coefficient of the two bags of letters.
    """
    common = sum((Counter(one) & Counter(other)).values())
    return 2 * common / ((len(one) + len(other)) or 1)


@lru_cache(maxsize=1 << 16)
def compare_words(one: str, other: str) -> float:
    """Return how alike two words of names are: `SAME`, `ALIKE`, `SHUFFLED`, `INITIAL`, or 0."""
    if one == other:
        return SAME
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return INITIAL if long.startswith(short) else 0.0
    if _short_forms().get(one, frozenset()) & _short_forms().get(other, frozenset()):
        return ALIKE
    if len(short) < _FEWEST_LETTERS - (len(long) == _FEWEST_LETTERS):
        return 0.0
    mine, its = set(one), set(other)
    if len(mine & its) < 0.5 * max(len(mine), len(its)):
        return 0.0
    shared = share_letters(one, other)
    if shared < _SHARED_LETTERS - 0.1:
        return 0.0
    most = max(1, len(long) // _LETTERS_PER_ERROR)
    # A word of four letters is soon another one when a letter of it is replaced.
    enough = shared >= _SHARED_LETTERS or len(long) > _FEWEST_LETTERS
    if enough and count_edits(one, other, most) <= most:
        return ALIKE
    # Letters that have changed places are all still there.
    shuffled = shared >= _SHARED_LETTERS + 0.05 and len(long) - len(short) <= 1
    return SHUFFLED if shuffled and len(short) >= _FEWEST_LETTERS else 0.0


@cache
def _short_forms() -> Mapping[str, frozenset[str]]:
    """For each name the full names that it may stand for."""
    full_names: dict[str, set[str]] = defaultdict(set)
    text = files(__package__).joinpath("nicknames.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            full, *short = line.split()
            for name in (full, *short):
                full_names[name].add(full)
    return {name: frozenset(full) for name, full in full_names.items()}
