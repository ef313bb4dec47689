"""Who acts and when, and the settings of a run: a flag beats the environment, which beats the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from leadtriage.core.dates import parse_day
from leadtriage.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts and when. The command line reads the clock once and hands this down.

    Attributes:
        by: the person's name.
        as_of: the day that counts as today (`--as-of`), in the criteria's time zone.
        at: the time of the act on that day, in the criteria's time zone, naive.
        recorded_at: the real time in UTC, naive.
    """

    by: str
    as_of: date
    at: datetime
    recorded_at: datetime

    def days_later(self, days: int) -> date:
        """Return the day that many days after today."""
        return self.as_of + timedelta(days=days)

    def on_behalf_of(self, system: str) -> Act:
        """Return the same act in the name of a source system."""
        return replace(self, by=system)


DEFAULT_DATABASE = "leadtriage.db"
CRITERIA_FILE = "criteria.yaml"


class OutputFormat(StrEnum):
    """The format of the data on standard output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Setting:
    """One common setting, from which its option, validation and reference are made.

    Attributes:
        name: its attribute of `Settings`.
        environment: the variable that replaces the flag.
        default: the default in words.
    """

    name: str
    flag: str
    help: str
    metavar: str | None = None
    environment: str | None = None
    default: str | None = None

    @property
    def help_line(self) -> str:
        """The help text with variable and default."""
        parts = [f"environment: {self.environment}"] if self.environment else []
        parts += [f"default: {self.default}"] if self.default else []
        return f"{self.help} [{'; '.join(parts)}]" if parts else self.help


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "database",
            "--db",
            "The database: a file, or a URL like postgresql://USER@HOST/NAME.",
            "PATH-OR-URL",
            "LEADTRIAGE_DB",
            f"{DEFAULT_DATABASE} in the working folder",
        ),
        Setting(
            "criteria",
            "--criteria",
            "The definition of a good lead.",
            "PATH",
            "LEADTRIAGE_CRITERIA",
            f"{CRITERIA_FILE} beside the database, else the built-in example",
        ),
        Setting("format", "--format", "The format of the data on standard output.", default="table"),
        Setting("as_of", "--as-of", "Act, score and report as if today were this day.", "YYYY-MM-DD", default="today"),
        Setting("by", "--by", "Who acts.", "NAME", "LEADTRIAGE_USER", "the name you are logged in with"),
        Setting("quiet", "--quiet", "Print only data: no hints, no progress, no empty tables."),
    )
}
"""Every common setting by name, in the order of the help."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. `criteria` is None for the built-in example, `as_of` for today."""

    database: str
    criteria: Path | None
    format: OutputFormat
    as_of: date | None
    by: str
    quiet: bool


def resolve_settings(
    *,
    database: str | None = None,
    criteria: str | None = None,
    format: OutputFormat | None = None,
    as_of: str | None = None,
    by: str | None = None,
    quiet: bool = False,
    environment: Mapping[str, str],
) -> Settings:
    """Return the settings from the given flags, else the environment, else the defaults.

    Raises:
        UsageError: an invalid value.
    """
    location = _choose("database", database, environment) or DEFAULT_DATABASE
    named = _choose("criteria", criteria, environment)
    return Settings(
        database=location,
        criteria=Path(named).expanduser() if named else find_criteria(location),
        format=format or OutputFormat.TABLE,
        as_of=parse_day(as_of, place="--as-of") if as_of else None,
        by=(_choose("by", by, environment) or _login_name()).strip(),
        quiet=quiet,
    )


def find_criteria(database: str) -> Path | None:
    """Return the criteria file beside a database, or for a server in the working folder, if there is one."""
    folder = Path() if "://" in database else Path(database).expanduser().parent
    path = folder / CRITERIA_FILE
    return path if path.is_file() else None


def _choose(name: str, given: str | None, environment: Mapping[str, str]) -> str | None:
    setting = SETTINGS[name]
    if given is not None:
        if not given.strip():
            raise UsageError("is empty", place=setting.flag, hint=f"write {setting.flag} {setting.metavar}")
        return given
    value = environment.get(setting.environment, "") if setting.environment else ""
    return value if value.strip() else None


def _login_name() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # cron and containers may have no name
        return "unknown"
