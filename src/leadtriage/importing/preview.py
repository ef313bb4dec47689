"""How a file would be read, without importing it: for people to check before they trust it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from leadtriage.core.context import Act
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.importing.parse import Source
from leadtriage.importing.plan import (
    complete_options,
    default_date_order,
    find_origin,
    plan_file,
    recall_overrides,
    tell_origin,
)
from leadtriage.importing.stage import RowReader, Tally, Understanding, settle_date_orders, tell_date_orders
from leadtriage.importing.summary import ImportOptions

_SHOWN_ROWS = 5
_TRIED_CHUNKS = 8
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon", " ": "space", ", ": "comma and space"}


def peek_source(source: Source, options: ImportOptions, act: Act, *, connection: Connection | None = None) -> Card:
    """Tell how an open file is read.

    Args:
        connection: a database that may remember what `--map` said of such files.

    Raises:
        FileError: the file cannot be read.
        UsageError: an option names a field or a header that is not there.
    """
    origin = find_origin(connection, source) if connection is not None else None
    if origin is not None:
        options = complete_options(options, origin)
    overrides = recall_overrides(connection, source, options, origin)
    plan = plan_file(source, overrides, None if options.overrides else origin)
    order = default_date_order(options.region)
    understanding = Understanding(
        plan=plan,
        headers=source.headers,
        system=options.system or plan.system or "file",
        extras=(),
        region=options.region,
        currency=options.currency or options.usual_currency,
        date_orders={column.index: options.date_order or column.date_order or order for column in plan.columns},
        source=options.source or plan.default_source,
    )
    tally, samples = _try_rows(source, understanding, act)
    orders = settle_date_orders(understanding, tally, options.date_order)
    if orders != understanding.date_orders:
        understanding = replace(understanding, date_orders=orders)
        tally, samples = _try_rows(source, understanding, act)
    columns = [
        {
            "column": column.header,
            "field": column.field,
            "why": column.why,
            "example": next(
                (row[column.index] for row in samples if len(row) > column.index and row[column.index]), None
            ),
        }
        for column in plan.columns
    ]
    reading = source.reading
    facts: dict[str, Cell] = {
        "file": source.name,
        "format": reading.format,
        "sheet": reading.sheet or None,
        "encoding": reading.encoding or None,
        "delimiter": _NAMES.get(reading.delimiter, reading.delimiter) or None,
        "quote": reading.quote or None,
        "escape": reading.escape or None,
        "line ends": reading.newline or None,
        "lines above the header": len(reading.preamble) or None,
        "header rows": reading.header_rows,
        "tables": reading.tables if reading.tables > 1 else None,
        "recognised as": plan.preset,
        "rows looked at": tally.rows,
    }
    warnings = (
        *tell_origin(source, origin),
        *source.warnings,
        *plan.warnings,
        *tell_date_orders(understanding, tally, options.date_order, None),
        *tally.warnings.sentences(),
    )
    return Card(
        title=f"How {source.name} is read",
        facts=tuple((label, value) for label, value in facts.items() if value is not None),
        tables=(_columns_table(columns), _rows_table(source, samples)),
        record={**{label.replace(" ", "_"): value for label, value in facts.items()}, "columns": columns},
        notes=warnings,
    )


def _try_rows(source: Source, understanding: Understanding, act: Act) -> tuple[Tally, list[list[str]]]:
    """Read the first rows; return what was noticed, and the very first of them to be shown."""
    reader = RowReader(understanding, act)
    samples: list[list[str]] = []
    for chunk in islice(source.rows(), _TRIED_CHUNKS):
        samples = samples or chunk.cells[:_SHOWN_ROWS]
        reader.read(chunk, 1)
    return reader.tally, samples


def _columns_table(columns: list[dict[str, Any]]) -> Table:
    return Table(
        "Columns",
        (
            Column("column", "Column", keep=100, kind="line"),
            Column("field", "Fills", keep=90),
            Column("why", "Why", keep=40),
            Column("example", "For example", keep=60, kind="line"),
        ),
        tuple({**column, "field": column["field"] or "(kept as it is)"} for column in columns),
    )


def _rows_table(source: Source, samples: list[list[str]]) -> Table:
    keys = [f"c{index}" for index in range(len(source.headers))]
    return Table(
        "First rows",
        tuple(
            Column(key, header, keep=100 - i, kind="line")
            for i, (key, header) in enumerate(zip(keys, source.headers, strict=True))
        ),
        tuple(dict(zip(keys, row, strict=False)) | dict.fromkeys(keys[len(row) :]) for row in samples),
    )
