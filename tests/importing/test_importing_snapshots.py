"""A later export of the same CRM takes its own word back; what people and other systems said stays, and undo undoes."""

from __future__ import annotations

from typing import Any

import pytest
from importing_tools import (
    act_on,
    counts,
    describe_events,
    describe_leads,
    dump_visible,
    import_rows,
    read_table,
    undo,
)
from sqlalchemy import Engine, insert, update

from leadtriage.db import Event, Lead, Nomination, table, writing

HEADER = ["Record ID", "Email", "First Name", "Last Name", "Lead Status", "Contact owner"]
MAPPED = {"status": "Lead Status"}
CLOSED_HERE = "1 lead: closed here but open in the file, lead 1 (to see why: leadtriage show 1)"


def say(engine: Engine, day: int, status: str, *, system: str = "hubspot", **columns: str) -> Any:
    """Import an export with this status of one lead, and with another lead that is as it was."""
    header = [*HEADER, "Exported on", *columns]
    ann = ["1", "ann@acme.com", "Ann", "Lee", status, "Sam", f"day {day}", *columns.values()]
    bob = ["2", "bob@acme.com", "Bob", "Fox", "New", "Eva", f"day {day}", *("" for _ in columns)]
    return import_rows(engine, [header, ann, bob], day, system=system, overrides=dict(MAPPED))


def standing(engine: Engine) -> list[tuple[str, str]]:
    """Who nominates, and why."""
    rows = read_table(engine, Nomination)
    return [(row["by"], row["reason"]) for row in rows if row["withdrawn_at"] is None]


def stage(engine: Engine) -> str:
    return str(describe_leads(engine)[0]["stage"])


def person_moves(engine: Engine, old: str, new: str, day: int = 2) -> None:
    """What a person's act does to a lead's stage, with its event."""
    act = act_on(day, by="Eva")
    with writing(engine) as connection:
        connection.execute(update(table(Lead)).where(table(Lead).c.id == 1).values(stage=new, closed_on=act.as_of))
        connection.execute(
            insert(table(Event)).values(
                lead_id=1,
                id=500,
                act=900,
                at=act.at,
                recorded_at=act.recorded_at,
                by=act.by,
                kind="stage",
                old=old,
                new=new,
            )
        )


@pytest.mark.parametrize("status", ["Connected", "Open Deal", "New", "Won"])
def test_a_status_that_is_junk_no_more_withdraws_its_nomination(engine: Engine, status: str) -> None:
    say(engine, 1, "Unqualified")
    assert standing(engine) == [("hubspot", "called_unqualified")]
    before = dump_visible(engine)
    second = say(engine, 2, status)
    assert counts(second) == {"rows": 2, "updated": 2}
    assert standing(engine) == []
    assert "1 nominated called_unqualified ->" in describe_events(engine)
    undo(engine, second.batch)
    assert dump_visible(engine) == before
    assert "1 undone nomination -> called_unqualified" in describe_events(engine)


@pytest.mark.parametrize("status", ["Junk", "", "Purple"])
def test_a_status_that_does_not_say_otherwise_withdraws_nothing(sqlite_engine: Engine, status: str) -> None:
    say(sqlite_engine, 1, "Unqualified")
    say(sqlite_engine, 2, status)
    assert ("hubspot", "called_unqualified") in standing(sqlite_engine)


def test_nominations_by_people_and_other_systems_stay(engine: Engine) -> None:
    say(engine, 1, "Unqualified")
    act = act_on(1, by="Eva")
    with writing(engine) as connection:
        connection.execute(
            insert(table(Nomination)).values(
                lead_id=1, id=900, by="Eva", reason="spam", at=act.at, recorded_at=act.recorded_at
            )
        )
    say(engine, 2, "Junk", system="zoho")
    say(engine, 3, "Connected")
    assert standing(engine) == [("zoho", "called_junk"), ("Eva", "spam")]


def test_an_older_export_withdraws_nothing(engine: Engine) -> None:
    say(engine, 1, "Unqualified", **{"Last Modified Date": "2026-11-10"})
    say(engine, 2, "Connected", **{"Last Modified Date": "2026-11-02"})
    assert standing(engine) == [("hubspot", "called_unqualified")]


def test_another_column_than_the_one_that_said_junk_withdraws_nothing(engine: Engine) -> None:
    say(engine, 1, "Open", **{"Lifecycle Stage": "Unqualified"})
    assert standing(engine) == [("hubspot", "called_unqualified")]
    say(engine, 2, "Connected")
    assert len(standing(engine)) == 1
    say(engine, 3, "Connected", **{"Lifecycle Stage": "Lead"})
    assert standing(engine) == []


