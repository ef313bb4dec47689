"""Status words mean what the case table says, and test leads are told from others."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from leadtriage.core.vocabulary import Reason, StatusMeaning
from leadtriage.importing.mapping.header_synonyms import flatten, read_yaml, squeeze
from leadtriage.importing.mapping.statuses import parse_outcome, parse_status, parse_status_reason
from leadtriage.importing.stage.meanings import find_test_rows

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases" / "statuses.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "meaning"), [(text, meaning) for meaning, texts in CASES["statuses"].items() for text in texts]
)
def test_status_words(text: str, meaning: str | None) -> None:
    assert parse_status(text) == meaning


@pytest.mark.parametrize("case", CASES["outcomes"], ids=lambda case: f"{case['header']}: {case['text']}")
def test_outcome_words(case: dict[str, Any]) -> None:
    assert parse_outcome(case["text"], case["header"]) == case["means"]


@pytest.mark.parametrize(
    ("text", "reason"), [(text, reason) for reason, texts in CASES["reasons"].items() for text in texts]
)
def test_reasons(text: str, reason: str | None) -> None:
    assert parse_status_reason(text) == reason


def written_words(section: str) -> list[tuple[str, str]]:
    document = read_yaml(files("leadtriage.importing.mapping") / "statuses.yaml")
    return [(text, name) for name, lists in document[section].items() for text in flatten(lists)]


@pytest.mark.parametrize("section", ["statuses", "outcomes", "reasons", "whole_reasons"])
def test_every_listed_word_means_what_its_list_says(section: str) -> None:
    def parse(text: str) -> str | None:
        match section:
            case "statuses":
                return parse_status(text)
            case "outcomes":
                return parse_outcome(text, "Stage")
        return parse_status_reason(text)

    assert [(text, name, parse(text)) for text, name in written_words(section) if parse(text) != name] == []


@pytest.mark.parametrize("section", ["statuses", "whole_reasons"])
def test_no_word_is_in_two_lists(section: str) -> None:
    meanings: dict[str, set[str]] = {}
    for text, name in written_words(section):
        meanings.setdefault(squeeze(text) or text, set()).add(name)
    assert {text: names for text, names in meanings.items() if len(names) > 1} == {}


def test_every_reason_names_itself() -> None:
    for reason in Reason:
        assert parse_status_reason(reason) == reason
        assert parse_status_reason(reason.replace("_", " ").title()) == reason


def test_what_pipedrive_deleted_is_no_verdict() -> None:
    assert parse_status("deleted", "pipedrive") is None


LISTED = [text for texts in CASES["statuses"].values() for text in texts if text.strip() and squeeze(text)]


@given(
    st.sampled_from(LISTED), st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from([" ", "_", " - ", "/"])
)
def test_spelling_does_not_matter(text: str, change: Any, gap: str) -> None:
    assert parse_status(change(text).replace(" ", gap)) == parse_status(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.text(max_size=30))
def test_any_text_is_read_or_not(text: str, header: str) -> None:
    assert parse_status(text) in {None, *StatusMeaning}
    assert parse_outcome(text, header) in {None, *StatusMeaning}
    assert parse_status_reason(text) in {None, *Reason}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from("lead we the customer won lost converted call re blue old deal maybe".split()),
        min_size=4,
        max_size=7,
    )
)
def test_a_sentence_never_closes_a_lead(spoken: list[str]) -> None:
    text = " ".join(["maybe", *spoken])
    assert parse_status(text) not in {StatusMeaning.WON, StatusMeaning.LOST, StatusMeaning.CONVERTED}


@pytest.mark.parametrize(
    "cells",
    [
        {"full_name": "<test lead: dummy data for full_name>", "email": "test@fb.com"},
        {"full_name": "Ann", "email": "test@meta.com"},
        {"Your budget?": "<test lead: dummy data for Your budget?>"},
        {"Full Name": "FirstName LastName", "User Email": "test@example.com"},
        {"First Name": "FirstName", "Last Name": "LastName"},
        {"Full Name": "Ann Lee", "is_test": "true"},
        {"Full Name": "Ann Lee", "Test Lead": "Yes"},
    ],
)
def test_test_leads_are_found(cells: dict[str, str]) -> None:
    assert find_test_rows(tuple(cells), [tuple(cells.values())])


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"Full Name": "Ann Lee", "is_test": "false"},
        {"Full Name": "Tess Testa", "email": "test@testa.example", "need": "test equipment"},
        {"Full Name": "Ann Lee", "email": "latest@meta.com"},
        {"Full Name": "Bo Dummy", "need": "dummy data generator"},
        {"Full Name": "Ann Lee", "Tested": "yes"},
    ],
)
def test_leads_are_no_test_leads(cells: dict[str, str]) -> None:
    assert not find_test_rows(tuple(cells), [tuple(cells.values())])


def test_test_leads_of_many_rows_are_found_by_place() -> None:
    rows = [["Ann Lee", "no"], ["Bo Diaz", "TRUE"], ["<test lead: dummy data for name>"], []]
    assert find_test_rows(["Name", "Is Test"], rows) == {1, 2}
