"""Standard output for data, standard error for messages, the keyboard for answers, and the files that commands write.

Questions go to standard error, so that standard output stays data. A question without a terminal is an error that
names the option to use instead. Only the requested key or line is read: keys typed ahead wait for the next question.
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

# Streams


def prepare_streams(environment: Mapping[str, str]) -> None:
    """Make both streams accept any text, whatever the locale.

    A pipe or file gets UTF-8, which scripts expect (Windows would use its old code page); a terminal keeps its
    encoding. Characters that an encoding lacks are escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            keeps_encoding = stream.isatty() or "PYTHONIOENCODING" in environment
            stream.reconfigure(encoding=None if keeps_encoding else "utf-8", errors="backslashreplace")


def write_out(text: str) -> None:
    """Write data to standard output and flush, so that a closed pipe fails here."""
    _write(sys.stdout, text)


def print_message(text: str) -> None:
    """Print a line on standard error; ignore a closed one."""
    try:
        _write(sys.stderr, f"{text}\n")
    except (OSError, ValueError):
        return


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def discard_output() -> None:
    """After a closed pipe, keep buffered output from failing again when the interpreter exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


# Keyboard: standard input is a terminal wherever these are called.

END_OF_INPUT = "\x04"
RETURN = "\n"
ESCAPE = "\x1b"

_CTRL_C = "\x03"
_SEQUENCE_STARTS = "[O"
_ERASERS = (b"\x7f", b"\x08")
_SEQUENCE_TIMEOUT = 0.05
"""Seconds within which the rest of a key's sequence follows its escape."""


def get_key() -> str:
    """Wait for a key and return what it sends: a character, or the whole sequence of an arrow or function key.

    Return is `RETURN` on every system; the end of input is `END_OF_INPUT`.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    key = _get_key_on_windows() if sys.platform == "win32" else _get_key_of_terminal(sys.stdin.fileno())
    if key == _CTRL_C:
        raise KeyboardInterrupt
    return RETURN if key == "\r" else key


def get_line() -> str | None:
    """Wait for a line, editable until Return, and return it without its end; None at the end of input."""
    if sys.platform == "win32":
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None
    with _terminal_mode(on=_ECHO | _LINES | _SIGNALS):
        return _read_line(sys.stdin.fileno())


@contextmanager
def quiet_terminal() -> Iterator[None]:
    """Turn off the echo between questions, so that keys typed ahead don't appear on the screen."""
    if sys.platform == "win32":
        yield
    else:
        with _terminal_mode(off=_ECHO | _LINES):
            yield


def _get_key_on_windows() -> str:
    import typer

    try:
        return typer.getchar()
    except EOFError:
        return END_OF_INPUT


if sys.platform != "win32":
    import select
    import termios

    _ECHO, _LINES, _SIGNALS = termios.ECHO, termios.ICANON, termios.ISIG
    _LOCAL_MODES = 3
    """The index of those flags among a terminal's attributes."""

    @contextmanager
    def _terminal_mode(*, on: int = 0, off: int = 0) -> Iterator[None]:
        """Change the terminal's mode for a while, and keep what was typed before."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        changed = [*before]
        changed[_LOCAL_MODES] = (changed[_LOCAL_MODES] | on) & ~off
        termios.tcsetattr(terminal, termios.TCSADRAIN, changed)
        try:
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def _get_key_of_terminal(terminal: int) -> str:
        with _terminal_mode(off=_ECHO | _LINES | _SIGNALS):
            first = _read_byte(terminal)
            if not first:
                return END_OF_INPUT
            if first == ESCAPE.encode():
                return ESCAPE + _read_sequence(terminal)
            # The first byte of UTF-8 tells how many follow.
            more = next((count for mark, count in ((0xF0, 3), (0xE0, 2), (0xC0, 1)) if first[0] >= mark), 0)
            whole = first + b"".join(_read_byte(terminal) for _ in range(more))
            return whole.decode("utf-8", errors="replace")

    def _read_sequence(terminal: int) -> str:
        """The rest of a key's sequence; empty for the escape key itself."""
        rest = ""
        while select.select([terminal], [], [], _SEQUENCE_TIMEOUT)[0]:
            character = _read_byte(terminal).decode("latin-1")
            rest += character
            begins = len(rest) == 1 and character in _SEQUENCE_STARTS
            if not begins and not (rest[0] == "[" and character < "@"):
                break
        return rest

    def _read_line(terminal: int) -> str | None:
        """Read byte by byte: Python's own stream may buffer more than the line and withhold it from the next key."""
        typed, encoding = b"", sys.stdin.encoding or "utf-8"
        while (byte := _read_byte(terminal)) not in (b"", b"\n"):
            # Typed ahead, while the terminal was still reading keys.
            if byte == END_OF_INPUT.encode():
                byte = b""
                break
            typed = _erase_last(typed, encoding) if byte in _ERASERS else typed + byte
        if not byte and not typed:
            return None
        return typed.decode(encoding, errors="replace").replace("\0", "")

    def _erase_last(typed: bytes, encoding: str) -> bytes:
        return typed.decode(encoding, errors="surrogateescape")[:-1].encode(encoding, errors="surrogateescape")


