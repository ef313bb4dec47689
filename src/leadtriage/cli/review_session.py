"""Where a review is held: what it needs of a person, and the terminal that gives it.

What is shown and asked, and in which order, is `cli.reviewing`'s; tests hold a session with a script instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import zip_longest
from types import TracebackType
from typing import Protocol, Self

from rich.cells import cell_len

from leadtriage.cli.dialogue import END_OF_INPUT, RETURN, read_key, read_line
from leadtriage.cli.keyboard import quiet_terminal
from leadtriage.output.card import draw_card
from leadtriage.output.review_card import cut, draw_on_screen
from leadtriage.output.safe import safe
from leadtriage.output.screen import Screen, look_at
from leadtriage.tabular import Card

_OWN_SCREEN, _OLD_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
_WIPE = "\x1b[H\x1b[J"
_FEWEST_LINES = 1
"""Lines that a card has at least, however much stands below it: the lead's name."""
_GAP = 2
_KEPT_FREE = 2
"""Lines for the question, and for the Return that ends the answer."""
_TOLD_AT_MOST = 3


class EndOfInput(Exception):
    """Nobody answers any more."""


class Session(Protocol):
    """A person who reviews; each method that asks raises `EndOfInput` or `KeyboardInterrupt` where they leave."""

    def show(self, card: Card, corner: str) -> None:
        """Put a lead before them; `corner` says how far they are."""

    def tell(self, sentence: str) -> None:
        """Say something; it is seen with the next question at the latest."""

    def tell_at_once(self, sentence: str) -> None:
        """Say what takes a while."""

    def ask_key(
        self, question: str, keys: Collection[str], below: Sequence[str] = (), choices: Sequence[str] = ()
    ) -> str:
        """Ask for one of some keys; `below` are lines that explain them, `choices` short texts to be told together."""

    def ask_line(self, question: str) -> str:
        """Ask for a line of text, which may be empty."""

    def page_through(self, card: Card) -> None:
        """Show all of a card, one screen after the other."""


class TerminalSession:
    """A reviewer at a terminal, on a screen of its own where the terminal has one; a dumb one is written on and on."""

    def __init__(self) -> None:
        self._card: Card | None = None
        self._corner = ""
        self._told: list[str] = []
        self._redraws = look_at(sys.stderr, os.environ).redraws
        self._quiet = ExitStack()

    def __enter__(self) -> Self:
        self._quiet.enter_context(quiet_terminal())
        self._write(_OWN_SCREEN if self._redraws else "")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._quiet.close()
        self._write(_OLD_SCREEN if self._redraws else "\n")
        self._write("".join(f"{line}\n" for line in self._told))

    def show(self, card: Card, corner: str) -> None:
        """Keep the card to be drawn above each question."""
        self._card, self._corner = card, corner
        if not self._redraws:
            self._write(f"\n{self._draw(0)}")

    def tell(self, sentence: str) -> None:
        """Say something above the next question, at once where nothing is drawn anew."""
        if self._redraws:
            self._told = [*self._told[1 - _TOLD_AT_MOST :], sentence]
        else:
            self._write(self._fit(sentence))

    def tell_at_once(self, sentence: str) -> None:
        """Say something in the line that is kept free below the last answer."""
        line = self._fit(sentence)
        self._write(line.rstrip() if self._redraws else line)

    def ask_key(
        self, question: str, keys: Collection[str], below: Sequence[str] = (), choices: Sequence[str] = ()
    ) -> str:
        """Ask below the card, which leaves room for what stands between."""
        self._draw_with((*below, *self._in_columns(choices)))
        key = read_key(self._fit_question(question), keys)
        if key == END_OF_INPUT:
            raise EndOfInput
        return key

    def ask_line(self, question: str) -> str:
        """Ask below the card."""
        self._draw_with(())
        line = read_line(self._fit_question(question))
        if line is None:
            raise EndOfInput
        return line

    def page_through(self, card: Card) -> None:
        """Show so many lines at once as the terminal has."""
        screen = self._look()
        lines = draw_card(card, replace(screen, width=(screen.width or 80) - 1)).splitlines()
        size = max(1, (screen.height or 24) - _KEPT_FREE)
        pages = [lines[start : start + size] for start in range(0, len(lines), size)]
        place = 0
        while place < len(pages):
            self._write((_WIPE if self._redraws else "\n") + "".join(f"{line}\n" for line in pages[place]))
            on = "[Return] to the card" if place + 1 == len(pages) else "[Return] on"
            question = f"page {place + 1} of {len(pages)}: {on} [b]ack [q]uit looking > "
            key = read_key(self._fit_question(question), (RETURN, " ", "b", "q"))
            if key == END_OF_INPUT:
                raise EndOfInput
            place = max(0, place - 1) if key == "b" else len(pages) if key == "q" else place + 1

    def _look(self) -> Screen:
        """The terminal as it is now: it may have been resized."""
        return look_at(sys.stderr, os.environ)

    def _draw(self, below: int) -> str:
        screen = self._look()
        lines = max(_FEWEST_LINES, (screen.height or 24) - _KEPT_FREE - below)
        return "" if self._card is None else draw_on_screen(self._card, screen, lines, self._corner)

    def _draw_with(self, below: Sequence[str]) -> None:
        if not self._redraws:
            self._write("".join(map(self._fit, below)))
            return
        lines = [self._fit(line) for line in (*below, *self._told)]
        self._told = []
        self._write(_WIPE + self._draw(len(lines)) + "".join(lines))

    def _in_columns(self, texts: Sequence[str]) -> list[str]:
        """Short texts beside each other, in as few lines as the width lets them have, in the order of reading down."""
        room = (self._look().width or 80) - 1
        for rows in range(1, len(texts) + 1):
            columns = [texts[start : start + rows] for start in range(0, len(texts), rows)]
            widths = [max(map(cell_len, column)) + _GAP for column in columns]
            if sum(widths) - _GAP <= room or rows == len(texts):
                padded = [[text.ljust(width) for text in column] for column, width in zip(columns, widths, strict=True)]
                return ["".join(line).rstrip() for line in zip_longest(*padded, fillvalue="")]
        return []

    def _fit(self, sentence: str) -> str:
        screen = self._look()
        return cut(safe(sentence), (screen.width or 80) - 1, screen) + "\n"

    def _fit_question(self, question: str) -> str:
        """A question that leaves a place for the answer."""
        screen = self._look()
        room = (screen.width or 80) - 2
        text = safe(question)
        return text if cell_len(text) <= room else f"{cut(text, room - 3, screen)} > "

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
