"""The data files beside the readers: nothing stands in them that could never be found, or means two things."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import phonenumbers
import pytest

from leadtriage.core.money import minor_digits
from leadtriage.importing import normalize
from leadtriage.importing.normalize import country_for_phone_region, parse_country, parse_money
from leadtriage.importing.normalize.cells import is_missing, packaged_lines, plain

WORDS = tomllib.loads(files(normalize).joinpath("words.toml").read_text(encoding="utf-8"))
COUNTRIES = list(csv.DictReader(packaged_lines("countries.csv")))
CURRENCIES = list(csv.DictReader(packaged_lines("currencies.csv")))


def _entries(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    else:
        for child in node.values() if isinstance(node, dict) else node:
            yield from _entries(child)


@pytest.mark.parametrize("room", [room for room in WORDS if room != "cells"])
def test_every_word_is_written_as_the_readers_see_it(room: str) -> None:
    entries = list(_entries(WORDS[room]))
    assert entries
    assert [entry for entry in entries if plain(entry).lower() != entry] == []


def test_every_missing_value_is_missing_in_any_case() -> None:
    for entry in WORDS["cells"]["missing"]:
        assert is_missing(entry)
        assert is_missing(f" {entry.upper()} ")


@pytest.mark.parametrize(
    "groups",
    [
        [WORDS["answers"][name] for name in ("yes", "no")],
        [WORDS["answers"][name] for name in ("alone", "shared", "others")],
        [WORDS["amounts"][name] for name in ("thousand", "million", "billion", "lakh", "crore")],
        [WORDS["amounts"][name] for name in ("lower", "upper", "fillers")],
        WORDS["dates"]["months"],
        WORDS["dates"]["weekdays"],
        list(WORDS["timeline"]["units"].values()),
        list(WORDS["timeline"]["counts"].values()),
        [WORDS["timeline"][name] for name in ("now", "no_rush", "undecided")],
    ],
    ids=["yes and no", "signs off", "scales", "bounds", "months", "weekdays", "units", "counts", "timelines"],
)
def test_no_word_means_two_things(groups: list[list[str]]) -> None:
    together = [word for group in groups for word in group]
    assert sorted(together) == sorted(set(together))


def test_every_country_goes_by_its_codes_and_names() -> None:
    for row in COUNTRIES:
        for name in (row["alpha2"], row["alpha3"], *row["names"].split("|")):
            if not is_missing(name):
                assert parse_country(name) == row["alpha2"], name


def test_the_countries_are_those_that_have_telephones() -> None:
    ours = {row["alpha2"] for row in COUNTRIES}
    assert phonenumbers.SUPPORTED_REGIONS - ours <= {"AC", "TA"}
    assert country_for_phone_region("DE") == "DE"
    assert country_for_phone_region("AQ") is None
    assert country_for_phone_region(None) is None


def test_every_currency_is_read_by_its_code() -> None:
    for row in CURRENCIES:
        money = parse_money(f"{row['code']} 5", "EUR")
        assert money is not None
        assert (money.currency, money.amount) == (row["code"], 5 * 10 ** minor_digits(row["code"]))


def test_every_mark_of_a_currency_is_read_beside_it() -> None:
    for row in CURRENCIES:
        for mark in filter(None, row["marks"].split("|")):
            money = parse_money(f"5 {mark}", row["code"])
            assert money is not None
            assert (money.currency, money.marked) == (row["code"], True), mark


def test_a_shared_mark_has_one_usual_currency() -> None:
    usual = [mark for row in CURRENCIES for mark in row["usual"].split("|") if mark]
    assert sorted(usual) == sorted(set(usual))
    for row in CURRENCIES:
        assert set(filter(None, row["usual"].split("|"))) <= set(row["marks"].split("|"))


@pytest.mark.parametrize("name", ["free_mail.txt", "role_addresses.txt"])
def test_mail_lists_hold_each_word_once(name: str) -> None:
    entries = [word for line in packaged_lines(name) for word in line.split()]
    assert entries
    assert [entry for entry in entries if entry != entry.lower()] == []
    assert sorted(entries) == sorted(set(entries))
