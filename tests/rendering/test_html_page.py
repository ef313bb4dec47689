"""The page of all reports: sound, accessible and harmless, whatever a source or a rep is called."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from leadtriage.core.tables import Chart, Column, DrillDown, Figure, Overview, Part, Point, Series, Table, Tone
from leadtriage.rendering.html import lay_out_bars, lay_out_lines, write_page
from parsed_page import Element, parse_page, read_tables

STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</style><style>body{display:none}</style>",
    "</title></svg></td></table><h1>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;#x3C;",
    "\x1b[2J\x00\x9b\u202egnp.exe\u2066",
    "-->]]><![CDATA[ <!--",
)
ELEMENTS = set(
    "html head meta title link style body a header h1 h2 h3 p nav ul li main svg defs pattern path section div dl dt "
    "dd data span details summary code figure figcaption desc text rect g line circle polyline table caption thead "
    "tbody tr th td footer".split()
)


def make_overview(name: str = "Web") -> Overview:
    """A page with everything that can be on one, and a name in all places."""
    columns = (
        Column("kind", "Kind", shown="kind_shown"),
        Column("source", name),
        Column("leads", "Leads", align="right"),
        Column("rate", "Rate", align="right", kind="share"),
        Column("note", "Note"),
    )
    row: dict[str, Any] = {"kind": "junk", "kind_shown": name, "source": name, "leads": 12_345, "rate": 0.3333}
    table = Table(
        f"Sources of {name}",
        columns,
        (
            {**row, "note": name},
            {**row, "rate": None, "note": None},
            {**row, "kind": "lost", "kind_shown": "lost", "note": ""},
        ),
        summary=(name, f"leadtriage leads --source {name}"),
        notes=(name,),
        group_by="kind",
    )
    plain = replace(table, title="Plain", group_by=None, rows=())
    series = tuple(Series(f"{name} {tone}", tone) for tone in Tone)
    bars = Chart(
        name,
        name,
        "bars",
        series,
        (Point(name, (5, 4, 3, 2, 1, 1), name, mark=9), Point("none", (None, 0, None, 0, None, None))),
        mark=name,
    )
    lines = Chart(name, name, "lines", series[:2], (Point(name, (1, None)), Point("last", (3, None))))
    part = Part("one", name, name, (bars, lines), (table, plain), (DrillDown(name, name),), (name,))
    return Overview(
        title=name,
        period=name,
        figures=(Figure(name, 0.5, "share", name, name, 1), Figure(name, None), Figure(name, 12_345, direction=-1)),
        basis=(name,),
        traces=(DrillDown(name, name),),
        parts=(part, replace(part, name="two")),
        facts=((name, name),),
        limits=(name,),
    )


def parsed(name: str = "Web") -> Element:
    return parse_page(write_page(make_overview(name), ((name, name),)))


def outline(page: Element) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
    """Elements and attributes in their order, without what says something of a value."""
    told = ("value", "points", "aria-label")
    return [
        (element.name, tuple((key, value) for key, value in element.attributes.items() if key not in told))
        for element in page.every()
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_and_nothing_else(name: str) -> None:
    page = parsed(name)
    assert outline(page) == outline(parsed())
    shown = page.text
    assert not STEERING.search(write_page(make_overview(name)))
    if not STEERING.search(name):
        assert shown.count(name) > 30


SIZES = {len(parsed(name).every()) for name in ("Web", "")}


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=30))
def test_no_text_changes_the_page(name: str) -> None:
    assert len(parsed(name).every()) in SIZES


def test_page_has_only_what_it_may() -> None:
    page = parsed()
    assert {element.name for element in page.every()} - {""} <= ELEMENTS
    for element in page.every():
        for attribute, value in element.attributes.items():
            assert not attribute.startswith("on") and attribute not in ("style", "src")
            if attribute == "href":
                assert value is not None and (value.startswith("#") or value == "data:,")
    (html,) = page.find("html")
    assert html.attributes["lang"] == "en"
    assert page.find("title")[0].text == "Web"


def test_policy_allows_its_own_style_sheet_alone() -> None:
    page = parsed()
    metas = {meta.attributes.get("http-equiv") or meta.attributes.get("name"): meta for meta in page.find("meta")}
    policy = str(metas["Content-Security-Policy"].attributes["content"])
    (style,) = page.find("style")
    digest = base64.b64encode(hashlib.sha256("".join(style.texts).encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert metas["referrer"].attributes["content"] == "no-referrer"
    assert not re.findall(r"url\((?!#)|@import|https?:", "".join(style.texts))


def test_headings_tables_and_pictures_are_accessible() -> None:
    page = parsed()
    levels = [int(heading.name[1]) for heading in page.find("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [element.attributes["id"] for element in page.every() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.every():
        for attribute in ("aria-labelledby", "href"):
            for target in (element.attributes.get(attribute) or "").replace("data:,", "").replace("#", "").split():
                assert target in ids
    for table in page.find("table"):
        assert table.children[0].name == "caption" and table.children[0].text
        for row in table.find("tr"):
            assert row.children[0].name == "td" or row.children[0].attributes["scope"] in ("col", "row", "colgroup")
        assert all("scope" in cell.attributes for cell in table.find("th"))
    for picture in page.find("svg"):
        if picture.attributes.get("role") == "img":
            assert [child.name for child in picture.children[:2]] == ["title", "desc"]
            assert picture.children[0].text
        else:
            inner = any(picture in outer.children for outer in page.find("svg"))
            assert inner or picture.attributes["aria-hidden"] == "true"


def test_numbers_stand_beside_their_exact_values() -> None:
    page = parsed()
    assert read_tables(page)["Sources of Web"] == [
        ["Web", "12345", "0.3333"],
        ["Web", "12345", ""],
        ["Web", "12345", "0.3333"],
    ]
    shown = [
        cell.text for cell in page.find("table")[0].find("td", "th") if "right" in cell.attributes.get("class", "")
    ]
    assert shown[2:4] == ["12,345", "33%"]
    headings = [row.text for row in page.find("table")[0].find("tr") if row.attributes.get("class") == "heading"]
    assert headings == ["Web", "lost"]
    assert "Nothing to count." in page.find("table")[1].text


def test_same_values_make_the_same_bytes() -> None:
    assert write_page(make_overview()) == write_page(make_overview())


def chart(kind: str, *points: Point, series: int = 2, **more: Any) -> Chart:
    return Chart("A", "B", kind, tuple(Series(f"s{place}") for place in range(series)), points, **more)


def test_bars_are_as_long_as_their_numbers() -> None:
    drawn = lay_out_bars(chart("bars", Point("a", (30, 10)), Point("b", (None, 20)), Point("c", (0, 0))))
    assert drawn is not None
    lengths = [[(segment.x, segment.width, segment.number) for segment in bar.segments] for bar in drawn.bars]
    assert lengths == [[(0, 75, "30"), (75, 25, "10")], [(0, 50, "20")], []]
    assert [bar.top for bar in drawn.bars] == [0, 46, 92] and drawn.height == 138


def test_bars_of_nothing_are_not_drawn_and_those_beyond_the_full_width_are_cut() -> None:
    assert lay_out_bars(chart("bars")) is None
    assert lay_out_bars(chart("bars", Point("a", (0, None)))) is None
    drawn = lay_out_bars(chart("bars", Point("a", (160,), mark=50), series=1, full=100))
    assert drawn is not None
    assert (drawn.bars[0].segments[0].width, drawn.bars[0].mark) == (100, 50)


def test_lines_rise_from_zero_to_the_most_there_was() -> None:
    points = (Point("w1", (0, None)), Point("w2", (5, 2)), Point("w3", (10, 1)))
    first, second = lay_out_lines(chart("lines", *points))
    assert (first.path, first.last, first.most) == ("0.00,100.00 50.00,50.00 100.00,0.00", "10", "10")
    assert second.path == "50.00,0.00 100.00,50.00"
    assert second.story == "s1: 2 on w2, 1 on w3; least 1, most 2"
    (unknown,) = lay_out_lines(chart("lines", Point("w1", (None,)), series=1))
    assert (unknown.path, unknown.last) == ("", "unknown")
    (zero,) = lay_out_lines(chart("lines", Point("w1", (0,)), series=1))
    assert zero.path == "0.00,100.00"


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As WCAG 2 has it: 4.5 is enough for text, 3 for what is drawn."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_told_apart_in_light_and_in_the_dark() -> None:
    (style,) = parsed().find("style")
    schemes = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in "".join(style.texts).split("@media")[:2]]
    assert len(schemes) == 2
    for colours in schemes:
        for ground in (colours["paper"], colours["card"]):
            for text in ("ink", "soft", "link", "up", "down"):
                assert contrast(colours[text], ground) >= 4.5
            for drawn in ("plain", "good", "late", "quiet", "other"):
                assert contrast(colours[drawn], ground) >= 3
                assert contrast(colours[drawn], colours["mark"]) >= 4.5
        assert contrast(colours["ink"], colours["faint"]) >= 4.5
