"""Draws a card on one screen that never scrolls: its parts share the lines there are, each its dearest ones first.

A card that is drawn as long as it is, is `output.card`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from leadtriage.output.cells import write_cell
from leadtriage.output.layout import GAP
from leadtriage.output.safe import safe
from leadtriage.output.screen import Screen
from leadtriage.output.sheet import Sheet, lay_out
from leadtriage.output.terminal import GRADE_STYLES, finish, open_console
from leadtriage.tabular import Card, Cell, Column, Table

_FACT = Column("fact", "")
_INDENT = 2
_ROOMY = 30
"""Lines from which on the parts stand apart."""
_MOST_LINES = 3
"""Lines that one long text has, where there is room."""

Line = tuple[tuple[str, str], ...]
"""The pieces of a line: each a text and its style."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of a part.

    Attributes:
        start: what stands before its text, in the first line.
        text: broken into a few lines.
        short: the same in one line, cut where it must be.
    """

    start: Line
    text: tuple[str, ...]
    short: str
    style: str = ""

    def draw(self, lines: int) -> list[Line]:
        """The entry in so many lines at most."""
        if lines < len(self.text):
            return [(*self.start, (self.short, self.style))]
        blank = " " * sum(cell_len(text) for text, _ in self.start)
        first, *more = self.text
        return [(*self.start, (first, self.style)), *(((blank, ""), (text, self.style)) for text in more)]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the card; without a heading where it is the facts."""

    heading: str | None
    entries: tuple[_Entry, ...]

    @property
    def wanted(self) -> int:
        """The lines that it would fill."""
        return sum(len(entry.text) for entry in self.entries)

    def draw(self, lines: int) -> list[Line]:
        """As many entries as fit, and long texts whole where lines are left over."""
        spare = max(0, lines - len(self.entries))
        drawn: list[Line] = []
        for entry in self.entries[:lines]:
            more = len(entry.text) - 1
            drawn += entry.draw(1 + min(more, spare))
            spare -= more if more <= spare else 0
        return drawn


def draw_on_screen(card: Card, screen: Screen, lines: int, corner: str = "") -> str:
    """A card as at most so many lines, none wider than the screen.

    The title and the facts come first, then the tables, without their columns' labels; each part has some of its lines
    where there is no room for all, and its heading says how many.

    Args:
        corner: what stands at the right end of the first line.
    """
    # The last column stays free: some terminals begin a new line when it is written.
    fitted = replace(screen, width=(screen.width or 80) - 1)
    parts = [_Part(None, tuple(_lay_facts(card.facts, fitted)))]
    parts += [_lay_table(table, fitted) for table in card.tables if table.rows]
    shares, apart = _share_out(parts, lines - 1)
    drawn = [_lay_title(card.title, corner, fitted)]
    for part, share in zip(parts, shares, strict=True):
        if share and part.heading is not None:
            drawn += [(), _lay_heading(part, share, fitted)] if apart else [_lay_heading(part, share, fitted)]
        drawn += part.draw(share)
    return _print(drawn[:lines], fitted)


def _share_out(parts: Sequence[_Part], lines: int) -> tuple[list[int], bool]:
    """How many of its lines each part has, and whether a free line stands above each heading.

    In turn each part gets one more; the last ones get none where there is not even a line for each.
    """
    apart = lines >= _ROOMY
    shares = [0] * len(parts)
    left = lines
    for place, part in enumerate(parts):
        needed = 1 + (part.heading is not None) * (1 + apart)
        if part.entries and left >= needed:
            shares[place] = 1
            left -= needed
    while left > 0:
        taken = 0
        for place, part in enumerate(parts):
            if left > 0 and 0 < shares[place] < part.wanted:
                shares[place] += 1
                left -= 1
                taken += 1
        if not taken:
            break
    return shares, apart


def _lay_title(title: str, corner: str, screen: Screen) -> Line:
    width = _width(screen) - (cell_len(corner) + GAP if corner else 0)
    shown = cut(_plain(title, screen), width, screen)
    blank = " " * (width - cell_len(shown) + GAP) if corner else ""
    return ((shown, "bold"), (blank, ""), (corner, "dim"))


