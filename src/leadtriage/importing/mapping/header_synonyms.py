"""The words of headers: how they are compared, and which lead field each means by `synonyms.yaml`."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from leadtriage.core.text import fold

# Every scalar in these files is a text: YAML would otherwise turn "NO" and "Y" into truth values.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_REPEAT_MARK = re.compile(r"\s\(\d+\)$")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"(?P<outside>[^()\[\]]+)[(\[](?P<inside>[^()\[\]]+)[)\]]\s*[*:]?\s*")
_LONGEST = 500
"""Characters of a header or status word that count."""
_ALIKE = 0.88
"""Share of equal letters (`difflib`) from which one header is a misspelling of another."""


def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a header in lower case without accents: "firstName" is ("first", "name")."""
    spaced = _CAMEL_CASE.sub(" ", _REPEAT_MARK.sub("", text[:_LONGEST]))
    plain = unicodedata.normalize("NFKD", spaced).casefold()
    kept = []
    for character in unicodedata.normalize("NFKD", plain):
        category = unicodedata.category(character)
        if category[0] in "LN" or category == "Mc":
            kept.append(character)
        elif category != "Mn":
            kept.append(" ")
    return tuple("".join(kept).split())


def squeeze(text: str) -> str:
    """Return a header without case, accents, spaces, punctuation and the mark " (2)" of a repeated one.

    "E-Mail", "e_mail" and "EMAIL" are all "email".
    """
    return "".join(split_words(text))


def squeeze_all(texts: Iterable[str]) -> frozenset[str]:
    """Squeeze each text."""
    return frozenset(map(squeeze, texts))


def find_phrase(phrase: tuple[str, ...], words: tuple[str, ...]) -> int | None:
    """Return the place of a phrase among words; None if it is not there."""
    starts = range(len(words) - len(phrase) + 1)
    return next((start for start in starts if words[start : start + len(phrase)] == phrase), None)


def headers_digest(headers: Sequence[str]) -> str:
    """Return a SHA-256 digest that files with the same set of headers share, in any order."""
    return hashlib.sha256("\x1f".join(sorted(fold(header) for header in headers)).encode()).hexdigest()


def read_yaml(resource: Traversable) -> dict[str, Any]:
    """Return one of the package's own YAML files, all scalars as text."""
    document: dict[str, Any] = yaml.load(resource.read_text(encoding="utf-8"), Loader=_Loader)
    return document


