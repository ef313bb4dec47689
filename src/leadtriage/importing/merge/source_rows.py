"""What the kept rows of imports say of some leads, read again as they were read then.

An import writes nothing where it only confirms what is known. Where it matters who has said a thing, and when it was
seen last, the rows prove it.

How the rows of an import were understood, kept with it in the books, so that its rows can be read again as then.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, String, cast, literal, select

from leadtriage.core.context import Act
from leadtriage.db import ImportBatch, ImportRow, table
from leadtriage.importing.mapping import NO_STATUS, ColumnPlan, HeaderPlan, StatusRow, find_status_columns
from leadtriage.importing.normalize import DateOrder
from leadtriage.importing.parse import Chunk
from leadtriage.importing.stage import Attribute, RowReader, Understanding, attributes_of

_THEN = "as it was read then"


def write_understanding(understanding: Understanding) -> dict[str, Any]:
    """What is to be kept, as `ImportBatch.mapping` holds it; the headers and the system stand beside it."""
    return {
        "columns": [[column.field, column.rank, column.currency] for column in understanding.plan.columns],
        "currency_columns": [
            [column.index, column.currency_column]
            for column in understanding.plan.columns
            if column.currency_column is not None
        ],
        "extras": [[column.index, column.header, number] for column, number in understanding.extras],
        "region": understanding.region,
        "currency": understanding.currency,
        "date_orders": [[index, order.value] for index, order in understanding.date_orders.items()],
        "source": understanding.source,
        "keep_open": understanding.keep_open,
    }


def recall_understanding(headers: list[str], system: str | None, kept: Mapping[str, Any]) -> Understanding:
    """The understanding that `write_understanding` kept.

    Args:
        headers: the file's.
        system: whose ids the file has.
    """
    beside = dict(kept.get("currency_columns", ()))
    columns = tuple(
        ColumnPlan(index, header, field, _THEN, rank, currency, currency_column=beside.get(index))
        for index, (header, (field, rank, currency)) in enumerate(zip(headers, kept["columns"], strict=True))
    )
    return Understanding(
        plan=HeaderPlan(columns, preset=None, system=system, warnings=()),
        headers=tuple(headers),
        system=system or "",
        extras=tuple((ColumnPlan(index, header, None, _THEN), number) for index, header, number in kept["extras"]),
        region=kept["region"],
        currency=kept["currency"],
        date_orders={index: DateOrder(order) for index, order in kept["date_orders"]},
        source=kept["source"],
        keep_open=kept["keep_open"],
    )


_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Value:
    """A value as the history writes it, and when it was observed."""

    text: str
    observed_at: datetime


@dataclass(slots=True)
class Statement:
    """All that the rows of one import say of one lead: of each thing what the latest row that knows it says.

    Attributes:
        said_on: the day of the import.
        recorded_at: when it was imported, in UTC.
        values: by lead field, or `column:HEADER`.
        meaning: what the status and the outcome mean, with `junk_reason` and `junk_by` where that is junk.
        touched_on: the last contact; `touch_dated` is False where only a status proves it.
        closed_on: the day on which it closed, where `meaning` ends a lead and the rows tell it.
        words: the row that says `meaning`.
    """

    batch: int
    system: str | None
    said_on: date
    recorded_at: datetime
    values: dict[str, Value] = field(default_factory=dict)
    meaning: str | None = None
    junk_reason: str | None = None
    junk_by: str | None = None
    touched_on: date | None = None
    touch_dated: bool | None = None
    closed_on: date | None = None
    words: StatusRow = NO_STATUS


class KeptRows:
    """Reads them again; holds what it remembers of repeated cells, import by import."""

    def __init__(self, connection: Connection, *, without: int | None = None) -> None:
        """Read the rows of all imports that stand, but for the one that is named."""
        self._connection = connection
        books = table(ImportBatch)
        standing = select(books).where(books.c.undone_at.is_(None), books.c.id.is_distinct_from(without))
        self._batches = {line.id: _Rereader(line) for line in connection.execute(standing) if "columns" in line.mapping}
        yes, no = (cast(literal(answer), String) for answer in (True, False))
        self._answers = dict(zip((True, False), connection.execute(select(yes, no)).one(), strict=True))

    def read(self, leads: Sequence[int]) -> dict[int, list[Statement]]:
        """What is said of each lead, import by import, in their order.

        Args:
            leads: not more than one statement can name (`db.dialect.batches`).
        """
        kept = table(ImportRow)
        found = select(kept.c.batch_id, kept.c.lead_id, kept.c.line, kept.c.cells).where(kept.c.lead_id.in_(leads))
        return self._understand(self._connection.execute(found).all(), frozenset(self._batches))

    def read_many(self, leads: Select[Any], *, since: datetime) -> Iterator[dict[int, list[Statement]]]:
        """What imports of later than a time say of any number of leads, some leads after another, by one statement."""
        kept = table(ImportRow)
        wanted = frozenset(batch for batch, reader in self._batches.items() if reader.at > since)
        found = self._connection.execute(
            select(kept.c.batch_id, kept.c.lead_id, kept.c.line, kept.c.cells)
            .where(kept.c.lead_id.in_(leads))
            .order_by(kept.c.lead_id),
            execution_options={"yield_per": _ROWS_AT_ONCE},
        )
        rows: list[Any] = []
        for _, theirs in groupby(found, key=lambda row: row.lead_id):
            rows.extend(theirs)
            if len(rows) >= _ROWS_AT_ONCE:
                yield self._understand(rows, wanted)
                rows = []
        yield self._understand(rows, wanted)

    def _understand(self, rows: Sequence[Any], wanted: frozenset[int]) -> dict[int, list[Statement]]:
        said: dict[int, list[Statement]] = defaultdict(list)
        ordered = sorted(rows, key=lambda row: (row.batch_id, row.line))
        for batch, theirs in groupby(ordered, key=lambda row: row.batch_id):
            if batch in wanted:
                for lead_id, statement in self._batches[batch].read(list(theirs), self._answers):
                    said[lead_id].append(statement)
        return said


class _Rereader:
    """Reads rows of one import again."""

    def __init__(self, books: Any) -> None:
        self.at: datetime = books.at
        self._batch, self._system, self._recorded_at = books.id, books.system, books.recorded_at
        act = Act(by=books.by, as_of=books.at.date(), at=books.at, recorded_at=books.recorded_at)
        self._word_columns = find_status_columns(books.system, books.headers, books.mapping)
        understanding = recall_understanding(books.headers, books.system, books.mapping)
        self._headers = {f"c{number}": column.header for column, number in understanding.extras}
        self._attributes = attributes_of(understanding.plan, understanding.source)
        self._reader = RowReader(understanding, act)

    def read(self, rows: Sequence[Any], answers: dict[bool, str]) -> Iterator[tuple[int, Statement]]:
        chunk = Chunk([row.line for row in rows], [list(row.cells) for row in rows], {})
        staged, _ = self._reader.read(chunk, 1)
        positions: dict[int, list[int]] = defaultdict(list)
        for position, row in enumerate(rows):
            positions[row.lead_id].append(position)
        for lead_id, theirs in positions.items():
            # Later rows go before earlier ones, as in `folding`; the order of the file decides between equal times.
            ordered = sorted(theirs, key=lambda place: staged["observed_at"][place])
            yield lead_id, self._tell(rows, staged, ordered, answers)

    def _tell(
        self, rows: Sequence[Any], staged: dict[str, list[Any]], positions: Sequence[int], answers: dict[bool, str]
    ) -> Statement:
        statement = Statement(self._batch, self._system, self.at.date(), self._recorded_at)
        for place in positions:
            observed_at = datetime.fromisoformat(staged["observed_at"][place])
            for attribute in self._attributes:
                text = _write(attribute, staged, place, answers)
                if text is not None:
                    statement.values[attribute.name] = Value(text, observed_at)
            for key, text in json.loads(staged["extra"][place] or "{}").items():
                statement.values[f"column:{self._headers[key]}"] = Value(text, observed_at)
            if staged["meaning"][place] or staged["junk_reason"][place]:
                statement.words = StatusRow(self._word_columns, rows[place].cells)
                statement.meaning = staged["meaning"][place]
                statement.junk_reason, statement.junk_by = staged["junk_reason"][place], staged["junk_by"][place]
                closed_on = staged["closed_on"][place]
                statement.closed_on = date.fromisoformat(closed_on) if closed_on else None
        self._tell_contact(statement, staged, positions)
        return statement

    @staticmethod
    def _tell_contact(statement: Statement, staged: dict[str, list[Any]], positions: Iterable[int]) -> None:
        known = [place for place in positions if staged["touched_on"][place]]
        if known:
            last = max(known, key=lambda place: (bool(staged["touch_dated"][place]), staged["touched_on"][place]))
            statement.touched_on = date.fromisoformat(staged["touched_on"][last])
            statement.touch_dated = staged["touch_dated"][last]


def _write(attribute: Attribute, staged: dict[str, list[Any]], place: int, answers: dict[bool, str]) -> str | None:
    """A staged value as `Attribute.text` writes it."""
    first = attribute.columns[0]
    value = staged[first][place] if first in staged else None
    if value is None:
        return None
    if isinstance(value, bool):
        return answers[value]
    return f"{value} {staged[attribute.columns[1]][place]}" if attribute.is_money else str(value)
