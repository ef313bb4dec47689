"""The program as a whole: help, settings, errors, exit codes, and what it leaves behind."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from program import DAY, Program

from conftest import copy_sample
from leadtriage.cli.app import COMMANDS as GIVEN, make_app
from leadtriage.cli.framework import reference
from leadtriage.core.context import OutputFormat, resolve_settings
from leadtriage.core.errors import UsageError

COMMANDS = dict(reference._walk("leadtriage", typer.main.get_command(make_app())))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help_and_examples_that_it_understands(path: str, program: Program) -> None:
    command: Any = COMMANDS[path]
    assert command.help
    assert all(option.help for option in command.params)
    first_line = command.help.splitlines()[0]
    assert first_line.endswith(".")
    assert len(first_line) < 66, "the list of commands would cut it"
    examples = [line.strip() for line in command.epilog.splitlines() if "leadtriage " in line]
    assert examples
    for example in examples:
        words = shlex.split(example.partition("| ")[2] or example.partition(" >")[0])
        assert " ".join(words).startswith(path)
        command.make_context(path, words[len(path.split()) :])


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_of_every_command_fits_a_terminal_of_80_columns(path: str) -> None:
    command: Any = COMMANDS[path]
    lines = command.get_help(command.context_class(command, info_name=path, terminal_width=80)).splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_every_group_has_the_commands_that_it_is_said_to_have() -> None:
    for command, (module, _) in GIVEN.items():
        group: Any = typer.main.get_command(make_app(command))
        said = {name: line for name, (other, line) in GIVEN.items() if other == module}
        assert {name: found.help.splitlines()[0] for name, found in group.commands.items()} == said
    everything: Any = typer.main.get_command(make_app())
    assert tuple(everything.commands) == tuple(GIVEN)


def test_the_reference_is_up_to_date() -> None:
    document = Path(__file__).parents[2] / "docs" / "cli.md"
    assert document.read_text(encoding="utf-8") == reference.render_reference(), "run: make docs"


def test_version_and_help_end_well(program: Program) -> None:
    assert version("leadtriage") in program.done("--version").out
    assert "queue" in program.done("--help").out
    assert "--as-of" in program.done("queue", "--help").out


def test_it_runs_as_a_module_too() -> None:
    done = subprocess.run([sys.executable, "-m", "leadtriage", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"leadtriage {version('leadtriage')}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("nothing-like-this",),
        ("queue", "--limit", "0"),
        ("queue", "--format", "yaml"),
        ("queue", "--as-of", "yesterday"),
        ("queue", "--grade", "E"),
        ("stale", "--clock", "cuckoo"),
        ("leads", "--since", "13/13/2026"),
        ("show",),
        ("import",),
        ("import", "a.csv", "--map", "title"),
        ("import", "a.csv", "--region", "Germany"),
        ("import", "a.csv", "--region", "XX"),
        ("import", "a.csv", "--currency", "$"),
        ("import", "a.csv", "--currency", "ABC"),
        ("import", "a.csv", "--date-order", "year-first"),
        ("import", "a.csv", "b.csv", "--rejects", "r.csv"),
        ("export", "leads.pdf"),
        ("queue", "--db", ""),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(sample: Program, words: tuple[str, ...]) -> None:
    ran = sample(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("queue", "--db", "missing.db"), "no database"),
        (("queue", "--db", "."), "folder"),
        (("queue", "--db", "leads.csv"), "not a database"),
        (("queue", "--db", "nosuch://host/x"), "database URL cannot be used"),
        (("show", "999999"), "no lead"),
        (("show", "nobody@example.com"), "nobody@example.com"),
        (("import", "missing.csv"), "no such file"),
        (("import", "."), "folder"),
        (("undo", "77"), "import not found"),
        (("score", "--criteria", "missing.yaml"), "missing.yaml"),
        (("export", "no/such/folder/leads.csv"), "cannot be written"),
        (("db", "backup", "leadtriage.db"), "already"),
        (("init", "--db", "no/such/folder/leads.db"), "cannot be created"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_says_why(
    sample: Program, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    copy_sample(tmp_path)
    ran = sample(*words)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert "\nleadtriage: " in f"\n{ran.err}"


def test_all_mistakes_of_the_criteria_are_told_with_their_lines(sample: Program, tmp_path: Path) -> None:
    (tmp_path / "criteria.yaml").write_text("version: 1\nscore: {fit: {max: x}}\ngradez: {}\n", encoding="utf-8")
    for words in (("criteria", "check"), ("score",), ("junk",), ("show", "1")):
        ran = sample(*words)
        assert ran.code == 1
        assert "2:" in ran.err
        assert "3:1" in ran.err
        assert "grades" in ran.err


def test_warnings_of_the_criteria_can_fail(program: Program, tmp_path: Path) -> None:
    assert program.done("init").code == 0
    assert program.done("criteria", "check", "--fail-if-any").code == 0
    file = tmp_path / "criteria.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("max: 25", "max: 24"), encoding="utf-8")
    assert program.done("criteria", "check").code == 0
    failed = program("criteria", "check", "--fail-if-any")
    assert failed.code == 4
    assert "99" in failed.err


def test_scripts_get_the_mistakes_and_warnings_of_the_criteria_as_rows(program: Program, tmp_path: Path) -> None:
    assert program.done("init").code == 0
    assert program.rows("criteria", "check") == []
    file = tmp_path / "criteria.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("max: 25", "max: 24"), encoding="utf-8")
    warned = program("criteria", "check", "--fail-if-any", "--format", "json")
    assert (warned.code, [row["severity"] for row in warned.rows]) == (4, ["warning"] * len(warned.rows))
    assert ", ".join(warned.rows[0]) == reference.ROW_KEYS["criteria check"]
    assert any("99" in row["message"] and row["line"] for row in warned.rows)
    file.write_text("version: 1\nscore: {fit: {max: x}}\ngradez: {}\n", encoding="utf-8")
    failed = program("criteria", "check", "--format", "json")
    assert (failed.code, [row["severity"] for row in failed.rows]) == (1, ["mistake"] * len(failed.rows))
    found = {(row["line"], row["column"]): row["message"] for row in failed.rows}
    assert "grades" in found[3, 1]
    assert "criteria.yaml" in failed.err
    written = program("criteria", "check", "--format", "csv")
    assert (written.code, written.out.splitlines()[0]) == (1, "line,column,severity,message")


def test_init_writes_what_editors_and_score_need_and_overwrites_nothing(program: Program, tmp_path: Path) -> None:
    program.done("init")
    criteria = tmp_path / "criteria.yaml"
    schema = tmp_path / criteria.read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
    assert json.loads(schema.read_text(encoding="utf-8")) == json.loads(program.done("criteria", "schema").out)
    assert program.done("criteria", "show").out == criteria.read_text(encoding="utf-8")
    criteria.write_text("ours", encoding="utf-8")
    assert program("init").code == 1
    assert criteria.read_text(encoding="utf-8") == "ours"


def test_demo_says_which_commands_it_ran_and_touches_nothing_here(
    program: Program, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("scratch")))
    ran = program.done("demo")
    commands = [line[2:] for line in ran.out.splitlines() if line.startswith("$ ")]
    folder = Path(shlex.split(commands[0])[1])
    assert [command.split()[1] for command in commands[1:]] == ["init", "import", "score", "queue", "junk", "stale"]
    assert not list(tmp_path.iterdir())
    assert Path.cwd() == tmp_path
    os.chdir(folder)
    queue = next(command for command in commands if command.startswith("leadtriage queue"))
    assert program.done(*shlex.split(queue)[1:]).out in ran.out
    assert "Criteria" in ran.out


def test_flag_beats_environment_beats_default() -> None:
    variables = {"LEADTRIAGE_DB": "env.db", "LEADTRIAGE_CRITERIA": "env.yaml", "LEADTRIAGE_USER": "Env"}
    given = resolve_settings(database="flag.db", criteria="flag.yaml", by="Flag", environment=variables)
    assert (given.database, given.criteria, given.by) == ("flag.db", Path("flag.yaml"), "Flag")
    from_environment = resolve_settings(environment=variables)
    assert (from_environment.database, from_environment.criteria) == ("env.db", Path("env.yaml"))
    assert from_environment.by == "Env"
    defaults = resolve_settings(environment={"LEADTRIAGE_DB": ""})
    assert (defaults.database, defaults.format) == ("leadtriage.db", OutputFormat.TABLE)
    assert defaults.by
    with pytest.raises(UsageError):
        resolve_settings(as_of="2026-02-30", environment={})


def test_criteria_beside_the_database_are_found(program: Program, tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    program.done("init", "--db", "sales/leads.db")
    found = resolve_settings(database="sales/leads.db", environment={}).criteria
    assert found == Path("sales/criteria.yaml")
    assert "built-in" not in program.done("criteria", "check", "--db", "sales/leads.db").err
    assert "built-in" in program.done("criteria", "check").err


def test_who_acts_and_when_is_kept(program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,email\nAnna,anna@a.example.com\n", encoding="utf-8")
    program.done("import", "a.csv", "--by", "Maria", "--as-of", "2026-11-03")
    batch = program.rows("imports")[0]
    assert (batch["by"], batch["at"][:10]) == ("Maria", "2026-11-03")


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are Unix's")
def test_the_database_and_its_copy_are_private(sample: Program, tmp_path: Path) -> None:
    sample.done("init", "--db", "new.db")
    sample.done("db", "backup", "copy.db")
    for name in ("new.db", "copy.db"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert sample.rows("queue", "--db", "copy.db", *DAY) == sample.rows("queue", *DAY)


def test_db_info_counts_and_db_check_finds_what_is_wrong(sample: Program, tmp_path: Path) -> None:
    import sqlite3

    info = sample.rows("db", "info")[0]
    assert (info["leads"], info["imports"], info["last_score_as_of"]) == (65, 1, "2026-11-20")
    assert all(row["result"] == "ok" for row in sample.rows("db", "check"))
    with sqlite3.connect(tmp_path / "leadtriage.db") as connection:
        connection.execute("UPDATE lead_score SET fit = fit + 1 WHERE lead_id = 7")
        connection.execute("INSERT INTO erasing VALUES (0)")  # else the database refuses to change the history
        connection.execute("DELETE FROM event WHERE lead_id = 8 AND kind = 'created'")
        connection.execute("DELETE FROM erasing")
    connection.close()
    ran = sample("db", "check", "--format", "json")
    assert ran.code == 1
    wrong = {row["check"]: row["result"] for row in ran.rows if row["found"]}
    assert len(wrong) == 2
    assert {text.split()[-1] for text in wrong.values()} == {"7", "8"}


def test_a_misspelt_file_is_told_before_another_is_imported(program: Program, tmp_path: Path) -> None:
    copy_sample(tmp_path)
    ran = program("import", "leads.csv", "misspelt.csv", *DAY)
    assert (ran.code, ran.out) == (1, "")
    assert "misspelt.csv: there is no such file" in ran.err
    assert program("import", "misspelt.csv", "--rejects", "leads.csv").err == ran.err
    assert not (tmp_path / "leadtriage.db").exists()


def test_a_dry_run_changes_nothing(program: Program, tmp_path: Path) -> None:
    copy_sample(tmp_path)
    files = sorted(path.name for path in tmp_path.iterdir())
    would = program("import", "leads.csv", "--dry-run", *DAY, "--format", "json")
    assert (would.code, would.rows[0]["created"], would.rows[0]["batch"]) == (3, 65, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    program("import", "leads.csv", *DAY)
    stored = program.rows("leads")
    Path("more.csv").write_text("Email\nmore@acme.io\n", encoding="utf-8")
    assert program.rows("import", "more.csv", "--dry-run", *DAY)[0]["created"] == 1
    assert program.rows("leads") == stored
    assert program.rows("score", "--dry-run", *DAY)[0]["scored"] == 65
    assert program.rows("leads")[0]["score"] is None


def test_rejected_rows_are_written_with_their_reason(program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,email,need\nAnna,anna@a.example.com,x\n,,=HYPERLINK(1)\n", encoding="utf-8")
    ran = program("import", "a.csv", "--rejects", "r.csv", "--format", "json")
    assert (ran.code, ran.rows[0]["rejected"]) == (3, 1)
    header, row = (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()
    assert header == "line,reason,name,email,need"
    assert row.startswith("3,")
    assert row.endswith("'=HYPERLINK(1)")


def test_importing_the_export_changes_nothing(sample: Program, tmp_path: Path) -> None:
    before = sample.rows("leads", "--all", *DAY)
    sample.done("export", "out.csv", *DAY)
    sample.done("export", "out.xlsx", *DAY)
    for name in ("out.csv", "out.xlsx"):
        counts = sample.rows("import", name, *DAY)[0]
        assert (counts["created"], counts["updated"], counts["rejected"]) == (0, 0, 0)
        assert counts["rows"] == 65
    assert sample.rows("leads", "--all", *DAY) == before


def test_export_overwrites_only_when_told(sample: Program, tmp_path: Path) -> None:
    sample.done("export", "out.json", "--grade", "A", *DAY)
    first = (tmp_path / "out.json").read_bytes()
    assert sample("export", "out.json", *DAY).code == 1
    assert (tmp_path / "out.json").read_bytes() == first
    sample.done("export", "out.json", "--force", *DAY)
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))) == 65
    assert sample.done("export", "-", *DAY).out.startswith("leadtriage_id,")


def test_undo_takes_an_import_back(sample: Program) -> None:
    sample.done("undo", "1", *DAY)
    assert sample.rows("leads") == []
    row = sample.rows("imports")[0]
    assert len(row["undone_at"]) == len(row["at"]) == len("2026-11-20T09:00:00")
    assert sample("undo", "1").code == 1


def test_peek_changes_nothing_and_prints_what_was_parsed(program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes('Name;E-Mail;Étage\n"Anna; Berg";a@b.example.com;=1\n'.encode("cp1252"))
    card = program.rows("peek", "a.csv")
    assert (card["delimiter"], card["encoding"]) == ("semicolon", "cp1252")
    parsed = program.done("peek", "a.csv", "--format", "csv").out
    assert parsed == "Name,E-Mail,Étage\nAnna; Berg,a@b.example.com,=1\n"
    assert not (tmp_path / "leadtriage.db").exists()


def test_the_ledger_of_every_lead_adds_up(sample: Program) -> None:
    for row in sample.rows("leads", "--all", *DAY)[::8]:
        card = sample.rows("show", str(row["id"]), *DAY)
        assert sum(line["points"] for line in card["ledger"]) == card["score"] == row["score"]
        assert sum(line["ceiling"] for line in card["ledger"]) == card["ceiling"] == row["ceiling"]
