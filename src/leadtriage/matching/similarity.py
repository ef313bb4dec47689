"""How alike two words are: typing errors, letters out of order, initials, short forms of first names.

What speaks for two leads being one and what against it, in bits, after Fellegi and Sunter (1969).

Each agreement weighs log2 of how much likelier it is between two rows of one than between two leads by chance: the
rarer a value, the more. Each contradiction weighs what it makes less likely. The sum begins below zero, since two
leads by chance are hardly ever one, and the more leads there are, the further.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import exp2, log2

from leadtriage.matching.profiles import Profile

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


_FEWEST_LEADS = 1_000
"""A smaller database is a part of a larger world: chance is not likelier there."""

_SAME_ADDRESS, _ALIKE_ADDRESS, _SAME_LOCAL = 14.0, 10.0, 6.0
_OTHER_PERSON, _OTHER_LOCAL_OF_ONE_SITE, _OTHER_ADDRESS = -6.0, -3.0, -1.5
_OTHER_PHONE, _OTHER_COMPANY, _OTHER_PLACE, _OTHER_COUNTRY = -1.0, -3.0, -1.5, -4.0
_OTHER_NAME, _OTHER_PART_OF_NAME = -14.0, -9.0
_BORN_SAME, _BORN_ALIKE, _BORN_NEAR, _BORN_OTHER = 9.0, 4.0, 1.0, -3.0
_NEITHER_HAS_A_NAME = 3.0
_MOST_OF_A_WORD, _MOST_OF_A_COMPANY, _MOST_OF_A_PHONE, _MOST_OF_A_PLACE = 10.0, 9.0, 14.0, 5.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """What came of comparing two leads.

    Attributes:
        bits: for being one, against it where below zero.
        evidence: what agrees, in words.
        contradicts: the names are those of two people.
    """

    bits: float
    evidence: tuple[str, ...]
    contradicts: bool = False

    @property
    def confidence(self) -> float:
        """The probability that they are one, from 0 to 1."""
        return 1 / (1 + exp2(-max(-60.0, min(60.0, self.bits))))


class Scales:
    """Weighs pairs of leads by how rare what they share is among all leads."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._words: Counter[str] = Counter()
        self._companies: Counter[str] = Counter()
        self._sites: Counter[str] = Counter()
        self._phones: Counter[str] = Counter()
        self._places: Counter[str] = Counter()
        for profile in profiles:
            self._words.update(set(profile.words))
            self._companies[profile.company] += 1
            self._sites[profile.site] += 1
            self._phones.update(set(profile.phones))
            self._places.update({f"city {profile.city}", f"state {profile.state}"})
        self._leads = max(len(profiles), _FEWEST_LEADS)

    def weigh(self, one: Profile, other: Profile) -> Weighed:
        """Compare two leads."""
        evidence: list[str] = []
        bits, contradicts = self._weigh_names(one, other, evidence)
        bits -= log2(self._leads)
        if contradicts and not _share_what_is_ones_own(one, other):
            # A company, a telephone and a city are shared by people of different names every day.
            return Weighed(bits, (), contradicts)
        bits += self._weigh_phones(one, other, evidence)
        bits += self._weigh_companies(one, other, evidence)
        bits += self._weigh_places(one, other, evidence)
        bits += _weigh_birthdays(one, other, evidence)
        if bits + (_ALIKE_ADDRESS if set(one.addresses).isdisjoint(other.addresses) else _SAME_ADDRESS) > 0:
            bits += self._weigh_addresses(one, other, evidence)
        return Weighed(bits, tuple(evidence), contradicts)

    def _rarity(self, counts: Counter[str], value: str, most: float) -> float:
        """Bits of sharing a value by chance: log2 of one by its share among all leads."""
        return max(0.0, min(most, log2(self._leads / max(counts[value], 2))))

    def _weigh_names(self, one: Profile, other: Profile, evidence: list[str]) -> tuple[float, bool]:
        if not one.words or not other.words:
            return (_NEITHER_HAS_A_NAME if not one.words and not other.words else 0.0), False
        matched, left, right = _pair_words(one.words, other.words)
        bits = 0.0
        for mine, its, likeness in matched:
            rarest = min(self._rarity(self._words, word, _MOST_OF_A_WORD) for word in (mine, its))
            bits += (rarest if likeness == SAME else self._rarity(self._words, mine, _MOST_OF_A_WORD)) * likeness
        same = all(likeness == SAME for *_, likeness in matched)
        if matched and not (left and right):
            if same and not left and not right:
                said = "same name" if one.words == other.words else "same name in another order"
                evidence.append(said if len(matched) > 1 else f"same name ({one.name})")
            else:
                evidence.append(f"names alike ({one.name} / {other.name})")
        if not (left and right):
            return bits, False
        return bits * 0.5 + (_OTHER_PART_OF_NAME if matched else _OTHER_NAME), True

    def _weigh_addresses(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        if not one.addresses or not other.addresses:
            return 0.0
        shared = set(one.addresses) & set(other.addresses)
        if shared:
            evidence.append("same e-mail")
            return _SAME_ADDRESS if one.is_personal and other.is_personal else _SAME_LOCAL
        mine, its = one.addresses[0], other.addresses[0]
        if not (one.is_personal and other.is_personal):
            return 0.0
        if one.local == other.local:
            if len(one.local) < 5:
                return _OTHER_ADDRESS
            evidence.append(f"same e-mail but for what follows the @ ({mine} / {its})")
            of_name = any(len(word) > 2 and word in one.local for word in one.words)
            return 1.0 if of_name else _SAME_LOCAL
        if _name_others(one, other):
            return _OTHER_PERSON
        if one.site and one.site == other.site:
            return self._weigh_neighbours(one, other, evidence)
        if _are_addresses_alike(mine, its):
            evidence.append(f"e-mails alike ({mine} / {its})")
            of_name = any(len(word) > 2 and word in one.local and word in other.local for word in one.words)
            return _ALIKE_ADDRESS * (0.5 if of_name else 1.0)
        return _OTHER_ADDRESS

    def _weigh_neighbours(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        """Two addresses of one company: a typing error, the same name written otherwise, or two people."""
        if compare_words(one.local, other.local) >= SHUFFLED and min(len(one.local), len(other.local)) > 4:
            evidence.append(f"e-mails alike ({one.addresses[0]} / {other.addresses[0]})")
            return _ALIKE_ADDRESS * 0.6
        matched, left, right = _pair_words(_split(one.local), _split(other.local))
        if any(len(word) > 2 for word in left) and any(len(word) > 2 for word in right):
            return _OTHER_PERSON
        return 0.0 if matched else _OTHER_LOCAL_OF_ONE_SITE

    def _weigh_phones(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        if not one.phones or not other.phones:
            return 0.0
        shared = set(one.phones) & set(other.phones)
        if not shared:
            return _OTHER_PHONE
        evidence.append("same phone")
        sharing = min(self._phones[phone] for phone in shared)
        return max(1.0, _MOST_OF_A_PHONE - 2 * log2(max(sharing, 2)))

    def _weigh_companies(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        bits = 0.0
        if one.site and one.site == other.site:
            evidence.append("same company domain")
            bits = self._rarity(self._sites, one.site, _MOST_OF_A_COMPANY)
        if not one.company or not other.company:
            return bits
        if one.company == other.company:
            evidence.append("same company")
            return max(bits, self._rarity(self._companies, one.company, _MOST_OF_A_COMPANY))
        if _are_companies_alike(one.company, other.company):
            evidence.append("companies alike")
            return max(bits, 0.7 * self._rarity(self._companies, one.company, _MOST_OF_A_COMPANY))
        return bits or _OTHER_COMPANY

    def _weigh_places(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        bits = _OTHER_COUNTRY if one.country and other.country and one.country != other.country else 0.0
        for kind, mine, its in (("city", one.city, other.city), ("state", one.state, other.state)):
            if not mine or not its:
                continue
            if mine == its:
                evidence.append(f"same {kind}")
                return bits + self._rarity(self._places, f"{kind} {mine}", _MOST_OF_A_PLACE)
            if compare_words(mine, its) >= SHUFFLED:
                evidence.append(f"{kind} alike")
                return bits + 0.5 * self._rarity(self._places, f"{kind} {mine}", _MOST_OF_A_PLACE)
            return bits + _OTHER_PLACE
        return bits


def _share_what_is_ones_own(one: Profile, other: Profile) -> bool:
    """Whether they have one address, or were born on one day."""
    return bool(one.born and one.born == other.born) or not set(one.addresses).isdisjoint(other.addresses)


def _pair_words(mine: Sequence[str], its: Sequence[str]) -> tuple[list[tuple[str, str, float]], list[str], list[str]]:
    """Pair the words of two names, the likest first in any order, and return what is left of each besides."""
    likely = sorted(
        ((compare_words(a, b), -i, -j) for i, a in enumerate(mine) for j, b in enumerate(its)), reverse=True
    )
    left, right = dict(enumerate(mine)), dict(enumerate(its))
    matched: list[tuple[str, str, float]] = []
    for likeness, i, j in likely:
        if likeness and -i in left and -j in right:
            matched.append((left.pop(-i), right.pop(-j), likeness))
    return matched, list(left.values()), list(right.values())


def _split(local: str) -> list[str]:
    """The words of what stands before an @, without numbers."""
    return "".join(c if c.isalpha() else " " for c in local).split()


def _name_others(one: Profile, other: Profile) -> bool:
    """Whether both addresses hold the lead's name and another one each beside it (annalee@, tomlee@)."""
    rests = []
    for profile in (one, other):
        rest = "".join(c for c in profile.local if c.isalpha())
        before = rest
        for word in profile.words:
            rest = rest.replace(word, "", 1) if len(word) > 2 else rest
        rests.append(rest if rest != before else "")
    return min(map(len, rests)) > 2 and not compare_words(*rests)


def _are_addresses_alike(one: str, other: str) -> bool:
    """Whether one may be the other with typing errors, or with letters that have changed places."""
    length = max(len(one), len(other))
    if abs(len(one) - len(other)) > max(2, length // 6):
        return False
    mine, its = set(one), set(other)
    if len(mine & its) < 0.7 * max(len(mine), len(its)) or share_letters(one, other) < 0.85:
        return False
    numbers = ["".join(c for c in text if c.isdecimal()) for text in (one, other)]
    if (min(map(len, numbers)) > 1 and share_letters(*numbers) < 0.75) or abs(len(numbers[0]) - len(numbers[1])) > 1:
        # anna2010@ and anna4711@ are two people.
        return False
    most = max(2, length // 6)
    return count_edits(one, other, most) <= most or _count_in_place(one, other) >= 0.6 * length


def _count_in_place(one: str, other: str) -> int:
    """How many letters stand where they stand in the other, counted from the start or from the end."""
    from_start = sum(a == b for a, b in zip(one, other, strict=False))
    return max(from_start, sum(a == b for a, b in zip(reversed(one), reversed(other), strict=False)))


def _are_companies_alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) >= 5 and (long.startswith(f"{short} ") or short.replace(" ", "") == long.replace(" ", "")):
        return True
    return len(short) >= 5 and count_edits(one, other, max(1, len(long) // 8)) <= max(1, len(long) // 8)


def _weigh_birthdays(one: Profile, other: Profile, evidence: list[str]) -> float:
    if not one.born or not other.born:
        return 0.0
    if one.born == other.born:
        evidence.append("same birthday")
        return _BORN_SAME
    parts = list(zip(one.born.split("-"), other.born.split("-"), strict=False))
    if len(parts) != 3:
        return 0.0
    if sum(a == b for a, b in parts) == 2 or sorted(one.born) == sorted(other.born):
        evidence.append("birthdays alike")
        return _BORN_ALIKE
    return _BORN_NEAR if abs(int(parts[0][0]) - int(parts[0][1])) <= 1 else _BORN_OTHER
