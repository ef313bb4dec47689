"""The period that an overview is about, and the one of the same length before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from leadtriage.reports.filters import Filters
from leadtriage.words import count_of, say_day

USUAL_DAYS = 90
"""How many days an overview is about where nobody says which."""


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1

    def before(self) -> Period | None:
        """The period of the same length that ends the day before; None where the calendar has none."""
        if self.since.toordinal() <= self.days:
            return None
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))

    def narrow(self, filters: Filters) -> Filters:
        """The same filters, for the leads that came in within this period."""
        return replace(filters, since=self.since, until=self.until)

    def __str__(self) -> str:
        return f"{say_day(self.since)} to {say_day(self.until)}"


def settle_period(filters: Filters, as_of: date) -> Period:
    """Return the period that was asked for, as far as it is over; where no day is given, the last 90 days."""
    today = max(as_of, filters.since or as_of)
    until = today if filters.until is None else min(filters.until, today)
    earliest = date.fromordinal(max(1, until.toordinal() - USUAL_DAYS + 1))
    return Period(filters.since or earliest, until)


def say_period(period: Period, filters: Filters, as_of: date) -> str:
    """Return "Leads that came in from 25 Aug 2026 to 22 Nov 2026 (90 days), as they stand on 22 Nov 2026."."""
    only = [
        f"{word} {name!r}" if name.strip() else f"no {word}"
        for word, name in (("source", filters.source), ("campaign", filters.campaign), ("owner", filters.owner))
        if name is not None
    ]
    of = f" of {', '.join(only)}" if only else ""
    days = count_of(period.days, "day")
    return f"Leads{of} that came in from {period} ({days}), as they stand on {say_day(as_of)}."
