"""A review, held by a script on the sample's candidates: what each key does, and that nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from program import DAY, Program
from sessions import Answer, ScriptedSession
from sqlalchemy import Engine, select

from leadtriage.actions import Contact, Judgement, judge, log_contact
from leadtriage.cli.review.junk import AuditReview, JunkReview
from leadtriage.cli.review.session import EndOfInput, Reviewer, hold
from leadtriage.core.context import Act
from leadtriage.core.vocabulary import TouchKind, VerdictWord
from leadtriage.criteria import example_criteria
from leadtriage.db import Event, Lead, Verdict, open_database, reading, table
from leadtriage.rendering import Screen, draw_card
from leadtriage.reports.lists import list_candidate_ids
from leadtriage.reports.query import Filters

AS_OF = date(2026, 11, 20)
RETURN = "\n"
SPAM = ["j", "h", ""]
"""Junk, with the reason spam and no note."""


def act_by(name: str) -> Act:
    at = datetime.combine(AS_OF, datetime.min.time()).replace(hour=14, minute=3)
    return Act(name, AS_OF, at, at)


@pytest.fixture
def engine(sample: Program) -> Iterator[Engine]:
    opened = open_database("leadtriage.db")
    yield opened
    opened.dispose()


def candidates(engine: Engine, filters: Filters | None = None) -> list[int]:
    with reading(engine) as connection:
        return list_candidate_ids(connection, filters or Filters())


def rows_of(engine: Engine, model: Any, lead_id: int | None = None) -> list[dict[str, Any]]:
    rows = table(model)
    with reading(engine) as connection:
        found = [dict(row) for row in connection.execute(select(rows)).mappings()]
    return [row for row in found if lead_id is None or row.get("lead_id", row.get("id")) == lead_id]


def verdicts(engine: Engine) -> list[tuple[int, str, str | None, str | None]]:
    """What stands, in the order in which it was said."""
    stands = [row for row in rows_of(engine, Verdict) if row["withdrawn_at"] is None]
    return [
        (row["lead_id"], row["verdict"], row["reason"], row["note"]) for row in sorted(stands, key=lambda r: r["id"])
    ]


def reviewer(session: ScriptedSession, engine: Engine, by: str) -> Reviewer:
    return Reviewer(session, engine, example_criteria(), lambda: act_by(by))


def hold_review(
    engine: Engine, *script: Answer, lead_ids: list[int] | None = None, by: str = "Maria"
) -> tuple[ScriptedSession, JunkReview]:
    """Hold a review that ends with its script or its candidates."""
    session = ScriptedSession(list(script))
    held = JunkReview(reviewer(session, engine, by), candidates(engine) if lead_ids is None else lead_ids)
    hold(held.run)
    return session, held


def test_each_key_stores_its_verdict_and_goes_on(engine: Engine) -> None:
    ids = candidates(engine)
    script: list[Answer] = ["j", RETURN, "as it says", "r", "g", "", "n", "next monday", "a", "2", "s", "q"]
    session, held = hold_review(engine, *script)
    assert verdicts(engine) == [
        (ids[0], "junk", "test", "as it says"),
        (ids[1], "rescue", "bad_data", None),
        (ids[2], "nurture", None, None),
        (ids[3], "ask", None, None),
    ]
    leads = {lead_id: rows_of(engine, Lead, lead_id)[0] for lead_id in ids}
    assert [leads[lead_id]["stage"] for lead_id in ids[:5]] == ["junk", "working", "nurture", "new", "new"]
    assert leads[ids[2]]["nurture_until"] == date(2026, 11, 23)
    assert leads[ids[3]]["ask_for"] == "Signs off"
    assert [corner for _, corner in session.shown] == [f"{place} of {len(ids)}" for place in range(1, 7)]
    assert held.left == len(ids) - 5
    assert session.told[0] == "stored: junk, test: asdf asdf, asdf"


def test_what_matters_is_on_the_card(engine: Engine) -> None:
    session, _ = hold_review(engine)
    first, shown = session.cards[0], draw_card(session.cards[0], Screen())
    assert [part.title for part in first.tables if part.rows] == [
        "Junk candidate, because",
        "Score: 14 points, potential 84, 23% known, grade D?",
        "Missing answers could lift it to 84, grade A",
        "History, the latest first",
    ]
    for part in ("asdf@asdf.com", "18 days ago", "the criteria: name test", "Which budget is set aside", "leads.csv"):
        assert part in shown


@pytest.mark.parametrize(
    ("cells", "place"), [(",Kolkata", "Kolkata"), ("India,Kolkata", "Kolkata, IN"), ("India,", "IN"), (",", None)]
)
def test_the_card_says_where_the_lead_is(program: Program, cells: str, place: str | None) -> None:
    Path("leads.csv").write_text(f"Name,Email,Country,City\nasdf asdf,asdf@asdf.com,{cells}\n", encoding="utf-8")
    program.done("import", "leads.csv", *DAY)
    program.done("score", *DAY)
    opened = open_database("leadtriage.db")
    session, _ = hold_review(opened)
    opened.dispose()
    assert dict(session.cards[0].facts).get("Place") == place


def test_the_highest_ceiling_comes_first(engine: Engine) -> None:
    session, _ = hold_review(engine, *["s"] * 9)
    scores = [card.tables[1].title for card in session.cards]
    reach = [int(title.split("potential ")[1].split(",")[0]) for title in scores]
    assert reach == sorted(reach, reverse=True)
    assert len(reach) == 9


@pytest.mark.parametrize("leaving", [EndOfInput(), KeyboardInterrupt()])
@pytest.mark.parametrize("unfinished", [[], ["j"], ["j", "h"], ["n"], ["a"], ["f"]], ids=str)
def test_leaving_at_any_question_loses_nothing(
    engine: Engine, leaving: BaseException, unfinished: list[Answer]
) -> None:
    ids = candidates(engine)
    session, held = hold_review(engine, *SPAM, *SPAM, *unfinished, leaving)
    assert [row[0] for row in verdicts(engine)] == ids[:2]
    assert len(held.steps) == 2
    assert held.left == len(ids) - 2
    assert not session.script


def test_ctrl_c_is_told_from_the_end_of_input() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    def end() -> None:
        raise EndOfInput

    assert (hold(interrupt), hold(end), hold(lambda: None)) == (130, 0, 0)


def test_undo_takes_the_last_verdict_back_and_shows_that_lead_again(engine: Engine) -> None:
    ids = candidates(engine)
    session, held = hold_review(engine, *SPAM, *SPAM, "u", "u", "u", "r", "b", "", "q")
    assert verdicts(engine) == [(ids[0], "rescue", "no_budget", None)]
    assert [corner.split()[0] for _, corner in session.shown] == ["1", "2", "3", "2", "1", "1", "2"]
    assert "undone: junk, spam" in session.told
    assert "nothing to undo in this review" in session.told
    assert len(held.steps) == 1


def test_undo_goes_back_to_a_skipped_lead(engine: Engine) -> None:
    ids = candidates(engine)
    hold_review(engine, "s", "u", *SPAM, "q")
    assert [row[0] for row in verdicts(engine)] == ids[:1]


def test_undo_takes_back_nothing_that_was_done_elsewhere(engine: Engine) -> None:
    other = next(
        row["id"] for row in rows_of(engine, Lead) if row["stage"] == "new" and row["id"] not in candidates(engine)
    )

    def call() -> None:
        log_contact(engine, example_criteria(), act_by("Maria"), other, Contact(TouchKind.CALL))

    ids = candidates(engine)
    session, held = hold_review(engine, *SPAM, call, "u", "q")
    assert [row[0] for row in verdicts(engine)] == ids[:1]
    assert any("something else since" in sentence for sentence in session.told)
    assert len(held.steps) == 1
    assert not [row for row in rows_of(engine, Event, other) if row["undoes"] is not None]


def test_two_reviewers_never_both_decide_one(engine: Engine) -> None:
    ids = candidates(engine)

    def decide_two() -> None:
        junk = Judgement(VerdictWord.JUNK, "no_fit")
        for lead_id in ids[:2]:
            judge(engine, example_criteria(), act_by("Sam"), [lead_id], junk)

    session, _ = hold_review(engine, decide_two, "r", "a", "", *SPAM, "q")
    assert [row[:3] for row in verdicts(engine)] == [
        (ids[0], "junk", "no_fit"),
        (ids[1], "junk", "no_fit"),
        (ids[2], "junk", "spam"),
    ]
    assert session.told[:2] == [
        f"lead {ids[0]}: Sam called it junk at 14:03; nothing was stored",
        f"lead {ids[1]} no longer needs a verdict: Sam called it junk at 14:03",
    ]


def test_an_answer_that_is_none_is_asked_again(engine: Engine) -> None:
    ids = candidates(engine)
    script: list[Answer] = ["n", "some day", "3w", "j", "/", "spamm", "/", "scraped list", "", "j", "s", "", "q"]
    session, _ = hold_review(engine, *script)
    assert [row[1:3] for row in verdicts(engine)] == [
        ("nurture", None),
        ("junk", "scraped_list"),
        ("junk", "scraped_list"),
    ]
    assert rows_of(engine, Lead, ids[0])[0]["nurture_until"] == date(2026, 12, 11)
    assert any("not a day: 'some day'" in sentence for sentence in session.told)
    assert any("did you mean spam" in sentence for sentence in session.told)


def test_thinking_better_of_it_stores_nothing(engine: Engine) -> None:
    session, held = hold_review(engine, "j", "-", "r", "\x1b", "n", "", "a", "-", "f", "?", "q")
    assert (verdicts(engine), held.steps) == ([], [])
    assert {corner for _, corner in session.shown} == {"1 of 9"}
    assert "q  quit: verdicts are stored already" in session.explained


def test_all_of_a_lead_is_looked_at_without_leaving(engine: Engine) -> None:
    session, _ = hold_review(engine, "l", "q")
    assert [part.title for part in session.paged[0].tables][1] == "Why this score"


@pytest.fixture
def flood(sample: Program, tmp_path: Path) -> Engine:
    """A dozen leads more that nothing but one rule nominates, three of them another's."""
    lines = [
        "name,email,need,owner",
        *(f"Seller {n},s{n}@s{n}.example.com,we sell backlinks,{'Sam' if n < 3 else ''}" for n in range(12)),
    ]
    (tmp_path / "flood.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sample.done("import", "flood.csv", "--as-of", "2026-11-20")
    sample.done("score", "--as-of", "2026-11-20")
    return open_database("leadtriage.db")


def sellers(engine: Engine) -> list[int]:
    return [row["id"] for row in rows_of(engine, Lead) if (row["name"] or "").startswith("Seller")]


def test_one_verdict_for_all_that_only_one_thing_nominates(flood: Engine) -> None:
    alike = sellers(flood)
    session, held = hold_review(flood, "f", "j", RETURN, "a flood", "y", "q", lead_ids=alike[3:5])
    assert len(alike) == 12
    decided = [row[0] for row in verdicts(flood)]
    assert set(alike) < set(decided)
    assert len(decided) == 13
    assert {row[1:] for row in verdicts(flood)} == {("junk", "selling_to_us", "a flood")}
    assert session.explained[0].startswith("13 candidates flagged only as selling_to_us: need says")
    assert all("(lead " in line for line in session.explained[1:6])
    assert session.explained[6] == "  and 8 more"
    assert session.awaited == ["looking for leads flagged only for this ...", "storing 13 verdicts ..."]
    assert held.left == 0


def test_a_flood_is_taken_back_at_once(flood: Engine) -> None:
    alike = sellers(flood)
    session, held = hold_review(flood, "f", "r", "a", "", "y", "u", "q", lead_ids=[alike[0], 26, alike[1]])
    assert (verdicts(flood), held.steps) == ([], [])
    assert session.told[-1] == "undone: rescue, no_fit of 13 leads"
    assert session.shown[-1][1] == "1 of 3"


def test_a_flood_keeps_to_the_leads_that_were_chosen(flood: Engine) -> None:
    filters = Filters(owner="Sam")
    session = ScriptedSession(["f", "j", RETURN, "", "y"])
    chosen = candidates(flood, filters)
    hold(JunkReview(reviewer(session, flood, "Maria"), chosen, filters).run)
    assert [row[0] for row in verdicts(flood)] == chosen
    assert len(chosen) == 3


def test_candidates_beyond_the_limit_are_left(engine: Engine) -> None:
    ids = candidates(engine)
    session = ScriptedSession(["s", "s", "q"])
    held = JunkReview(reviewer(session, engine, "Maria"), ids, limit=2)
    hold(held.run)
    assert [corner for _, corner in session.shown] == ["1 of 2", "2 of 2"]
    assert held.left == len(ids) - 2 > 0


def test_a_flood_leaves_out_what_was_skipped(flood: Engine) -> None:
    alike = sellers(flood)
    session, _ = hold_review(flood, "s", "f", "j", RETURN, "", "y", lead_ids=alike)
    assert set(alike) - {row[0] for row in verdicts(flood)} == {alike[0]}
    assert session.explained[0].startswith("12 candidates")


def test_no_flood_without_a_yes_or_another_lead(flood: Engine) -> None:
    alike = sellers(flood)
    hold_review(flood, "f", "j", RETURN, "", "n", "q", lead_ids=alike)
    session, _ = hold_review(flood, "f", "q", lead_ids=[27])
    assert verdicts(flood) == []
    assert session.told == ["no other candidate is flagged only for this"]


def test_a_lead_that_two_things_nominate_is_no_flood(engine: Engine) -> None:
    session, _ = hold_review(engine, "f", "q", lead_ids=[25])
    assert session.told == ["flagged 2 times; [f] is for leads flagged once"]


def test_nothing_is_decided_twice_after_a_flood(flood: Engine) -> None:
    alike = sellers(flood)
    session, _ = hold_review(flood, "f", "j", RETURN, "", "y", "s", lead_ids=[*alike, 28])
    assert [corner for _, corner in session.shown] == ["1 of 13", "13 of 13"]


def second_look(engine: Engine, *script: Answer, lead_ids: list[int]) -> tuple[ScriptedSession, AuditReview]:
    session = ScriptedSession(list(script))
    held = AuditReview(reviewer(session, engine, "Ines"), lead_ids)
    hold(held.run)
    return session, held


def test_a_second_look_is_blind_and_changes_no_lead(engine: Engine) -> None:
    ids = candidates(engine)
    hold_review(engine, *["j", "h", "sold us lists"] * 9)
    before = [rows_of(engine, Lead, lead_id) for lead_id in ids]
    session, held = second_look(engine, "j", "h", "", "r", "a", "a pity", "n", "", "a", "", "s", "q", lead_ids=ids)
    assert [rows_of(engine, Lead, lead_id) for lead_id in ids] == before
    looks = sorted((row for row in rows_of(engine, Verdict) if row["kind"] == "audit"), key=lambda row: row["id"])
    assert [(row["lead_id"], row["verdict"], row["reason"], row["by"]) for row in looks] == [
        (ids[0], "junk", "spam", "Ines"),
        (ids[1], "rescue", "no_fit", "Ines"),
        (ids[2], "nurture", None, "Ines"),
        (ids[3], "ask", None, "Ines"),
    ]
    assert len(held.steps) == 5
    for card in session.cards:
        shown = draw_card(card, Screen())
        for giveaway in ("junk", "spam", "sold us lists", "flagged", "Maria", "Unqualified", "nominat", "closed"):
            assert giveaway not in shown


def test_a_second_look_passes_what_is_no_junk_any_more(engine: Engine) -> None:
    ids = candidates(engine)
    hold_review(engine, *SPAM, "q")
    session, held = second_look(engine, lead_ids=ids[:2][::-1])
    assert session.told == [f"lead {ids[1]} is no longer junk"]
    assert held.left == 1


@pytest.mark.parametrize("options", [("--review",), ("--audit", "3", "--review")])
def test_without_a_terminal_the_way_by_a_file_is_named(
    sample: Program, engine: Engine, options: tuple[str, ...]
) -> None:
    hold_review(engine, *SPAM)
    ran = sample("junk", *options)
    assert ran.code == 2
    assert "--verdicts FILE" in ran.err
    assert ran.out == ""
