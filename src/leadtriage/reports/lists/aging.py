"""Open leads by how long ago they came in, and by grade, owner or source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from sqlalchemy import ColumnElement, Connection, case, func, select

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import OPEN_STAGES, AgingBy, Grade
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.expressions import first_spelling
from leadtriage.reports.query import Filters, choose_name, filter_conditions, is_visible, read_members

_lead = table(Lead)
_score = table(LeadScore)

BUCKETS = (("0-7", 7), ("8-30", 30), ("31-60", 60), ("61-90", 90), ("91+", None))
"""The age in days: its name and its last day."""

_MOST_GROUPS = 50
_OTHERS = "others"


@dataclass(frozen=True, slots=True)
class _Count:
    bucket: str
    group: str | None
    """In its comparable form; None for none."""
    name: str | None
    leads: int


def list_aging(connection: Connection, as_of: date, by: AgingBy, filters: Filters) -> Table:
    """Return how many open leads there are per bucket of age and group.

    Columns: `bucket`, a count per group, `total`. Grades have the keys `a, b, c, d` and, where some leads are not
    scored, `unscored`. Owners and sources have their names as keys, those with the most leads first, at most 50 of
    them and then `others`; leads without one are `no owner` or `no source`, and all names of a member of the team are
    one owner. All five buckets are there, also empty ones.
    """
    counts = _count_leads(connection, as_of, by, filters)
    groups = _order_grades(counts) if by is AgingBy.GRADE else _order_by_size(counts, f"no {by}")
    totals = Counter[tuple[str, str]]()
    for count in counts:
        for key in (groups[count.group].key, "total"):
            totals[count.bucket, key] += count.leads
    columns = (
        Column("bucket", "Days", keep=100),
        *dict.fromkeys(groups.values()),
        Column("total", "Total", keep=99, align="right"),
    )
    rows = tuple(
        {"bucket": bucket} | {column.key: totals[bucket, column.key] for column in columns[1:]} for bucket, _ in BUCKETS
    )
    in_all = format_count(sum(count.leads for count in counts), "open lead")
    return Table(f"Open leads by age and {by}", columns, rows, notes=(f"{in_all} in all.",), adds_up=True)


def _count_leads(connection: Connection, as_of: date, by: AgingBy, filters: Filters) -> list[_Count]:
    group, name = {
        AgingBy.GRADE: (_score.c.grade, _score.c.grade),
        AgingBy.OWNER: (_lead.c.owner_comparable, _lead.c.owner),
        AgingBy.SOURCE: (_lead.c.source_comparable, _lead.c.source),
    }[by]
    bucket = _bucket(as_of).label("bucket")
    statement = (
        select(bucket, group, first_spelling(name), func.count())
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
        .where(_lead.c.stage.in_([stage.value for stage in OPEN_STAGES]), is_visible(), *filter_conditions(filters))
        .group_by(bucket, group)
    )
    members = read_members(connection) if by is AgingBy.OWNER else {}
    return [
        _Count(name_of_bucket, members.get(key, key), shown, leads)
        for name_of_bucket, key, shown, leads in connection.execute(statement)
    ]


def _bucket(as_of: date) -> ColumnElement[str]:
    """The bucket of the day a lead came in; a day still to come counts as today."""
    bounds = [(_lead.c.created_on >= as_of - timedelta(days=last), name) for name, last in BUCKETS if last is not None]
    return case(*bounds, else_=BUCKETS[-1][0])


def _order_grades(counts: Iterable[_Count]) -> dict[str | None, Column]:
    """All four grades, also those without a lead, since scripts rely on the keys."""
    groups: dict[str | None, Column] = {
        grade.value: Column(grade.lower(), grade.value, keep=90 - place, align="right")
        for place, grade in enumerate(Grade)
    }
    if any(count.group is None for count in counts):
        groups[None] = Column("unscored", "Not scored", keep=50, align="right")
    return groups


def _order_by_size(counts: Iterable[_Count], nobody: str) -> dict[str | None, Column]:
    """The largest groups first. A name that is a key already gets a number behind it."""
    sizes = Counter[str | None]()
    names: dict[str | None, str] = {}
    for count in counts:
        sizes[count.group] += count.leads
        name = choose_name(count.group, names.get(count.group), count.name)
        if name is not None:
            names[count.group] = name
    largest = sorted(sizes, key=lambda group: (-sizes[group], group or ""))
    groups: dict[str | None, Column] = {}
    taken = {"bucket", "total", _OTHERS}
    for place, group in enumerate(largest[:_MOST_GROUPS]):
        label = names.get(group, nobody)
        key = next(k for k in chain([label], (f"{label} ({n})" for n in range(2, 99))) if k not in taken)
        taken.add(key)
        groups[group] = Column(key, label, keep=max(1, 90 - place), align="right")
    return groups | dict.fromkeys(largest[_MOST_GROUPS:], Column(_OTHERS, "Others", keep=30, align="right"))
