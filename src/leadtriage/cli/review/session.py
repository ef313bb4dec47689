"""What every review at the keyboard shares: the loop with its keys, steps and undo, and the terminal that shows it.

A review says how to read and show an item, what each key does, and how to sum up. Tests use a scripted session.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from types import TracebackType
from typing import ClassVar, Generic, Protocol, Self, TypeVar

from rich.cells import cell_len
from sqlalchemy import Engine

from leadtriage.actions import undo_last_act
from leadtriage.cli.framework.command import INTERRUPTED, exit_with
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.terminal import END_OF_INPUT, RETURN, quiet_terminal, read_key, read_line
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.tables import Card
from leadtriage.criteria import Criteria
from leadtriage.rendering import Screen, cut, detect_screen, draw_card, draw_on_screen, safe


class EndOfInput(Exception):
    """Nobody answers any more."""


class Session(Protocol):
    """The person who reviews; methods that ask raise `EndOfInput` or `KeyboardInterrupt` when they leave."""

    def show(self, card: Card, corner: str) -> None:
        """Show an item; `corner` is the progress."""

    def tell(self, sentence: str) -> None:
        """Print a message, at the latest with the next question."""

    def tell_at_once(self, sentence: str) -> None:
        """Print a message before something slow."""

    def ask_key(
        self, question: str, keys: Collection[str], below: Sequence[str] = (), choices: Sequence[str] = ()
    ) -> str:
        """Ask for one of some keys; `below` are lines that explain them, `choices` short texts to print in columns."""

    def ask_line(self, question: str) -> str:
        """Ask for a line of text; it can be empty."""

    def page_through(self, card: Card) -> None:
        """Show a whole card, page by page."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who reviews, and what their decisions are stored with."""

    session: Session
    engine: Engine
    criteria: Criteria
    make_act: Callable[[], Act]

    @property
    def today(self) -> date:
        """Today's date."""
        return self.make_act().as_of


Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Step(Generic[Outcome]):
    """One thing that the reviewer did.

    Attributes:
        place: the index of the item that was shown.
        outcome: what was decided; None if it was skipped.
        act: the number of the act that stored it.
        lead_ids: the leads that it decided.
    """

    place: int
    outcome: Outcome | None = None
    act: int | None = None
    lead_ids: tuple[int, ...] = ()


class Review(ABC, Generic[Item, Outcome]):
    """One person's review of a sequence of items. No transaction is open while the person thinks.

    Attributes:
        steps: what was done and not undone.
        place: the index of the current item.
    """

    question: ClassVar[str]
    help: ClassVar[tuple[str, ...]]
    last_question: ClassVar[str | None] = None
    """Asked after the last item; None for a review without undo."""

    def __init__(self, reviewer: Reviewer, total: int) -> None:
        self.reviewer = reviewer
        self.session = reviewer.session
        self.total = total
        self.steps: list[Step[Outcome]] = []
        self.place = 0

    @abstractmethod
    def read(self) -> Item | None:
        """Read the current item; None if it no longer needs a review."""

    @abstractmethod
    def build_card(self, item: Item) -> Card:
        """What to show of an item."""

    @abstractmethod
    def list_actions(self, item: Item) -> Mapping[str, Callable[[], None]]:
        """What each key does, besides skip, undo and quit. An action that completes the item calls `complete`."""

    @abstractmethod
    def describe(self, step: Step[Outcome]) -> str:
        """A step in a few words."""

    @abstractmethod
    def show_summary(self, printer: Printer) -> None:
        """Print what was done."""

    @property
    def progress(self) -> str:
        """Where the reviewer is."""
        return f"{self.place + 1} of {self.total}"

    @property
    def left(self) -> int:
        """How many items were not reached."""
        return self.total - self.place

    def run(self) -> None:
        """Review until the last item is done or the person quits.

        Raises:
            EndOfInput, KeyboardInterrupt: the person left; what was stored stays.
        """
        while True:
            if self.place >= self.total:
                if not (self.steps and self.last_question):
                    return
                if self.session.ask_key(self.last_question, ("u", "q", RETURN)) != "u":
                    return
                self.undo()
                continue
            item = self.read()
            if item is None:
                self.place += 1
                continue
            self.session.show(self.build_card(item), self.progress)
            actions = {**self.list_actions(item), "s": self._skip, **({"u": self.undo} if self.last_question else {})}
            keys = (*actions, "q", "?")
            key = self.session.ask_key(self.question, keys)
            while key == "?":
                key = self.session.ask_key(self.question, keys, self.help)
            if key == "q":
                return
            actions[key]()

    def complete(self, step: Step[Outcome]) -> None:
        """Keep a step and go to the next item."""
        self.steps.append(step)
        self.place += 1

    def _skip(self) -> None:
        self.complete(Step(self.place))

    def undo(self) -> None:
        """Undo the last step of this review, never an earlier act, and go back to its item."""
        if not self.steps:
            self.session.tell("nothing to undo in this review")
            return
        last, reviewer = self.steps[-1], self.reviewer
        if last.act is not None:
            try:
                undo_last_act(reviewer.engine, reviewer.criteria, reviewer.make_act(), only=last.act)
            except LeadtriageError as error:
                self.session.tell(f"not undone: {error}")
                return
        self.steps.pop()
        self.place = last.place
        self.session.tell("back to the skipped one" if last.outcome is None else f"undone: {self.describe(last)}")

    def count_outcomes(self) -> Counter[Outcome | None]:
        """How often each outcome occurred; None for what was skipped."""
        return Counter(step.outcome for step in self.steps)


