"""Two leads become one, or stay two: what is joined, what is refused, what an undo and an import do afterwards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from imports import act_on, bring
from sqlalchemy import Engine, select
from stored_leads import act_by, criteria, read_lead, store_lead

from leadtriage.actions import Contact, keep_apart, log_contact, merge_leads, undo_last_act
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import TouchKind
from leadtriage.db import Event, Lead, LeadKey, PairDecision, reading, resolve_lead, table
from leadtriage.importing import undo_batch
from leadtriage.matching import find_pairs
from leadtriage.reports.lead import show_lead
from leadtriage.reports.lead.history import read_history

ACT = act_by("Maria")
BEFORE = ("stage", "name", "email", "phone", "touches", "last_touch_on", "created_on", "merged_into", "extra", "owner")


def read_all(engine: Engine, model: Any) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(select(table(model))).mappings()]


def keys_of(engine: Engine) -> dict[str, int]:
    return {row["key"]: row["lead_id"] for row in read_all(engine, LeadKey)}


def two(engine: Engine, **its: Any) -> tuple[int, int]:
    """The same person twice: an older lead with a phone, a newer one with whatever is given."""
    one = store_lead(engine, name="Ann Lee", first_name="Ann", last_name="Lee", email="ann@acme.com", phone="+4930123")
    return one, store_lead(
        engine,
        **{"created_on": date(2026, 11, 12), "name": "Anne Lee", "first_name": "Anne", "last_name": "Lee", **its},
    )


def test_a_merge_takes_the_newer_known_values_and_what_only_one_has(engine: Engine) -> None:
    one, other = two(engine, email="anne@acme.com", company="Acme", phone=None, do_not_contact=True)
    merged = merge_leads(engine, criteria(), ACT, one, other)
    winner, loser = read_lead(engine, one), read_lead(engine, other)
    assert loser["merged_into"] == one
    assert (loser["name"], loser["email"]) == ("Anne Lee", "anne@acme.com")
    assert [winner[name] for name in ("name", "first_name", "email", "phone", "company", "other_emails")] == [
        "Anne Lee",
        "Anne",
        "anne@acme.com",
        "+4930123",
        "Acme",
        "ann@acme.com",
    ]
    assert winner["do_not_contact"] is True
    assert winner["created_on"] == date(2026, 11, 10)
    assert set(merged.taken) == {"name", "email", "company"}


def test_a_person_chooses_field_by_field(engine: Engine) -> None:
    one, other = two(engine, email="anne@acme.com", city="Berlin")
    merge_leads(engine, criteria(), ACT, one, other, {"email": one, "name": one})
    winner = read_lead(engine, one)
    assert [winner[name] for name in ("name", "email", "other_emails", "city")] == [
        "Ann Lee",
        "ann@acme.com",
        "anne@acme.com",
        "Berlin",
    ]


def test_the_owner_of_the_lead_that_is_left_stays(engine: Engine) -> None:
    one = store_lead(engine, name="Ann Lee", owner="Sam")
    other = store_lead(engine, created_on=date(2026, 11, 12), name="Ann Lee", owner="Kim")
    merge_leads(engine, criteria(), ACT, one, other)
    assert read_lead(engine, one)["owner"] == "Sam"


def test_contacts_of_both_count(engine: Engine) -> None:
    one, other = two(engine)
    log_contact(engine, criteria(), act_by("Sam", datetime(2026, 11, 13, 9)), one, Contact(TouchKind.CALL))
    log_contact(
        engine, criteria(), act_by("Kim", datetime(2026, 11, 16, 9)), other, Contact(TouchKind.EMAIL, answered=True)
    )
    merge_leads(engine, criteria(), ACT, one, other)
    winner = read_lead(engine, one)
    assert (winner["stage"], winner["touches"], winner["replies"]) == ("working", 2, 1)
    assert (winner["first_touch_on"], winner["last_touch_on"]) == (date(2026, 11, 13), date(2026, 11, 16))


@pytest.mark.parametrize(
    ("stage", "its_stage", "left", "warned"),
    [
        ("new", "working", "working", False),
        ("won", "lost", "won", True),
        ("new", "junk", "new", True),
        ("lost", "working", "lost", True),
    ],
)
def test_the_stage_of_the_lead_that_is_left_stands(
    engine: Engine, stage: str, its_stage: str, left: str, warned: bool
) -> None:
    one, other = store_lead(engine, stage, name="Ann Lee"), store_lead(engine, its_stage, name="Ann Lee")
    merged = merge_leads(engine, criteria(), ACT, one, other)
    assert read_lead(engine, one)["stage"] == left
    assert bool(merged.warnings) is warned


def test_an_undo_brings_both_back_as_they_were(engine: Engine) -> None:
    bring(engine, 1, "id,name,email,shoe size", "1,Ann Lee,ann@acme.com,38")
    bring(engine, 2, "id,name,email,hat size", "2,Anne Lee,anne@acme.com,56")
    before, keys = [read_lead(engine, lead_id) for lead_id in (1, 2)], keys_of(engine)
    merge_leads(engine, criteria(), ACT, 1, 2)
    assert set(keys_of(engine).values()) == {1}
    assert len(read_lead(engine, 1)["extra"]) == 2
    undo_last_act(engine, criteria(), ACT)
    after = [read_lead(engine, lead_id) for lead_id in (1, 2)]
    assert [{name: lead[name] for name in BEFORE} for lead in after] == [
        {name: lead[name] for name in BEFORE} for lead in before
    ]
    assert keys_of(engine) == keys


def test_what_the_merged_lead_was_known_by_leads_to_the_one_that_is_left(engine: Engine) -> None:
    bring(engine, 1, "id,name,email", "1,Ann Lee,ann@acme.com", "2,Anne Lee,anne@acme.com")
    merge_leads(engine, criteria(), act_on(2), 1, 2)
    with reading(engine) as connection:
        assert [resolve_lead(connection, name) for name in ("2", "anne@acme.com", "crm:2")] == [1, 1, 1]
    summary = bring(engine, 3, "id,name,email,city", "2,Anne Lee,anne@acme.com,Berlin")
    assert (summary.created, summary.updated) == (0, 1)
    assert read_lead(engine, 1)["city"] == "Berlin"


def test_the_only_id_of_both_is_kept_and_no_other_of_its_system_is_met_by_phone(engine: Engine) -> None:
    bring(engine, 1, "name,phone", "Ann Lee,+4930123456")
    bring(engine, 2, "id,name,phone", "1,Anne Lee,+4930123456")
    merge_leads(engine, criteria(), act_on(3), 1, 2, {"name": 1})
    assert read_lead(engine, 1)["crm_id"] == "crm:1"
    summary = bring(engine, 4, "id,name,phone", "2,Ann Lee,+4930123456")
    assert (summary.created, summary.updated) == (1, 0)


def test_an_import_that_made_the_merged_lead_can_be_undone_afterwards(engine: Engine) -> None:
    bring(engine, 1, "id,name,email", "1,Ann Lee,ann@acme.com")
    second = bring(engine, 2, "id,name,email,city", "2,Anne Lee,anne@acme.com,Berlin")
    merge_leads(engine, criteria(), act_on(3), 1, 2)
    undone = undo_batch(engine, second.batch, act_on(4))
    assert (undone.removed, undone.kept) == (0, 1)
    assert read_lead(engine, 2)["merged_into"] == 1
    assert keys_of(engine)["e:ann@acme.com"] == 1


def test_merges_follow_one_another_and_are_taken_back_in_reverse_order(engine: Engine) -> None:
    bring(engine, 1, "id,name,email", "1,Ann Lee,a@acme.com", "2,Ann Lee,b@acme.com", "3,Ann Lee,c@acme.com")
    keys = keys_of(engine)
    merge_leads(engine, criteria(), act_by("Maria"), 2, 3)
    merge_leads(engine, criteria(), act_by("Sam"), 1, 2)
    with reading(engine) as connection:
        assert resolve_lead(connection, "3") == 1
        assert resolve_lead(connection, "c@acme.com") == 1
    with pytest.raises(LeadtriageError, match="merged into lead 1 since"):
        undo_last_act(engine, criteria(), act_by("Maria"))
    undo_last_act(engine, criteria(), act_by("Sam"))
    undo_last_act(engine, criteria(), act_by("Maria"))
    assert keys_of(engine) == keys
    assert [read_lead(engine, lead_id)["merged_into"] for lead_id in (1, 2, 3)] == [None, None, None]


def test_both_histories_are_told_of_the_lead_that_is_left(engine: Engine) -> None:
    one, other = two(engine)
    log_contact(engine, criteria(), ACT, other, Contact(TouchKind.CALL))
    merge_leads(engine, criteria(), ACT, one, other)
    with reading(engine) as connection:
        told = [line.text for line in read_history(connection, one) if not line.repeats]
        card = show_lead(connection, criteria(), one, ACT.as_of)
    assert f"lead {other}: call on 18 Nov 2026" in told
    assert f"lead {other} was merged into it" in told
    assert len([line for line in told if "merged into" in line]) == 1
    assert f"lead {other}: call on 18 Nov 2026" in [line["text"] for line in card.record["events"]]
    undo_last_act(engine, criteria(), ACT)
    with reading(engine) as connection:
        told = [line.text for line in read_history(connection, one)]
    assert f"undone: lead {other} was merged into it" in told


def test_what_cannot_be_merged_is_refused(engine: Engine) -> None:
    one, other = two(engine, city="Berlin")
    third = store_lead(engine, name="Ann Lee", removed_by=1)
    with pytest.raises(LeadtriageError, match="both names mean this lead"):
        merge_leads(engine, criteria(), ACT, one, one)
    with pytest.raises(LeadtriageError, match="removed by an undo"):
        merge_leads(engine, criteria(), ACT, one, third)
    with pytest.raises(UsageError, match='do not differ in "phonee"'):
        merge_leads(engine, criteria(), ACT, one, other, {"phonee": one})
    with pytest.raises(UsageError, match="neither of the two"):
        merge_leads(engine, criteria(), ACT, one, other, {"city": third})
    assert read_all(engine, PairDecision) == []
    merge_leads(engine, criteria(), ACT, one, other)
    with pytest.raises(LeadtriageError, match=f"merged into lead {one}"):
        merge_leads(engine, criteria(), ACT, other, store_lead(engine, name="Ann Lee"))


def test_what_is_kept_apart_is_not_found_again_until_it_is_taken_back(engine: Engine) -> None:
    shown = {"name": "Zbigniew Brzezinski", "phone": "+48221234567", "city": "Warsaw"}
    one, other = store_lead(engine, **shown), store_lead(engine, **shown)

    def pairs() -> list[tuple[int, int]]:
        with reading(engine) as connection:
            return [(pair.lead_id, pair.other_lead_id) for pair in find_pairs(connection)]

    assert pairs() == [(one, other)]
    keep_apart(engine, criteria(), ACT, other, one)
    assert pairs() == []
    assert {line["lead_id"] for line in read_all(engine, Event) if line["kind"] == "kept_apart"} == {one, other}
    with pytest.raises(LeadtriageError, match="Maria has kept it apart"):
        keep_apart(engine, criteria(), ACT, one, other)
    undo_last_act(engine, criteria(), ACT)
    assert pairs() == [(one, other)]


def test_merged_leads_are_in_no_list_of_pairs(engine: Engine) -> None:
    shown = {"name": "Zbigniew Brzezinski", "phone": "+48221234567"}
    one, other = store_lead(engine, **shown), store_lead(engine, **shown)
    merge_leads(engine, criteria(), ACT, one, other)
    with reading(engine) as connection:
        assert find_pairs(connection, 0.0) == []
    assert len(read_all(engine, Lead)) == 2
