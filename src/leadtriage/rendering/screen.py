"""What a stream can show: its size, colours, and whether it takes more than ASCII."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

NARROWEST_SCREEN = 20


@dataclass(frozen=True, slots=True)
class Screen:
    """Where output is drawn.

    Attributes:
        width: in cells; None for no limit (a file, a pipe).
        colour: whether colours can be used.
        unicode: whether lines and bars can use more than ASCII.
        height: in lines; None for no limit.
        redraws: whether the screen can be cleared and drawn again.
    """

    width: int | None = None
    colour: bool = False
    unicode: bool = True
    height: int | None = None
    redraws: bool = False


def detect_screen(stream: TextIO, environment: Mapping[str, str]) -> Screen:
    """Detect what a stream can show.

    A pipe or file gets plain text at full width, since its reader may search it. `COLUMNS` sets the width of either;
    `NO_COLOR` and `TERM=dumb` turn colours off.
    """
    is_terminal = stream.isatty()
    # The consoles before Windows Terminal print the codes themselves.
    knows_codes = environment.get("TERM") != "dumb" and (
        sys.platform != "win32" or any(name in environment for name in ("WT_SESSION", "TERM", "ANSICON"))
    )
    try:
        size = os.get_terminal_size(stream.fileno()) if is_terminal else os.terminal_size((0, 0))
    except (OSError, ValueError):
        size = os.terminal_size((0, 0))
    width = (size.columns or 80) if is_terminal else None
    columns = environment.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        width = int(columns)
    return Screen(
        width=None if width is None else max(width, NARROWEST_SCREEN),
        colour=is_terminal and not environment.get("NO_COLOR") and knows_codes,
        unicode=(stream.encoding or "ascii").lower().replace("-", "").startswith("utf"),
        height=(size.lines or 24) if is_terminal else None,
        redraws=is_terminal and knows_codes,
    )
