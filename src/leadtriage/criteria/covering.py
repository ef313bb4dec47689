"""Tells which of many conditions, the tiers above or the other entries of a list, holds wherever a given one does.

The rules are those of `implication`; here they are looked up, since a criterion may list 50 times 1,000 words.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadtriage.criteria.fields import FieldType, Operator
from leadtriage.criteria.implication import covers_numbers, implies, split
from leadtriage.criteria.model import Comparison, Condition
from leadtriage.criteria.text import fold, words

LONGEST_PHRASE = 20
MOST_COMPARED = 200

Key = tuple[str | None, str | None, Operator, str]


class Covering:
    """Grows by conditions, each with a label, and finds the first one that covers another condition.

    Equal texts and words are looked up. Of what can only be compared one by one it knows the first 200
    conditions, so that it stays quick.
    """

    def __init__(self) -> None:
        self._by_text: dict[Key, tuple[Condition, int]] = {}
        self._others: list[tuple[Condition, int]] = []
        self._whole: list[Condition] = []

    def add(self, condition: Condition, label: int) -> None:
        """Add a condition; one part of it is enough to cover another."""
        self._whole.append(condition)
        for part in split(condition):
            self.add_part(part, label)

    def add_part(self, part: Condition, label: int) -> None:
        """Add one alternative, as `split` returns them."""
        if isinstance(part, Comparison) and is_text_test(part) and part.operator in (Operator.IS, Operator.WORDS):
            self._by_text.setdefault(_key_of(part, part.operator, _text_of(part)), (part, label))
        elif len(self._others) < MOST_COMPARED:
            self._others.append((part, label))

    def find(self, part: Condition, *, but: Condition | None = None) -> tuple[Condition, int] | None:
        """Return what covers the part, with its label; never `but` itself."""
        for found in self._candidates(part):
            if found[0] is not but and implies(part, found[0]):
                return found
        return None

    def covers(self, condition: Condition) -> bool:
        """Return whether one of those added surely holds wherever the condition does."""
        return covers_numbers(condition, self._whole) or all(self.find(part) is not None for part in split(condition))

    def _candidates(self, part: Condition) -> Iterator[tuple[Condition, int]]:
        if isinstance(part, Comparison) and is_text_test(part):
            for operator, text in _covering_texts(part):
                found = self._by_text.get(_key_of(part, operator, text))
                if found is not None:
                    yield found
            yield from self._others
        else:
            yield from self._others
            yield from list(self._by_text.values())[:MOST_COMPARED]


def is_text_test(comparison: Comparison) -> bool:
    """Return whether it compares text with one text."""
    return (
        comparison.type is FieldType.TEXT
        and comparison.operator is not Operator.PRESENT
        and len(comparison.operands) == 1
    )


def _key_of(comparison: Comparison, operator: Operator, text: str) -> Key:
    return (comparison.field, comparison.column, operator, text)


def _text_of(comparison: Comparison) -> str:
    folded = fold(str(comparison.operands[0]))
    return words(folded) if comparison.operator is Operator.WORDS else folded


def _covering_texts(comparison: Comparison) -> Iterator[tuple[Operator, str]]:
    """Yield the tests by text or words that surely hold where the comparison does: its own, and its phrases."""
    if comparison.operator is Operator.IS:
        yield Operator.IS, _text_of(comparison)
    if comparison.operator in (Operator.IS, Operator.WORDS):
        spoken = words(fold(str(comparison.operands[0]))).split()
        for length in range(1, min(len(spoken), LONGEST_PHRASE) + 1):
            for start in range(len(spoken) - length + 1):
                yield Operator.WORDS, " ".join(spoken[start : start + length])
