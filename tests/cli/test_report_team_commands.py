"""report team at the command line: a story told by commands, and the leads behind each of its numbers."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Program

TEAM = """
team:
  - {name: Anna Berg, also: [anna]}
  - {name: Ben Ode}
goals:
  - {who: Anna Berg, what: won, target: 12, per: quarter}
  - {who: Anna Berg, what: touched, target: 4, per: month}
  - {who: team, what: qualified, target: 5, per: month}
"""
LEADS = """Lead ID,Name,Company,Email,Lead Owner,Created
1,Ann One,Acme,a1@acme.example,anna,2026-10-05
2,Ann Two,Beta,a2@beta.example,Anna Berg,2026-10-05
3,Ann Three,Gamma,a3@gamma.example,ANNA BERG,2026-10-06
4,Ben One,Delta,b1@delta.example,Ben Ode,2026-10-06
5,No One,Delta Two,n1@deltatwo.example,,2026-10-06
"""
STORY = (
    ("score", "--as-of", "2026-10-06"),
    ("touch", "1", "call", "--next", "2026-10-12", "--by", "anna", "--as-of", "2026-10-07"),
    ("touch", "2", "call", "--next", "2026-10-20", "--by", "Anna Berg", "--as-of", "2026-10-19"),
    ("touch", "1", "meeting", "--by", "Ben Ode", "--as-of", "2026-10-12"),
    ("close", "1", "won", "--by", "anna", "--as-of", "2026-10-20"),
    ("junk", "--flag", "3", "--reason", "no_fit", "--by", "anna", "--as-of", "2026-10-13"),
    ("junk", "--flag", "4", "--reason", "no_fit", "--by", "anna", "--as-of", "2026-10-13"),
    ("qualify", "2", "--reason", "they said so", "--by", "anna", "--as-of", "2026-11-03"),
    ("touch", "2", "call", "--by", "anna", "--as-of", "2026-11-03"),
    ("score", "--as-of", "2026-11-20"),
)
DAY = ("--as-of", "2026-11-20")
OCTOBER = ("--since", "2026-10-01", "--until", "2026-10-31")


@pytest.fixture
def story(program: Program, tmp_path: Path) -> Program:
    """October as it went: Anna has 1 to 3, Ben has 4, nobody has 5."""
    program.define(TEAM)
    (tmp_path / "leads.csv").write_text(LEADS, encoding="utf-8")
    program.done("import", "leads.csv", "--as-of", "2026-10-06")
    for command in STORY:
        program.done(*command)
    (tmp_path / "verdicts.csv").write_text("id,verdict,verdict_reason\n3,rescue,no_fit\n", encoding="utf-8")
    program.done("junk", "--verdicts", "verdicts.csv", "--by", "Maria", "--as-of", "2026-10-14")
    return program


def test_every_number_has_its_leads(story: Program) -> None:
    rows = story.rows("report", "team", *OCTOBER, *DAY)
    assert [row["name"] for row in rows] == ["Anna Berg", "Anna Berg", "Ben Ode", "Maria", "team"]
    anna, more, _, maria, team = rows
    # 1 was touched after two working days, 2 after ten, 3 never. The promise for lead 1 was kept by Ben, the one for 2
    # was not. Of the flags on 3 and 4 the first was overturned.
    told = {
        "assigned": 3,
        "touched": 2,
        "never": 1,
        "wait_assign_days": None,
        "wait_rep_days": 6.0,
        "promises": 2,
        "kept": 1,
        "won": 1,
        "flagged": 2,
        "confirmed": 0,
        "overturned": 1,
    }
    assert {key: anna[key] for key in told} == told
    assert maria["note"] == "reviewed 1 candidate"
    behind = {
        "assigned": [3, 2, 1],
        "touched": [2, 1],
        "never": [3],
        "promises": [2, 1],
        "kept": [1],
        "won": [1],
        "flagged": [4, 3],
        "confirmed": [],
        "overturned": [3],
    }
    for number, leads in behind.items():
        listed = story.rows("report", "team", *OCTOBER, *DAY, "--owner", "anna", "--behind", number, "--all")
        assert [row["id"] for row in listed] == leads, number
        assert len(leads) == anna[number]
    late = story.rows("report", "team", *OCTOBER, *DAY, "--behind", "late")
    in_time = story.rows("report", "team", *OCTOBER, *DAY, "--behind", "in_time")
    assert (len(in_time), len(late)) == (anna["in_time"], anna["late"])
    reviewed = story.rows("report", "team", *OCTOBER, *DAY, "--owner", "maria", "--behind", "reviewed")
    assert [row["id"] for row in reviewed] == [3]
    idle = story.rows("stale", "--clock", "idle", "--owner", "Anna Berg", *DAY)
    assert len(idle) == anna["idle"]
    # The goals' leads are in the lists of all leads.
    quarter, month = ("--since", "2026-10-01"), ("--since", "2026-11-01")
    won = story.rows("leads", "--stage", "won", "--owner", "anna", "--dated", "closed", *quarter, *DAY)
    touched = story.rows("leads", "--owner", "Anna Berg", "--dated", "touched", *month, *DAY)
    qualified = story.rows("leads", "--qualified", "--dated", "qualified", *month, *DAY)
    assert [(row["goal"], row["done"]) for row in (anna, more, team)] == [
        (12, len(won)),
        (4, len(touched)),
        (5, len(qualified)),
    ]
    assert (len(won), len(touched), len(qualified)) == (1, 1, 1)


def test_a_name_that_nobody_has_is_told_with_those_near_it(story: Program) -> None:
    told = story.done("report", "team", "--owner", "Ben Oda", *DAY)
    assert told.out == "Team: none\n"
    assert "did you mean “Ben Ode”?" in told.err
    assert story.rows("report", "team", "--owner", "\udcff\x00", "--behind", "won", *DAY) == []


def test_a_misspelt_name_is_told_behind_a_number_too(story: Program) -> None:
    told = story.done("report", "team", "--owner", "Ben Ude", "--behind", "late", *DAY)
    assert "no lead has the owner “Ben Ude”; did you mean “Ben Ode”?" in told.err


def test_weeks_still_to_come_are_told(story: Program) -> None:
    for report in ("team", "trend"):
        told = story.done("report", report, "--since", "2027-01-01", "--until", "2027-02-01", *DAY)
        assert "no day of this period has come yet" in told.err


def test_a_narrow_terminal_shows_who_did_what_and_how_far_goals_are(
    story: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = story.done("report", "team", *OCTOBER, *DAY).out
    assert all(len(line) <= 80 for line in told.splitlines())
    labels = next(line for line in told.splitlines() if "Assigned" in line).split()
    assert {"Never", "Idle", "Won", "Done"} <= set(labels)
    assert "1 of 12 won\n" in told
    monkeypatch.setenv("COLUMNS", "150")
    told = story.done("report", "team", *OCTOBER, *DAY).out
    # 12 x 37 of 66 working days of the quarter, and 4 x 15 of 21 of the month.
    assert "1 of 12 won ▉····│····" in told
    assert "1 of 4 touched ██▌····│··" in told


def test_maven_agrees_with_sums_by_plain_sql(program: Program, public_data: Callable[[str], Path]) -> None:
    deals_of_maven = public_data("maven/sales_pipeline.csv")
    options = ("--system", "maven", "--date-order", "day-first", "--as-of", "2018-01-31")
    program.done("import", str(deals_of_maven), *options)
    plain = sqlite3.connect(":memory:")
    plain.execute("CREATE TABLE deal (agent, stage, engaged, closed, value INTEGER)")
    with deals_of_maven.open(encoding="utf-8", newline="") as file:
        plain.executemany(
            "INSERT INTO deal VALUES (:sales_agent, :deal_stage, :engage_date, :close_date, :close_value)",
            csv.DictReader(file),
        )
    # 20-10-16 is 2016-10-20.
    plain.execute(
        "UPDATE deal SET engaged = '20' || substr(engaged, 7) || substr(engaged, 3, 4) || substr(engaged, 1, 2)"
    )
    plain.execute("UPDATE deal SET closed = '20' || substr(closed, 7) || substr(closed, 3, 4) || substr(closed, 1, 2)")
    whole = {row["name"]: (row["assigned"], row["won"]) for row in program.rows("report", "team", *options[4:])}
    assert whole == {
        agent: (deals, won)
        for agent, deals, won in plain.execute("SELECT agent, count(*), sum(stage = 'Won') FROM deal GROUP BY agent")
    }
    for first, last in (("2017-04-01", "2017-06-30"), ("2017-10-01", "2017-12-31")):
        found = program.rows("report", "team", "--since", first, "--until", last, *options[4:])
        assert {row["name"]: (row["assigned"], row["won"]) for row in found} == {
            agent: (deals, won)
            for agent, deals, won in plain.execute(
                "SELECT agent, sum(engaged BETWEEN ?1 AND ?2) AS deals,"
                " sum(stage = 'Won' AND closed BETWEEN ?1 AND ?2) AS won FROM deal GROUP BY agent HAVING deals + won",
                (first, last),
            )
        }
        notes = {row["name"]: row["note"] for row in found if row["won"]}
        assert notes == {
            agent: f"{won} won lead{'s are' if won != 1 else ' is'} worth {value:,.2f} USD"
            for agent, won, value in plain.execute(
                "SELECT agent, count(*), sum(value) FROM deal"
                " WHERE stage = 'Won' AND closed BETWEEN ? AND ? GROUP BY agent",
                (first, last),
            )
        }
