"""Which period an overview is about, and how that is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from leadtriage.reports.filters import Filters
from leadtriage.reports.periods import Period
from leadtriage.words import count_of, say_day

USUAL_DAYS = 90
"""How many days an overview is about where nobody says which."""


def settle_period(filters: Filters, as_of: date) -> Period:
    """Return the period that was asked for, as far as it is over; where no day is given, the last 90 days."""
    today = max(as_of, filters.since or as_of)
    until = today if filters.until is None else min(filters.until, today)
    earliest = date.fromordinal(max(1, until.toordinal() - USUAL_DAYS + 1))
    return Period(filters.since or earliest, until)


def narrow(filters: Filters, period: Period) -> Filters:
    """Return the same filters, for the leads that came in within a period."""
    return replace(filters, since=period.since, until=period.until)


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
