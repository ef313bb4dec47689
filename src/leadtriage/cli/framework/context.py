"""What every command is given: the settings, and ways to open the database, read the criteria and show results.

The one place where the clock is read.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from leadtriage.cli.framework.terminal import say, write_out
from leadtriage.core.context import Act, OutputFormat, Settings, resolve_settings
from leadtriage.core.errors import CriteriaError, LeadtriageError
from leadtriage.rendering import safe, safe_lines

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from leadtriage.core.tables import Card, Table
    from leadtriage.criteria import Criteria


def make_act(by: str, as_of: date | None, timezone: str | None) -> Act:
    """Say who acts and when.

    Args:
        as_of: the day that counts as today, or None for the real one.
        timezone: an IANA name, or None for the machine's own.
    """
    now = datetime.now(UTC)
    local = now.astimezone(_zone(timezone))
    day = as_of or local.date()
    at = datetime.combine(day, local.time().replace(microsecond=0))
    return Act(by=by, as_of=day, at=at, recorded_at=now.replace(tzinfo=None))


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # The criteria were checked where they were scored; here a machine without that zone still gets its lists.
        return None


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of one command."""

    settings: Settings

    @contextmanager
    def database(self, *, create: bool = False) -> Iterator[Engine]:
        """The database that was named; a driver's failures become messages.

        Raises:
            DatabaseError: it cannot be opened or used.
        """
        from leadtriage.db import open_database, translate_errors

        with translate_errors(self.settings.database):
            engine = open_database(self.settings.database, create=create)
            try:
                yield engine
            finally:
                engine.dispose()

    @property
    def has_database(self) -> bool:
        """Whether the database that was named is there; a server's is taken to be."""
        location = self.settings.database
        return "://" in location or Path(location).expanduser().exists()

    @contextmanager
    def trial_database(self) -> Iterator[Engine]:
        """The database that was named, or an empty one that is gone afterwards where there is none yet.

        Raises:
            DatabaseError: it cannot be opened or used.
        """
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="leadtriage-") as folder:
            location = self.settings.database if self.has_database else str(Path(folder) / "leadtriage.db")
            with Invocation(replace(self.settings, database=location)).database(create=True) as engine:
                yield engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        from leadtriage.db import reading

        with self.database() as engine, reading(engine) as connection:
            yield connection

    @contextmanager
    def reading_list(self) -> Iterator[tuple[Connection, date]]:
        """A transaction for a list, and the day that counts as today in the time zone of the last score.

        Says where the list rests on scores that are not of today's criteria; a criteria file is understood for it only
        where it was edited since.
        """
        from leadtriage.reports.query import read_score_snapshot

        with self.reading() as connection:
            basis = read_score_snapshot(connection)
            yield connection, self.act(basis.settings.get("timezone")).as_of
            if basis.digest is not None and not self.settings.quiet:
                self._tell_staleness(connection)

    @contextmanager
    def reporting(self) -> Iterator[tuple[Connection, Criteria, date]]:
        """A transaction for a report, the criteria that hold, and the day that counts as today by their time zone.

        Raises:
            CriteriaError: the criteria file has mistakes.
        """
        criteria = self.criteria()
        with self.reading() as connection:
            yield connection, criteria, self.act(criteria.timezone).as_of

    def _tell_staleness(self, connection: Connection) -> None:
        from leadtriage.scoring import lists_are_stale

        try:
            self.note(lists_are_stale(connection, self._criteria_digest(), self._read_criteria) or "")
        except CriteriaError as error:
            hint = "until that is corrected, lists show the last scores"
            tell_error(CriteriaError(error.message, mistakes=error.mistakes, place=error.place, hint=hint), "warning")

    def _criteria_digest(self) -> str:
        from leadtriage.criteria import digest_source, example_text, read_source

        path = self.settings.criteria
        return digest_source(read_source(path) if path else example_text())

    def criteria(self) -> Criteria:
        """The criteria that hold; says so where they are the built-in example.

        Raises:
            CriteriaError: the file has mistakes.
        """
        if self.settings.criteria is None:
            self.note("using the built-in example criteria; make your own with: leadtriage init")
        return self._read_criteria()

    def _read_criteria(self) -> Criteria:
        from leadtriage.criteria import example_criteria, read_criteria

        path = self.settings.criteria
        return example_criteria() if path is None else read_criteria(path)

    def act(self, timezone: str | None) -> Act:
        """Who acts, and when, by the criteria's time zone."""
        return make_act(self.settings.by, self.settings.as_of, timezone)

    def say_undo(self) -> str:
        """The command that takes this act back; who acts goes with it where that is not who would undo without it."""
        usual = resolve_settings(environment=os.environ).by
        return (
            "leadtriage undo" if self.settings.by == usual else f"leadtriage undo --by {shlex.quote(self.settings.by)}"
        )

    def show(self, table: Table, *, more: str | None = None, upright: bool = False) -> None:
        """Write a table to standard output, its warnings and notes to standard error.

        Args:
            more: how to see the rows that a limit left out.
            upright: people read a row better as a list of its values.
        """
        from leadtriage.rendering import look_at, render_table, tell_misfit

        screen = look_at(sys.stdout, os.environ)
        if table.rows or not self.settings.quiet or self.settings.format is OutputFormat.JSON:
            write_out(render_table(table, self.settings.format, screen, upright=upright))
        self.warn_all(table.warnings)
        for sentence in table.notes:
            self.note(sentence)
        self.note(tell_misfit(table, self.settings.format, screen))
        if table.is_cut and more:
            self.note(f"{len(table.rows):,} of {_say_how_many(table)} are shown; {more}")

    def show_card(self, card: Card) -> None:
        """Write a card to standard output and its notes to standard error."""
        from leadtriage.rendering import look_at, render_card

        write_out(render_card(card, self.settings.format, look_at(sys.stdout, os.environ)))
        for sentence in card.notes:
            self.note(sentence)

    def note(self, sentence: str) -> None:
        """Tell something useful that is no data; `--quiet` leaves it out."""
        if sentence and not self.settings.quiet:
            say(safe(sentence))

    def warn(self, sentence: str) -> None:
        """Tell something that may be wrong, quiet or not."""
        say(f"warning: {safe(sentence)}")

    def warn_all(self, sentences: Iterable[str]) -> None:
        """Tell several."""
        for sentence in sentences:
            self.warn(sentence)


def _say_how_many(table: Table) -> str:
    if table.total is not None:
        return f"{table.total:,}"
    return "many" if table.more_than is None else f"more than {table.more_than:,}"


def tell_error(error: LeadtriageError, label: str = "leadtriage") -> None:
    """Write an error for a person: what, where, and what to do."""
    place = f"{error.place}: " if error.place else ""
    say(safe_lines(f"{label}: {place}{error.message}"))
    for mistake in getattr(error, "mistakes", ()):
        say(safe_lines(f"  {mistake}"))
    if error.hint:
        say(safe_lines(f"  {error.hint}"))
