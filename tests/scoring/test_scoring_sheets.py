"""How leads answer the criteria, counted by the database, equals a plain Python count, for any criteria and leads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Connection, Engine, FromClause, case, delete, func, select, true, update
from stored import AS_OF, NOON, act_on, change_lead, read_scores, store_leads
from strategies import HEADERS, criteria_files, sample_leads

from effort import examples
from evaluator import SampleLead, evaluate_condition, evaluate_criterion
from leadtriage.criteria import Criteria, Criterion, example_criteria, load_criteria
from leadtriage.db import Lead, LeadScore, table
from leadtriage.scoring import collect_sheets, has_answered, score_leads, statistics
from leadtriage.scoring.answers import find_kept_answers
from leadtriage.scoring.compile import text_cache, totals

pytestmark = pytest.mark.filterwarnings("error::sqlalchemy.exc.SAWarning")

few = settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look up every text that leads may share, and fill many numbers with few answers."""
    monkeypatch.setattr(text_cache, "_MANY_PARTS", 1)
    monkeypatch.setattr(statistics, "_MANY", 1)
    monkeypatch.setattr(totals, "_LARGEST", 200)


@few
@given(criteria=criteria_files(), leads=st.lists(sample_leads, min_size=1, max_size=5))
def test_counts_equal_the_evaluator(engine: Engine, eager: None, criteria: Criteria, leads: list[SampleLead]) -> None:
    leads = [*leads, *leads]  # so that their texts repeat
    lead = table(Lead)
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, leads)
        counted = count_sheets(connection, criteria, AS_OF)
        assert counted == {name: count_plainly(criteria, leads, AS_OF)[name] for name in counted}
        for number, criterion in enumerate(criteria.criteria):
            for name, tier in [("known", None), *((str(i), t.label) for i, t in enumerate(criterion.tiers))]:
                answered = has_answered(connection, criteria, AS_OF, criterion.name, tier)
                listed = connection.execute(select(func.count()).select_from(lead).where(answered)).scalar_one()
                assert listed == counted[f"{number} {name}"]
        transaction.rollback()


@few
@given(
    criteria=criteria_files(),
    other=criteria_files(),
    leads=st.lists(sample_leads, min_size=4, max_size=6),
    changed=st.lists(sample_leads, min_size=2, max_size=2),
)
def test_what_score_kept_is_what_the_leads_would_answer_now(
    engine: Engine,
    eager: None,
    criteria: Criteria,
    other: Criteria,
    leads: list[SampleLead],
    changed: list[SampleLead],
) -> None:
    criteria, other = replace(criteria, digest="one"), replace(other, digest="other")
    later = AS_OF + timedelta(days=3)  # what counts days has moved on
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, leads, HEADERS)
        score_leads(connection, criteria, act_on())
        assert count_outdated(connection, criteria) == 0
        assert_equal_counts(connection, criteria, leads, later)
        # Two were changed since, a third one was scored by other criteria, and the last has no score at all.
        for number, lead in enumerate(changed):
            change_lead(connection, number + 1, lead, at=NOON + timedelta(hours=1))
        leads = [*changed, *leads[2:]]
        score_leads(connection, other, act_on(hour=14), lead_ids=[3])
        connection.execute(delete(table(LeadScore)).where(table(LeadScore).c.lead_id == len(leads)))
        assert count_outdated(connection, criteria) >= 2
        for rules in (criteria, other):
            assert_equal_counts(connection, rules, leads, later)
        # Closed leads, which keep their score, are answered anew by the next run, too.
        score_leads(connection, criteria, act_on(hour=15))
        assert count_outdated(connection, criteria) == 0
        assert_equal_counts(connection, criteria, leads, later)
        transaction.rollback()


