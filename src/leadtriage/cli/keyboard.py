"""Reads one key or one line of the terminal, and nothing beyond it: what is typed ahead waits for the next question.

Standard input is a terminal wherever this is called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

END_OF_INPUT = "\x04"
RETURN = "\n"
ESCAPE = "\x1b"

_CTRL_C = "\x03"
_SEQUENCE_STARTS = "[O"
_ERASERS = (b"\x7f", b"\x08")
_SOON = 0.05
"""Seconds in which the rest of a key's sequence follows its escape."""


def get_key() -> str:
    """Wait for a key and return what it writes: a character, or the whole sequence of an arrow or function key.

    Return is `RETURN` on every system; `END_OF_INPUT` where there is no more.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    key = _get_key_anywhere() if sys.platform == "win32" else _get_key_of_terminal(sys.stdin.fileno())
    if key == _CTRL_C:
        raise KeyboardInterrupt
    return RETURN if key == "\r" else key


def get_line() -> str | None:
    """Wait for a line, which can be corrected until Return, and return it without its end; None at the end of input."""
    if sys.platform == "win32":
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None
    with _changed_terminal(on=_ECHO | _LINES | _SIGNALS):
        return _read_line(sys.stdin.fileno())


@contextmanager
def quiet_terminal() -> Iterator[None]:
    """Echo nothing between the questions: keys that are typed ahead are on no screen before they are asked for."""
    if sys.platform == "win32":
        yield
    else:
        with _changed_terminal(off=_ECHO | _LINES):
            yield


def _get_key_anywhere() -> str:
    import typer

    try:
        return typer.getchar()
    except EOFError:
        return END_OF_INPUT


if sys.platform != "win32":
    import select
    import termios

    _ECHO, _LINES, _SIGNALS = termios.ECHO, termios.ICANON, termios.ISIG
    _MODES = 3
    """The place of those marks among a terminal's attributes."""

    @contextmanager
    def _changed_terminal(*, on: int = 0, off: int = 0) -> Iterator[None]:
        """Let the terminal work otherwise for a while; what was typed before is not thrown away."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        changed = [*before]
        changed[_MODES] = (changed[_MODES] | on) & ~off
        termios.tcsetattr(terminal, termios.TCSADRAIN, changed)
        try:
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def _get_key_of_terminal(terminal: int) -> str:
        """Without echo and without waiting for Return."""
        with _changed_terminal(off=_ECHO | _LINES | _SIGNALS):
            first = _read(terminal)
            if not first:
                return END_OF_INPUT
            if first == ESCAPE.encode():
                return ESCAPE + _read_sequence(terminal)
            # UTF-8 says in the first byte how many follow.
            more = next((count for mark, count in ((0xF0, 3), (0xE0, 2), (0xC0, 1)) if first[0] >= mark), 0)
            whole = first + b"".join(_read(terminal) for _ in range(more))
            return whole.decode("utf-8", errors="replace")

    def _read_sequence(terminal: int) -> str:
        """The rest of a key's sequence; empty where the escape key itself was pressed."""
        rest = ""
        while select.select([terminal], [], [], _SOON)[0]:
            character = _read(terminal).decode("latin-1")
            rest += character
            begins = len(rest) == 1 and character in _SEQUENCE_STARTS
            if not begins and not (rest[0] == "[" and character < "@"):
                break
        return rest

    def _read_line(terminal: int) -> str | None:
        """Byte by byte: Python's own stream may take in more than the line, and keep it from the next key."""
        typed, encoding = b"", sys.stdin.encoding or "utf-8"
        while (byte := _read(terminal)) not in (b"", b"\n"):
            # Typed ahead, where the terminal took them for keys.
            if byte == END_OF_INPUT.encode():
                byte = b""
                break
            typed = _without_last(typed, encoding) if byte in _ERASERS else typed + byte
        if not byte and not typed:
            return None
        return typed.decode(encoding, errors="replace").replace("\0", "")

    def _without_last(typed: bytes, encoding: str) -> bytes:
        return typed.decode(encoding, errors="surrogateescape")[:-1].encode(encoding, errors="surrogateescape")


def _read(terminal: int) -> bytes:
    """One byte; none where the terminal is gone."""
    try:
        return os.read(terminal, 1)
    except OSError:
        return b""
