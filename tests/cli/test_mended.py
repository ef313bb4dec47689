"""What once went wrong on the command line."""

from __future__ import annotations

import sqlite3
import stat
import sys
from pathlib import Path

import pytest
from program import DAY, Program


def write(path: str, text: str) -> str:
    """Write a file and return its name."""
    Path(path).write_text(text, encoding="utf-8")
    return path


def test_a_name_of_any_length_costs_nothing_but_its_parts(program: Program) -> None:
    file = write("leads.csv", f"Email,Name\na@acme.io,{'word ' * 300}\nb@acme.io,Ann Lee\n")
    (done,) = program.rows("import", file, *DAY)
    assert done["created"] == 2
    assert program.rows("show", "2", *DAY)["last_name"] == "Lee"


def test_dates_of_decision_are_read_in_one_order(program: Program) -> None:
    file = write("leads.csv", "Email,Close\na@x.io,12/25/2026\nb@x.io,01/02/2027\nc@x.io,02/28/2027\n")
    program.done("import", file, "--map", "timeline=Close", *DAY)
    with sqlite3.connect("leadtriage.db") as connection:
        days = [day for (day,) in connection.execute("SELECT decides_on FROM lead ORDER BY id")]
    assert days == ["2026-12-25", "2027-01-02", "2027-02-28"]


def test_a_path_with_a_question_mark_is_a_path(program: Program) -> None:
    Path("what?").mkdir()
    database = Path("what?") / "leads.db"
    program.done("import", write("leads.csv", "Email\na@acme.io\n"), "--db", str(database), *DAY)
    assert database.stat().st_size > 0
    assert not Path("what").exists()
    if sys.platform != "win32":
        assert stat.S_IMODE(database.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("first", "second", "stage"),
    [
        ("Closed - Converted", "Closed Won", "won"),
        ("Nurture", "Working - Contacted", "working"),
        ("Nurture", "Open - Not Contacted", "new"),
        ("Closed Won", "Open - Not Contacted", "new"),
    ],
)
def test_a_later_export_moves_the_stage(program: Program, first: str, second: str, stage: str) -> None:
    for number, status in enumerate((first, second)):
        file = write(f"{number}.csv", f"Id,Email,Lead Status\n7,a@acme.io,{status}\n")
        program.done("import", file, "--system", "crm", *DAY)
    assert program.rows("show", "1", *DAY)["stage"] == stage


def test_rejects_that_a_person_mended_stay(program: Program) -> None:
    file = write("leads.csv", "Email,Title\na@acme.io,CEO\n,CFO\n")
    assert program("import", file, *DAY).code == 3
    write("leads.csv.rejects.csv", "mended")
    assert program("import", file, *DAY).code == 3
    assert Path("leads.csv.rejects.csv").read_text(encoding="utf-8") == "mended"
    refused = program("import", file, "--rejects", file, *DAY)
    assert (refused.code, Path(file).read_text(encoding="utf-8")[:5]) == (2, "Email")


def test_headers_reach_no_terminal_and_no_spreadsheet_as_they_are(program: Program) -> None:
    program.done("import", write("leads.csv", "Email,=1+1,h\x1b[31mx\na@acme.io,one,two\n"), *DAY)
    assert "\n=1+1" not in program.done("export", "-").out
    assert ",'=1+1" in program.done("export", "-").out.splitlines()[0]
    assert "\x1b" not in program.done("export", "-", "--format", "markdown").out


def test_an_export_of_another_database_is_not_taken_for_its_people(program: Program) -> None:
    people = ["Ann Lee,ann@acme.io,Acme", "Bob Fox,bob@acme.io,Acme"]
    for number, rows in enumerate((people, people[::-1])):
        file = write(f"{number}.csv", "Name,Email,Company\n" + "\n".join(rows) + "\n")
        program.done("import", file, "--db", f"{number}.db", *DAY)
    program.done("export", "all.csv", "--db", "0.db")
    (done,) = program.rows("import", "all.csv", "--db", "1.db", *DAY)
    assert (done["created"], done["updated"]) == (0, 0)
    assert program.rows("show", "1", "--db", "1.db", *DAY)["name"] == "Bob Fox"
