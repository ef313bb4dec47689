"""Leads that were old when they came to us: what is done on the day of their import counts, and none is late."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import DAY, Program

ROWS = """Name,Email,Created
Ann Lee,ann@acme.com,2022-01-03
Bob Fox,bob@fox.com,2022-01-03
Cy Dent,cy@dent.com,2022-01-03
"""
PERIOD = ("--since", DAY[1])


@pytest.fixture
def old(program: Program) -> Program:
    """Three leads that came in years before they were imported, and a team."""
    program.define("\nteam:\n  - {name: Maria, role: sales}\n")
    Path("old.csv").write_text(ROWS, encoding="utf-8")
    program.done("import", "old.csv", *DAY)
    program.done("score", *DAY)
    return program


def test_a_win_on_the_day_of_the_import_has_its_day(old: Program) -> None:
    old.done("close", "1", "won", *DAY)
    assert [row["id"] for row in old.rows("leads", "--dated", "closed", *PERIOD, *DAY)] == [1]
    assert [row["won"] for row in old.rows("report", "trend", *PERIOD, *DAY)] == [1]


def test_a_verdict_on_the_day_of_the_import_has_its_day(old: Program) -> None:
    old.done("junk", "--flag", "2", "--reason", "no_need", *DAY)
    Path("verdicts.csv").write_text("id,verdict,verdict_reason\n2,junk,no_need\n", encoding="utf-8")
    told = old.done("junk", "--verdicts", "verdicts.csv", "--by", "Sam Roe", *DAY).err
    assert "to undo: `leadtriage undo --by 'Sam Roe'`" in told
    assert [row["junked"] for row in old.rows("report", "trend", *PERIOD, *DAY)] == [1]


def test_who_takes_one_up_and_calls_is_not_late(old: Program) -> None:
    old.done("assign", "--lead", "3", "--to", "Maria", *DAY)
    old.done("touch", "3", "call", *DAY)
    (maria,) = (row for row in old.rows("report", "team", *DAY) if row["name"] == "Maria")
    assert (maria["in_time"], maria["late"]) == (1, 0)


def test_a_list_is_no_export_that_could_come_back(old: Program) -> None:
    Path("list.csv").write_text(old.done("leads", "--all", "--format", "csv", *DAY).out, encoding="utf-8")
    refused = old("import", "list.csv", *DAY)
    assert (refused.code, refused.out) == (1, "")
    assert "leadtriage export FILE" in refused.err
    assert len(old.rows("imports")) == 1
