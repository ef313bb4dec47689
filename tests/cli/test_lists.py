"""The lists of the sample: their keys, filters, limits, formats and exit codes."""

from __future__ import annotations

import csv
import io
import shlex
from pathlib import Path

import pytest
from program import DAY, Program

from leadtriage.cli.framework.reference import ROW_KEYS
from leadtriage.reports.registry import REPORTS

LISTS = ("queue", "leads", "junk", "stale")


LISTED = [report.command for report in REPORTS if report.command != "junk --audit"]  # which needs a number


@pytest.mark.parametrize("command", [*LISTED, "db check"])
def test_rows_have_the_keys_of_the_reference(sample: Program, command: str) -> None:
    rows = sample.rows(*command.split(), *DAY)
    assert not rows or ", ".join(rows[0]) == ROW_KEYS[command]
    header = sample.done(*command.split(), *DAY, "--format", "csv").out.splitlines()[0]
    assert header.replace(",", ", ") == ROW_KEYS[command]


def test_import_and_score_have_the_keys_of_the_reference(program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,email\nAnna,anna@a.example.com\n", encoding="utf-8")
    assert ", ".join(program.rows("import", "a.csv")[0]) == ROW_KEYS["import"]
    assert ", ".join(program.rows("score")[0]) == ROW_KEYS["score"]
    assert ", ".join(program.rows("undo", "1")[0]) == ROW_KEYS["undo"]


@pytest.mark.parametrize("command", LISTS)
def test_every_format_has_the_same_rows(sample: Program, command: str) -> None:
    rows = sample.rows(command, "--all", *DAY)
    parsed = list(csv.DictReader(io.StringIO(sample.done(command, "--all", *DAY, "--format", "csv").out)))
    assert [row["name"] or None for row in parsed] == [row["name"] for row in rows]
    markdown = sample.done(command, "--all", *DAY, "--format", "markdown").out
    assert sum(line.startswith("|") for line in markdown.splitlines()) == len(rows) + 2


@pytest.mark.parametrize("command", LISTS)
def test_a_limit_cuts_and_says_how_to_see_more(sample: Program, command: str) -> None:
    everything = sample.rows(command, "--all", *DAY)
    ran = sample.done(command, "--limit", "2", *DAY, "--format", "json")
    assert len(ran.rows) == 2 < len(everything)
    assert f"showing 2 of {len(everything)}; add --limit N" in ran.err
    assert "--all" in ran.err
    assert "--all" not in sample.done(command, "--all", *DAY).err


@pytest.mark.parametrize("width", ["80", "60", "40"])
@pytest.mark.parametrize("command", [*LISTS, "nurture", "find berg"])
def test_a_narrow_terminal_keeps_what_can_be_typed_as_lead(
    sample: Program, monkeypatch: pytest.MonkeyPatch, command: str, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    header = next(line for line in sample.done(*command.split(), *DAY).out.splitlines() if "Name" in line)
    assert "Id" in header.split()


def test_summaries_say_where_they_leave_leads_out(program: Program, tmp_path: Path) -> None:
    people = [f"{number},P{number} Poe,p{number}@acme{number}.io,CEO,900,need a demo now" for number in range(120)]
    (tmp_path / "a.csv").write_text("\n".join(["id,name,email,title,employees,need", *people]), encoding="utf-8")
    program.done("import", "a.csv", *DAY)
    program.done("score", *DAY)
    moved = program.done("score", "--as-of", "2027-11-20")
    listed = moved.out.count(" Poe ")
    assert f"showing {listed} of 120" in moved.err
    undone = program.done("undo", "1", "--format", "json")
    assert f"showing {len(undone.rows)} of 120" in undone.err


@pytest.mark.parametrize("command", LISTS)
def test_owners_part_a_list(sample: Program, command: str) -> None:
    whole = sample.rows(command, "--all", *DAY)
    owners = {row["owner"] for row in whole}
    parts = {owner: sample.rows(command, "--all", "--owner", owner or "", *DAY) for owner in owners}
    assert sum(len(part) for part in parts.values()) == len(whole)
    for owner, part in parts.items():
        assert {row["owner"] for row in part} == {owner}


def test_filters_choose_leads(sample: Program) -> None:
    assert {row["grade"] for row in sample.rows("leads", "--all", "--grade", "a", "--grade", "B")} == {"A", "B"}
    assert {row["stage"] for row in sample.rows("leads", "--stage", "won", "--stage", "lost")} == {"won", "lost"}
    assert min(row["created"] for row in sample.rows("leads", "--since", "2026-11-10")) == "2026-11-10"
    assert max(row["created"] for row in sample.rows("leads", "--until", "2026-06-30")) == "2026-06-25"
    qualified = sample.rows("leads", "--all", "--qualified")
    others = sample.rows("leads", "--all", "--not-qualified")
    assert len(qualified) + len(others) == len(sample.rows("leads", "--all"))
    assert {row["reason"] for row in sample.rows("leads", "--reason", "spam")} == {"spam"}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("leads", "--since", "7d"), ("leads", "--since", "2026-11-13")),
        (("leads", "--until", "3 weeks ago", "--all"), ("leads", "--until", "2026-10-30", "--all")),
        (("leads", "--stale-on", "today"), ("leads", "--stale-on", "2026-11-20")),
        (("report", "funnel", "--since", "1m", "--until", "today"), ("report", "funnel", "--since", "2026-10-20")),
        (("spend", "list", "--since", "1m"), ("spend", "list", "--since", "2026-10-01")),
        (("history", "--since", "today"), ("history", "--since", "2026-11-20")),
    ],
)
def test_days_are_understood_that_count_back(sample: Program, words: tuple[str, ...], meant: tuple[str, ...]) -> None:
    for month in ("2026-09", "2026-10"):
        sample.done("spend", "add", "Fair", "100", "--month", month, *DAY)
    rows = sample.rows(*words, *DAY)
    assert rows and rows == sample.rows(*meant, *DAY)


