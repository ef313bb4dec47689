"""The imports, the last one first: what each brought, and whether it was taken back."""

from __future__ import annotations

from sqlalchemy import Connection, select

from leadtriage.db.schema import ImportBatch, table
from leadtriage.reports import page
from leadtriage.tabular import Column, Table

_batch = table(ImportBatch)

_COUNTS = {"rows": 90, "created": 85, "updated": 80, "unchanged": 40, "merged": 45, "rejected": 75}
"""What is counted of an import, and how dearly a narrow terminal keeps it."""

_COLUMNS = (
    Column("batch", "Batch", keep=100, align="right"),
    Column("at", "At", keep=82),
    Column("by", "By", keep=50),
    Column("file", "File", keep=95, kind="path"),
    Column("sha256", "SHA-256", keep=5),
    *(Column(key, key.capitalize(), keep=keep, align="right") for key, keep in _COUNTS.items()),
    Column("undone_at", "Undone at", keep=83),
)


def list_imports(connection: Connection, *, limit: int | None = page.USUAL_LIMIT) -> Table:
    """Return the imports, the last one first. Columns as in `docs/cli.md`; times are in the criteria's zone."""
    keys = [column.key for column in _COLUMNS if column.key != "batch"]
    statement = select(_batch.c.id.label("batch"), *(_batch.c[key] for key in keys)).order_by(_batch.c.id.desc())
    shown, more = page.cut(page.fetch(connection, statement, page.one_more(limit)), limit)
    return page.with_count(connection, Table("Imports", _COLUMNS, tuple(shown), more=more), statement)
