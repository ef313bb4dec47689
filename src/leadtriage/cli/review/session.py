"""Where a review is held: what it needs of a person, and the terminal that gives it.

What is shown and asked, and in which order, is `cli.reviewing`'s; tests hold a session with a script instead.

What all reviews at the terminal share: the way through, its steps and taking them back, and how a review ends.

The keys of a review, and what is asked after each: a reason, a note, a day, a question.

Which lead is judged, and what becomes of the judgement, is `cli.reviewing`'s.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from string import ascii_lowercase, digits
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from rich.cells import cell_len
from sqlalchemy import Engine

from leadtriage.actions import NEED_REASON, Judgement, check_used_reason, known_reasons, undo_last_act
from leadtriage.cli.framework.command import INTERRUPTED, end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.terminal import END_OF_INPUT, RETURN, quiet_terminal, read_key, read_line, write_out
from leadtriage.core.context import Act, OutputFormat
from leadtriage.core.dates import parse_future_day
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.tables import Card, Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import reading
from leadtriage.rendering import Screen, cut, draw_card, draw_on_screen, look_at, safe
from leadtriage.reports.manager import list_overturns
from leadtriage.scoring import OpenQuestion

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


VERDICT_KEYS: Mapping[str, VerdictWord] = {
    "j": VerdictWord.JUNK,
    "r": VerdictWord.RESCUE,
    "n": VerdictWord.NURTURE,
    "a": VerdictWord.ASK,
}

REVIEW_QUESTION = "[j]unk [r]escue [n]urture [a]sk [s]kip [u]ndo [l]ook [f]or all [q]uit [?] > "
LAST_QUESTION = "that was the last one: [u]ndo [q]uit > "
AUDIT_QUESTION = "[j]unk [r]escue [n]urture [a]sk [s]kip [q]uit [?] > "
REVIEW_HELP = (
    "j  junk: closes the lead, with a reason",
    "r  rescue: it is no junk, with a reason, and goes back to the queue",
    "n  nurture: parks it until a day",
    "a  ask first: puts a question on top of those that it is to be asked",
    "s  skip: it waits for another review",
    "u  undo: takes back your last verdict and brings that lead back",
    "l  look at everything that is known of it",
    "f  for all: the same verdict for all that nothing else nominates",
    "q  quit: every verdict is stored already",
)
AUDIT_HELP = (
    "What you say is stored, and changes nothing of the lead. Would you call it",
    "j  junk, with a reason",
    "r  rescued: it was no junk, with a reason",
    "n  parked until later",
    "a  to be asked something first?",
    "s  skip    q  quit",
)

_BACK = ("-", "\x1b")
_OTHER = "/"
_NOTE = "note (Return for none) > "


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a verdict may be given.

    Attributes:
        words: those that have a key.
        check: returns another word as it is stored, or raises a `UsageError`.
    """

    words: tuple[str, ...]
    check: Callable[[str], str]

    @property
    def keys(self) -> dict[str, str]:
        """The key of each word: always the same one by the same criteria, so that hands learn them."""
        return dict(zip(ascii_lowercase + digits, self.words, strict=False))

    def with_word(self, word: str | None) -> Reasons:
        """The same with a word that was used; a new one gets the next key."""
        return self if word is None or word in self.words else replace(self, words=(*self.words, word))


def ask_judgement(
    session: Session,
    reasons: Reasons,
    word: VerdictWord,
    today: date,
    *,
    likely: str | None = None,
    questions: Sequence[OpenQuestion] = (),
) -> Judgement | None:
    """Ask for what belongs to a verdict; None where the person thought better of it.

    Args:
        likely: what nominates it; Return gives that as the reason of junk.
        questions: those that can be asked first.

    Raises:
        EndOfInput: the person left.
    """
    if word is VerdictWord.NURTURE:
        until = _ask_day(session, today)
        return None if until is None else Judgement(word, until=until)
    if word is VerdictWord.ASK:
        question = _ask_question(session, questions)
        return None if question is None else Judgement(word, ask_for=question)
    # What nominates a lead is no reason to rescue it.
    return ask_reasoned(session, reasons, word, likely=likely if word is VerdictWord.JUNK else None)


def ask_reasoned(
    session: Session, reasons: Reasons, word: VerdictWord, *, likely: str | None = None
) -> Judgement | None:
    """Ask for the reason of a verdict that needs one, and for a note; None where the person thought better of it."""
    reason = _ask_reason(session, reasons, word, likely) if word in NEED_REASON else None
    if reason is None and word in NEED_REASON:
        return None
    return Judgement(word, reason, session.ask_line(_NOTE) or None)


def _ask_reason(session: Session, reasons: Reasons, word: VerdictWord, likely: str | None) -> str | None:
    keys = reasons.keys
    first = f"[Return] {likely}  " if likely else ""
    question = f"why {word}? {first}[{_OTHER}] another word  [-] back > "
    choices = (*keys, _OTHER, *_BACK, *([RETURN] if likely else []))
    while True:
        key = session.ask_key(question, choices, choices=[f"{key} {reason}" for key, reason in keys.items()])
        if key in _BACK:
            return None
        if key == RETURN:
            return likely
        if key != _OTHER:
            return keys[key]
        written = session.ask_line("reason, in a word such as no_fit > ")
        try:
            return reasons.check(written)
        except UsageError as error:
            session.tell(str(error))


