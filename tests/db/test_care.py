"""Describing, checking and copying databases, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, update

from leadtriage.core.errors import DatabaseError
from leadtriage.db import (
    Erasing,
    Event,
    Lead,
    LeadKey,
    Touch,
    Verdict,
    check_database,
    copy_database,
    database_file,
    describe_database,
    open_database,
    reading,
    table,
    writing,
)


def test_an_empty_database_is_described_and_agrees(engine: Engine) -> None:
    with reading(engine) as connection:
        facts = describe_database(connection).rows[0]
        checks = check_database(connection).rows
    assert facts["leads"] == 0
    assert facts["last_score"] is None
    assert str(facts["system"]).split()[0] in ("SQLite", "PostgreSQL")
    assert {row["result"] for row in checks} == {"ok"}


def test_a_password_is_never_told() -> None:
    engine = create_engine("postgresql+psycopg://maria:secret@nowhere.example/leads")
    assert database_file(engine) is None
    assert "secret" not in engine.url.render_as_string()
    with pytest.raises(DatabaseError) as refused:
        open_database("postgresql://maria:secret@127.0.0.1:1/leads?connect_timeout=1")
    assert "secret" not in str(refused.value)


def test_a_copy_is_whole_and_replaces_nothing(sqlite_engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    copy_database(sqlite_engine, target)
    open_database(str(target)).dispose()
    before = target.read_bytes()
    with pytest.raises(DatabaseError, match="already"):
        copy_database(sqlite_engine, target)
    with pytest.raises(DatabaseError, match="cannot be written"):
        copy_database(sqlite_engine, tmp_path / "no" / "folder.db")
    assert target.read_bytes() == before
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.postgres
def test_a_servers_database_is_left_to_its_own_tool(postgres_engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="only a local database"):
        copy_database(postgres_engine, tmp_path / "copy.db")


NOON = datetime(2026, 11, 18, 12)


def add(model: Any, **values: Any) -> Callable[[Connection], Any]:
    return lambda connection: connection.execute(insert(table(model)).values(values))


def change(lead_id: int, **values: Any) -> Callable[[Connection], Any]:
    lead = table(Lead)
    return lambda connection: connection.execute(update(lead).where(lead.c.id == lead_id).values(values))


def tell(lead_id: int, number: int, **values: Any) -> Callable[[Connection], Any]:
    told = {"act": number, "at": NOON, "recorded_at": NOON, "by": "Maria", "kind": "field"}
    return add(Event, lead_id=lead_id, id=number, **{**told, **values})


VERDICT = {"act": 9, "kind": "review", "verdict": "junk", "by": "Maria", "at": NOON, "recorded_at": NOON, "score": 0}
VERDICT |= {"ceiling": 0, "known": 0, "grade": "D", "criteria_digest": "", "ledger": []}
TOUCH = {"id": 1, "kind": "call", "on": NOON.date(), "by": "Maria"}
DAMAGE: dict[str, list[Callable[[Connection], Any]]] = {
    "every lead has the last stage of its history": [change(1, stage="won")],
    "every key belongs to a visible lead": [
        change(1, removed_by=7),
        add(LeadKey, key="e:ann@acme.example", lead_id=1, original_lead_id=1),
    ],
    "every merged lead has a surviving lead": [change(1, merged_into=77)],
    "no merges form a circle": [change(1, merged_into=2), change(2, merged_into=1)],
    "every touch belongs to a lead": [add(Touch, lead_id=77, **TOUCH)],
    "every touch of an undone act is withdrawn": [
        add(Touch, lead_id=1, act=9, **TOUCH),
        tell(1, 10, kind="undone", undoes=9),
    ],
    "every lead with a verdict of junk is junk": [add(Verdict, lead_id=1, id=1, **VERDICT)],
    "every junk lead has a verdict or came in so": [
        change(1, stage="junk"),
        tell(1, 10, kind="stage", new="junk"),
    ],
    "every forgotten person is erased": [tell(1, 10, kind="forgotten")],
    "the history is locked against changes": [add(Erasing, act=1)],
    "every lead matches the acts in its history": [tell(1, 10, changes={"title": [None, "CEO"]})],
}


@pytest.mark.parametrize("check", DAMAGE)
def test_what_does_not_agree_is_found(engine: Engine, check: str) -> None:
    days: dict[str, Any] = {"created_on": NOON.date(), "imported_on": NOON.date(), "observed_at": NOON}
    with writing(engine) as connection:
        for lead_id in (1, 2):
            add(Lead, id=lead_id, stage="new", name="Ann Lee", worked_here=False, changed_at=NOON, **days)(connection)
            tell(lead_id, lead_id, kind="created", new="new")(connection)
    with reading(engine) as connection:
        assert not [row for row in check_database(connection).rows if row["found"]]
    with writing(engine) as connection:
        for damage in DAMAGE[check]:
            damage(connection)
    with reading(engine) as connection:
        wrong = {row["check"]: row["result"] for row in check_database(connection).rows if row["found"]}
    assert list(wrong) == [check]


def test_what_an_import_changes_after_an_act_is_no_damage(sqlite_engine: Engine) -> None:
    test_what_does_not_agree_is_found(sqlite_engine, "every lead matches the acts in its history")
    with writing(sqlite_engine) as connection:
        tell(1, 11, new="CTO")(connection)
    with reading(sqlite_engine) as connection:
        assert not [row for row in check_database(connection).rows if row["found"]]
