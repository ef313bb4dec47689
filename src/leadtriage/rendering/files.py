"""Renders tables for scripts and documents: JSON, CSV, Markdown, Excel. The column keys are the interface."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter

from leadtriage.core.errors import FileError
from leadtriage.core.tables import Cell, Table, guard_formula, unguard_formula
from leadtriage.rendering.sanitize import escape_for_json, safe, safe_lines
from leadtriage.rendering.text import write_plain, write_shown

_MARKUP = re.compile(r"[\\`*\[|~]|(?<![^\W_])_|_(?![^\W_])")
"""Characters that start or end markup; an underscore in a word and a closing bracket do not."""

_TAG_START = re.compile(r"<(?=[a-zA-Z/!?])|^>|&(?=#?\w+;)")
"""What starts a tag, a quotation or an entity; some readers ignore a backslash before these."""


def write_json(table: Table) -> str:
    """Render an array of flat objects, one row per line."""
    rows = [{column.key: row[column.key] for column in table.columns} for row in table.rows]
    if not rows:
        return "[]\n"
    return "[\n" + ",\n".join(_dump(row) for row in rows) + "\n]\n"


def write_json_object(value: Mapping[str, Any]) -> str:
    """Render one object, indented."""
    return _dump(value, indent=2) + "\n"


def _dump(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_write_date, allow_nan=False)
    return escape_for_json(text)


def _write_date(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def write_csv(table: Table, *, exact: bool = False) -> str:
    """Render comma-separated values with the column keys as header; no cell starts a formula.

    Args:
        exact: keep control characters, for a file to import again.
    """
    rows = ([_guard(row[column.key]) for column in table.columns] for row in table.rows)
    text = write_rows([[_guard(column.key) for column in table.columns]], rows)
    return text if exact else safe_lines(text)


def write_rows(*parts: Iterable[Sequence[str]]) -> str:
    """Render rows of texts as comma-separated values, unchanged."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for part in parts:
        writer.writerows(part)
    return buffer.getvalue()


def _guard(value: Cell) -> str:
    return guard_formula(value) if isinstance(value, str) else write_plain(value)


def write_markdown(table: Table) -> str:
    """Render a table in GitHub's Markdown, below its title; cells contain no markup."""
    lines = [f"**{escape_markdown(table.title)}**", ""] if table.title else []
    lines += [text for sentence in table.summary for text in (escape_markdown(sentence), "")]
    lines.append("| " + " | ".join(escape_markdown(column.label) for column in table.columns) + " |")
    lines.append("|" + "|".join(" ---: " if column.align == "right" else " --- " for column in table.columns) + "|")
    for row in table.rows:
        cells = (escape_markdown(write_shown(column, row)) for column in table.columns)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """Make a text safe, and escape what Markdown or HTML would take for markup."""
    return _MARKUP.sub(r"\\\g<0>", _TAG_START.sub(lambda match: html.escape(match.group()), safe(text)))


_FIRST_DAY = date(1900, 3, 1)
"""Excel has no days before 1900, and miscounts those before this one."""
_EXACT = 10**15
"""Excel keeps 15 digits of a number."""


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """The limits of a sheet: rows including the header, columns, and UTF-16 units per cell.

    Excel specifications and limits, https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3.
    """

    rows: int = 1_048_576
    columns: int = 16_384
    characters: int = 32_767


def write_xlsx(table: Table, limits: SheetLimits | None = None) -> bytes:
    """Render a workbook with one sheet and the column keys as header; numbers and dates keep their type.

    Raises:
        FileError: the table does not fit a sheet; the message names the first place.
    """
    _check_limits(table, limits or SheetLimits())
    buffer = io.BytesIO()
    # With a fixed date, the same table gives the same file.
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
        sheet = workbook.add_worksheet("leads")
        bold = workbook.add_format({"bold": True})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, _write_text(column.key), bold)
        for line, row in enumerate(table.rows, start=1):
            for place, column in enumerate(table.columns):
                value = row[column.key]
                if isinstance(value, datetime) and value.date() >= _FIRST_DAY:
                    sheet.write_datetime(line, place, value, moment)
                elif isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_DAY:
                    sheet.write_datetime(line, place, value, day)
                elif isinstance(value, bool):
                    sheet.write_boolean(line, place, value)
                elif isinstance(value, int | float) and abs(value) < _EXACT:
                    sheet.write_number(line, place, value)
                elif value is not None:
                    sheet.write_string(line, place, _write_text(value))
    return buffer.getvalue()


def _write_text(value: Cell) -> str:
    """Guard only what an import would take for guarded: a sheet's texts are never run as formulas."""
    text = write_plain(value)
    return text if unguard_formula(text) == text else f"'{text}"


def _check_limits(table: Table, limits: SheetLimits) -> None:
    found = [
        ("export", len(table.rows), limits.rows - 1, "rows", "of an Excel sheet below its header"),
        ("export", len(table.columns), limits.columns, "columns", "of an Excel sheet"),
        *(
            (place, length, limits.characters, "characters", "of an Excel cell")
            for place, length in _measure_texts(table, limits.characters // 2)
        ),
    ]
    for place, count, limit, unit, of in found:
        if count > limit:
            message = f"{count:,} {unit} exceed the {limit:,} {of}"
            raise FileError(message, place=place, hint="export to a .csv or .json file, or fewer leads")


def _measure_texts(table: Table, at_least: int) -> Iterator[tuple[str, int]]:
    """The places of longer texts, with their lengths in UTF-16 units."""
    for column in table.columns:
        if len(column.key) > at_least:
            yield f"the header of column {column.key[:40]}...", _measure(column.key)
    first = table.columns[0].key if table.columns else ""
    for row in table.rows:
        for column in table.columns:
            value = row[column.key]
            if isinstance(value, str) and len(value) >= at_least:
                yield f"{first} {write_plain(row[first])}, column {column.key}", _measure(value)


def _measure(value: str) -> int:
    return len(_write_text(value).encode("utf-16-le", errors="surrogatepass")) // 2
