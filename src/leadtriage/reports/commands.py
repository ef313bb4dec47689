"""The commands that list the leads behind the numbers of a report, as people type them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import date

from leadtriage.overviews import Trace
from leadtriage.reports.filters import Filters
from leadtriage.vocabulary import Step


@dataclass(frozen=True, slots=True)
class Commands:
    """Command lines for the leads that the filters let through, as they stand on a day."""

    filters: Filters
    as_of: date

    def list_leads(self, *options: str) -> str:
        """Return the command for the leads of the period that some further options choose."""
        return self.run("leads", *options)

    def list_step(self, number: str, step: Step, *options: str) -> Trace:
        """Return how to list the leads that count for a step of the funnel."""
        return Trace(number, self.run("leads", "--step", step.value, *options))

    def run(self, command: str, *options: str) -> str:
        """Return a command with these filters behind its own options, its arguments quoted for a shell."""
        said = " ".join(shlex.quote(word) for word in ("leadtriage", *command.split(), *options))
        return f"{said} {self._say_filters()}"

    def without_period(self) -> Commands:
        """The same for leads that came in whenever."""
        return replace(self, filters=replace(self.filters, since=None, until=None))

    def _say_filters(self) -> str:
        given = {
            "--since": self.filters.since.isoformat() if self.filters.since else None,
            "--until": self.filters.until.isoformat() if self.filters.until else None,
            "--source": self.filters.source,
            "--campaign": self.filters.campaign,
            "--owner": self.filters.owner,
            "--as-of": self.as_of.isoformat(),
        }
        return " ".join(f"{flag} {shlex.quote(value)}" for flag, value in given.items() if value is not None)