def _lay_heading(part: _Part, share: int, screen: Screen) -> Line:
    count = f" ({share} of {len(part.entries)})" if share < len(part.entries) else ""
    return ((cut(part.heading or "", _width(screen) - len(count), screen), "bold"), (count, "dim"))


def _lay_facts(facts: Sequence[tuple[str, Cell]], screen: Screen) -> Iterator[_Entry]:
    """Two facts to a line where both are short; a long one has lines of its own, and goes first."""
    width = _width(screen)
    half = (width - GAP) // 2
    label_width = max((cell_len(label) for label, _ in facts), default=0)
    waiting: Line = ()
    for label, value in facts:
        text = _plain(write_cell(_FACT, value), screen)
        start = (f"{set_cell_size(label, label_width)} ", "dim")
        is_long = label_width + 1 + cell_len(text) > half
        if is_long:
            room = width - label_width - 1
            yield _Entry((start,), tuple(_wrap(text, room, screen)), cut(text, room, screen))
        elif waiting:
            gap = " " * (half - label_width - 1 - cell_len(waiting[-1][0]) + GAP)
            yield _Entry((*waiting, (gap, ""), start), (text,), text)
            waiting = ()
        else:
            waiting = (start, (text, ""))
    if waiting:
        yield _Entry(waiting[:-1], (waiting[-1][0],), waiting[-1][0])


def _lay_table(table: Table, screen: Screen) -> _Part:
    """A table's rows; the text of its last column goes on below where its kind lets it."""
    rows = tuple({key: _plain_cell(value, screen) for key, value in row.items()} for row in table.rows)
    columns = tuple(replace(column, label="") for column in table.columns)
    bare = replace(table, title="", columns=columns, rows=rows)
    sheet = lay_out(bare, replace(screen, width=_width(screen) - _INDENT))
    entries = (_lay_row(sheet, cells, screen) for _, group in sheet.groups for cells in group)
    return _Part(_plain(table.title, screen), tuple(entries))


def _lay_row(sheet: Sheet, cells: tuple[str, ...], screen: Screen) -> _Entry:
    start: list[tuple[str, str]] = [(" " * _INDENT, "")]
    for column, text in zip(sheet.columns[:-1], cells, strict=False):
        shown = cut(text, column.width, screen)
        free = " " * (column.width - cell_len(shown))
        start.append(((free + shown if column.right else shown + free) + " " * GAP, _style(text)))
    last = sheet.columns[-1]
    short = cut(cells[-1], last.width, screen)
    wraps = last.kind != "line" and not last.right
    lines = tuple(_wrap(cells[-1], last.width, screen)) if wraps else (short,)
    return _Entry(tuple(start), lines, short, _style(cells[-1]))


def _style(text: str) -> str:
    """Colours for what gives and takes points, and for grades."""
    number = text.strip()
    if number[:1] in ("+", "-") and number[1:].isdecimal():
        return "green" if number[0] == "+" else "red"
    return GRADE_STYLES.get(number.removeprefix("to "), "") if number.startswith("to ") else ""


def _wrap(text: str, width: int, screen: Screen) -> Iterator[str]:
    """A text in a few lines, broken between words where that is not far off; the last is cut."""
    rest = text
    for _ in range(_MOST_LINES - 1):
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
    """A text in so many cells at most, with a sign where something is missing."""
    if cell_len(text) <= width:
        return text
    sign = "…" if screen.unicode else "..."
    return (set_cell_size(text, max(0, width - len(sign))).rstrip() + sign)[: max(0, width)]


def _plain(text: str, screen: Screen) -> str:
    """A safe text as the screen will write it, so that it is as wide as was measured."""
    text = safe(text)
    return text if screen.unicode else text.encode("ascii", "backslashreplace").decode("ascii")


def _plain_cell(value: Cell, screen: Screen) -> Cell:
    return _plain(value, screen) if isinstance(value, str) else value


def _width(screen: Screen) -> int:
    return screen.width or 80


def _print(lines: Sequence[Line], screen: Screen) -> str:
    console = open_console(screen)
    for line in lines:
        console.print(Text.assemble(*line, no_wrap=True, overflow="crop"), crop=True)
    return finish(console)
