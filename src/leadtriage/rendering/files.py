"""Tables for scripts and documents: JSON, CSV, Markdown. The keys of the columns are the interface.

Tables as Excel workbooks; texts are written as texts, so that none is run as a formula.
"""

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
from leadtriage.core.tables import Cell, Column, Table, guard_formula, unguard_formula
from leadtriage.rendering.sanitize import escape_for_json, safe, safe_lines
from leadtriage.rendering.text import write_plain, write_shown

_SIGN = re.compile(r"[\\`*\[|~]|(?<![^\W_])_|_(?![^\W_])")
"""What begins or ends markup of one line: an underscore within a word does not, nor does a bracket that closes."""

_BEGINNING = re.compile(r"<(?=[a-zA-Z/!?])|^>|&(?=#?\w+;)")
"""What begins a tag, a quotation or an entity; some readers know no backslash before these."""


def write_json(table: Table) -> str:
    """An array of flat objects, one per row, with a line for each."""
    rows = [{column.key: row[column.key] for column in table.columns} for row in table.rows]
    if not rows:
        return "[]\n"
    return "[\n" + ",\n".join(_dump(row) for row in rows) + "\n]\n"


def write_json_object(value: Mapping[str, Any]) -> str:
    """One object, indented."""
    return _dump(value, indent=2) + "\n"


def _dump(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_write_date, allow_nan=False)
    return escape_for_json(text)


def _write_date(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def write_csv(table: Table, *, exact: bool = False) -> str:
    """Comma-separated values with the columns' keys as header; no cell starts a formula (`formulas.guard_formula`).

    Args:
        exact: keep characters that steer a terminal, for a file that is to be imported again.
    """
    rows = ([_guard(row[column.key]) for column in table.columns] for row in table.rows)
    text = write_rows([[_guard(column.key) for column in table.columns]], rows)
    return text if exact else safe_lines(text)


def write_rows(*parts: Iterable[Sequence[str]]) -> str:
    """Rows of texts as comma-separated values, exactly as they are."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for part in parts:
        writer.writerows(part)
    return buffer.getvalue()


def _guard(value: Cell) -> str:
    return guard_formula(value) if isinstance(value, str) else write_plain(value)


def write_markdown(table: Table) -> str:
    """A table of GitHub's Markdown, under its title; nothing in a cell is taken as markup."""
    lines = [f"**{escape_markdown(table.title)}**", ""] if table.title else []
    lines += [text for sentence in table.summary for text in (escape_markdown(sentence), "")]
    lines.append("| " + " | ".join(escape_markdown(column.label) for column in table.columns) + " |")
    lines.append("|" + "|".join(" ---: " if column.align == "right" else " --- " for column in table.columns) + "|")
    for row in table.rows:
        cells = (escape_markdown(write_shown(column, row)) for column in table.columns)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """A safe text of one line in which nothing is taken as markup, and which people can read as it stands."""
    return _SIGN.sub(r"\\\g<0>", _BEGINNING.sub(lambda match: html.escape(match.group()), safe(text)))


_FIRST_DAY = date(1900, 3, 1)
"""Excel knows no days before 1900, and counts one too many until here."""
_EXACT = 10**15
"""Excel keeps 15 digits of a number."""


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """What a sheet holds: rows with the header, columns, and UTF-16 units of text in a cell.

    Excel specifications and limits, https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3.
    """

    rows: int = 1_048_576
    columns: int = 16_384
    characters: int = 32_767


def write_xlsx(table: Table, limits: SheetLimits | None = None) -> bytes:
    """One sheet with the columns' keys as header; numbers and dates stay numbers and dates.

    Raises:
        FileError: a sheet cannot hold the table whole; the message names the first place.
    """
    _check_limits(table, limits or SheetLimits())
    buffer = io.BytesIO()
    # A fixed date makes the same table the same file.
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
    """Guard only what an import would take for guarded: texts of a sheet are no formulas."""
    text = write_plain(value)
    return text if unguard_formula(text) == text else f"'{text}"


def _check_limits(table: Table, limits: SheetLimits) -> None:
    hint = "export to a .csv or .json file, which have no such limit, or fewer leads"
    if len(table.rows) + 1 > limits.rows:
        raise FileError(
            f"{len(table.rows):,} rows are more than the {limits.rows - 1:,} that an Excel sheet has below its header",
            place="export",
            hint=hint,
        )
    if len(table.columns) > limits.columns:
        raise FileError(
            f"{len(table.columns):,} columns are more than the {limits.columns:,} that an Excel sheet has",
            place="export",
            hint=hint,
        )
    for place, length in _measure_texts(table, limits.characters // 2):
        if length > limits.characters:
            raise FileError(
                f"{length:,} characters are more than the {limits.characters:,} that a cell of an Excel sheet has",
                place=place,
                hint=hint,
            )


def _measure_texts(table: Table, at_least: int) -> Iterator[tuple[str, int]]:
    """Where the texts of more characters than that stand, and their lengths in UTF-16 units."""
    for column in table.columns:
        if len(column.key) > at_least:
            yield f"the header of column {column.key[:40]}...", _measure(column.key)
    for row in table.rows:
        for column in table.columns:
            value = row[column.key]
            if isinstance(value, str) and len(value) >= at_least:
                yield _name_cell(table.columns[0], column, row[table.columns[0].key]), _measure(value)


def _measure(value: str) -> int:
    return len(_write_text(value).encode("utf-16-le", errors="surrogatepass")) // 2


def _name_cell(first: Column, column: Column, value: Cell) -> str:
    """A cell by its column, and its row by what stands first in it: `leadtriage_id 17, column need`."""
    return f"{first.key} {write_plain(value)}, column {column.key}"
