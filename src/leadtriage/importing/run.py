"""One import: its options, what its steps share, and its summary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection

from leadtriage.core.context import Act
from leadtriage.importing.normalize import DateOrder
from leadtriage.importing.parse import ReadOptions, Source
from leadtriage.importing.stage import ParseSettings, Staging

_PARSER_VERSION = 2
"""Raise it whenever files are parsed better, so that a file imported before is imported anew."""

BY_HAND = "added by hand"
"""The file name of an import whose row a person gave."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import.

    Attributes:
        read: how the file is read.
        overrides: lead field -> the file's header (`--map`); `outcome` -> `none` keeps all leads open.
        region: two letters of the country of phone numbers without a country code.
        currency: of sums without a currency; if it is None, they are in `usual_currency`.
        date_order: of columns that do not show their order.
        system: the prefix of the file's ids, if no preset knows it.
        source: the lead source of rows without one.
        nurture_days: how long a lead is snoozed that its CRM calls nurture.
    """

    read: ReadOptions = field(default_factory=ReadOptions)
    overrides: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    currency: str | None = None
    usual_currency: str = "USD"
    date_order: DateOrder | None = None
    system: str | None = None
    source: str | None = None
    dry_run: bool = False
    nurture_days: int = 30

    def digest(self, overrides: Mapping[str, str]) -> str:
        """Return a hash of all that decides the result besides the file, with the overrides in force."""
        parts = asdict(self) | {"overrides": dict(sorted(overrides.items())), "understanding": _PARSER_VERSION}
        del parts["dry_run"]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ImportRun:
    """What the steps of one import share.

    Attributes:
        overrides: the `--map` in force: that of the options, or the one stored for files with the same headers.
        act: who imports, and when.
        batch: the number of the import.
    """

    connection: Connection
    source: Source
    options: ImportOptions
    overrides: Mapping[str, str]
    settings: ParseSettings
    staging: Staging
    act: Act
    batch: int = 0

    @property
    def undo_first(self) -> int | None:
        """The import that a person undoes before importing the file in another way; None in a dry run."""
        return None if self.options.dry_run else self.batch


@dataclass(frozen=True, slots=True)
class Reject:
    """A rejected row."""

    line: int
    reason: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The result of an import; `rows = created + updated + unchanged + merged + rejected`.

    Attributes:
        batch: the number of the import; None after a dry run.
        warning_count: the number of warnings, equal ones counted each.
        warnings: what may be wrong, equal warnings counted together.
        notes: what was done.
        headers: of the file, for the file of rejects.
        repeated: the same file was imported before, so nothing was done.
    """

    file: str
    batch: int | None
    rows: int
    created: int
    updated: int
    unchanged: int
    merged: int
    rejected: int
    warning_count: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    rejects: tuple[Reject, ...] = ()
    repeated: bool = False
