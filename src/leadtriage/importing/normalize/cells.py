"""What every kind of value shares: what counts as missing, how text is cleaned, how not understanding is said.

The words that the readers of cells know, from words.toml, so that a language is added without touching code.

Answers in a word: yes or no, and who signs off.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from leadtriage.core.vocabulary import SignsOff


@cache
def _lexicon() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def words(room: str, name: str) -> frozenset[str]:
    """Return a list of words.toml."""
    return frozenset(_lexicon()[room][name])


def word_groups(room: str, name: str) -> tuple[tuple[str, ...], ...]:
    """Return a list of lists of words.toml, in its order."""
    return tuple(tuple(group) for group in _lexicon()[room][name])


def group_of_word(room: str, name: str) -> dict[str, str]:
    """Return, of a table of lists of words.toml, in which list each word stands."""
    return {word: group for group, members in _lexicon()[room][name].items() for word in members}


def packaged_lines(name: str) -> list[str]:
    """Return the lines of a data file of this package, without comments."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


LONGEST_TYPED_TEXT = 1_000
"""Characters; a longer cell is no address, number, sum or date, whatever it starts with."""


class NotRecognized(ValueError):
    """A text that holds something, but not what was expected; the value stays unknown.

    Args:
        why: in a few words, to be shown beside the text.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


_MISSING = words("cells", "missing")
_LONGEST_MISSING = max(map(len, _MISSING))

_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def is_missing(text: str) -> bool:
    """Return whether a cell holds no answer: nothing, or a placeholder such as "n/a", "-", "Select" or "unknown"."""
    if len(text) > _LONGEST_MISSING:
        return len(text) < LONGEST_TYPED_TEXT and text.strip().lower() in _MISSING
    return text.strip().lower() in _MISSING


def clean_text(text: str) -> str | None:
    """Return a text of one line, trimmed, white space collapsed, control characters dropped; None if it is missing."""
    if not text.isprintable():
        text = _DROPPED.sub("", text)
    text = " ".join(text.split())
    return None if is_missing(text) else text


def clean_lines(text: str) -> str | None:
    """Return a text that keeps its lines, such as a note, each cleaned as by `clean_text`; None if it is missing."""
    if text.isprintable():
        return clean_text(text)
    lines = _LINE_END.sub("\n", _DROPPED.sub("", text)).split("\n")
    cleaned = "\n".join(" ".join(line.split()) for line in lines).strip("\n")
    return None if is_missing(cleaned) else cleaned


def plain(text: str) -> str:
    """Return the text as the typed readers see it: trimmed, one kind of digit, dash, apostrophe and space.

    Raises:
        NotRecognized: the text is longer than any typed value.
    """
    if len(text) > LONGEST_TYPED_TEXT:
        raise NotRecognized("too long")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_PLAIN)
        text = "".join(str(unicodedata.digit(c)) if c.isdecimal() and not c.isascii() else c for c in text)
    if not text.isprintable():
        text = _DROPPED.sub("", text)
    return " ".join(text.split())


_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("‘’‛′´`", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("\u200c\u200d\u200e\u200f\u00ad", ""),
    }
)


_YES = words("answers", "yes")
_NO = words("answers", "no")
_SIGNS_OFF = {
    **dict.fromkeys(words("answers", "alone"), SignsOff.ALONE),
    **dict.fromkeys(words("answers", "shared"), SignsOff.SHARED),
    **dict.fromkeys(words("answers", "others"), SignsOff.NO),
}


def parse_yes_no(text: str) -> bool | None:
    """Return whether a cell says yes, in any of the common notations and languages; None where it is missing.

    Raises:
        NotRecognized: it says neither.
    """
    if is_missing(text):
        return None
    given = plain(text).lower().rstrip(".!")
    if given in _YES:
        return True
    if given in _NO:
        return False
    raise NotRecognized("neither yes nor no")


def parse_signs_off(text: str) -> SignsOff | None:
    """Return whether the person can sign for the purchase: alone, shared with others, or no; None where it is missing.

    A bare "yes" is taken for alone.

    Raises:
        NotRecognized: it is none of the known answers.
    """
    if is_missing(text):
        return None
    given = plain(text.replace("_", " ")).lower().rstrip(".!")
    if given in _SIGNS_OFF:
        return _SIGNS_OFF[given]
    raise NotRecognized("who signs off is not clear from it")
