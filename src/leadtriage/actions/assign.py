"""Assign leads to the team by role, territory, company and capacity, in a way that can be explained and repeated.

Qualified leads go to sales, those that need answers to qualifiers. A company stays with its rep; else the lead goes to
the member with the fewest open leads for their capacity. Nobody gets more than fits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, or_, select

from leadtriage.actions.unit_of_work import LeadChange, UnitOfWork, require_open, text_columns, unit_of_work
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.core.text import comparable
from leadtriage.core.vocabulary import EventKind, Stage
from leadtriage.criteria import Criteria, TeamMember
from leadtriage.db import Lead, LeadScore, reading, table
from leadtriage.importing.normalize import find_company_domain
from leadtriage.matching import website_host
from leadtriage.scoring import compile_condition, is_open, is_visible, prepare_rules, select_inputs

SALES, QUALIFIER = "sales", "qualifier"

_COMPANY_COLUMNS = ("email_domain", "website", "company_comparable")
_MAX_DOMAINS = 5
"""A company name with more domains is no company's own: "self-employed"."""

_lead, _score = table(Lead), table(LeadScore)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A lead and its new owner; None if nobody can take it. `why` gives the reason."""

    lead_id: int
    name: str | None
    company: str | None
    owner: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Assignments, the best lead first, and sentences on companies that several reps work."""

    assignments: tuple[Assignment, ...]
    conflicts: tuple[str, ...]


@dataclass(slots=True)
class Desk:
    """A member of the team with their workload.

    Attributes:
        place: the rank among equals, drawn by the seed.
        open: open leads.
        today: leads assigned today.
    """

    member: TeamMember
    place: int
    open: int = 0
    today: int = 0

    @property
    def load(self) -> float:
        """Open leads per lead of daily capacity; no capacity counts as one."""
        return self.open / (self.member.capacity or 1)

    def refuse(self, day: date) -> str | None:
        """Return why the member can take no more leads; None if they can."""
        member = self.member
        for first, last in member.away:
            if first <= day <= last:
                return f"{member.name} is away until {last.isoformat()}"
        if member.max_open is not None and self.open >= member.max_open:
            return f"{member.name} has {self.open} of at most {member.max_open} open leads"
        if member.capacity is not None and self.today >= member.capacity:
            return f"{member.name} has been given {self.today} of at most {member.capacity} leads today"
        return None

    def __str__(self) -> str:
        by = f" at {self.member.capacity} a day" if self.member.capacity else ""
        return f"{self.member.name}: {self.open} open{by}"


class Team:
    """The desks of the team, found by any name of a member."""

    def __init__(self, members: Sequence[TeamMember], seed: int) -> None:
        places = list(range(len(members)))
        Random(seed).shuffle(places)
        self.desks = tuple(Desk(member, place) for member, place in zip(members, places, strict=True))
        self._by_name = {
            comparable(name): desk for desk in self.desks for name in (desk.member.name, *desk.member.also)
        }

    def find(self, name: str | None) -> Desk | None:
        """Return the desk of the member with this name, if any."""
        return self._by_name.get(comparable(name)) if name else None


class Companies:
    """The companies of leads: a domain and a name that one lead has mean the same company for all.

    Args:
        leads: each with `_COMPANY_COLUMNS`.
    """

    def __init__(self, leads: Iterable[Mapping[str, Any]]) -> None:
        self._parents: dict[str, str] = {}
        domains_of: dict[str, set[str]] = defaultdict(set)
        for lead in leads:
            if name := lead["company_comparable"]:
                domains_of[name] |= _find_domains(lead)
        for name, domains in domains_of.items():
            if len(domains) <= _MAX_DOMAINS:
                for domain in domains:
                    self._parents[self._find_root(f"name {name}")] = self._find_root(f"domain {domain}")

    def find(self, lead: Mapping[str, Any]) -> str | None:
        """Return a key of the lead's company, the same for all its leads; None if it is unknown."""
        domains, name = _find_domains(lead), lead["company_comparable"]
        if domains:
            return self._find_root(f"domain {min(domains)}")
        return self._find_root(f"name {name}") if name else None

    def _find_root(self, key: str) -> str:
        passed = []
        while key in self._parents and self._parents[key] != key:
            passed.append(key)
            key = self._parents[key]
        self._parents |= dict.fromkeys(passed, key)
        return key


def _find_domains(lead: Mapping[str, Any]) -> set[str]:
    hosts = (lead["email_domain"], website_host(lead["website"]))
    return {domain for host in hosts if host and (domain := find_company_domain(host.lower()))}


