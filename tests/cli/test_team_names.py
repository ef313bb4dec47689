"""A member of the team is found by any of their names, on every list that knows owners."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import DAY, Program

LEADS = """Name,Email,Owner,Created
Ada,ada@firm.example,pam.beesly@example.com,2026-10-26
Bob,bob@shop.example,PAM,2026-11-01
Cy,cy@mill.example,Jim Halpert,2026-11-18
Di,di@yard.example,pam.beesly@example.com,2026-01-01
"""
TEAM = "team: [{name: Pam Beesly, also: [pam.beesly@example.com, pam]}, {name: Toby}]\n"
PAM = ("Pam Beesly", "pam  beesly", "Pam", "PAM.BEESLY@example.com")


@pytest.fixture
def team(program: Program) -> None:
    """Four leads, three of which are Pam Beesly's by two other names; nobody's is Toby's."""
    Path("leads.csv").write_text(LEADS, encoding="utf-8")
    program.define(TEAM)
    program.done("import", "leads.csv", *DAY)
    program.done("score", *DAY)


@pytest.mark.usefixtures("team")
@pytest.mark.parametrize("name", PAM)
def test_every_list_finds_them_by_any_name(program: Program, name: str) -> None:
    owner = ("--owner", name)
    assert [row["id"] for row in program.rows("leads", *owner)] == [4, 2, 1]
    assert {row["id"] for row in program.rows("queue", *owner, *DAY)} == {1, 2, 4} - {
        row["id"] for row in program.rows("junk", *owner, *DAY)
    }
    stale = program.rows("stale", *owner, *DAY)
    assert [row["leads"] for row in stale if row["clock"] == "backlog"] == [1]
    assert {row["id"] for row in stale if row["id"]} == {1, 2}
    assert program.rows("report", "funnel", *owner, *DAY)[0]["leads"] == 3
    assert sum(row["leads"] for row in program.rows("report", "sources", *owner, *DAY)) == 3
    assert [row["id"] for row in program.rows("leads", "--step", "leads", *owner, *DAY)] == [4, 2, 1]
    mail = program.done("digest", *owner, *DAY)
    assert "Ada" in mail.out
    assert "no lead has the owner" not in mail.err


@pytest.mark.usefixtures("team")
def test_reports_by_owner_count_what_the_lists_of_that_owner_have(program: Program) -> None:
    funnel = program.rows("report", "funnel", "--by", "owner", *DAY)
    came_in = {row["owner"]: row["leads"] for row in funnel if row["step"] == "leads"}
    aging = program.rows("aging", "--by", "owner", *DAY)
    aged = {name: sum(row[name] for row in aging) for name in aging[0] if name not in ("bucket", "total")}
    assert came_in == aged == {"PAM": 3, "Jim Halpert": 1}
    assert {name: len(program.rows("leads", "--owner", name)) for name in came_in} == came_in


@pytest.mark.usefixtures("team")
def test_others_have_their_one_name(program: Program) -> None:
    assert [row["id"] for row in program.rows("leads", "--owner", "jim halpert")] == [3]
    assert program.rows("leads", "--owner", "") == []


@pytest.mark.usefixtures("team")
def test_whose_name_is_known_is_not_called_unknown(program: Program) -> None:
    empty = program.done("leads", "--owner", "Pam Beesly", "--stage", "won")
    assert "no lead has the owner" not in empty.err
    assert "no lead has the owner “Toby”" in program.done("leads", "--owner", "Toby").err


@pytest.mark.usefixtures("team")
def test_a_team_that_changed_holds_from_the_next_score_on(program: Program) -> None:
    criteria = Path("criteria.yaml")
    criteria.write_text(criteria.read_text(encoding="utf-8").replace("Toby}", "Jim, also: [Jim Halpert]}"), "utf-8")
    assert program.rows("leads", "--owner", "Jim") == []
    program.done("score", *DAY)
    assert [row["id"] for row in program.rows("leads", "--owner", "Jim")] == [3]
