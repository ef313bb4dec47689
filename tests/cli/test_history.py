"""The team's log at the command line, and the last act taken back."""

from __future__ import annotations

import csv
import io

import pytest
from program import DAY, Program

MARIA, SAM = ("--by", "Maria", *DAY), ("--by", "Sam", *DAY)
KEYS = ["at", "by", "kind", "lead_id", "name", "company", "text", "reason", "note", "batch"]


def test_the_log_tells_each_act_once_and_the_last_first(sample: Program) -> None:
    sample.done("touch", "7", "call", "--note", "left a message", *MARIA)
    sample.done("close", "7", "lost", "--reason", "price", *SAM)
    rows = sample.rows("history", "--lead", "7")
    assert list(rows[0]) == KEYS
    told = [(row["by"], row["kind"], row["text"]) for row in rows if row["kind"] in ("stage", "touch", "field")]
    assert told[0] == ("Sam", "stage", "moved from working to lost (price)")
    assert [line for line in told if line[0] == "Maria"][-1] == (
        "Maria",
        "touch",
        "call on 20 Nov 2026: left a message",
    )
    assert not [line for line in told if "touches" in line[2] or "outcome" in line[2]]
    detailed = sample.rows("history", "--lead", "7", "--details")
    assert {"touches set to 1", "outcome reason set to price"} <= {row["text"] for row in detailed}


def test_the_log_is_narrowed(sample: Program) -> None:
    sample.done("touch", "7", "call", *MARIA)
    sample.done("touch", "8", "call", *SAM)
    assert {row["lead_id"] for row in sample.rows("history", "--by", "maria", "--all")} == {7}
    assert {row["lead_id"] for row in sample.rows("history", "--kind", "touch", "--by", "Sam")} == {8}
    assert {row["kind"] for row in sample.rows("history", "--kind", "created", "--kind", "grade")} <= {
        "created",
        "grade",
    }
    assert sample.rows("history", "--since", "2026-11-21") == []
    assert len(sample.rows("history", "--until", "2026-11-20", "--limit", "3")) == 3
    ran = sample.done("history", "--by", "Nobody")
    assert "no event matches" in ran.err


def test_the_whole_log_is_exported(sample: Program) -> None:
    written = sample.done("history", "--all", "--details", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(written)))
    assert list(rows[0]) == KEYS
    assert len([row for row in rows if row["kind"] == "created"]) == 65
    assert "more" in sample.done("history", "--limit", "2").err


def test_the_last_act_is_taken_back_and_told(sample: Program) -> None:
    before = sample.rows("show", "7", *DAY)
    sample.done("touch", "7", "email", "--next", "2026-12-01", *MARIA)
    ran = sample.done("undo", *MARIA, "--format", "json")
    assert (ran.rows[0]["lead_id"], ran.rows[0]["text"]) == (7, "email on 20 Nov 2026")
    assert "what Maria did on 20 Nov 2026" in ran.err
    after = sample.rows("show", "7", *DAY)
    assert {**after, "events": None} == {**before, "events": None}
    log = sample.rows("history", "--lead", "7")
    assert "undone: email on 20 Nov 2026" in {row["text"] for row in log}
    assert not any("touches" in row["text"] for row in log)


def test_leads_that_stand_in_the_way_are_named_and_can_be_left_out(sample: Program) -> None:
    sample.done("close", "lost", "--reason", "price", "--stage", "new", "--until", "2026-11-10", "--yes", *MARIA)
    closed = [row["id"] for row in sample.rows("leads", "--stage", "lost", "--reason", "price", *DAY)]
    sample.done("reopen", str(closed[0]), "--by", "Sam", *DAY)
    refused = sample("undo", *MARIA)
    assert refused.code == 1
    assert f"some were changed again since: lead {closed[0]} (its stage)" in refused.err
    assert "leadtriage undo --rest" in refused.err
    ran = sample.done("undo", "--rest", "--by", "maria", *DAY, "--format", "json")
    assert {row["lead_id"] for row in ran.rows} == {*closed[1:]}
    assert f"skipped, since changed again: lead {closed[0]}" in ran.err
    assert sample("undo", "1", "--rest").code == 2


@pytest.mark.parametrize("words", [("undo", *MARIA), ("undo", "--by", "Nobody", *DAY)])
def test_where_nothing_can_be_taken_back_it_says_so(sample: Program, words: tuple[str, ...]) -> None:
    ran = sample(*words)
    assert ran.code == 1
    assert "nothing that could be undone" in ran.err
    assert "undo BATCH" in ran.err
