"""How the rows of a table stand on a page: under headings where they are grouped, with their notes beneath them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leadtriage.output.cells import write_shown
from leadtriage.tabular import Cell, Column, Table

_NOTE = "note"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row, the heading that stands above it, and the note beneath it; both empty where there is none."""

    cells: Mapping[str, Cell]
    heading: str
    note: str


@dataclass(frozen=True, slots=True)
class ShownTable:
    """The columns that stand side by side, and the rows."""

    columns: tuple[Column, ...]
    rows: tuple[ShownRow, ...]


def lay_out_table(table: Table) -> ShownTable:
    """Take the column of the groups and that of the notes out of a table, to be drawn across it."""
    named = {column.key: column for column in table.columns}
    heading, note = named.pop(table.group_by or "", None), named.pop(_NOTE, None)
    rows, last = [], None
    for row in table.rows:
        group = write_shown(heading, row) if heading else ""
        rows.append(ShownRow(row, "" if group == last else group, write_shown(note, row) if note else ""))
        last = group
    return ShownTable(tuple(named.values()), tuple(rows))
