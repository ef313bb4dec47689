"""A summary email: what is overdue, back from nurture or to be reviewed today, and the week's funnel.

Each part is a work list cut to what an email holds. Leads that must not be contacted are in none.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from leadtriage.core.tables import Cell, Table
from leadtriage.core.text import format_day, format_weekday
from leadtriage.core.vocabulary import Clock, FunnelStep
from leadtriage.reports.lists import list_candidates, list_nurture, list_stale
from leadtriage.reports.manager.funnel import list_funnel
from leadtriage.reports.query import MOST_COUNTED, Filters, People, ReportRequest, read_score_snapshot

MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Digest:
    """The body of an email.

    Attributes:
        title: whose leads it is about, and the day.
        remarks: sentences before the tables.
        tables: the parts that have rows, each with notes on what else there is and how to see it.
    """

    title: str
    remarks: tuple[str, ...]
    tables: tuple[Table, ...]


def make_digest(request: ReportRequest) -> Digest:
    """Summarize the leads of the filters' owner, or of all, with at most 20 rows of each kind, the worst first."""
    parts = (_list_overdue(request), _list_returned(request), _list_to_review(request), _list_week(request))
    whose = _describe_owner(request.filters.owner, People(request.criteria.team))
    return Digest(
        title=f"{whose}, {format_weekday(request.as_of, request.as_of)} {request.as_of.year}",
        remarks=_describe_age(request),
        tables=tuple(part for part in parts if part.rows),
    )


def _describe_owner(owner: str | None, people: People) -> str:
    if owner is None:
        return "All leads"
    name = people.members.get(people.find(owner), owner.strip())
    return f"Leads of {name}" if name else "Leads without an owner"


def _describe_age(request: ReportRequest) -> tuple[str, ...]:
    snapshot = read_score_snapshot(request.connection)
    if snapshot.as_of is None or snapshot.as_of >= request.as_of:
        return snapshot.notes
    return (f"Last scored on {format_day(snapshot.as_of, request.as_of)}: grades and due days are of that day.",)


def _list_overdue(request: ReportRequest) -> Table:
    # The backlog takes a row per owner and up to half of a list; it is nothing for one morning.
    backlog = list_stale(replace(request, limit=None), clocks=[Clock.BACKLOG])
    stale = list_stale(replace(request, limit=2 * MOST_ROWS))
    rows = [row for row in stale.rows if row["id"] is not None]
    rows.sort(key=lambda row: (str(row["due"]), int(str(row["id"])), str(row["clock"])))
    total = len(rows) if not stale.more else None if stale.total is None else stale.total - len(backlog.rows)
    cut = replace(stale, title="Overdue", rows=tuple(rows))
    return _cut(cut, ["grade", "clock", "due", "overdue_days"], total, "stale", request.filters)


def _list_returned(request: ReportRequest) -> Table:
    returned = list_nurture(replace(request, limit=MOST_ROWS), only_due=True)
    returned = replace(returned, title="Back from nurture")
    keys = ["grade", "until", "reason", "last_touch"]
    return _cut(returned, keys, _count(returned), "nurture --due", request.filters)


def _list_to_review(request: ReportRequest) -> Table:
    candidates = list_candidates(replace(request, limit=MOST_ROWS), contactable=True)
    candidates = replace(candidates, title="Waiting for a review: flagged as junk by a rule, a rep or the CRM")
    return _cut(candidates, ["ceiling", "reason", "why", "flagged_by"], _count(candidates), "junk", request.filters)


def _list_week(request: ReportRequest) -> Table:
    since = request.as_of - timedelta(days=6)
    funnel = list_funnel(replace(request, filters=replace(request.filters, since=since, until=request.as_of)))
    leads = next(row["leads"] for row in funnel.rows if row["step"] == FunnelStep.LEADS)
    command = _write_command(f"report funnel --since {since} --until {request.as_of}", request.filters)
    return replace(
        funnel,
        title="The week's funnel",
        rows=funnel.rows if leads else (),
        columns=tuple(column for column in funnel.columns if column.key in ("step", "leads", "share_of_leads")),
        notes=(f"Leads that came in since {format_weekday(since, request.as_of)}: {command}",),
    )


def _count(found: Table) -> int | None:
    """Return how many rows there are in all; None for more than were counted."""
    return None if found.more_than else found.total or len(found.rows)


def _cut(found: Table, keys: Sequence[str], total: int | None, list_name: str, filters: Filters) -> Table:
    """Return the first rows, with a note on how many more there are and how to see them."""
    owner = ["owner"] if filters.owner is None else []
    by_key = {column.key: column for column in found.columns}
    columns = tuple(by_key[key] for key in ("id", "name", "company", *owner, *keys))
    shown: tuple[Mapping[str, Cell], ...] = found.rows[:MOST_ROWS]
    command = _write_command(list_name, filters)
    if total is None:
        note = f"The first {len(shown)} of more than {MOST_COUNTED:,}; all of them: {command} --all"
    elif total > len(shown):
        note = f"And {total - len(shown):,} more: {command} --all"
    else:
        note = f"To see them: {command}"
    return Table(found.title, columns, shown, notes=(note,))


def _write_command(command: str, filters: Filters) -> str:
    owner = "" if filters.owner is None else f" --owner {shlex.quote(filters.owner)}"
    return f"leadtriage {command}{owner}"