def hold(run: Callable[[], None]) -> int:
    """Run a review until it ends or the person leaves, and return the exit code."""
    try:
        run()
    except EndOfInput:
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def hold_at_terminal(context: Context, engine: Engine, start: Callable[[Reviewer], Review[Item, Outcome]]) -> None:
    """Hold a review at the terminal, print its summary, and exit."""
    with TerminalSession() as session:
        review = start(Reviewer(session, engine, context.criteria, context.act))
        code = hold(review.run)
    review.show_summary(context.printer)
    exit_with(code)


_OWN_SCREEN, _OLD_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
_WIPE = "\x1b[H\x1b[J"
_GAP = 2
_KEPT_FREE = 2
"""Lines for the question, and for the Return that ends the answer."""
_MESSAGES = 3
"""Messages to keep for the next question."""


class TerminalSession:
    """A reviewer at a terminal: on a separate screen if the terminal has one, else line after line."""

    def __init__(self) -> None:
        self._card: Card | None = None
        self._corner = ""
        self._messages: list[str] = []
        self._redraws = self._screen.redraws
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
        self._write("".join(f"{line}\n" for line in self._messages))

    def show(self, card: Card, corner: str) -> None:
        """Keep the card, to draw it above each question."""
        self._card, self._corner = card, corner
        if not self._redraws:
            self._write(f"\n{self._draw(0)}")

    def tell(self, sentence: str) -> None:
        """Print above the next question; at once on a terminal that is not redrawn."""
        if self._redraws:
            self._messages = [*self._messages[1 - _MESSAGES :], sentence]
        else:
            self._write(self._fit(sentence))

    def tell_at_once(self, sentence: str) -> None:
        """Print in the line below the last answer, which is kept free."""
        line = self._fit(sentence)
        self._write(line.rstrip() if self._redraws else line)

    def ask_key(
        self, question: str, keys: Collection[str], below: Sequence[str] = (), choices: Sequence[str] = ()
    ) -> str:
        """Ask below the card, which leaves room for the lines between."""
        self._draw_with((*below, *self._in_columns(choices)))
        return self._read_key(question, keys)

    def ask_line(self, question: str) -> str:
        """Ask below the card."""
        self._draw_with(())
        line = read_line(self._fit_question(question))
        if line is None:
            raise EndOfInput
        return line

    def page_through(self, card: Card) -> None:
        """Show as many lines at once as the terminal has."""
        screen = self._screen
        lines = draw_card(card, replace(screen, width=(screen.width or 80) - 1)).splitlines()
        size = max(1, (screen.height or 24) - _KEPT_FREE)
        pages = [lines[start : start + size] for start in range(0, len(lines), size)]
        place = 0
        while place < len(pages):
            self._write((_WIPE if self._redraws else "\n") + "".join(f"{line}\n" for line in pages[place]))
            forward = "[Return] to the card" if place + 1 == len(pages) else "[Return] next"
            question = f"page {place + 1} of {len(pages)}: {forward} [b]ack [q]uit > "
            key = self._read_key(question, (RETURN, " ", "b", "q"))
            place = max(0, place - 1) if key == "b" else len(pages) if key == "q" else place + 1

    @property
    def _screen(self) -> Screen:
        """The terminal as it is now: it may have been resized."""
        return detect_screen(sys.stderr, os.environ)

    def _read_key(self, question: str, keys: Collection[str]) -> str:
        key = read_key(self._fit_question(question), keys)
        if key == END_OF_INPUT:
            raise EndOfInput
        return key

    def _draw(self, below: int) -> str:
        screen = self._screen
        lines = max(1, (screen.height or 24) - _KEPT_FREE - below)
        return "" if self._card is None else draw_on_screen(self._card, screen, lines, self._corner)

    def _draw_with(self, below: Sequence[str]) -> None:
        if not self._redraws:
            self._write("".join(map(self._fit, below)))
            return
        lines = [self._fit(line) for line in (*below, *self._messages)]
        self._messages = []
        self._write(_WIPE + self._draw(len(lines)) + "".join(lines))

    def _in_columns(self, texts: Sequence[str]) -> list[str]:
        """Short texts in columns, to be read down, in as few lines as the width allows."""
        room = (self._screen.width or 80) - 1
        for rows in range(1, len(texts) + 1):
            columns = [texts[start : start + rows] for start in range(0, len(texts), rows)]
            widths = [max(map(cell_len, column)) + _GAP for column in columns]
            if sum(widths) - _GAP <= room or rows == len(texts):
                padded = [[text.ljust(width) for text in column] for column, width in zip(columns, widths, strict=True)]
                return ["".join(line).rstrip() for line in zip_longest(*padded, fillvalue="")]
        return []

    def _fit(self, sentence: str) -> str:
        screen = self._screen
        return cut(safe(sentence), (screen.width or 80) - 1, screen) + "\n"

    def _fit_question(self, question: str) -> str:
        """Cut a question so that there is room for the answer."""
        screen = self._screen
        room = (screen.width or 80) - 2
        text = safe(question)
        return text if cell_len(text) <= room else f"{cut(text, room - 3, screen)} > "

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
