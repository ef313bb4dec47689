"""Cells that hold an e-mail address and a telephone number at once: taken apart, each to its own reader."""

from __future__ import annotations

import re

from leadtriage.importing.values.cells import LONGEST_TYPED_TEXT, NotUnderstood

_ADDRESS = re.compile(r"[\"<(\[]*(?:mailto:)?[^\s,;<>()\[\]\"|/]+@[^\s,;<>()\[\]\"|/]+[\">)\]]*", re.IGNORECASE)
_BETWEEN = re.compile(r"^[\s,;|/&+-]*(?=\+)|^[\s,;|/&-]+|[\s,;|/&+-]+$")
_LABELS = re.compile(r"\b(?:e-?mail|mail)\b\s*:?\s*", re.IGNORECASE)


def split_contact(text: str) -> tuple[str, str]:
    """Return the part of a cell that holds e-mail addresses, and the rest, for telephone numbers; either may be empty.

    Raises:
        NotUnderstood: the text is longer than any contact.
    """
    if len(text) > LONGEST_TYPED_TEXT:
        raise NotUnderstood("too long")
    addresses = _ADDRESS.findall(text)
    rest = _LABELS.sub(" ", _ADDRESS.sub(" ; ", text)) if addresses else text
    phones = [part for part in (_BETWEEN.sub("", part) for part in rest.split(" ; ")) if any(map(str.isdecimal, part))]
    if not addresses and not phones:
        return text.strip(), ""
    return "; ".join(addresses), "; ".join(phones)
