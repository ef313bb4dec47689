"""What holds of every output, whatever a lead is called."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given, strategies as st
from markdown_it import MarkdownIt
from python_calamine import CalamineWorkbook
from rich.cells import cell_len
from tables import CARD, HOSTILE, QUEUE, STALE

from leadtriage.core.context import OutputFormat
from leadtriage.core.tables import Column, Table, guard_formula, unguard_formula
from leadtriage.rendering import Screen, render_card, render_table, safe
from leadtriage.rendering.files import escape_markdown, write_csv, write_json, write_markdown, write_xlsx
from leadtriage.rendering.terminal import draw_rich, draw_table
from leadtriage.rendering.text import GAP, Measure, draw_bar, draw_plain, fit_columns, keep_end, lay_out

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ANY_TEXT = st.text(max_size=60)


def one_cell(text: str) -> Table:
    return Table("Leads", (Column("name", "Name"),), ({"name": text},))


@given(ANY_TEXT)
def test_no_format_lets_a_steering_character_through(text: str) -> None:
    table = replace(one_cell(text), title=text)
    for format in OutputFormat:
        assert not STEERING.search(render_table(table, format, Screen(40)))
        assert not STEERING.search(render_table(table, format, Screen()))


@pytest.mark.parametrize(
    ("key", "shown"),
    [("leads", "12,345"), ("id", "12345"), ("lead_id", "12345"), ("b_id", "12345"), ("batch", "12345")],
)
def test_what_names_a_lead_or_an_import_is_shown_as_it_is_typed(key: str, shown: str) -> None:
    table = Table("", (Column(key, "Number"),), ({key: 12_345},))
    assert render_table(table, OutputFormat.TABLE, Screen()).splitlines()[-1] == shown


@given(ANY_TEXT)
def test_safe_text_is_one_line_and_safe_again(text: str) -> None:
    assert safe(safe(text)) == safe(text)
    assert len(safe(text).splitlines()) <= 1


@given(ANY_TEXT)
def test_json_means_the_same_text(text: str) -> None:
    assert json.loads(write_json(one_cell(text))) == [{"name": text}]


MARKUP = st.text("ab1 _*`~|\\[]()!<>/&;#é\"'-+", max_size=20)
"""What a text of Markdown's signs may be; blanks at its ends are nobody's concern."""


@given(MARKUP.map(str.strip))
@example("<b>bold</b> &amp; &lt; &#60;")
@example("[a](http://b) ![a](b) <http://a> _a_ **a** ~~a~~ `a`")
def test_a_reader_of_markdown_takes_nothing_as_markup(text: str) -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = reader.parse(write_markdown(Table("", (Column("name", "Name"),), ({"name": text},))))
    (cell,) = (tokens[place + 1] for place, token in enumerate(tokens) if token.type == "td_open")
    read = [child for child in cell.children or () if child.content or child.type != "text"]
    assert {child.type for child in read} <= {"text", "text_special"}
    assert "".join(child.content for child in read) == text


@pytest.mark.parametrize(
    "text", ["called_unqualified", "Berg & Sons", "under 5 < 10 > 3", "c3po_1 [sic", "a-b (c) #1!", "email_kind free"]
)
def test_markdown_can_be_read_as_it_stands(text: str) -> None:
    assert escape_markdown(text) == text.replace("[", "\\[")


@given(st.text(max_size=30).map(lambda text: text.replace("\r", "")))
def test_a_guarded_text_can_be_taken_back(text: str) -> None:
    assert unguard_formula(guard_formula(text)) == text
    cell = next(csv.reader(io.StringIO(write_csv(one_cell("x" + text), exact=True).partition("\n")[2], newline="")))
    assert cell == ["x" + text]


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1-555-0100", "'+1-555-0100"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("+4930123456", "+4930123456"),
        ("-5", "-5"),
        ("-5.25", "-5.25"),
        ("O'Neil", "O'Neil"),
        ("a=b", "a=b"),
    ],
)
def test_formulas_are_guarded_and_numbers_are_not(text: str, guarded: str) -> None:
    assert guard_formula(text) == guarded


@given(st.integers(20, 250))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for table in (QUEUE, STALE):
        drawn = draw_table(table, Screen(width))
        assert max(cell_len(line) for line in drawn.splitlines()) <= width


@given(
    st.lists(st.builds(Measure, st.integers(0, 60), st.integers(0, 100), st.booleans()), min_size=1, max_size=12),
    st.integers(1, 200),
)
def test_columns_fit_and_dearer_ones_stay(columns: list[Measure], width: int) -> None:
    widths = fit_columns(columns, width)
    assert widths
    if len(widths) > 1:
        assert sum(widths.values()) + GAP * (len(widths) - 1) <= width
    dropped = [columns[place].keep for place in range(len(columns)) if place not in widths]
    assert not dropped or max(dropped) <= min(columns[place].keep for place in widths)
    assert fit_columns(columns, None) == {place: column.widest for place, column in enumerate(columns)}


@given(ANY_TEXT.map(safe), st.integers(1, 60), st.booleans())
def test_the_end_of_a_path_is_kept(text: str, width: int, unicode: bool) -> None:
    kept = keep_end(text, width, unicode=unicode)
    assert cell_len(kept) <= width
    assert (kept == text) == (cell_len(text) <= width)
    assert text.endswith(kept.removeprefix("…") if unicode and kept != text else kept)


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (40, "/home/maria/exports/2026-11/leads.csv"),
        (20, "…/2026-11/leads.csv"),
        (19, "…/2026-11/leads.csv"),
        (18, "…/leads.csv"),
        (11, "…/leads.csv"),
        (10, "…leads.csv"),
        (6, "…s.csv"),
    ],
)
def test_a_path_is_cut_at_a_folder_where_it_can_be(width: int, kept: str) -> None:
    assert keep_end("/home/maria/exports/2026-11/leads.csv", width, unicode=True) == kept


def test_a_heading_counts_what_the_table_says() -> None:
    sizes = replace(STALE, group_sizes={None: 12_000})
    for screen in (Screen(80), Screen(80, colour=True)):
        drawn = draw_table(sizes, screen)
        assert "no owner (12,000)" in drawn
        assert "Anna (2)" in drawn


@given(st.integers(-200, 200))
def test_a_bar_is_as_long_as_its_share(value: int) -> None:
    bar = draw_bar(value, 100, 10)
    assert len(bar) == 10
    assert bar.count("█") == min(10, max(0, value * 80 // 800))


@pytest.mark.parametrize(
    ("done", "of", "due", "bar"),
    [
        (0, 12, 0.4, "│·········"),
        (6, 12, 8.0, "█████·│···"),
        (7, 12, 3.0, "██│██▉····"),
        (20, 12, 12.0, "█████████│"),
        (0, 12, 0.0, "│·········"),
    ],
)
def test_a_bar_of_progress_shows_where_it_should_be(done: int, of: int, due: float, bar: str) -> None:
    assert draw_bar(done, of, 10, due) == bar


def test_progress_is_drawn_where_columns_must_go_and_not_in_a_pipe() -> None:
    done = Column("done", "Done", keep=90, align="right", kind="progress", of="goal", mark="due", shown="done_shown")
    columns = (Column("name", "Name", keep=100), done, Column("note", "Note", keep=10))
    rows = (
        {"name": "Anna", "done": 6, "goal": 12, "due": 8.0, "done_shown": "6 of 12 won", "note": "long " * 9},
        {"name": "Ben", "done": None, "goal": None, "due": None, "note": None},
    )
    table = Table("Team", columns, rows)
    assert draw_table(table, Screen(34)).splitlines()[-2:] == ["Anna  6 of 12 won █████·│···", "Ben"]
    assert "█" not in draw_table(table, Screen()) + draw_table(table, Screen(80, unicode=False))
    coloured = draw_table(table, Screen(34, colour=True))
    assert "\x1b[32m" in coloured


@pytest.mark.parametrize(
    ("width", "last"),
    [
        (35, "Anna    4  6 of 12 won █████·│···"),
        (32, "Anna    4  6 of 12 won"),
        (21, "Anna  6 of 12 won"),
    ],
)
def test_a_bar_of_progress_goes_before_a_dear_column(width: int, last: str) -> None:
    done = Column("done", "Done", keep=96, align="right", kind="progress", of="goal", mark="due", shown="done_shown")
    columns = (Column("name", "Name", keep=100), Column("won", "Won", keep=91, align="right"), done)
    row = {"name": "Anna", "won": 4, "done": 6, "goal": 12, "due": 8.0, "done_shown": "6 of 12 won"}
    assert draw_table(Table("Team", columns, (row,)), Screen(width)).splitlines()[-1] == last


def test_colours_are_only_where_the_screen_has_them() -> None:
    assert "\x1b[" not in draw_table(QUEUE, Screen(120, colour=False))
    assert "\x1b[" in draw_table(QUEUE, Screen(120, colour=True))


def test_markup_and_emoji_names_are_shown_as_they_are() -> None:
    drawn = draw_table(QUEUE, Screen())
    for name in ("markup", "emoji name"):
        assert str(HOSTILE[name]) in drawn
    assert "[b]Hallbeck[/b]" in render_card(CARD, OutputFormat.TABLE, Screen(70))


def test_people_see_the_word_for_them_and_scripts_the_value() -> None:
    assert "A?" in draw_table(QUEUE, Screen())
    assert "A?" in render_table(QUEUE, OutputFormat.MARKDOWN, Screen())
    assert "A?" not in write_json(QUEUE)
    assert "A?" not in write_csv(QUEUE)


def test_a_workbook_holds_texts_as_texts_and_numbers_as_numbers() -> None:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(QUEUE))).get_sheet_by_index(0).to_python()
    header, first, *_ = rows
    assert header == [column.key for column in QUEUE.columns]
    assert first[header.index("score")] == 89
    assert first[header.index("created")] == date(2026, 11, 1)
    names = [row[header.index("name")] for row in rows[1:]]
    assert HOSTILE["formula"] in names
    assert HOSTILE["phone"] in names


def test_the_same_table_is_the_same_workbook() -> None:
    assert write_xlsx(QUEUE) == write_xlsx(QUEUE)


def test_an_empty_table_says_so_to_people_and_is_empty_to_scripts() -> None:
    empty = Table("Queue", QUEUE.columns, ())
    assert draw_table(empty, Screen(80)) == "Queue: none\n"
    assert json.loads(write_json(empty)) == []
    assert len(write_csv(empty).splitlines()) == 1


@given(st.one_of(st.none(), st.integers(20, 250)), st.booleans())
def test_without_colours_the_drawing_is_the_same(width: int | None, unicode: bool) -> None:
    for table in (QUEUE, STALE):
        screen = Screen(width, unicode=unicode)
        sheet = lay_out(table, screen)
        assert draw_plain(sheet, screen) == draw_rich(sheet, screen, wrap=False)
