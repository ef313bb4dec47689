"""What all reviews at the terminal share: the way through, its steps and taking them back, and how a review ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Engine

from leadtriage.act import Act
from leadtriage.cli.command import INTERRUPTED, end_with
from leadtriage.cli.invocation import Invocation
from leadtriage.cli.review_keys import Reasons
from leadtriage.cli.review_session import EndOfInput, Session
from leadtriage.cli.streams import write_out
from leadtriage.criteria.model import Criteria
from leadtriage.db.engine import reading
from leadtriage.errors import LeadtriageError
from leadtriage.reports.overturns import list_overturns
from leadtriage.settings import OutputFormat
from leadtriage.tabular import Column, Table
from leadtriage.triage.judgement import Judgement, check_used_reason
from leadtriage.triage.reasons import known_reasons
from leadtriage.triage.undoing import undo_last_act
from leadtriage.vocabulary import VerdictWord
from leadtriage.words import count_of


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
    stored = count_of(sum(counts.values()), "verdict")
    invocation.note(f"{stored} stored, {count_of(skipped, 'lead')} skipped, {held.left:,} left")
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
