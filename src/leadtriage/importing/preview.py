"""Preview how a file is parsed, without importing it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from leadtriage.core.context import Act
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.importing.parse import Source
from leadtriage.importing.plan import (
    build_settings,
    complete_options,
    describe_rejecting_import,
    find_rejecting_import,
    load_overrides,
    plan_file,
)
from leadtriage.importing.run import ImportOptions
from leadtriage.importing.stage import ParseSettings, RowReader, Tally, describe_date_orders, resolve_date_orders

_SHOWN_ROWS = 5
_PARSED_CHUNKS = 8
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon", " ": "space", ", ": "comma and space"}


def preview_file(source: Source, options: ImportOptions, act: Act, *, connection: Connection | None = None) -> Card:
    """Preview how an open file is parsed.

    Args:
        connection: a database that may have stored the `--map` of such files.

    Raises:
        FileError: the file cannot be read.
        UsageError: an option names an unknown field or header.
    """
    rejecting = find_rejecting_import(connection, source) if connection is not None else None
    options = complete_options(options, rejecting)
    overrides = load_overrides(connection, source, options, rejecting)
    plan = plan_file(source, overrides, None if options.overrides else rejecting)
    settings = build_settings(None, source, plan, options, overrides)
    tally, samples = _parse_rows(source, settings, act)
    orders = resolve_date_orders(settings, tally, options.date_order)
    if orders != settings.date_orders:
        settings = replace(settings, date_orders=orders)
        tally, samples = _parse_rows(source, settings, act)
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
        *describe_rejecting_import(source, rejecting),
        *source.warnings,
        *plan.warnings,
        *describe_date_orders(settings, tally, options.date_order, None),
        *tally.warnings.sentences(),
    )
    return Card(
        title=f"How {source.name} is read",
        facts=tuple((label, value) for label, value in facts.items() if value is not None),
        tables=(_columns_table(columns), _rows_table(source, samples)),
        record={**{label.replace(" ", "_"): value for label, value in facts.items()}, "columns": columns},
        notes=warnings,
    )


def _parse_rows(source: Source, settings: ParseSettings, act: Act) -> tuple[Tally, list[list[str]]]:
    """Parse the first rows; return what was noticed, and the very first of them as written."""
    reader = RowReader(settings, act)
    samples: list[list[str]] = []
    for chunk in islice(source.rows(), _PARSED_CHUNKS):
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
