"""The digest on the command line: what cron gets, and when it gets nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import DAY, Program

LATER = ("--as-of", "2030-01-01")


def test_the_sample_as_markdown_and_html(sample: Path, program: Program) -> None:
    ran = program.done("digest", *DAY)
    assert ran.out.startswith("# All leads, Fri 20 Nov 2026\n\n**Overdue**\n\n| Id | Name |")
    html = program.done("digest", "--owner", "Anna Berg", "--format", "html", *DAY)
    assert html.out.startswith("<!DOCTYPE html>")
    assert html.out.rstrip().endswith("</html>")
    assert "Leads of Anna Berg, Fri 20 Nov 2026" in html.out
    assert program.done("digest", *DAY).out == ran.out


@pytest.mark.parametrize("format", ["markdown", "html"])
def test_cron_gets_nothing_where_there_is_nothing_to_say(program: Program, format: str) -> None:
    Path("won.csv").write_text("Name,Email,Owner,Status\nEve,eve@firm.com,Cy Dent,Won\n", encoding="utf-8")
    program.done("import", "won.csv", *DAY)
    program.done("score", *DAY)
    quiet = program.done("digest", "--owner", "Cy Dent", "--quiet", "--format", format, *LATER)
    assert quiet.out == ""
    assert quiet.err == ""
    said = program.done("digest", "--owner", "Cy Dent", "--format", format, *LATER)
    assert "Nothing is overdue, back or to be reviewed." in said.out


def test_a_name_that_no_lead_has_is_told_even_when_quiet(sample: Path, program: Program) -> None:
    ran = program.done("digest", "--owner", "Ana Berg", "--quiet", *DAY)
    assert ran.out == ""
    assert "“Anna Berg”" in ran.err


def test_other_formats_are_refused(sample: Path, program: Program) -> None:
    assert program("digest", "--format", "csv").code == 2