def flatten(lists: Iterable[Any]) -> Iterator[str]:
    """Yield the texts of nested lists, in order."""
    for item in lists:
        if isinstance(item, str):
            yield item
        else:
            yield from flatten(item)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one spelling means.

    Attributes:
        place: its place in the field's order of preference, from 0.
        spare: it only counts where the file has nothing better.
    """

    field: str
    place: int
    spare: bool = False


@dataclass(frozen=True, slots=True)
class HeaderSynonyms:
    """The content of `synonyms.yaml`, which explains each part; keys are squeezed headers."""

    entries: Mapping[str, Entry]
    questions: tuple[tuple[str, frozenset[str]], ...]
    other: frozenset[str]
    typos_of: tuple[str, ...]
    before: frozenset[str]
    after: frozenset[str]
    currencies: tuple[tuple[str, str], ...]
    currency_headers: frozenset[str]
    before_fields: frozenset[str]
    bare_names: frozenset[str]
    salutations: frozenset[str]
    someone_else: tuple[tuple[str, ...], ...]

    def find(self, header: str) -> Entry | None:
        """Return what the header means by its plain words, without a trailing number ("Phone 2")."""
        key = squeeze(header)
        if key in self.other:
            return None
        if key in self.entries:
            return self.entries[key]
        bare = key.rstrip("0123456789")
        entry = None if bare in self.other else self.entries.get(bare)
        return replace(entry, place=entry.place + 1000) if entry else None

    def find_part(self, header: str) -> Entry | None:
        """Return what the header means without filler words: "Your E-Mail", "Phone (mobile)", "Firm Firma"."""
        for variant in self._vary(header):
            entry = self.find(" ".join(variant))
            if entry is not None and not entry.spare:
                return entry
            words = variant
            while len(words) > 1 and words[0] in self.before:
                words = words[1:]
                entry = self.find(" ".join(words))
                if entry is not None and not entry.spare and entry.field in self.before_fields:
                    return entry
        words = split_words(header)
        # Both halves may mean one field, as where two header rows name it.
        for cut in range(1, len(words)):
            upper, lower = self.find(" ".join(words[:cut])), self.find(" ".join(words[cut:]))
            if upper is not None and lower is not None and upper.field == lower.field and not lower.spare:
                return lower
        return None

    def _vary(self, header: str) -> Iterator[tuple[str, ...]]:
        """Yield the header's words in other arrangements, the most telling first."""
        words = split_words(header)
        yield words
        bracketed = _BRACKETS.fullmatch(header)
        if bracketed is not None:
            yield (*split_words(bracketed["inside"]), *split_words(bracketed["outside"]))
        while len(words) > 1 and words[-1] in self.after:
            words = words[:-1]
            yield words
        _, colon, rest = header.partition(":")
        if colon:
            yield split_words(rest)

    def find_currency(self, header: str) -> str | None:
        """Return the ISO 4217 code of the currency that a header names, as in "Budget (EUR)"."""
        words, text = f" {' '.join(split_words(header))} ", header.casefold()
        for mark, code in self.currencies:
            if f" {mark} " in words if mark.replace(" ", "").isalpha() else mark in text:
                return code
        return None

    def find_question(self, header: str) -> str | None:
        """Return the field that the question of a lead form asks for, by the entry with the most words."""
        words = frozenset(split_words(header))
        if len(words) < 4 and not header.rstrip().endswith("?"):
            return None
        asked = [(len(needed), field) for field, needed in self.questions if needed <= words]
        return max(asked, key=lambda pair: pair[0])[1] if asked else None

    def find_misspelled(self, header: str) -> tuple[Entry, str] | None:
        """Return what a misspelled header means, and its right spelling."""
        key = squeeze(header)
        if not 4 <= len(key) <= 40 or key in self.other:
            return None
        best, best_ratio = None, 0.0
        for right in self.typos_of:
            meant = squeeze(right)
            if meant[0] != key[0] or abs(len(meant) - len(key)) > 2:
                continue
            swapped = len(meant) == len(key) and sorted(meant) == sorted(key)
            ratio = 0.95 if swapped else SequenceMatcher(None, key, meant, autojunk=False).ratio()
            if ratio >= _ALIKE and ratio > best_ratio:
                best, best_ratio = right, ratio
        entry = self.find(best) if best else None
        return (entry, best) if entry and best else None

    def names_someone_else(self, header: str) -> bool:
        """Return whether the header speaks of another person or company: an owner, a referrer, a parent."""
        words = split_words(header)
        return any(find_phrase(phrase, words) is not None for phrase in self.someone_else)


@cache
def load_synonyms() -> HeaderSynonyms:
    """Read `synonyms.yaml`; of two fields that list a header, the first keeps it."""
    document = read_yaml(files(__package__) / "synonyms.yaml")
    entries: dict[str, Entry] = {}
    for field, lists in document["fields"].items():
        place = 0
        for part in ("headers", "spare"):
            for header in flatten(lists.get(part, ())):
                entries.setdefault(squeeze(header), Entry(field, place, part == "spare"))
                place += 1
    marks = [(mark, code) for code, marks in document["currencies"].items() for mark in marks]
    return HeaderSynonyms(
        entries=entries,
        questions=tuple(
            (field, frozenset(split_words(phrase)))
            for field, phrases in document["questions"].items()
            for phrase in phrases
        ),
        other=squeeze_all(document["other"]),
        typos_of=tuple(document["typos_of"]),
        before=frozenset(word for text in document["before"] for word in split_words(text)),
        after=frozenset(document["after"]),
        currencies=tuple(sorted(marks, key=lambda pair: -len(pair[0]))),
        currency_headers=squeeze_all(document["currency_headers"]),
        before_fields=frozenset(document["before_fields"]),
        bare_names=squeeze_all(document["bare_names"]),
        salutations=frozenset(document["salutations"]),
        someone_else=tuple(map(split_words, document["someone_else"])),
    )
