"""What a command gets: a `Context` that opens the database and reads the criteria, and a `Printer` for its results.

The only place that reads the clock.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from leadtriage.cli.framework.terminal import print_message, write_out
from leadtriage.core.context import Act, OutputFormat, Settings, resolve_settings
from leadtriage.core.errors import CriteriaError, LeadtriageError
from leadtriage.rendering import safe, safe_lines

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from leadtriage.core.tables import Card, Table
    from leadtriage.criteria import Criteria


def make_act(by: str, as_of: date | None, timezone: str | None) -> Act:
    """Return who acts and when.

    Args:
        as_of: the day that counts as today; None for the real one.
        timezone: an IANA name; None for the machine's own.
    """
    now = datetime.now(UTC)
    local = now.astimezone(_find_zone(timezone))
    day = as_of or local.date()
    at = datetime.combine(day, local.time().replace(microsecond=0))
    return Act(by=by, as_of=day, at=at, recorded_at=now.replace(tzinfo=None))


def _find_zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # Scoring checked the criteria. A machine that lacks the zone still gets its lists.
        return None


@dataclass(frozen=True, slots=True)
class Printer:
    """Writes results to standard output, and notes and warnings to standard error."""

    format: OutputFormat
    quiet: bool

    def show(self, table: Table, *, more: str | None = None, as_list: bool = False) -> None:
        """Print a table with its warnings and notes.

        Args:
            more: how to see the rows beyond the limit.
            as_list: for people, print each row as a list of its values.
        """
        from leadtriage.rendering import describe_hidden_columns, detect_screen, render_table

        screen = detect_screen(sys.stdout, os.environ)
        if table.rows or not self.quiet or self.format is OutputFormat.JSON:
            write_out(render_table(table, self.format, screen, as_list=as_list))
        self.warn(*table.warnings)
        self.note(*table.notes, describe_hidden_columns(table, self.format, screen))
        if table.is_cut and more:
            self.note(f"showing {len(table.rows):,} of {_format_total(table)}; {more}")

    def show_card(self, card: Card) -> None:
        """Print a card with its notes."""
        from leadtriage.rendering import detect_screen, render_card

        write_out(render_card(card, self.format, detect_screen(sys.stdout, os.environ)))
        self.note(*card.notes)

    def note(self, *sentences: str) -> None:
        """Print hints for people; `--quiet` suppresses them, and empty ones are skipped."""
        for sentence in sentences:
            if sentence and not self.quiet:
                print_message(safe(sentence))

    def warn(self, *sentences: str) -> None:
        """Print what may be wrong, with `--quiet` too."""
        for sentence in sentences:
            print_message(f"warning: {safe(sentence)}")


def _format_total(table: Table) -> str:
    if table.total is not None:
        return f"{table.total:,}"
    return "many" if table.more_than is None else f"more than {table.more_than:,}"


def print_error(error: LeadtriageError, label: str = "leadtriage") -> None:
    """Print an error for a person: what, where, and what to do."""
    place = f"{error.place}: " if error.place else ""
    print_message(safe_lines(f"{label}: {place}{error.message}"))
    for mistake in getattr(error, "mistakes", ()):
        print_message(safe_lines(f"  {mistake}"))
    if error.hint:
        print_message(safe_lines(f"  {error.hint}"))


@dataclass(frozen=True)
class Context:
    """One run of one command: opens what its settings name, and creates its act."""

    settings: Settings
    printer: Printer

    @classmethod
    def of(cls, settings: Settings) -> Context:
        """A context whose printer follows the same settings."""
        return cls(settings, Printer(settings.format, settings.quiet))

    @cached_property
    def criteria(self) -> Criteria:
        """The criteria in force; notes when they are the built-in example.

        Raises:
            CriteriaError: the file has mistakes.
        """
        if self.settings.criteria is None:
            self.printer.note("using the built-in example criteria; write your own with `leadtriage init`")
        return self._read_criteria()

    def _read_criteria(self) -> Criteria:
        from leadtriage.criteria import example_criteria, read_criteria

        path = self.settings.criteria
        return example_criteria() if path is None else read_criteria(path)

    def act(self) -> Act:
        """Who acts, and when, in the time zone of the criteria."""
        return self.act_in(self.criteria.timezone)

    def act_in(self, timezone: str | None) -> Act:
        """Who acts, and when, in a time zone."""
        return make_act(self.settings.by, self.settings.as_of, timezone)

    @property
    def undo_command(self) -> str:
        """The command that undoes this act; with `--by` if `undo` would not assume the same person."""
        by = self.settings.by
        is_default = by == resolve_settings(environment=os.environ).by
        return "leadtriage undo" if is_default else f"leadtriage undo --by {shlex.quote(by)}"

    @property
    def has_database(self) -> bool:
        """Whether the database file exists; a server's database is assumed to."""
        location = self.settings.database
        return "://" in location or Path(location).expanduser().exists()

    @contextmanager
    def database(self, *, create: bool = False) -> Iterator[Engine]:
        """Open the database; failures of its driver become messages.

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

    @contextmanager
    def trial_database(self) -> Iterator[Engine]:
        """Open the database, or an empty temporary one if it does not exist yet.

        Raises:
            DatabaseError: it cannot be opened or used.
        """
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="leadtriage-") as folder:
            location = self.settings.database if self.has_database else str(Path(folder) / "leadtriage.db")
            with replace(self, settings=replace(self.settings, database=location)).database(create=True) as engine:
                yield engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a read-only transaction."""
        from leadtriage.db import reading

        with self.database() as engine, reading(engine) as connection:
            yield connection

    @contextmanager
    def reading_list(self) -> Iterator[tuple[Connection, date]]:
        """Open a transaction for a list, with today's date in the time zone of the last score run.

        Notes when the scores are out of date. The criteria file is parsed only if it was edited since that run.
        """
        from leadtriage.reports.query import read_score_snapshot

        with self.reading() as connection:
            snapshot = read_score_snapshot(connection)
            yield connection, self.act_in(snapshot.settings.get("timezone")).as_of
            if snapshot.digest is not None and not self.settings.quiet:
                self._note_stale_scores(connection)

    def _note_stale_scores(self, connection: Connection) -> None:
        from leadtriage.criteria import digest_source, example_text, read_source
        from leadtriage.scoring import lists_are_stale

        path = self.settings.criteria
        try:
            digest = digest_source(read_source(path) if path else example_text())
            self.printer.note(lists_are_stale(connection, digest, self._read_criteria) or "")
        except CriteriaError as error:
            hint = "until you correct that, lists show the last scores"
            print_error(CriteriaError(error.message, mistakes=error.mistakes, place=error.place, hint=hint), "warning")

    @contextmanager
    def reporting(self) -> Iterator[tuple[Connection, Criteria, date]]:
        """Open a transaction for a report, with the criteria and today's date in their time zone.

        Raises:
            CriteriaError: the criteria file has mistakes.
        """
        criteria = self.criteria
        with self.reading() as connection:
            yield connection, criteria, self.act().as_of

    @contextmanager
    def acting(self) -> Iterator[tuple[Engine, Criteria, Act]]:
        """Open the database for an act: the first three arguments of every action."""
        criteria = self.criteria
        with self.database() as engine:
            yield engine, criteria, self.act()

    @contextmanager
    def acting_on(self, lead: str) -> Iterator[tuple[Engine, Criteria, Act, int]]:
        """Open the database for an act on the lead that a person named.

        Raises:
            LeadNotFound: no lead has that name.
            AmbiguousLead: several leads do.
        """
        from leadtriage.db import reading, resolve_lead

        with self.acting() as (engine, criteria, act):
            with reading(engine) as connection:
                lead_id = resolve_lead(connection, lead)
            yield engine, criteria, act, lead_id
