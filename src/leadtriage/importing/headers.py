"""How headers and status words are compared: by their letters and digits alone. Knows no field."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from leadtriage.criteria.text import fold

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
