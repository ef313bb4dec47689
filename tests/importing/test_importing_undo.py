"""Undoing imports: what they made is hidden, what they changed is restored, what people or later imports did stays."""

from __future__ import annotations

from itertools import permutations
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

from leadtriage.core.errors import LeadtriageError
from leadtriage.db import Event, Lead, LeadKey, check_database, reading, table, writing

HEADER = ["Record ID", "Email", "First Name", "Last Name", "Lead Status", "Contact owner", "Last Contacted", "Budget"]
FILES = [
    [
        HEADER,
        ["1", "ann@acme.com; ann@lee.com", "Ann", "Lee", "NEW", "Maria", "", "$500"],
        ["2", "bob@acme.com", "Bob", "Fox", "CONNECTED", "Sam", "2026-11-02", ""],
    ],
    [
        [*HEADER, "Colour", "City", "Unsubscribed from all email", "Time Frame"],
        [
            "1",
            "lee@acme.com; lee@lee.com",
            "Ann",
            "Leigh",
            "Won",
            "Sam",
            "2026-11-05",
            "$700",
            "red",
            "Rome",
            "yes",
            "2027-01-01",
        ],
        ["2", "", "", "", "UNQUALIFIED", "", "2026-11-06", "€5.000", "7", "Oslo", "no", "2027-02-01"],
        ["3", "cid@acme.com", "Cid", "Oak", "NEW", "", "", "", "blue", "", "", ""],
    ],
    [
        [*HEADER, "Colour", "City"],
        ["1", "ann.lee@acme.com", "Ann", "Li", "Lost", "Eva", "2026-11-09", "$900", "12", "Bonn"],
        ["4", "dan@acme.com", "Dan", "Elm", "NEW", "Eva", "", "", "", ""],
    ],
]


def person_changes(engine: Engine, lead_id: int, field: str, old: str, new: str) -> None:
    """What a person's act does to a lead: the value and its event."""
    act = act_on(5, by="Eva")
    with writing(engine) as connection:
        connection.execute(update(table(Lead)).where(table(Lead).c.id == lead_id).values({field: new}))
        connection.execute(
            insert(table(Event)).values(
                lead_id=lead_id,
                id=10_000 + lead_id,
                act=900,
                at=act.at,
                recorded_at=act.recorded_at,
                by=act.by,
                kind="field",
                field=field,
                old=old,
                new=new,
            )
        )


def test_undo_restores_what_was_there_before(engine: Engine) -> None:
    import_rows(engine, FILES[0], 1)
    before = dump_visible(engine)
    second = import_rows(engine, FILES[1], 2)
    assert counts(second) == {"rows": 3, "created": 1, "updated": 2}
    assert dump_visible(engine) != before
    summary = undo(engine, second.batch)
    assert dump_visible(engine) == before
    assert (summary.removed, summary.restored, summary.kept) == (1, 2, 0)
    assert {(row["what"], row["id"]) for row in summary.leads.rows} == {
        ("removed", 3),
        ("restored", 1),
        ("restored", 2),
    }


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_order_of_undoing_does_not_matter(sqlite_engine: Engine, order: tuple[int, ...]) -> None:
    batches = [import_rows(sqlite_engine, rows, day).batch for day, rows in enumerate(FILES, start=1)]
    for place in order:
        undo(sqlite_engine, batches[place])
    left = dump_visible(sqlite_engine)
    assert left == {"leads": [], "keys": [], "pairs": [], "nominations": [], "touches": []}


def test_undoing_the_middle_one_leaves_what_the_others_said(engine: Engine) -> None:
    batches = [import_rows(engine, rows, day).batch for day, rows in enumerate(FILES, start=1)]
    undo(engine, batches[1])
    leads = {lead["id"]: lead for lead in describe_leads(engine)}
    assert sorted(leads) == [1, 2, 4]
    assert (leads[1]["name"], leads[1]["budget_amount"], leads[1]["column:Colour"]) == ("Ann Li", 90000, "12")
    assert (leads[2]["name"], leads[2].get("budget_amount"), leads[2].get("column:Colour")) == ("Bob Fox", None, None)


def test_the_same_file_can_be_imported_again_and_acts_again(engine: Engine) -> None:
    import_rows(engine, FILES[0], 1)
    second = import_rows(engine, FILES[1], 2)
    without_ids = [{**lead, "id": None} for lead in describe_leads(engine)]
    nominated = dump_visible(engine)["nominations"]
    undo(engine, second.batch, 2)
    again = import_rows(engine, FILES[1], 2)
    assert counts(again) == counts(second)
    assert [{**lead, "id": None} for lead in describe_leads(engine)] == without_ids
    assert dump_visible(engine)["nominations"] == nominated
    undo(engine, again.batch, 2)
    assert [lead["stage"] for lead in describe_leads(engine)] == ["new", "working"]


