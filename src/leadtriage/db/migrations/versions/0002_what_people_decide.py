"""What people decide of leads, and a history that nobody changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


ON_SQLITE = (
    """
CREATE TRIGGER event_update BEFORE UPDATE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)
BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END
""".strip(),
    """
CREATE TRIGGER event_delete BEFORE DELETE ON event WHEN NOT EXISTS (SELECT 1 FROM erasing)
BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END
""".strip(),
)

ON_POSTGRESQL = (
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


def upgrade() -> None:
    """Move the tables from the revision before to this one."""
    op.create_table(
        "erasing", sa.Column("act", sa.Integer(), autoincrement=False, nullable=False), sa.PrimaryKeyConstraint("act")
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("forgotten_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "pair_decision",
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("other_lead_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("winner_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("moved_keys", sa.JSON(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("lead_id", "other_lead_id", "act"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "put_off",
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("act", sa.Integer(), nullable=False),
        sa.Column("criterion", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("again_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("lead_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "secret_key",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "verdict",
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("act", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("ceiling", sa.Integer(), nullable=False),
        sa.Column("known", sa.Float(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("criteria_digest", sa.String(), nullable=False),
        sa.Column("ledger", sa.JSON(), nullable=True),
        sa.Column("audited_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("lead_id", "id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.create_index(
            "verdict_standing",
            ["lead_id", "id"],
            unique=False,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )
    op.create_table(
        "verdict_line",
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("verdict_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("lead_id", "verdict_id", "place"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(
            "event_of_act",
            ["by", "act"],
            unique=False,
            sqlite_where=sa.text("changes IS NOT NULL"),
            postgresql_where=sa.text("changes IS NOT NULL"),
        )
        batch_op.create_index(
            "event_undoing",
            ["undoes"],
            unique=False,
            sqlite_where=sa.text("undoes IS NOT NULL"),
            postgresql_where=sa.text("undoes IS NOT NULL"),
        )
    with op.batch_alter_table("nomination", schema=None) as batch_op:
        batch_op.create_index(
            "nomination_of_act",
            ["act"],
            unique=False,
            sqlite_where=sa.text("act IS NOT NULL"),
            postgresql_where=sa.text("act IS NOT NULL"),
        )
        batch_op.create_index(
            "nomination_withdrawn",
            ["withdrawn_act"],
            unique=False,
            sqlite_where=sa.text("withdrawn_act IS NOT NULL"),
            postgresql_where=sa.text("withdrawn_act IS NOT NULL"),
        )
    with op.batch_alter_table("touch", schema=None) as batch_op:
        batch_op.create_index(
            "touch_of_act",
            ["act"],
            unique=False,
            sqlite_where=sa.text("act IS NOT NULL"),
            postgresql_where=sa.text("act IS NOT NULL"),
        )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in ON_SQLITE if on_sqlite else ON_POSTGRESQL:
        op.execute(statement)
