"""What lists and stories say, as tables of cases that anybody can add to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st
from world import QUESTIONS, SETTINGS, TODAY

from leadtriage.core.text import format_ids
from leadtriage.core.vocabulary import EventKind
from leadtriage.reports.lead import format_event
from leadtriage.reports.lists.queue import format_next_step
from leadtriage.reports.query import ScoreSnapshot

CASES = Path(__file__).parent / "cases"
BASIS = ScoreSnapshot(TODAY, "d1", QUESTIONS, SETTINGS)

ORDINARY: dict[str, Any] = {
    "phone": "+49301234567",
    "email": "ann@example.com",
    "bounced": None,
    "stage": "new",
    "last_touch_on": None,
    "first_touch_due": None,
    "idle_due": None,
    "promised_due": None,
    "expires_on": None,
    "needs_answers": False,
    "next_criterion": None,
    "next_gain": None,
}
NOTHING = dict.fromkeys("kind batch_id file field old new reason note changes undoes".split())


def read_cases(name: str) -> list[dict[str, Any]]:
    """The cases of a file."""
    cases: list[dict[str, Any]] = yaml.safe_load((CASES / name).read_text(encoding="utf-8"))
    return cases


@pytest.mark.parametrize("case", read_cases("next_step.yaml"), ids=lambda case: str(case["lead"]))
def test_the_queue_says_what_to_do_next(case: dict[str, Any]) -> None:
    assert format_next_step(ORDINARY | case["lead"], BASIS, TODAY) == case["says"]


@pytest.mark.parametrize("case", read_cases("history.yaml"), ids=lambda case: str(case["event"]))
def test_the_story_says_what_happened(case: dict[str, Any]) -> None:
    assert format_event(NOTHING | case["event"]) == case["says"]


def test_every_kind_of_event_has_a_case() -> None:
    told = {case["event"]["kind"] for case in read_cases("history.yaml")}
    assert told == {kind.value for kind in EventKind}


DAYS = st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(
    st.fixed_dictionaries(
        {
            "phone": st.none() | st.just("+4930"),
            "email": st.none() | st.just("a@b.de"),
            "bounced": st.none() | st.booleans(),
            "stage": st.sampled_from(["new", "working", "nurture"]),
            "last_touch_on": DAYS,
            "first_touch_due": DAYS,
            "idle_due": DAYS,
            "promised_due": DAYS,
            "expires_on": DAYS,
            "needs_answers": st.booleans(),
            "next_criterion": st.none() | st.integers(0, 9),
            "next_gain": st.none() | st.integers(1, 20),
        }
    )
)
def test_a_clock_that_has_run_out_is_told_before_a_question(row: dict[str, Any]) -> None:
    said = format_next_step(row, BASIS, TODAY)
    overdue = [row[key] for key in ("first_touch_due", "idle_due", "promised_due") if row[key] and row[key] < TODAY]
    reachable = row["phone"] or (row["email"] and not row["bounced"])
    assert said
    if overdue and reachable:
        assert not said.startswith("ask")
        assert "overdue" in said or "idle" in said or "promise" in said


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ((7,), "lead 7"),
        ((3, 7), "leads 3 and 7"),
        ((1, 2, 3, 4, 5), "leads 1, 2, 3, 4 and 5"),
        (tuple(range(1, 2006)), "leads 1, 2, 3, 4, 5 and 2,000 more"),
    ],
)
def test_ids_are_listed_as_people_say_them(ids: tuple[int, ...], said: str) -> None:
    assert format_ids(ids) == said
