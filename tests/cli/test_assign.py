"""Handing leads to the team by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import DAY, Program

TEAM = """
team:
  - {name: Maria, role: sales, capacity: 2}
  - {name: Quinn, role: qualifier, takes: {field: country, is: DE}}
"""


@pytest.fixture
def team(program: Program) -> Program:
    """A team, a qualified lead, and one that needs answers."""
    program.define(TEAM)
    known = ("--title", "CEO", "--set", "budget=50000", "--set", "industry=software", "--set", "employees=100")
    program.done("add", "--name", "Ann Lee", "--email", "ann@acme.io", "--need", "replace excel", *known, *DAY)
    program.done("add", "--name", "Bob Fox", "--set", "country=DE", *DAY)
    program.done("score", *DAY)
    return program


def test_leads_are_assigned_explained_and_taken_back(team: Program) -> None:
    wanted = {"Ann Lee": "Maria", "Bob Fox": "Quinn"}
    tried = team.rows("assign", "--dry-run", *DAY)
    assert {row["name"]: row["owner"] for row in tried} == wanted
    assert team.rows("leads", "--owner", "Maria", *DAY) == []
    ran = team.done("assign", "--explain", "--by", "Manager", *DAY)
    assert "2 assigned, 0 not assigned; add --seed" in ran.err
    (lead,) = team.rows("queue", "--owner", "Maria", *DAY)
    assert lead["name"] == "Ann Lee"
    story = team.rows("show", "1", *DAY)["events"]
    assert any("assigned to Maria" in event["text"] and event["by"] == "Manager" for event in story)
    assert "no lead needs an owner" in team.done("assign", *DAY).err
    team.done("undo", "--by", "Manager", *DAY)
    assert team.rows("show", "1", *DAY)["owner"] is None


def test_what_finds_nobody_is_listed_with_why(team: Program) -> None:
    team.done("add", "--name", "Cid Roe", "--set", "country=FR", *DAY)
    team.done("score", *DAY)
    rows = {row["name"]: row for row in team.rows("assign", *DAY)}
    assert (rows["Cid Roe"]["owner"], rows["Cid Roe"]["why"]) == (None, "no qualifier takes such a lead")


def test_a_source_that_no_lead_has_is_told_with_the_nearest_name(team: Program) -> None:
    team.done("add", "--name", "Cid Roe", "--set", "source=Fair", *DAY)
    ran = team.done("assign", "--source", "Fiar", "--quiet", *DAY)
    assert ran.err == "warning: no lead has the source “Fiar”; did you mean “Fair”?\n"


def test_a_leaver_whom_no_lead_has_is_told_with_the_nearest_name(team: Program) -> None:
    team.done("assign", *DAY)
    ran = team.done("assign", "--from", "Maira", *DAY)
    assert "no lead has the owner “Maira”; did you mean “Maria”?" in ran.err
    team.done("close", "1", "lost", "--reason", "price", *DAY)
    assert "Maria has no open leads" in team.done("assign", "--from", "maria", *DAY).err.replace(
        "maria has", "Maria has"
    )


def test_one_lead_is_given_by_hand(team: Program) -> None:
    (row,) = team.rows("assign", "--lead", "ann@acme.io", "--to", "quinn", *DAY)
    assert (row["owner"], row["why"]) == ("Quinn", "by hand")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--lead", "1"), 2, "--lead, --to: require each other"),
        (("--lead", "1", "--to", "Kim"), 2, "Kim is not in the team"),
        (("--lead", "99", "--to", "Maria"), 1, "99"),
        (("--force",), 2, "--force: requires --lead and --to"),
        (("--lead", "1", "--to", "Maria", "--dry-run"), 2, "can be combined with --to and --force only"),
    ],
)
def test_what_cannot_be_assigned_is_refused(team: Program, words: tuple[str, ...], code: int, said: str) -> None:
    refused = team("assign", *words, *DAY)
    assert (refused.code, said in refused.err) == (code, True), refused.err


def test_without_a_team_it_says_what_to_write(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program.done("add", "--name", "Ann Lee", *DAY)
    refused = program("assign", *DAY)
    assert refused.code == 1
    assert "the criteria have no team" in refused.err
