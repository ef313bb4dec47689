"""The acts on junk candidates from the command line: flag, restore, verdicts from a file, second looks, rates."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from program import DAY, Program

from leadtriage.cli.framework.reference import ROW_KEYS


def fill_in(program: Program, path: Path, verdict: str, reason: str = "", **more: str) -> list[dict[str, str]]:
    """Write the list of candidates with the same verdict on each, and return its rows."""
    text = program.done("junk", "--all", "--format", "csv", *DAY).out
    rows = [row | {"verdict": verdict, "verdict_reason": reason, **more} for row in csv.DictReader(io.StringIO(text))]
    write(path, rows)
    return rows


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def candidates(program: Program) -> list[int]:
    return [row["id"] for row in program.rows("junk", "--all", *DAY)]


def test_a_rep_flags_a_lead_and_it_waits_for_a_review(sample: Program) -> None:
    lead = sample.rows("queue", *DAY)[0]
    (row,) = sample.rows(
        "junk", "--flag", str(lead["id"]), "--reason", "no_budget", "--note", "he said", "--by", "Sam", *DAY
    )
    assert ", ".join(row) == ROW_KEYS["junk --flag"]
    assert (row["id"], row["reason"], row["flagged_by"]) == (lead["id"], "no_budget", "Sam")
    assert lead["id"] not in [row["id"] for row in sample.rows("queue", "--all", *DAY)]
    (listed,) = [row for row in sample.rows("junk", "--all", *DAY) if row["id"] == lead["id"]]
    assert listed["flagged_by"].startswith("Sam")
    assert "he said" in listed["why"]


def test_a_list_that_was_filled_in_is_carried_out(sample: Program, tmp_path: Path) -> None:
    path = tmp_path / "filled.csv"
    rows = fill_in(sample, path, "junk")
    tried = sample.rows("junk", "--verdicts", str(path), "--dry-run", *DAY)
    assert ", ".join(tried[0]) == ROW_KEYS["junk --verdicts"]
    assert candidates(sample) == [int(row["id"]) for row in rows]
    ran = sample.done("junk", "--verdicts", str(path), "--by", "Sam", "--format", "json", *DAY)
    assert ran.rows == tried
    assert f"{len(rows)} verdicts stored" in ran.err
    assert [(row["id"], row["reason"]) for row in ran.rows] == [(int(row["id"]), row["reason"]) for row in rows]
    assert candidates(sample) == []
    assert {row["stage"] for row in sample.rows("leads", "--stage", "junk", "--all", *DAY)} == {"junk"}


def test_a_mistake_in_the_list_is_told_with_its_line_and_stores_nothing(sample: Program, tmp_path: Path) -> None:
    path = tmp_path / "filled.csv"
    rows = fill_in(sample, path, "junk")
    rows[1]["verdict"] = "jnuk"
    write(path, rows)
    before = candidates(sample)
    ran = sample("junk", "--verdicts", str(path), *DAY)
    assert ran.code == 1
    assert "1 mistake; none of its verdicts was stored" in ran.err
    assert '  line 3: unknown verdict "jnuk"; did you mean junk?' in ran.err
    assert candidates(sample) == before


def test_verdicts_come_from_standard_input_too(
    sample: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "filled.csv"
    fill_in(sample, path, "rescue", "no_need")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert {row["verdict"] for row in sample.rows("junk", "--verdicts", "-", *DAY)} == {"rescue"}
    assert candidates(sample) == []
    sample.done("score", *DAY)
    assert candidates(sample) == []


def test_junk_comes_back(sample: Program, tmp_path: Path) -> None:
    path = tmp_path / "filled.csv"
    first = fill_in(sample, path, "junk")[0]["id"]
    sample.done("junk", "--verdicts", str(path), *DAY)
    (row,) = sample.rows("junk", "--restore", first, "--note", "a mistake", *DAY)
    assert ", ".join(row) == ROW_KEYS["junk --restore"]
    assert row["stage"] in ("new", "working", "nurture")
    again = sample("junk", "--restore", first, *DAY)
    assert (again.code, "not junk" in again.err) == (1, True)


def test_a_second_look_is_blind_can_be_drawn_again_and_is_read_from_a_file(sample: Program, tmp_path: Path) -> None:
    path = tmp_path / "filled.csv"
    fill_in(sample, path, "junk", "spam", note="looks like Sam's cousin")
    sample.done("junk", "--verdicts", str(path), "--by", "Sam", *DAY)
    draw = ("junk", "--audit", "2", "--seed", "7", "--by", "Vera", "--format", "csv", *DAY)
    drawn = sample.done(*draw).out
    assert sample.done(*draw).out == drawn
    assert drawn.splitlines()[0].replace(",", ", ") == ROW_KEYS["junk --audit"]
    assert not any(told in drawn for told in ("spam", "Sam", "cousin", "junk"))
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(drawn)))
    write(path, [row | {"verdict": "rescue", "reason": "no_fit"} for row in rows])
    done = sample.rows("junk", "--audit", "2", "--verdicts", str(path), "--by", "Vera", *DAY)
    assert [row["verdict"] for row in done] == ["rescue", "rescue"]
    assert {row["stage"] for row in sample.rows("leads", "--reason", "spam", *DAY)} == {"junk"}
    rates = sample.rows("junk", "--rates")
    assert ", ".join(rates[0]) == ROW_KEYS["junk --rates"]
    (sam,) = [row for row in rates if row["kind"] == "reviewer"]
    assert (sam["name"], sam["overturned"], sam["overturn_rate"], sam["note"]) == (
        "Sam",
        2,
        None,
        "too few for an overturn rate: 2 verdicts",
    )


def test_the_help_says_which_columns_the_list_has_not_yet(sample: Program) -> None:
    header = sample.done("junk", "--format", "csv", *DAY).out.splitlines()[0].split(",")
    assert {"verdict", "verdict_reason", "note", "until", "ask_for"}.isdisjoint(header)
    said = " ".join(sample.done("junk", "--help").out.split())
    assert "add the columns verdict, verdict_reason, note, until and ask_for to what --all --format csv prints" in said


@pytest.mark.parametrize("asking", [["--review"], ["--audit", "3", "--review"]])
def test_without_a_terminal_nothing_is_asked_and_the_other_way_is_named(
    sample: Program, tmp_path: Path, asking: list[str]
) -> None:
    path = tmp_path / "filled.csv"
    rows = fill_in(sample, path, "junk")
    write(path, rows[:1])
    sample.done("junk", "--verdicts", str(path), "--by", "Sam", *DAY)
    ran = sample("junk", *asking, *DAY)
    assert (ran.code, ran.out) == (2, "")
    assert "cannot ask questions without a terminal" in ran.err
    assert "--verdicts" in ran.err
    assert "--all" in ran.err or "--audit" in asking, "else the list would have 50 of them"
    assert candidates(sample) == [int(row["id"]) for row in rows[1:]]


def test_without_a_seed_the_one_that_was_taken_is_told(sample: Program, tmp_path: Path) -> None:
    path = tmp_path / "filled.csv"
    fill_in(sample, path, "junk")
    sample.done("junk", "--verdicts", str(path), "--by", "Sam", *DAY)
    drawn = sample.done("junk", "--audit", "2", "--format", "csv", *DAY)
    seed = drawn.err.partition("--seed ")[2].split()[0]
    assert "only" not in drawn.err
    assert "only 9 leads, not 20" in sample.done("junk", "--audit", "20", *DAY).err
    assert sample.done("junk", "--audit", "2", "--seed", seed, "--format", "csv", *DAY).out == drawn.out


def test_what_there_is_nothing_of_is_said(sample: Program) -> None:
    assert "no verdicts yet" in sample.done("junk", "--rates").err
    assert "no lead was reviewed as junk yet" in sample.done("junk", "--audit", "3", "--format", "json").err


WRONG = {
    "two things at once": (("--flag", "1", "--restore", "2"), 2, "cannot be combined"),
    "a flag without a reason": (("--flag", "1"), 2, "--flag: no reason given"),
    "a misspelt reason": (("--flag", "1", "--reason", "span"), 2, "did you mean spam"),
    "a filter beside a flag": (
        ("--flag", "1", "--reason", "spam", "--owner", "Sam"),
        2,
        "cannot be combined with filters",
    ),
    "a filter beside a file": (("--verdicts", "x.csv", "--reason", "spam"), 2, "cannot be combined with filters"),
    "a note of its own": (("--note", "x"), 2, "--note: applies to --flag"),
    "a seed without an audit": (("--rates", "--seed", "1"), 2, "--seed: applies to --audit"),
    "a trial of nothing": (("--dry-run",), 2, "--dry-run: applies to --verdicts"),
    "watching beside an act": (("--restore", "1", "--fail-if-any"), 2, "--fail-if-any: applies to the list"),
    "no such lead": (("--flag", "nobody@example.com", "--reason", "spam"), 1, "there is no lead"),
    "no such file": (("--verdicts", "none.csv"), 1, "there is no such file"),
    "no sample": (("--audit", "0"), 2, "audit"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_meant_is_refused_with_the_reason(sample: Program, case: str) -> None:
    arguments, code, message = WRONG[case]
    ran = sample("junk", *arguments, *DAY)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_a_file_of_an_unknown_system_is_called_the_file_where_people_read(program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "id,name,email,status\n1,Anna Berg,anna@acme.example.com,Unqualified\n", encoding="utf-8"
    )
    program.done("import", "a.csv", *DAY)
    program.done("score", *DAY)
    for command in ("junk", "history", "show 1"):
        read = program.done(*command.split(), *DAY).out
        assert "the file" in read
        assert "by file-" not in read
    assert "flagged by the file" in program.done("junk", *DAY).out
    assert program.rows("junk", *DAY)[0]["flagged_by"].startswith("file-")
    assert program.rows("show", "1", *DAY)["nominations"][0]["by"].startswith("file-")
    assert any(row["by"].startswith("file-") for row in program.rows("history", *DAY))
    assert "by_shown" not in program.done("show", "1", *DAY, "--format", "json").out
