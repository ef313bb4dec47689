"""What an import says when it is done, and the options it was given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from leadtriage.importing.normalize import DateOrder
from leadtriage.importing.parse import ReadOptions

UNDERSTANDING = 2
"""Raised whenever files are understood better, so that a file imported before is looked at anew."""

BY_HAND = "added by hand"
"""What stands for the file where a person gave the row."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a person said about an import.

    Attributes:
        read: how the file is to be read.
        overrides: lead field -> the file's header (`--map`); `outcome` -> `none` keeps all leads open.
        region: two letters of the country of telephone numbers without a country code.
        currency: of sums without a mark, where that was said; else they are in `usual_currency`.
        date_order: of columns whose values do not tell.
        system: the word in front of the file's ids, where no preset knows it.
        source: where the leads came from, if no column says so.
        nurture_days: how long a lead is parked that its CRM calls nurture.
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
        """What besides the file's bytes decides the result, `overrides` being those that are in force."""
        said = asdict(self) | {"overrides": dict(sorted(overrides.items())), "understanding": UNDERSTANDING}
        del said["dry_run"]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became no lead."""

    line: int
    reason: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of a file's rows; `rows = created + updated + unchanged + merged + rejected`.

    Attributes:
        batch: the import's number; None after a dry run.
        warnings: sentences about what may be wrong, equal ones counted together; `warning_count` counts each.
        notes: sentences about what was done.
        headers: the file's, for the file of rejects.
        repeated: the same file was imported before, so that nothing was done.
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
