"""Imports and acts are taken back in any order, and what is left is what the others say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from imports import act_on, bring
from sqlalchemy import Engine, select
from stored_leads import criteria, read_lead

from databases import make_database
from leadtriage.actions import (
    Closing,
    Contact,
    Snooze,
    close_leads,
    flag_lead,
    log_contact,
    snooze_leads,
    undo_last_act,
)
from leadtriage.actions.unit_of_work import LeadChange, text_columns, unit_of_work
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.vocabulary import EventKind, Stage, TouchKind
from leadtriage.db import Nomination, check_database, reading, table
from leadtriage.importing import undo_batch

HEADER = "Id,Name,Email,Title,Company,Status"
FIRST = "1,Ann Lee,ann@acme.example,CEO,Acme,New"
SECOND = "1,Ann Lee,ann@acme.example,CTO,Acme Inc,Contacted"
_UNTOLD = ("changed_at", "observed_at", "imported_on", "created_on")


def retitle(engine: Engine, day: int) -> None:
    with unit_of_work(engine, criteria(), act_on(day)) as work:
        lead = work.read_lead(1)
        told = {"field": "title", "old": lead["title"], "new": "Owner"}
        work.record([LeadChange(1, EventKind.FIELD, text_columns("title", "Owner"), **told)])


ACTS: dict[str, Callable[[Engine, int], Any]] = {
    "a title": retitle,
    "a closing": lambda engine, day: close_leads(engine, criteria(), act_on(day), [1], Closing(Stage.LOST, "price")),
    "a contact": lambda engine, day: log_contact(engine, criteria(), act_on(day), 1, Contact(TouchKind.CALL)),
    "parking": lambda engine, day: snooze_leads(
        engine, criteria(), act_on(day), [1], Snooze(date(2027, 1, 11), "bad_timing")
    ),
    "a flag": lambda engine, day: flag_lead(engine, criteria(), act_on(day), 1, "spam"),
}


def standing(engine: Engine) -> tuple[dict[str, Any], list[Any]]:
    """All that is known of the lead, and what nominates it."""
    nomination = table(Nomination)
    with reading(engine) as connection:
        open_ones = select(nomination.c.by, nomination.c.reason).where(nomination.c.withdrawn_at.is_(None))
        nominated = sorted(tuple(row) for row in connection.execute(open_ones))
        assert {row["check"]: row["result"] for row in check_database(connection).rows if row["found"]} == {}
    return {name: value for name, value in read_lead(engine, 1).items() if name not in _UNTOLD}, nominated


@pytest.fixture
def untouched(tmp_path: Path) -> tuple[dict[str, Any], list[Any]]:
    """How the lead stands when nothing but the first import was there."""
    engine = make_database(tmp_path / "untouched.db")
    bring(engine, 1, HEADER, FIRST)
    found = standing(engine)
    engine.dispose()
    return found


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("steps", list(permutations(["import", "act"])), ids=" then ".join)
@pytest.mark.parametrize("backwards", list(permutations(["import", "act"])), ids="back: {0[0]} first".format)
def test_an_import_and_an_act_are_taken_back_in_any_order(
    sqlite_engine: Engine,
    untouched: tuple[dict[str, Any], list[Any]],
    act: str,
    steps: tuple[str, ...],
    backwards: tuple[str, ...],
) -> None:
    bring(sqlite_engine, 1, HEADER, FIRST)
    batch = None
    for day, step in enumerate(steps, start=2):
        if step == "act":
            ACTS[act](sqlite_engine, day)
        else:
            batch = bring(sqlite_engine, day, HEADER, SECOND).batch
    assert batch is not None
    assert standing(sqlite_engine) != untouched
    todo = list(backwards)
    for day in range(4, 7):
        if not todo:
            break
        if todo.pop(0) == "import":
            undo_batch(sqlite_engine, batch, act_on(day))
            continue
        try:
            undo_last_act(sqlite_engine, criteria(), act_on(day))
        except LeadtriageError as refused:
            assert "changed again since" in str(refused)
            assert (steps, todo) == (("act", "import"), ["import"]), "nothing else but the import may be in the way"
            todo.append("act")
    assert not todo
    assert standing(sqlite_engine) == untouched
