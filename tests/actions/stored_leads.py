"""Leads for the tests of what people do: stored as if added by hand, and read back as they are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, insert, select

from leadtriage.core.context import Act
from leadtriage.core.text import comparable
from leadtriage.criteria import Criteria, example_criteria, load_criteria
from leadtriage.db import Event, Lead, reading, reserve_ids, table, writing

AS_OF = date(2026, 11, 18)
NOON = datetime(2026, 11, 18, 12)


def criteria(text: str | None = None) -> Criteria:
    """The built-in example's criteria, or those of a YAML text."""
    return example_criteria() if text is None else load_criteria(text, place="criteria.yaml")


def act_by(name: str, at: datetime = NOON) -> Act:
    """Somebody's act at a time of the criteria's time zone."""
    return Act(by=name, as_of=at.date(), at=at, recorded_at=at)


def store_lead(engine: Engine, stage: str = "new", created_on: date = date(2026, 11, 10), **values: Any) -> int:
    """Store one lead with the event that made it and return its id; texts get their comparable forms."""
    lead = table(Lead)
    texts = {
        f"{name}_comparable": comparable(value)
        for name, value in values.items()
        if isinstance(value, str) and f"{name}_comparable" in lead.c
    }
    made = datetime.combine(created_on, datetime.min.time())
    with writing(engine) as connection:
        lead_id = reserve_ids(connection, "lead")
        connection.execute(
            insert(lead).values(
                id=lead_id,
                stage=stage,
                created_on=created_on,
                imported_on=created_on,
                observed_at=made,
                changed_at=made,
                worked_here=False,
                **texts,
                **values,
            )
        )
        connection.execute(
            insert(table(Event)).values(
                lead_id=lead_id,
                id=reserve_ids(connection, "event"),
                act=reserve_ids(connection, "act"),
                at=made,
                recorded_at=made,
                by="Test",
                kind="created",
                new=stage,
            )
        )
    return lead_id


def read_lead(engine: Engine, lead_id: int) -> dict[str, Any]:
    """All columns of a lead."""
    lead = table(Lead)
    with reading(engine) as connection:
        return dict(connection.execute(select(lead).where(lead.c.id == lead_id)).mappings().one())
