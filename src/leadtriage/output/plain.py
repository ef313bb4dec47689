"""Draws a sheet without colours: a pipe's reader waits for no library that draws for terminals."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from leadtriage.output.layout import GAP
from leadtriage.output.screen import Screen
from leadtriage.output.sheet import Sheet


def draw_plain(sheet: Sheet, screen: Screen) -> str:
    """A sheet as lines of text, the same as in colour but for the colours."""
    rule = ("─" if screen.unicode else "-") * (
        sum(column.width for column in sheet.columns) + GAP * (len(sheet.columns) - 1)
    )
    lines = [*([sheet.title] if sheet.title else []), *sheet.summary]
    for heading, rows in sheet.groups:
        if heading is not None:
            lines += ["", heading]
        lines.append(_draw_line(sheet, tuple(column.label for column in sheet.columns), screen))
        lines.append(rule)
        lines += (_draw_line(sheet, cells, screen) for cells in rows)
    return "".join(f"{line}\n" for line in lines)


def _draw_line(sheet: Sheet, cells: tuple[str, ...], screen: Screen) -> str:
    parts = []
    for column, text in zip(sheet.columns, cells, strict=True):
        free = column.width - cell_len(text)
        if free < 0:
            cut = set_cell_size(text, column.width - screen.unicode)
            parts.append(cut + "…" if screen.unicode else cut)
        else:
            parts.append(" " * free + text if column.right else text + " " * free)
    return (" " * GAP).join(parts).rstrip()
