"""What people do to leads stays, while a CRM's weekly export only repeats itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Program

HEAD = "Record ID,First Name,Last Name,Email,Contact owner,Job Title\n"


@pytest.fixture
def export(program: Program) -> Program:
    """A CRM's first export, worked on: handed to Anna, and asked for the title."""
    program.define("team:\n  - {name: Anna}\n")
    import_week(program, 1, "Tina", "Clerk")
    program.done("score", "--as-of", "2026-10-01")
    program.done("assign", "--lead", "1", "--to", "Anna", "--as-of", "2026-10-02")
    program.done("ask", "1", "--set", "title=CEO", "--as-of", "2026-10-02")
    return program


def import_week(program: Program, week: int, owner: str, title: str) -> str:
    """Import an export of the lead, and of another that is new every week; return what was updated."""
    day = f"2026-10-{7 * week - 6:02}"
    rows = f"1,Ann,Lee,ann@acme.com,{owner},{title}\n{week}00,Bob,Fox,bob{week}@fox.com,Eva,\n"
    Path(f"week{week}.csv").write_text(HEAD + rows, encoding="utf-8")
    (summary,) = program.rows("import", f"week{week}.csv", "--as-of", day)
    return str(summary["updated"])


def tell(program: Program) -> tuple[str, str]:
    lead = program.rows("show", "1")
    return lead["owner"], lead["title"]


def test_the_same_words_change_nothing(export: Program) -> None:
    assert import_week(export, 2, "Tina", "Clerk") == "0"
    assert tell(export) == ("Anna", "CEO")
    export.done("db", "check")


def test_a_new_word_counts_and_its_repetition_too(export: Program) -> None:
    import_week(export, 2, "Tina", "Director")
    assert tell(export) == ("Anna", "Director")
    import_week(export, 3, "Anna", "Director")
    assert import_week(export, 4, "Tina", "Director") == "1"
    assert tell(export) == ("Tina", "Director")
    export.done("db", "check")


def test_an_import_whose_words_were_no_news_is_taken_back(export: Program) -> None:
    import_week(export, 2, "Tina", "Clerk")
    export.done("undo", "2", "--as-of", "2026-10-09")
    assert tell(export) == ("Anna", "CEO")
    export.done("undo", "1", "--as-of", "2026-10-09")
    export.done("db", "check")
