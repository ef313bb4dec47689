"""Asking by the command line: with questions at a terminal, and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import DAY, Program

from leadtriage.cli.commands import ask


@pytest.fixture
def lead(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A database with one lead of whom little is known."""
    monkeypatch.chdir(tmp_path)
    program.done("add", "--name", "Ann Lee", "--email", "ann@acme.io", *DAY)
    program.done("score", *DAY)
    return program


def test_answers_are_stored_and_the_score_is_told(lead: Program) -> None:
    (budget, signs) = lead.rows("ask", "ann@acme.io", "--set", "budget=20k EUR", "--not-known", "signs_off", *DAY)
    assert (budget["field"], budget["new"], budget["grade"]) == ("budget", "2000000 EUR", "C")
    assert (signs["field"], signs["new"], signs["again_on"]) == ("signs_off", None, "2026-12-04")
    shown = lead.rows("show", "1", *DAY)
    assert (shown["budget"], shown["budget_currency"]) == (20000, "EUR")
    assert any("budget set to" in event["text"] for event in shown["events"])


def test_questions_are_asked_in_turn(lead: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["a lot", "20k", "", "?", "q"])
    monkeypatch.setattr(ask, "require_terminal", lambda hint: None)
    monkeypatch.setattr(ask, "read_line", lambda prompt: next(typed))
    ran = lead.done("ask", "1", "--format", "csv", *DAY)
    assert "budget not recognised" in ran.err
    assert "+20" in ran.err
    rows = ran.out.splitlines()
    assert len(rows) == 3
    assert rows[1].startswith("1,budget,,")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("1",), 2, "use `leadtriage ask LEAD --set budget=20k`"),
        ((), 2, "no lead given"),
        (("1", "--set", "budget"), 2, 'invalid value "budget" for --set: expected FIELD=ANSWER'),
        (("1", "--set", "bugdet=5"), 2, "did you mean"),
        (("1", "--set", "budget=a lot"), 1, "budget not recognised"),
        (("99", "--set", "budget=5k"), 1, "there is no lead '99'"),
        (("1", "--answers", "x.csv"), 2, "--answers: cannot be combined"),
        (("--answers", "missing.csv"), 1, "missing.csv"),
    ],
)
def test_what_cannot_be_answered_is_refused(lead: Program, words: tuple[str, ...], code: int, said: str) -> None:
    refused = lead("ask", *words, *DAY)
    assert (refused.code, said in refused.err) == (code, True), refused.err


def test_a_persons_answer_gives_way_to_nothing_older(lead: Program) -> None:
    lead.done("ask", "1", "--set", "title=CEO", *DAY)
    header = "Name,Email,Job Title,Last Modified\n"
    Path("old.csv").write_text(header + "Ann Lee,ann@acme.io,Intern,2026-11-01\n", encoding="utf-8")
    lead.done("import", "old.csv", "--as-of", "2026-11-21")
    assert lead.rows("show", "1", *DAY)["title"] == "CEO"
    Path("new.csv").write_text(header + "Ann Lee,ann@acme.io,Founder,2026-11-22\n", encoding="utf-8")
    lead.done("import", "new.csv", "--as-of", "2026-11-22")
    assert lead.rows("show", "1", *DAY)["title"] == "Founder"


def test_answers_come_from_a_file(lead: Program) -> None:
    Path("answers.csv").write_text("lead;budget;signs_off\nann@acme.io;20k;alone\n", encoding="utf-8")
    rows = lead.rows("ask", "--answers", "answers.csv", *DAY)
    assert [row["field"] for row in rows] == ["budget", "signs_off"]
    Path("answers.csv").write_text("lead;budget\nann@acme.io;soon\n", encoding="utf-8")
    refused = lead("ask", "--answers", "answers.csv", *DAY)
    assert (refused.code, "line 2" in refused.err) == (1, True)


def test_what_a_person_confirms_gives_way_to_nothing_older_either(lead: Program) -> None:
    header = "Name,Email,Job Title,Last Modified\n"
    Path("first.csv").write_text(header + "Ann Lee,ann@acme.io,CEO,2026-10-01\n", encoding="utf-8")
    lead.done("import", "first.csv", "--as-of", "2026-11-20")
    lead.done("ask", "1", "--set", "title=CEO", *DAY)
    Path("old.csv").write_text(header + "Ann Lee,ann@acme.io,Intern,2026-11-01\n", encoding="utf-8")
    lead.done("import", "old.csv", "--as-of", "2026-11-21")
    shown = lead.rows("show", "1", *DAY)
    assert shown["title"] == "CEO"
    assert any("title confirmed as CEO" in event["text"] for event in shown["events"])


def test_an_answer_about_a_column_gives_way_to_nothing_older(lead: Program) -> None:
    text = Path("criteria.yaml")
    lead.done("init", "--quiet")
    rules = text.read_text(encoding="utf-8")
    fleet = "      - {name: Fleet, column: Fleet size, ask: How many trucks?, tiers: [{points: 1, at_least: 10}]}\n"
    at = rules.index("    criteria:\n", rules.index("  fit:")) + len("    criteria:\n")
    text.write_text(rules[:at] + fleet + rules[at:], encoding="utf-8")
    lead.done("ask", "1", "--set", "Fleet=40", *DAY)
    header = "Name,Email,Fleet size,Last Modified\n"
    Path("old.csv").write_text(header + "Ann Lee,ann@acme.io,5,2026-11-01\n", encoding="utf-8")
    lead.done("import", "old.csv", "--as-of", "2026-11-21")
    assert {"column": "Fleet size", "value": "40"}.items() <= lead.rows("show", "1", *DAY)["columns"][0].items()


def test_endless_digits_are_no_lead(lead: Program) -> None:
    refused = lead("show", "9" * 5000)
    assert (refused.code, "there is no lead" in refused.err) == (1, True)
