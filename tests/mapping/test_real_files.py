"""Real exports are mapped as a look at them says; skipped where the files are absent."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from leadtriage.importing.mapping.mapper import plan_columns
from leadtriage.importing.mapping.statuses import parse_outcome, parse_status

EXPECTED: dict[str, tuple[str | None, dict[str, str]]] = {
    "zoho-leads.csv": (
        "zoho",
        {
            "id": "LEADID",
            "last_name": "Last Name",
            "outcome": "CONVERTED",
            "status": "Lead Status",
            "created": "Created Time",
        },
    ),
    "hubspot/hubspot_contacts.csv": (
        "hubspot",
        {"id": "Contact ID", "outcome": "Lifecycle Stage", "website": "Website URL", "owner": "Contact Owner"},
    ),
    "maven/sales_pipeline.csv": (
        None,
        {"id": "opportunity_id", "owner": "sales_agent", "company": "account", "outcome": "deal_stage"},
    ),
    "csv/lead-exports/facebook-leads-realistic.csv": (
        "meta",
        {"source": "platform", "campaign": "campaign_name", "name": "full_name"},
    ),
    "csv/lead-exports/salesforce-leads.csv": ("salesforce", {"id": "Lead ID", "owner": "OwnerId"}),
    "csv/lead-exports/google-ads-realistic.csv": ("google", {"id": "Google Click ID", "email": "User Email"}),
    "csv/lead-exports/07-real-estate-crm.csv": (None, {"source": "Data Source", "owner": "Sales Rep"}),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_real_export(name: str, public_data: Callable[[str], Path]) -> None:
    with public_data(name).open(encoding="utf-8-sig", newline="") as stream:
        headers, *rows = list(csv.reader(stream))
    plan = plan_columns(headers, rows[:200], {})
    system, expected = EXPECTED[name]
    assert plan.system == system
    assert {field: plan.find(field)[0].header for field in expected} == expected
    for column in plan.columns:
        cells = {row[column.index] for row in rows if column.index < len(row)} - {""}
        if column.field == "status":
            assert {cell for cell in cells if parse_status(cell) is None} == set()
        if column.field == "outcome":
            assert {cell for cell in cells if parse_outcome(cell, column.header) is None} == set()