def test_find_looks_in_names_companies_addresses_and_numbers(sample: Program) -> None:
    for text in ("noah", "bright harbor", "okafor@bright", "212 555 0119"):
        assert [row["name"] for row in sample.rows("find", text)] == ["Noah Okafor"]


def test_what_cannot_be_shown_by_a_bare_id_is_found_by_it(sample: Program) -> None:
    refused = sample("show", "L-1002", *DAY)
    assert "leadtriage find L-1002" in refused.err
    (found,) = sample.rows("find", "L-1002")
    assert sample.rows("show", "crm:L-1002", *DAY)["id"] == found["id"]


def test_aging_counts_by_what_is_asked(sample: Program) -> None:
    by_owner = sample.rows("aging", "--by", "owner", *DAY)
    by_grade = sample.rows("aging", *DAY)
    assert [row["total"] for row in by_owner] == [row["total"] for row in by_grade]
    assert "Anna Berg" in by_owner[0]


def test_needs_answers_are_questions(sample: Program) -> None:
    rows = sample.rows("queue", "--needs-answers", *DAY)
    assert rows
    assert all(row["score"] < 50 <= row["ceiling"] for row in rows)


def test_a_grade_is_read_in_either_case_and_no_other_is_guessed(sample: Program) -> None:
    assert {row["grade"] for row in sample.rows("leads", "--grade", "a", "--grade", "B", *DAY)} == {"A", "B"}
    wrong = sample("leads", "--grade", "E", *DAY)
    assert wrong.code == 2
    assert "'E' is not one of A, B, C, D." in wrong.err


