"""Draws a card: at full length, or on one screen whose parts share the lines there are, most important first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from leadtriage.core.context import OutputFormat
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.rendering.files import write_csv, write_json_object, write_markdown
from leadtriage.rendering.sanitize import safe
from leadtriage.rendering.screen import Screen
from leadtriage.rendering.terminal import GRADE_STYLES, draw_table, finish, open_console, print_facts
from leadtriage.rendering.text import GAP, Sheet, lay_out, write_cell

_FACT = Column("fact", "")
_INDENT = 2
_ROOMY = 30
"""From this height on, blank lines separate the parts."""
_MOST_LINES = {True: 10, False: 3}
"""The most lines of a long text, with and without blank lines between the parts."""
_FACTS_SHARE = 4
"""The facts get at least one of so many lines, since who it is comes first."""


def draw_card(card: Card, screen: Screen) -> str:
    """Draw a card at full length: long facts wrap, tables are fitted to the width."""
    console = open_console(screen)
    console.print(Text(safe(card.title), "bold"))
    print_facts(console, [(label, write_cell(_FACT, value)) for label, value in card.facts], screen)
    parts = [finish(console)]
    parts += [draw_table(table, screen, wrap=True) for table in card.tables if table.rows]
    return "\n".join(parts)


def render_card(card: Card, format: OutputFormat, screen: Screen) -> str:
    """Render a card in a format; as CSV, one row with the plain values of its record."""
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


Line = tuple[tuple[str, str], ...]
"""The pieces of a line: texts with their styles."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of a part of the card.

    Attributes:
        start: what precedes the text in the first line.
        room: the cells of each line of the text.
        most: the most lines of the text.
    """

    start: Line
    text: str
    room: int
    most: int
    style: str = ""

    def draw(self, lines: int, screen: Screen) -> list[Line]:
        """Draw at most so many lines."""
        blank = " " * sum(cell_len(text) for text, _ in self.start)
        first, *more = _wrap(self.text, self.room, screen, min(lines, self.most))
        return [(*self.start, (first, self.style)), *(((blank, ""), (text, self.style)) for text in more)]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the card; the facts have no heading. `lengths` are the lines that each entry would fill."""

    heading: str | None
    entries: tuple[_Entry, ...]
    lengths: tuple[int, ...]

    def draw(self, lines: int, screen: Screen) -> Iterator[Line]:
        """Draw as many entries as fit; long texts use the lines left over."""
        spare = max(0, lines - len(self.entries))
        for entry, length in zip(self.entries[:lines], self.lengths, strict=False):
            more = min(length - 1, spare)
            spare -= more
            yield from entry.draw(1 + more, screen)


def draw_on_screen(card: Card, screen: Screen, lines: int, corner: str = "") -> str:
    """Draw a card in at most so many lines, none wider than the screen.

    The title and the facts come first, then the tables without their labels. A part that does not fit shows some of
    its rows, and its heading says how many.

    Args:
        corner: the text at the right end of the first line.
    """
    # Some terminals start a new line when the last column is written.
    fitted = replace(screen, width=(screen.width or 80) - 1)
    apart = lines >= _ROOMY
    most = _MOST_LINES[apart]
    parts = [_measure(None, _lay_facts(card.facts, fitted, most), fitted)]
    parts += [_lay_table(table, fitted, most) for table in card.tables if table.rows]
    shares = _share_out(parts, lines - 1, apart=apart)
    drawn = [_lay_title(card.title, corner, fitted)]
    for part, share in zip(parts, shares, strict=True):
        if share and part.heading is not None:
            drawn += [(), _lay_heading(part, share, fitted)] if apart else [_lay_heading(part, share, fitted)]
        drawn += part.draw(share, fitted)
    return _print(drawn[:lines], fitted)


