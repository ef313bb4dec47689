"""Which pairs of leads are worth comparing: those that share something rare, so that the work grows with the leads.

Leads that share a key stand in one block. A small block is compared pair by pair; in a larger one, such as that of
a company with thousands of people, each lead is compared with those next to it by name and company, or by name and
city. A larger one of a weak key, such as a first name in a city, tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from leadtriage.matching.profiles import Profile

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
