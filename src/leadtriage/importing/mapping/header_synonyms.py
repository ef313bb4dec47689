"""How headers and status words are compared: by their letters and digits alone. Knows no field.

The words that headers use for lead fields, read once from `synonyms.yaml`. Knows no particular file.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from leadtriage.core.text import fold

_REPEAT_MARK = re.compile(r"\s\(\d+\)$")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST = 500
"""Letters of a header or status word that are looked at; a longer one is none."""


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
    """Return what is left of a header without case, accents, spaces and punctuation.

    "E-Mail", "e_mail" and "EMAIL" are all "email"; the mark " (2)" of a repeated header does not count.
    """
    return "".join(split_words(text))


def headers_digest(headers: Sequence[str]) -> str:
    """Return a digest (SHA-256, hexadecimal) that files with the same set of headers share, in whatever order."""
    return hashlib.sha256("\x1f".join(sorted(fold(header) for header in headers)).encode()).hexdigest()


# Every scalar is a text in these files: YAML's own reading would turn "NO" and "Y" into truth values.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_BRACKETS = re.compile(r"(?P<outside>[^()\[\]]+)[(\[](?P<inside>[^()\[\]]+)[)\]]\s*[*:]?\s*")

_ALIKE = 0.88
"""Share of equal letters (`difflib`) from which two headers are one, misspelled."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one spelling means.

    Attributes:
        place: its place in the field's order of preference, the best is 0.
        spare: it only stands in where the file has nothing better.
    """

    field: str
    place: int
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All the words; keys are squeezed headers (see `headers.squeeze`)."""

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
    someone_else: tuple[tuple[str, ...], ...]

    def find(self, header: str) -> Entry | None:
        """Return what the header means by its plain words, a trailing number apart ("Phone 2")."""
        key = squeeze(header)
        if key in self.other:
            return None
        if key in self.entries:
            return self.entries[key]
        bare = key.rstrip("0123456789")
        entry = self.entries.get(bare)
        if entry is None or bare in self.other:
            return None
        return Entry(entry.field, entry.place + 1000, entry.spare)

    def find_part(self, header: str) -> Entry | None:
        """Return what the header means without what changes nothing: "Your E-Mail", "Phone (mobile)", "Firm Firma"."""
        for variant in self._vary(header):
            entry = self.find(" ".join(variant))
            if entry is not None and not entry.spare:
                return entry
            spoken = variant
            while len(spoken) > 1 and spoken[0] in self.before:
                spoken = spoken[1:]
                entry = self.find(" ".join(spoken))
                if entry is not None and not entry.spare and entry.field in self.before_fields:
                    return entry
        return self._find_twice(split_words(header))

    def _find_twice(self, spoken: tuple[str, ...]) -> Entry | None:
        """Return the field that both halves of a header mean, as where two rows of a header name it."""
        for cut in range(1, len(spoken)):
            upper, lower = self.find(" ".join(spoken[:cut])), self.find(" ".join(spoken[cut:]))
            if upper is not None and lower is not None and upper.field == lower.field and not lower.spare:
                return lower
        return None

    def _vary(self, header: str) -> Iterator[tuple[str, ...]]:
        """Yield the header's words in other arrangements, the most telling first."""
        yield split_words(header)
        bracketed = _BRACKETS.fullmatch(header)
        if bracketed is not None:
            yield (*split_words(bracketed["inside"]), *split_words(bracketed["outside"]))
        spoken = split_words(header)
        while len(spoken) > 1 and spoken[-1] in self.after:
            spoken = spoken[:-1]
            yield spoken
        _, colon, rest = header.partition(":")
        if colon:
            yield split_words(rest)

    def find_currency(self, header: str) -> str | None:
        """Return the currency (ISO 4217) that a money column's header names, as in "Budget (EUR)"."""
        spoken = f" {' '.join(split_words(header))} "
        signs = header.casefold()
        return next(
            (
                code
                for mark, code in self.currencies
                if (f" {mark} " in spoken if mark.replace(" ", "").isalpha() else mark in signs)
            ),
            None,
        )

    def find_question(self, header: str) -> str | None:
        """Return the field that a lead form's own question asks for; the line with the most words counts."""
        spoken = frozenset(split_words(header))
        if len(spoken) < 4 and not header.rstrip().endswith("?"):
            return None
        asked = [(len(needed), field) for field, needed in self.questions if needed <= spoken]
        return max(asked, key=lambda pair: pair[0])[1] if asked else None

    def find_misspelled(self, header: str) -> tuple[Entry, str] | None:
        """Return what the header means if a slip of the keyboard is undone, and the right spelling."""
        key = squeeze(header)
        if len(key) < 4 or len(key) > 40 or key in self.other:
            return None
        best: tuple[float, str] | None = None
        for right in self.typos_of:
            meant = squeeze(right)
            if meant[0] != key[0] or abs(len(meant) - len(key)) > 2:
                continue
            swapped = len(meant) == len(key) and sorted(meant) == sorted(key)
            ratio = 0.95 if swapped else SequenceMatcher(None, key, meant, autojunk=False).ratio()
            if ratio >= _ALIKE and (best is None or ratio > best[0]):
                best = (ratio, right)
        if best is None:
            return None
        entry = self.find(best[1])
        return (entry, best[1]) if entry is not None else None

    def speaks_of_someone_else(self, header: str) -> bool:
        """Tell whether the header has a word for another person or company: an owner, a referrer, a parent."""
        spoken = split_words(header)
        return any(
            spoken[start : start + len(phrase)] == phrase
            for phrase in self.someone_else
            for start in range(len(spoken) - len(phrase) + 1)
        )


def read_words(resource: Traversable) -> dict[str, Any]:
    """Return one of the package's own YAML files, all scalars as text."""
    document: dict[str, Any] = yaml.load(resource.read_text(encoding="utf-8"), Loader=_Loader)
    return document


def flatten(lists: Iterable[Any]) -> Iterator[str]:
    """Yield the texts of a list of lists, in order."""
    for item in lists:
        if isinstance(item, str):
            yield item
        else:
            yield from flatten(item)


@cache
def load_lexicon() -> Lexicon:
    """Read `synonyms.yaml`; the earlier of two fields keeps a word that both list."""
    document = read_words(files("leadtriage.importing.mapping") / "synonyms.yaml")
    entries: dict[str, Entry] = {}
    for field, lists in document["fields"].items():
        place = 0
        for part, spare in (("headers", False), ("spare", True)):
            for header in flatten(lists.get(part, ())):
                entries.setdefault(squeeze(header), Entry(field, place, spare))
                place += 1
    return Lexicon(
        entries=entries,
        questions=tuple(
            (field, frozenset(split_words(phrase)))
            for field, phrases in document["questions"].items()
            for phrase in phrases
        ),
        other=frozenset(squeeze(header) for header in document["other"]),
        typos_of=tuple(document["typos_of"]),
        before=frozenset(word for text in document["before"] for word in split_words(text)),
        after=frozenset(document["after"]),
        currencies=tuple(
            sorted(
                ((mark, code) for code, marks in document["currencies"].items() for mark in marks),
                key=lambda pair: -len(pair[0]),
            )
        ),
        currency_headers=frozenset(squeeze(header) for header in document["currency_headers"]),
        before_fields=frozenset(document["before_fields"]),
        bare_names=frozenset(squeeze(header) for header in document["bare_names"]),
        someone_else=tuple(split_words(text) for text in document["someone_else"]),
    )
