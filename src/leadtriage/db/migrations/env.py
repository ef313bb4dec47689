"""Runs migrations on the connection that `db.migrate` gives, in its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from leadtriage.db.tables.indexes import indexed_tables


def write_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write SQLModel's text type as a plain one, so that migrations do not depend on SQLModel."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


tables = {table.name for table in indexed_tables()}

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_name=lambda name, kind, parents: kind != "table" or name in tables,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
    render_item=write_type,
)
with context.begin_transaction():
    context.run_migrations()
