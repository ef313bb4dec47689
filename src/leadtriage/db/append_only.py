"""Keeps the history append-only: the database itself refuses to change or delete an event, whoever asks.

Only while a row stands in `erasing`, within one transaction, may a person be erased from it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, event

from leadtriage.db.schema import Event, table

SQLITE = (
    """
CREATE TRIGGER event_update BEFORE UPDATE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)
BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END
""".strip(),
    """
CREATE TRIGGER event_delete BEFORE DELETE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)
BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END
""".strip(),
)

POSTGRESQL = (
    """
CREATE OR REPLACE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM erasing) THEN RAISE EXCEPTION 'the history is never changed'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
""".strip(),
    """
CREATE TRIGGER event_guard BEFORE UPDATE OR DELETE ON event
FOR EACH ROW EXECUTE FUNCTION refuse_to_change_history()
""".strip(),
    """
CREATE TRIGGER event_guard_all BEFORE TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history()
""".strip(),
)


def guard_events() -> None:
    """Let the triggers be made with the table. Both engines look for `erasing` when a trigger runs, not before."""

    @event.listens_for(table(Event), "after_create")
    def make_triggers(_target: Table, connection: Connection, **_options: Any) -> None:
        for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
            connection.exec_driver_sql(statement)
