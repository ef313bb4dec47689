"""An export holds all that is known under headers of its own; imports are listed as they were counted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Engine
from world import NOON, TODAY, ExtraColumn, ImportBatch, World, random_world, view

from leadtriage.core.money import format_exact_money, whole_units
from leadtriage.importing.normalize import find_currency, parse_money
from leadtriage.reports.lead.export import EXPORTED, export_leads
from leadtriage.reports.lists import list_imports, list_leads
from leadtriage.reports.query import Filters, ListRequest


def test_an_export_has_every_visible_lead_by_id(engine: Engine) -> None:
    random_world(3).store_in(engine)
    with view(engine) as connection:
        exported = export_leads(connection, Filters())
        listed = [row["id"] for row in list_leads(ListRequest(connection, Filters(), TODAY, None)).rows]
        of_maria = export_leads(connection, Filters(owner="Maria"))
    assert [row["leadtriage_id"] for row in exported.rows] == sorted(listed, key=lambda lead_id: int(str(lead_id)))
    assert tuple(column.key for column in exported.columns) == EXPORTED
    assert {str(row["owner"]).lower() for row in of_maria.rows} == {"maria"}


def test_cells_have_the_forms_that_an_import_reads(sqlite_engine: Engine) -> None:
    world = World()
    world.scored(
        1,
        lead={
            "budget_amount": 2000050,
            "budget_currency": "USD",
            "decides_on": date(2026, 12, 1),
            "do_not_contact": True,
            "extra": {"c1": "HubSpot", "c2": "7", "c3": "x"},
        },
    )
    world.lead(2, extra={"c1": "none"}, last_touch_on=TODAY, contact_dated=False)
    world.lead(3, last_touch_on=TODAY, contact_dated=True)
    for number, header in ((1, "Current CRM"), (2, "Score"), (3, "column: score"), (4, "In no lead")):
        world.add(ExtraColumn, id=number, header=header, header_comparable=header.lower())
    world.store_in(sqlite_engine)
    with view(sqlite_engine) as connection:
        exported = export_leads(connection, Filters())
    first, second, third = exported.rows
    assert (second["last_touch"], third["last_touch"]) == (None, TODAY)
    assert first["budget"] == "20000.50 USD"
    assert first["decides_on"] == date(2026, 12, 1)
    assert first["do_not_contact"] is True
    assert first["score"] == 30
    headers = [column.key for column in exported.columns][len(EXPORTED) :]
    assert headers == ["Current CRM", "column: Score", "column: column: score"]
    assert [first[header] for header in headers] == ["HubSpot", "7", "x"]
    assert [second[header] for header in headers] == ["none", None, None]
    assert second["score"] is None


@given(st.integers(0, 10**13), st.sampled_from(["USD", "EUR", "JPY", "KWD", "INR"]))
def test_a_sum_is_read_back_to_the_cent(amount: int, currency: str) -> None:
    written = format_exact_money(amount, currency)
    assert written is not None
    read = parse_money(written, "USD")
    assert read is not None and (read.amount, read.currency) == (amount, currency)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "INR"])
def test_imports_and_reports_agree_on_minor_units(currency: str) -> None:
    assert whole_units(1, currency) == Decimal(1).scaleb(-find_currency(currency).digits)


def test_imports_are_listed_the_last_one_first(engine: Engine) -> None:
    world = World()
    for number in (1, 2, 3):
        world.add(
            ImportBatch,
            id=number,
            at=NOON,
            recorded_at=NOON,
            by="Ann",
            file=f"{number}.csv",
            sha256="0" * 64,
            options="",
            headers=[],
            mapping={},
            rows=9,
            created=number,
            undone_at=NOON if number == 2 else None,
        )
    world.store_in(engine)
    with view(engine) as connection:
        imports = list_imports(connection)
        page = list_imports(connection, limit=2)
    assert [column.key for column in imports.columns] == (
        "batch at by file sha256 rows created updated unchanged merged rejected undone_at".split()
    )
    assert [(row["batch"], row["created"], row["undone_at"]) for row in imports.rows] == [
        (3, 3, None),
        (2, 2, NOON),
        (1, 1, None),
    ]
    assert page.rows == imports.rows[:2] and page.more
