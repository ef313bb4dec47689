"""Writes an overview as one HTML page without script that loads nothing from anywhere.

Every value is escaped, and every character that would steer what is shown is made visible. The page's policy allows its
own style sheet, known by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib

from markupsafe import Markup

from leadtriage.output.cells import write_cell, write_plain, write_shown
from leadtriage.output.html.charts import lay_out_bars, lay_out_lines
from leadtriage.output.html.tables import lay_out_table
from leadtriage.output.templating import make_environment
from leadtriage.overviews import Figure, Overview
from leadtriage.tabular import Cell, Column

_TEMPLATE, _STYLE = "page.html.j2", "page.css"


def write_page(overview: Overview, facts: tuple[tuple[str, str], ...] = ()) -> str:
    """Return the whole page; the same overview gives the same text.

    Args:
        facts: label and value of what else the page rests on, such as the database.
    """
    environment = make_environment("leadtriage.output.html")
    environment.filters |= {
        "bars": lay_out_bars,
        "lines": lay_out_lines,
        "laid_out": lay_out_table,
        "figure": _write_figure,
        "fact": _write_fact,
    }
    environment.globals |= {"write_shown": write_shown, "write_plain": write_plain}
    style = environment.get_template(_STYLE).render()
    return environment.get_template(_TEMPLATE).render(
        overview=overview,
        facts=(*overview.facts, *facts),
        # The style sheet is the program's own text, and holds no lead's data.
        style=Markup(style),
        style_hash=_hash(style),
    )


def _hash(text: str) -> str:
    """As a content security policy names an inline style sheet, of exactly the text between its tags."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _write_figure(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    if isinstance(figure.value, int):
        return f"{figure.value:,}"
    return write_cell(Column("figure", figure.label, kind=figure.kind), figure.value)


def _write_fact(value: Cell) -> str:
    return write_cell(Column("fact", ""), value)
