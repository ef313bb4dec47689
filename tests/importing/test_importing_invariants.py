"""What holds for every file: counts add up, repeating changes nothing, parts are the whole, undo is the way back.

Which row is which lead is compared with a model in plain Python that looks at one row after another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st
from importing_tools import counts, dump, dump_visible, import_bytes, import_rows, read_table, undo, write_csv
from sqlalchemy import Engine

from databases import make_database
from effort import examples
from leadtriage.db import ImportRow

HEADER = ["Lead ID", "Name", "Email", "Phone", "Title", "Lead Status", "Colour", "Close Date"]
_QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking, which would take minutes where each try is several imports."""

quickly = settings(max_examples=examples(12), deadline=None, phases=_QUICK, suppress_health_check=list(HealthCheck))

_ids = st.sampled_from(["", "", "1", "2", "3"])
_names = st.sampled_from(["Ann Lee", "Bob Fox", "", "ann  LEE"])
_emails = st.sampled_from(["", "", "a@acme.com", "b@acme.com", "c@acme.com", "info@acme.com", "no address"])
_phones = st.sampled_from(["", "", "+14155552671", "+14155552672"])
_titles = st.sampled_from(["", "CEO", "Buyer"])
_statuses = st.sampled_from(["", "New", "Contacted", "Junk", "Won", "Nurture"])
_closed = st.sampled_from(["", "", "2026-11-02", "2026-11-03", "2026-12-24"])
_colours = st.sampled_from(["", "red", "7"])
_row = st.tuples(_ids, _names, _emails, _phones, _titles, _statuses, _colours, _closed).map(list)
_rows = st.lists(_row, min_size=1, max_size=8)


@contextmanager
def fresh_database() -> Iterator[Engine]:
    with TemporaryDirectory() as folder:
        engine = make_database(Path(folder) / "leads.db")
        yield engine
        engine.dispose()


def bring(engine: Engine, rows: list[list[str]], day: int, **said: object) -> dict[str, int]:
    """Import rows under the usual header, read as they are meant, and return the counts, which must add up."""
    read = {"delimiter": ",", "header_rows": 1, "skip_rows": 0}
    overrides = dict(zip(["id", "name", "email", "phone", "title", "status"], HEADER, strict=False))
    return counts(import_rows(engine, [HEADER, *rows], day, read=read, overrides=overrides, system="crm", **said))


def whole(engine: Engine) -> dict[str, object]:
    """Everything but the books, whose batches differ."""
    found: dict[str, object] = dict(dump(engine))
    del found["ImportBatch"]
    return found


@quickly
@given(_rows)
def test_the_same_rows_again_change_nothing(rows: list[list[str]]) -> None:
    with fresh_database() as engine:
        first = bring(engine, rows, 1)
        before = whole(engine)
        again = bring(engine, rows, 1)
        assert whole(engine) == before
        assert again.get("rejected") == first.get("rejected")
        other = bring(engine, rows, 1, source=None, region="DE")
        assert "created" not in other


@quickly
@given(_rows)
def test_undoing_is_the_way_back(rows: list[list[str]]) -> None:
    with fresh_database() as engine:
        bring(engine, [["1", "Ann Lee", "a@acme.com", "", "CFO", "New", ""], ["", "Bob Fox", "", "+14155552672"]], 1)
        before = dump_visible(engine)
        bring(engine, rows, 2)
        undo(engine, 2)
        assert dump_visible(engine) == before


@quickly
@given(_rows, _rows, _rows, st.permutations([1, 2, 3]))
def test_after_undoing_everything_nothing_is_left(
    first: list[list[str]], second: list[list[str]], third: list[list[str]], order: list[int]
) -> None:
    with fresh_database() as engine:
        batches = {}
        for day, rows in enumerate((first, second, third), start=1):
            content = write_csv([HEADER, *rows])
            batches[day] = import_bytes(engine, content, day, system="crm", overrides={"id": "Lead ID"}).batch
        for batch in dict.fromkeys(batches[day] for day in order):
            undo(engine, batch)
        left = dump_visible(engine)
        assert (left["leads"], left["keys"], left["pairs"]) == ([], [], [])


@dataclass
class ModelLead:
    """A lead of the model: where its rows are, as (day, line), and whether it has a usable address and an id."""

    places: list[tuple[int, int]] = field(default_factory=list)
    email: bool = False
    crm_id: bool = False


