"""What all readers share: missing cells, cleaned text, the words of words.toml. Also yes-no and sign-off answers."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from leadtriage.core.vocabulary import SignsOff


class NotRecognized(ValueError):
    """A cell holds something other than the expected value; the value stays unknown.

    Args:
        why: a few words to show beside the text.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@cache
def _load_words() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def words(section: str, name: str) -> frozenset[str]:
    """Return a list of words.toml."""
    return frozenset(_load_words()[section][name])


def word_groups(section: str, name: str) -> tuple[tuple[str, ...], ...]:
    """Return a list of lists of words.toml, in order."""
    return tuple(tuple(group) for group in _load_words()[section][name])


def group_of_word(section: str, name: str) -> dict[str, str]:
    """Map each word of a table of lists in words.toml to the name of its list."""
    return {word: group for group, members in _load_words()[section][name].items() for word in members}


def packaged_lines(name: str) -> list[str]:
    """Return the lines of a data file of this package, without comments."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


LONGEST_TYPED_TEXT = 1_000
"""Characters; no address, number, sum or date is longer."""

_MISSING = words("cells", "missing")
_LONGEST_MISSING = max(map(len, _MISSING))
_YES = words("answers", "yes")
_NO = words("answers", "no")
_SIGNS_OFF = {
    **dict.fromkeys(words("answers", "alone"), SignsOff.ALONE),
    **dict.fromkeys(words("answers", "shared"), SignsOff.SHARED),
    **dict.fromkeys(words("answers", "others"), SignsOff.NO),
}
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("‘’‛′´`", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("\u200c\u200d\u200e\u200f\u00ad", ""),
    }
)


def is_missing(text: str) -> bool:
    """Return whether a cell holds no answer: nothing, or a placeholder such as "n/a", "-", "Select" or "unknown"."""
    if len(text) > _LONGEST_MISSING:
        return len(text) < LONGEST_TYPED_TEXT and text.strip().lower() in _MISSING
    return text.strip().lower() in _MISSING


def clean_text(text: str) -> str | None:
    """Return one trimmed line without control characters and repeated white space; None where missing."""
    if not text.isprintable():
        text = _DROPPED.sub("", text)
    text = " ".join(text.split())
    return None if is_missing(text) else text


def clean_lines(text: str) -> str | None:
    """Clean each line of a text as `clean_text` does, and keep the line breaks; None where missing."""
    if text.isprintable():
        return clean_text(text)
    lines = _LINE_END.sub("\n", _DROPPED.sub("", text)).split("\n")
    cleaned = "\n".join(" ".join(line.split()) for line in lines).strip("\n")
    return None if is_missing(cleaned) else cleaned


def plain(text: str) -> str:
    """Return a text trimmed, with one kind of digit, dash, apostrophe and space.

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


def parse_yes_no(text: str) -> bool | None:
    """Return whether a cell says yes, in any of the common notations and languages."""
    if is_missing(text):
        return None
    answer = plain(text).lower().rstrip(".!")
    if answer not in _YES and answer not in _NO:
        raise NotRecognized("neither yes nor no")
    return answer in _YES


def parse_signs_off(text: str) -> SignsOff | None:
    """Return who can sign for the purchase; a bare "yes" means this person alone."""
    if is_missing(text):
        return None
    answer = _SIGNS_OFF.get(plain(text.replace("_", " ")).lower().rstrip(".!"))
    if answer is None:
        raise NotRecognized("who signs off is not clear from it")
    return answer