def test_what_a_person_changed_since_is_kept(engine: Engine) -> None:
    first = import_rows(engine, FILES[0], 1)
    second = import_rows(engine, FILES[1], 2)
    person_changes(engine, 1, "last_name", "Leigh", "Lay")
    person_changes(engine, 3, "city", "", "Kiel")
    summary = undo(engine, second.batch)
    leads = {lead["id"]: lead for lead in describe_leads(engine)}
    assert (summary.removed, summary.restored, summary.kept) == (0, 2, 1)
    assert leads[1]["last_name"] == "Lay"
    assert leads[1]["email"] == "ann@acme.com"
    assert leads[3]["city"] == "Kiel"
    summary = undo(engine, first.batch)
    assert (summary.removed, summary.kept) == (1, 1)


def test_a_lead_of_a_later_import_is_kept_and_still_found_by_its_keys(engine: Engine) -> None:
    header = ["Name", "Email", "Phone"]
    first = import_rows(engine, [header, ["Ann Lee", "ann@acme.com", "+14155552671"]], 1)
    second = import_rows(engine, [["Name", "Email", "Title"], ["Ann Lee", "ann@acme.com", "CEO"]], 2)
    summary = undo(engine, first.batch)
    assert (summary.removed, summary.restored, summary.kept) == (0, 0, 1)
    third = import_rows(engine, [["Email", "City"], ["ann@acme.com", "Rome"]], 3)
    assert counts(third) == {"rows": 1, "updated": 1}
    undo(engine, third.batch)
    assert undo(engine, second.batch).removed == 1
    assert describe_leads(engine) == []


def test_a_key_that_only_the_undone_import_gave_is_free_again(engine: Engine) -> None:
    header = ["Record ID", "Email", "First Name", "Last Name", "Lifecycle Stage"]
    import_rows(engine, [header, ["1", "ann@acme.com", "Ann", "Lee", "Lead"]], 1)
    wrong = import_rows(engine, [header, ["1", "bob@acme.com", "Ann", "Lee", "Lead"]], 2)
    undo(engine, wrong.batch)
    right = import_rows(engine, [["Email", "Name"], ["bob@acme.com", "Bob Fox"]], 3)
    assert counts(right) == {"rows": 1, "created": 1}


def test_a_shared_key_passes_to_the_lead_that_stays(engine: Engine) -> None:
    header = ["Record ID", "Email", "First Name", "Last Name", "Lifecycle Stage"]
    import_rows(engine, [header, ["1", "ann@acme.com", "Ann", "Lee", "Lead"]], 1)
    other = import_rows(engine, [["Email", "Name"], ["lee@acme.com", "Ann Lee"]], 2)
    import_rows(engine, [header, ["1", "lee@acme.com", "Ann", "Lee", "Lead"]], 3)
    assert dump_visible(engine)["pairs"] == [(1, 2)]
    undo(engine, other.batch)
    assert dump_visible(engine)["pairs"] == []
    assert {row["key"]: row["lead_id"] for row in read_table(engine, LeadKey)}["e:lee@acme.com"] == 1
    assert counts(import_rows(engine, [["Email", "City"], ["lee@acme.com", "Rome"]], 4)) == {"rows": 1, "updated": 1}


def test_the_undoing_is_told_and_nothing_of_the_history_is_lost(engine: Engine) -> None:
    import_rows(engine, FILES[0], 1)
    second = import_rows(engine, FILES[1], 2)
    told = describe_events(engine)
    undo(engine, second.batch)
    after = describe_events(engine)
    assert set(told) < set(after)
    assert "1 undone last_name Leigh -> Lee" in after
    assert "1 undone stage won -> new" in after
    assert "3 removed ->" in after


@pytest.mark.parametrize("batch", [7, 1])
def test_what_cannot_be_undone_is_told(sqlite_engine: Engine, batch: int) -> None:
    first = import_rows(sqlite_engine, FILES[0], 1)
    undo(sqlite_engine, first.batch)
    before: dict[str, Any] = dump_visible(sqlite_engine)
    with pytest.raises(LeadtriageError, match=r"import not found|import already undone on"):
        undo(sqlite_engine, batch)
    assert dump_visible(sqlite_engine) == before


def test_a_sum_whose_currency_stood_beside_it_is_read_again_in_that_currency(sqlite_engine: Engine) -> None:
    header = ("Email", "Name", "Budget", "Currency")
    sums = ("5000", "6000", "6000.00")
    _, second, _ = (
        import_rows(sqlite_engine, [header, ("a@acme.com", "Ann", money, "EUR")], day)
        for day, money in enumerate(sums, start=1)
    )
    undo(sqlite_engine, second.batch)
    (lead,) = describe_leads(sqlite_engine)
    assert (lead["budget_amount"], lead["budget_currency"]) == (600000, "EUR")


