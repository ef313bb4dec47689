"""The stored rows of imports, parsed again as they were then.

An import records no change if it only confirms a value. If it matters who stated a value, and when it was last seen,
the rows prove it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, String, cast, literal, select

from leadtriage.core.context import Act
from leadtriage.db import ImportBatch, ImportRow, table
from leadtriage.importing.mapping import NO_STATUS, StatusRow, find_status_columns
from leadtriage.importing.parse import Chunk
from leadtriage.importing.stage import Attribute, ParseSettings, RowReader

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Value:
    """A value as the history writes it, and when it was observed."""

    text: str
    observed_at: datetime


@dataclass(slots=True)
class SourceRecord:
    """What the rows of one import say about one lead; the latest row that has a value counts.

    Attributes:
        imported_on: the day of the import.
        recorded_at: the time of the import in UTC.
        values: by lead field, or `column:HEADER`.
        meaning: of the status and the outcome, with `junk_reason` and `junk_by` if it is junk.
        touched_on: the last contact; `touch_dated` is False if only a status proves it.
        closed_on: the closing date, if the rows have one and `meaning` closes a lead.
        words: the row that has `meaning`.
    """

    batch: int
    system: str | None
    imported_on: date
    recorded_at: datetime
    values: dict[str, Value] = field(default_factory=dict)
    meaning: str | None = None
    junk_reason: str | None = None
    junk_by: str | None = None
    touched_on: date | None = None
    touch_dated: bool | None = None
    closed_on: date | None = None
    words: StatusRow = NO_STATUS


class SourceRows:
    """Parses stored rows again; remembers the values of repeated cells, import by import."""

    def __init__(self, connection: Connection, *, without: int | None = None) -> None:
        """Use the rows of all imports that are not undone, except those of one batch."""
        self._connection = connection
        batch = table(ImportBatch)
        active = select(batch).where(batch.c.undone_at.is_(None), batch.c.id.is_distinct_from(without))
        yes, no = (cast(literal(answer), String) for answer in (True, False))
        booleans = dict(zip((True, False), connection.execute(select(yes, no)).one(), strict=True))
        stored = connection.execute(active)
        self._readers = {line.id: _BatchReader(line, booleans) for line in stored if "columns" in line.mapping}

    def read(self, leads: Sequence[int]) -> dict[int, list[SourceRecord]]:
        """Return the records of each lead, in the order of the imports.

        Args:
            leads: no more than one statement takes (`db.dialect.batches`).
        """
        row = table(ImportRow)
        found = select(row.c.batch_id, row.c.lead_id, row.c.line, row.c.cells).where(row.c.lead_id.in_(leads))
        return self._parse(self._connection.execute(found).all(), frozenset(self._readers))

    def read_many(self, leads: Select[Any], *, since: datetime) -> Iterator[dict[int, list[SourceRecord]]]:
        """Yield the records of any number of leads, some at a time, from imports later than `since`."""
        row = table(ImportRow)
        batches = frozenset(batch for batch, reader in self._readers.items() if reader.at > since)
        found = self._connection.execute(
            select(row.c.batch_id, row.c.lead_id, row.c.line, row.c.cells)
            .where(row.c.lead_id.in_(leads))
            .order_by(row.c.lead_id),
            execution_options={"yield_per": _ROWS_AT_ONCE},
        )
        rows: list[Any] = []
        for _, rows_of_lead in groupby(found, key=lambda row: row.lead_id):
            rows.extend(rows_of_lead)
            if len(rows) >= _ROWS_AT_ONCE:
                yield self._parse(rows, batches)
                rows = []
        yield self._parse(rows, batches)

    def _parse(self, rows: Sequence[Any], batches: frozenset[int]) -> dict[int, list[SourceRecord]]:
        records: dict[int, list[SourceRecord]] = defaultdict(list)
        ordered = sorted(rows, key=lambda row: (row.batch_id, row.line))
        for batch, rows_of_batch in groupby(ordered, key=lambda row: row.batch_id):
            if batch in batches:
                for lead_id, record in self._readers[batch].read(list(rows_of_batch)):
                    records[lead_id].append(record)
        return records


class _BatchReader:
    """Parses rows of one import."""

    def __init__(self, batch: Any, booleans: dict[bool, str]) -> None:
        """Parse as a row of `import_batch` says; `booleans` are the texts that the database writes for them."""
        self.at: datetime = batch.at
        self._batch, self._booleans = batch, booleans
        self._status_columns = find_status_columns(batch.system, batch.headers, batch.mapping)
        self._settings = ParseSettings.load(batch.headers, batch.system, batch.mapping)
        self._headers, self._attributes = self._settings.extra_headers, self._settings.attributes
        act = Act(by=batch.by, as_of=batch.at.date(), at=batch.at, recorded_at=batch.recorded_at)
        self._reader = RowReader(self._settings, act)

    def read(self, rows: Sequence[Any]) -> Iterator[tuple[int, SourceRecord]]:
        staged, _ = self._reader.read(Chunk([row.line for row in rows], [list(row.cells) for row in rows], {}), 1)
        positions: dict[int, list[int]] = defaultdict(list)
        for position, row in enumerate(rows):
            positions[row.lead_id].append(position)
        for lead_id, theirs in positions.items():
            # Later rows overwrite earlier ones, as in `deduplicate`; the order of the file decides equal times.
            ordered = sorted(theirs, key=lambda position: staged["observed_at"][position])
            yield lead_id, self._combine(rows, staged, ordered)

    def _combine(self, rows: Sequence[Any], staged: dict[str, list[Any]], positions: Sequence[int]) -> SourceRecord:
        record = SourceRecord(self._batch.id, self._batch.system, self.at.date(), self._batch.recorded_at)
        for position in positions:
            observed_at = datetime.fromisoformat(staged["observed_at"][position])
            for attribute in self._attributes:
                text = self._text(attribute, staged, position)
                if text is not None:
                    record.values[attribute.name] = Value(text, observed_at)
            for key, text in json.loads(staged["extra"][position] or "{}").items():
                record.values[f"column:{self._headers[key]}"] = Value(text, observed_at)
            if staged["meaning"][position] or staged["junk_reason"][position]:
                record.words = StatusRow(self._status_columns, rows[position].cells)
                record.meaning = staged["meaning"][position]
                record.junk_reason, record.junk_by = staged["junk_reason"][position], staged["junk_by"][position]
                closed_on = staged["closed_on"][position]
                record.closed_on = date.fromisoformat(closed_on) if closed_on else None
        touches = [(staged["touch_dated"][position], staged["touched_on"][position]) for position in positions]
        touches = [touch for touch in touches if touch[1]]
        if touches:
            record.touch_dated, touched_on = max(touches)
            record.touched_on = date.fromisoformat(touched_on)
        return record

    def _text(self, attribute: Attribute, staged: dict[str, list[Any]], position: int) -> str | None:
        """Write a staged value as `Attribute.text` does."""
        first = attribute.columns[0]
        value = staged[first][position] if first in staged else None
        if value is None:
            return None
        if isinstance(value, bool):
            return self._booleans[value]
        return f"{value} {staged[attribute.columns[1]][position]}" if attribute.is_money else str(value)
