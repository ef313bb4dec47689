"""Chooses the drawing for a format. Imports what a format needs when it is asked for."""

from __future__ import annotations

from leadtriage.output.screen import Screen
from leadtriage.settings import OutputFormat
from leadtriage.tabular import Table


def render_table(table: Table, format: OutputFormat, screen: Screen, *, upright: bool = False) -> str:
    """A table as the text of a format.

    Args:
        upright: for people, each row as a list of its values.
    """
    if format is OutputFormat.TABLE:
        from leadtriage.output.terminal import draw_table, draw_upright

        return draw_upright(table, screen) if upright else draw_table(table, screen)
    from leadtriage.output import documents

    write = {
        OutputFormat.JSON: documents.write_json,
        OutputFormat.CSV: documents.write_csv,
        OutputFormat.MARKDOWN: documents.write_markdown,
    }[format]
    return write(table)


def tell_misfit(table: Table, format: OutputFormat, screen: Screen) -> str:
    """Say how many columns of a table that adds up are too many for the screen; nothing where all are shown."""
    if not (table.adds_up and table.rows and format is OutputFormat.TABLE):
        return ""
    from leadtriage.output.sheet import lay_out
    from leadtriage.words import count_of

    left_out = lay_out(table, screen).left_out
    if not left_out:
        return ""
    verb, them = ("does", "it") if left_out == 1 else ("do", "them all")
    return f"{count_of(left_out, 'column')} {verb} not fit; --format csv has {them}"