CONVERTED = [
    ["Lead ID", "Name", "Email", "Status", "Converted"],
    ["1", "Ann Lee", "ann@acme.com", "Contacted", "Yes"],
    ["2", "Bob Fox", "bob@acme.com", "Open", "Yes"],
    ["3", "Cid Oak", "cid@acme.com", "Open", "No"],
]
CLOSING = ("stage", "closed_on", "qualified_on", "qualified_by")
STANDING = (*CLOSING, "last_touch_on", "nurture_until", "shelf_from")


def stand(engine: Engine) -> list[dict[str, Any]]:
    """How leads stand, and since when."""
    return [{name: lead.get(name) for name in STANDING} for lead in describe_leads(engine)]


def test_a_lead_that_came_in_closed_is_open_when_only_imports_stand_that_keep_it_open(engine: Engine) -> None:
    first = import_rows(engine, CONVERTED, 1)
    second = import_rows(engine, CONVERTED, 1, overrides={"outcome": "none"})
    assert [lead["stage"] for lead in stand(engine)] == ["converted", "converted", "new"]
    summary = undo(engine, first.batch, 1)
    assert (summary.removed, summary.restored, summary.kept) == (0, 2, 3)
    kept = stand(engine)
    assert [lead["stage"] for lead in kept] == ["working", "new", "new"]
    assert {(lead["closed_on"], lead["qualified_on"], lead["qualified_by"]) for lead in kept} == {(None, None, None)}
    assert "1 undone stage converted -> working" in describe_events(engine)
    with reading(engine) as connection:
        assert {row["found"] for row in check_database(connection).rows} == {0}
    undo(engine, second.batch, 1)
    import_rows(engine, CONVERTED, 1, overrides={"outcome": "none"})
    assert stand(engine) == kept, "as the second import alone would have made them"


@pytest.mark.parametrize("order", list(permutations(range(2))), ids=str)
def test_a_lead_stays_closed_as_long_as_one_import_stands_that_says_so(sqlite_engine: Engine, order: Any) -> None:
    closing = [import_rows(sqlite_engine, [*CONVERTED, ["", "", "", str(day), ""]], day).batch for day in (1, 2)]
    import_rows(sqlite_engine, CONVERTED, 3, overrides={"outcome": "none"})
    undo(sqlite_engine, closing[order[0]])
    day = "2026-11-17" if order[0] == 0 else "2026-11-16"
    lead = stand(sqlite_engine)[0]
    assert [lead[name] for name in CLOSING] == ["converted", day, day, "crm"]
    undo(sqlite_engine, closing[order[1]])
    lead = stand(sqlite_engine)[0]
    assert [lead[name] for name in CLOSING] == ["working", None, None, None]


def test_what_came_in_closed_by_an_undone_import_closes_again_when_a_file_says_so(sqlite_engine: Engine) -> None:
    first = import_rows(sqlite_engine, CONVERTED, 1)
    import_rows(sqlite_engine, CONVERTED, 1, overrides={"outcome": "none"})
    before = stand(sqlite_engine)
    undo(sqlite_engine, first.batch, 1)
    import_rows(sqlite_engine, CONVERTED, 1, overrides={"outcome": "Converted"})
    assert stand(sqlite_engine) == before


def test_a_lead_that_came_in_parked_is_as_the_imports_say_that_stand(sqlite_engine: Engine) -> None:
    header = ["Record ID", "Email", "Name", "Lead Status", "Note"]
    first = import_rows(sqlite_engine, [header, ["1", "ann@acme.com", "Ann Lee", "Nurture", ""]], 1)
    import_rows(sqlite_engine, [header, ["1", "ann@acme.com", "Ann Lee", "", "called"]], 2)
    assert stand(sqlite_engine)[0]["nurture_until"] is not None
    undo(sqlite_engine, first.batch)
    (lead,) = stand(sqlite_engine)
    assert (lead["stage"], lead["nurture_until"]) == ("new", None)


def test_the_note_about_closed_rows_names_the_remedy_that_works_by_then(sqlite_engine: Engine) -> None:
    (planned,) = import_rows(sqlite_engine, CONVERTED, 1, dry_run=True).notes
    assert planned.endswith("(--map outcome=none keeps them open)")
    (done,) = import_rows(sqlite_engine, CONVERTED, 1).notes
    assert done.endswith("(to keep them open: leadtriage undo 1, then import with --map outcome=none)")


def test_a_lead_that_only_people_know_stands_as_it_came_in(sqlite_engine: Engine) -> None:
    first = import_rows(sqlite_engine, CONVERTED, 1)
    before = stand(sqlite_engine)[0]
    person_changes(sqlite_engine, 1, "city", "", "Kiel")
    undo(sqlite_engine, first.batch)
    assert stand(sqlite_engine) == [before]