def plan_assignments(
    connection: Connection,
    criteria: Criteria,
    act: Act,
    *,
    seed: int,
    lead_ids: Collection[int] | None = None,
    leaver: str | None = None,
    explain: bool = False,
) -> Plan:
    """Plan who gets which lead; nothing is changed.

    Args:
        seed: decides between equals; the same seed and database give the same plan.
        lead_ids: only these leads; None for all unassigned ones.
        leaver: reassign the open leads of this rep instead of the unassigned ones.
        explain: name the loads of all members in `why`.

    Raises:
        LeadtriageError: the criteria have no team.
    """
    if not criteria.team:
        raise LeadtriageError(
            "the criteria have no team to assign leads to",
            hint="add to criteria.yaml:  team: [{name: Maria, role: sales, capacity: 8}]",
        )
    team = Team(criteria.team, seed)
    gone = team.find(leaver)
    names = [leaver] if leaver else []
    if gone is not None:
        names += [gone.member.name, *gone.member.also]
    leaving = {comparable(name) for name in names}
    chosen = _is_assignable(leaving)
    found = connection.execute(_select_leads(chosen)).mappings()
    rows = [dict(row) for row in found if lead_ids is None or row["id"] in lead_ids]
    if not rows:
        return Plan((), ())
    holders = _Holders(connection, team, act, leaving, rows)
    planner = _Planner(team, gone, holders, _find_takers(connection, criteria, act, chosen), act.as_of)
    assignments = tuple(planner.assign(row, explain=explain) for row in rows)
    return Plan(assignments, tuple(holders.describe_conflicts(rows)))


def _is_assignable(leaving: Collection[str]) -> ColumnElement[bool]:
    """Whether a lead is to be assigned: any open one of a leaver, else an unassigned one in play."""
    visible = and_(is_visible(), is_open())
    if leaving:
        return and_(visible, _lead.c.owner_comparable.in_(sorted(leaving)))
    return and_(
        visible,
        _lead.c.owner_comparable.is_(None),
        _lead.c.stage != Stage.NURTURE,
        _lead.c.do_not_contact.is_not(True),
        ~_score.c.candidate,
        or_(_lead.c.qualified_on.is_not(None), _score.c.needs_answers),
    )


def _select_leads(chosen: ColumnElement[bool]) -> Select[Any]:
    columns = (_lead.c[name] for name in ("id", "name", "company", "qualified_on", *_COMPANY_COLUMNS))
    return (
        select(*columns)
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id)
        .where(chosen)
        .order_by(_score.c.grade, _score.c.score.desc(), _score.c.ceiling.desc(), _lead.c.created_on, _lead.c.id)
    )


def _find_takers(
    connection: Connection, criteria: Criteria, act: Act, chosen: ColumnElement[bool]
) -> dict[str, frozenset[int]]:
    """The leads in the territory of each member who has one; an unknown value is in none."""
    rules = prepare_rules(connection, criteria, act.as_of)
    found = {}
    for member in criteria.team:
        if member.takes is not None:
            values = select_inputs([member.takes], rules.extra_columns, rules.scales)
            holds = compile_condition(member.takes, values, rules.scales, possible=False)
            ids = select(_lead.c.id).join_from(_lead, _score, _score.c.lead_id == _lead.c.id).where(chosen, holds)
            found[member.name] = frozenset(connection.execute(ids).scalars())
    return found


