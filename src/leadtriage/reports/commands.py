"""The commands that list the leads behind the numbers of a report, as people type them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from leadtriage.overviews import Trace
from leadtriage.reports.filters import Filters
from leadtriage.vocabulary import Step


@dataclass(frozen=True, slots=True)
class Commands:
    """Command lines for the leads that the filters let through, as they stand on a day; None for today."""

    filters: Filters
    as_of: date | None = None

    def list_leads(self, *options: str) -> str:
        """Return the command for the leads of the period that some further options choose."""
        return self.run("leads", *options)

    def list_step(self, number: str, step: Step, *options: str) -> Trace:
        """Return how to list the leads that count for a step of the funnel."""
        return Trace(number, self.run("leads", "--step", step.value, *options))

    def run(self, command: str, *options: str) -> str:
        """Return a command with these filters behind its own options, its arguments quoted for a shell."""
        words = ("leadtriage", *command.split(), *options, *self._list_filters())
        return " ".join(shlex.quote(word) for word in words)

    def without_period(self) -> Commands:
        """The same for leads that came in whenever."""
        return replace(self, filters=replace(self.filters, since=None, until=None))

    def _list_filters(self) -> Iterator[str]:
        filters = self.filters
        given = {
            "--since": (filters.since,),
            "--until": (filters.until,),
            "--source": (filters.source,),
            "--campaign": (filters.campaign,),
            "--owner": (filters.owner,),
            "--grade": filters.grade,
            "--stage": filters.stage,
            "--reason": (filters.reason,),
            "--as-of": (self.as_of,),
        }
        for flag, values in given.items():
            for value in values:
                if value is not None:
                    yield from (flag, str(value))
        if filters.qualified is not None:
            yield "--qualified" if filters.qualified else "--not-qualified"
