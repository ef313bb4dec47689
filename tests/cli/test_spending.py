"""What sources cost, from the command line: lines are recorded, and stand beside the leads that they brought."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from program import Program

from leadtriage.cli.framework.reference import ROW_KEYS

AS_OF = ("--as-of", "2026-11-18")

LEADS = """\
Name,Email,Source,Campaign,Created,Need
Ada Alm,ada@alm.example,Web,Spring,2026-10-02,a CRM for twenty people
Bea Bo,bea@bo.example,web,Spring,2026-10-03,a CRM
Cai Chi,cai@chi.example,Web,,2026-10-20,a CRM
Dan Dee,dan@dee.example,Web,,2026-10-21,a CRM
Eva Ek,eva@ek.example,Web,,2026-10-22,a CRM
Fay Fox,fay@fox.example,Web,,2026-11-02,a CRM
Gus Gil,gus@gil.example,Fair,,2026-11-03,a CRM
Hal Hue,hal@hue.example,Fair,,2026-11-04,a CRM
Ida Ibs,ida@ibs.example,,,2026-11-05,a CRM
"""

VERDICTS = "id,verdict,verdict_reason\n3,junk,spam\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs it leaves its database for the others."""
    return tmp_path_factory.mktemp("spending") / "leadtriage.db"


@pytest.fixture
def world(program: Program, tmp_path: Path, kept: Path) -> Program:
    """Nine leads and what became of them, by the criteria of the example, by which none of them is qualified."""
    if not kept.exists():
        make_world(program, tmp_path)
        shutil.copy("leadtriage.db", kept)
    shutil.copy(kept, tmp_path / "leadtriage.db")
    return program


