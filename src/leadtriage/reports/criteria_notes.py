"""What is worth saying of a criterion's tier: it never holds, everybody gets it, it tells won from lost or does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from leadtriage.criteria.model import Criterion, Tier
from leadtriage.reports.intervals import wilson_interval
from leadtriage.words import count_of

FEWEST_OUTCOMES = 20
"""Won leads, and lost ones, below which nothing is said of what tells them apart."""

FEWEST_ALIKE = 20
"""Leads below which nothing is said of a tier that never holds, that all get, or that says the same as another."""

LEAST_DIFFERENCE = 0.05
"""Of the shares of won and of lost leads: less than one lead in twenty is not worth telling, however sure it is."""

_EVERYBODY = 0.95
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many leads, and of these how many are won and lost."""

    leads: int
    won: int
    lost: int

    @property
    def are_enough(self) -> bool:
        """Whether there are enough of both to compare them."""
        return min(self.won, self.lost) >= FEWEST_OUTCOMES


@dataclass(slots=True)
class TierInUse:
    """A tier with what was counted of it.

    Attributes:
        counts_days: its criterion counts days, which go on after a lead is closed.
        known: leads of which the answer to its criterion is there.
        holds: leads that get their points from it.
        same_as: names of the other criteria's tiers that hold for nearly the same leads.
    """

    criterion: Criterion
    tier: Tier
    counts_days: bool
    known: int
    holds: Outcomes
    same_as: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """How people know it: "Company size: 50 to 1,000"."""
        return f"{self.criterion.name}: {self.tier.label}"


def list_notes(tier: TierInUse, outcomes: Outcomes) -> list[str]:
    """Say what is worth saying of a tier, in a few words each; the smallness of the outcomes is `say_few`'s."""
    notes = [said for said in (_say_extent(tier, outcomes.leads), _say_difference(tier, outcomes)) if said]
    notes += [f"holds for the same leads as {other}" for other in tier.same_as]
    if tier.counts_days and outcomes.are_enough:
        notes.append("counts days: closed leads have aged since")
    return notes


def note_line(holds: Outcomes, leads: int) -> str | None:
    """Say what is worth saying of a line that nominates leads as junk."""
    if holds.won:
        return f"holds for {count_of(holds.won, 'won lead')}"
    return "never holds" if not holds.leads and leads >= FEWEST_ALIKE else None


def say_few(outcomes: Outcomes) -> str:
    """Say that there are too few outcomes: "too few outcomes: 3 won, 5 lost"."""
    return f"too few outcomes: {outcomes.won:,} won, {outcomes.lost:,} lost"


def summarize(tiers: Sequence[TierInUse], outcomes: Outcomes) -> tuple[str, ...]:
    """Say in a few sentences what the criteria do."""
    if not outcomes.leads:
        return ("No lead came in within this period.",)
    said = [f"{count_of(outcomes.leads, 'lead')}: {outcomes.won:,} won, {outcomes.lost:,} lost."]
    said.append(_tell_apart(tiers, outcomes) if outcomes.are_enough else _say_too_few())
    idle = [tier for tier in tiers if _never_holds(tier)]
    general = [tier for tier in tiers if _is_general(tier, outcomes.leads)]
    alike = [tier for tier in tiers if tier.same_as]
    silent = {tier.criterion.name for tier in tiers if not tier.known and not tier.holds.leads}
    parts = [
        *([f"{count_of(len(silent), 'criterion is', 'criteria are')} known for no lead"] if silent else []),
        *([f"{count_of(len(idle), 'answer')} {_has(idle)} never been given"] if idle else []),
        *([f"nearly everybody gets {len(general):,}"] if general else []),
        *([f"{len(alike):,} say the same as another"] if alike else []),
    ]
    if parts:
        sentence = ", ".join(parts)
        said.append(f"{sentence[0].upper()}{sentence[1:]}: see the notes (--format csv has them all).")
    return tuple(said)


def _has(tiers: Sequence[TierInUse]) -> str:
    return "has" if len(tiers) == 1 else "have"


def _say_too_few() -> str:
    return f"Too few outcomes to say what tells won from lost: {FEWEST_OUTCOMES} of each are needed."


def _tell_apart(tiers: Sequence[TierInUse], outcomes: Outcomes) -> str:
    sure = [tier for tier in tiers if _find_direction(tier, outcomes)]
    if not sure:
        return "No answer is clearly more often with won leads than with lost ones."
    wrong = [tier for tier in sure if _is_wrong(tier, outcomes)]
    sure.sort(key=lambda tier: (-abs(_difference(tier, outcomes)), tier.name))
    best = "; ".join(_say_shares(tier, outcomes) for tier in sure[:_MOST_TOLD])
    against = f" {len(wrong):,} of them against the points." if wrong else ""
    return f"{count_of(len(sure), 'answer')} tell won from lost, the most: {best}.{against}"


def _say_shares(tier: TierInUse, outcomes: Outcomes) -> str:
    return (
        f"{tier.name} ({tier.holds.won / outcomes.won:.0%} of the won, {tier.holds.lost / outcomes.lost:.0%} of the "
        "lost)"
    )


def _difference(tier: TierInUse, outcomes: Outcomes) -> float:
    return tier.holds.won / outcomes.won - tier.holds.lost / outcomes.lost


def _find_direction(tier: TierInUse, outcomes: Outcomes) -> int:
    """1 where it is clearly more often with won leads, -1 with lost ones, 0 where chance could do it.

    Clearly: the intervals of the two shares do not meet, and the shares differ enough to matter.
    """
    if tier.counts_days or not outcomes.are_enough or abs(_difference(tier, outcomes)) < LEAST_DIFFERENCE:
        return 0
    won_low, won_high = wilson_interval(tier.holds.won, outcomes.won)
    lost_low, lost_high = wilson_interval(tier.holds.lost, outcomes.lost)
    return 1 if won_low > lost_high else -1 if lost_low > won_high else 0


def _is_wrong(tier: TierInUse, outcomes: Outcomes) -> bool:
    return _find_direction(tier, outcomes) * tier.tier.points < 0


def _say_difference(tier: TierInUse, outcomes: Outcomes) -> str | None:
    direction = _find_direction(tier, outcomes)
    if not direction:
        return None
    more = "won" if direction > 0 else "lost"
    said = (
        f"more often {more}: {tier.holds.won / outcomes.won:.0%} of won, {tier.holds.lost / outcomes.lost:.0%} of lost"
    )
    return f"{said}, against its points" if _is_wrong(tier, outcomes) else said


def _say_extent(tier: TierInUse, leads: int) -> str | None:
    if not tier.known and not tier.holds.leads:
        return "known for no lead" if leads else None
    if _never_holds(tier):
        return "never holds"
    if tier.known < FEWEST_ALIKE and not tier.holds.leads:
        return f"known for {count_of(tier.known, 'lead')} only"
    if _is_general(tier, leads):
        return "everybody gets it" if tier.holds.leads == leads else f"{tier.holds.leads / leads:.0%} of all get it"
    if tier.holds.leads == tier.known >= FEWEST_ALIKE:
        return "all that are known get it"
    return None


def _never_holds(tier: TierInUse) -> bool:
    return tier.holds.leads == 0 and tier.known >= FEWEST_ALIKE


def _is_general(tier: TierInUse, leads: int) -> bool:
    return leads >= FEWEST_ALIKE and tier.holds.leads >= _EVERYBODY * leads
