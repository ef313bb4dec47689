"""Makes text of leads harmless to a terminal: what would steer it is shown instead of obeyed."""

from __future__ import annotations

import re

_SYMBOLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
"""The visible pictures that Unicode has for the ASCII control characters."""

_STEERING = (
    "\x00-\x1f\x7f-\x9f"  # C0 with escape, delete, C1
    "\u00ad\u061c\u180e"  # soft hyphen, Arabic letter mark, Mongolian vowel separator
    "\u200b\u200e\u200f"  # zero-width space and the direction marks; the joiners 200c and 200d shape real words
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # line separators, direction overrides and isolates, invisibles
    "\ud800-\udfff"  # halves of surrogate pairs, which no encoding writes
    "\U000e0000-\U000e007f"  # tags, which hide text
)
_UNSAFE = re.compile(f"[{_STEERING}]")
_UNSAFE_IN_LINES = re.compile(f"(?![\\t\\n])[{_STEERING}]")


def safe(text: str) -> str:
    """Replace every control, escape, direction and invisible character by a visible one; one line comes out.

    Line breaks and tabs become a space; ASCII controls their pictures, the rest the replacement character.
    """
    return _UNSAFE.sub(_show, text)


def safe_lines(text: str) -> str:
    """The same, but line feeds and tabs stay; a carriage return would overwrite the line on a terminal."""
    return _UNSAFE_IN_LINES.sub(_show, text.replace("\r\n", "\n"))


def escape_for_json(text: str) -> str:
    """Escape the same characters in a JSON document, whose meaning stays: they can only stand within its texts."""
    return _UNSAFE_IN_LINES.sub(_escape, text)


def _show(match: re.Match[str]) -> str:
    character = match.group()
    if character in "\t\n\r\u2028\u2029":
        return " "
    return _SYMBOLS.get(ord(character), "\ufffd")


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{code:04x}"
