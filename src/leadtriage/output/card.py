"""Draws a card, everything about one thing: its facts, then its tables."""

from __future__ import annotations

from rich.text import Text

from leadtriage.output.cells import write_cell
from leadtriage.output.documents import write_csv, write_json_object, write_markdown
from leadtriage.output.safe import safe
from leadtriage.output.screen import Screen
from leadtriage.output.terminal import draw_table, finish, open_console, print_facts
from leadtriage.settings import OutputFormat
from leadtriage.tabular import Card, Column, Table

_FACT = Column("fact", "")


def draw_card(card: Card, screen: Screen) -> str:
    """A card as lines of text: long facts wrap, tables are fitted to the width."""
    console = open_console(screen)
    console.print(Text(safe(card.title), "bold"))
    print_facts(console, [(label, write_cell(_FACT, value)) for label, value in card.facts], screen)
    parts = [finish(console)]
    parts += [draw_table(table, screen, wrap=True) for table in card.tables if table.rows]
    return "\n".join(parts)


def render_card(card: Card, format: OutputFormat, screen: Screen) -> str:
    """A card as the text of a format; as CSV the plain values of its record, in one row."""
    if format is OutputFormat.JSON:
        return write_json_object(card.record)
    if format is OutputFormat.TABLE:
        return draw_card(card, screen)
    if format is OutputFormat.CSV:
        plain = {key: value for key, value in card.record.items() if not isinstance(value, list | tuple | dict)}
        return write_csv(Table("", tuple(Column(key, key) for key in plain), (plain,)))
    facts = tuple({"fact": label, "value": value} for label, value in card.facts)
    tables = (Table(card.title, (_FACT, Column("value", "")), facts), *card.tables)
    return "\n".join(write_markdown(table) for table in tables if table.rows)
