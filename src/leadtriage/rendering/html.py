"""Renders the report page and the digest as HTML that loads nothing and runs no script.

Every value is escaped, and control characters become visible. The page's policy allows its own style sheet, identified
by its hash, and nothing else. Charts are plain numbers that a template draws as SVG: widths are percentages and heights
pixels, so that a chart fits any screen while its text keeps its size.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leadtriage.core.tables import Cell, Chart, Column, Figure, Overview, Point, Series, Table
from leadtriage.rendering.files import escape_markdown, write_markdown
from leadtriage.rendering.sanitize import safe
from leadtriage.rendering.text import write_cell, write_plain, write_shown


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row with the heading above and the note below it; both can be empty."""

    cells: Mapping[str, Cell]
    heading: str
    note: str


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table's columns and rows, without the columns that are drawn across it."""

    columns: tuple[Column, ...]
    rows: tuple[ShownRow, ...]


def lay_out_table(table: Table) -> ShownTable:
    """Take the columns of groups and notes out of a table, to draw them across it."""
    named = {column.key: column for column in table.columns}
    heading, note = named.pop(table.group_by or "", None), named.pop("note", None)
    rows, last = [], None
    for row in table.rows:
        group = write_shown(heading, row) if heading else ""
        rows.append(ShownRow(row, "" if group == last else group, write_shown(note, row) if note else ""))
        last = group
    return ShownTable(tuple(named.values()), tuple(rows))


_ROW = 46
"""Pixels from one bar to the next: a line of text, the bar, and room."""
_LONGEST_LABEL = 32
"""Characters of a label; the table has all of it."""
_DIGIT, _ROOM = 2.3, 2.6
"""The width of a digit, and the room around a number, in percent of a phone's width."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a bar: its start and width in percent, and the number in it, empty if none fits."""

    x: float
    width: float
    tone: str
    number: str
    hint: str

    @property
    def middle(self) -> float:
        """The place of its number."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its label above on the left and its remark on the right; `top` in pixels.

    Attributes:
        mark: where a line crosses it, in percent; None for none.
    """

    label: str
    said: str
    top: int
    segments: tuple[Segment, ...]
    mark: float | None


@dataclass(frozen=True, slots=True)
class Bars:
    """All bars of a chart; `legend` has the visible series."""

    bars: tuple[Bar, ...]
    legend: tuple[Series, ...]

    @property
    def height(self) -> int:
        """In pixels."""
        return _ROW * len(self.bars)


@dataclass(frozen=True, slots=True)
class Line:
    """A line over the points of a chart, in a field of 100 by 100; `x` and `y` are its end."""

    name: str
    path: str
    x: float
    y: float
    last: str
    most: str
    story: str


def lay_out_bars(chart: Chart) -> Bars | None:
    """Lay out the bars of a chart, the longest over the full width; None if there is nothing to draw."""
    lengths = [[value or 0 for value in point.values] for point in chart.points]
    longest = chart.full or max(map(sum, lengths), default=0)
    if not lengths or longest <= 0:
        return None
    bars = tuple(
        Bar(
            label=point.label if len(point.label) <= _LONGEST_LABEL else point.label[: _LONGEST_LABEL - 1] + "…",
            said=point.said,
            top=place * _ROW,
            segments=tuple(_lay_out_segments(chart, point, longest)),
            mark=None if point.mark is None else min(100, 100 * point.mark / longest),
        )
        for place, point in enumerate(chart.points)
    )
    drawn = [any(length[place] for length in lengths) for place in range(len(chart.series))]
    return Bars(bars, tuple(series for series, is_drawn in zip(chart.series, drawn, strict=True) if is_drawn))


def _lay_out_segments(chart: Chart, point: Point, longest: float) -> Iterator[Segment]:
    start = 0.0
    for series, value in zip(chart.series, point.values, strict=True):
        if not value or value < 0:
            continue
        width = min(100 - start, 100 * value / longest)
        number = f"{value:,.0f}"
        yield Segment(
            x=start,
            width=width,
            tone=series.tone,
            number=number if width >= _DIGIT * len(number) + _ROOM and len(chart.series) > 1 else "",
            hint=f"{point.label}: {number} {series.name}",
        )
        start += width


def lay_out_lines(chart: Chart) -> tuple[Line, ...]:
    """Lay out a line for each series, each from 0 to its own maximum, so that small numbers stay visible."""
    return tuple(_lay_out_line(chart, place) for place in range(len(chart.series))) if chart.points else ()


def _lay_out_line(chart: Chart, series: int) -> Line:
    name = chart.series[series].name
    known = [(place, point.label, point.values[series]) for place, point in enumerate(chart.points)]
    drawn = [(place, label, value) for place, label, value in known if value is not None]
    if not drawn:
        return Line(name, "", 0, 100, "unknown", "", f"{name}: unknown")
    most, least = max(value for _, _, value in drawn), min(value for _, _, value in drawn)
    across = max(1, len(chart.points) - 1)
    places = [(100 * place / across, 100 - 100 * value / (most or 1)) for place, _, value in drawn]
    (_, first_label, first), (_, last_label, last) = drawn[0], drawn[-1]
    return Line(
        name=name,
        path=" ".join(f"{x:.2f},{y:.2f}" for x, y in places),
        x=places[-1][0],
        y=places[-1][1],
        last=f"{last:,.0f}",
        most=f"{most:,.0f}",
        story=f"{name}: {first:,.0f} on {first_label}, {last:,.0f} on {last_label}; least {least:,.0f}, most "
        f"{most:,.0f}",
    )


def _open_templates() -> Environment:
    return Environment(
        loader=PackageLoader("leadtriage.rendering"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_make_safe,
    )


def _make_safe(value: object) -> object:
    return safe(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def write_page(overview: Overview, facts: tuple[tuple[str, str], ...] = ()) -> str:
    """Render the report page; the same overview gives the same text.

    Args:
        facts: labels and values of what else the page is based on, such as the database.
    """
    environment = _open_templates()
    environment.filters |= {
        "bars": lay_out_bars,
        "lines": lay_out_lines,
        "laid_out": lay_out_table,
        "figure": _write_figure,
        "fact": lambda value: write_cell(Column("fact", ""), value),
    }
    environment.globals |= {"write_shown": write_shown, "write_plain": write_plain}
    style = environment.get_template("page.css").render()
    return environment.get_template("page.html.j2").render(
        overview=overview,
        facts=(*overview.facts, *facts),
        # The style sheet is our own text, without lead data.
        style=Markup(style),
        style_hash=_hash(style),
    )


def _hash(text: str) -> str:
    """The hash of an inline style sheet, as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _write_figure(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    if isinstance(figure.value, int):
        return f"{figure.value:,}"
    return write_cell(Column("figure", figure.label, kind=figure.kind), figure.value)


def write_digest_markdown(title: str, remarks: Sequence[str], tables: Sequence[Table]) -> str:
    """Render a digest as Markdown: a heading, the remarks, and each table with its notes."""
    parts = [f"# {escape_markdown(title)}\n", *(f"{escape_markdown(remark)}\n" for remark in remarks)]
    for table in tables:
        parts.append(write_markdown(table))
        parts += [f"{escape_markdown(note)}\n" for note in table.notes]
    return "\n".join(parts)


def write_digest_html(title: str, remarks: Sequence[str], tables: Sequence[Table]) -> str:
    """Render a digest as HTML with inline styles, as mail programs need it."""
    environment = _open_templates()
    environment.globals["write_shown"] = write_shown
    return environment.get_template("digest.html.j2").render(title=title, remarks=remarks, tables=tables)
