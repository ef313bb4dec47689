"""A review held by a script instead of a person at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from leadtriage.cli.review.session import EndOfInput
from leadtriage.core.tables import Card

Answer = str | BaseException | Callable[[], None]
"""What is typed, how it is left, or something that happens in the meantime."""


@dataclass
class ScriptedSession:
    """Answers what is asked from a script; at its end nobody answers any more. Keeps all that was seen."""

    script: list[Answer]
    shown: list[tuple[str, str]] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)
    awaited: list[str] = field(default_factory=list)
    paged: list[Card] = field(default_factory=list)

    def show(self, card: Card, corner: str) -> None:
        self.cards.append(card)
        self.shown.append((card.title, corner))

    def tell(self, sentence: str) -> None:
        self.told.append(sentence)

    def tell_at_once(self, sentence: str) -> None:
        self.awaited.append(sentence)

    def ask_key(
        self, question: str, keys: Collection[str], below: Sequence[str] = (), choices: Sequence[str] = ()
    ) -> str:
        self.explained += [*below, *choices]
        key = self._answer(question)
        assert key in keys, f"{key!r} is no answer to {question!r}"
        return key

    def ask_line(self, question: str) -> str:
        return self._answer(question)

    def page_through(self, card: Card) -> None:
        self.paged.append(card)

    def _answer(self, question: str) -> str:
        self.asked.append(question)
        while self.script:
            answer = self.script.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            if isinstance(answer, str):
                return answer
            answer()
        raise EndOfInput
