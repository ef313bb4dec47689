"""Numbers over time as lines of signs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.cells import cell_len

from leadtriage.core.tables import Column, Table
from leadtriage.rendering import Screen
from leadtriage.rendering.terminal import draw_table
from leadtriage.rendering.text import draw_course, draw_trends


def table(*values: int | None) -> Table:
    columns = (Column("week", "Week"), Column("won", "Won", align="right"), Column("lost", "Löst ✨", align="right"))
    rows = tuple({"week": str(place), "won": value, "lost": 1000} for place, value in enumerate(values))
    return Table("Trend", columns, rows, summary=("A sentence.",), lines=("won", "lost"))


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ((0, 1, 2, 3, 4), "▁▂▃▅▇"),
        ((8, 0, 4), "▇▁▃"),
        ((0, 0), "▁▁"),
        ((None, 5, None), "·▇·"),
        ((), ""),
        ((-3, 3), "▁▇"),
    ],
)
def test_a_course_is_drawn_from_0_to_its_largest_value(values: Sequence[int | None], drawn: str) -> None:
    assert draw_course(values) == drawn


def test_each_line_has_its_first_and_last_value() -> None:
    assert draw_trends(table(7, None, 0, 14), Screen(width=80)) == (
        "Won         7 ▃·▁▇    14",
        "Löst ✨ 1,000 ▇▇▇▇ 1,000",
    )
    assert draw_trends(table(None, 2, 4), Screen())[0] == "Won         ? ·▃▇     4"


def test_many_rows_are_gathered_until_they_fit() -> None:
    many = table(*range(400))
    for width in (30, 80, None):
        lines = draw_trends(many, Screen(width=width))
        assert len(lines) == 2
        assert all(cell_len(line) <= (width or 100) for line in lines)


def test_nothing_is_drawn_where_it_cannot_be_read() -> None:
    assert draw_trends(table(1, 2, 3), Screen(unicode=False)) == ()
    assert draw_trends(table(1, 2, 3), Screen(width=20)) == ()
    assert draw_trends(table(1, 2), Screen()) == ()


def test_the_lines_stand_above_the_table_of_people_alone() -> None:
    drawn = draw_table(table(1, 2, 3), Screen()).splitlines()
    assert drawn[:2] == ["Trend", "A sentence."]
    assert drawn[2].startswith("Won")
    assert drawn[4].startswith("Week")
