"""Changes that are no news: what people here have changed stays, while a file only says again what it said before.

A weekly export repeats the owner and the title of every lead. Handing a lead over here, or asking for its title, would
be undone by the next one; a word that is new, in the same column, counts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, and_, select

from leadtriage.db.dialect import batches
from leadtriage.db.schema import FieldOrigin, table
from leadtriage.importing.outdated import delete_changes
from leadtriage.importing.rereading import KeptRows
from leadtriage.importing.staging import Staging


def leave_out_repeated(connection: Connection, staging: Staging) -> None:
    """Take those changes from `change` that would put back, over a person's word, what the last import had said."""
    change, origin = staging.change, table(FieldOrigin)
    by_people = (
        select(change.c.row_id, change.c.lead_id, change.c.field, change.c.new)
        .join(origin, and_(origin.c.lead_id == change.c.lead_id, origin.c.field == change.c.field))
        .where(origin.c.batch_id.is_(None))
    )
    lines: dict[int, list[Any]] = defaultdict(list)
    for line in connection.execute(by_people):
        lines[line.lead_id].append(line)
    if not lines:
        return
    kept_rows = KeptRows(connection)
    repeated = []
    for leads in batches(sorted(lines)):
        for lead_id, statements in kept_rows.read(leads).items():
            for line in lines[lead_id]:
                values = [said.values[line.field] for said in statements if line.field in said.values]
                if values and sorted(values, key=lambda value: value.observed_at)[-1].text == line.new:
                    repeated.append({"of_row": line.row_id, "of_field": line.field})
    delete_changes(connection, change, repeated)
