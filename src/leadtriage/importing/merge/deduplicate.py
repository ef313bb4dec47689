"""Rows of one file that are the same lead, merged into the first of them, value by value.

The latest known value counts: that of the row that was modified last, then of the last row. A usable address goes
before an unusable one. The earliest creation date counts, unless the first row has one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, Subquery, exists, func, insert, literal, or_, select, update

from leadtriage.core.vocabulary import EmailKind
from leadtriage.db import expressions
from leadtriage.importing.run import ImportRun
from leadtriage.importing.stage import Staging


def deduplicate_rows(run: ImportRun) -> None:
    """Give each leader the latest value of every attribute of the rows of its group.

    `staging.origin` gets the time of a value that was not observed when the leader was.
    """
    staging = run.staging
    member, row = staging.member, staging.row
    if not run.connection.execute(select(exists().select_from(member))).scalar():
        return
    latest = row.alias("latest")
    rows = select(member.c.leader.label("leader"), member.c.row_id.label("row_id"))
    group = rows.union(select(member.c.leader, member.c.leader)).cte("rows_of_a_lead")
    has_times = _has_several_times(run)

    def copy(values: dict[str, ColumnElement[Any]], ranked: Subquery, field: str | None = None) -> None:
        """Copy the values of the row that counts to the leader; a `field` has its time noted."""
        is_latest = (ranked.c.place == 1, latest.c.row_id == ranked.c.row_id, row.c.row_id == ranked.c.leader)
        if has_times and field is not None:
            times = select(ranked.c.leader, literal(field), latest.c.observed_at).select_from(ranked)
            times = times.join(latest, is_latest[1]).join(row, is_latest[2])
            times = times.where(is_latest[0], latest.c.observed_at != row.c.observed_at)
            run.connection.execute(insert(staging.origin).from_select(["row_id", "field", "observed_at"], times))
        run.connection.execute(update(row).values(values).where(*is_latest, ranked.c.leader != ranked.c.row_id))

    def columns(*names: str) -> dict[str, ColumnElement[Any]]:
        return {name: latest.c[name] for name in names}

    for attribute in staging.attributes:
        usable_first = (row.c.email_kind == EmailKind.INVALID,) if attribute.name == "email" else ()
        ranked = _rank(staging, group, row.c[attribute.columns[0]].is_not(None), before=usable_first)
        copy(columns(*attribute.columns), ranked, attribute.name)
    for key, header in run.settings.extra_headers.items():
        ranked = _rank(staging, group, expressions.json_text(row.c.extra, key).is_not(None))
        copy(copy_extra(row, latest, key), ranked, f"column:{header}")
    leader_has_date = (row.c.row_id == group.c.leader) & (row.c.created_on != run.act.as_of)
    first = (row.c.created_on, row.c.row_id)
    copy(
        columns("created_on"),
        _rank(staging, group, row.c.created_on.is_not(None), first, before=(~leader_has_date,)),
    )
    has_meaning = or_(row.c.meaning.is_not(None), row.c.junk_reason.is_not(None))
    copy(columns("meaning", "junk_reason", "junk_by", "closed_on"), _rank(staging, group, has_meaning))
    last = (row.c.touch_dated.desc(), row.c.touched_on.desc(), row.c.row_id.desc())
    copy(columns("touched_on", "touch_dated"), _rank(staging, group, row.c.touched_on.is_not(None), last))


def copy_extra(target: FromClause, source: FromClause, key: str) -> dict[str, ColumnElement[Any]]:
    """The extra columns of a row or lead with one of them (`c1`) taken from another row."""
    comparable = expressions.json_with(target.c.extra_comparable, key, source.c.extra_comparable)
    return {
        "extra": expressions.json_with(target.c.extra, key, source.c.extra),
        "extra_comparable": expressions.json_with(comparable, key.replace("c", "n"), source.c.extra_comparable),
    }


def _has_several_times(run: ImportRun) -> bool:
    """Whether any rows of one lead were observed at different times."""
    member, row = run.staging.member, run.staging.row
    leader = row.alias("leader_row")
    different = (
        select(member.c.row_id)
        .join(row, row.c.row_id == member.c.row_id)
        .join(leader, leader.c.row_id == member.c.leader)
        .where(row.c.observed_at != leader.c.observed_at)
    )
    return bool(run.connection.execute(select(different.exists())).scalar())


def _rank(
    staging: Staging,
    group: CTE,
    known: ColumnElement[bool],
    order: tuple[ColumnElement[Any], ...] = (),
    *,
    before: tuple[ColumnElement[bool], ...] = (),
) -> Subquery:
    """Number the rows of each lead that know a value, the one that counts first.

    Args:
        order: the order of the rows, by default the latest first.
        before: what goes before that order; false comes first.
    """
    row = staging.row
    order = order or (row.c.observed_at.desc(), row.c.row_id.desc())
    place = func.row_number().over(partition_by=group.c.leader, order_by=(*before, *order))
    ranked = select(group.c.leader, group.c.row_id, place.label("place"))
    return ranked.join_from(group, row, row.c.row_id == group.c.row_id).where(known).subquery()
