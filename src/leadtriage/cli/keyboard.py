"""Reads one key or one line of the terminal, and nothing beyond it: what is typed ahead waits for the next question."""

from __future__ import annotations

import os
import sys

END_OF_INPUT = "\x04"
RETURN = "\n"
ESCAPE = "\x1b"

_CTRL_C = "\x03"
_SEQUENCE_STARTS = "[O"
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
    """Wait for a line and return it without its end; None at the end of input."""
    if sys.platform == "win32":
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None
    # Python's own stream may take in more than the line, and keep it from the next key.
    typed = b""
    while (byte := _read(sys.stdin.fileno())) not in (b"", b"\n"):
        typed += byte
    if not byte and not typed:
        return None
    return typed.decode(sys.stdin.encoding or "utf-8", errors="replace")


def _get_key_anywhere() -> str:
    import typer

    try:
        return typer.getchar()
    except EOFError:
        return END_OF_INPUT


if sys.platform != "win32":
    import select
    import termios

    def _get_key_of_terminal(terminal: int) -> str:
        """Without echo and without waiting for Return; what was typed before is not thrown away."""
        before = termios.tcgetattr(terminal)
        raw = termios.tcgetattr(terminal)
        raw[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
        raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
        termios.tcsetattr(terminal, termios.TCSADRAIN, raw)
        try:
            return _read_key(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def _read_key(terminal: int) -> str:
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


def _read(terminal: int) -> bytes:
    """One byte; none where the terminal is gone."""
    try:
        return os.read(terminal, 1)
    except OSError:
        return b""
