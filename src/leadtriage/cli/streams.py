"""Standard output for data, standard error for all else: made ready for any text, and written to."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from typing import TextIO


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
