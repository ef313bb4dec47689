"""How likely two leads are the same, from what they share and what contradicts it.

Each agreement adds a weight in bits: log2 of how much likelier it is within one lead than between two random leads, so
rare values weigh more. Contradictions subtract. The sum starts below zero, and lower the more leads there are
(Fellegi and Sunter, 1969).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import exp2, log2

from rapidfuzz.distance import OSA, Hamming, Indel

from leadtriage.matching.profiles import Profile

SAME, ALIKE, SHUFFLED, INITIAL = 1.0, 0.8, 0.6, 0.3
"""The similarities of two words, as a share of the weight of equal ones."""

_SHORT_WORD = 4
"""Letters of the shortest word that may have typing errors; shorter ones soon become other words ("Tim", "Tom")."""
_LETTERS_PER_ERROR = 5
_SHARED_LETTERS = 0.8

_MIN_LEADS = 1_000
"""A small database is a sample of a larger world, where chance agreements are not likelier."""

_SAME_ADDRESS, _ALIKE_ADDRESS, _SAME_LOCAL = 14.0, 10.0, 6.0
_OTHER_PERSON, _OTHER_LOCAL_OF_ONE_SITE, _OTHER_ADDRESS = -6.0, -3.0, -1.5
_OTHER_PHONE, _OTHER_COMPANY, _OTHER_PLACE, _OTHER_COUNTRY = -1.0, -3.0, -1.5, -4.0
_OTHER_NAME, _OTHER_PART_OF_NAME = -14.0, -9.0
_BORN_SAME, _BORN_ALIKE, _BORN_NEAR, _BORN_OTHER = 9.0, 4.0, 1.0, -3.0
_BOTH_NAMELESS = 3.0
_MAX_WORD, _MAX_COMPANY, _MAX_PHONE, _MAX_PLACE = 10.0, 9.0, 14.0, 5.0


@lru_cache(maxsize=1 << 16)
def compare_words(one: str, other: str) -> float:
    """Return how similar two words of names are: `SAME`, `ALIKE`, `SHUFFLED`, `INITIAL`, or 0."""
    if one == other:
        return SAME
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return INITIAL if long.startswith(short) else 0.0
    if _full_names().get(one, frozenset()) & _full_names().get(other, frozenset()):
        return ALIKE
    if len(short) < _SHORT_WORD - (len(long) == _SHORT_WORD):
        return 0.0
    shared = _share_letters(one, other)
    # A word of four letters soon becomes another one when one letter changes.
    least = _SHARED_LETTERS - (0.1 if len(long) > _SHORT_WORD else 0.0)
    if shared >= least and _within_edits(one, other, max(1, len(long) // _LETTERS_PER_ERROR)):
        return ALIKE
    is_shuffled = shared >= _SHARED_LETTERS + 0.05 and len(long) - len(short) <= 1
    return SHUFFLED if is_shuffled and len(short) >= _SHORT_WORD else 0.0


def _share_letters(one: str, other: str) -> float:
    """The Dice coefficient of the letters of two texts in any order: 1 for the same letters."""
    # The longest common subsequence of sorted texts is what both have in common.
    return Indel.similarity("".join(sorted(one)), "".join(sorted(other))) / ((len(one) + len(other)) or 1)


def _within_edits(one: str, other: str, most: int) -> bool:
    """Whether so many edits turn one text into the other; swapping two neighbours is one edit."""
    return OSA.distance(one, other, score_cutoff=most) <= most


@cache
def _full_names() -> Mapping[str, frozenset[str]]:
    """Each first name with the full names that it can stand for."""
    full_names: dict[str, set[str]] = defaultdict(set)
    for line in files(__package__).joinpath("nicknames.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            full = line.split()[0]
            for name in line.split():
                full_names[name].add(full)
    return {name: frozenset(full) for name, full in full_names.items()}


@dataclass(frozen=True, slots=True)
class PairScore:
    """The result of comparing two leads.

    Attributes:
        bits: the match weight; above zero for the same lead, below for two.
        evidence: what agrees, in words.
        contradicts: the names are those of two people.
    """

    bits: float
    evidence: tuple[str, ...]
    contradicts: bool = False

    @property
    def confidence(self) -> float:
        """The probability that they are the same, from 0 to 1."""
        return 1 / (1 + exp2(-max(-60.0, min(60.0, self.bits))))


class PairScorer:
    """Scores pairs of leads by how rare the values that they share are among all leads."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._words = Counter(word for profile in profiles for word in set(profile.words))
        self._companies = Counter(profile.company for profile in profiles)
        self._sites = Counter(profile.site for profile in profiles)
        self._phones = Counter(phone for profile in profiles for phone in set(profile.phones))
        self._cities = Counter(profile.city for profile in profiles)
        self._states = Counter(profile.state for profile in profiles)
        self._leads = max(len(profiles), _MIN_LEADS)

    def score(self, one: Profile, other: Profile) -> PairScore:
        """Compare two leads."""
        evidence: list[str] = []
        bits, contradicts = self._score_names(one, other, evidence)
        bits -= log2(self._leads)
        shares_address = not set(one.addresses).isdisjoint(other.addresses)
        if contradicts and not shares_address and not (one.born and one.born == other.born):
            # People of different names share a company, a phone and a city every day.
            return PairScore(bits, (), contradicts)
        bits += self._score_phones(one, other, evidence)
        bits += self._score_companies(one, other, evidence)
        bits += self._score_places(one, other, evidence)
        bits += _score_birthdays(one, other, evidence)
        if bits + (_SAME_ADDRESS if shares_address else _ALIKE_ADDRESS) > 0:
            bits += _score_addresses(one, other, evidence)
        return PairScore(bits, tuple(evidence), contradicts)

    def _weigh(self, counts: Counter[str], value: str, most: float) -> float:
        """Return the weight of sharing a value: log2 of one by its share among all leads."""
        return max(0.0, min(most, log2(self._leads / max(counts[value], 2))))

    def _score_names(self, one: Profile, other: Profile, evidence: list[str]) -> tuple[float, bool]:
        if not one.words or not other.words:
            return (_BOTH_NAMELESS if not one.words and not other.words else 0.0), False
        matched, left, right = _pair_words(one.words, other.words)
        bits = 0.0
        for mine, its, similarity in matched:
            weights = [self._weigh(self._words, word, _MAX_WORD) for word in (mine, its)]
            bits += (min(weights) if similarity == SAME else weights[0]) * similarity
        if left and right:
            return bits * 0.5 + (_OTHER_PART_OF_NAME if matched else _OTHER_NAME), True
        if left or right or any(similarity != SAME for *_, similarity in matched):
            evidence.append(f"names alike ({one.name} / {other.name})")
        elif len(matched) == 1:
            evidence.append(f"same name ({one.name})")
        else:
            evidence.append("same name" if one.words == other.words else "same name in another order")
        return bits, False

    def _score_phones(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        if not one.phones or not other.phones:
            return 0.0
        shared = set(one.phones) & set(other.phones)
        if not shared:
            return _OTHER_PHONE
        evidence.append("same phone")
        return max(1.0, _MAX_PHONE - 2 * log2(max(min(self._phones[phone] for phone in shared), 2)))

    def _score_companies(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        bits = 0.0
        if one.site and one.site == other.site:
            evidence.append("same company domain")
            bits = self._weigh(self._sites, one.site, _MAX_COMPANY)
        if not one.company or not other.company:
            return bits
        if one.company == other.company:
            evidence.append("same company")
            return max(bits, self._weigh(self._companies, one.company, _MAX_COMPANY))
        if _are_companies_alike(one.company, other.company):
            evidence.append("companies alike")
            return max(bits, 0.7 * self._weigh(self._companies, one.company, _MAX_COMPANY))
        return bits or _OTHER_COMPANY

    def _score_places(self, one: Profile, other: Profile, evidence: list[str]) -> float:
        bits = _OTHER_COUNTRY if one.country and other.country and one.country != other.country else 0.0
        for kind, counts, mine, its in (
            ("city", self._cities, one.city, other.city),
            ("state", self._states, one.state, other.state),
        ):
            if not mine or not its:
                continue
            if mine == its:
                evidence.append(f"same {kind}")
                return bits + self._weigh(counts, mine, _MAX_PLACE)
            if compare_words(mine, its) >= SHUFFLED:
                evidence.append(f"{kind} alike")
                return bits + 0.5 * self._weigh(counts, mine, _MAX_PLACE)
            return bits + _OTHER_PLACE
        return bits


def _score_addresses(one: Profile, other: Profile, evidence: list[str]) -> float:
    if not one.addresses or not other.addresses:
        return 0.0
    are_personal = one.is_personal and other.is_personal
    if not set(one.addresses).isdisjoint(other.addresses):
        evidence.append("same e-mail")
        return _SAME_ADDRESS if are_personal else _SAME_LOCAL
    if not are_personal:
        return 0.0
    mine, its = one.addresses[0], other.addresses[0]
    holds_name = any(len(word) > 2 and word in one.local and word in other.local for word in one.words)
    if one.local == other.local:
        if len(one.local) < 5:
            return _OTHER_ADDRESS
        evidence.append(f"same e-mail before the @ ({mine} / {its})")
        return 1.0 if holds_name else _SAME_LOCAL
    if _name_others(one, other):
        return _OTHER_PERSON
    if one.site and one.site == other.site:
        return _score_colleagues(one, other, evidence)
    if _are_addresses_alike(mine, its):
        evidence.append(f"e-mails alike ({mine} / {its})")
        return _ALIKE_ADDRESS * (0.5 if holds_name else 1.0)
    return _OTHER_ADDRESS


def _score_colleagues(one: Profile, other: Profile, evidence: list[str]) -> float:
    """Score two addresses of one company: a typing error, another spelling of one name, or two people."""
    if compare_words(one.local, other.local) >= SHUFFLED and min(len(one.local), len(other.local)) > 4:
        evidence.append(f"e-mails alike ({one.addresses[0]} / {other.addresses[0]})")
        return _ALIKE_ADDRESS * 0.6
    names = ("".join(c if c.isalpha() else " " for c in each.local).split() for each in (one, other))
    matched, left, right = _pair_words(*names)
    if any(len(word) > 2 for word in left) and any(len(word) > 2 for word in right):
        return _OTHER_PERSON
    return 0.0 if matched else _OTHER_LOCAL_OF_ONE_SITE


def _score_birthdays(one: Profile, other: Profile, evidence: list[str]) -> float:
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


def _pair_words(mine: Sequence[str], its: Sequence[str]) -> tuple[list[tuple[str, str, float]], list[str], list[str]]:
    """Pair the words of two names in any order, the most similar first; return the pairs and the words left over."""
    similar = sorted(
        ((compare_words(a, b), -i, -j) for i, a in enumerate(mine) for j, b in enumerate(its)), reverse=True
    )
    left, right = dict(enumerate(mine)), dict(enumerate(its))
    matched: list[tuple[str, str, float]] = []
    for similarity, i, j in similar:
        if similarity and -i in left and -j in right:
            matched.append((left.pop(-i), right.pop(-j), similarity))
    return matched, list(left.values()), list(right.values())


def _name_others(one: Profile, other: Profile) -> bool:
    """Whether both addresses hold the lead's name and another one each beside it (annalee@, tomlee@)."""
    rests = []
    for profile in (one, other):
        rest = before = "".join(c for c in profile.local if c.isalpha())
        for word in profile.words:
            rest = rest.replace(word, "", 1) if len(word) > 2 else rest
        rests.append(rest if rest != before else "")
    return min(map(len, rests)) > 2 and not compare_words(*rests)


def _are_addresses_alike(one: str, other: str) -> bool:
    """Whether one may be the other with typing errors or with letters in another order."""
    length = max(len(one), len(other))
    most = max(2, length // 6)
    if abs(len(one) - len(other)) > most or _share_letters(one, other) < 0.85:
        return False
    mine, its = ("".join(c for c in text if c.isdecimal()) for text in (one, other))
    if abs(len(mine) - len(its)) > 1 or (min(len(mine), len(its)) > 1 and _share_letters(mine, its) < 0.75):
        # anna2010@ and anna4711@ are two people.
        return False
    in_place = max(Hamming.similarity(one, other, pad=True), Hamming.similarity(one[::-1], other[::-1], pad=True))
    return _within_edits(one, other, most) or in_place >= 0.6 * length


def _are_companies_alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    is_part = long.startswith(f"{short} ") or short.replace(" ", "") == long.replace(" ", "")
    return len(short) >= 5 and (is_part or _within_edits(one, other, max(1, len(long) // 8)))
