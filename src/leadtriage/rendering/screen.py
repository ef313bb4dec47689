"""What the place where tables are drawn can show: its width, colour, and more than ASCII."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

NARROWEST_SCREEN = 20


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a table is drawn.

    Attributes:
        width: in cells; None where any width will do (a file, a pipe).
        colour: whether colours may be used.
        unicode: whether lines and bars may be drawn with more than ASCII.
        height: in lines; None where there is no end to them.
        redraws: whether what was drawn can be wiped and drawn anew.
    """

    width: int | None = None
    colour: bool = False
    unicode: bool = True
    height: int | None = None
    redraws: bool = False


def look_at(stream: TextIO, environment: Mapping[str, str]) -> Screen:
    """Tell what a stream can show.

    A pipe or file gets plain text at full width, since what reads it may search it; `COLUMNS`, where it is set,
    counts everywhere. `NO_COLOR` and `TERM=dumb` turn colours off.
    """
    terminal = stream.isatty()
    return Screen(
        width=_width(stream, environment, terminal=terminal),
        colour=terminal and not environment.get("NO_COLOR") and _knows_codes(environment),
        unicode=(stream.encoding or "ascii").lower().replace("-", "").startswith("utf"),
        height=_height(stream) if terminal else None,
        redraws=terminal and _knows_codes(environment),
    )


def _width(stream: TextIO, environment: Mapping[str, str], *, terminal: bool) -> int | None:
    asked = environment.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return max(int(asked), NARROWEST_SCREEN)
    return max(_size(stream).columns or 80, NARROWEST_SCREEN) if terminal else None


def _height(stream: TextIO) -> int:
    return _size(stream).lines or 24


def _size(stream: TextIO) -> os.terminal_size:
    """Both 0 where the terminal does not know them."""
    try:
        return os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return os.terminal_size((0, 0))


def _knows_codes(environment: Mapping[str, str]) -> bool:
    if environment.get("TERM") == "dumb":
        return False
    # The consoles before Windows Terminal show the codes themselves.
    return sys.platform != "win32" or any(name in environment for name in ("WT_SESSION", "TERM", "ANSICON"))
