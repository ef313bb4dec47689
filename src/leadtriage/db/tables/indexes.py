"""The indexes and triggers of the tables. They take time to define, so only what creates tables loads them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Index, Table, event, text
from sqlmodel import SQLModel

from leadtriage.db.dialect import backend
from leadtriage.db.tables.decisions import Verdict
from leadtriage.db.tables.history import Event, Nomination, Touch
from leadtriage.db.tables.lead import Lead, Row, table
from leadtriage.db.tables.scores import LeadScore


def indexed_tables() -> list[Table]:
    """Return all tables with their indexes."""
    return list(Row.metadata.tables.values())


def _index(name: str, model: type[SQLModel], columns: str, where: str, sqlite_where: str | None = None) -> None:
    columns_of = (table(model).c[column] for column in columns.split())
    Index(name, *columns_of, sqlite_where=text(sqlite_where or where), postgresql_where=text(where))


# Lists read an index in its order and stop after a page, so an index also holds the columns that its list filters by.
# SQLite uses a partial index only if its condition is written as in the statements.
_queue_order = "score ceiling created_on lead_id next_due queue_from"
_index("lead_score_queue", LeadScore, f"grade {_queue_order}", "queue_from IS NOT NULL")
_index("lead_score_answers", LeadScore, _queue_order, "needs_answers", "needs_answers = 1")
_index("lead_score_candidate", LeadScore, "ceiling", "candidate", "candidate = 1")
_index("lead_score_due", LeadScore, "next_due", "next_due IS NOT NULL")
_index("lead_score_backlog", LeadScore, "owner", "backlog", "backlog = 1")
_index("lead_hidden", Lead, "id", "removed_by IS NOT NULL OR merged_into IS NOT NULL")
_index("event_of_act", Event, "by act", "changes IS NOT NULL")
_index("event_undoing", Event, "undoes", "undoes IS NOT NULL")
_index("event_moved", Event, "at lead_id id kind field old", "kind IN ('stage', 'owner', 'qualified', 'undone')")
_index("verdict_standing", Verdict, "lead_id id", "withdrawn_at IS NULL")
_index("nomination_of_act", Nomination, "act", "act IS NOT NULL")
_index("nomination_withdrawn", Nomination, "withdrawn_act", "withdrawn_act IS NOT NULL")
_index("touch_of_act", Touch, "act", "act IS NOT NULL")


@event.listens_for(table(Event), "after_create")
def _guard_history(_target: Table, connection: Connection, **_options: Any) -> None:
    """Make the history append-only. The triggers look for a row in `erasing` when they run."""
    for statement in backend(connection).history_guard:
        connection.exec_driver_sql(statement)
