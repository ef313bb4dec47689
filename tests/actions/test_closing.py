"""Outcomes: leads are closed with them, and brought back as they were."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from stored_leads import AS_OF, NOON, act_by, criteria, read_lead, store_lead

from leadtriage.actions import (
    Closing,
    Contact,
    Snooze,
    close_leads,
    log_contact,
    parse_value,
    reopen_lead,
    snooze_leads,
    undo_last_act,
)
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.vocabulary import SaidBy, Stage, TouchKind
from leadtriage.db import Event, LeadScore, reading, table, writing
from leadtriage.scoring import score_leads

LATER = AS_OF + timedelta(days=30)


def close_as(engine: Engine, *lead_ids: int, outcome: str = "lost", reason: str | None = "price", **more: Any) -> Any:
    return close_leads(engine, criteria(), act_by("Maria"), lead_ids, Closing(Stage(outcome), reason, **more))


def outcome_of(engine: Engine, lead_id: int) -> tuple[Any, ...]:
    lead = read_lead(engine, lead_id)
    names = ("stage", "closed_on", "outcome_reason", "outcome_said_by", "outcome_amount", "outcome_currency")
    return tuple(lead[name] for name in names)


def test_a_lead_is_lost_for_a_reason_that_somebody_gave(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    close_as(engine, lead_id, said_by=SaidBy.LEAD, note="too dear")
    assert outcome_of(engine, lead_id) == ("lost", AS_OF, "price", "lead", None, None)
    event = table(Event)
    with reading(engine) as connection:
        told = connection.execute(select(event).where(event.c.kind == "stage")).one()
        score = connection.execute(select(table(LeadScore))).one()
    assert (told.old, told.new, told.reason, told.note, told.by) == ("new", "lost", "price", "too dear", "Maria")
    assert (score.queue_from, score.next_due, score.needs_answers) == (None, None, False)


def test_a_lead_is_won_with_a_value(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    close_as(engine, lead_id, outcome="won", reason=None, value=parse_value("12kEUR", criteria()))
    assert outcome_of(engine, lead_id) == ("won", AS_OF, None, None, 1_200_000, "EUR")


@pytest.mark.parametrize(
    ("outcome", "before", "after"),
    [
        ("won", None, (AS_OF, "Maria")),
        ("converted", None, (AS_OF, "Maria")),
        ("won", "crm", (LATER, "crm")),
        ("lost", None, (None, None)),
    ],
)
def test_what_is_won_was_qualified(
    engine: Engine, outcome: str, before: str | None, after: tuple[date | None, str | None]
) -> None:
    stored = (LATER, before) if before else (None, None)
    lead_id = store_lead(engine, name="Ann Lee", qualified_on=stored[0], qualified_by=stored[1])
    close_as(engine, lead_id, outcome=outcome)
    lead = read_lead(engine, lead_id)
    assert (lead["qualified_on"], lead["qualified_by"]) == after
    undo_last_act(engine, criteria(), act_by("Maria", NOON + timedelta(hours=1)))
    lead = read_lead(engine, lead_id)
    assert (lead["stage"], lead["qualified_on"], lead["qualified_by"]) == ("new", *stored)


def test_a_value_without_a_currency_is_in_that_of_the_criteria() -> None:
    value = parse_value("12000", criteria())
    assert (value.amount, value.currency) == (1_200_000, criteria().currency)


@pytest.mark.parametrize("text", ["", "much", "-5", "12000 XYZ", "10k-20k", "under 5k"])
def test_what_is_no_sum_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not an amount of money"):
        parse_value(text, criteria())


def test_a_converted_lead_may_be_won_later_and_comes_back_as_it_was(engine: Engine) -> None:
    lead_id = store_lead(engine, stage="working", name="Ann Lee")
    close_as(engine, lead_id, outcome="converted", reason=None)
    close_as(engine, lead_id, outcome="won", reason=None)
    assert read_lead(engine, lead_id)["stage"] == "won"
    reopen_lead(engine, criteria(), act_by("Maria"), lead_id)
    assert read_lead(engine, lead_id)["stage"] == "working"


@pytest.mark.parametrize(
    ("stage", "hint"),
    [("won", "leadtriage reopen"), ("lost", "leadtriage reopen"), ("junk", "leadtriage junk --restore")],
)
def test_a_closed_lead_is_not_closed_again(engine: Engine, stage: str, hint: str) -> None:
    lead_id = store_lead(engine, stage=stage, name="Ann Lee", closed_on=date(2026, 11, 1))
    with pytest.raises(LeadtriageError, match=f"it is {stage} since 2026-11-01") as refused:
        close_as(engine, lead_id)
    assert refused.value.hint is not None
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reason": None}, "a lost lead needs a reason"),
        ({"outcome": "won", "reason": None, "said_by": SaidBy.REP}, "there is no reason"),
        ({"reason": "prise"}, "unknown reason"),
        ({"outcome": "junk"}, 'unknown outcome "junk"'),
    ],
)
def test_what_a_closing_lacks_is_told(engine: Engine, values: dict[str, Any], said: str) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    with pytest.raises(UsageError, match=said):
        close_as(engine, lead_id, **values)
    assert read_lead(engine, lead_id)["stage"] == "new"


def test_many_are_closed_alike_but_for_a_value(engine: Engine) -> None:
    ids = [store_lead(engine, name=f"Lead {n}") for n in range(3)]
    converted = store_lead(engine, stage="won", name="Won")
    done = close_as(engine, *ids, converted, reason="unreachable")
    assert ([lead["stage"] for lead in done.leads], done.left_out) == (["lost"] * 3, 1)
    with pytest.raises(UsageError, match="is for one lead"):
        close_as(engine, *ids, outcome="won", value=parse_value("5", criteria()))
    undo_last_act(engine, criteria(), act_by("Maria"))
    assert [outcome_of(engine, lead_id) for lead_id in ids] == [("new", None, None, None, None, None)] * 3


def test_a_lead_comes_back_to_its_stage_with_a_new_shelf_life(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", email="ann@acme.io")
    log_contact(engine, criteria(), act_by("Sam"), lead_id, Contact(TouchKind.CALL))
    close_as(engine, lead_id, said_by=SaidBy.REP)
    back = act_by("Sam", NOON + timedelta(days=30))
    reopen_lead(engine, criteria(), back, lead_id, reason="bad_data", note="they called")
    assert outcome_of(engine, lead_id) == ("working", None, None, None, None, None)
    assert read_lead(engine, lead_id)["shelf_from"] == LATER
    with reading(engine) as connection:
        score = connection.execute(select(table(LeadScore))).one()
    assert score.queue_from is not None
    assert score.expires_on == LATER + timedelta(days=criteria().follow_up.shelf_life)


def test_a_closed_parked_lead_comes_back_parked_and_a_parked_one_to_work(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    snooze_leads(engine, criteria(), act_by("Maria"), [lead_id], Snooze(LATER, "bad_timing"))
    close_as(engine, lead_id)
    reopen_lead(engine, criteria(), act_by("Maria"), lead_id)
    assert (read_lead(engine, lead_id)["stage"], read_lead(engine, lead_id)["nurture_until"]) == ("nurture", LATER)
    reopen_lead(engine, criteria(), act_by("Maria"), lead_id)
    lead = read_lead(engine, lead_id)
    assert (lead["stage"], lead["nurture_until"], lead["nurture_reason"], lead["parked_on"]) == (
        "new",
        None,
        None,
        None,
    )


@pytest.mark.parametrize(("contact", "stage"), [(None, "new"), (date(2026, 11, 1), "working")])
def test_a_lead_that_came_in_closed_has_the_stage_of_its_contact(
    engine: Engine, contact: date | None, stage: str
) -> None:
    lead_id = store_lead(engine, stage="lost", name="Ann Lee", last_touch_on=contact)
    reopen_lead(engine, criteria(), act_by("Maria"), lead_id)
    assert read_lead(engine, lead_id)["stage"] == stage


def test_a_closing_that_was_taken_back_does_not_count(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee")
    close_as(engine, lead_id)
    undo_last_act(engine, criteria(), act_by("Maria"))
    log_contact(engine, criteria(), act_by("Maria"), lead_id, Contact(TouchKind.CALL))
    close_as(engine, lead_id)
    reopen_lead(engine, criteria(), act_by("Maria"), lead_id)
    assert read_lead(engine, lead_id)["stage"] == "working"


@pytest.mark.parametrize(
    ("stage", "said"), [("new", "it is open: new"), ("working", "it is open"), ("junk", "a review called it junk")]
)
def test_what_is_not_closed_is_not_reopened(engine: Engine, stage: str, said: str) -> None:
    lead_id = store_lead(engine, stage=stage, name="Ann Lee")
    with pytest.raises(LeadtriageError, match=said):
        reopen_lead(engine, criteria(), act_by("Maria"), lead_id)


def test_closing_a_candidate_is_told(engine: Engine) -> None:
    lead_id = store_lead(engine, name="Ann Lee", email="a@b.io", email_kind="disposable")
    with writing(engine) as connection:
        score_leads(connection, criteria(), act_by("cron"))
    assert close_as(engine, lead_id).warnings == ("lead 1 is a junk candidate that nobody has reviewed",)
