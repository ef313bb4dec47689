"""The stale report has a row for each clock that has run out, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import Engine
from world import TODAY, WARN, World, random_world, view

from leadtriage.core.context import OutputFormat
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import Clock
from leadtriage.db import TeamName
from leadtriage.rendering import Screen, render_table
from leadtriage.reports.lists import list_leads, list_stale
from leadtriage.reports.query import Filters, ListRequest

KEYS = "id name company owner grade score clock due overdue_days last_touch stage leads".split()
Rows = tuple[Any, ...]


def visible_scores(world: World) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    leads = {lead["id"]: lead for lead in world.leads}
    pairs = [(leads[score["lead_id"]], score) for score in world.scores]
    return [(lead, score) for lead, score in pairs if lead["removed_by"] is None and lead["merged_into"] is None]


def expected_rows(world: World, as_of: Any) -> list[tuple[Any, ...]]:
    """`(ran out, id, clock, due, overdue_days)` of each clock that has run out, lead by lead and clock by clock."""
    rows = []
    for lead, score in visible_scores(world):
        for clock, key in (
            ("first_touch", "first_touch_due"),
            ("idle", "idle_due"),
            ("promised", "promised_due"),
            ("expiring", "expires_on"),
        ):
            due = score.get(key)
            if due is None:
                continue
            ran_out = due - timedelta(days=WARN + 1) if clock == "expiring" else due
            if ran_out < as_of:
                rows.append((ran_out, lead["id"], clock, due, (as_of - due).days))
    return sorted(rows)


def fold(owner: str | None) -> str | None:
    return None if owner is None else comparable(owner)


def clock_rows(rows: Rows) -> list[tuple[Any, ...]]:
    return [(row["id"], row["clock"], row["due"], row["overdue_days"]) for row in rows if row["clock"] != "backlog"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_rows_are_those_of_a_naive_evaluation(engine: Engine, seed: int) -> None:
    world = random_world(seed)
    world.store_in(engine)
    backlog = Counter(fold(lead["owner"]) for lead, score in visible_scores(world) if score["backlog"])
    with view(engine) as connection:
        for as_of in (TODAY - timedelta(days=3), TODAY, TODAY + timedelta(days=30)):
            stale = list_stale(ListRequest(connection, Filters(), as_of, None))
            assert sorted(clock_rows(stale.rows)) == sorted(row[1:] for row in expected_rows(world, as_of))
            counted = {fold(row["owner"]): row["leads"] for row in stale.rows if row["clock"] == "backlog"}
            assert counted == backlog
            assert all(row["id"] is None for row in stale.rows if row["clock"] == "backlog")
            assert not stale.more


@pytest.mark.parametrize("clock", list(Clock))
def test_one_clock_alone_is_that_part_of_the_whole(engine: Engine, clock: Clock) -> None:
    random_world(5).store_in(engine)
    with view(engine) as connection:
        whole = list_stale(ListRequest(connection, Filters(), TODAY, None)).rows
        part = list_stale(ListRequest(connection, Filters(), TODAY, None), clocks=[clock]).rows

    def said(rows: Rows) -> list[str]:
        return sorted(str([row[key] for key in KEYS]) for row in rows)

    assert said(part) == said([row for row in whole if row["clock"] == clock])


@pytest.mark.parametrize("limit", [None, 3])
def test_several_clocks_are_these_parts_of_the_whole(sqlite_engine: Engine, limit: int | None) -> None:
    random_world(5).store_in(sqlite_engine)
    clocks = [Clock.EXPIRING, Clock.BACKLOG, Clock.IDLE]
    with view(sqlite_engine) as connection:
        whole = list_stale(ListRequest(connection, Filters(), TODAY, None))
        part = list_stale(ListRequest(connection, Filters(), TODAY, limit), clocks=clocks)
    wanted = [row for row in whole.rows if row["clock"] in clocks]
    assert {row["clock"] for row in wanted} == set(clocks)
    assert (part.total or len(part.rows)) == len(wanted)
    assert all(row in wanted for row in part.rows)


@pytest.mark.parametrize("limit", [1, 2, 5, 20, 1000])
def test_a_limit_keeps_those_that_ran_out_first(sqlite_engine: Engine, limit: int) -> None:
    world = random_world(6)
    world.store_in(sqlite_engine)
    first = expected_rows(world, TODAY)
    with view(sqlite_engine) as connection:
        stale = list_stale(ListRequest(connection, Filters(), TODAY, limit))
        whole = list_stale(ListRequest(connection, Filters(), TODAY, None))
    listed = clock_rows(stale.rows)
    assert len(stale.rows) <= limit
    ran_out = {(row[1], row[2]): row[0] for row in first}
    assert sorted(ran_out[row[:2]] for row in listed) == [row[0] for row in first[: len(listed)]]
    assert stale.more == (len(stale.rows) < len(whole.rows))


@pytest.mark.parametrize("seed", [1, 7])
def test_each_owner_stands_once_with_the_longest_overdue_first(sqlite_engine: Engine, seed: int) -> None:
    random_world(seed).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        stale = list_stale(ListRequest(connection, Filters(), TODAY, None))
    assert stale.group_by == "owner"
    groups = [(owner, list(rows)) for owner, rows in groupby(stale.rows, key=lambda row: row["owner_shown"])]
    assert len(groups) == len({owner for owner, _ in groups}) == len({comparable(owner) for owner, _ in groups})
    worst = []
    for _, rows in groups:
        days = [row["overdue_days"] for row in rows if row["clock"] != "backlog"]
        assert days == sorted(days, reverse=True)
        assert [row["clock"] for row in rows].count("backlog") == (rows[-1]["clock"] == "backlog")
        worst += days[:1]
    assert worst == sorted(worst, reverse=True)


def test_all_names_of_a_member_are_one_desk(engine: Engine) -> None:
    world, due = World(), TODAY - timedelta(days=2)
    for number, owner in enumerate(("anna", "Ben Ode", "ANNA BERG", "Anna  Berg", None), start=1):
        world.scored(number, lead={"owner": owner}, idle_due=due - timedelta(days=number % 2))
    world.scored(6, lead={"owner": "anna"}, backlog=True)
    for spelling in ("anna", "anna berg"):
        world.add(TeamName, spelling=spelling, member="anna berg")
    world.store_in(engine)
    with view(engine) as connection:
        stale = list_stale(ListRequest(connection, Filters(), TODAY))
    told = render_table(stale, OutputFormat.TABLE, Screen(width=100, height=40, unicode=True))
    assert re.findall(r"^(?:Anna|ANNA|anna|Ben|no).*\(\d+\)$", told, re.MULTILINE) == [
        "ANNA BERG (4)",
        "no owner (1)",
        "Ben Ode (1)",
    ]
    assert [row["owner"] for row in stale.rows] == ["anna", "ANNA BERG", "Anna  Berg", "ANNA BERG", None, "Ben Ode"]


def test_the_desk_with_the_largest_backlog_comes_first(engine: Engine) -> None:
    world = World()
    for number, owner in enumerate(["anna"] * 2 + ["Anna Berg"] * 2 + ["Ben"] * 3, start=1):
        world.scored(number, lead={"owner": owner}, backlog=True)
    for spelling in ("anna", "anna berg"):
        world.add(TeamName, spelling=spelling, member="anna berg")
    world.store_in(engine)
    with view(engine) as connection:
        whole = list_stale(ListRequest(connection, Filters(), TODAY))
        part = list_stale(ListRequest(connection, Filters(), TODAY, 2))
    assert [(row["owner"], row["leads"]) for row in whole.rows] == [("Anna Berg", 4), ("Ben", 3)]
    assert part.rows == whole.rows
    assert whole.group_sizes == {"anna berg": 4, "ben": 3}


def test_what_was_never_recorded_is_not_called_never_touched(sqlite_engine: Engine) -> None:
    world = World()
    world.scored(1, first_touch_due=TODAY - timedelta(days=2))
    world.scored(2, first_touch_due=TODAY)
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        stale = list_stale(ListRequest(connection, Filters(), TODAY))
    assert [column.key for column in stale.columns] == KEYS
    (row,) = stale.rows
    assert (row["id"], row["last_touch"], row["last_touch_shown"]) == (1, None, "not contacted")


def test_expiring_tells_the_days_that_are_left_below_zero(sqlite_engine: Engine) -> None:
    world = World()
    for lead_id, days in enumerate((WARN + 1, WARN, 0, -3), 1):
        world.scored(lead_id, expires_on=TODAY + timedelta(days=days))
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        rows = list_stale(ListRequest(connection, Filters(), TODAY)).rows
    assert [(row["id"], row["overdue_days"]) for row in rows] == [(4, 3), (3, 0), (2, -WARN)]


def test_filters_hold_for_the_backlog_too(engine: Engine) -> None:
    world = World()
    world.scored(1, lead={"owner": "Maria", "source": "Web"}, backlog=True)
    world.scored(2, lead={"owner": "Maria", "source": "Fair"}, backlog=True)
    world.scored(3, lead={"owner": None, "source": "Fair"}, backlog=True)
    world.scored(4, lead={"owner": "Maria"})
    world.store_in(engine)
    with view(engine) as connection:
        whole = list_stale(ListRequest(connection, Filters(), TODAY)).rows
        of_web = list_stale(ListRequest(connection, Filters(source="web"), TODAY)).rows
        of_maria = list_stale(ListRequest(connection, Filters(owner="MARIA"), TODAY)).rows
        unowned = list_stale(ListRequest(connection, Filters(owner=""), TODAY)).rows
        behind = [
            list_leads(ListRequest(connection, Filters(owner=name), TODAY), backlog=True).rows
            for name in (None, "Maria", "")
        ]
    assert [(row["owner"], row["leads"]) for row in whole] == [("Maria", 2), (None, 1)]
    assert [(row["owner"], row["leads"]) for row in of_web] == [("Maria", 1)]
    assert [(row["owner"], row["leads"]) for row in of_maria] == [("Maria", 2)]
    assert [(row["owner"], row["leads"]) for row in unowned] == [(None, 1)]
    assert [[row["id"] for row in rows] for rows in behind] == [[3, 2, 1], [2, 1], [3]]
