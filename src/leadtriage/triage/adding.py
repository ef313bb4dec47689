"""Adds one lead by hand: an import of a single row, so that it is read, matched, told and undone like any other."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Engine, select

from leadtriage.act import Act
from leadtriage.db.engine import reading
from leadtriage.db.schema import ImportRow, table
from leadtriage.errors import LeadtriageError, UsageError
from leadtriage.importing.pipeline import import_file
from leadtriage.importing.reading.model import ReadOptions
from leadtriage.importing.summary import BY_HAND, ImportOptions, ImportSummary
from leadtriage.importing.understand import DATE_FIELDS
from leadtriage.importing.values import is_ambiguous_date


@dataclass(frozen=True, slots=True)
class AddedLead:
    """What became of it: `outcome` is created, updated or unchanged; `batch` takes it back."""

    id: int
    outcome: str
    batch: int
    warnings: tuple[str, ...]


def add_lead(engine: Engine, values: Mapping[str, str], options: ImportOptions, act: Act) -> AddedLead:
    """Add a lead, or complete the one that these keys already lead to.

    Args:
        values: by the names that a file's column may be mapped to.

    Raises:
        LeadtriageError: nothing among the values identifies a lead.
        UsageError: there is no such field, or a date may be day or month first.
    """
    for field in DATE_FIELDS:
        if is_ambiguous_date(values.get(field, "")):
            raise UsageError(
                f"{values[field]!r} may be day or month first", hint="write it as year-month-day: 2026-11-20"
            )
    written = io.StringIO()
    csv.writer(written).writerows([list(values), list(values.values())])
    how = replace(
        options,
        read=ReadOptions(encoding="utf-8", delimiter=",", quote='"', escape='"', header_rows=1, skip_rows=0),
        overrides={field: field for field in values},
        system=options.system or "hand",
    )

    def run(dry_run: bool) -> ImportSummary:
        stream = io.BytesIO(written.getvalue().encode())
        return import_file(engine, None, replace(how, dry_run=dry_run), act, stream=stream, name=BY_HAND)

    tried = run(dry_run=True)
    if tried.rejects:
        raise LeadtriageError(tried.rejects[0].reason, hint="give at least --name, --company, --email or --phone")
    summary = run(dry_run=False)
    assert summary.batch is not None
    rows = table(ImportRow)
    with reading(engine) as connection:
        lead_id = connection.execute(select(rows.c.lead_id).where(rows.c.batch_id == summary.batch)).scalar_one()
    outcome = "created" if summary.created else "updated" if summary.updated else "unchanged"
    return AddedLead(lead_id, outcome, summary.batch, summary.warnings)
