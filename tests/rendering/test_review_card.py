"""The card of a review never scrolls, whatever the lead is called and however small the screen is."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len
from tables import HOSTILE, REVIEWED

from leadtriage.core.tables import Card, Column, Table
from leadtriage.rendering import Screen, draw_on_screen, safe

texts = st.one_of(st.none(), st.sampled_from([text for text in HOSTILE.values() if text]), st.text(max_size=300))
columns = (Column("number", "", align="right"), Column("text", "", keep=90), Column("line", "", keep=80, kind="line"))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    facts = draw(st.lists(st.tuples(st.sampled_from(["Need", "E-mail", "Owner"]), texts), max_size=12))
    rows = st.fixed_dictionaries({"number": st.integers(-9, 9), "text": texts, "line": texts})
    tables = draw(st.lists(st.lists(rows, max_size=9), max_size=5))
    title = draw(texts) or ""
    return Card(title, tuple(facts), tuple(Table(title, columns, tuple(part)) for part in tables), {})


@given(card=cards(), width=st.integers(20, 160), lines=st.integers(1, 60), unicode=st.booleans())
def test_a_card_fits_every_screen(card: Card, width: int, lines: int, unicode: bool) -> None:
    drawn = draw_on_screen(card, Screen(width, unicode=unicode), lines, "3 of 50")
    assert drawn.endswith("\n")
    shown = drawn.split("\n")[:-1]
    assert len(shown) <= lines
    assert max(map(cell_len, shown)) < width
    assert all(safe(line) == line for line in shown)
    assert unicode or drawn.isascii()


@pytest.mark.parametrize("lines", range(10, 39))
def test_every_part_has_a_line_and_no_line_is_wasted(lines: int) -> None:
    drawn = draw_on_screen(REVIEWED, Screen(100), lines)
    for table in REVIEWED.tables:
        assert (table.title in drawn) == bool(table.rows)
    assert drawn.count("\n") == min(lines, draw_on_screen(REVIEWED, Screen(100), lines + 1).count("\n"))


def test_a_large_screen_shows_all() -> None:
    drawn = draw_on_screen(REVIEWED, Screen(200), 80)
    for table in REVIEWED.tables:
        for row in table.rows:
            assert safe(str(next(iter(row.values())))) in drawn
    assert " of " not in drawn.replace("Head of", "")
