"""Asks a person at a terminal: a key, a line, a yes or no. Questions go to standard error, so that output stays data.

Nothing is asked where nobody can answer: the error names the option to use instead.
"""

from __future__ import annotations

import sys
from collections.abc import Collection

from leadtriage.cli.keyboard import END_OF_INPUT, RETURN, get_key, get_line
from leadtriage.cli.streams import say
from leadtriage.errors import LeadtriageError, UsageError
from leadtriage.output.safe import safe

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
