"""Small databases made by hand: leads and what `score` would have left of them, without importing or scoring."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert

from leadtriage.core.text import comparable
from leadtriage.criteria import Criteria, example_criteria
from leadtriage.db import (
    CriteriaVersion,
    Event,
    ExtraColumn,
    ImportBatch,
    Lead,
    LeadKey,
    LeadScore,
    LikelyDuplicate,
    Nomination,
    ScoreRun,
    reading,
    table,
    writing,
)
from leadtriage.reports.query import Filters, ReportRequest

TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, 0)
WARN = 14

QUESTIONS = [
    {"name": "Budget set aside", "field": "budget", "column": None, "ask": "Which budget?", "dimension": "budget"},
    {"name": "Decides soon", "field": "decides_in_days", "column": None, "ask": "When?", "dimension": "timing"},
    {"name": "Uses a CRM", "field": None, "column": "Current CRM", "ask": "Which CRM?", "dimension": "need"},
]
SETTINGS = {
    "qualified": 50,
    "grades": {"A": 60, "B": 40, "C": 20},
    "junk_known": "0.6",
    "warn": WARN,
    "shelf_life": 90,
    "idle": 10,
    "nurture": 30,
    "first_touch": {"A": 1, "B": 2, "C": 5},
    "timezone": "Europe/Berlin",
    "name": "Made by hand",
    "currency": "USD",
}

_TEXTS = "name first_name last_name email phone company title country state source campaign owner status need".split()


@dataclass
class World:
    """Rows to be stored, table by table, each as a mapping."""

    leads: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    others: list[tuple[type, dict[str, Any]]] = field(default_factory=list)

    def add(self, model: type, **values: Any) -> None:
        """Add a row of any table."""
        self.others.append((model, values))

    def lead(self, lead_id: int, **values: Any) -> dict[str, Any]:
        """Add a lead that has not been scored."""
        row: dict[str, Any] = {
            "id": lead_id,
            "stage": "new",
            "created_on": TODAY,
            "imported_on": TODAY,
            "observed_at": NOON,
            "changed_at": NOON,
            "worked_here": False,
            **values,
        }
        for name in _TEXTS:
            if row.get(name) is not None:
                row[f"{name}_comparable"] = comparable(row[name])
        self.leads.append(row)
        return row

    def scored(self, lead_id: int, *, lead: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
        """Add a lead with its score; `next_due` follows from the clocks that are given."""
        stored = self.lead(lead_id, **(lead or {}))
        score = values.get("score", 30)
        row: dict[str, Any] = {
            "lead_id": lead_id,
            "run_id": 1,
            "score": score,
            "ceiling": max(score, 60),
            "known": 0.8,
            "grade": next((grade for grade, low in SETTINGS["grades"].items() if score >= low), "D"),
            "fit": score,
            **dict.fromkeys(("budget", "authority", "need", "timing"), 0),
            "candidate": False,
            "needs_answers": False,
            "gap": 50 - score,
            "queue_from": stored["created_on"],
            "created_on": stored["created_on"],
            "owner": stored.get("owner"),
            "backlog": False,
            "first_scored_on": TODAY,
            **values,
        }
        row.setdefault("first_grade", row["grade"])
        row["next_due"] = first_due(row)
        self.scores.append(row)
        return row

    def store(self, connection: Connection) -> None:
        """Write everything, with one run of `score` of today."""
        run = {"id": 1, "as_of": TODAY, "at": NOON, "recorded_at": NOON, "by": "Ann", "criteria_digest": "d1"}
        version = {"digest": "d1", "text": "", "recorded_at": NOON, "questions": QUESTIONS, "settings": SETTINGS}
        if self.scores:
            self.others += [(CriteriaVersion, version), (ScoreRun, run)]
        for model, rows in ((Lead, self.leads), (LeadScore, self.scores)):
            given = {name: None for row in rows for name in row}
            if rows:
                connection.execute(insert(table(model)), [given | row for row in rows])
        for model, row in self.others:
            connection.execute(insert(table(model)).values(row))

    def store_in(self, engine: Engine) -> None:
        """Write everything in a transaction of its own."""
        with writing(engine) as connection:
            self.store(connection)


def first_due(score: dict[str, Any]) -> date | None:
    """The day after which the first clock of a lead has run out."""
    days = [score.get(key) for key in ("first_touch_due", "idle_due", "promised_due")]
    if score.get("expires_on"):
        days.append(score["expires_on"] - timedelta(days=WARN + 1))
    return min((day for day in days if day is not None), default=None)


def random_world(seed: int, leads: int = 80) -> World:
    """Leads in every state that a list must tell apart, many of them equal in what they are ranked by."""
    chance, place = random.Random(seed), random.Random(-seed - 1)
    world = World()
    for lead_id in range(1, leads + 1):
        created = TODAY - timedelta(days=chance.choice([-1, 0, 1, 7, 8, 30, 31, 60, 61, 90, 91, 400]))
        stage = chance.choice(["new", "new", "working", "nurture", "won", "lost", "junk", "converted"])
        lead = {
            "stage": stage,
            "name": chance.choice(["Ann O'Neil", "Jörg Große", "Li Wei", None]),
            "company": chance.choice(["Acme, Inc.", "ÉCOLE SA", "50% off_Ltd", None]),
            "email": chance.choice([f"lead{lead_id}@example.com", None]),
            "phone": chance.choice([f"+49301234{lead_id:03d}", "030 / 555-66 77", None]),
            "source": chance.choice(["Web", "web", "Trade show", None]),
            "owner": chance.choice(["Maria", "Jörg", "maria", None]),
            "campaign": chance.choice(["Spring", None]),
            "country": place.choice(["DE", "DE", "US", None]),
            "state": place.choice(["Bayern", "BAYERN", "Île-de-France", None]),
            "created_on": created,
            "imported_on": chance.choice([created, TODAY]),
            "qualified_on": chance.choice([TODAY, None]),
            "last_touch_on": chance.choice([TODAY - timedelta(days=3), None]),
            "bounced": chance.choice([True, False, None]),
            "removed_by": chance.choice([None] * 9 + [7]),
            "merged_into": chance.choice([None] * 9 + [1]),
        }
        if chance.random() < 0.1:
            world.lead(lead_id, **lead)
            continue
        is_open = stage in ("new", "working", "nurture")
        candidate = is_open and chance.random() < 0.2
        backlog = is_open and not candidate and chance.random() < 0.15
        ticking = is_open and not candidate and not backlog
        world.scored(
            lead_id,
            lead=lead,
            score=chance.choice([-5, 10, 25, 40, 45, 60, 70]),
            ceiling=chance.choice([70, 80]),
            known=chance.choice([0.2, 0.6, 1.0]),
            candidate=candidate,
            reason=chance.choice(["no_fit", "spam"]) if candidate else None,
            needs_answers=ticking and chance.random() < 0.4,
            next_criterion=chance.choice([0, 1, 2, None]),
            next_gain=chance.choice([5, 20]),
            queue_from=created + timedelta(days=chance.choice([0, 0, 45])) if is_open and not candidate else None,
            backlog=backlog,
            **{
                clock: TODAY + timedelta(days=chance.choice([-40, -2, -1, 0, 1, WARN, WARN + 1]))
                for clock in ("first_touch_due", "idle_due", "promised_due", "expires_on")
                if ticking and chance.random() < 0.4
            },
        )
    return world


def ask(
    connection: Connection, filters: Filters | None = None, as_of: date = TODAY, criteria: Criteria | None = None
) -> ReportRequest:
    """A request for all rows of a report."""
    return ReportRequest(connection, filters or Filters(), as_of, None, criteria=criteria or example_criteria())


def view(engine: Engine) -> Any:
    """A transaction for a list to read in."""
    return reading(engine)


__all__ = [
    "NOON",
    "TODAY",
    "WARN",
    "Event",
    "ExtraColumn",
    "ImportBatch",
    "LeadKey",
    "LikelyDuplicate",
    "Nomination",
    "World",
    "ask",
    "first_due",
    "random_world",
    "view",
]
