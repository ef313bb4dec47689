"""People's names: a full name to its first and last, and back."""

from __future__ import annotations

from leadtriage.importing.values.cells import LONGEST_TYPED_TEXT, NotUnderstood, clean_text

_HONORIFICS = frozenset(
    ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "madam", "dame", "lord", "lady", "rev", "herr", "herrn", "frau", "hr", "fr", "m", "mme", "mlle", "sr", "sra", "srta", "sig", "sigra", "dott", "ing", "dipl-ing", "dipl", "mag", "drs", "mevr", "dhr", "pan", "pani", "shri", "smt", "er"]
) - {"m", "fr", "er", "pan", "hr"}  # fmt: skip
_DOTTED_HONORIFICS = _HONORIFICS | {"m", "fr", "hr", "med", "rer", "nat", "h.c"}
_SUFFIXES = frozenset(
    ["jr", "sr", "ii", "iii", "iv", "phd", "ph.d", "md", "m.d", "mba", "m.b.a", "esq", "cpa", "cfa", "pmp", "dds", "rn", "msc", "bsc", "m.sc", "b.sc", "dvm", "jd", "ll.m", "llm", "ma", "ba"]
)
_PARTICLES = frozenset(
    ["van", "von", "der", "den", "de", "del", "della", "di", "da", "do", "dos", "das", "du", "la", "le", "ten", "ter", "zu", "zum", "zur", "vom", "af", "av", "bin", "ibn", "al", "el", "ben", "st", "mac", "y", "e", "und", "'t", "op", "'s"]
)


def split_name(full: str) -> tuple[str | None, str | None]:
    """Return the first and the last name of a full one; either is None where the text does not hold it.

    The last word is the last name, with the particles before it ("van der Berg"); before a comma stands the last name.
    Titles and degrees are left out. A single word counts as a first name, since that is what forms are given.

    Raises:
        NotUnderstood: the text is longer than any name.
    """
    if len(full) > LONGEST_TYPED_TEXT:
        raise NotUnderstood("too long")
    text = clean_text(full)
    if text is None:
        return None, None
    before, comma, after = text.partition(",")
    if comma:
        given, family = _without_titles(after.replace(",", " ").split()), _without_titles(before.split())
        if given and family:
            return " ".join(given), " ".join(family)
        text = text.replace(",", " ")
    words = _without_titles(text.split()) or text.split()
    if len(words) < 2:
        return (words[0] if words else None), None
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def join_name(first: str | None, last: str | None) -> str | None:
    """Return the full name of a first and a last one; None where neither is there."""
    return " ".join(part for part in (first, last) if part) or None


def _without_titles(words: list[str]) -> list[str]:
    """Return the words without the titles before and the degrees after a name."""
    start, end = 0, len(words)
    while start < end and _is_title(words[start]):
        start += 1
    while end > start + 1 and words[end - 1].lower().rstrip(".") in _SUFFIXES and (end - start > 2 or end < len(words)):
        end -= 1
    return [word for word in words[start:end] if word not in {"-", "/", "|", ","}]


def _is_title(word: str) -> bool:
    bare = word.lower().rstrip(".")
    return bare in _HONORIFICS or (word.endswith(".") and bare in _DOTTED_HONORIFICS)
