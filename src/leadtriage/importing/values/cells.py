"""What every kind of value shares: what counts as missing, how text is cleaned, how not understanding is said."""

from __future__ import annotations

import re
import unicodedata

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


_MISSING = frozenset(
    ["-", "--", "---", "–", "—", "_", ".", "..", "...", "?", "??", "???", "/", "\\n", "n/a", "n\\a", "na", "n.a", "n.a.", "#n/a", "#na", "#n/a!", "n/d", "nd", "none", "(none)", "-none-", "--none--", "-", "none", "-", "null", "(null)", "[null]", "<null>", "#null!", "nil", "nan", "undefined", "(undefined)", "unknown", "(unknown)", "-unknown-", "unspecified", "blank", "(blank)", "empty", "(empty)", "[empty]", "(not", "set)", "[not", "set]", "-not", "set-", "select", "select...", "-select-", "--select--", "<select>", "(select)", "choose", "tbd", "tba", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#error!", "k.a.", "k.a", "unbekannt", "inconnu", "inconnue", "desconocido", "desconocida", "desconhecido", "sconosciuto", "onbekend", "0000-00-00", "00/00/0000", "00.00.0000"]
) | {
    "",
    "- none -",
    "- select -",
    "-- select --",
    "-- none --",
    "select one",
    "select an option",
    "please select",
    "please choose",
    "choose one",
    "not set",
    "not provided",
    "not available",
    "not applicable",
    "not specified",
    "not given",
    "not known",
    "no data",
    "no value",
    "no answer",
    "no response",
    "don't know",
    "dont know",
    "i don't know",
    "prefer not to say",
    "0000-00-00 00:00:00",
    "keine angabe",
    "keine angaben",
    "nicht angegeben",
    "bitte wählen",
    "bitte auswählen",
    "weiß nicht",
    "non renseigné",
    "non spécifié",
    "sin datos",
    "no especificado",
    "não informado",
    "non specificato",
}
_LONGEST_MISSING = max(map(len, _MISSING))

_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def is_missing(text: str) -> bool:
    """Return whether a cell holds no answer: nothing, or a placeholder such as "n/a", "-", "Select" or "unknown"."""
    if len(text) > _LONGEST_MISSING:
        return len(text) < LONGEST_TYPED_TEXT and text.strip().lower() in _MISSING
    return text.strip().lower() in _MISSING


def clean_text(text: str) -> str | None:
    """Return a text of one line: trimmed, white space collapsed, control characters dropped; None where it is missing."""
    if not text.isprintable():
        text = _DROPPED.sub("", text)
    text = " ".join(text.split())
    return None if is_missing(text) else text


def clean_lines(text: str) -> str | None:
    """Return a text that keeps its lines, such as a note: each cleaned as `clean_text` does, outer blank ones dropped."""
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
