"""What people are told of dates that may be day or month first, and that the remedy it names is one."""

from __future__ import annotations

import shlex
from pathlib import Path

from program import Program

EITHER = "Name,Email,Created\nAnn Lee,ann@acme.io,03/04/2026\nBob Fox,bob@acme.io,05/06/2026\n"
DAY = ("--as-of", "2026-11-20")


def come_in(program: Program) -> list[str]:
    """The days on which the leads came in."""
    return sorted(lead["created"] for lead in program.rows("leads", *DAY))


def test_dates_that_may_be_either_are_told_with_what_helps(program: Program) -> None:
    Path("a.csv").write_text(EITHER, encoding="utf-8")
    assert "Created: dates may be day or month first, read day first (if not: --date-order month-first)" in (
        program.done("peek", "a.csv", *DAY).err
    )
    assert "(if not: --date-order month-first)" in program.done("import", "a.csv", "--dry-run", *DAY).err
    said = program.done("import", "a.csv", *DAY).err
    assert come_in(program) == ["2026-04-03", "2026-06-05"]
    undo, imported = said.partition("(if not: leadtriage ")[2].partition(")")[0].split(", then ")
    program.done(*shlex.split(undo), *DAY)
    program.done("import", "a.csv", *shlex.split(imported)[2:], *DAY)
    assert come_in(program) == ["2026-03-04", "2026-05-06"]


def test_peek_reads_dates_in_the_order_that_the_import_finds(program: Program) -> None:
    Path("a.csv").write_text(
        EITHER + "Cid Oak,cid@acme.io,11/12/2026\nDan Elm,dan@acme.io,05/16/2026\n", encoding="utf-8"
    )
    told = program.done("peek", "a.csv", *DAY).err
    assert "in the future" not in told and "may be" not in told
