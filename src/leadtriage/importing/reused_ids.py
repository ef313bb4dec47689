"""Ids of a file that nobody knows which lead to somebody else: such a column may only count the rows of each file.

Which lead an id leads to is `match`'s; here people are told where that looks wrong.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, or_, select

from leadtriage.db.schema import Lead, table
from leadtriage.importing.staging import Staging
from leadtriage.importing.understand import Understanding
from leadtriage.words import count_of, is_unknown_system, list_ids

_NAME = "name_comparable"
_CONTACTS = ("email", "phone")


def find_reused_ids(connection: Connection, staging: Staging, understanding: Understanding) -> tuple[int, ...]:
    """The leads that the changes give another name and other contacts, so that nothing but an id has led to them.

    They are to be looked for before the changes are written. The ids of a system that is known are those of persons.
    """
    row, lead, change = staging.row, table(Lead), staging.change
    contacts = [name for name in _CONTACTS if name in staging.attribute_columns]
    if not {_NAME, "crm_id"} <= set(staging.attribute_columns) or not is_unknown_system(understanding.system):
        return ()

    def differs(name: str) -> ColumnElement[bool]:
        return func.coalesce(row.c[name] != lead.c[name], false())

    def agrees(name: str) -> ColumnElement[bool]:
        return func.coalesce(row.c[name] == lead.c[name], false())

    found = (
        select(change.c.lead_id)
        .join(row, row.c.row_id == change.c.row_id)
        .join(lead, lead.c.id == change.c.lead_id)
        .where(
            and_(change.c.field == "name", differs(_NAME), row.c.crm_id == lead.c.crm_id),
            or_(false(), *(differs(name) for name in contacts)),
            *(not_(agrees(name)) for name in contacts),
        )
        .order_by(change.c.lead_id)
    )
    return tuple(connection.execute(found).scalars())


def tell_reused_ids(leads: tuple[int, ...], understanding: Understanding, batch: int | None) -> tuple[str, ...]:
    """Say so, and what helps.

    Args:
        batch: the import that has changed the leads.
    """
    if not leads:
        return ()
    remedy = "--map id=none" if batch is None else f"leadtriage undo {batch}, then import with --map id=none"
    header = understanding.plan.find("id")[0].header
    return (
        f"{count_of(len(leads), 'lead has', 'leads have')} another name and other contacts under the same {header}"
        f" here: {list_ids(leads)} (if {header} only counts rows: {remedy})",
    )
