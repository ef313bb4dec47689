"""Where rejected rows go, and how they come back, on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from program import DAY, Program

BROKEN = "Email,Designation\nann@acme.io,CEO\n,CFO\n,CTO\n"


def write(path: str, text: str) -> str:
    """Write a file and return its name."""
    Path(path).write_text(text, encoding="utf-8")
    return path


def read(path: str) -> str:
    """Return a file's text."""
    return Path(path).read_text(encoding="utf-8")


def test_a_file_of_rejects_is_mended_and_imported_until_nothing_is_left(program: Program) -> None:
    file = write("leads.csv", BROKEN)
    assert program("import", file, "--map", "title=Designation", *DAY).code == 3
    rejects = read("leads.csv.rejects.csv")
    assert rejects.splitlines()[0] == "line,reason,Email,Designation"
    write("leads.csv.rejects.csv", rejects.replace(",,CFO", ",bob@acme.io,CFO"))
    second = program("import", "leads.csv.rejects.csv", *DAY)
    assert (second.code, "import 1 (leads.csv)" in second.err) == (3, True)
    rest = read("leads.csv.rejects-2.csv")
    assert [line.rpartition(",")[2] for line in rest.splitlines()] == ["Designation", "CTO"]
    write("leads.csv.rejects-2.csv", rest.replace(",,CTO", ",cid@acme.io,CTO"))
    program.done("import", "leads.csv.rejects-2.csv", *DAY)
    assert not Path("leads.csv.rejects-3.csv").exists()
    leads = program.rows("leads", *DAY)
    assert sorted(lead["title"] for lead in leads) == ["CEO", "CFO", "CTO"]
    again = program("import", "leads.csv.rejects.csv", *DAY)
    assert (again.code, "leads.csv.rejects-2.csv, unchanged" in again.err) == (3, True)


def test_peek_shows_rejected_rows_as_they_will_be_read(program: Program) -> None:
    assert program("import", write("leads.csv", BROKEN), "--map", "title=Designation", *DAY).code == 3
    told = program.rows("peek", "leads.csv.rejects.csv", *DAY)
    assert [(column["column"], column["field"]) for column in told["columns"]] == [
        ("Email", "email"),
        ("Designation", "title"),
    ]
    assert "import 1 (leads.csv)" in program.done("peek", "leads.csv.rejects.csv", *DAY).err


@pytest.mark.parametrize("chosen", [None, "wrong.csv"])
def test_no_file_is_replaced(program: Program, chosen: str | None) -> None:
    said = ("--rejects", chosen) if chosen else ()
    name = chosen or "leads.csv.rejects.csv"
    stem = name.removesuffix(".csv")
    write(name, "somebody's work")
    assert program("import", write("leads.csv", BROKEN), *said, *DAY).code == 3
    write("leads.csv", BROKEN.replace("CFO", "COO"))
    third = program("import", "leads.csv", *said, *DAY)
    assert f"{stem}-3.csv, since {name} already exists" in third.err
    assert read(name) == "somebody's work"
    assert "CFO" in read(f"{stem}-2.csv")
    assert "COO" in read(f"{stem}-3.csv")


def test_two_databases_write_the_same_rejects_once(program: Program) -> None:
    file = write("leads.csv", BROKEN)
    for database in ("one.db", "two.db"):
        assert program("import", file, "--db", database, *DAY).code == 3
    assert [path.name for path in Path().glob("*.rejects*")] == ["leads.csv.rejects.csv"]


def test_where_a_folder_cannot_be_written_the_working_folder_is_taken(program: Program) -> None:
    ran = program("import", write("leads.csv", BROKEN), "--rejects", "no/such/folder/wrong.csv", *DAY)
    assert ran.code == 3
    assert "cannot be written" in ran.err and "the rejected rows are in wrong.csv" in ran.err
    assert "CFO" in read("wrong.csv")


@pytest.mark.skipif(sys.platform == "win32", reason="has no /dev/null")
def test_rejects_may_go_to_a_device(program: Program) -> None:
    assert program("import", write("leads.csv", BROKEN), "--rejects", "/dev/null", *DAY).code == 3
    assert not list(Path().glob("*null*"))


def test_of_files_alike_the_one_whose_name_the_rejects_have_counts(program: Program) -> None:
    for name in ("north", "south"):
        file = write(f"{name}.csv", f"Id,Email\n1,ann@{name}.io\n,\n,\n2,b,c\n")
        assert program("import", file, "--system", name, *DAY).code == 3
    write("north.csv.rejects.csv", read("north.csv.rejects.csv").replace("2,b,c", "2,bob@north.io"))
    program.done("import", "north.csv.rejects.csv", *DAY)
    assert program.rows("show", "north:2", *DAY)["email"] == "bob@north.io"
