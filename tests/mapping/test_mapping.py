"""Headers become the fields of the case table, and hold what every mapping promises."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from leadtriage.core.errors import UsageError
from leadtriage.importing.mapping.header_synonyms import flatten, headers_digest, load_synonyms, read_yaml, squeeze
from leadtriage.importing.mapping.mapper import MAPPABLE_FIELDS, HeaderPlan, plan_columns
from leadtriage.importing.mapping.presets import choose_preset, load_presets, read_preset

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "headers.yaml").read_text(encoding="utf-8")
)
SEVERAL = ("email", "phone", "closed")


def fields_of(plan: HeaderPlan) -> dict[str, str | None]:
    return {column.header: column.field for column in plan.columns}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_headers_become_the_fields_of_the_case(case: dict[str, Any]) -> None:
    plan = plan_columns(list(case["headers"]), case.get("rows", []), case.get("map", {}))
    assert fields_of(plan) == case["headers"]
    assert plan.system == case.get("preset")
    assert (plan.preset is None) == (plan.system is None)
    assert all(column.why for column in plan.columns)


@pytest.mark.parametrize("case", [case for case in CASES if "map" not in case], ids=lambda case: case["case"])
def test_the_order_of_columns_changes_nothing(case: dict[str, Any]) -> None:
    headers = list(case["headers"])
    rows = [list(reversed(row)) for row in case.get("rows", [])]
    plan = plan_columns(list(reversed(headers)), rows, {})
    assert fields_of(plan) == case["headers"]


def test_preferred_address_comes_first() -> None:
    plan = plan_columns(["Personal Email", "Email", "Work Email", "Email 2"], [], {})
    assert [column.header for column in plan.find("email")] == [
        "Work Email",
        "Email",
        "Personal Email",
        "Email 2",
    ]


@pytest.mark.parametrize(
    ("header", "currency"),
    [("Budget (EUR)", "EUR"), ("Budget in USD", "USD"), ("Budget ($)", "USD"), ("Budget", None), ("Budget (€)", "EUR")],
)
def test_a_money_column_names_its_currency(header: str, currency: str | None) -> None:
    (column,) = plan_columns([header, "Name"], [], {}).find("budget")
    assert column.currency == currency


@pytest.mark.parametrize(
    ("headers", "cells", "place"),
    [
        (["Budget", "Currency"], ["5000", "EUR"], 1),
        (["Deal - Value", "Deal - Currency of Value", "Deal - Status"], ["5000", "EUR", "Open"], 1),
        (["Annual Revenue", "Currency", "Annual Revenue Currency"], ["5000", "EUR", "GBP"], 2),
        (["Budget", "Currency"], ["5000", "yes"], None),
        (["Budget (USD)", "Currency"], ["5000", "EUR"], None),
        (["Budget", "Conversion Currency"], ["5000", "EUR"], None),
    ],
)
def test_the_currency_of_a_sum_may_stand_in_a_column_of_its_own(
    headers: list[str], cells: list[str], place: int | None
) -> None:
    columns = plan_columns([*headers, "Name"], [[*cells, "Ann"]], {}).columns
    assert columns[0].field in ("budget", "revenue", "outcome_value")
    assert columns[0].currency_column == place
    if place is not None:
        assert columns[place].field is None
        assert headers[0] in columns[place].why


def test_a_file_of_very_many_and_very_long_headers_has_a_plan() -> None:
    headers = [*(f"Email {number}" for number in range(2000)), "x" * 1_000_000, "(" * 100_000]
    plan = plan_columns(headers, [["y" * 1_000_000] * len(headers)], {})
    assert [column.field for column in plan.columns[:2000]] == ["email"] * 2000


def test_a_loser_says_who_won() -> None:
    plan = plan_columns(["Website", "Associated Company Domain"], [], {})
    assert '"Website" fills website' in plan.columns[1].why


def test_a_misspelled_header_is_told() -> None:
    plan = plan_columns(["Emial", "Name"], [["a@b.example", "Ann"]], {})
    assert any("Emial" in warning for warning in plan.warnings)
    assert plan_columns(["Email", "Name"], [], {}).warnings == ()


def test_a_file_without_identity_is_told() -> None:
    plan = plan_columns(["Colour", "Weight"], [["red", "1"]], {})
    assert any("--map" in warning for warning in plan.warnings)


def test_an_ad_platform_is_the_source_of_last_resort() -> None:
    assert plan_columns(["created_time", "adset_name", "email"], [], {}).default_source == "Meta"
    assert plan_columns(["Record ID", "Lifecycle Stage"], [], {}).default_source is None


@pytest.mark.parametrize(
    ("overrides", "hint"),
    [
        ({"titel": "Designation"}, 'did you mean "title"?'),
        ({"title": "Designatoin"}, 'did you mean "Designation"?'),
        ({"title": "Designation", "need": "designation"}, ""),
        ({"decides_in_days": "Designation"}, "timeline"),
        ({"email_domain": "Designation"}, "email"),
        ({"stage": "Designation"}, ""),
    ],
)
def test_an_impossible_override_is_refused(overrides: dict[str, str], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_columns(["Name", "Designation"], [], overrides)
    assert hint in (caught.value.hint or "")
    assert caught.value.place == "--map"


def test_a_field_may_be_left_unfilled() -> None:
    plan = plan_columns(["Name", "Converted", "Stage"], [["Ann Lee", "Yes", "Won"]], {"outcome": "none"})
    assert fields_of(plan) == {"Name": "name", "Converted": None, "Stage": None}


def test_headers_digest_knows_a_file_again() -> None:
    assert headers_digest(["Name", "E-Mail"]) == headers_digest(["e-mail", " NAME"])
    assert headers_digest(["Name", "E-Mail"]) != headers_digest(["Name", "E-Mail", "Phone"])
    assert headers_digest(["Name", "Name"]) != headers_digest(["Name"])


TEXT = st.text(max_size=40)
HEADERS = st.lists(TEXT | st.sampled_from(sorted(load_synonyms().entries)), max_size=12, unique=True)
ROWS = st.lists(
    st.lists(TEXT | st.sampled_from(["a@b.example", "+49 30 1234567", "Won", "Ann Lee"]), max_size=14), max_size=4
)


@settings(max_examples=150, deadline=None)
@given(HEADERS, ROWS)
def test_any_file_has_a_plan(headers: list[str], rows: list[list[str]]) -> None:
    plan = plan_columns(headers, rows, {})
    assert plan == plan_columns(headers, rows, {})
    assert [column.header for column in plan.columns] == headers
    assert [column.index for column in plan.columns] == list(range(len(headers)))
    filled = [column.field for column in plan.columns if column.field is not None]
    assert set(filled) <= set(MAPPABLE_FIELDS)
    for field in set(filled):
        assert field in SEVERAL or filled.count(field) == 1
        assert [column.rank for column in plan.find(field)] == list(range(filled.count(field)))


def test_of_two_headers_that_mean_the_same_always_one_is_preferred() -> None:
    headers = ["Dealphase", "Deal Status"]
    assert fields_of(plan_columns(headers, [], {})) == fields_of(plan_columns(headers[::-1], [], {}))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_shuffled_columns_keep_their_fields(data: st.DataObject) -> None:
    headers = data.draw(st.lists(st.sampled_from(KNOWN_HEADERS), max_size=12, unique_by=squeeze))
    shuffled = data.draw(st.permutations(headers))
    assert fields_of(plan_columns(headers, [], {})) == fields_of(plan_columns(shuffled, [], {}))


@settings(max_examples=100, deadline=None)
@given(HEADERS.filter(bool), st.data())
def test_what_the_person_says_counts(headers: list[str], data: st.DataObject) -> None:
    header = data.draw(st.sampled_from(headers).filter(lambda text: text.strip().casefold() != "none"))
    field = data.draw(st.sampled_from(sorted(MAPPABLE_FIELDS)))
    plan = plan_columns(headers, [], {field: header})
    assert [column.header for column in plan.find(field)] == [header]


def written_headers() -> dict[str, list[str]]:
    from importlib.resources import files

    fields = read_yaml(files("leadtriage.importing.mapping") / "synonyms.yaml")["fields"]
    return {field: list(flatten([lists.get("headers", ()), lists.get("spare", ())])) for field, lists in fields.items()}


KNOWN_HEADERS = sorted({header for headers in written_headers().values() for header in headers})


def test_no_word_means_two_fields() -> None:
    meanings: dict[str, set[str]] = {}
    for field, headers in written_headers().items():
        for header in headers:
            meanings.setdefault(squeeze(header), set()).add(field)
    assert {key: fields for key, fields in meanings.items() if len(fields) > 1} == {}


@pytest.mark.parametrize("field", written_headers())
def test_every_listed_header_means_its_field(field: str) -> None:
    meanings = {header: load_synonyms().find(header) for header in written_headers()[field]}
    assert {header for header, entry in meanings.items() if entry is None or entry.field != field} == set()


def test_data_files_name_fields_that_exist() -> None:
    questions = {"stage", "kind"}
    assert set(written_headers()) <= set(MAPPABLE_FIELDS) | questions
    for preset in load_presets():
        assert {field for field, _ in preset.columns.values()} <= set(MAPPABLE_FIELDS)


def test_every_preset_has_a_header_row_among_the_cases() -> None:
    assert {preset.system for preset in load_presets()} <= {case.get("preset") for case in CASES}


def test_the_preset_in_contributing_is_one(tmp_path: Path) -> None:
    recipes = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = re.search(r"## Adding a CRM preset.*?```yaml\n(.*?)```", recipes, re.DOTALL)
    assert example is not None
    path = tmp_path / "acme.yaml"
    path.write_text(textwrap.dedent(example[1]), encoding="utf-8")
    preset = read_preset(path)
    assert (preset.system, preset.weigh(["Acme Key", "Acme Group"])) == ("acme", (3, 1))
    assert preset.needs <= 3
    assert {field for field, _ in preset.columns.values()} <= set(MAPPABLE_FIELDS)
    assert preset.columns["mail"] == ("email", 1)
    assert preset.other == {"mailoptin"}


def test_every_preset_knows_its_own_headers() -> None:
    for preset in load_presets():
        assert not preset.other & set(preset.columns), preset.name
        headers = [*(key for key in preset.weights), *preset.exact, *(f"{prefix}x" for prefix in preset.prefixes)]
        chosen = choose_preset(headers)
        assert chosen is not None
        assert chosen.name == preset.name
