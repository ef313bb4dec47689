"""The queue holds whom it should, in the order it should, and reads no further than its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert
from world import TODAY, World, random_world, view

from leadtriage.db import LeadScore, table, writing
from leadtriage.reports.lists import list_queue
from leadtriage.reports.query import Filters, ListRequest

SEEDS = (1, 2, 3)
KEYS = (
    "rank id name company title email phone source owner stage qualified score ceiling grade known fit budget "
    "authority need timing age_days next_step"
).split()


def expected_queue(world: World, as_of: Any, *, needs_answers: bool = False) -> list[int]:
    """The ids in the queue's order, by plain sorting."""
    leads = {lead["id"]: lead for lead in world.leads}
    waiting = [
        score
        for score in world.scores
        if score["queue_from"] is not None
        and score["queue_from"] <= as_of
        and leads[score["lead_id"]]["removed_by"] is None
        and leads[score["lead_id"]]["merged_into"] is None
        and (score["needs_answers"] or not needs_answers)
    ]

    def rank(score: dict[str, Any]) -> tuple[Any, ...]:
        is_overdue = score["next_due"] is not None and score["next_due"] < as_of
        by_score = (-score["score"], -score["ceiling"], -score["created_on"].toordinal(), -score["lead_id"])
        return by_score if needs_answers else (score["grade"], not is_overdue, *by_score)

    return [score["lead_id"] for score in sorted(waiting, key=rank)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("needs_answers", [False, True])
def test_the_queue_is_the_sorted_list_of_those_in_it(engine: Engine, seed: int, needs_answers: bool) -> None:
    world = random_world(seed)
    world.store_in(engine)
    with view(engine) as connection:
        for as_of in (TODAY, TODAY + timedelta(days=60)):
            whole = list_queue(ListRequest(connection, Filters(), as_of, None), needs_answers=needs_answers)
            expected = expected_queue(world, as_of, needs_answers=needs_answers)
            assert [row["id"] for row in whole.rows] == expected
            assert not whole.more
            for limit in (0, 1, 7, len(expected), len(expected) + 1):
                page = list_queue(ListRequest(connection, Filters(), as_of, limit), needs_answers=needs_answers)
                assert [row["id"] for row in page.rows] == expected[:limit]
                assert page.more == (len(expected) > limit)
                assert [row["rank"] for row in page.rows] == list(range(1, len(page.rows) + 1))


def test_needs_answers_has_the_smallest_gap_on_top(sqlite_engine: Engine) -> None:
    world = random_world(4)
    world.store_in(sqlite_engine)
    gaps = {score["lead_id"]: score["gap"] for score in world.scores}
    with view(sqlite_engine) as connection:
        listed = [
            gaps[int(str(row["id"]))]
            for row in list_queue(ListRequest(connection, Filters(), TODAY), needs_answers=True).rows
        ]
    assert listed and listed == sorted(listed)


def test_rows_have_the_keys_of_the_contract(sqlite_engine: Engine) -> None:
    random_world(1).store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        queue = list_queue(ListRequest(connection, Filters(), TODAY))
    assert [column.key for column in queue.columns] == KEYS
    assert all(set(KEYS) <= set(row) for row in queue.rows)


def test_a_grade_that_rests_on_little_is_marked_for_people_only(sqlite_engine: Engine) -> None:
    world = World()
    world.scored(1, score=5, known=0.59)
    world.scored(2, score=5, known=0.6)
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        rows = list_queue(ListRequest(connection, Filters(), TODAY)).rows
    assert [(row["id"], row["grade"], row["grade_shown"]) for row in rows] == [(2, "D", "D"), (1, "D", "D?")]


def read_plans(engine: Engine, read: Any) -> list[str]:
    """The plans of all statements that a list runs on SQLite."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    with view(engine) as connection:
        event.listen(connection, "before_cursor_execute", note)
        read(connection)
        event.remove(connection, "before_cursor_execute", note)
        selects = [(s, p) for s, p in statements if s.startswith("SELECT")]
        return [
            "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
            for statement, parameters in selects
        ]


@pytest.mark.parametrize(
    ("needs_answers", "index"), [(False, "lead_score_queue (grade=?"), (True, "lead_score_answers")]
)
def test_a_page_is_walked_in_an_index_without_sorting(sqlite_engine: Engine, needs_answers: bool, index: str) -> None:
    random_world(1).store_in(sqlite_engine)
    plans = read_plans(
        sqlite_engine, lambda c: list_queue(ListRequest(c, Filters(), TODAY, 500), needs_answers=needs_answers)
    )
    walks = [plan for plan in plans if "lead_score" in plan]
    assert len(walks) == (1 if needs_answers else 8)
    for plan in walks:
        assert index in plan
        assert "TEMP B-TREE" not in plan
        assert "SCAN lead\n" not in plan + "\n"


def test_the_number_of_statements_does_not_grow_with_the_leads(sqlite_engine: Engine) -> None:
    random_world(1, leads=10).store_in(sqlite_engine)
    few = len(read_plans(sqlite_engine, lambda c: list_queue(ListRequest(c, Filters(), TODAY, None))))
    more = World()
    for number in range(1000, 1200):
        more.scored(number, score=number % 70)
    run_once = more.scores
    more.scores = []
    more.store_in(sqlite_engine)
    more.leads, more.scores = [], run_once
    store_scores_alone(sqlite_engine, more)
    assert len(read_plans(sqlite_engine, lambda c: list_queue(ListRequest(c, Filters(), TODAY, None)))) == few


def store_scores_alone(engine: Engine, world: World) -> None:
    """Add scores to a database that has its run already."""
    with writing(engine) as connection:
        for row in world.scores:
            connection.execute(insert(table(LeadScore)).values(row))
