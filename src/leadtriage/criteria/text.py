"""How text is compared: one comparable form, made once at the door and stored beside the text.

Rules never look at the text itself, so that every database compares the same plain characters.
"""

from __future__ import annotations

import unicodedata

SEPARATOR = "\x1f"
"""Stands between the folded text and its words, where these differ. No folded text holds it."""

_ASCII_WORDS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))
"""For `str.translate`: what is no letter or digit becomes a space."""


def fold(text: str) -> str:
    """Return the text without regard to case, composed accents, surrounding or repeated white space.

    Canonical caseless matching of the Unicode Standard (section 3.13, D145), recomposed.
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    # str.split takes the separator for white space, so that none is left.
    return " ".join(folded.split())


def words(folded: str) -> str:
    """Return the words of a folded text with one space between them.

    A word is a maximal run of letters, marks and digits (Unicode categories L, M and N).
    """
    if folded.isascii():
        return " ".join(folded.translate(_ASCII_WORDS).split())
    spaced = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join(spaced.split())


def comparable(text: str) -> str:
    """Return the form in which rules compare a text.

    It is the folded text where that is nothing but words ("vice president"), else the folded text, the
    separator and its words between spaces ("vp, sales" becomes "vp, sales", separator, " vp sales ").
    So equal texts have equal forms, a whole word is found as " word " in the form between two spaces, and the folded
    text is what stands before the separator.
    """
    if text.isascii():
        folded = text.lower()
        if folded.isalnum():
            return folded
        if folded.replace(" ", "").isalnum():
            return " ".join(folded.split())
    folded = fold(text)
    spoken = words(folded)
    return folded if spoken == folded else f"{folded}{SEPARATOR} {spoken} "
