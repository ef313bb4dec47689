"""What a source's leads came to and what they cost, and what can be said of that in words, and what cannot.

How it is counted is `reports.sources`'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from leadtriage.reports.intervals import FEWEST
from leadtriage.reports.periods import Period
from leadtriage.reports.sums import round_money
from leadtriage.words import count_of


@dataclass(slots=True)
class Tally:
    """What a group's leads came to and what it cost; sums of money in minor units, by currency."""

    source: str | None = None
    campaign: str | None = None
    leads: int = 0
    junk: int = 0
    nominated: int = 0
    qualified: int = 0
    won: int = 0
    valued: int = 0
    """Won leads whose value is known."""
    worth: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    spent: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    months: set[date] = field(default_factory=set)
    won_by_campaigns: int | None = None
    """Of a row that has no lead, but what was spent on a source as a whole: what the source's other rows won."""

    @property
    def source_shown(self) -> str:
        """The source as people see it."""
        return self.source or "no source"

    @property
    def name(self) -> str:
        """The source, and its campaign if it is about one."""
        return f"{self.source_shown}, {self.campaign}" if self.campaign else self.source_shown


@dataclass(frozen=True, slots=True)
class Sums:
    """A group's money in the criteria's currency, not yet rounded; None for what cannot be said."""

    value: Fraction | None
    spend: Fraction | None
    without_rate: tuple[str, ...]
    is_for_all: bool = False
    """Whether the spend is for leads that stand in other rows, so that nothing here came back of it."""

    def cost_per(self, count: int) -> Fraction | None:
        """What one of so many cost."""
        return self.spend / count if self.spend is not None and self.spend >= 0 and count else None

    @property
    def gain(self) -> Fraction | None:
        """What came back beyond what was spent, as a share of it."""
        if self.is_for_all or self.value is None or self.spend is None or self.spend <= 0:
            return None
        return (self.value - self.spend) / self.spend


def explain(tally: Tally, money: Sums, period: Period, *, has_owner: bool) -> Iterator[str]:
    """Say why something cannot be said of a group, and what its numbers rest on."""
    if not tally.leads:
        yield "no lead came in"
    elif tally.leads < FEWEST:
        yield f"no junk rate below {FEWEST} leads"
    if has_owner:
        yield "nobody says what one owner's leads cost"
    elif not tally.months:
        yield "no spend recorded"
    if money.without_rate:
        yield f"amounts in {', '.join(money.without_rate)} have no rate"
    for month in sorted(tally.months):
        days, length = period.days_of(month)
        if days < length:
            yield f"spend of {month:%Y-%m} counts for {days} of {length} days"
    if money.spend is not None and money.spend < 0:
        yield "corrections exceed what was spent"
    elif money.spend == 0:
        yield "no return on a spend of 0"
    elif money.is_for_all and money.spend is not None:
        yield "no return on what was spent on the source as a whole"
    if tally.valued < tally.won:
        without = f"{tally.won - tally.valued} of {tally.won} wins without" if tally.valued else "no win has"
        yield f"{without} a value"
    if money.gain is not None and tally.valued < FEWEST:
        yield f"return rests on {count_of(tally.valued, 'win') if tally.won else 'no win'}"


def mark_return(tally: Tally, money: Sums) -> str | None:
    """Write a return beside the few wins that it rests on; None where it may stand alone."""
    if money.gain is None or tally.valued >= FEWEST:
        return None
    return f"{float(money.gain):.0%} ({count_of(tally.valued, 'win')})"


def summarize(tallies: Sequence[Tally], money: Sequence[Sums], currency: str, *, by_campaign: bool) -> tuple[str, ...]:
    """Say what all rows come to, which gives the cheapest qualified lead, and what share of the spend won nothing.

    What all qualified leads cost together is not said, since the spend of some sources may not be recorded.
    """
    said = [_add_up(tallies, money, currency)] if len(tallies) > 1 else []
    if unrated := sorted({missing for sums in money for missing in sums.without_rate}):
        said.append(f"Amounts in {', '.join(unrated)} have no rate: the sums of rows with such amounts are not known.")
    costs = [
        (cost, place)
        for place, (tally, sums) in enumerate(zip(tallies, money, strict=True))
        if tally.qualified >= FEWEST and (cost := sums.cost_per(tally.qualified)) is not None
    ]
    if len(costs) > 1:
        cost, place = min(costs)
        kind = "campaigns" if by_campaign else "sources"
        said.append(
            f"Of the {len(costs)} {kind} with spend recorded and {FEWEST} qualified leads or more, "
            f"{tallies[place].name} is the cheapest: {round_money(cost, currency):,.2f} {currency} for each of them."
        )
    spent = [(tally, sums.spend) for tally, sums in zip(tallies, money, strict=True) if sums.spend and sums.spend > 0]
    total = sum(amount for _, amount in spent)
    lost = sum(amount for tally, amount in spent if not (tally.won or tally.won_by_campaigns))
    if lost and any(tally.won for tally in tallies):
        said.append(
            f"{float(lost / total):.0%} of the spend went where no lead is won yet: "
            f"{round_money(Fraction(lost), currency):,.2f} of {round_money(Fraction(total), currency):,.2f} {currency}."
        )
    return tuple(said)


def _add_up(tallies: Sequence[Tally], money: Sequence[Sums], currency: str) -> str:
    """Return "In all: 49 leads, 24 of them qualified, 2 won, worth 34,000.00 USD; spent 8,160.00 USD."."""
    leads, qualified = sum(tally.leads for tally in tallies), sum(tally.qualified for tally in tallies)
    winners = [(tally, sums.value) for tally, sums in zip(tallies, money, strict=True) if tally.won]
    worth = _say_sum(
        [value for _, value in winners], currency, is_all=all(tally.valued == tally.won for tally, _ in winners)
    )
    spend = _say_sum([sums.spend for tally, sums in zip(tallies, money, strict=True) if tally.months], currency)
    return (
        f"In all: {count_of(leads, 'lead')}, {qualified:,} of them qualified, "
        f"{sum(tally.won for tally, _ in winners):,} won{worth and f', worth {worth}'}{spend and f'; spent {spend}'}."
    )


def _say_sum(amounts: Sequence[Fraction | None], currency: str, *, is_all: bool = True) -> str:
    """Add up what is known of some amounts; an empty text where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    if not known:
        return ""
    said = f"{round_money(sum(known, Fraction()), currency):,.2f} {currency}"
    return said if is_all and len(known) == len(amounts) else f"{said} as far as is known"


def advise(tallies: Sequence[Tally], period: Period, *, has_owner: bool) -> tuple[str, ...]:
    """Say what to do where nothing came in, or nothing was recorded."""
    if not tallies:
        return ("no lead came in within this period, and nothing was spent",)
    if has_owner or any(tally.months for tally in tallies):
        return ()
    month = period.until.isoformat()[: len("2026-11")]
    return (f"no spend is recorded for this period; add it with: leadtriage spend add SOURCE AMOUNT --month {month}",)
