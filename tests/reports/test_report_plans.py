"""No report reads a whole table of the history where an index serves: what SQLite says of its statements' plans."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from world import TODAY, random_world

from leadtriage.criteria import example_criteria
from leadtriage.db import reading
from leadtriage.reports.manager import (
    list_criteria_in_use,
    list_funnel,
    list_reasons,
    list_sources,
    list_team,
    list_trend,
)
from leadtriage.reports.query import Filters

CRITERIA = example_criteria()
REPORTS: dict[str, Callable[[Connection, date], Any]] = {
    "funnel": lambda connection, as_of: list_funnel(connection, Filters(), as_of),
    "sources": lambda connection, as_of: list_sources(connection, CRITERIA, Filters(), as_of),
    "team": lambda connection, as_of: list_team(connection, CRITERIA, Filters(), as_of),
    "reasons": lambda connection, as_of: list_reasons(connection, CRITERIA, Filters(), as_of),
    "criteria": lambda connection, as_of: list_criteria_in_use(connection, CRITERIA, Filters(), as_of),
    "trend": lambda connection, as_of: list_trend(connection, CRITERIA, Filters(), as_of),
}
WHOLE_HISTORY = re.compile(r"SCAN (event|import_row|lead_key|verdict_line)\b(?! USING)")


def collect_plans(engine: Engine, work: Callable[[Connection], Any]) -> list[str]:
    """The steps of all statements that some work runs."""
    steps: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not many and statement.lstrip().startswith(("SELECT", "WITH", "INSERT")):
            explained = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps.extend(row[3] for row in explained)

    with reading(engine) as connection:
        event.listen(engine, "before_cursor_execute", explain)
        try:
            work(connection)
        finally:
            event.remove(engine, "before_cursor_execute", explain)
    return steps


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("as_of", [TODAY, date(2026, 1, 1)], ids=["now", "then"])
def test_no_report_reads_the_whole_history(sqlite_engine: Engine, name: str, as_of: date) -> None:
    random_world(1).store_in(sqlite_engine)
    steps = collect_plans(sqlite_engine, lambda connection: REPORTS[name](connection, as_of))
    assert any(re.search(r"\blead\b", step) for step in steps)
    assert [step for step in steps if WHOLE_HISTORY.search(step)] == []
