"""A process that is killed between any two statements of an act leaves the leads and their history in step."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from candidates import nominate, rules, score
from imports import act_on, bring
from sqlalchemy import Engine, event
from stored_leads import store_lead

from databases import make_database
from leadtriage.actions import (
    Closing,
    Contact,
    GivenAnswer,
    Judgement,
    close_leads,
    forget_person,
    judge,
    log_contact,
    merge_leads,
    store_answers,
    undo_last_act,
)
from leadtriage.core.vocabulary import Stage, TouchKind, VerdictWord
from leadtriage.db import Event, Lead, check_database, open_database, reading, table
from leadtriage.importing import undo_batch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

ACTS: dict[str, Callable[[Engine], Any]] = {
    "a contact": lambda engine: log_contact(engine, rules(), act_on(9), 1, Contact(TouchKind.CALL)),
    "a verdict": lambda engine: judge(engine, rules(), act_on(9), [2], Judgement(VerdictWord.JUNK, "spam")),
    "a closing of two": lambda engine: close_leads(engine, rules(), act_on(9), [1, 3], Closing(Stage.LOST, "price")),
    "an answer": lambda engine: store_answers(engine, rules(), act_on(9), [GivenAnswer(1, "title", "CEO")]),
    "a merge": lambda engine: merge_leads(engine, rules(), act_on(9), 1, 3),
    "an undo": lambda engine: undo_last_act(engine, rules(), act_on(9, "Sam")),
    "an import": lambda engine: bring(
        engine, 9, "Id,Name,Email,Title", "1,Ann Lee,a@b.example,CEO", "5,New,n@b.example,"
    ),
    "an undone import": lambda engine: undo_batch(engine, 1, act_on(9)),
    "erasing": lambda engine: forget_person(engine, rules(), act_on(9), 3),
}
_TIMES = 7
"""How often each act is killed, at points that are spread over its statements."""


def prepare(path: Path) -> None:
    """Three leads, one of them a candidate, and an act of Sam's."""
    engine = make_database(path)
    bring(engine, 1, "Id,Name,Email,Title", "1,Ann Lee,a@b.example,CTO")
    store_lead(engine, name="Bob Fox", email="bob@fox.example")
    store_lead(engine, name="Anne Lee", email="anne@b.example")
    score(engine)
    nominate(engine, 2)
    close_leads(engine, rules(), act_on(3, "Sam"), [3], Closing(Stage.WON))
    engine.dispose()


def run_counted(path: Path, act: str, on_statement: Callable[[], None]) -> None:
    """Run an act and tell of each statement before it runs, and of the commit."""
    engine = open_database(str(path))
    for moment in ("before_cursor_execute", "commit"):
        event.listen(engine, moment, lambda *_: on_statement())
    ACTS[act](engine)
    engine.dispose()


def run_until(path: Path, act: str, statement: int) -> bool:
    """Run an act in a process of its own that is killed before its n-th statement; whether it was killed."""
    child = os.fork()
    if child == 0:
        left = [statement]

        def count() -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            run_counted(path, act, count)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def read_all(path: Path) -> tuple[list[Any], list[Any]]:
    """The leads and the history, after the database's own check of itself."""
    engine = open_database(str(path))
    with reading(engine) as connection:
        assert [line for line in check_database(connection).rows if line["found"]] == []
        leads, events = (connection.execute(table(model).select()).all() for model in (Lead, Event))
    engine.dispose()
    return [tuple(row) for row in leads], [tuple(row) for row in events]


@pytest.mark.parametrize("act", ACTS)
def test_a_killed_act_is_done_or_not_done(tmp_path: Path, act: str) -> None:
    path = tmp_path / "leads.db"
    prepare(path)
    before = path.read_bytes()
    leads, events = read_all(path)
    statements: list[None] = []
    run_counted(path, act, lambda: statements.append(None))
    done = read_all(path)
    assert done[1] != events
    for point in range(0, len(statements), max(1, len(statements) // _TIMES)):
        path.write_bytes(before)
        assert run_until(path, act, point)
        assert read_all(path) in ((leads, events), done), "something is half done"
