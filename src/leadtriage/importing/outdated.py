"""Changes that come too late: a file would make them, but a later look at the lead has confirmed what is known.

A confirmation is not written down when it happens, since nearly all rows of a CRM's next export confirm. The kept rows
prove it, and they are read again only for a file that is older than an import that is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, exists, func, select

from leadtriage.db.dialect import create_index
from leadtriage.db.schema import ImportBatch, ImportRow, table
from leadtriage.importing.rereading import KeptRows
from leadtriage.importing.staging import Staging


def observed_at(field: ColumnElement[str], staging: Staging) -> ColumnElement[Any]:
    """When a staged row's value was observed, which after folding may be another row's."""
    row, origin = staging.row, staging.origin
    folded = select(origin.c.observed_at).where(origin.c.row_id == row.c.row_id, origin.c.field == field)
    return func.coalesce(folded.scalar_subquery(), row.c.observed_at)


def leave_out_outdated(connection: Connection, staging: Staging) -> None:
    """Take those changes from `change` whose old value was observed later than the new one."""
    row, change, kept, books = staging.row, staging.change, table(ImportRow), table(ImportBatch)
    observed = observed_at(change.c.field, staging)
    latest = select(func.max(books.c.at)).where(books.c.undone_at.is_(None)).scalar_subquery()
    joined = select(change.c.row_id, change.c.lead_id, change.c.field, change.c.old, observed.label("observed_at"))
    joined = joined.join_from(change, row, row.c.row_id == change.c.row_id).where(change.c.old.is_not(None))
    if not connection.execute(select(joined.where(observed < latest).exists())).scalar():
        return
    seen_since = (
        exists()
        .where(kept.c.lead_id == change.c.lead_id)
        .where(and_(books.c.id == kept.c.batch_id, books.c.undone_at.is_(None), books.c.at > observed))
    )
    doubtful: dict[int, list[Any]] = defaultdict(list)
    for line in connection.execute(joined.where(seen_since)):
        doubtful[line.lead_id].append(line)
    if doubtful:
        leads = select(change.c.lead_id).where(change.c.old.is_not(None))
        delete_changes(connection, change, _find_outdated(KeptRows(connection), leads, doubtful))


def _find_outdated(
    kept_rows: KeptRows, leads: Select[Any], doubtful: Mapping[int, Sequence[Any]]
) -> list[dict[str, Any]]:
    found = []
    since = min(line.observed_at for lines in doubtful.values() for line in lines)
    for part in kept_rows.read_many(leads, since=since):
        for lead_id, statements in part.items():
            for line in doubtful.get(lead_id, ()):
                values = [said.values[line.field] for said in statements if line.field in said.values]
                if any(value.text == line.old and value.observed_at > line.observed_at for value in values):
                    found.append({"of_row": line.row_id, "of_field": line.field})
    return found


def delete_changes(connection: Connection, change: Table, lines: list[dict[str, Any]]) -> None:
    """Take lines from `change`, each given by `of_row` and `of_field`."""
    if lines:
        create_index(connection, change.c.row_id)
        connection.execute(
            change.delete().where(change.c.row_id == bindparam("of_row"), change.c.field == bindparam("of_field")),
            lines,
        )
