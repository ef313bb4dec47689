"""No report reads a whole table of the history where an index serves: what SQLite says of its statements' plans."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from world import TODAY, ask, random_world

from leadtriage.db import reading
from leadtriage.reports.registry import REPORTS, Report

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


@pytest.mark.parametrize("report", [each for each in REPORTS if each.is_report], ids=lambda report: report.name)
@pytest.mark.parametrize("as_of", [TODAY, date(2026, 1, 1)], ids=["now", "then"])
def test_no_report_reads_the_whole_history(sqlite_engine: Engine, report: Report, as_of: date) -> None:
    random_world(1).store_in(sqlite_engine)
    steps = collect_plans(sqlite_engine, lambda connection: report.load()(ask(connection, as_of=as_of)))
    assert any(re.search(r"\blead\b", step) for step in steps)
    assert [step for step in steps if WHOLE_HISTORY.search(step)] == []