@pytest.mark.parametrize(
    ("width", "said"),
    [
        ("100", ""),
        ("50", "1 column does not fit; add --format csv to see it\n"),
        ("30", "3 columns do not fit; add --format csv to see them\n"),
    ],
)
def test_aging_says_where_groups_do_not_fit(
    sample: Program, monkeypatch: pytest.MonkeyPatch, width: str, said: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    words = ("aging", "--by", "owner", *DAY)
    assert sample.done(*words).err == f"63 open leads in all.\n{said}"
    assert "fit" not in sample.done(*words, "--format", "csv").err


@pytest.mark.parametrize(
    "filters", [(), ("--owner", "Dana Cole"), ("--grade", "C", "--not-qualified", "--source", "Webinar")]
)
def test_stale_says_how_to_see_the_leads_of_the_backlog(sample: Program, filters: tuple[str, ...]) -> None:
    stale = sample.done("stale", "--clock", "backlog", "--format", "json", *filters, *DAY)
    (said,) = (line for line in stale.err.splitlines() if "--backlog" in line)
    behind = sample.rows(*shlex.split(said.partition(": leadtriage ")[2]), *DAY)
    assert len(behind) == sum(row["leads"] for row in stale.rows) > 0
    assert "--backlog" not in sample.done("stale", "--clock", "idle", *DAY).err


def test_stale_lists_several_clocks(sample: Program) -> None:
    rows = sample.rows("stale", "--clock", "idle", "--clock", "first_touch", "--all", *DAY)
    assert {row["clock"] for row in rows} == {"idle", "first_touch"}


def test_stale_tells_cron_by_its_exit_code(sample: Program) -> None:
    assert sample("stale", "--fail-if-any", *DAY).code == 4
    empty = sample("stale", "--owner", "Nobody At All", "--quiet", "--fail-if-any", *DAY)
    assert (empty.code, empty.out) == (0, "")
    assert empty.err.startswith("warning: no lead has the owner “Nobody At All”"), "else cron would never tell"
    empty = sample("stale", "--owner", "Anna Berg", "--source", "Webinar", "--grade", "D", "--quiet", *DAY)
    assert (empty.code, empty.out, empty.err) == (0, "", "")
    assert sample("junk", "--fail-if-any", *DAY).code == 4
    assert sample("junk", "--reason", "price", "--fail-if-any", *DAY).code == 0


@pytest.mark.parametrize("command", [*LISTS, "aging"])
@pytest.mark.parametrize("option", ["--owner", "--source", "--campaign", "--country", "--state"])
def test_a_name_that_nothing_has_is_told_and_no_failure(sample: Program, command: str, option: str) -> None:
    ran = sample.done(command, option, "Misspelt", *DAY, "--format", "json")
    assert command == "aging" or ran.rows == []
    assert f"no lead has the {option[2:]} “Misspelt”" in ran.err
    assert "warning: no lead has" in sample.done(command, option, "Misspelt", *DAY, "--quiet").err


@pytest.mark.parametrize("command", [*LISTS, "aging", "find x"])
def test_an_empty_database_asks_for_leads(program: Program, command: str) -> None:
    program.done("init")
    ran = program.done(*command.split(), *DAY)
    assert ran.err.count("leadtriage import FILE") == 1
    assert "leadtriage score" not in ran.err


def test_quiet_lists_say_nothing_on_standard_error(sample: Program) -> None:
    for command in LISTS:
        assert sample.done(command, "--limit", "1", "--quiet", *DAY).err == ""


def test_lists_say_where_scores_are_out_of_date(sample: Program, tmp_path: Path) -> None:
    assert "criteria have changed" not in sample.done("queue", *DAY).err
    text = sample.done("criteria", "show").out
    ours = tmp_path / "criteria.yaml"
    ours.write_text(text + "# ours\n", encoding="utf-8")
    assert "criteria" not in sample.done("queue", *DAY).err
    ours.write_text(text + "currency: XYZ\n", encoding="utf-8")
    broken = sample.done("queue", *DAY)
    assert broken.err.count("criteria.yaml") == 1
    assert "have changed" not in broken.err
    assert broken.err.startswith("warning: ")
    assert "until you correct that, lists show the last scores" in broken.err
    assert broken.out == sample.done("queue", *DAY, "--quiet").out
    ours.write_text(text.replace("below:", "below: 1 #"), encoding="utf-8")
    assert "the criteria have changed" in sample.done("queue", *DAY).err
    (tmp_path / "b.csv").write_text("name,email\nBo,bo@b.example.com\n", encoding="utf-8")
    sample.done("import", "b.csv", *DAY)
    assert "1 lead is not scored yet" in sample.done("queue", *DAY).err


def test_narrow_terminals_get_fewer_columns(sample: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (40, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        drawn = sample.done("queue", *DAY).out
        assert max(map(len, drawn.splitlines())) <= width
        assert "Kenji Mori" in drawn
    monkeypatch.delenv("COLUMNS")
    assert "k.mori@morisoft.example.com" in sample.done("queue", *DAY).out