def _share_out(parts: Sequence[_Part], lines: int, *, apart: bool) -> list[int]:
    """How many lines each part gets.

    First one each, as far as that goes; then the facts get their share; then whichever part has the fewest gets more.
    """
    shares = [0] * len(parts)
    left = lines
    for place, part in enumerate(parts):
        needed = 1 + (part.heading is not None) * (1 + apart)
        if part.entries and left >= needed:
            shares[place] = 1
            left -= needed
    if shares[0]:
        more = max(0, min(left, lines // _FACTS_SHARE - 1, len(parts[0].entries) - 1))
        shares[0] += more
        left -= more
    for _ in range(left):
        wanting = [place for place, part in enumerate(parts) if 0 < shares[place] < sum(part.lengths)]
        if not wanting:
            break
        shares[min(wanting, key=lambda place: shares[place])] += 1
    return shares


def _lay_title(title: str, corner: str, screen: Screen) -> Line:
    width = _width(screen) - (cell_len(corner) + GAP if corner else 0)
    shown = cut(_plain(title, screen), width, screen)
    blank = " " * (width - cell_len(shown) + GAP) if corner else ""
    return ((shown, "bold"), (blank, ""), (corner, "dim"))


def _lay_heading(part: _Part, share: int, screen: Screen) -> Line:
    count = f" ({share} of {len(part.entries)})" if share < len(part.entries) else ""
    return ((cut(part.heading or "", _width(screen) - len(count), screen), "bold"), (count, "dim"))


def _lay_facts(facts: Sequence[tuple[str, Cell]], screen: Screen, most: int) -> Iterator[_Entry]:
    """Put two short facts on a line; a long one gets its own lines, and goes first."""
    width = _width(screen)
    half = (width - GAP) // 2
    label_width = max((cell_len(label) for label, _ in facts), default=0)
    waiting: Line = ()
    for label, value in facts:
        text = _plain(write_cell(_FACT, value), screen)
        start = (f"{set_cell_size(label, label_width)} ", "dim")
        if label_width + 1 + cell_len(text) > half:
            yield _Entry((start,), text, width - label_width - 1, most)
        elif waiting:
            gap = " " * (half - label_width - 1 - cell_len(waiting[-1][0]) + GAP)
            yield _Entry((*waiting, (gap, ""), start), text, half, 1)
            waiting = ()
        else:
            waiting = (start, (text, ""))
    if waiting:
        yield _Entry(waiting[:-1], waiting[-1][0], half, 1)


def _measure(heading: str | None, entries: Iterable[_Entry], screen: Screen) -> _Part:
    laid = tuple(entries)
    return _Part(heading, laid, tuple(len(entry.draw(entry.most, screen)) for entry in laid))


def _lay_table(table: Table, screen: Screen, most: int) -> _Part:
    """A table's rows; the text of the last column wraps if its kind allows it."""
    rows = tuple(
        {key: _plain(value, screen) if isinstance(value, str) else value for key, value in row.items()}
        for row in table.rows
    )
    columns = tuple(replace(column, label="") for column in table.columns)
    bare = replace(table, title="", columns=columns, rows=rows)
    sheet = lay_out(bare, replace(screen, width=_width(screen) - _INDENT))
    entries = (_lay_row(sheet, cells, screen, most) for _, group in sheet.groups for cells in group)
    return _measure(_plain(table.title, screen), entries, screen)


def _lay_row(sheet: Sheet, cells: tuple[str, ...], screen: Screen, most: int) -> _Entry:
    start: list[tuple[str, str]] = [(" " * _INDENT, "")]
    for column, text in zip(sheet.columns[:-1], cells, strict=False):
        shown = cut(text, column.width, screen)
        free = " " * (column.width - cell_len(shown))
        start.append(((free + shown if column.right else shown + free) + " " * GAP, _style(text)))
    last, text = sheet.columns[-1], cells[-1]
    wraps = last.kind != "line" and not last.right
    return _Entry(tuple(start), text, last.width, most if wraps else 1, _style(text))


def _style(text: str) -> str:
    """The colour of points and grades."""
    number = text.strip()
    if number[:1] in ("+", "-") and number[1:].isdecimal():
        return "green" if number[0] == "+" else "red"
    return GRADE_STYLES.get(number.removeprefix("to "), "") if number.startswith("to ") else ""


def _wrap(text: str, width: int, screen: Screen, most: int) -> Iterator[str]:
    """Break a text into at most so many lines, between words if one ends near the edge; the last line is cut."""
    rest = text
    for _ in range(most - 1):
        if cell_len(rest) <= width:
            break
        head = set_cell_size(rest, width)
        at = head.rfind(" ")
        if at > len(head) // 2 and rest[len(head) : len(head) + 1] != " ":
            head = head[:at]
        yield head.rstrip()
        rest = rest[len(head) :].lstrip()
    yield cut(rest, width, screen)


def cut(text: str, width: int, screen: Screen) -> str:
    """Cut a text to so many cells, with an ellipsis."""
    if cell_len(text) <= width:
        return text
    sign = "…" if screen.unicode else "..."
    return (set_cell_size(text, max(0, width - len(sign))).rstrip() + sign)[: max(0, width)]


def _plain(text: str, screen: Screen) -> str:
    """A safe text as the screen prints it, so that it is as wide as measured."""
    text = safe(text)
    return text if screen.unicode else text.encode("ascii", "backslashreplace").decode("ascii")


def _width(screen: Screen) -> int:
    return screen.width or 80


def _print(lines: Sequence[Line], screen: Screen) -> str:
    console = open_console(screen)
    for line in lines:
        console.print(Text.assemble(*line, no_wrap=True, overflow="crop"), crop=True)
    return finish(console)
