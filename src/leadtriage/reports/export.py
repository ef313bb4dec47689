"""All that is known of the leads with their scores, under headers that our own import maps back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.criteria.text import fold
from leadtriage.db.schema import ExtraColumn, Lead, LeadScore, table
from leadtriage.reports import page
from leadtriage.reports.filters import Filters, conditions, visible
from leadtriage.reports.money import write_money
from leadtriage.reports.page import CellRow, Row
from leadtriage.tabular import Column, Table

_lead = table(Lead)
_score = table(LeadScore)
_extra = table(ExtraColumn)

_FIELDS = [
    "name",
    "first_name",
    "last_name",
    "email",
    "other_emails",
    "phone",
    "other_phones",
    "company",
    "title",
    "industry",
    "country",
    "state",
    "city",
    "website",
    "need",
    "source",
    "campaign",
    "owner",
    "status",
    "signs_off",
    "employees",
]
_MONEY = {
    "budget": ("budget_amount", "budget_currency"),
    "revenue": ("revenue_amount", "revenue_currency"),
    "outcome_value": ("outcome_amount", "outcome_currency"),
}
_DAYS = {
    "decides_on": "decides_on",
    "created": "created_on",
    "first_touch": "first_touch_on",
    "last_touch": "last_touch_on",
    "next_touch": "next_touch_on",
    "nurture_until": "nurture_until",
    "qualified_on": "qualified_on",
    "closed_on": "closed_on",
}
_SCORES = ["score", "ceiling", "grade", "known", "fit", "budget", "authority", "need", "timing"]

EXPORTED = (
    "leadtriage_id",
    "crm_id",
    *_FIELDS,
    "budget",
    "revenue",
    "decides_on",
    "do_not_contact",
    "bounced",
    "touches",
    "unanswered_touches",
    "replies",
    "created",
    "first_touch",
    "last_touch",
    "next_touch",
    "stage",
    "nurture_until",
    "qualified_on",
    "qualified_by",
    "closed_on",
    "outcome_reason",
    "outcome_value",
    "score",
    "ceiling",
    "grade",
    "known",
    *(f"score_{dimension}" for dimension in _SCORES[4:]),
    "reason",
)
"""The headers of an export, before the files' own columns."""

OWN_COLUMN_PREFIX = "column: "
"""Stands before a file's own header where that is one of `EXPORTED` as well, or begins so itself.

Taken off once, it leaves the file's own header: `importing.own_export` does that."""


def export_leads(connection: Connection, filters: Filters) -> Table:
    """Return all leads that fit, by id, with a column for everything that is known of them.

    The headers are `EXPORTED`: `leadtriage_id` (our own id, by which an import of this table finds the lead again),
    `crm_id` (`SYSTEM:ID`), the lead fields under their own names, days as ISO dates, `decides_on` (the day behind
    `decides_in_days`), sums as `20000.00 USD`, yes-no as true and false, several addresses in `other_emails` and
    `other_phones` with commas between them; then stage, outcome, scores (`score_fit` to `score_timing` are the five
    subtotals) and a candidate's `reason`. Behind them stand the files' own columns under their own headers, with
    `column: ` before a header that is one of ours or begins so.
    """
    statement = (
        select(_lead, *(_score.c[name].label(f"score_{name}") for name in (*_SCORES, "reason")))
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        .where(visible(), *conditions(filters))
        .order_by(_lead.c.id)
    )
    rows = page.fetch(connection, statement, None)
    used = {key for row in rows for key in row["extra"] or ()}
    extras = {key: header for key, header in _name_extras(connection).items() if key in used}
    headers = (*EXPORTED, *extras.values())
    columns = tuple(Column(header, header) for header in headers)
    return Table("Leads", columns, tuple(_present(row, extras) for row in rows))


def _name_extras(connection: Connection) -> dict[str, str]:
    """The header of each key in `extra`; no two are alike, since the files' own are not."""
    ours = {fold(header) for header in EXPORTED}
    named: dict[str, str] = {}
    for number, header in connection.execute(select(_extra.c.id, _extra.c.header).order_by(_extra.c.id)):
        mistakable = fold(header) in ours or fold(header).startswith(OWN_COLUMN_PREFIX)
        named[f"c{number}"] = f"{OWN_COLUMN_PREFIX}{header}" if mistakable else header
    return named


def _present(row: Row, extras: Mapping[str, str]) -> CellRow:
    cells: CellRow = {header: row.get(header) for header in EXPORTED}
    cells["leadtriage_id"] = row["id"]
    for name, (amount, currency) in _MONEY.items():
        cells[name] = write_money(row[amount], row[currency])
    for name, column in _DAYS.items():
        cells[name] = row[column]
    if row["contact_dated"] is False:
        # Only the import's own day is known; read back, it would pass for a date of contact.
        cells["first_touch"] = cells["last_touch"] = None
    for name in _SCORES[:4]:
        cells[name] = row[f"score_{name}"]
    cells["reason"] = row["score_reason"]
    stored: Mapping[str, Any] = row["extra"] or {}
    return cells | {header: stored.get(key) for key, header in extras.items()}
