"""Likely duplicates measured on public data, and on made-up pairs of which each says what should come of it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from imports import bring
from sqlalchemy import Engine, select
from stored_leads import store_lead

from leadtriage.db import ImportRow, reading, table
from leadtriage.importing.normalize import parse_emails
from leadtriage.matching.pairs import LIKELY, find_candidates, find_pairs
from leadtriage.matching.profiles import Profile, read_profiles
from leadtriage.matching.similarity import PairScore, PairScorer

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "duplicates.yaml").read_text(encoding="utf-8"))


def test_pairs_found_by_import_and_list_together_are_right_and_nearly_all(
    sqlite_engine: Engine, public_data: Callable[[str], Path]
) -> None:
    """Rows that were merged into one lead, and rows of two leads that are listed as a pair, without the truth."""
    with public_data("dedupe/fake_1000.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    cluster = {row["unique_id"]: row.pop("cluster") for row in rows}
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    bring(sqlite_engine, 1, *text.getvalue().splitlines())
    with reading(sqlite_engine) as connection:
        rows_of: dict[int, list[str]] = defaultdict(list)
        for row in connection.execute(select(table(ImportRow))):
            rows_of[row.lead_id].append(row.cells[0])
        listed = find_pairs(connection)
    groups: dict[str, list[str]] = defaultdict(list)
    for row_id, name in cluster.items():
        groups[name].append(row_id)
    truth = {frozenset(pair) for ids in groups.values() for pair in combinations(ids, 2)}
    found = {frozenset(pair) for ids in rows_of.values() for pair in combinations(ids, 2)}
    for pair in listed:
        found |= {frozenset((one, other)) for one in rows_of[pair.lead_id] for other in rows_of[pair.other_lead_id]}
    assert len(found & truth) / len(found) >= 0.97
    assert len(found & truth) / len(truth) >= 0.85


def score_pair(engine: Engine, one: dict[str, Any], other: dict[str, Any]) -> PairScore:
    """Compare two leads among a thousand others of common names."""
    for lead in (one, other):
        values: dict[str, Any] = dict(lead)
        if "email" in values:
            address = parse_emails(values["email"])[0]
            values |= {"email": address.address, "email_domain": address.domain, "email_kind": address.kind.value}
        store_lead(engine, **values)
    with reading(engine) as connection:
        profiles = read_profiles(connection)
        first, second = profiles
        found = list(find_candidates(profiles))
    score = PairScorer([first, second, *_crowd()]).score(first, second)
    return score if found else PairScore(-60.0, ())


def _crowd() -> list[Profile]:
    firsts = ("john", "mary", "ann", "peter", "anna", "maria", "thomas", "james")
    lasts = ("smith", "jones", "lee", "garcia", "muller", "schmidt", "brown", "taylor", "kim", "nguyen")
    cities = ("london", "berlin", "paris", "newyork")
    return [
        Profile(
            lead_id=number,
            name="",
            words=(firsts[number % 8], lasts[number % 10]),
            addresses=(),
            kind="",
            phones=(),
            company="",
            site="",
            city=cities[number % 4],
            state="",
            country="",
            born="",
        )
        for number in range(10, 1_010)
    ]


@pytest.mark.parametrize("case", CASES["likely"], ids=lambda case: case["why"])
def test_likely_ones(sqlite_engine: Engine, case: dict[str, Any]) -> None:
    score = score_pair(sqlite_engine, case["one"], case["other"])
    assert score.confidence >= LIKELY, score
    told = "; ".join(score.evidence)
    for said in case.get("says", ()):
        assert said in told


@pytest.mark.parametrize("case", CASES["unlikely"], ids=lambda case: case["why"])
def test_unlikely_ones(sqlite_engine: Engine, case: dict[str, Any]) -> None:
    score = score_pair(sqlite_engine, case["one"], case["other"])
    assert score.confidence < LIKELY, score


def test_a_company_of_thousands_makes_no_millions_of_pairs() -> None:
    crowd = [
        Profile(
            lead_id=number,
            name="",
            words=(f"first{number % 97}", f"last{number % 89}"),
            addresses=(f"user{number}@huge.example",),
            kind="business",
            phones=("+4930123456",),
            company="huge",
            site="huge.example",
            city="berlin",
            state="",
            country="germany",
            born="",
        )
        for number in range(5_000)
    ]
    pairs = list(find_candidates(crowd))
    assert len(pairs) == len(set(pairs))
    assert all(one < other for one, other in pairs)
    assert len(pairs) < 120 * len(crowd)
