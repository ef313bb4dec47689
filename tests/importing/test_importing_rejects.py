"""Rejected rows that a person mended become the leads that they would have become in a file right from the start."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from importing_tools import counts, describe_events, describe_leads, import_bytes, import_rows, write_csv
from sqlalchemy import Engine

from databases import make_database
from leadtriage.core.tables import guard_formula
from leadtriage.importing import ImportSummary
from leadtriage.importing.parse import write_rejected
from leadtriage.rendering import write_rows

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Case:
    """A file as it came, and as it should have been."""

    header: Sequence[str]
    good: Rows
    broken: Rows
    mended: Rows
    said: dict[str, Any] = field(default_factory=dict)


CASES = {
    "what was said of the file": Case(
        header=["Key", "Mail", "Role", "Budget", "Tel"],
        good=[["1", "ann@acme.com", "CEO", "5000", "030 1234567"]],
        broken=[["", "", "CFO", "700", ""], ["3", "cid@acme.com", "CTO", "9", "030 1234569", "too much"]],
        mended=[["2", "bob@acme.com", "CFO", "700", "030 1234568"], ["3", "cid@acme.com", "CTO", "9", "030 1234569"]],
        said={
            "overrides": {"title": "Role", "id": "Key"},
            "system": "hubspot",
            "region": "DE",
            "currency": "EUR",
            "source": "fair",
        },
    ),
    "no lead comes in closed": Case(
        header=["Id", "Email", "Stage"],
        good=[["1", "ann@acme.com", "Closed Won"], ["2", "bob@acme.com", "Closed Lost"]],
        broken=[["", "", "Closed Won"]],
        mended=[["3", "cid@acme.com", "Closed Won"]],
        said={"overrides": {"outcome": "none"}},
    ),
    "dates whose order other rows tell": Case(
        header=["Email", "Created", "Close Date"],
        good=[["ann@acme.com", "03/25/2026", "25.12.2026"], ["bob@acme.com", "03/26/2026", "24.12.2026"]],
        broken=[["", "03/04/2026", "01.02.2027"]],
        mended=[["cid@acme.com", "03/04/2026", "01.02.2027"]],
    ),
    "an order of dates that was said": Case(
        header=["Email", "Created"],
        good=[["ann@acme.com", "01/02/2026"]],
        broken=[["", "03/04/2026"]],
        mended=[["cid@acme.com", "03/04/2026"]],
        said={"date_order": "month-first"},
    ),
    "columns that their values tell": Case(
        header=["Contact", "column x", "Website"],
        good=[["Ann Lee", "ann@acme.com", "acme.com"], ["Bob Fox", "bob@acme.com", "acme.io"]],
        broken=[["", "", "123"]],
        mended=[["Cid Roe", "cid@acme.com", "123"]],
    ),
    "the preferred of two addresses": Case(
        header=["Personal Email", "Work Email", "Phone"],
        good=[["a@home.com", "ann@acme.com", "+14155552671"]],
        broken=[["", "", ""], ["b@home.com", "", "", "x"]],
        mended=[["b@home.com", "bob@acme.com", ""]],
    ),
    "headers and cells that look like formulas": Case(
        header=["Email", "=sum", "'=x", "Note", "Note", ""],
        good=[["ann@acme.com", "=1", "'=2", "@me", "-x", "'+"]],
        broken=[["", "=1+1", "'=2", "''@me", "-x", "'+1 2"]],
        mended=[["bob@acme.com", "=1+1", "'=2", "''@me", "-x", "'+1 2"]],
    ),
    "mostly rejected": Case(
        header=["Email", "City"],
        good=[[f"{name}@acme.com", "Rome"] for name in "klmnopqrstuvwxyzklmnopqrstuvwxyz"],
        broken=[[f"{name}@acme.com", "Oslo", "N"] for name in "bcdefgh"],
        mended=[[f"{name}@acme.com", "Oslo"] for name in "bcdefgh"],
    ),
}


def file_of_rejects(summary: ImportSummary, mended: Rows | None = None) -> bytes:
    """The file that the program writes, with the rows' own cells mended."""
    rejects = [(reject.line, reject.reason, reject.cells) for reject in summary.rejects]
    content = write_rows(write_rejected(summary.headers, rejects))
    if mended is not None:
        header, *rows = csv.reader(io.StringIO(content))
        kept = zip(rows, mended, strict=False)
        content = write_rows([header, *([*row[:2], *map(guard_formula, cells)] for row, cells in kept)])
    return content.encode()


def people(engine: Engine) -> list[dict[str, Any]]:
    """The leads without our own numbers, in an order of their own."""
    leads = [{key: value for key, value in lead.items() if key != "id"} for lead in describe_leads(engine)]
    return sorted(leads, key=lambda lead: str(lead.get("email")))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mended_row_is_the_lead_that_it_would_have_been(engine: Engine, case: Case, tmp_path: Path) -> None:
    first = import_rows(engine, [case.header, *case.good, *case.broken], 1, **case.said)
    assert first.rejected == len([row for row in case.broken if any(row)])
    second = import_bytes(engine, file_of_rejects(first, case.mended), 1)
    assert counts(second) == {"rows": len(case.mended), "created": len(case.mended)}
    right = make_database(tmp_path / "right.db")
    import_rows(right, [case.header, *case.good, *case.mended], 1, **case.said)
    assert people(engine) == people(right)
    right.dispose()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_rows_that_nobody_mended_are_rejected_again_for_the_same_reasons(sqlite_engine: Engine, case: Case) -> None:
    first = import_rows(sqlite_engine, [case.header, *case.good, *case.broken], 1, **case.said)
    second = import_bytes(sqlite_engine, file_of_rejects(first), 2)
    assert counts(second) == {"rows": first.rejected, "rejected": first.rejected}
    assert second.headers == first.headers
    assert [(reject.reason, reject.cells) for reject in second.rejects] == [
        (reject.reason, reject.cells) for reject in first.rejects
    ]


