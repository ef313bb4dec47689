"""Open leads by age, and by grade, owner or source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from itertools import chain

from sqlalchemy import case, func

from leadtriage.core.tables import Column, Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import AgingBy, Grade
from leadtriage.db import Lead, LeadScore, table
from leadtriage.db.expressions import first_spelling
from leadtriage.reports.query import ListRequest, choose_name, is_open, read_members, select_leads

_lead = table(Lead)
_score = table(LeadScore)

BUCKETS = (("0-7", 7), ("8-30", 30), ("31-60", 60), ("61-90", 90), ("91+", None))
"""Age in days: the name of a bucket and its last day."""

_MOST_GROUPS = 50
_OTHERS = "others"


def list_aging(request: ListRequest, by: AgingBy) -> Table:
    """Return the number of open leads per age bucket and group; empty buckets are rows as well.

    Columns: `bucket`, a count per group, `total`. The keys of grades are `a, b, c, d` and, with leads that are not
    scored, `unscored`. The keys of owners and sources are their names, the largest first, at most 50 and then `others`.
    Leads without one are `no owner` or `no source`. All names of a team member are one owner.
    """
    counts, names = _count_leads(request, by)
    sizes = Counter[str | None]()
    for (_, group), leads in counts.items():
        sizes[group] += leads
    groups = _order_grades(sizes) if by is AgingBy.GRADE else _order_by_size(sizes, names | {None: f"no {by}"})
    totals = Counter[tuple[str, str]]()
    for (bucket, group), leads in counts.items():
        for key in (groups[group].key, "total"):
            totals[bucket, key] += leads
    columns = (
        Column("bucket", "Days", keep=100),
        *dict.fromkeys(groups.values()),
        Column("total", "Total", keep=99, align="right"),
    )
    rows = tuple(
        {"bucket": bucket} | {column.key: totals[bucket, column.key] for column in columns[1:]} for bucket, _ in BUCKETS
    )
    note = f"{format_count(sizes.total(), 'open lead')} in all."
    return Table(f"Open leads by age and {by}", columns, rows, notes=(note,), adds_up=True)


def _count_leads(request: ListRequest, by: AgingBy) -> tuple[Counter[tuple[str, str | None]], dict[str | None, str]]:
    """Count leads by bucket and comparable group, and choose the name of each group."""
    key, name = {
        AgingBy.GRADE: (_score.c.grade, _score.c.grade),
        AgingBy.OWNER: (_lead.c.owner_comparable, _lead.c.owner),
        AgingBy.SOURCE: (_lead.c.source_comparable, _lead.c.source),
    }[by]
    # A day yet to come counts as today.
    bounds = [
        (_lead.c.created_on >= request.as_of - timedelta(days=last), bucket)
        for bucket, last in BUCKETS
        if last is not None
    ]
    age = case(*bounds, else_=BUCKETS[-1][0]).label("bucket")
    values = age, key, first_spelling(name), func.count()
    statement = select_leads(request.filters, *values, which=is_open()).group_by(age, key)
    members = read_members(request.connection) if by is AgingBy.OWNER else {}
    counts = Counter[tuple[str, str | None]]()
    names: dict[str | None, str] = {}
    for bucket, spelling, shown, leads in request.connection.execute(statement):
        group = members.get(spelling, spelling)
        counts[bucket, group] += leads
        chosen = choose_name(group, names.get(group), shown)
        if chosen is not None:
            names[group] = chosen
    return counts, names


def _order_grades(sizes: Counter[str | None]) -> dict[str | None, Column]:
    """Return all four grades, as scripts rely on their keys."""
    groups: dict[str | None, Column] = {
        grade.value: Column(grade.lower(), grade.value, keep=90 - place, align="right")
        for place, grade in enumerate(Grade)
    }
    if None in sizes:
        groups[None] = Column("unscored", "Not scored", keep=50, align="right")
    return groups


def _order_by_size(sizes: Counter[str | None], names: Mapping[str | None, str]) -> dict[str | None, Column]:
    """Return the largest groups first; a name that is already a key gets a number behind it."""
    largest = sorted(sizes, key=lambda group: (-sizes[group], group or ""))
    groups: dict[str | None, Column] = {}
    taken = {"bucket", "total", _OTHERS}
    for place, group in enumerate(largest[:_MOST_GROUPS]):
        label = names[group]
        key = next(k for k in chain([label], (f"{label} ({n})" for n in range(2, 99))) if k not in taken)
        taken.add(key)
        groups[group] = Column(key, label, keep=max(1, 90 - place), align="right")
    return groups | dict.fromkeys(largest[_MOST_GROUPS:], Column(_OTHERS, "Others", keep=30, align="right"))