def _read_byte(terminal: int) -> bytes:
    """One byte; none if the terminal is gone."""
    try:
        return os.read(terminal, 1)
    except OSError:
        return b""


# Dialogue


def require_terminal(hint: str) -> None:
    """Raise unless there is a terminal to ask at.

    Args:
        hint: the command or option to use instead.

    Raises:
        UsageError: standard input or standard error is not a terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("cannot ask questions without a terminal", hint=hint)


def read_key(prompt: str, keys: Collection[str]) -> str:
    """Ask until one of the keys is pressed, without Return; `END_OF_INPUT` at the end of input.

    Args:
        keys: lower-case letters, or `RETURN`.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    _write(sys.stderr, prompt)
    while True:
        key = get_key().lower()
        if key in keys or key == END_OF_INPUT:
            _write(sys.stderr, (key if key.isprintable() else "") + "\n")
            return key


def read_line(prompt: str) -> str | None:
    """Ask for a line of text and strip it; None at the end of input."""
    _write(sys.stderr, prompt)
    line = get_line()
    return None if line is None else line.strip()


def confirm(question: str, *, yes: bool, hint: str) -> None:
    """Ask for confirmation before an act on many leads.

    Args:
        yes: already confirmed with `--yes`.
        hint: what to use instead without a terminal.

    Raises:
        UsageError: there is no terminal.
        LeadtriageError: the answer was no.
    """
    if yes:
        return
    require_terminal(hint)
    if read_key(safe(f"{question} [y/n] "), "yn") != "y":
        print_message("")
        raise LeadtriageError("nothing was changed")


# Files

STANDARD_STREAM = "-"
"""The file name that means standard input or output."""


def parse_target(name: str, endings: tuple[str, ...], command: str, *, force: bool) -> Path | None:
    """Return the file to write; None for standard output.

    Args:
        endings: the allowed suffixes.
        force: allow it to exist already.

    Raises:
        UsageError: it has another suffix.
        FileError: it exists already.
    """
    if name == STANDARD_STREAM:
        return None
    path = Path(name).expanduser()
    if path.suffix.lower() not in endings:
        expected = ", ".join(endings)
        raise UsageError(
            f'invalid file name "{name}": expected {expected}', place=command, hint=f"e.g. leads{endings[0]}"
        )
    if path.exists() and not force:
        raise FileError("already exists", place=str(path), hint="choose another name, or replace it with --force")
    return path


def write_file(path: Path, text: str | bytes, *, private: bool = False) -> None:
    """Write a whole file or nothing: the old one stays until the new one is complete.

    Args:
        private: make it readable by its owner only.

    Raises:
        FileError: it cannot be written.
    """
    content = text.encode("utf-8", errors="replace") if isinstance(text, str) else text
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
