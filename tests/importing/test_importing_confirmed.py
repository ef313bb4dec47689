"""What an import only confirms is kept in its rows alone; it counts all the same, by its age and when undoing."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from importing_tools import describe_leads, dump_visible, import_rows, read_table, undo
from sqlalchemy import Engine
from test_importing_invariants import fresh_database

from effort import examples
from leadtriage.db import FieldOrigin

HEADER = ["Record ID", "Name", "Email", "Title", "Budget", "Lead Status", "Colour", "Last Touch", "Unsubscribed"]
MAPPED = {"id": "Record ID", "title": "Title", "budget": "Budget", "status": "Lead Status", "last_touch": "Last Touch"}
MAPPED |= {"do_not_contact": "Unsubscribed", "name": "Name", "email": "Email"}


def bring(engine: Engine, day: int, **cells: str) -> int:
    """Import an export of one lead; the columns that are not named are empty."""
    known = {"Record ID": "1", "Name": "Ann Lee", "Exported on": f"day {day}"} | {
        name.replace("_", " "): value for name, value in cells.items()
    }
    header = [*HEADER, "Exported on", *(name for name in known if name not in (*HEADER, "Exported on"))]
    overrides = MAPPED | ({"modified": "Last Modified"} if "Last Modified" in header else {})
    row = [known.get(name, "") for name in header]
    batch = import_rows(engine, [header, row], day, system="crm", overrides=overrides).batch
    assert batch is not None
    return batch


def lead(engine: Engine) -> dict[str, Any]:
    (found,) = describe_leads(engine)
    return found


OLD = {"Title": "Buyer", "Budget": "$500", "Lead_Status": "New", "Colour": "red", "Unsubscribed": "no"}
NEW = {"Title": "CEO", "Budget": "$700", "Lead_Status": "Won", "Colour": "7", "Unsubscribed": "yes"}


def test_undo_keeps_what_a_later_import_confirmed(engine: Engine) -> None:
    bring(engine, 1, **OLD)
    second = bring(engine, 2, **NEW, Last_Touch="2026-11-16")
    bring(engine, 3, **NEW, Last_Touch="2026-11-16")
    known = lead(engine)
    undo(engine, second)
    now = lead(engine)
    assert {**now, "closed_on": None, "qualified_on": None} == {**known, "closed_on": None, "qualified_on": None}
    assert (now["closed_on"], now["qualified_on"]) == ("2026-11-18", "2026-11-18")


@pytest.mark.parametrize("order", list(permutations((2, 3, 4))), ids=str)
def test_a_value_goes_when_the_last_import_that_said_it_is_undone(sqlite_engine: Engine, order: Any) -> None:
    bring(sqlite_engine, 1, **OLD)
    before = dump_visible(sqlite_engine)
    for day in (2, 3, 4):
        bring(sqlite_engine, day, **NEW, Last_Touch="2026-11-16")
    for batch in order[:2]:
        undo(sqlite_engine, batch)
        assert (lead(sqlite_engine)["title"], lead(sqlite_engine)["stage"]) == ("CEO", "won")
    undo(sqlite_engine, order[2])
    assert dump_visible(sqlite_engine) == before


def test_undo_keeps_a_nomination_that_a_later_import_made_too(engine: Engine) -> None:
    bring(engine, 1, Lead_Status="New")
    second = bring(engine, 2, Lead_Status="Junk")
    third = bring(engine, 3, Lead_Status="Junk")
    undo(engine, second)
    assert dump_visible(engine)["nominations"] == [(1, "crm", "called_junk")]
    undo(engine, third)
    assert dump_visible(engine)["nominations"] == []


def test_undo_of_a_withdrawal_that_a_later_import_confirmed_brings_nothing_back(engine: Engine) -> None:
    bring(engine, 1, Lead_Status="Junk")
    second = bring(engine, 2, Lead_Status="Connected")
    third = bring(engine, 3, Lead_Status="Connected")
    undo(engine, second)
    assert dump_visible(engine)["nominations"] == []
    assert lead(engine)["status"] == "Connected"
    assert undo(engine, third).restored == 1


def test_an_older_file_does_not_overwrite_what_was_confirmed_since(engine: Engine) -> None:
    bring(engine, 1, **OLD, Last_Modified="2026-11-01")
    bring(engine, 2, **OLD, Last_Modified="2026-11-14")
    bring(engine, 3, **(NEW | {"City": "Rome"}), Last_Modified="2026-11-05")
    found = lead(engine)
    assert (found["title"], found["budget_amount"], found["column:Colour"]) == ("Buyer", 50000, "red")
    assert (found["status"], found["stage"], found["city"]) == ("New", "new", "Rome")
    bring(engine, 4, **NEW, Last_Modified="2026-11-15")
    assert lead(engine)["title"] == "CEO"


def test_an_older_file_overwrites_what_was_confirmed_by_an_undone_import(engine: Engine) -> None:
    bring(engine, 1, **OLD, Last_Modified="2026-11-01")
    undo(engine, bring(engine, 2, **OLD, Last_Modified="2026-11-14"))
    bring(engine, 3, **NEW, Last_Modified="2026-11-05")
    assert lead(engine)["title"] == "CEO"


def test_only_the_fields_that_were_confirmed_are_newer(engine: Engine) -> None:
    bring(engine, 1, Title="Buyer", Colour="red", Last_Modified="2026-11-01")
    bring(engine, 2, Title="Buyer", Last_Modified="2026-11-14")
    bring(engine, 3, Title="CEO", Colour="blue", Last_Modified="2026-11-05")
    found = lead(engine)
    assert (found["title"], found["column:Colour"]) == ("Buyer", "blue")


def test_confirming_writes_nothing_for_each_value(engine: Engine) -> None:
    bring(engine, 1, **OLD)
    bring(engine, 2, **OLD)
    assert [row["field"] for row in read_table(engine, FieldOrigin)] == ["column:Exported on"]


def test_undo_restores_how_old_a_value_is(engine: Engine) -> None:
    bring(engine, 1, Title="Intern", Last_Modified="2026-11-01")
    bring(engine, 2, Title="Buyer", Last_Modified="2026-11-05")
    third = bring(engine, 3, Title="CEO", Last_Modified="2026-11-14")
    undo(engine, third)
    bring(engine, 4, Title="Owner", Last_Modified="2026-11-03")
    assert lead(engine)["title"] == "Buyer"
    bring(engine, 5, Title="Owner", Last_Modified="2026-11-06")
    assert lead(engine)["title"] == "Owner"


def test_undo_lets_through_what_had_come_too_late_for_the_undone_value(engine: Engine) -> None:
    bring(engine, 1, Title="Intern", Last_Modified="2026-11-01")
    second = bring(engine, 2, Title="CEO", Last_Modified="2026-11-14")
    bring(engine, 3, Title="Buyer", Last_Modified="2026-11-05")
    assert lead(engine)["title"] == "CEO"
    undo(engine, second)
    assert lead(engine)["title"] == "Buyer"


FIELDS = {"Title": "title", "Colour": "column:Colour", "Country": "country"}
_cells = st.fixed_dictionaries(
    {
        "Title": st.sampled_from(["", "CEO", "Buyer"]),
        "Colour": st.sampled_from(["", "red", "7"]),
        "Country": st.sampled_from(["", "DE"]),
        "Last_Modified": st.sampled_from(["2026-11-01", "2026-11-05", "2026-11-09"]),
    }
)


def latest(files: list[dict[str, str]], column: str) -> str | None:
    """What a column says in the end: a value gives way to one that was observed no earlier."""
    value, since = None, ""
    for cells in files:
        if cells[column] and (value is None or cells["Last_Modified"] >= since):
            value, since = cells[column], cells["Last_Modified"]
    return value


@settings(
    max_examples=examples(6),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(_cells, min_size=3, max_size=4), st.data())
def test_after_an_undo_values_are_as_if_the_import_had_never_been(
    files: list[dict[str, str]], data: st.DataObject
) -> None:
    undone = data.draw(st.integers(1, len(files) - 1), label="undone")
    with fresh_database() as engine:
        batches = [bring(engine, position + 1, **cells) for position, cells in enumerate(files)]
        assert [lead(engine).get(field) for field in FIELDS.values()] == [latest(files, name) for name in FIELDS]
        undo(engine, batches[undone])
        remaining = [cells for position, cells in enumerate(files) if position != undone]
        assert [lead(engine).get(field) for field in FIELDS.values()] == [latest(remaining, name) for name in FIELDS]
        later = {"Title": "Owner", "Colour": "blue", "Country": "FR", "Last_Modified": "2026-11-07"}
        bring(engine, 9, **later)
        remaining.append(later)
        assert [lead(engine).get(field) for field in FIELDS.values()] == [latest(remaining, name) for name in FIELDS]
