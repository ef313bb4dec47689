"""Questions come the most valuable first, and an answer becomes what an import would have made of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from stored_leads import AS_OF, NOON, act_by, criteria, read_lead, store_lead

from leadtriage.actions import (
    AnswerResult,
    GivenAnswer,
    find_open_questions,
    store_answer_file,
    store_answers,
    undo_last_act,
)
from leadtriage.actions.unit_of_work import LeadChange, unit_of_work
from leadtriage.core.errors import LeadtriageError, MistakesInFile, UsageError
from leadtriage.core.vocabulary import EventKind
from leadtriage.criteria import Criteria
from leadtriage.db import LeadKey, LeadScore, PutOff, reading, table

RULES = criteria("""
version: 1
name: Test
currency: USD
score:
  fit:
    max: 30
    criteria:
      - {name: Industry, field: industry, ask: What do you make?, tiers: [{points: 10, is: steel}]}
      - {name: Size, field: employees, ask: How many are you?, tiers: [{points: 4, at_least: 50}]}
      - {name: Colour, column: Favourite colour, ask: Which colour?, tiers: [{points: 3, is: red}]}
  budget:
    max: 20
    criteria:
      - {name: Budget set aside, field: budget, ask: Which budget?, tiers: [{points: 20, at_least: 5000}]}
  timing:
    max: 10
    criteria:
      - {name: Decides soon, field: decides_in_days, ask: When?, tiers: [{points: 9, at_most: 60}]}
