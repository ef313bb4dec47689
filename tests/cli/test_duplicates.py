"""The command about duplicates, from the command line and as a review by keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from program import Program
from sessions import Answer, ScriptedSession
from sqlalchemy import Engine

from leadtriage.cli.framework.context import make_act
from leadtriage.cli.review.duplicates import BY_OPTION, PairReview
from leadtriage.cli.review.session import EndOfInput, Reviewer
from leadtriage.core.context import Act
from leadtriage.criteria import example_criteria
from leadtriage.db import open_database, reading
from leadtriage.matching import find_pairs
from leadtriage.rendering import Screen, draw_on_screen

MARIA = ("--as-of", "2026-11-20", "--by", "Maria")
FILE = """Id,Name,Email,Phone,Company,City,Owner
1,Zbigniew Brzezinski,zb@orbita.pl,+48 22 123 45 67,Orbita,Warsaw,Sam
2,Brzezinski Zbigniew,,+48 22 123 45 67,Orbita Ltd,Warsaw,
3,Quentin Okonkwo,quentin@lumen.example,+49 30 765432,Lumen,Berlin,Kim
4,Quentin Okonkvo,quentin.o@lumen.example,+49 30 765432,Lumen GmbH,,Kim
5,Ann Lee,ann@solo.example,,Solo,,
"""


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(FILE, encoding="utf-8")
    run = Program(capsys)
    run.done("import", "people.csv", *MARIA)
    run.done("score", *MARIA)
    return run


def test_the_list_says_who_and_why(program: Program) -> None:
    rows = program.rows("duplicates", *MARIA)
    assert sorted((row["a_id"], row["b_id"]) for row in rows) == [(1, 2), (3, 4)]
    (first,) = [row for row in rows if row["a_id"] == 1]
    assert list(first) == ["a_id", "b_id", "a_name", "b_name", "a_email", "b_email", "evidence", "confidence"]
    for said in ("same name in another order", "same phone", "same company", "same city"):
        assert said in first["evidence"]
    assert 0.8 <= first["confidence"] <= 1


def test_the_list_is_narrowed_cut_and_watched(program: Program) -> None:
    assert [row["a_id"] for row in program.rows("duplicates", "--owner", "Kim", *MARIA)] == [3]
    cut = program.done("duplicates", "--limit", "1", *MARIA)
    assert "showing 1 of 2" in cut.err
    assert program("duplicates", "--fail-if-any", *MARIA).code == 4
    assert program("duplicates", "--fail-if-any", "--owner", "Nobody", "--quiet", *MARIA).code == 0
    assert len(program.rows("duplicates", "--min-confidence", "0", *MARIA)) >= 2


def test_two_leads_are_merged_shown_and_taken_back(program: Program) -> None:
    (row,) = program.rows("duplicates", "--merge", "1", "2", "--take", "company=2", *MARIA)
    assert (row["id"], row["merged"], row["company"], row["taken"]) == (1, 2, "Orbita Ltd", "company")
    assert [row["a_id"] for row in program.rows("duplicates", *MARIA)] == [3]
    assert 2 not in [row["id"] for row in program.rows("leads", *MARIA)]
    told = [line["text"] for line in program.rows("show", "2", *MARIA)["events"]]
    assert "lead 2 was merged into it" in told
    assert any(line.startswith("lead 2: imported from people.csv") for line in told)
    program.done("undo", *MARIA)
    assert len(program.rows("duplicates", *MARIA)) == 2
    assert 2 in [row["id"] for row in program.rows("leads", *MARIA)]


def test_what_is_kept_apart_is_not_listed_again(program: Program) -> None:
    assert program.rows("duplicates", "--apart", "quentin@lumen.example", "4", *MARIA) == [{"a_id": 3, "b_id": 4}]
    assert [row["a_id"] for row in program.rows("duplicates", *MARIA)] == [1]
    assert "kept apart from lead 4" in [line["text"] for line in program.rows("show", "3", *MARIA)["events"]]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--merge", "1", "1"), 1, "lead 1: both names mean this lead"),
        (("--merge", "1", "99"), 1, "there is no lead '99'"),
        (("--merge", "1", "2", "--take", "shoe=1"), 2, 'do not differ in "shoe"'),
        (("--merge", "1", "2", "--take", "company"), 2, "FIELD=LEAD"),
        (("--merge", "1", "2", "--owner", "Sam"), 2, "cannot be combined with filters"),
        (("--merge", "1", "2", "--review"), 2, "cannot be combined"),
        (("--take", "phone=1"), 2, "applies to --merge only"),
        (("--apart", "1", "2", "--fail-if-any"), 2, "applies to the list only"),
        (("--review",), 2, BY_OPTION),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    program: Program, words: tuple[str, ...], code: int, said: str
) -> None:
    before = program.rows("duplicates", *MARIA)
    ran = program("duplicates", *words, *MARIA)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert program.rows("duplicates", *MARIA) == before


@pytest.fixture
def engine(program: Program) -> Iterator[Engine]:
    opened = open_database("leadtriage.db")
    yield opened
    opened.dispose()


def act() -> Act:
    return make_act("Maria", date(2026, 11, 20), "UTC")


def review(engine: Engine, *script: Answer) -> tuple[PairReview, ScriptedSession]:
    session = ScriptedSession(list(script))
    with reading(engine) as connection:
        pairs = sorted(find_pairs(connection), key=lambda pair: pair.lead_id)
    held = PairReview(Reviewer(session, engine, example_criteria(), act), pairs)
    with suppress(EndOfInput):
        held.run()
    return held, session


def test_a_review_merges_keeps_apart_and_takes_back(program: Program, engine: Engine) -> None:
    held, session = review(engine, "m", "k", "u", "u", "s", "k", "q")
    assert [step.outcome for step in held.steps] == [None, "kept apart"]
    assert held.left == 0
    assert session.asked[-1] == PairReview.last_question
    assert session.told == [
        "lead 2 merged into lead 1",
        "leads 3 and 4 kept apart",
        "undone: kept apart",
        "undone: merged",
        "leads 3 and 4 kept apart",
    ]
    assert [row["a_id"] for row in program.rows("duplicates", *MARIA)] == [1]


def test_a_review_lets_each_field_and_the_lead_that_stays_be_chosen(program: Program, engine: Engine) -> None:
    _, session = review(engine, "w", "?", "1", "m", "q")
    assert "lead 1 merged into lead 2" in session.told
    assert session.explained
    differ = [row for card in session.cards for row in card.tables[0].rows if row["key"] == "1"]
    marked = [str(row["mine"]).startswith("*") for row in differ[:3]]
    assert marked[1] != marked[2]
    shown = program.rows("show", "2", *MARIA)
    assert shown["email"] == "zb@orbita.pl"
    assert shown["owner"] == "Sam"


def test_quitting_leaves_the_rest_as_it_is(program: Program, engine: Engine) -> None:
    held, _ = review(engine, "q")
    assert (held.steps, held.left) == ([], 2)
    assert len(program.rows("duplicates", *MARIA)) == 2


def test_a_pair_that_somebody_else_merged_meanwhile_is_passed_over(program: Program, engine: Engine) -> None:
    def merge_as_sam() -> None:
        program.done("duplicates", "--merge", "3", "4", "--by", "Sam")

    held, session = review(engine, "s", merge_as_sam, "m")
    assert [step.outcome for step in held.steps] == [None]
    assert any("not merged" in sentence for sentence in session.told)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_a_pair_fits_the_screen(program: Program, engine: Engine, width: int, height: int) -> None:
    _, session = review(engine, "q")
    screen = Screen(width=width, height=height)
    drawn = draw_on_screen(session.cards[0], screen, height - 2, "1 of 2").splitlines()
    assert len(drawn) <= height - 2
    assert max(map(len, drawn)) < width
    text = "\n".join(drawn)
    for said in ("lead 1", "lead 2", "Zbigniew Brzezinski", "Brzezinski Zbigniew", "same phone", "1 of 2"):
        assert said in text
