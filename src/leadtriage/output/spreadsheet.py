"""Tables as Excel workbooks; texts are written as texts, so that none is run as a formula."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import xlsxwriter

from leadtriage.output.cells import write_plain
from leadtriage.tabular import Cell, Table

_LONGEST_CELL = 32_767
"""Characters: Excel's own limit."""


def write_xlsx(table: Table) -> bytes:
    """One sheet with the columns' keys as header; numbers and dates stay numbers and dates."""
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
            sheet.write_string(0, place, column.key, bold)
        for line, row in enumerate(table.rows, start=1):
            for place, column in enumerate(table.columns):
                value = row[column.key]
                if isinstance(value, datetime):
                    sheet.write_datetime(line, place, value, moment)
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, value, day)
                elif isinstance(value, bool):
                    sheet.write_boolean(line, place, value)
                elif isinstance(value, int | float) and abs(value) < 10**15:
                    sheet.write_number(line, place, value)
                elif value is not None:
                    sheet.write_string(line, place, _cut(value))
    return buffer.getvalue()


def _cut(value: Cell) -> str:
    text = write_plain(value)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"