def make_world(program: Program, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text(LEADS, encoding="utf-8")
    (tmp_path / "verdicts.csv").write_text(VERDICTS, encoding="utf-8")
    program.done("import", "leads.csv", "--as-of", "2026-11-06")
    program.done("score", "--as-of", "2026-11-06")
    for command in (
        ("junk", "--flag", "3", "--reason", "spam"),
        ("junk", "--verdicts", "verdicts.csv"),
        ("junk", "--flag", "4", "--reason", "no_fit"),
        ("close", "1", "won", "--value", "12000 USD"),
        ("close", "2", "won", "--value", "1000 EUR"),
        ("qualify", "5", "--reason", "has a budget"),
        ("close", "7", "won", "--value", "5000 SEK"),
        ("close", "8", "won"),
    ):
        program.done(*command, "--by", "Ann", *AS_OF)
    for line in (
        ("Web", "900", "--month", "2026-10"),
        ("WEB", "100 EUR", "--month", "2026-10", "--campaign", "spring"),
        ("Web", "-60", "--month", "2026-10", "--note", "credit"),
        ("Fair", "300", "--month", "2026-11"),
        ("Radio", "50", "--month", "2026-09"),
    ):
        program.done("spend", "add", *line, "--by", "Ann", *AS_OF)


def test_the_numbers_are_those_worked_out_by_hand(world: Program) -> None:
    rows = world.rows("report", "sources", *AS_OF)
    assert ", ".join(rows[0]) == ROW_KEYS["report sources"]

    # Web: leads 1 to 6. Lead 3 was reviewed as junk: 1/6 = 0.1667; Wilson for 1 of 6, z = 1.96: z²/6 = 0.64027,
    # (0.16667 + 0.32013) / 1.64027 = 0.29678, half 1.96·√(0.13889/6 + 0.64027/6/4) / 1.64027 = 0.26673: 0.0301, 0.5635.
    # Lead 4 waits for a review. Qualified: 1 and 2 by having been won, 5 by Ann's word. Worth 12,000 + 1,000 · 1.1.
    # Spent 900 + 100 · 1.1 - 60 = 950: per lead 950/6 = 158.33, per qualified 950/3 = 316.67, per win 475.
    # Return (13,100 - 950) / 950 = 12.7895, of two wins only.
    assert rows[0] == {
        "source": "Web",
        "campaign": None,
        "leads": 6,
        "junk_reviewed": 1,
        "junk_nominated": 1,
        "junk_rate": 0.1667,
        "junk_low": 0.0301,
        "junk_high": 0.5635,
        "qualified": 3,
        "won": 2,
        "value": 13100.0,
        "spend": 950.0,
        "cost_per_lead": 158.33,
        "cost_per_qualified": 316.67,
        "cost_per_win": 475.0,
        "return": 12.7895,
        "note": "return rests on 2 wins",
    }

    # Fair: 7 won for a currency without a rate, 8 for nobody knows how much. Of November 18 of 30 days have passed:
    # 300 · 18/30 = 180, 90 for each of the two leads.
    assert rows[1]["source"] == "Fair"
    assert (rows[1]["won"], rows[1]["value"], rows[1]["return"], rows[1]["junk_rate"]) == (2, None, None, None)
    assert (rows[1]["spend"], rows[1]["cost_per_lead"], rows[1]["cost_per_win"]) == (180.0, 90.0, 90.0)
    assert rows[1]["note"] == (
        "no junk rate below 5 leads; amounts in SEK have no rate; spend of 2026-11 counts for 18 of 30 days; "
        "1 of 2 wins without a value"
    )

    # Lead 9 has no source; Radio cost something and brought nobody.
    assert [row["source"] for row in rows[2:]] == [None, "Radio"]
    assert (rows[2]["leads"], rows[2]["spend"], rows[2]["value"]) == (1, None, 0.0)
    assert rows[2]["note"] == "no junk rate below 5 leads; no spend recorded"
    assert (rows[3]["leads"], rows[3]["spend"], rows[3]["cost_per_lead"], rows[3]["return"]) == (0, 50.0, None, -1.0)
    assert rows[3]["note"] == "no lead came in; return rests on no win"

    # Spent in all 950 + 180 + 50 = 1,180, of which 50 for Radio: 4 %. No source has five qualified leads.
    text = world.done("report", "sources", *AS_OF).out
    assert "Sources, sums in USD" in text
    assert "4% of the spend went where no lead is won yet: 50.00 of 1,180.00 USD." in text
    assert "cheapest" not in text
    assert "1279% (2 wins)" in text


def test_a_campaign_has_a_row_of_its_own(world: Program) -> None:
    rows = world.rows("report", "sources", "--by", "campaign", "--source", "web", *AS_OF)
    # Of Web 4 leads came by no campaign, which cost 900 - 60, and 2 by Spring, which cost 100 EUR.
    told = [(row["source"], row["campaign"], row["leads"], row["won"], row["spend"], row["value"]) for row in rows]
    assert told == [("Web", None, 4, 0, 840.0, 0.0), ("Web", "Spring", 2, 2, 110.0, 13100.0)]
    (spring,) = world.rows("report", "sources", "--campaign", "SPRING", *AS_OF)
    assert (spring["campaign"], spring["leads"], spring["spend"]) == (None, 2, 110.0)


def test_a_period_cuts_leads_and_spend_alike(world: Program) -> None:
    # 11 of October's 31 days: 950 · 11/31 = 337.097, for leads 3, 4 and 5.
    (web,) = world.rows("report", "sources", "--since", "2026-10-15", "--until", "2026-10-25", *AS_OF)
    assert (web["leads"], web["qualified"], web["spend"], web["cost_per_lead"]) == (3, 1, 337.10, 112.37)
    assert "spend of 2026-10 counts for 11 of 31 days" in web["note"]


def test_nobody_knows_what_the_leads_of_one_owner_cost(world: Program) -> None:
    rows = world.rows("report", "sources", "--owner", "", *AS_OF)
    assert [row["source"] for row in rows] == ["Web", "Fair", None]
    assert {row["spend"] for row in rows} == {None}
    assert all("no spend by owner" in row["note"] for row in rows)


@pytest.mark.parametrize(
    ("source", "number", "command"),
    [
        ("Web", "leads", ("leads",)),
        ("Web", "junk_reviewed", ("leads", "--stage", "junk")),
        ("Web", "junk_nominated", ("junk",)),
        ("Web", "qualified", ("leads", "--step", "qualified")),
        ("Web", "won", ("leads", "--step", "won")),
        ("Fair", "won", ("leads", "--step", "won")),
        ("", "leads", ("leads",)),
    ],
)
def test_each_number_is_the_length_of_a_list(world: Program, source: str, number: str, command: Any) -> None:
    period = ("--since", "2026-10-01", "--until", "2026-11-30", *AS_OF)
    (row,) = world.rows("report", "sources", "--source", source, *period)
    listed = world.rows(*command, "--source", source, "--all", *period)
    assert len(listed) == row[number] > 0


def test_spend_is_the_sum_of_a_list(world: Program) -> None:
    lines = world.rows("spend", "--source", "web", "--since", "2026-10-01", "--until", "2026-10-31")
    assert ", ".join(lines[0]) == ROW_KEYS["spend"]
    assert [(line["month"], line["amount"], line["currency"], line["campaign"]) for line in lines] == [
        ("2026-10", -60.0, "USD", None),
        ("2026-10", 100.0, "EUR", "spring"),
        ("2026-10", 900.0, "USD", None),
    ]
    assert (lines[0]["note"], lines[0]["by"], lines[0]["at"][:10]) == ("credit", "Ann", "2026-11-18")
    shown = world.done("spend", "list", "--limit", "2")
    assert "In all 100.00 EUR, 1,190.00 USD." in shown.out
    assert "showing 2 of 5" in shown.err
    assert [line["source"] for line in world.rows("spend", "--campaign", "Spring")] == ["WEB"]
    assert [line["source"] for line in world.rows("spend", "--until", "2026-09-01")] == ["Radio"]


def test_a_name_that_no_lead_has_is_told(world: Program) -> None:
    ran = world.done("spend", "add", "Webb", "10", "--month", "2026-12", "--campaign", "Sprng", *AS_OF)
    assert "warning: 2026-12 is in the future" in ran.err
    assert "warning: no lead has the source “Webb”; did you mean “Web”?" in ran.err
    assert "warning: no lead has the campaign “Sprng”; did you mean “Spring”?" in ran.err
    assert "no lead has" not in world.done("spend", "add", "fair", "10", "--month", "2026-10").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Web", "5k-10k", "--month", "2026-10"), 'not an amount of money: "5k-10k": not one exact sum'),
        (("Web", "much", "--month", "2026-10"), 'not an amount of money: "much"'),
        (("Web", "", "--month", "2026-10"), "no amount is given"),
        (("Web", "1.234", "--month", "2026-10"), "1.234 may be 1234 or 1.234"),
        (("Web", "5 EUR", "--month", "2026-10", "--currency", "USD"), 'two currencies: "5 EUR" is in EUR, not in USD'),
        (("Web", "5", "--month", "2026-10", "--currency", "florins"), 'currency not recognised: "florins"'),
        (("Web", "5", "--month", "2026-10", "--currency", "kr"), 'ambiguous currency "kr"'),
        (("Web", "5", "--month", "03/04/2026"), "it may be 2026-03 or 2026-04"),
        (("Web", "5", "--month", "October"), 'month not recognised: "October"'),
        ((" ", "5", "--month", "2026-10"), "no source is given"),
        (("Web", "5"), "Missing option '--month'"),
        (("Web", "-5", "--month", "2026-10", "--mont", "x"), "No such option"),
    ],
)
def test_what_cannot_be_meant_is_refused(program: Program, words: tuple[str, ...], said: str) -> None:
    program.done("init")
    ran = program("spend", "add", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert program.rows("spend") == []


def test_sums_below_0_are_no_options(program: Program) -> None:
    program.done("init")
    for written in ("-200", "-.5", "-1,200.50", "-50 chf", "(7)", "USD -3"):
        program.done("spend", "add", "Web", written, "--month", "2026-10")
    told = [(line["amount"], line["currency"]) for line in reversed(program.rows("spend"))]
    assert told == [(-200, "USD"), (-0.5, "USD"), (-1200.5, "USD"), (-50, "CHF"), (-7, "USD"), (-3, "USD")]


@pytest.mark.parametrize(
    "words",
    [
        ("Ads", "-100", "--month", "2026-10", "--campaign", "-10off", "--note", "-5 credit"),
        ("--campaign", "-10off", "Ads", "--note", "-5 credit", "-100", "--month", "2026-10"),
        ("--note=-5 credit", "--month", "2026-10", "--campaign", "-10off", "--", "Ads", "-100"),
    ],
)
def test_only_the_amount_is_a_sum_below_0(program: Program, words: tuple[str, ...]) -> None:
    program.done("init")
    program.done("spend", "add", *words)
    (line,) = program.rows("spend")
    assert (line["source"], line["amount"], line["campaign"], line["note"]) == ("Ads", -100, "-10off", "-5 credit")


def test_a_file_is_recorded_once(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "spend.csv"
    path.write_text("month,source,campaign,amount,currency\n2026-10,Web,,900,USD\n2026-10,Web,,much,USD\n")
    program.done("init")
    tried = program("spend", "import", "spend.csv", "--dry-run", "--format", "json")
    assert (tried.code, program.rows("spend"), list(tmp_path.glob("*.rejects*"))) == (3, [], [])
    ran = program("spend", "import", "spend.csv", "--format", "json")
    assert ran.code == 3
    assert ran.rows == tried.rows
    assert ", ".join(ran.rows[0]) == ROW_KEYS["spend import"]
    assert ran.rows[0] == {"file": "spend.csv", "rows": 2, "created": 1, "unchanged": 0, "rejected": 1, "warnings": 0}
    assert 'warning: line 3 rejected: not an amount of money: "much"' in ran.err
    rejects = tmp_path / "spend.csv.rejects.csv"
    again = program("spend", "import", "spend.csv", "--format", "json")
    assert (again.rows[0]["created"], again.rows[0]["unchanged"], again.rows[0]["rejected"]) == (0, 1, 1)
    assert "imported this file on" in again.err

    # The rejected row, mended, is recorded; so is what a mended whole file has more than that.
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("much", "90"), encoding="utf-8")
    assert program.rows("spend", "import", rejects.name)[0]["created"] == 1
    path.write_text(path.read_text().replace("much", "90") + "2026-11,Web,,70,USD\n2026-10,Web,,900,USD\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    (mended,) = program.rows("spend", "import", "-")
    assert (mended["created"], mended["unchanged"], mended["rejected"]) == (2, 2, 0)
    assert sorted(line["amount"] for line in program.rows("spend")) == [70, 90, 900, 900]


def test_what_a_file_adds_to_is_told(world: Program, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("month,source,cost\n2026-10,Web,5\n2026-10,Web,900\n2027-01,Web,6\n")
    ran = world.done("spend", "import", "more.csv", "--format", "json", *AS_OF)
    assert "2 amounts have no currency" not in ran.err
    assert "3 amounts have no currency, taken as USD (if not: add --currency)" in ran.err
    assert "new lines add to stored ones of 2026-10 Web (list them: leadtriage spend list)" in ran.err
    assert "1 line is stored already" in ran.err
    assert "2027-01 is in the future" in ran.err
    assert (ran.rows[0]["created"], ran.rows[0]["unchanged"], ran.rows[0]["warnings"]) == (2, 1, 3)


def test_our_own_list_adds_nothing(world: Program, tmp_path: Path) -> None:
    listed = world.done("spend", "--format", "csv").out
    (tmp_path / "own.csv").write_text(listed, encoding="utf-8", newline="")
    (own,) = world.rows("spend", "import", "own.csv")
    assert (own["created"], own["unchanged"], own["rejected"]) == (0, 5, 0)
    assert world.done("spend", "--format", "csv").out == listed


def test_a_file_without_what_is_needed_is_refused(program: Program, tmp_path: Path) -> None:
    program.done("init")
    (tmp_path / "ads.csv").write_text("Campaign name,Amount spent (EUR)\nSpring,120.50\nAutumn,80\n")
    ran = program("spend", "import", "ads.csv")
    assert ran.code == 1
    assert "it has no column month and no column source, only: Campaign name, Amount spent (EUR)" in ran.err
    program.done("spend", "import", "ads.csv", "--source", "Ads", "--month", "2026-10")
    told = [(line["source"], line["campaign"], line["amount"], line["currency"]) for line in program.rows("spend")]
    assert told == [("Ads", "Autumn", 80.0, "EUR"), ("Ads", "Spring", 120.5, "EUR")]
