"""Mistakes in a criteria file: the cases of `cases/*.yaml`, and that nothing else is ever raised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from leadtriage.core.errors import CriteriaError, FileError
from leadtriage.criteria import LEAD_FIELDS, Operator
from leadtriage.criteria.loader import example_text, load_criteria, read_criteria
from leadtriage.criteria.parse.sections import TOP_KEYS

CASES = Path(__file__).with_name("cases")
SCORE = "score: {fit: {max: 10, criteria: [{name: A, field: employees, tiers: [{points: 1, is: 1}]}]}}\n"


def find_cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        if path.stem != "warnings":
            for case in yaml.safe_load(path.read_text(encoding="utf-8")):
                yield pytest.param(case, id=f"{path.stem}: {case['case']}")


def write_case(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    if "section" in case:
        return f"{case['section']}\n{SCORE}"
    if "condition" in case:
        return f"{SCORE}qualified: {{score: 1, when: {case['condition']}}}\n"
    key = "field" if "field" in case else "column"
    return f"score: {{fit: {{max: 10, criteria: [{{name: A, {key}: {case[key]}, tiers: {case['tiers']}}}]}}}}\n"


def find_mistakes(text: str) -> tuple[str, ...]:
    try:
        load_criteria(text, place="criteria.yaml")
    except CriteriaError as error:
        return error.mistakes
    return ()


@pytest.mark.parametrize("case", list(find_cases()))
def test_case(case: dict[str, Any]) -> None:
    found = find_mistakes(write_case(case))
    expected = case["mistakes"]
    assert all(re.match(r"\d+:\d+: ", line) for line in found)
    placed = [bool(re.match(r"\d+:\d+: ", line)) for line in expected]
    if len(placed) != len(found):
        assert list(found) == expected
    shown = [line if keep else line.split(": ", 1)[1] for line, keep in zip(found, placed, strict=True)]
    assert shown == expected


def test_all_mistakes_come_in_the_order_of_the_file() -> None:
    text = example_text().replace("points: 10", "points: ten").replace("field: need", "field: neeed")
    found = find_mistakes(text)
    places = [tuple(map(int, line.split(":")[:2])) for line in found]
    assert places == sorted(places)
    assert len(found) == example_text().count("points: 10") + example_text().count("field: need")
    lines = text.splitlines()
    assert all(lines[line - 1][column - 1 :].startswith(("ten", "neeed")) for line, column in places)


def test_the_message_names_the_file_and_all_mistakes() -> None:
    with pytest.raises(CriteriaError) as caught:
        load_criteria("version: 2\nnam: x\n", place="my.yaml")
    assert str(caught.value).splitlines()[0] == "my.yaml: 3 mistakes, each at line:column"
    assert tuple(str(caught.value).splitlines()[1:]) == caught.value.mistakes


@pytest.mark.parametrize(("what", "count"), [("criteria", 501), ("tiers", 51), ("entries", 1001), ("levels", 61)])
def test_limits(what: str, count: int) -> None:
    def mistakes_of(number: int) -> tuple[str, ...]:
        tier: dict[str, Any] = {"points": 1, "words": ["a"]}
        if what == "entries":
            tier = {"points": 1, "words": [f"w{n}" for n in range(number)]}
        tiers = [tier] * (number if what == "tiers" else 1)
        criteria = [
            {"name": str(n), "field": "title", "tiers": tiers} for n in range(number if what == "criteria" else 1)
        ]
        document: dict[str, Any] = {"score": {"fit": {"max": 10, "criteria": criteria}}}
        if what == "levels":
            condition: Any = {"field": "title", "is": "x"}
            for _ in range(number - 3):
                condition = {"not": condition}
            document["qualified"] = {"score": 1, "when": condition}
        return find_mistakes(json.dumps(document))

    assert mistakes_of(count - 1) == ()
    assert len(mistakes_of(count)) == 1


def test_criteria_of_all_dimensions_count_together() -> None:
    tier = {"points": 1, "is": "x"}
    score = {
        dimension: {"max": 1, "criteria": [{"name": str(n), "field": "title", "tiers": [tier]} for n in range(count)]}
        for dimension, count in (("fit", 300), ("need", 201))
    }
    assert find_mistakes(json.dumps({"score": score})) == ("1:11: score: found 501 criteria, expected at most 500",)


def test_long_nesting_is_refused_without_reading_on() -> None:
    for opening in ("[", "{a: ", "- ", "? "):
        assert len(find_mistakes("score: " * (opening != "- ") + opening * 200_000)) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_criteria(tmp_path / "missing.yaml")
    with pytest.raises(FileError, match="cannot be read"):
        read_criteria(tmp_path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_bytes(b"name: ok\nname: \xe9\n")
    with pytest.raises(FileError, match="line 2 is not valid UTF-8"):
        read_criteria(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_windows_editors(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_bytes(f"name: Müller\n{SCORE}".replace("\n", "\r\n").encode(encoding))
    criteria = read_criteria(path)
    assert criteria.name == "Müller"
    assert criteria.digest == load_criteria(f"name: Müller\n{SCORE}", place="x").digest


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_told(text: str) -> None:
    find_mistakes(text)


keys = st.sampled_from(
    [
        *TOP_KEYS, *map(str, Operator), *LEAD_FIELDS,
        "fit", "max", "criteria", "tiers", "points", "field", "column", "all", "any",
        "not", "when", "reason", "disqualify", "first_touch", "A", "away", "also", "takes", "who", "<<", "",
    ]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | keys
nodes = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=30
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(TOP_KEYS), nodes, min_size=1))
def test_any_blocks_are_read_or_told(document: dict[str, Any]) -> None:
    find_mistakes(yaml.safe_dump(document, allow_unicode=True))


@settings(deadline=None)
@given(st.data())
def test_a_damaged_example_is_read_or_told(data: st.DataObject) -> None:
    text = example_text()
    start = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 40))
    put = data.draw(
        st.sampled_from(["", "\n", "\t", ": ", "- ", "{", "]", '"', "&a ", "*a", "!x ", "null", "1"]) | st.text()
    )
    find_mistakes(text[:start] + put + text[start + length :])
