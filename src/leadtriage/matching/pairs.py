"""Likely duplicates that the import did not merge: pairs of leads that are probably one, for a person to decide.

The work must not grow with the square of the leads. So only leads of one block are compared: those that share a key,
such as a phone or two words of a name. In a large block, a lead is compared with its neighbours in two sort orders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

from sqlalchemy import ColumnElement, Connection, FromClause, exists, select

from leadtriage.core.vocabulary import PairWord
from leadtriage.db import LikelyDuplicate, PairDecision, table
from leadtriage.matching.profiles import Profile, read_profiles

LIKELY = 0.8
"""The lowest confidence that is worth a person's time."""

_SMALL_BLOCK = 12
"""The size up to which all leads of a block are compared with all."""
_NEIGHBOURS = 4
_MIN_LETTERS = 3

_decision = table(PairDecision)
_IS_APART = (_decision.c.decision == PairWord.APART.value, _decision.c.withdrawn_at.is_(None))


@dataclass(frozen=True, slots=True)
class LikelyPair:
    """Two leads that may be the same.

    Attributes:
        lead_id, other_lead_id: the smaller id first.
        evidence: what agrees, in words.
        confidence: the probability that they are the same, from 0 to 1.
    """

    lead_id: int
    other_lead_id: int
    evidence: tuple[str, ...]
    confidence: float


def is_kept_apart(pairs: FromClause) -> ColumnElement[bool]:
    """Whether a person keeps a pair apart: a condition on rows with `lead_id` and `other_lead_id`."""
    same = (_decision.c.lead_id == pairs.c.lead_id, _decision.c.other_lead_id == pairs.c.other_lead_id)
    return exists().where(*same, *_IS_APART)


def find_pairs(connection: Connection, least: float = LIKELY) -> list[LikelyPair]:
    """Return the pairs of at least this confidence, the likeliest first, without those that are kept apart.

    Pairs that an import noted share what identifies leads; their confidence is at least `LIKELY`.
    """
    from leadtriage.matching.similarity import PairScorer  # loads rapidfuzz, which nothing else needs

    profiles = read_profiles(connection)
    scorer = PairScorer(profiles)
    places = {profile.lead_id: place for place, profile in enumerate(profiles)}
    pair = table(LikelyDuplicate)
    noted = {(row.lead_id, row.other_lead_id): row.evidence for row in connection.execute(select(pair))}
    kept_apart = select(_decision.c.lead_id, _decision.c.other_lead_id).where(*_IS_APART)
    apart = {(one, other) for one, other in connection.execute(kept_apart)}
    known = ((places[one], places[other]) for one, other in noted if one in places and other in places)
    found: dict[tuple[int, int], LikelyPair] = {}
    for one, other in chain(find_candidates(profiles), known):
        ids = (profiles[one].lead_id, profiles[other].lead_id)
        if ids in apart:
            continue
        score = scorer.score(profiles[one], profiles[other])
        confidence, evidence = score.confidence, score.evidence
        if ids in noted:
            confidence = max(LIKELY, confidence)
            evidence = tuple(dict.fromkeys((*noted[ids].split("; "), *evidence)))
        if confidence >= least:
            found[ids] = LikelyPair(*ids, evidence, round(confidence, 3))
    return sorted(found.values(), key=lambda pair: (-pair.confidence, pair.lead_id, pair.other_lead_id))


def find_candidates(profiles: Sequence[Profile]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of two profiles that are worth comparing, each pair once, the smaller index first.

    There are at most about `_SMALL_BLOCK` / 2 pairs for each key of a lead.
    """
    seen: set[int] = set()
    for make_keys, is_strong in _KEYS:
        blocks: dict[str, list[int]] = defaultdict(list)
        for place, profile in enumerate(profiles):
            for key in set(make_keys(profile)):
                blocks[key].append(place)
        for block in blocks.values():
            if len(block) < 2 or (len(block) > _SMALL_BLOCK and not is_strong):
                continue
            for one, other in _pair_up(block, profiles):
                number = one * len(profiles) + other
                if number not in seen:
                    seen.add(number)
                    yield one, other


def _pair_up(block: list[int], profiles: Sequence[Profile]) -> Iterator[tuple[int, int]]:
    if len(block) <= _SMALL_BLOCK:
        yield from combinations(block, 2)
        return
    for order in (_by_words_and_company, _by_words_and_city):
        ranked = sorted(block, key=lambda place: order(profiles[place]))
        for distance in range(1, _NEIGHBOURS + 1):
            for one, other in zip(ranked, ranked[distance:], strict=False):
                yield (one, other) if one < other else (other, one)


def _by_words_and_company(profile: Profile) -> tuple[str, ...]:
    return (*sorted(profile.words, reverse=True), profile.site or profile.company)


def _by_words_and_city(profile: Profile) -> tuple[str, ...]:
    return (*sorted(profile.words), profile.city)


def _letters(word: str) -> str:
    """The letters of a word in order, equal for words with letters swapped."""
    return "".join(sorted(word))


def _by_phone(profile: Profile) -> Iterator[str]:
    yield from profile.phones


def _by_address(profile: Profile) -> Iterator[str]:
    yield from profile.addresses
    if profile.is_personal and len(profile.local) >= _MIN_LETTERS + 1:
        yield f"l {profile.local}"


def _by_part_of_address(profile: Profile) -> Iterator[str]:
    """A typing error touches one part of an address, rarely all."""
    if profile.is_personal:
        address = profile.addresses[0]
        if len(address) >= 8:
            yield f"s {address[:6]}"
            yield f"e {address[-10:]}"
            yield f"b {_letters(address)}"


def _by_name(profile: Profile) -> Iterator[str]:
    spoken = [word for word in profile.words if len(word) >= _MIN_LETTERS]
    for one, other in combinations(sorted(spoken), 2):
        yield f"{one} {other}"
        yield f"a {one[:2]} {_letters(other)}"
        yield f"b {_letters(one)} {other[:2]}"
    if not profile.words and profile.company:
        yield profile.company


def _by_place(profile: Profile) -> Iterator[str]:
    for word in profile.words:
        if profile.city and len(word) >= _MIN_LETTERS:
            yield f"{_letters(word)} {profile.city[:4]}"


def _by_company(profile: Profile) -> Iterator[str]:
    for company in (profile.company[:8], profile.site):
        if company:
            for word in profile.words:
                yield f"{word[:4]} {company}"
            if not profile.words:
                yield company


def _by_birthday(profile: Profile) -> Iterator[str]:
    if profile.born:
        yield profile.born


_KEYS: tuple[tuple[Callable[[Profile], Iterator[str]], bool], ...] = (
    (_by_phone, True),
    (_by_address, True),
    (_by_part_of_address, False),
    (_by_name, True),
    (_by_place, False),
    (_by_company, True),
    (_by_birthday, False),
)
"""Functions that make keys, each with whether a large block of such a key is still worth comparing with neighbours."""
