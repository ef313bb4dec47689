"""The keys of a review, and what is asked after each: a reason, a note, a day, a question.

Which lead is judged, and what becomes of the judgement, is `cli.reviewing`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from string import ascii_lowercase, digits

from leadtriage.cli.dialogue import RETURN
from leadtriage.cli.review_session import Session
from leadtriage.days import parse_future_day
from leadtriage.errors import UsageError
from leadtriage.scoring.explain import OpenQuestion
from leadtriage.triage.judgement import NEED_REASON, Judgement
from leadtriage.vocabulary import VerdictWord

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
