"""What every kind of value shares: what counts as missing, how text is cleaned, how not understanding is said."""

from __future__ import annotations

import re
import unicodedata

from leadtriage.importing.values.lexicon import words

LONGEST_TYPED_TEXT = 1_000
"""Characters; a longer cell is no address, number, sum or date, whatever it starts with."""


class NotUnderstood(ValueError):
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
        NotUnderstood: the text is longer than any typed value.
    """
    if len(text) > LONGEST_TYPED_TEXT:
        raise NotUnderstood("too long")
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
