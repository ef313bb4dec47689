"""Answers in a word: yes or no, and who signs off."""

from __future__ import annotations

from leadtriage.importing.values.cells import NotUnderstood, is_missing, plain
from leadtriage.importing.values.lexicon import words
from leadtriage.vocabulary import SignsOff

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
        NotUnderstood: it says neither.
    """
    if is_missing(text):
        return None
    given = plain(text).lower().rstrip(".!")
    if given in _YES:
        return True
    if given in _NO:
        return False
    raise NotUnderstood("neither yes nor no")


def parse_signs_off(text: str) -> SignsOff | None:
    """Return whether the person can sign for the purchase: alone, shared with others, or no; None where it is missing.

    A bare "yes" is taken for alone.

    Raises:
        NotUnderstood: it is none of the known answers.
    """
    if is_missing(text):
        return None
    given = plain(text.replace("_", " ")).lower().rstrip(".!")
    if given in _SIGNS_OFF:
        return _SIGNS_OFF[given]
    raise NotUnderstood("who signs off is not clear from it")