grades: {A: 40, B: 20, C: 9}
qualified: 20
junk: {below: 0, known: 0.5}
follow_up: {first_touch: {A: 1d}, idle: 10d, nurture: 30d, shelf_life: 90d, warn: 14d}
""")
ACT = act_by("Rep")


def ask(engine: Engine, lead_id: int, name: str, text: str | None, rules: Criteria = RULES) -> AnswerResult:
    (answered,) = store_answers(engine, rules, ACT, [GivenAnswer(lead_id, name, text)])
    return answered


def questions(engine: Engine, lead_id: int, **how: Any) -> list[str]:
    with reading(engine) as connection:
        return [each.criterion for each in find_open_questions(connection, RULES, lead_id, AS_OF, **how)]


def test_questions_that_change_the_grade_come_first_then_those_with_most_points(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    assert questions(engine, lead_id) == ["Budget set aside", "Industry", "Decides soon", "Size", "Colour"]
    ask(engine, lead_id, "budget", "10k")
    assert questions(engine, lead_id) == ["Industry", "Decides soon", "Size", "Colour"]


@pytest.mark.parametrize(
    ("name", "text", "column", "stored", "told"),
    [
        ("budget", "5k EUR", "budget_amount", 500_000, "500000 EUR"),
        ("Budget set aside", "$10k-20k", "budget_amount", 1_000_000, "1000000 USD"),
        ("employees", "51-200", "employees", 51, "51"),
        ("industry", "  Steel ", "industry_comparable", "steel", "Steel"),
        ("decides_in_days", "in 3 weeks", "decides_on", AS_OF + timedelta(weeks=3), "2026-12-09"),
        ("country", "Germany", "country", "DE", "DE"),
        ("signs_off", "yes", "signs_off", "alone", "alone"),
        ("name", "Lee, Ann", "last_name", "Lee", None),
        ("bounced", "yes", "bounced", True, "1"),
    ],
)
def test_answers_are_read_as_on_import(
    engine: Engine, name: str, text: str, column: str, stored: object, told: str | None
) -> None:
    lead_id = store_lead(engine, company="Acme")
    answered = ask(engine, lead_id, name, text)
    assert read_lead(engine, lead_id)[column] == stored
    assert told is None or answered.new == told


def test_the_score_after_an_answer_is_told_and_stored(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    answered = ask(engine, lead_id, "budget", "10k")
    assert (answered.before, answered.after) == ((0, 46, "D"), (20, 46, "B"))
    with reading(engine) as connection:
        assert connection.execute(select(table(LeadScore).c.score)).scalar_one() == 20


def test_a_column_of_the_files_is_answered_whether_a_file_had_it_or_not(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    assert ask(engine, lead_id, "column:favourite COLOUR", "Red").after[0] == 3
    assert ask(engine, lead_id, "Colour", "blue").old == "Red"
    lead = read_lead(engine, lead_id)
    assert (lead["extra"], lead["extra_comparable"]) == ({"c1": "blue"}, {"c1": "blue"})
    undo_last_act(engine, RULES, ACT)
    assert read_lead(engine, lead_id)["extra"] == {"c1": "Red"}


def test_what_is_not_known_yet_is_asked_again_later(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    answered = ask(engine, lead_id, "budget", None)
    assert answered.again_on == AS_OF + timedelta(days=14)
    assert "Budget set aside" not in questions(engine, lead_id)
    assert "Budget set aside" in questions(engine, lead_id, put_off=True)
    undo_last_act(engine, RULES, ACT)
    assert "Budget set aside" in questions(engine, lead_id)
    with reading(engine) as connection:
        assert connection.execute(select(table(PutOff).c.criterion)).scalars().all() == ["Budget set aside"]


def test_what_a_reviewer_wants_asked_comes_first_until_it_is_answered(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    with unit_of_work(engine, RULES, ACT) as work:
        work.record([LeadChange(lead_id, EventKind.VERDICT, {"ask_for": "Size"}, new="ask")])
    assert questions(engine, lead_id)[0] == "Size"
    ask(engine, lead_id, "employees", "70")
    assert read_lead(engine, lead_id)["ask_for"] is None


def test_an_address_identifies_the_lead_from_then_on(engine: Engine) -> None:
    first, second = store_lead(engine, name="Ann Lee"), store_lead(engine, name="Bob Fox")
    ask(engine, first, "email", "Ann@Acme.io")
    with reading(engine) as connection:
        keys = connection.execute(select(table(LeadKey).c.key, table(LeadKey).c.lead_id)).all()
    assert [tuple(key) for key in keys] == [("e:ann@acme.io", first)]
    with pytest.raises(LeadtriageError, match=f"lead {first} has this already") as refused:
        ask(engine, second, "email", "ann@acme.io")
    assert refused.value.hint == f"if they are the same: leadtriage duplicates --merge {first} {second}"
    undo_last_act(engine, RULES, ACT)
    ask(engine, second, "email", "ann@acme.io")


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"),
    [
        ("budget", "a lot", LeadtriageError, 'budget not recognised: "a lot": '),
        ("budget", "n/a", LeadtriageError, 'no answer to budget: "n/a"'),
        ("email", "ann at home", LeadtriageError, 'email not recognised: "ann at home": '),
        ("bugdet", "5k", UsageError, "did you mean"),
        ("age_days", "5", UsageError, "age_days is computed"),
    ],
)
def test_what_is_no_answer_is_refused_and_leaves_nothing(
    engine: Engine, name: str, text: str, kind: type[LeadtriageError], said: str
) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    before = read_lead(engine, lead_id)
    with pytest.raises(kind, match=said):
        ask(engine, lead_id, name, text)
    assert read_lead(engine, lead_id) == before


def test_closed_leads_are_not_asked(engine: Engine) -> None:
    lead_id = store_lead(engine, stage="won", name="Ann Lee", closed_on=date(2026, 11, 1))
    with pytest.raises(LeadtriageError, match="it is won since 2026-11-01"):
        questions(engine, lead_id)
    with pytest.raises(LeadtriageError, match="it is won"):
        ask(engine, lead_id, "budget", "5k")


def test_a_file_of_answers_is_stored_whole_or_not_at_all(engine: Engine, tmp_path: Path) -> None:
    first, second = store_lead(engine, name="Ann Lee"), store_lead(engine, name="Bob Fox")
    path = tmp_path / "answers.csv"
    path.write_text(f"lead,budget,Size\n{first},10k,?\n{second},a lot,\n77,5k,\n")
    with pytest.raises(MistakesInFile) as refused:
        store_answer_file(engine, RULES, ACT, path)
    assert [mistake.partition(":")[0] for mistake in refused.value.mistakes] == ["line 3", "line 4"]
    assert read_lead(engine, first)["budget_amount"] is None
    path.write_text(f"lead,budget,Size\n{first},10k,?\n{second},,60\n")
    answered = store_answer_file(engine, RULES, ACT, path)
    assert [(each.lead_id, each.field, each.new) for each in answered] == [
        (first, "budget", "1000000 USD"),
        (first, "employees", None),
        (second, "employees", "60"),
    ]
    undo_last_act(engine, RULES, act_by("Rep", at=NOON))
    assert read_lead(engine, second)["employees"] is None


def test_a_file_with_an_unknown_field_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("lead,bugdet\n1,5k\n")
    with pytest.raises(MistakesInFile) as refused:
        store_answer_file(engine, RULES, ACT, path)
    assert "did you mean" in refused.value.mistakes[0]
