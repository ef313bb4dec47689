"""Adding a lead by hand."""

from __future__ import annotations

import pytest
from program import DAY, Program


def test_a_lead_is_added_completed_and_taken_back(program: Program) -> None:
    def add(*words: str) -> dict[str, object]:
        (row,) = program.rows("add", *words, *DAY)
        return row

    assert add("--name", "Ann Lee", "--email", "Ann@Acme.io") == {"id": 1, "outcome": "created", "batch": 1}
    assert add("--email", "ann@acme.io", "--title", "CEO", "--set", "budget=20k EUR") == {
        "id": 1,
        "outcome": "updated",
        "batch": 2,
    }
    assert add("--email", "ann@acme.io", "--title", "CEO")["outcome"] == "unchanged"
    lead = program.rows("show", "1", *DAY)
    assert (lead["name"], lead["title"], lead["budget"], lead["budget_currency"]) == ("Ann Lee", "CEO", 20000, "EUR")
    assert lead["events"][0]["text"] == "added by hand (batch 1)"
    program.done("undo", "2")
    assert program.rows("show", "1", *DAY)["title"] == "CEO", "the third one said so too"
    program.done("undo", "3")
    assert program.rows("show", "1", *DAY)["title"] is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "nothing to add"),
        (("--set", "budget"), 2, 'invalid value "budget" for --set: expected FIELD=VALUE'),
        (("--name", "Ann", "--set", "bugdet=3k"), 2, '"budget"'),
        (("--name", "Ann", "--set", "created=03/04/2026"), 2, 'ambiguous date "03/04/2026"'),
        (("--phone", "030 1234567", "--region", "Germany"), 2, "--region"),
        (("--title", "CEO"), 1, "no name, company, phone, id or usable e-mail address"),
    ],
)
def test_what_cannot_be_added_is_refused_and_leaves_nothing(
    program: Program, words: tuple[str, ...], code: int, said: str
) -> None:
    refused = program("add", *words, *DAY)
    assert refused.code == code
    assert said in refused.err
    program("add", "--name", "Ann", *DAY)
    assert len(program.rows("imports")) == 1


def test_a_phone_number_is_of_the_region_in_whatever_letters(program: Program) -> None:
    program.done("add", "--phone", "030 1234567", "--region", "de", *DAY)
    assert program.rows("leads", *DAY)[0]["phone"] == "+49301234567"
