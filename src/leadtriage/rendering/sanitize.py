"""Makes the text of leads safe to print: characters that control a terminal become visible.

Lead data is hostile. Every way out goes through this module.
"""

from __future__ import annotations

import re

_SYMBOLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
"""Unicode's visible pictures of the ASCII control characters."""

_CONTROLS = (
    "\x00-\x1f\x7f-\x9f"  # C0 with escape, delete, C1
    "\u00ad\u061c\u180e"  # soft hyphen, Arabic letter mark, Mongolian vowel separator
    "\u200b\u200e\u200f"  # zero-width space and the direction marks; the joiners 200c and 200d shape real words
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # line separators, direction overrides and isolates, invisibles
    "\ud800-\udfff"  # halves of surrogate pairs, which no encoding writes
    "\U000e0000-\U000e007f"  # tags, which hide text
)
_UNSAFE = re.compile(f"[{_CONTROLS}]")
_UNSAFE_IN_LINES = re.compile(f"(?![\\t\\n])[{_CONTROLS}]")


def safe(text: str) -> str:
    """Replace every control, escape, direction and invisible character by a visible one, and return one line.

    Line breaks and tabs become spaces, ASCII controls their pictures, others the replacement character.
    """
    return _UNSAFE.sub(_show, text)


def safe_lines(text: str) -> str:
    """Like `safe`, but keep line feeds and tabs. A carriage return would overwrite the line on a terminal."""
    return _UNSAFE_IN_LINES.sub(_show, text.replace("\r\n", "\n"))


def escape_for_json(text: str) -> str:
    """Escape the same characters in a JSON document. They only occur in its strings, so its meaning stays."""
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
