"""What sources cost, what reps are called, by when a lead was to be contacted, what it answers: what reports need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOVED = sa.text("kind IN ('stage', 'owner', 'qualified', 'undone')")


def upgrade() -> None:
    """Move the tables from the revision before to this one."""
    op.create_table(
        "spend",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_comparable", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=True),
        sa.Column("campaign_comparable", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "team_name",
        sa.Column("spelling", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("spelling"),
    )
    op.add_column("lead_score", sa.Column("touch_due", sa.Date(), nullable=True))
    op.add_column("lead_score", sa.Column("answers", sa.String(), nullable=True))
    op.add_column("lead_score", sa.Column("answers_run_id", sa.Integer(), nullable=True))
    op.create_index(
        "event_moved",
        "event",
        ["at", "lead_id", "id", "kind", "field", "old"],
        unique=False,
        sqlite_where=_MOVED,
        postgresql_where=_MOVED,
    )
