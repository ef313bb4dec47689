"""The likely duplicates: pairs of leads that no exact key joined and that are probably one, which a person decides.

Which pairs of leads a person has kept apart, so that nobody is asked again.

Which pairs of leads are worth comparing: those that share something rare, so that the work grows with the leads.

Leads that share a key stand in one block. A small block is compared pair by pair; in a larger one, such as that of
a company with thousands of people, each lead is compared with those next to it by name and company, or by name and
city. A larger one of a weak key, such as a first name in a city, tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import ColumnElement, Connection, FromClause, exists, select

from leadtriage.core.vocabulary import PairWord
from leadtriage.db import LikelyDuplicate, PairDecision, table
from leadtriage.matching.profiles import Profile, read_profiles
from leadtriage.matching.similarity import Scales

_decision = table(PairDecision)
_STANDS = (_decision.c.decision == PairWord.APART.value, _decision.c.withdrawn_at.is_(None))


def read_kept_apart(connection: Connection) -> set[tuple[int, int]]:
    """The pairs of which a person said that they are two, the smaller id first."""
    apart = select(_decision.c.lead_id, _decision.c.other_lead_id).where(*_STANDS)
    return {(one, other) for one, other in connection.execute(apart)}


def is_kept_apart(pairs: FromClause) -> ColumnElement[bool]:
    """Whether a pair is among them: a condition on rows with `lead_id` and `other_lead_id`."""
    same = (_decision.c.lead_id == pairs.c.lead_id, _decision.c.other_lead_id == pairs.c.other_lead_id)
    return exists().where(*same, *_STANDS)


_SMALL = 12
"""Leads of a block in which all are compared with all."""
_NEIGHBOURS = 4
_FEWEST_LETTERS = 3


def find_candidates(profiles: Sequence[Profile]) -> Iterator[tuple[int, int]]:
    """Yield the places of two leads that are worth comparing, each pair once, the smaller place first.

    At most about `_SMALL` / 2 pairs for each key of a lead.
    """
    seen: set[int] = set()
    size = len(profiles)
    for make_keys, is_telling in _KEYS:
        blocks: dict[str, list[int]] = defaultdict(list)
        for place, profile in enumerate(profiles):
            for key in set(make_keys(profile)):
                blocks[key].append(place)
        for block in blocks.values():
            if len(block) < 2 or (len(block) > _SMALL and not is_telling):
                continue
            for one, other in _pair_up(block, profiles):
                number = one * size + other
                if number not in seen:
                    seen.add(number)
                    yield one, other


def _pair_up(block: list[int], profiles: Sequence[Profile]) -> Iterator[tuple[int, int]]:
    if len(block) <= _SMALL:
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
    """The same for a word whose letters have changed places."""
    return "".join(sorted(word))


def _by_phone(profile: Profile) -> Iterator[str]:
    yield from profile.phones


def _by_address(profile: Profile) -> Iterator[str]:
    yield from profile.addresses
    if profile.is_personal and len(profile.local) >= _FEWEST_LETTERS + 1:
        yield f"l {profile.local}"


def _by_part_of_address(profile: Profile) -> Iterator[str]:
    """A typing error is in one part of an address, seldom in all."""
    if profile.is_personal:
        address = profile.addresses[0]
        if len(address) >= 8:
            yield f"s {address[:6]}"
            yield f"e {address[-10:]}"
            yield f"b {_letters(address)}"


def _by_name(profile: Profile) -> Iterator[str]:
    spoken = [word for word in profile.words if len(word) >= _FEWEST_LETTERS]
    for one, other in combinations(sorted(spoken), 2):
        yield f"{one} {other}"
        yield f"a {one[:2]} {_letters(other)}"
        yield f"b {_letters(one)} {other[:2]}"
    if not profile.words and profile.company:
        yield profile.company


def _by_place(profile: Profile) -> Iterator[str]:
    for word in profile.words:
        if profile.city and len(word) >= _FEWEST_LETTERS:
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
"""What makes keys, and whether sharing one still tells something where many do: their neighbours are compared then."""


LIKELY = 0.8
"""The confidence from which on a pair is worth a person's time."""


@dataclass(frozen=True, slots=True)
class LikelyPair:
    """Two leads that may be one.

    Attributes:
        lead_id, other_lead_id: the smaller id first.
        evidence: what agrees, in words.
        confidence: the probability that they are one, from 0 to 1.
    """

    lead_id: int
    other_lead_id: int
    evidence: tuple[str, ...]
    confidence: float


def find_pairs(connection: Connection, least: float = LIKELY) -> list[LikelyPair]:
    """Return the pairs that are at least so likely, the likeliest first, without those that are kept apart.

    Among them are the pairs that an import noted, since they share what identifies leads; these are never less
    likely than `LIKELY`.

    Args:
        least: the confidence from which on pairs are returned.
    """
    profiles = read_profiles(connection)
    scales = Scales(profiles)
    apart = read_kept_apart(connection)
    noted = _read_noted(connection)
    found: list[LikelyPair] = []
    places = {profile.lead_id: place for place, profile in enumerate(profiles)}
    for one, other in find_candidates(profiles):
        ids = (profiles[one].lead_id, profiles[other].lead_id)
        if ids in noted or ids in apart:
            continue
        weighed = scales.weigh(profiles[one], profiles[other])
        if weighed.confidence >= least:
            found.append(LikelyPair(*ids, weighed.evidence, round(weighed.confidence, 3)))
    for ids, said in noted.items():
        if ids in apart or not all(lead_id in places for lead_id in ids):
            continue
        weighed = scales.weigh(*(profiles[places[lead_id]] for lead_id in ids))
        confidence = max(LIKELY, weighed.confidence)
        if confidence >= least:
            evidence = tuple(dict.fromkeys((*said.split("; "), *weighed.evidence)))
            found.append(LikelyPair(*ids, evidence, round(confidence, 3)))
    return sorted(found, key=lambda pair: (-pair.confidence, pair.lead_id, pair.other_lead_id))


def _read_noted(connection: Connection) -> dict[tuple[int, int], str]:
    pair = table(LikelyDuplicate)
    return {(row.lead_id, row.other_lead_id): row.evidence for row in connection.execute(select(pair))}
