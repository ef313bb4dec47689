"""Who acts, and when: handed down from the command line, where the clock is read once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one person (or of cron).

    Attributes:
        by: the person's name.
        as_of: the calendar day in the criteria's time zone that counts as today (`--as-of`).
        at: the act's time on that day, in the criteria's time zone, without zone.
        recorded_at: the real time in UTC, without zone.
    """

    by: str
    as_of: date
    at: datetime
    recorded_at: datetime

    def days_later(self, days: int) -> date:
        """The calendar day so many days after today."""
        return self.as_of + timedelta(days=days)

    def on_behalf_of(self, system: str) -> Act:
        """The same moment, in the name of a system whose export says what happened."""
        return replace(self, by=system)