def group_by_model(files: list[list[list[str]]]) -> list[list[tuple[int, int]]]:
    """Which rows are one lead, as (day, line), one row after another."""
    keys: dict[str, ModelLead] = {}
    leads: list[ModelLead] = []
    for day, rows in enumerate(files, start=1):
        for line, row in enumerate(rows, start=2):
            crm_id, name, email, phone = row[:4]
            folded = " ".join(name.casefold().split())
            address = "" if "@" not in email else email
            own = [f"i:{crm_id}"] if crm_id else []
            own += [f"r:{address}|{folded}" if address.startswith("info") else f"e:{address}"] if address else []
            by_phone = f"p:{phone}|{folded}" if phone else None
            if not (own or by_phone):
                if not folded:
                    continue
                own = [f"w:{row}"]
            found = next((keys[key] for key in own if key in keys), None)
            if found is None and by_phone in keys:
                candidate = keys[by_phone]
                if not (candidate.email and address) and not (candidate.crm_id and crm_id):
                    found = candidate
            if found is None:
                found = ModelLead()
                leads.append(found)
            found.email = found.email or bool(address)
            found.crm_id = found.crm_id or bool(crm_id)
            found.places.append((day, line))
            for key in [*own, *([by_phone] if by_phone else [])]:
                keys.setdefault(key, found)
    return sorted(lead.places for lead in leads)


def group_by_import(files: list[list[list[str]]]) -> list[list[tuple[int, int]]]:
    with fresh_database() as engine:
        for day, rows in enumerate(files, start=1):
            bring(engine, rows, day, source=f"file {day}")
        groups: dict[int, list[tuple[int, int]]] = {}
        for row in read_table(engine, ImportRow):
            groups.setdefault(row["lead_id"], []).append((row["batch_id"], row["line"]))
    return sorted(sorted(places) for places in groups.values())


def _row(crm_id: str, email: str, phone: str = "1", name: str = "") -> list[str]:
    return [crm_id, name, email and f"{email}@acme.com", phone and f"+1415555267{phone}", "", "", ""]


@settings(parent=quickly, max_examples=examples(25))
@given(st.lists(_rows, min_size=1, max_size=2))
@example([[_row("1", "c", "")], [_row("1", ""), _row("", "b")]]).via("the stored lead has another address")
@example([[_row("1", ""), _row("1", "a", ""), _row("", "b")]]).via("a row between has another address")
@example([[_row("1", ""), _row("", "b"), _row("1", "a", "")]]).via("the other address comes too late")
@example([[_row("1", "", "")], [_row("1", "a", ""), _row("1", ""), _row("", "b")]]).via("two rows of a stored lead")
@example([[_row("", "")], [_row("", "a"), _row("", "b"), _row("2", ""), _row("3", "")]]).via("one address and one id")
@example([[_row("", ""), _row("", "a"), _row("1", "b"), _row("2", "")]]).via("what is refused brings nothing")
@example([[_row("1", "a")], [_row("", "b"), _row("2", "")]]).via("the number is the stored lead's")
@example(
    [
        [_row("3", ""), _row("1", "b", "1", "Ann"), _row("3", "b", ""), ["3", "", "no address", "", "", "", ""]],
        [_row("", "c")],
    ]
).via("another lead's address was replaced")
def test_rows_are_matched_as_the_model_says(files: list[list[list[str]]]) -> None:
    assert group_by_import(files) == group_by_model(files)


@quickly
@given(_rows, st.integers(0, 8))
def test_a_file_in_two_parts_gives_the_same_leads(rows: list[list[str]], cut: int) -> None:
    # Statuses act once each, so that a lead that was first junk and then won has another story in two parts.
    rows = [[*row[:5], "", row[6]] for row in rows]
    with fresh_database() as engine, fresh_database() as other:
        bring(engine, rows, 1)
        for part in (rows[:cut], rows[cut:]):
            if part:
                bring(other, part, 1)
        ours, theirs = dump_visible(engine), dump_visible(other)
        for lead in (*ours["leads"], *theirs["leads"]):
            lead["batch_id"] = None
        assert (ours["leads"], ours["keys"], ours["pairs"]) == (theirs["leads"], theirs["keys"], theirs["pairs"])
