"""Junk candidates for the tests of what reviewers do, and criteria that make them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, insert, select
from stored_leads import NOON, act_by, criteria, store_lead

from leadtriage.criteria import Criteria
from leadtriage.db import Nomination, reading, reserve_ids, table, writing
from leadtriage.scoring import score_leads

RULES = """
version: 1
name: Test
currency: USD
score:
  fit:
    max: 30
    criteria:
      - name: Industry
        field: industry
        ask: What do you make?
        tiers: [{points: 30, any_of: [logistics]}]
  need:
    max: 30
    criteria:
      - name: Need
        field: need
        ask: What should be different?
        tiers: [{points: 30, present: true}]
grades: {A: 50, B: 30, C: 10}
qualified: 30
junk:
  below: 10
  known: 1
  disqualify:
    - {reason: is_competitor, field: company, words: [globex]}
    - {reason: our_own_word, field: title, words: [student]}
"""


def rules() -> Criteria:
    """Two criteria and two disqualifiers, one of them with a reason of the team's own."""
    return criteria(RULES)


def score(engine: Engine) -> None:
    """Score all leads by `rules`."""
    with writing(engine) as connection:
        score_leads(connection, rules(), act_by("Test"))


def store_candidate(engine: Engine, **values: Any) -> int:
    """Store a candidate that one disqualifier nominates, scored."""
    lead_id = store_lead(engine, **{"name": "Ann Lee", "company": "Globex", **values})
    score(engine)
    return lead_id


def nominate(engine: Engine, lead_id: int, by: str = "CRM", reason: str = "spam") -> None:
    """Nominate a lead as an import does, and score it."""
    with writing(engine) as connection:
        number = reserve_ids(connection, "nomination")
        row = {"lead_id": lead_id, "id": number, "by": by, "reason": reason, "at": NOON, "recorded_at": NOON}
        connection.execute(insert(table(Nomination)).values(row))
    score(engine)


def rows_of(engine: Engine, model: Any, lead_id: int) -> list[dict[str, Any]]:
    """A lead's rows of a table, in the order of their keys."""
    found = table(model)
    with reading(engine) as connection:
        chosen = select(found).where(found.c.lead_id == lead_id).order_by(*found.primary_key)
        return [dict(row) for row in connection.execute(chosen).mappings()]
