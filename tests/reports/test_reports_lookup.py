"""A lead is found by what people call it, and never by what could mean another."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine
from world import LeadKey, World, view

from effort import examples
from leadtriage.core.errors import AmbiguousLead, LeadNotFound
from leadtriage.db import resolve_lead


def make_world() -> World:
    world = World()
    world.lead(1, name="Ann", company="Acme", email="ann@acme.example", crm_id="hubspot:101")
    world.lead(2, name="Bob", email="info@acme.example")
    world.lead(3, name=None, company="Acme", email="info@acme.example")
    world.lead(4, name="Ann again", merged_into=5)
    world.lead(5, name="Ann once more", merged_into=1)
    world.lead(6, name="Gone", email="gone@acme.example", removed_by=9)
    world.lead(7, name="A loop", merged_into=8)
    world.lead(8, name="A loop", merged_into=7)
    for key, lead_id in (
        ("e:ann@acme.example", 1),
        ("i:hubspot:101", 1),
        ("e:old@acme.example", 1),
        ("i:Zoho:zcrm_3", 2),
        ("e:gone@acme.example", 6),
    ):
        world.add(LeadKey, key=key, lead_id=lead_id, original_lead_id=lead_id)
    return world


NAMES = {
    "1": 1,
    " 1 ": 1,
    "0002": 2,
    "ann@acme.example": 1,
    " ANN@Acme.example": 1,
    "old@acme.example": 1,
    "hubspot:101": 1,
    "HubSpot:101": 1,
    "Zoho:zcrm_3": 2,
    "4": 1,
    "5": 1,
}
NOBODY = [
    "",
    " ",
    "6",
    "7",
    "99",
    "9" * 30,
    "²",
    "Ann",
    "hubspot:999",
    "x@y.example",
    "gone@acme.example",
    "%@%",
    "\udcff@a.b",
]


def test_a_lead_answers_to_its_names(engine: Engine) -> None:
    make_world().store_in(engine)
    with view(engine) as connection:
        assert {name: resolve_lead(connection, name) for name in NAMES} == NAMES


def test_what_no_lead_answers_to_is_said_with_what_to_do(engine: Engine) -> None:
    make_world().store_in(engine)
    with view(engine) as connection:
        for name in NOBODY:
            with pytest.raises(LeadNotFound) as raised:
                resolve_lead(connection, name)
            assert raised.value.hint
            str(raised.value).encode("utf-8")


def test_several_leads_of_one_address_are_listed(engine: Engine) -> None:
    make_world().store_in(engine)
    with view(engine) as connection, pytest.raises(AmbiguousLead) as raised:
        resolve_lead(connection, "info@acme.example")
    assert "2, Bob, no company" in raised.value.message
    assert "3, no name, Acme" in raised.value.message


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=12))
def test_any_name_is_a_lead_or_a_clear_error(sqlite_engine: Engine, name: str) -> None:
    with view(sqlite_engine) as connection, pytest.raises(LeadNotFound):
        resolve_lead(connection, name)