class _Holders:
    """Counts who has which company; fills the desks with their leads meanwhile."""

    def __init__(
        self,
        connection: Connection,
        team: Team,
        act: Act,
        leaving: Collection[str] = (),
        waiting: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        columns = (_lead.c.owner, *(_lead.c[name] for name in _COMPANY_COLUMNS))
        owned = select(*columns).where(is_visible(), is_open(), _lead.c.owner.is_not(None)).order_by(_lead.c.id)
        rows = [dict(row) for row in connection.execute(owned).mappings()]
        had = [row for row in rows if comparable(row["owner"]) not in leaving]
        self._companies = Companies([*had, *waiting])
        self._open: dict[str, Counter[str]] = defaultdict(Counter)
        for row in had:
            desk = team.find(row["owner"])
            if desk is not None:
                desk.open += 1
            self.add(row, desk.member.name if desk is not None else row["owner"])
        given = select(_lead.c.owner, func.count()).where(
            is_visible(), _lead.c.owner.is_not(None), _lead.c.assigned_on == act.as_of
        )
        for owner, count in connection.execute(given.group_by(_lead.c.owner)):
            desk = team.find(owner)
            if desk is not None:
                desk.today += count

    def add(self, lead: Mapping[str, Any], owner: str) -> None:
        """Count one more lead of an owner."""
        company = self._companies.find(lead)
        if company is not None:
            self._open[company][owner] += 1

    def find(self, lead: Mapping[str, Any]) -> tuple[str, ...]:
        """Return who has leads of this company, those with most first."""
        counts = self._open.get(self._companies.find(lead) or "", Counter())
        return tuple(sorted(counts, key=lambda owner: (-counts[owner], owner)))

    def describe_conflicts(self, leads: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Yield a sentence for each company of these leads that several reps work."""
        by_company: dict[str | None, Mapping[str, Any]] = {}
        for lead in leads:
            by_company.setdefault(self._companies.find(lead), lead)
        for lead in by_company.values():
            owners = self.find(lead)
            if len(owners) > 1:
                yield f"{_name_company(lead)} is worked by {', '.join(owners[:-1])} and {owners[-1]}"


@dataclass(frozen=True, slots=True)
class _Planner:
    team: Team
    gone: Desk | None
    holders: _Holders
    takers: Mapping[str, frozenset[int]]
    day: date

    def assign(self, lead: Mapping[str, Any], *, explain: bool) -> Assignment:
        """Choose the owner of one more lead, and count it."""
        desk, why = self._choose(lead, explain=explain)
        owner = None
        if desk is not None:
            owner = desk.member.name
            desk.open += 1
            desk.today += 1
            self.holders.add(lead, owner)
        return Assignment(lead["id"], lead["name"], lead["company"], owner, why)

    def _choose(self, lead: Mapping[str, Any], *, explain: bool) -> tuple[Desk | None, str]:
        holders, company = self.holders.find(lead), _name_company(lead)
        holder = next((desk for owner in holders if (desk := self.team.find(owner))), None)
        if holder is not None:
            refused = holder.refuse(self.day)
            return (None, f"waits: {refused}, and has {company}") if refused else (holder, f"has {company} already")
        if holders:
            return None, f"waits: {holders[0]}, who is not in the team, has {company}"
        role = SALES if lead["qualified_on"] is not None else QUALIFIER
        staff = [desk for desk in self.team.desks if desk.member.role == role and desk is not self.gone]
        if not staff:
            return None, f"there is no {role} in the team"
        willing = [desk for desk in staff if lead["id"] in self.takers.get(desk.member.name, (lead["id"],))]
        if not willing:
            return None, f"no {role} takes such a lead"
        refusals = {desk.member.name: why for desk in willing if (why := desk.refuse(self.day))}
        able = [desk for desk in willing if desk.member.name not in refusals]
        if not able:
            return None, "; ".join(refusals.values())
        why = "the only one who can take it" if len(able) == 1 else "the least loaded"
        if explain:
            why += f" ({'; '.join(refusals.get(desk.member.name) or str(desk) for desk in willing)})"
        return min(able, key=lambda desk: (desk.load, desk.place)), why


def _name_company(lead: Mapping[str, Any]) -> str:
    return str(lead["company"] or lead["email_domain"] or lead["website"])


def find_desk(connection: Connection, criteria: Criteria, act: Act, name: str) -> Desk:
    """Return the desk of a member with its leads.

    Raises:
        UsageError: nobody in the team has this name.
    """
    team = Team(criteria.team, seed=0)
    desk = team.find(name)
    if desk is None:
        members = ", ".join(member.name for member in criteria.team) or "nobody"
        hint = f"the team: {members}; it is in criteria.yaml"
        raise UsageError(f"{name} is not in the team", place="--to", hint=hint)
    _Holders(connection, team, act)
    return desk


def assign_leads(
    engine: Engine,
    criteria: Criteria,
    act: Act,
    *,
    seed: int,
    lead_ids: Collection[int] | None = None,
    leaver: str | None = None,
    explain: bool = False,
    dry_run: bool = False,
) -> Plan:
    """Assign leads to the team in one act, as `plan_assignments` does.

    Args:
        dry_run: only return the plan.

    Raises:
        LeadtriageError: the criteria have no team.
    """
    how: Mapping[str, Any] = {"seed": seed, "lead_ids": lead_ids, "leaver": leaver, "explain": explain}
    if dry_run:
        with reading(engine) as connection:
            return plan_assignments(connection, criteria, act, **how)
    with unit_of_work(engine, criteria, act) as work:
        plan = plan_assignments(work.connection, criteria, act, **how)
        _store(work, plan.assignments)
    return plan


def assign_by_hand(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, to: str, *, force: bool = False
) -> Assignment:
    """Assign one lead to a member of the team, whatever its owner.

    Args:
        force: assign it even if the member is away or full.

    Raises:
        LeadtriageError: the lead is closed or hidden, or the member is away, full, or has it already.
        UsageError: nobody in the team has this name.
    """
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        desk = find_desk(work.connection, criteria, act, to)
        name = desk.member.name
        if lead["owner"] == name:
            raise LeadtriageError(f"{name} has it already", place=f"lead {lead_id}")
        refused = desk.refuse(act.as_of)
        if refused and not force:
            raise LeadtriageError(refused, place=f"lead {lead_id}", hint="add --force to assign it anyway")
        assignment = Assignment(lead_id, lead["name"], lead["company"], name, "by hand")
        _store(work, [assignment])
    return assignment


def _store(work: UnitOfWork, assignments: Collection[Assignment]) -> None:
    given = [assignment for assignment in assignments if assignment.owner is not None]
    leads = work.read_leads({assignment.lead_id for assignment in given})
    changes = []
    for one in given:
        values = {**text_columns("owner", one.owner), "assigned_on": work.act.as_of, "worked_here": True}
        event = {"field": "owner", "old": leads[one.lead_id]["owner"], "new": one.owner, "note": one.why}
        changes.append(LeadChange(one.lead_id, EventKind.OWNER, values, **event))
    work.record(changes)
