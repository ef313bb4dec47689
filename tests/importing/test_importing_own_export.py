"""An export of ours that comes back: unchanged it changes nothing; what a person edited in it is taken."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from importing_tools import (
    counts,
    describe_events,
    describe_leads,
    dump,
    import_bytes,
    import_rows,
    undo,
    visible_leads,
    write_csv as write_bytes,
)
from sqlalchemy import Engine

from databases import make_database
from effort import examples
from leadtriage.db import reading
from leadtriage.rendering import write_csv, write_xlsx
from leadtriage.reports.lead import export_leads
from leadtriage.reports.query import Filters

HEADER = (
    "Record ID,Email,Name,First Name,Phone,Company,Job Title,Industry,Country,State,City,Website,Message,Source"
    ",Campaign,Owner,Lead Status,Budget,Annual Revenue,Employees,Timeline,Created,Last Contacted"
    ",Unsubscribed from all email,Outcome,Outcome value,Lost Reason,Close Date,score,Stage name,column: x"
    ",Job Function,=sum,Colour,column: score,x,COLUMN: column: Score"
).split(",")
SAMPLE = {
    "Record ID": "7",
    "Email": "ann@acme.com; ann.lee@gmail.com",
    "Name": "=Ann Lee",
    "Phone": "+14155552671, +14155552672",
    "Company": "@Acme",
    "Job Title": "-CEO",
    "Country": "Germany",
    "Message": 'two\nlines, "quoted"\t; end',
    "Lead Status": "Contacted",
    "Budget": "€12.000,50",
    "Annual Revenue": "¥1,000",
    "Employees": "51-200",
    "Timeline": "Q1 2027",
    "Created": "2026-10-01",
    "Last Contacted": "2026-11-02",
    "Unsubscribed from all email": "yes",
    "Outcome": "lost",
    "Outcome value": "KWD 1.250",
    "Close Date": "2026-11-03",
    "score": "99",
    "column: x": "'+1+1",
    "Job Function": "Sales",
    "=sum": "=cmd|' /C calc'!A0",
    "Colour": "'=red",
    "column: score": "98",
    "x": "97",
    "COLUMN: column: Score": "96",
}

_QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking, which would take minutes where each try is two imports."""


def export(engine: Engine) -> bytes:
    """The leads as `export` writes them into a file."""
    with reading(engine) as connection:
        return write_csv(export_leads(connection, Filters()), exact=True).encode("utf-8", errors="replace")