def test_a_lead_that_is_called_junk_again_is_nominated_again(engine: Engine) -> None:
    for day, status in enumerate(("Unqualified", "Connected", "Unqualified"), start=1):
        last = say(engine, day, status)
    assert standing(engine) == [("hubspot", "called_unqualified")]
    undo(engine, last.batch)
    assert standing(engine) == []


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_nomination_of_an_undone_import_does_not_come_back(sqlite_engine: Engine, order: tuple[int, int]) -> None:
    say(sqlite_engine, 1, "New")
    batches = {1: say(sqlite_engine, 2, "Unqualified").batch, 2: say(sqlite_engine, 3, "Connected").batch}
    for number in order:
        undo(sqlite_engine, batches[number])
    assert standing(sqlite_engine) == []
    assert stage(sqlite_engine) == "new"


@pytest.mark.parametrize(
    ("closing", "opening", "expected"),
    [
        ("Lost", "New", "new"),
        ("Lost", "Connected", "working"),
        ("Won", "Open Deal", "new"),
        ("Converted", "Connected", "working"),
        ("Lost", "Nurture", "nurture"),
    ],
)
def test_a_lead_that_its_crm_closed_is_reopened_by_its_newer_word(
    engine: Engine, closing: str, opening: str, expected: str
) -> None:
    say(engine, 1, closing)
    before = dump_visible(engine)
    second = say(engine, 2, opening)
    lead = describe_leads(engine)[0]
    assert (lead["stage"], lead.get("closed_on")) == (expected, None)
    assert lead.get("shelf_from" if expected != "nurture" else "nurture_until") is not None
    assert not second.warnings
    assert f"1 stage {closing.lower()} -> {expected}" in describe_events(engine)
    undo(engine, second.batch)
    assert dump_visible(engine) == before


def test_a_lead_that_a_later_export_closed_is_closed_again_by_undo_on_the_day_it_was(engine: Engine) -> None:
    say(engine, 1, "New")
    say(engine, 3, "Lost")
    third = say(engine, 5, "New")
    assert stage(engine) == "new"
    undo(engine, third.batch)
    lead = describe_leads(engine)[0]
    assert (lead["stage"], lead["closed_on"]) == ("lost", "2026-11-18")


def test_a_reopened_lead_may_be_closed_again(engine: Engine) -> None:
    for day, status in enumerate(("Lost", "New", "Lost", "New", "Lost"), start=1):
        say(engine, day, status)
    assert stage(engine) == "lost"
    assert [line for line in describe_events(engine) if " stage " in line] == [
        "1 stage lost -> new",
        "1 stage new -> lost",
        "1 stage lost -> new",
        "1 stage new -> lost",
    ]


def test_what_a_person_closed_stays_closed_and_the_import_says_so(engine: Engine) -> None:
    say(engine, 1, "New")
    person_moves(engine, "new", "lost")
    third = say(engine, 3, "Connected")
    assert stage(engine) == "lost"
    assert third.warnings == (CLOSED_HERE,)
    assert say(engine, 4, "Open Deal").warnings == (CLOSED_HERE,)


def test_what_another_system_closed_stays_closed(engine: Engine) -> None:
    say(engine, 1, "Lost", system="zoho")
    assert say(engine, 2, "Connected").warnings == (CLOSED_HERE,)
    assert stage(engine) == "lost"


def test_only_the_column_that_closed_a_lead_reopens_it(engine: Engine) -> None:
    say(engine, 1, "New", **{"Lifecycle Stage": "Customer"})
    assert say(engine, 2, "Connected").warnings == (CLOSED_HERE,)
    assert stage(engine) == "won"
    assert not say(engine, 3, "Connected", **{"Lifecycle Stage": "Opportunity"}).warnings
    assert stage(engine) == "working"


def test_an_older_export_neither_closes_nor_reopens(engine: Engine) -> None:
    say(engine, 1, "New", **{"Last Modified Date": "2026-11-10"})
    say(engine, 2, "Lost", **{"Last Modified Date": "2026-11-02"})
    assert stage(engine) == "new"
    say(engine, 3, "Lost", **{"Last Modified Date": "2026-11-12"})
    say(engine, 4, "Connected", **{"Last Modified Date": "2026-11-11"})
    assert stage(engine) == "lost"


def test_a_column_that_is_read_as_the_outcome_in_one_file_and_as_the_status_in_another(engine: Engine) -> None:
    for day, status in enumerate(("Lost", "Connected"), start=1):
        import_rows(engine, [HEADER, ["1", "ann@acme.com", "Ann", "Lee", status, "Sam"]], day, system="hubspot")
    assert stage(engine) == "working"
