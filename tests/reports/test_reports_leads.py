"""Lists of all leads: what filters let through, what a search finds, how leads are counted by age."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine
from world import TODAY, LeadKey, World, random_world, view

from effort import examples
from leadtriage.core.vocabulary import AgingBy, Grade, Stage
from leadtriage.reports.lists import BUCKETS, find_leads, list_aging, list_leads
from leadtriage.reports.query import Filters, ListRequest


def ids(table: Any) -> list[int]:
    return [row["id"] for row in table.rows]


def visible(world: World) -> list[dict[str, Any]]:
    return [lead for lead in world.leads if lead["removed_by"] is None and lead["merged_into"] is None]


def test_all_leads_are_listed_the_last_one_first(engine: Engine) -> None:
    world = random_world(1)
    world.store_in(engine)
    expected = sorted((lead["id"] for lead in visible(world)), reverse=True)
    with view(engine) as connection:
        assert ids(list_leads(ListRequest(connection, Filters(), TODAY, None))) == expected
        page = list_leads(ListRequest(connection, Filters(), TODAY, 3))
    assert ids(page) == expected[:3]
    assert page.more


PARTITIONS: dict[str, list[Filters]] = {
    "stage": [Filters(stage=(stage,)) for stage in Stage],
    "owner": [Filters(owner=name) for name in ("maria", "JÖRG", "")],
    "source": [Filters(source=name) for name in ("WEB ", "trade  show", "")],
    "campaign": [Filters(campaign=name) for name in ("spring", " ")],
    "country": [Filters(country=name) for name in ("de", "US", "")],
    "state": [Filters(state=name) for name in ("bayern", "ÎLE-DE-FRANCE", "")],
    "qualified": [Filters(qualified=True), Filters(qualified=False)],
    "date": [Filters(until=TODAY - timedelta(days=31)), Filters(since=TODAY - timedelta(days=30))],
    "several": [Filters(stage=("new", "working")), Filters(stage=("nurture", "junk", "won", "lost", "converted"))],
}


@pytest.mark.parametrize("parts", PARTITIONS.values(), ids=PARTITIONS.keys())
def test_a_filters_values_part_all_leads_among_them(engine: Engine, parts: list[Filters]) -> None:
    random_world(2).store_in(engine)
    with view(engine) as connection:
        whole = ids(list_leads(ListRequest(connection, Filters(), TODAY, None)))
        listed = [ids(list_leads(ListRequest(connection, part, TODAY, None))) for part in parts]
    assert all(part != whole for part in listed)
    assert sorted(lead_id for part in listed for lead_id in part) == sorted(whole)


def test_grades_part_the_scored_leads(sqlite_engine: Engine) -> None:
    world = random_world(2)
    world.store_in(sqlite_engine)
    scored = {score["lead_id"] for score in world.scores} & {lead["id"] for lead in visible(world)}
    with view(sqlite_engine) as connection:
        parts = [ids(list_leads(ListRequest(connection, Filters(grade=(grade,)), TODAY, None))) for grade in Grade]
        together = ids(list_leads(ListRequest(connection, Filters(grade=tuple(Grade)), TODAY, None)))
    assert sorted(lead_id for part in parts for lead_id in part) == sorted(scored) == sorted(together)


def test_a_reason_is_a_candidates_or_that_of_the_closing(sqlite_engine: Engine) -> None:
    world = World()
    world.scored(1, candidate=True, reason="no_fit")
    world.lead(2, stage="lost", outcome_reason="no_fit")
    world.lead(3, stage="lost", outcome_reason="price")
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        rows = list_leads(ListRequest(connection, Filters(reason="no_fit"), TODAY)).rows
    assert [(row["id"], row["reason"]) for row in rows] == [(2, "no_fit"), (1, "no_fit")]


PEOPLE = (
    {"name": "Ann O'Neil", "company": "Acme, Inc.", "email": "ann@acme.example", "phone": "+4930123456"},
    {"name": "Jörg GROSSE", "company": "ÉCOLE SA", "email": "jg@ecole.example", "phone": "030 / 999-88 77"},
    {"name": "100% Li_Wei", "company": "50%_off", "email": None, "phone": "+1 (555) 010-9999"},
    {
        "name": None,
        "company": None,
        "email": "info@acme.example",
        "phone": None,
        "other_emails": "2nd@Other.example",
    },
)
FOUND = [
    ("o'neil", {1}),
    ("o neil", {1}),
    ("ANN acme", {1}),
    ("acme ann", {1}),
    ("ann globex", set()),
    ("acme", {1, 4}),
    ("acme inc", {1}),
    ("acme-inc", {1}),
    ("große", {2}),
    ("jo\u0308rg", {2}),
    ("école", {2}),
    ("ECOLE", {2}),
    ("%", {3}),
    ("_", {3}),
    ("100%", {3}),
    ("ann%", set()),
    ("li_wei", {3}),
    ("2nd@other.example", {4}),
    ("@acme.example", {1, 4}),
    ("030 123456", {1}),
    ("+49 30 123456", {1}),
    ("0049 30 123456", {1}),
    ("9998877", {2}),
    ("(030) 999 88 77", {2}),
    ("555-010-9999", {3}),
    ("l-1002", {2}),
    ("L-1002", {2}),
    ("crm:L-1002", {2}),
    ("L-100", set()),
    ("1002", set()),
    ("7001", {3}),
    ("%7001", set()),
    ("crm ann", set()),
    ("'; DROP TABLE lead; --", set()),
    ("\x00", set()),
    ("\udcff", set()),
    ("\x1f", {1, 2, 3, 4}),
    ("", {1, 2, 3, 4}),
]


def test_find_finds_what_people_type(engine: Engine) -> None:
    world = World()
    for lead_id, person in enumerate(PEOPLE, 1):
        world.lead(lead_id, **person)
    for lead_id, key in ((2, "i:crm:L-1002"), (3, "i:hubspot:7001"), (1, "e:1@l-1002")):
        world.add(LeadKey, key=key, lead_id=lead_id, original_lead_id=lead_id)
    world.store_in(engine)
    with view(engine) as connection:
        assert {
            text: set(ids(find_leads(ListRequest(connection, Filters(), TODAY), text))) for text, _ in FOUND
        } == dict(FOUND)


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=20), limit=st.integers(0, 5))
def test_any_text_can_be_looked_for(sqlite_engine: Engine, text: str, limit: int) -> None:
    with view(sqlite_engine) as connection:
        assert find_leads(ListRequest(connection, Filters(), TODAY, limit), text).rows == ()


@pytest.mark.parametrize("by", list(AgingBy))
@pytest.mark.parametrize("seed", [1, 2])
def test_aging_counts_every_open_lead_once(engine: Engine, by: AgingBy, seed: int) -> None:
    world = random_world(seed)
    world.store_in(engine)
    ages = Counter[str]()
    for lead in visible(world):
        if lead["stage"] in ("new", "working", "nurture"):
            age = max(0, (TODAY - lead["created_on"]).days)
            ages[next(name for name, last in BUCKETS if last is None or age <= last)] += 1
    with view(engine) as connection:
        aging = list_aging(ListRequest(connection, Filters(), TODAY), by)
    keys = [column.key for column in aging.columns]
    assert (keys[0], keys[-1]) == ("bucket", "total")
    assert len(set(keys)) == len(keys)
    assert [row["bucket"] for row in aging.rows] == [name for name, _ in BUCKETS]
    for row in aging.rows:
        assert row["total"] == ages[str(row["bucket"])] == sum(int(str(row[key])) for key in keys[1:-1])


def test_aging_keeps_the_grades_keys_and_tells_unscored_leads_apart(sqlite_engine: Engine) -> None:
    world = World()
    world.scored(1, score=70)
    world.lead(2)
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        (row, *_) = list_aging(ListRequest(connection, Filters(), TODAY), AgingBy.GRADE).rows
    assert row == {"bucket": "0-7", "a": 1, "b": 0, "c": 0, "d": 0, "unscored": 1, "total": 2}


def test_aging_puts_small_groups_together_and_no_name_takes_anothers_place(sqlite_engine: Engine) -> None:
    world = World()
    names = ["total", "bucket", "others", "no owner", None, *(f"Rep {number}" for number in range(60))]
    for lead_id, name in enumerate(names, 1):
        world.lead(lead_id, owner=name)
    world.lead(900, owner="REP 7")
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        aging = list_aging(ListRequest(connection, Filters(), TODAY), AgingBy.OWNER)
    row = aging.rows[0]
    assert len({column.key for column in aging.columns}) == len(aging.columns) == 53
    assert aging.columns[1].label == "REP 7" and row["REP 7"] == 2
    assert row["bucket"] == "0-7" and row["total"] == 66 and row["others"] == 15