def test_what_is_mended_in_two_rounds_is_read_like_the_first_file(sqlite_engine: Engine) -> None:
    case = CASES["dates whose order other rows tell"]
    broken = [["", "03/04/2026", ""], ["", "05/06/2026", ""]]
    first = import_rows(sqlite_engine, [case.header, *case.good, *broken], 1, source="fair")
    second = import_bytes(sqlite_engine, file_of_rejects(first, [["cid@acme.com", *broken[0][1:]], broken[1]]), 1)
    third = import_bytes(sqlite_engine, file_of_rejects(second, [["dee@acme.com", *broken[1][1:]]]), 1)
    assert (counts(second), counts(third)) == (
        {"rows": 2, "created": 1, "rejected": 1},
        {"rows": 1, "created": 1},
    )
    assert [(lead["created_on"], lead["source"]) for lead in people(sqlite_engine)[2:]] == [
        ("2026-03-04", "fair"),
        ("2026-05-06", "fair"),
    ]


def test_of_two_files_with_the_same_header_the_one_that_rejected_the_rows_counts(sqlite_engine: Engine) -> None:
    header = ["Id", "Email"]
    north = import_rows(sqlite_engine, [header, ["1", "ann@acme.com"], ["", ""], ["2", "b", "c"]], 1, system="north")
    import_rows(
        sqlite_engine,
        [header, ["1", "bob@acme.com"], ["2", "b@acme.com"], ["", ""], ["2", "b", "d"]],
        1,
        system="south",
    )
    summary = import_bytes(sqlite_engine, file_of_rejects(north, [["7", "cid@acme.com"]]), 2)
    assert "import 1" in summary.notes[0]
    assert people(sqlite_engine)[-1]["crm_id"] == "north:7"


def test_what_is_said_now_goes_before_what_was_said_then(sqlite_engine: Engine) -> None:
    case = CASES["what was said of the file"]
    first = import_rows(sqlite_engine, [case.header, *case.good, *case.broken], 1, **case.said)
    said: dict[str, Any] = {"overrides": {"need": "Role"}, "system": "zoho", "currency": "GBP", "source": "web"}
    import_bytes(sqlite_engine, file_of_rejects(first, case.mended[:1]), 1, **said)
    bob = people(sqlite_engine)[-1]
    assert (bob["need"], bob["source"], bob["budget_currency"]) == ("CFO", "web", "GBP")
    assert "title" not in bob and "crm_id" not in bob


def test_rejects_of_our_own_export_find_their_leads(sqlite_engine: Engine) -> None:
    import_rows(sqlite_engine, [["Email", "Note"], ["ann@acme.com", "=x"], ["bob@acme.com", "'=y"]], 1)
    rows = [["leadtriage_id", "crm_id", "title", "Note"], ["1", "", "'=CEO", "'=x"], ["2", "", "CFO", "''=y", "z"]]
    first = import_rows(sqlite_engine, rows, 2)
    assert counts(first) == {"rows": 2, "updated": 1, "rejected": 1}
    second = import_bytes(sqlite_engine, file_of_rejects(first, [rows[2][:4]]), 2)
    assert counts(second) == {"rows": 1, "updated": 1}
    assert describe_events(sqlite_engine) == ["1 field title -> =CEO", "2 field title -> CFO"]


def test_columns_called_line_and_reason_stay_where_they_number_no_rows(sqlite_engine: Engine) -> None:
    rows = [["line", "reason", "Email"], ["A", "asked", "ann@acme.com"], ["B", "bought", "bob@acme.com"]]
    assert counts(import_rows(sqlite_engine, rows, 1)) == {"rows": 2, "created": 2}
    assert people(sqlite_engine)[0]["column:reason"] == "asked"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_spreadsheet_may_have_written_it_its_own_way(sqlite_engine: Engine, delimiter: str) -> None:
    case = CASES["what was said of the file"]
    first = import_rows(sqlite_engine, [case.header, *case.good, *case.broken], 1, **case.said)
    rows = csv.reader(io.StringIO(file_of_rejects(first, case.mended).decode()))
    text = write_csv([*row, "", ""] for row in rows).decode().replace(",", delimiter).replace("\n", "\r\n")
    assert counts(import_bytes(sqlite_engine, text.encode("utf-8-sig"), 1)) == {"rows": 2, "created": 2}
    assert [lead["crm_id"] for lead in people(sqlite_engine)] == ["hubspot:1", "hubspot:2", "hubspot:3"]


def test_rejected_rows_did_not_come_in_closed(sqlite_engine: Engine) -> None:
    header = ["Name", "Email", "Lead Status"]
    lost, nobody = ["Ann Lee", "ann@a.example.com", "Closed Lost"], ["", "", "Closed Lost"]
    tried = import_rows(sqlite_engine, [header, nobody, nobody], dry_run=True)
    assert (tried.rejected, tried.notes) == (2, ())
    (note,) = import_rows(sqlite_engine, [header, lost, nobody]).notes
    assert note.startswith("1 row imported as closed: 1 lost by Lead Status")
