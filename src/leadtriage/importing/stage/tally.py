"""What is noticed while the rows of a file are read, for the summary of an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from leadtriage.importing.normalize import DateOrderEvidence


@dataclass(slots=True)
class Warnings:
    """What could not be understood, equal cases counted together.

    Attributes:
        counts: how often each sentence was said.
        examples: for each sentence the first value that made it so.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, sentence: str, example: str = "", count: int = 1) -> None:
        """Count a sentence; the first example is kept."""
        self.counts[sentence] += count
        if example:
            self.examples.setdefault(sentence, example)

    def include(self, other: Warnings) -> None:
        """Count what was said elsewhere too."""
        self.counts.update(other.counts)
        self.examples = other.examples | self.examples

    def sentences(self) -> tuple[str, ...]:
        """All of them, the most frequent first."""
        return tuple(self._tell(sentence, count) for sentence, count in self.counts.most_common())

    def _tell(self, sentence: str, count: int) -> str:
        example = self.examples.get(sentence)
        seen = f', such as "{example[:60]}"' if example else ""
        return f"{sentence}{seen}" + (f" ({count:,} times)" if count > 1 else "")


@dataclass(slots=True)
class Tally:
    """What was noticed.

    Attributes:
        closed: how many rows came in closed, by column and outcome.
        evidence: for each date column, by its index, what its values say of their order.
        unmarked_money: how many sums had no currency mark.
    """

    warnings: Warnings = field(default_factory=Warnings)
    closed: Counter[tuple[str, str]] = field(default_factory=Counter)
    evidence: dict[int, DateOrderEvidence] = field(default_factory=dict)
    unmarked_money: int = 0
    rows: int = 0

    def include(self, other: Tally) -> None:
        """Add what was noticed in other rows of the same file."""
        self.warnings.include(other.warnings)
        self.closed.update(other.closed)
        for index, evidence in other.evidence.items():
            self.evidence[index].include(evidence)
        self.unmarked_money += other.unmarked_money
        self.rows += other.rows
