"""What one owner, or the manager, should know today: what is overdue, back, to be reviewed, and the week's funnel.

Each part is a list of its own module, cut to what a mail holds; leads that must not be contacted are in none.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from leadtriage.core.tables import Cell, Table
from leadtriage.core.text import format_count, format_day, format_weekday
from leadtriage.core.vocabulary import Clock, FunnelStep
from leadtriage.criteria import Criteria
from leadtriage.reports.lists import list_candidates, list_nurture, list_stale
from leadtriage.reports.manager.funnel import list_funnel
from leadtriage.reports.query import MOST_COUNTED, Filters, People, ScoreSnapshot, read_score_snapshot

MOST_ROWS = 20
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Digest:
    """A mail body.

    Attributes:
        title: whose it is, and of which day.
        remarks: what a reader should know before the rest, in sentences.
        tables: the parts that have something to say, each with notes that say what else there is and how to see it.
    """

    title: str
    remarks: tuple[str, ...]
    tables: tuple[Table, ...]


def make_digest(connection: Connection, criteria: Criteria, as_of: date, owner: str | None = None) -> Digest:
    """Put together what is to be said, at most 20 rows of each kind, the worst first.

    Args:
        owner: the rep whose leads it is about; None for the manager, who sees those of all.
    """
    filters = Filters(owner=owner)
    parts = (
        _list_overdue(connection, filters, as_of),
        _list_returned(connection, filters, as_of),
        _list_to_review(connection, criteria, filters, as_of),
        _list_week(connection, filters, as_of),
    )
    return Digest(
        title=f"{_say_whose(owner, People(criteria.team))}, {format_weekday(as_of, as_of)} {as_of.year}",
        remarks=_tell_age(read_score_snapshot(connection), as_of),
        tables=tuple(part for part in parts if part.rows),
    )


def _say_whose(owner: str | None, people: People) -> str:
    if owner is None:
        return "All leads"
    name = people.members.get(people.find(owner), owner.strip())
    return f"Leads of {name}" if name else "Leads without an owner"


def _tell_age(basis: ScoreSnapshot, as_of: date) -> tuple[str, ...]:
    if basis.as_of is None or basis.as_of >= as_of:
        return basis.notes
    return (f"Scored last on {format_day(basis.as_of, as_of)}: grades and due days are of that day.",)


def _list_overdue(connection: Connection, filters: Filters, as_of: date) -> Table:
    # The backlog takes a row per owner and up to half of a list; it is nothing for one morning.
    backlog = list_stale(connection, filters, as_of, clocks=[Clock.BACKLOG], limit=None)
    stale = list_stale(connection, filters, as_of, limit=2 * MOST_ROWS)
    rows = [row for row in stale.rows if row["id"] is not None]
    rows.sort(key=lambda row: (str(row["due"]), int(str(row["id"])), str(row["clock"])))
    total = len(rows) if not stale.more else None if stale.total is None else stale.total - len(backlog.rows)
    keys = ["id", "name", "company", *_owner_unless(filters), "grade", "clock", "due", "overdue_days"]
    return _cut(stale, "Overdue", keys, rows, total, _write("stale", filters))


def _list_returned(connection: Connection, filters: Filters, as_of: date) -> Table:
    returned = list_nurture(connection, filters, as_of, only_due=True, limit=MOST_ROWS)
    keys = ["id", "name", "company", *_owner_unless(filters), "grade", "until", "reason", "last_touch"]
    command = _write("nurture --due", filters)
    return _cut(returned, "Back from nurture", keys, returned.rows, _count(returned), command)


def _list_to_review(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Table:
    candidates = list_candidates(connection, criteria, filters, as_of, limit=MOST_ROWS, contactable=True)
    keys = ["id", "name", "company", *_owner_unless(filters), "ceiling", "reason", "why", "flagged_by"]
    title = "Waiting for a review: called junk by a rule, a rep or the CRM"
    return _cut(candidates, title, keys, candidates.rows, _count(candidates), _write("junk", filters))


def _list_week(connection: Connection, filters: Filters, as_of: date) -> Table:
    since = as_of - _WEEK + timedelta(days=1)
    funnel = list_funnel(connection, replace(filters, since=since, until=as_of), as_of)
    leads = next(row["leads"] for row in funnel.rows if row["step"] == FunnelStep.LEADS)
    command = _write(f"report funnel --since {since} --until {as_of}", filters)
    return replace(
        funnel,
        title="The week's funnel",
        rows=funnel.rows if leads else (),
        columns=tuple(column for column in funnel.columns if column.key in ("step", "leads", "share_of_leads")),
        notes=(f"Leads that came in since {format_weekday(since, as_of)}: {command}",),
    )


def _count(found: Table) -> int | None:
    """How many rows there are in all; None for more than were counted."""
    return None if found.more_than else found.total or len(found.rows)


def _cut(
    found: Table, title: str, keys: Sequence[str], rows: Sequence[Mapping[str, Cell]], total: int | None, command: str
) -> Table:
    """A part with its first rows, and a note that says how many more there are and how to see them."""
    by_key = {column.key: column for column in found.columns}
    shown = tuple(rows[:MOST_ROWS])
    if total is None:
        note = f"The first {len(shown)} of more than {MOST_COUNTED:,}; all of them: {command} --all"
    elif total > len(shown):
        note = f"And {format_count(total - len(shown), 'more', 'more')}: {command} --all"
    else:
        note = f"To see them: {command}"
    return Table(title, tuple(by_key[key] for key in keys), shown, notes=(note,))


def _owner_unless(filters: Filters) -> list[str]:
    return ["owner"] if filters.owner is None else []


def _write(command: str, filters: Filters) -> str:
    owner = "" if filters.owner is None else f" --owner {shlex.quote(filters.owner)}"
    return f"leadtriage {command}{owner}"
