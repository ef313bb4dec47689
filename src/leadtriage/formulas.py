"""Keeps a spreadsheet from running a cell's text as a formula, in a way that can be taken back."""

from __future__ import annotations

import re

_STARTS_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_PLAIN_NUMBER = re.compile(r"[+-]\d+([.,]\d+)*")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n]")


def guard_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run; a plain number such as +4930123456 is none.

    A text that begins with apostrophes and then such a sign gets one more, so that `unguard_formula` gives every
    text back.
    """
    if _STARTS_FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def unguard_formula(text: str) -> str:
    """Take back what `guard_formula` did."""
    return text[1:] if _GUARDED.match(text) else text
