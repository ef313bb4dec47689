"""Runs migrations on the connection that `db.upgrade` hands over, within its transaction."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from leadtriage.db import schema

tables = {table.name for table in schema.tables()}

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_name=lambda name, kind, parents: kind != "table" or name in tables,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
