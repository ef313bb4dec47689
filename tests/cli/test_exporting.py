"""What an export writes of sums, what it refuses to write, and what it says where it writes nothing."""

from __future__ import annotations

import csv
from pathlib import Path

from program import DAY, Program


def test_what_excel_cannot_hold_is_refused_and_nothing_is_written(program: Program) -> None:
    with Path("leads.csv").open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["Email", "Notes"], ["a@acme.io", "short"], ["b@acme.io", "long " * 7_000]])
    program.done("import", "leads.csv", *DAY)
    Path("old.xlsx").write_bytes(b"an older export")
    for name, force in (("new.xlsx", ()), ("old.xlsx", ("--force",))):
        refused = program("export", name, *force, *DAY)
        assert refused.code == 1
        assert "leadtriage_id 2, column Notes: 35,000 characters" in refused.err and ".csv" in refused.err
    assert sorted(path.name for path in Path().iterdir()) == ["leads.csv", "leadtriage.db", "old.xlsx"]
    assert Path("old.xlsx").read_bytes() == b"an older export"
    program.done("export", "new.csv", *DAY)
    assert "long " * 7_000 in Path("new.csv").read_text(encoding="utf-8") + " "


def test_what_a_win_is_worth_is_a_text_with_its_currency(sample: Program) -> None:
    sample.done("close", "1", "won", "--value", "3704", *DAY)
    sample.done("close", "2", "won", "--value", "12kEUR", *DAY)
    sample.done("export", "won.csv", "--stage", "won", *DAY)
    with Path("won.csv").open(encoding="utf-8-sig", newline="") as opened:
        worth = {row["leadtriage_id"]: row["outcome_value"] for row in csv.DictReader(opened)}
    assert (worth["1"], worth["2"]) == ("3704.00 USD", "12000.00 EUR")


def test_a_name_that_no_lead_has_is_told(sample: Program) -> None:
    for file in ("none.csv", "-"):
        ran = sample.done("export", file, "--owner", "Ana Berg", "--quiet", *DAY)
        assert ran.err == "warning: no lead has the owner “Ana Berg”; did you mean “Anna Berg”?\n"
    assert sample.done("export", "some.csv", "--owner", "Anna Berg", "--quiet", *DAY).err == ""