def edit(content: bytes, **changed: str) -> bytes:
    """The first lead of an export with some cells changed."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    for header, value in changed.items():
        rows[1][rows[0].index(header)] = value
    return write_bytes(rows)


def export_workbook(engine: Engine) -> bytes:
    """The leads as `export` writes them into an Excel file."""
    with reading(engine) as connection:
        return write_xlsx(export_leads(connection, Filters()))


def assert_nothing_changes(engine: Engine, write: Callable[[Engine], bytes] = export) -> None:
    before = dump(engine)
    summary = import_bytes(engine, write(engine), 3)
    after = dump(engine)
    usual = {"rows": summary.rows, "unchanged": summary.rows} if summary.rows else {}
    assert counts(summary) == usual, (describe_events(engine), summary.rejects)
    del before["ImportBatch"], after["ImportBatch"]
    keys_before, keys_after = ({key["key"] for key in tables.pop("LeadKey")} for tables in (before, after))
    assert keys_before <= keys_after, "a lead whose name changed may get one more: its phone with the new name"
    for name, rows in before.items():
        assert after[name] == rows


@contextmanager
def fresh_database() -> Iterator[Engine]:
    with TemporaryDirectory() as folder:
        engine = make_database(Path(folder) / "leads.db")
        yield engine
        engine.dispose()


@pytest.mark.parametrize("write", [export, export_workbook])
def test_everything_a_lead_can_have_comes_back_unchanged(engine: Engine, write: Callable[[Engine], bytes]) -> None:
    rows = [HEADER, [SAMPLE.get(header, "") for header in HEADER], ["8", "", "Bob", *[""] * (len(HEADER) - 3)]]
    import_rows(engine, rows, 1, region="US")
    assert len(describe_leads(engine)[0]) > 30
    assert_nothing_changes(engine, write)


_cells = st.one_of(
    st.just(""),
    st.sampled_from(sorted(set(SAMPLE.values()))),
    st.sampled_from(["ann@acme.com", "info@acme.com", "x@y", "N/A", "0049 30 1234567 ext 5", "1.5M", "-5", "NA", "no"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    st.text("=+-@'\t\n\r ,;\"1aé", max_size=6),
)


@settings(max_examples=examples(15), deadline=None, phases=_QUICK, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(_cells, min_size=len(HEADER), max_size=len(HEADER)), min_size=1, max_size=4))
def test_any_export_comes_back_unchanged(rows: list[list[str]]) -> None:
    with fresh_database() as engine:
        import_rows(engine, [HEADER, *rows], 1, region="DE", read={"header_rows": 1, "skip_rows": 0, "delimiter": ","})
        assert_nothing_changes(engine)


def test_what_a_person_edited_is_taken_and_can_be_undone(engine: Engine) -> None:
    rows = [HEADER, [SAMPLE.get(header, "") for header in HEADER]]
    import_rows(engine, rows, 1, region="US")
    before = visible_leads(engine)
    content = edit(export(engine), budget="20000 USD", email="lee@acme.com", Colour="green", stage="won", score="100")
    summary = import_bytes(engine, content, 3)
    assert counts(summary) == {"rows": 1, "updated": 1}
    lead = describe_leads(engine)[0]
    assert (lead["budget_amount"], lead["budget_currency"], lead["email"]) == (2_000_000, "USD", "lee@acme.com")
    assert (lead["column:Colour"], lead["column:score"], lead["stage"]) == ("green", "99", "lost")
    undo(engine, summary.batch)
    after = visible_leads(engine)
    assert [{**lead, "changed_at": None} for lead in after] == [{**lead, "changed_at": None} for lead in before]


def add_column(content: bytes, header: str, *cells: str) -> bytes:
    """An export to which a person added a column at the right."""
    rows = csv.reader(io.StringIO(content.decode()))
    return write_bytes([[*row, cell] for row, cell in zip(rows, (header, *cells), strict=True)])


def test_a_column_that_a_person_added_is_an_extra_one(engine: Engine) -> None:
    import_rows(engine, [["Email", "Colour"], ["ann@acme.com", "red"], ["bob@acme.com", "blue"]], 1)
    before = visible_leads(engine)
    content = add_column(export(engine), "Notes 2026", "asked again", "")
    summary = import_bytes(engine, content, 2)
    assert counts(summary) == {"rows": 2, "updated": 1, "unchanged": 1}
    ann, bob = describe_leads(engine)
    assert (ann["column:Notes 2026"], ann["column:Colour"]) == ("asked again", "red")
    assert "column:Notes 2026" not in bob
    assert describe_events(engine) == ["1 field column:Notes 2026 -> asked again"]
    assert_nothing_changes(engine)
    undo(engine, summary.batch)
    assert [{**lead, "changed_at": None} for lead in visible_leads(engine)] == [
        {**lead, "changed_at": None} for lead in before
    ]


def test_a_new_database_gets_all_that_is_taken_from_an_export(engine: Engine) -> None:
    rows = [HEADER, [SAMPLE.get(header, "") for header in HEADER], ["8", "", "Bob", *[""] * (len(HEADER) - 3)]]
    import_rows(engine, rows, 1, region="US", system="hubspot")
    exported = export(engine)
    with fresh_database() as other:
        assert counts(import_bytes(other, exported, 1)) == {"rows": 2, "created": 2}
        ours, theirs = describe_leads(engine), describe_leads(other)
        untold = {"stage", "closed_on", "first_touch_on", "last_touch_on", "contact_dated"}
        for mine, copied in zip(ours, theirs, strict=True):
            assert {**mine, **dict.fromkeys(untold)} == {**copied, **dict.fromkeys(untold)}
        assert [lead["crm_id"] for lead in theirs] == ["hubspot:7", "hubspot:8"]
        assert_nothing_changes(other)
        again = import_rows(other, [["Record ID", "Industry"], ["8", "Steel"]], 4, system="hubspot")
        assert counts(again) == {"rows": 1, "updated": 1}


def test_the_source_systems_id_finds_a_lead_of_another_database(engine: Engine) -> None:
    import_rows(engine, [["Id", "Company"], ["7", "Acme"], ["8", "Acme"]], 1, system="crm")
    rows = [["leadtriage_id", "crm_id", "company", "city"], ["1", "crm:8", "Acme", "Rome"], ["2", "crm:9", "", "Oslo"]]
    assert counts(import_rows(engine, rows, 2)) == {"rows": 2, "created": 1, "updated": 1}
    assert [(lead["crm_id"], lead.get("city")) for lead in describe_leads(engine)] == [
        ("crm:7", None),
        ("crm:8", "Rome"),
        ("crm:9", "Oslo"),
    ]


def test_an_edited_id_of_the_source_system_is_not_taken(sqlite_engine: Engine) -> None:
    import_rows(sqlite_engine, [["Id", "Email"], ["7", "ann@acme.com"], ["8", "bob@acme.com"]], 1, system="crm")
    summary = import_bytes(sqlite_engine, edit(export(sqlite_engine), crm_id="crm:8"), 2)
    assert counts(summary) == {"rows": 2, "unchanged": 2}
    assert [lead["crm_id"] for lead in describe_leads(sqlite_engine)] == ["crm:7", "crm:8"]


def test_an_id_without_its_system_is_told_and_left(sqlite_engine: Engine) -> None:
    summary = import_rows(sqlite_engine, [["leadtriage_id", "crm_id", "email"], ["1", "77", "ann@acme.com"]], 1)
    assert "SYSTEM:ID" in summary.warnings[0]
    assert "crm_id" not in describe_leads(sqlite_engine)[0]


def test_a_few_columns_of_an_export_are_enough(engine: Engine) -> None:
    import_rows(engine, [["Email", "Budget"], ["ann@acme.com", "$5"], ["bob@acme.com", "$6"]], 1)
    rows = [["leadtriage_id", "budget"], ["2", "700 USD"], ["99", "800 USD"], ["99999999999999999999", "1 USD"]]
    summary = import_rows(engine, rows, 2)
    assert counts(summary) == {"rows": 3, "updated": 1, "rejected": 2}
    assert [reject.line for reject in summary.rejects] == [3, 4]
    assert [lead["budget_amount"] for lead in describe_leads(engine)] == [500, 70000]


def test_the_ids_of_another_database_are_not_taken_for_ours(engine: Engine) -> None:
    import_rows(engine, [["Email", "Name"], ["ann@acme.com", "Ann Lee"]], 1)
    rows = [["leadtriage_id", "name", "email", "company"], ["1", "Bob Fox", "bob@acme.com", ""], ["2", "", "", "Beta"]]
    summary = import_rows(engine, rows, 2)
    assert counts(summary) == {"rows": 2, "created": 2}
    assert [lead.get("email") for lead in describe_leads(engine)] == ["ann@acme.com", "bob@acme.com", None]
    assert counts(import_rows(engine, [*rows, ["3", "", "", "Beta"]], 3)) == {"rows": 3, "unchanged": 2, "merged": 1}


@pytest.mark.parametrize("field", ["title", "notthere"])
def test_map_is_heard_for_an_export_too(sqlite_engine: Engine, field: str) -> None:
    rows = [["leadtriage_id", "name", "email", "Role"], ["1", "Bob Fox", "bob@acme.com", "CEO"]]
    if field == "title":
        import_rows(sqlite_engine, rows, 1, overrides={field: "Role"})
        assert describe_leads(sqlite_engine)[0]["title"] == "CEO"
    else:
        with pytest.raises(Exception, match="unknown field"):
            import_rows(sqlite_engine, rows, 1, overrides={field: "Role"})