def test_answers_to_many_criteria_fill_several_numbers_to_the_brim(engine: Engine) -> None:
    # Ten answers each: eighteen of them are one number of eighteen digits, all of them nines where nothing is known.
    tiers = ", ".join(f"{{points: {points}, at_most: {points}}}" for points in range(1, 9))
    names = ", ".join(f"{{name: Size {number}, field: employees, tiers: [{tiers}]}}" for number in range(40))
    head = "version: 1\nname: many\ncurrency: USD\ngrades: {A: 75, B: 50, C: 25}\nqualified: 50\n"
    criteria = load_criteria(f"{head}score: {{fit: {{max: 30, criteria: [{names}]}}}}\n", place="here")
    leads = [SampleLead({"stage": "new", "created_on": AS_OF, "employees": size}) for size in (None, 1, 8, 9)]
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, leads)
        score_leads(connection, criteria, act_on())
        assert count_outdated(connection, criteria) == 0
        assert_equal_counts(connection, criteria, leads, AS_OF)
        assert read_scores(connection)[1].answers == "1" + 18 * "9" + "1" + 18 * "9" + "1" + 4 * "9"
        transaction.rollback()


def test_what_an_earlier_version_scored_is_asked_anew(engine: Engine) -> None:
    scores = table(LeadScore)
    criteria = example_criteria()
    leads = [SampleLead({"stage": stage, "created_on": AS_OF, "employees": 80}) for stage in ("new", "won")]
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, leads)
        score_leads(connection, criteria, act_on())
        connection.execute(update(scores).values(answers=None, answers_run_id=None))
        assert_equal_counts(connection, criteria, leads, AS_OF)
        before = read_scores(connection)[2].run_id
        score_leads(connection, criteria, act_on(hour=13))
        assert count_outdated(connection, criteria) == 0
        assert read_scores(connection)[2].run_id == before < read_scores(connection)[2].answers_run_id
        transaction.rollback()


def assert_equal_counts(connection: Connection, criteria: Criteria, leads: list[SampleLead], as_of: date) -> None:
    counted = count_sheets(connection, criteria, as_of)
    assert counted == {name: count_plainly(criteria, leads, as_of)[name] for name in counted}


def join_scores() -> FromClause:
    return table(Lead).outerjoin(table(LeadScore), table(LeadScore).c.lead_id == table(Lead).c.id)


def count_outdated(connection: Connection, criteria: Criteria) -> int:
    """How many leads have no kept answers that are right by these criteria."""
    rows, kept = find_kept_answers(join_scores(), criteria.digest)
    return int(connection.execute(select(func.count()).select_from(rows).where(kept.is_(None))).scalar_one())


def count_sheets(connection: Connection, criteria: Criteria, as_of: date) -> dict[str, int]:
    group = case((table(Lead).c.stage == "won", 1), else_=0)
    with collect_sheets(connection, criteria, as_of, join_scores(), true(), group) as found:
        wanted = {"all": true(), "won": found.group == 1}
        for number, criterion in enumerate(criteria.criteria):
            wanted |= {f"{number} known": found.is_known(number)}
            wanted |= {f"{number} {place}": found.gives(number, place) for place in range(len(criterion.tiers))}
        for line in range(len(criteria.junk.disqualify)):
            wanted |= {f"line {line}": found.disqualifies(line)}
        sums = [func.sum(case((test, found.leads), else_=0)) for test in wanted.values()]
        return dict(zip(wanted, map(int, connection.execute(select(*sums)).one()), strict=True))


def count_plainly(criteria: Criteria, leads: list[SampleLead], as_of: date) -> Counter[str]:
    counts = Counter({"all": len(leads), "won": sum(lead.fields["stage"] == "won" for lead in leads)})
    for lead in leads:
        for number, criterion in enumerate(criteria.criteria):
            place, _, known = evaluate_criterion(say_which(criterion), lead, criteria, as_of)
            counts[f"{number} known"] += known
            counts[f"{number} {place - 1}"] += 1
        for number, line in enumerate(criteria.junk.disqualify):
            holds = evaluate_condition(line.condition, lead, criteria, as_of, possible=False)
            counts[f"line {number}"] += holds is True
    return counts


def say_which(criterion: Criterion) -> Criterion:
    """The same criterion, but that the points say which tier it was."""
    tiers = tuple(replace(tier, points=place) for place, tier in enumerate(criterion.tiers, start=1))
    return replace(criterion, tiers=tiers)
