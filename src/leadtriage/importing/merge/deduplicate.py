"""Rows of one file that are the same lead, folded into the first of them, value by value.

Each value is the latest that is known: of the row that was changed last, then of the last one; no unusable address goes
before a usable one. Where the first row tells no day of coming in, the earliest of the others counts. Which rows are
the same lead was settled by `match`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import CTE, ColumnElement, Connection, Subquery, exists, func, insert, literal, or_, select, update

from leadtriage.core.vocabulary import EmailKind
from leadtriage.db import expressions
from leadtriage.importing.stage import Staging


def fold_rows(connection: Connection, staging: Staging, extras: Mapping[str, str], today: date) -> None:
    """Give each head the latest value, attribute by attribute, of the rows that are the same lead.

    Where such a value was not observed when the head was, `staging.origin` says when.

    Args:
        extras: for each extra column of the file its key in `extra` and its header.
        today: the day on which leads come in of which a row tells none.
    """
    member, row = staging.member, staging.row
    if not connection.execute(select(exists().select_from(member))).scalar():
        return
    heads = select(member.c.head.label("head"), member.c.row_id.label("row_id"))
    group = heads.union(select(member.c.head, member.c.head)).cte("rows_of_a_lead")
    dated = _has_several_times(connection, staging)
    for attribute in staging.attributes:
        usable_first = (row.c.email_kind == EmailKind.INVALID,) if attribute.name == "email" else ()
        ranked = _rank(staging, group, row.c[attribute.columns[0]].is_not(None), before=usable_first)
        if dated:
            _note_origins(connection, staging, ranked, attribute.name)
        _carry(connection, staging, ranked, attribute.columns)
    for key, header in extras.items():
        ranked = _rank(staging, group, expressions.json_text(row.c.extra, key).is_not(None))
        if dated:
            _note_origins(connection, staging, ranked, f"column:{header}")
        _carry_extra(connection, staging, ranked, key)
    told_by_head = (row.c.row_id == group.c.head) & (row.c.created_on != today)
    first = (row.c.created_on, row.c.row_id)
    days = _rank(staging, group, row.c.created_on.is_not(None), first, before=(~told_by_head,))
    _carry(connection, staging, days, ("created_on",))
    said = or_(row.c.meaning.is_not(None), row.c.junk_reason.is_not(None))
    _carry(connection, staging, _rank(staging, group, said), ("meaning", "junk_reason", "junk_by", "closed_on"))
    last = (row.c.touch_dated.desc(), row.c.touched_on.desc(), row.c.row_id.desc())
    _carry(
        connection,
        staging,
        _rank(staging, group, row.c.touched_on.is_not(None), last),
        ("touched_on", "touch_dated"),
    )


def _has_several_times(connection: Connection, staging: Staging) -> bool:
    """Whether any rows of one lead were observed at different times."""
    member, row = staging.member, staging.row
    head = row.alias("head_row")
    unlike = (
        select(member.c.row_id)
        .join(row, row.c.row_id == member.c.row_id)
        .join(head, head.c.row_id == member.c.head)
        .where(row.c.observed_at != head.c.observed_at)
    )
    return bool(connection.execute(select(unlike.exists())).scalar())


def _rank(
    staging: Staging,
    group: CTE,
    known: ColumnElement[bool],
    order: tuple[ColumnElement[object], ...] | None = None,
    *,
    before: tuple[ColumnElement[bool], ...] = (),
) -> Subquery:
    """Number the rows of each lead that know a value, the one that counts first.

    Args:
        order: what makes it count; None: the time and the place in the file.
        before: what counts before that; false comes first.
    """
    row = staging.row
    latest = (*before, *(order or (row.c.observed_at.desc(), row.c.row_id.desc())))
    place = func.row_number().over(partition_by=group.c.head, order_by=latest)
    ranked = select(group.c.head, group.c.row_id, place.label("place"))
    return ranked.join_from(group, row, row.c.row_id == group.c.row_id).where(known).subquery()


def _carry(connection: Connection, staging: Staging, ranked: Subquery, columns: tuple[str, ...]) -> None:
    row = staging.row
    latest = row.alias("latest")
    connection.execute(
        update(row)
        .values({column: latest.c[column] for column in columns})
        .where(
            ranked.c.place == 1,
            row.c.row_id == ranked.c.head,
            latest.c.row_id == ranked.c.row_id,
            ranked.c.head != ranked.c.row_id,
        )
    )


def _carry_extra(connection: Connection, staging: Staging, ranked: Subquery, key: str) -> None:
    row = staging.row
    latest = row.alias("latest")
    compared = expressions.json_with(row.c.extra_comparable, key, latest.c.extra_comparable)
    connection.execute(
        update(row)
        .values(
            extra=expressions.json_with(row.c.extra, key, latest.c.extra),
            extra_comparable=expressions.json_with(compared, key.replace("c", "n"), latest.c.extra_comparable),
        )
        .where(
            ranked.c.place == 1,
            row.c.row_id == ranked.c.head,
            latest.c.row_id == ranked.c.row_id,
            ranked.c.head != ranked.c.row_id,
        )
    )


def _note_origins(connection: Connection, staging: Staging, ranked: Subquery, field: str) -> None:
    row = staging.row
    latest = row.alias("latest")
    found = (
        select(ranked.c.head, literal(field), latest.c.observed_at)
        .join(latest, latest.c.row_id == ranked.c.row_id)
        .join(row, row.c.row_id == ranked.c.head)
        .where(ranked.c.place == 1, latest.c.observed_at != row.c.observed_at)
    )
    connection.execute(insert(staging.origin).from_select(["row_id", "field", "observed_at"], found))
