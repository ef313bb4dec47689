"""How leads answer the criteria, counted by the database, equals a plain Python count, for any criteria and leads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from evaluator import SampleLead, evaluate_condition, evaluate_criterion
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, case, func, select, true
from stored import AS_OF, store_leads
from strategies import criteria_files, sample_leads

from leadtriage.criteria.model import Criteria, Criterion
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.scoring import answer_layout, shared_texts
from leadtriage.scoring.sheets import collect_sheets, has_answered

pytestmark = pytest.mark.filterwarnings("error::sqlalchemy.exc.SAWarning")

few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look up every text that leads may share, and fill many numbers with few answers."""
    monkeypatch.setattr(shared_texts, "_MANY_PARTS", 1)
    monkeypatch.setattr(answer_layout, "_LARGEST", 200)


@few
@given(criteria=criteria_files(), leads=st.lists(sample_leads, min_size=1, max_size=5))
def test_counts_equal_the_evaluator(engine: Engine, eager: None, criteria: Criteria, leads: list[SampleLead]) -> None:
    leads = [*leads, *leads]  # so that their texts repeat
    lead = table(Lead)
    rows = lead.outerjoin(table(LeadScore), table(LeadScore).c.lead_id == lead.c.id)
    group = case((lead.c.stage == "won", 1), else_=0)
    with engine.connect() as connection, connection.begin() as transaction:
        store_leads(connection, leads)
        with collect_sheets(connection, criteria, AS_OF, rows, true(), group) as found:
            wanted = {"all": true(), "won": found.group == 1}
            for number, criterion in enumerate(criteria.criteria):
                wanted |= {f"{number} known": found.is_known(number)}
                wanted |= {f"{number} {place}": found.gives(number, place) for place in range(len(criterion.tiers))}
            for line in range(len(criteria.junk.disqualify)):
                wanted |= {f"line {line}": found.disqualifies(line)}
            sums = [func.sum(case((test, found.leads), else_=0)) for test in wanted.values()]
            counted = dict(zip(wanted, connection.execute(select(*sums)).one(), strict=True))
        assert counted == {name: count_plainly(criteria, leads)[name] for name in counted}
        for number, criterion in enumerate(criteria.criteria):
            for name, tier in [("known", None), *((str(i), t.label) for i, t in enumerate(criterion.tiers))]:
                answered = has_answered(connection, criteria, AS_OF, criterion.name, tier)
                listed = connection.execute(select(func.count()).select_from(lead).where(answered)).scalar_one()
                assert listed == counted[f"{number} {name}"]
        transaction.rollback()


def count_plainly(criteria: Criteria, leads: list[SampleLead]) -> Counter[str]:
    counts = Counter({"all": len(leads), "won": sum(lead.fields["stage"] == "won" for lead in leads)})
    for lead in leads:
        for number, criterion in enumerate(criteria.criteria):
            place, _, known = evaluate_criterion(say_which(criterion), lead, criteria, AS_OF)
            counts[f"{number} known"] += known
            counts[f"{number} {place - 1}"] += 1
        for number, line in enumerate(criteria.junk.disqualify):
            holds = evaluate_condition(line.condition, lead, criteria, AS_OF, possible=False)
            counts[f"line {number}"] += holds is True
    return counts


def say_which(criterion: Criterion) -> Criterion:
    """The same criterion, but that the points say which tier it was."""
    tiers = tuple(replace(tier, points=place) for place, tier in enumerate(criterion.tiers, start=1))
    return replace(criterion, tiers=tiers)