def _ask_day(session: Session, today: date) -> date | None:
    while True:
        written = session.ask_line("until when? 3w, 2m, next monday or 2027-01-31; Return to go back > ")
        if not written:
            return None
        try:
            return parse_future_day(written, today)
        except UsageError as error:
            session.tell(str(error))


def _ask_question(session: Session, questions: Sequence[OpenQuestion]) -> str | None:
    if not questions:
        session.tell("it has answered every question that the criteria ask")
        return None
    keys = dict(zip(digits[1:] + ascii_lowercase, questions, strict=False))
    below = [f"{key} {question.ask} (up to +{question.gain})" for key, question in keys.items()]
    key = session.ask_key("which question first? its number, [-] back > ", (*keys, *_BACK), below)
    return None if key in _BACK else keys[key].criterion


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the reviewer did.

    Attributes:
        place: of the lead that was shown, among all that are gone through.
        judgement: what was stored; None where it was skipped.
        act: under which number.
        decided: the leads that it decided.
    """

    place: int
    judgement: Judgement | None = None
    act: int | None = None
    decided: tuple[int, ...] = ()


class Taken(Protocol):
    """A step of any review."""

    @property
    def place(self) -> int:
        """Of what was shown, among all that is gone through."""

    @property
    def act(self) -> int | None:
        """The number under which something was stored; None where nothing was."""


AnyStep = TypeVar("AnyStep", bound=Taken)


class Walk(Generic[AnyStep]):
    """One person's way through what is to be reviewed, told and asked by a session.

    Attributes:
        steps: what was done and not taken back.
    """

    def __init__(self, session: Session, engine: Engine, criteria: Criteria, make_act: Callable[[], Act]) -> None:
        self.steps: list[AnyStep] = []
        self._session = session
        self._engine = engine
        self._criteria = criteria
        self._make_act = make_act
        self._place = 0

    def _take_back_last(self) -> AnyStep | None:
        """Take back the last thing that was done in this review, nothing of an earlier one, and go back to its place.

        Returns:
            What was taken back; None where that could not be, which is told.
        """
        if not self.steps:
            self._session.tell("nothing was done in this review yet")
            return None
        last = self.steps[-1]
        if last.act is not None:
            try:
                undo_last_act(self._engine, self._criteria, self._make_act(), only=last.act)
            except LeadtriageError as error:
                self._session.tell(f"not taken back: {error}")
                return None
        self.steps.pop()
        self._place = last.place
        return last


def read_reasons(engine: Engine, criteria: Criteria) -> Reasons:
    """The reasons that a reviewer may give: those that are known, and words that the team has used."""

    def check(word: str) -> str:
        with reading(engine) as connection:
            return check_used_reason(connection, criteria, word)

    return Reasons(known_reasons(criteria), check)


class Held(Protocol):
    """A review that was held: what was done, and how many leads nobody came to."""

    steps: list[Step]

    @property
    def left(self) -> int:
        """How many leads nobody came to."""


def hold(run: Callable[[], None]) -> int:
    """Hold a review to its end or until the person leaves, and return the program's exit code."""
    try:
        run()
    except EndOfInput:
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def end_review(invocation: Invocation, engine: Engine, criteria: Criteria, held: Held, code: int) -> None:
    """Show what was stored, by verdict and reason, and to people the overturn rates; end with a code."""
    counts: dict[tuple[str, str | None], int] = {}
    for step in held.steps:
        if step.judgement is not None:
            key = (step.judgement.verdict.value, step.judgement.reason)
            counts[key] = counts.get(key, 0) + len(step.decided)
    columns = (Column("verdict", "Verdict"), Column("reason", "Reason"), Column("leads", "Leads", align="right"))
    rows = tuple(
        {"verdict": verdict, "reason": reason, "leads": leads} for (verdict, reason), leads in _sort_counts(counts)
    )
    invocation.show(Table("Verdicts", columns, rows))
    skipped = sum(step.judgement is None for step in held.steps)
    stored = format_count(sum(counts.values()), "verdict")
    invocation.note(f"{stored} stored, {format_count(skipped, 'lead')} skipped, {held.left:,} left")
    if rows and invocation.settings.format is OutputFormat.TABLE:
        with reading(engine) as connection:
            rates = list_overturns(connection, criteria)
        write_out("\n")
        invocation.show(rates)
    end_with(code)


def _sort_counts(counts: dict[tuple[str, str | None], int]) -> list[tuple[tuple[str, str | None], int]]:
    """The most frequent first, verdict by verdict."""
    order = [word.value for word in VerdictWord]
    return sorted(counts.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0][1] or ""))


def say_judgement(judgement: Judgement) -> str:
    """A verdict in a few words: with its reason, its question or its day."""
    details = [judgement.reason, judgement.ask_for, judgement.until.isoformat() if judgement.until else None]
    return ", ".join([judgement.verdict.value, *(detail for detail in details if detail)])
