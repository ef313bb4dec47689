"""Tables for scripts and documents: JSON, CSV, Markdown. The keys of the columns are the interface."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from leadtriage.formulas import guard_formula
from leadtriage.output.cells import write_plain, write_shown
from leadtriage.output.safe import escape_for_json, safe, safe_lines
from leadtriage.tabular import Cell, Table

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
