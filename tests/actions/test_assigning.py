"""Leads are handed to the team by role, territory, company and capacity; a run can be replayed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine, update
from stored_leads import AS_OF, NOON, act_by, criteria, read_lead, store_lead

from effort import examples
from leadtriage.actions import undo_last_act
from leadtriage.actions.assign import Plan, assign_by_hand, assign_leads, plan_assignments
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, reading, table, writing
from leadtriage.scoring import score_leads

RULES = """
version: 1
name: Test
currency: USD
score:
  fit:
    max: 20
    criteria:
      - {name: Title, field: title, ask: "?", tiers: [{points: 20, words: [ceo]}]}
grades: {A: 20, B: 10, C: 5}
qualified: 20
junk: {below: 0, known: 0.5}
follow_up: {first_touch: {A: 1d}, idle: 10d, nurture: 30d, shelf_life: 90d, warn: 14d}
team:
"""
MARIA = "  - {name: Maria, also: [mkeller], role: sales, capacity: 4}\n"
TOM = "  - {name: Tom, role: sales, capacity: 2}\n"
QUINN = "  - {name: Quinn, role: qualifier}\n"
ACT = act_by("Manager")


def team(*members: str) -> Criteria:
    return criteria(RULES + "".join(members))


def score(engine: Engine, rules: Criteria) -> None:
    with writing(engine) as connection:
        score_leads(connection, rules, act_by("cron", at=NOON))


def store_qualified(engine: Engine, count: int = 1, **values: Any) -> list[int]:
    return [store_lead(engine, title="CEO", **values) for _ in range(count)]


def run(engine: Engine, rules: Criteria, **how: Any) -> Plan:
    score(engine, rules)
    return assign_leads(engine, rules, ACT, **{"seed": 1, **how})


def owners(plan: Plan) -> list[str | None]:
    return [assignment.owner for assignment in plan.assignments]


def test_qualified_leads_go_to_sales_and_those_that_need_answers_to_qualifiers(engine: Engine) -> None:
    (qualified,) = store_qualified(engine)
    asking = store_lead(engine, name="Bob Fox")
    plan = run(engine, team(MARIA, QUINN))
    assert {each.lead_id: each.owner for each in plan.assignments} == {qualified: "Maria", asking: "Quinn"}
    lead = read_lead(engine, qualified)
    assert (lead["owner"], lead["assigned_on"], lead["worked_here"]) == ("Maria", AS_OF, True)


def test_leads_that_somebody_has_or_that_may_not_be_worked_stay(engine: Engine) -> None:
    store_qualified(engine, owner="Ann")
    store_qualified(engine, do_not_contact=True)
    store_qualified(engine, stage="nurture", nurture_until=date(2027, 1, 1))
    store_qualified(engine, stage="won")
    assert run(engine, team(MARIA)).assignments == ()


def test_nobody_gets_more_than_a_day_holds_and_the_rest_is_listed(engine: Engine) -> None:
    store_qualified(engine, 8)
    plan = run(engine, team(MARIA, TOM))
    assert Counter(owners(plan)) == {"Maria": 4, "Tom": 2, None: 2}
    left = [each.why for each in plan.assignments if each.owner is None]
    assert (
        left == ["Maria has been given 4 of at most 4 leads today; Tom has been given 2 of at most 2 leads today"] * 2
    )
    assert Counter(owners(run(engine, team(MARIA, TOM)))) == {None: 2}


def test_the_desk_with_the_fewest_leads_for_its_capacity_is_next(engine: Engine) -> None:
    store_qualified(engine, 2, owner="mkeller")
    store_qualified(engine, 1)
    plan = run(engine, team(MARIA, TOM), explain=True)
    assert owners(plan) == ["Tom"]
    assert plan.assignments[0].why == "the least loaded (Maria: 2 open at 4 a day; Tom: 0 open at 2 a day)"


@pytest.mark.parametrize(
    "shared", [{"company": "Acme"}, {"email_domain": "acme.com"}, {"website": "https://acme.com/x"}]
)
def test_a_company_stays_with_the_rep_who_has_it(engine: Engine, shared: dict[str, str]) -> None:
    store_qualified(engine, 1, owner="Maria", email_domain="acme.com", company="Acme")
    store_qualified(engine, 3, **shared)
    assert owners(run(engine, team(MARIA, TOM))) == ["Maria"] * 3


def test_free_mail_makes_no_company(engine: Engine) -> None:
    store_qualified(engine, 3, owner="Maria", email_domain="gmail.com")
    store_qualified(engine, 1, email_domain="gmail.com")
    assert owners(run(engine, team(MARIA, TOM))) == ["Tom"]


def test_a_company_waits_for_a_rep_who_is_away(engine: Engine) -> None:
    away = MARIA.replace("capacity: 4", "away: [2026-11-10..2026-11-20]")
    store_qualified(engine, 1, owner="Maria", company="Acme")
    store_qualified(engine, 1, company="ACME")
    store_qualified(engine, 1, company="Other")
    plan = run(engine, team(away, TOM))
    assert {each.company: (each.owner, each.why) for each in plan.assignments} == {
        "ACME": (None, "waits: Maria is away until 2026-11-20, and has ACME"),
        "Other": ("Tom", "the only one who can take it"),
    }


def test_a_company_that_two_reps_work_is_told(engine: Engine) -> None:
    store_qualified(engine, 2, owner="Maria", company="Acme")
    store_qualified(engine, 1, owner="Tom", company="Acme")
    store_qualified(engine, 1, company="Acme")
    plan = run(engine, team(MARIA, TOM))
    assert (owners(plan), plan.conflicts) == (["Maria"], ("Acme is worked by Maria and Tom",))


def test_a_territory_takes_what_is_known_to_be_in_it(engine: Engine) -> None:
    us = "  - {name: Maria, role: sales, takes: {field: country, is: US}}\n"
    store_qualified(engine, 1, country="US")
    store_qualified(engine, 1, country="DE")
    store_qualified(engine, 1)
    plan = run(engine, team(us))
    assert [(each.owner, each.why) for each in plan.assignments] == [
        ("Maria", "the only one who can take it"),
        (None, "no sales takes such a lead"),
        (None, "no sales takes such a lead"),
    ]


def test_a_leavers_leads_are_handed_over(engine: Engine) -> None:
    leads = store_qualified(engine, 2, owner="Ann")
    leads.append(store_lead(engine, owner="Ann", stage="nurture", title="CEO"))
    store_qualified(engine, 1)
    plan = run(engine, team(MARIA), leaver="ann")
    assert sorted(each.lead_id for each in plan.assignments) == leads
    assert owners(plan) == ["Maria"] * 3
    undo_last_act(engine, team(MARIA), ACT)
    assert [read_lead(engine, lead_id)["owner"] for lead_id in leads] == ["Ann"] * 3


def test_a_leaver_of_the_team_gets_nothing_back(engine: Engine) -> None:
    store_qualified(engine, 2, owner="mkeller")
    assert owners(run(engine, team(MARIA, TOM), leaver="Maria")) == ["Tom", "Tom"]


def test_a_dry_run_changes_nothing(engine: Engine) -> None:
    (lead_id,) = store_qualified(engine)
    assert owners(run(engine, team(MARIA), dry_run=True)) == ["Maria"]
    assert read_lead(engine, lead_id)["owner"] is None


def test_a_lead_is_given_by_hand(engine: Engine) -> None:
    first, second = store_qualified(engine, 2, owner="Ann")
    rules = team(TOM.replace("capacity: 2", "max_open: 1"))
    assign_by_hand(engine, rules, ACT, first, "tom")
    assert read_lead(engine, first)["owner"] == "Tom"
    with pytest.raises(LeadtriageError, match="Tom has it already"):
        assign_by_hand(engine, rules, ACT, first, "Tom")
    with pytest.raises(LeadtriageError, match="Tom has 1 of at most 1 open leads"):
        assign_by_hand(engine, rules, ACT, second, "Tom")
    assert assign_by_hand(engine, rules, ACT, second, "Tom", force=True).owner == "Tom"
    with pytest.raises(UsageError, match="Kim is not in the team"):
        assign_by_hand(engine, rules, ACT, second, "Kim")


def test_without_a_team_nothing_is_assigned(engine: Engine) -> None:
    with pytest.raises(LeadtriageError, match="have no team"):
        assign_leads(engine, criteria(), ACT, seed=1)


def hide_leads(engine: Engine) -> None:
    """Begin anew in the same database."""
    with writing(engine) as connection:
        connection.execute(update(table(Lead)).values(removed_by=1))


members = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 4), st.sampled_from(["", "DE", "US"])), min_size=1, max_size=4
)
waiting = st.lists(
    st.tuples(st.sampled_from(["US", "DE", None]), st.sampled_from(["Acme", "Beta", None, None])), max_size=8
)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=list(HealthCheck))
@given(members, waiting, waiting, st.integers(0, 5))
def test_what_holds_for_every_plan(
    sqlite_engine: Engine,
    members: list[tuple[int, int, str]],
    had: list[tuple[str | None, str | None]],
    waiting: list[tuple[str | None, str | None]],
    seed: int,
) -> None:
    lines = []
    for number, (capacity, most, country) in enumerate(members):
        takes = f", takes: {{field: country, is: {country}}}" if country else ""
        lines.append(f"  - {{name: Rep{number}, role: sales, capacity: {capacity}, max_open: {most + 1}{takes}}}\n")
    rules = team(*lines)
    hide_leads(sqlite_engine)
    held = [store_qualified(sqlite_engine, country=land, company=firm, owner="Rep0")[0] for land, firm in had]
    new = [store_qualified(sqlite_engine, country=land, company=firm)[0] for land, firm in waiting]
    score(sqlite_engine, rules)
    with reading(sqlite_engine) as connection:
        plan = plan_assignments(connection, rules, ACT, seed=seed)
        assert plan == plan_assignments(connection, rules, ACT, seed=seed)
    assert sorted(each.lead_id for each in plan.assignments if each.lead_id not in held) == new
    had_by = Counter("Rep0" for _ in had)
    for number, (capacity, most, country) in enumerate(members):
        name = f"Rep{number}"
        given = [each for each in plan.assignments if each.owner == name]
        assert len(given) <= min(capacity, max(0, most + 1 - had_by[name]))
        for each in given:
            lead = read_lead(sqlite_engine, each.lead_id)
            assert not country or lead["country"] == country or each.why.startswith("has ")
    firms: dict[str, set[str]] = {firm: {"Rep0"} for _, firm in had if firm}
    for each in plan.assignments:
        if each.owner and each.company:
            firms.setdefault(each.company, set()).add(each.owner)
    assert all(len(reps) == 1 for reps in firms.values())
