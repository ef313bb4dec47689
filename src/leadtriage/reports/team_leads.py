"""The leads behind a number of the team's report, whoever writes a name how."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from leadtriage.criteria.model import Criteria
from leadtriage.reports import page
from leadtriage.reports.cohort import select_cohort
from leadtriage.reports.doings import Doing, select_done
from leadtriage.reports.filters import Filters
from leadtriage.reports.leads import list_leads
from leadtriage.reports.people import People
from leadtriage.reports.stale import select_idle
from leadtriage.reports.survivors import find_survivors
from leadtriage.reports.teamwork import Work, count_as
from leadtriage.tabular import Table
from leadtriage.vocabulary import TeamNumber

_DONE: dict[TeamNumber, tuple[Doing, int | None]] = {
    TeamNumber.PROMISES: (Doing.PROMISE, None),
    TeamNumber.KEPT: (Doing.PROMISE, 1),
    TeamNumber.FLAGGED: (Doing.FLAG, None),
    TeamNumber.CONFIRMED: (Doing.DECISION, 1),
    TeamNumber.OVERTURNED: (Doing.DECISION, 0),
    TeamNumber.REVIEWED: (Doing.REVIEW, None),
}
"""The numbers that count what somebody did, and how it came out where that matters; the others are about owners."""


def list_team_leads(
    connection: Connection,
    criteria: Criteria,
    filters: Filters,
    as_of: date,
    number: TeamNumber,
    *,
    limit: int | None = page.USUAL_LIMIT,
) -> Table:
    """Return the leads behind a number of `team.list_team` with the same filters: of the owner's row, or of all rows.

    Columns as `leads.list_leads` has them. A lead that counts twice, such as one with two promises, stands there once.
    """
    work = Work(filters, criteria.follow_up, as_of)
    people = People(criteria.team)
    find = _select_done if number in _DONE else _select_owned
    return list_leads(connection, Filters(), limit=limit, among=find(connection, work, people, number))


def _select_owned(connection: Connection, work: Work, people: People, number: TeamNumber) -> Select[Any]:
    if number is TeamNumber.IDLE:
        idle = select_idle(work.of_leads, work.as_of).subquery()
        lead_id, owner, counts = idle.c.id, idle.c.owner_comparable, None
    else:
        cohort = select_cohort(connection, work.of_leads, work.as_of)
        lead_id, owner, counts = cohort.c.lead_id, cohort.c.owner_key, count_as(cohort, work, number)
    found = select(lead_id).where(owner.is_not(None))
    if counts is not None:
        found = found.where(counts)
    if work.owner is None:
        return found
    return found.where(owner.in_(people.spellings(people.find(work.owner))))


def _select_done(connection: Connection, work: Work, people: People, number: TeamNumber) -> Select[Any]:
    doing, well = _DONE[number]
    rows = select_done(connection, work, doing).subquery()
    survivors = find_survivors(connection)
    found = select(survivors.of(rows.c.lead_id)).select_from(survivors.beside(rows, rows.c.lead_id))
    if well is not None:
        found = found.where(rows.c.well == well)
    if work.owner is None:
        return found
    names = connection.execute(select(rows.c.by).distinct()).scalars().all()
    return found.where(rows.c.by.in_(people.choose(people.find(work.owner), names)))
