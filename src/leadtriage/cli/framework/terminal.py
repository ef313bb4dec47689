"""Standard output for data, standard error for all else: made ready for any text, and written to.

Reads one key or one line of the terminal, and nothing beyond it: what is typed ahead waits for the next question.

Standard input is a terminal wherever this is called.

Asks a person at a terminal: a key, a line, a yes or no. Questions go to standard error, so that output stays data.

Nothing is asked where nobody can answer: the error names the option to use instead.

Files that commands write for people: whole or not at all, and never over one that is there without being told so.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from leadtriage.core.errors import FileError, LeadtriageError, UsageError
from leadtriage.rendering import safe


def prepare_streams(environment: Mapping[str, str]) -> None:
    """Make both streams take any text, whatever the locale says.

    A pipe or file gets UTF-8, since scripts expect it (Windows would write its old code page); a terminal keeps its
    encoding. What an encoding lacks is written as an escape instead of failing.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            chosen = stream.isatty() or "PYTHONIOENCODING" in environment
            stream.reconfigure(encoding=None if chosen else "utf-8", errors="backslashreplace")


def write_out(text: str) -> None:
    """Write data to standard output, at once, so that a closed pipe is noticed here."""
    _write(sys.stdout, text)


def say(text: str) -> None:
    """Tell a person something on standard error; where that is gone, nobody listens."""
    try:
        _write(sys.stderr, f"{text}\n")
    except (OSError, ValueError):
        return


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def give_up_on_output() -> None:
    """After a closed pipe: let nothing that is still buffered fail again when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


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


__all__ = ["END_OF_INPUT", "RETURN", "confirm", "read_key", "read_line", "require_terminal"]


def require_terminal(hint: str) -> None:
    """Raise unless somebody can be asked.

    Args:
        hint: what to call instead, as a whole command or option.

    Raises:
        UsageError: standard input or standard error is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("this asks questions, and there is no terminal to ask at", hint=hint)


def read_key(prompt: str, keys: Collection[str]) -> str:
    """Ask for one of some keys, without Return; other keys are asked again. `END_OF_INPUT` where there is no more.

    Args:
        keys: small letters, or `RETURN`.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    sys.stderr.write(prompt)
    sys.stderr.flush()
    while True:
        key = get_key().lower()
        if key in keys or key == END_OF_INPUT:
            sys.stderr.write(key if key.isprintable() else "")
            sys.stderr.write("\n")
            sys.stderr.flush()
            return key


def read_line(prompt: str) -> str | None:
    """Ask for a line of text, stripped; None at the end of input."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = get_line()
    return None if line is None else line.strip()


def confirm(question: str, *, yes: bool, hint: str) -> None:
    """Ask for a yes before an act on many leads.

    Args:
        yes: it was said beforehand (`--yes`).
        hint: what to call instead where nobody can be asked.

    Raises:
        UsageError: nobody can be asked.
        LeadtriageError: the answer was no.
    """
    if yes:
        return
    require_terminal(hint)
    if read_key(safe(f"{question} [y/n] "), "yn") != "y":
        say("")
        raise LeadtriageError("nothing was done")


STANDARD_OUTPUT = "-"
"""What stands for standard output where a file is named."""


def refuse_existing(path: Path) -> None:
    """Make sure that a file would not be replaced.

    Raises:
        FileError: it is there already.
    """
    if path.exists():
        raise FileError("is there already", place=str(path), hint="name another, or replace it with --force")


def write_file(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write the whole file or nothing: what is there stays until the new one is complete.

    Args:
        private: only its owner may read it.

    Raises:
        FileError: it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        if private:
            unfinished.unlink(missing_ok=True)
            os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise FileError(f"cannot be written: {error.strerror or error}", place=str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
