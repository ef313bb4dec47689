"""The commands of whoever works the leads: touch, nurture, close, reopen, qualify."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from program import DAY, Program
from sqlalchemy import func, select

from leadtriage.cli.commands import privacy
from leadtriage.cli.framework import terminal
from leadtriage.cli.framework.reference import ROW_KEYS
from leadtriage.db import Event, open_database, reading, table

MARIA = ("--by", "Maria", *DAY)
_REPLIES = ("--answered", "--next", "2 weeks", "--note", "wants an offer")


def lead_of(program: Program, lead: str = "1") -> dict[str, Any]:
    shown: dict[str, Any] = program.rows("show", lead, *DAY)
    return shown


def told(program: Program, lead: str = "1") -> list[str]:
    return [event["text"] for event in lead_of(program, lead)["events"]]


def queued(program: Program, day: str = "2026-11-20") -> list[int]:
    return [row["id"] for row in program.rows("queue", "--all", "--as-of", day)]


def test_a_contact_is_logged(sample: Program) -> None:
    (row,) = sample.rows("touch", "1", "CALL", *_REPLIES, *MARIA)
    assert row["name"] == "Greta Hallbeck"
    assert {key: row[key] for key in ("id", "kind", "on", "answered", "next_touch", "stage", "touches")} == {
        "id": 1,
        "kind": "call",
        "on": "2026-11-20",
        "answered": True,
        "next_touch": "2026-12-04",
        "stage": "working",
        "touches": 1,
    }
    assert "call on 20 Nov 2026: wants an offer" in told(sample)
    (queue,) = [row for row in sample.rows("queue", "--all", *DAY) if row["id"] == 1]
    assert (queue["stage"], queue["next_step"]) != ("new", None)
    promised = sample.rows("stale", "--clock", "promised", "--as-of", "2026-12-05", "--all")
    assert 1 in [row["id"] for row in promised]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("touch", "1", "fax"), 2, 'unknown contact type "fax"'),
        (("touch", "1", "unknown"), 2, "use call, email, meeting or message"),
        (("touch", "1", "call", "--next", "2026-11-19"), 2, "--next: 2026-11-19 is in the past"),
        (("touch", "1", "call", "--next", "soon"), 2, "write a day such as"),
        (("touch", "999", "call"), 1, "there is no lead '999'"),
        (("nurture", "1", "--until", "3w"), 2, "no reason given"),
        (("nurture", "1", "--reason", "price"), 2, "--until: no day given"),
        (("nurture", "--reason", "price"), 2, "add --until DATE"),
        (("nurture", "1", "--due", "--until", "3w"), 2, "--due: applies to the list only"),
        (("nurture", "1", "--until", "today", "--reason", "price"), 2, "not later than today"),
        (("nurture", "1", "--until", "3w", "--reason", "prize"), 2, "did you mean price?"),
        (("nurture", "1", "--until", "3w", "--reason", "price", "--owner", "Sam"), 2, "both a lead and filters given"),
        (("nurture", "--until", "3w", "--reason", "price"), 2, "no lead given"),
        (
            ("nurture", "--until", "3w", "--reason", "price", "--grade", "A", "--all"),
            2,
            "all leads that match are changed",
        ),
        (("nurture", "--until", "3w", "--reason", "price", "--came-until", "soon"), 2, "--came-until: not a date"),
        (("nurture", "--until", "3w", "--reason", "price", "--grade", "A"), 2, "add --yes"),
        (("nurture", "--until", "3w", "--reason", "price", "--owner", "Nobody"), 1, "no lead has the owner “Nobody”"),
        (("nurture", "--until", "3w", "--reason", "price", "--stage", "won"), 1, "no open lead matches"),
        (("close", "won", "--owner", "Ana Berg", "--yes"), 1, "no open lead matches: no lead has the owner “Ana Berg”"),
        (("close", "1"), 2, 'unknown outcome "1"'),
        (("close",), 2, "no outcome given"),
        (("close", "--grade", "A"), 2, "no outcome given"),
        (("close", "1", "junk"), 2, 'unknown outcome "junk"'),
        (("close", "1", "lost"), 2, "a lost lead needs a reason"),
        (("close", "1", "won", "--value", "much"), 2, '--value: not an amount of money: "much"'),
        (("close", "1", "won", "--said-by", "rep"), 2, "there is no reason"),
        (("close", "won"), 2, "no lead given"),
        (("close", "won", "--grade", "A", "--value", "5"), 2, "applies to one lead only"),
        (("close", "won", "--grade", "A"), 2, "add --yes"),
        (("reopen", "1"), 1, "lead 1: it is open: new"),
        (("qualify", "1"), 2, "Missing option '--reason'"),
        (("qualify", "2", "--not", "--reason", " "), 2, "the reason is empty"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    sample: Program, words: tuple[str, ...], code: int, said: str
) -> None:
    before = sample.rows("leads", "--all", *DAY)
    ran = sample(*words, *MARIA)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert sample.rows("leads", "--all", *DAY) == before


def test_a_lead_is_parked_listed_and_back_on_its_day(sample: Program) -> None:
    assert 1 in queued(sample)
    (row,) = sample.rows("nurture", "1", "--until", "3w", "--reason", "bad_timing", *MARIA)
    assert (row["stage"], row["until"], row["reason"]) == ("nurture", "2026-12-11", "bad_timing")
    assert 1 not in queued(sample)
    assert 1 in queued(sample, "2026-12-11")
    (parked,) = [row for row in sample.rows("nurture", "--as-of", "2026-12-11") if row["id"] == 1]
    assert (parked["due"], parked["until"], parked["contact_due"]) == (True, "2026-12-11", "2026-12-11")
    assert sample.rows("nurture", "--due", *DAY) == []
    due = sample.rows("nurture", "--due", "--as-of", "2026-12-11")
    assert due == [row for row in sample.rows("nurture", "--as-of", "2026-12-11") if row["due"]] and parked in due
    assert "moved from new to nurture until 11 Dec 2026 (bad_timing)" in told(sample)
    sample.done("nurture", "1", "--until", "2027-01-15", "--reason", "bad_timing", *MARIA)
    assert "nurture until 15 Jan 2027 instead (bad_timing)" in told(sample)
    assert [row["id"] for row in sample.rows("leads", "--reason", "bad_timing", *DAY)].count(1) == 1
    (back,) = sample.rows("reopen", "1", *MARIA)
    assert back["stage"] == "new"
    assert 1 in queued(sample)


def test_a_contact_that_is_logged_for_a_parked_lead_is_told(sample: Program) -> None:
    sample.done("nurture", "1", "--until", "3w", "--reason", "bad_timing", *MARIA)
    ran = sample.done("touch", "1", "email", *MARIA)
    assert "stays snoozed until 2026-12-11; to work it now: leadtriage reopen 1" in ran.err


def test_a_lead_is_closed_and_comes_back(sample: Program) -> None:
    sample.done("touch", "1", "call", *MARIA)
    (row,) = sample.rows("close", "1", "won", "--value", "12kEUR", "--reason", "feature", "--said-by", "lead", *MARIA)
    assert {key: row[key] for key in ("stage", "closed_on", "reason", "said_by", "value", "currency")} == {
        "stage": "won",
        "closed_on": "2026-11-20",
        "reason": "feature",
        "said_by": "lead",
        "value": 12000.0,
        "currency": "EUR",
    }
    assert 1 not in queued(sample)
    again = sample("close", "1", "lost", "--reason", "price", *MARIA)
    assert (again.code, "it is won since 2026-11-20" in again.err, "leadtriage reopen 1" in again.err) == (
        1,
        True,
        True,
    )
    assert sample.rows("reopen", "1", "--note", "signed too soon", *MARIA)[0]["stage"] == "working"
    assert "moved from won to working: signed too soon" in told(sample)
    assert 1 in queued(sample)


def test_many_are_closed_after_a_question(sample: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(key: str) -> None:
        monkeypatch.setattr(terminal, "require_terminal", lambda hint: None)
        monkeypatch.setattr(terminal, "read_key", lambda prompt, keys: asked.append(prompt) or key)

    chosen = sample.rows("leads", "--grade", "D", "--all", *DAY)
    still_open = [row for row in chosen if row["stage"] in ("new", "working", "nurture")]
    closing = ("close", "lost", "--reason", "unreachable", "--grade", "D", *MARIA)
    answer("n")
    refused = sample(*closing)
    assert (refused.code, "nothing was changed" in refused.err) == (1, True)
    answer("y")
    (row,) = sample.rows(*closing)
    assert (row["leads"], row["stage"], row["reason"]) == (len(still_open), "lost", "unreachable")
    assert row["left_out"] == len(chosen) - len(still_open)
    assert asked[0] == asked[1]
    assert asked[0].startswith(f"Close {len(still_open)} leads as lost")
    lost = sample.rows("leads", "--stage", "lost", "--reason", "unreachable", *DAY)
    assert {row["id"] for row in still_open} <= {row["id"] for row in lost}


@pytest.mark.parametrize(
    "words",
    [
        ("close", "lost", "--reason", "unreachable", "--grade", "D"),
        ("nurture", "--until", "2w", "--reason", "no_budget", "--grade", "D"),
        ("forget", "12"),
    ],
)
def test_an_act_is_of_the_time_at_which_it_was_confirmed(
    sample: Program, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed: list[datetime] = []

    def answer(key: str) -> str:
        confirmed.append(datetime.now(UTC).replace(tzinfo=None))
        return key

    for module in (terminal, privacy):
        monkeypatch.setattr(module, "require_terminal", lambda hint: None)
    monkeypatch.setattr(terminal, "read_key", lambda prompt, keys: answer("y"))
    monkeypatch.setattr(privacy, "read_line", lambda prompt: answer("12"))
    sample.done(*words, *MARIA)
    engine = open_database("leadtriage.db")
    with reading(engine) as connection:
        event = table(Event)
        acted = connection.execute(select(func.min(event.c.recorded_at)).where(event.c.by == "Maria")).scalar_one()
    engine.dispose()
    assert acted >= confirmed[0]


def test_many_are_parked_without_a_question(sample: Program) -> None:
    (row,) = sample.rows("nurture", "--until", "2027-01-15", "--reason", "no_budget", "--grade", "C", "--yes", *MARIA)
    parked = sample.rows("nurture", "--with-reason", "no_budget", "--all", *DAY)
    assert row["leads"] >= len(parked) > 0
    assert {row["until"] for row in parked} == {"2027-01-15"}


def test_a_person_says_whether_a_lead_is_qualified(sample: Program) -> None:
    not_yet = sample.rows("leads", "--not-qualified", "--stage", "new", *DAY)[0]["id"]
    (row,) = sample.rows("qualify", str(not_yet), "--reason", "met at the fair", *MARIA)
    assert (row["qualified"], row["qualified_by"]) == ("2026-11-20", "Maria")
    assert "qualified by Maria: met at the fair" in told(sample, str(not_yet))
    (row,) = sample.rows("qualify", str(not_yet), "--not", "--reason", "a student", *MARIA)
    assert (row["qualified"], row["qualified_by"]) == (None, None)
    sample.done("score", *DAY)
    assert lead_of(sample, str(not_yet))["qualified_on"] is None
    again = sample("qualify", str(not_yet), "--not", "--reason", "a student", *MARIA)
    assert (again.code, "it is not qualified" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("touch", ("touch", "1", "call")),
        ("nurture LEAD", ("nurture", "1", "--until", "3w", "--reason", "bad_timing")),
        ("nurture, many", ("nurture", "--until", "3w", "--reason", "bad_timing", "--grade", "A", "--yes")),
        ("nurture", ("nurture",)),
        ("close", ("close", "1", "won")),
        ("close, many", ("close", "won", "--grade", "A", "--yes")),
        ("qualify", ("qualify", "1", "--not", "--reason", "no")),
    ],
)
def test_rows_have_the_keys_of_the_reference(sample: Program, named: str, words: tuple[str, ...]) -> None:
    assert ", ".join(sample.rows(*words, *MARIA)[0]) == ROW_KEYS[named]
