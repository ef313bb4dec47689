"""Hands leads to the team: by role, territory, company and capacity, so that a run can be explained and replayed.

Qualified leads go to sales, those that need answers to qualifiers. A company stays with the rep who has it. Else the
desk with the fewest open leads for its capacity gets the lead. Nobody gets more than fits.

What each member of the team has on the desk, and whether more may be put there. Who gets what is `assigning`'s.

Which leads are of one company: by the domain of an address or website that is nobody's free mail, or by its name.

Gives leads to reps: a planned run, or one lead by hand. Who should get which is `triage.assigning`'s.
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


@dataclass(slots=True)
class Desk:
    """A member of the team with the leads that they have.

    Attributes:
        open: their open leads.
        today: leads that they were given today.
        place: where they stand among equals, drawn by the seed.
    """

    member: TeamMember
    place: int
    open: int = 0
    today: int = 0

    @property
    def load(self) -> float:
        """Open leads per lead that they can take on a working day; without a capacity that counts as one."""
        return self.open / (self.member.capacity or 1)

    def refuse(self, day: date) -> str | None:
        """Say why nothing more may be put there; None where something may."""
        member = self.member
        for first, last in member.away:
            if first <= day <= last:
                return f"{member.name} is away until {last.isoformat()}"
        if member.max_open is not None and self.open >= member.max_open:
            return f"{member.name} has {self.open} of at most {member.max_open} open leads"
        if member.capacity is not None and self.today >= member.capacity:
            return f"{member.name} has been given {self.today} of at most {member.capacity} leads today"
        return None

    def say_load(self) -> str:
        """The load as people read it."""
        by = f" at {self.member.capacity} a day" if self.member.capacity else ""
        return f"{self.member.name}: {self.open} open{by}"

    def take(self) -> None:
        """Count one more lead."""
        self.open += 1
        self.today += 1


class Team:
    """The desks of the team, found by any name that a CRM has for a member."""

    def __init__(self, members: Sequence[TeamMember], seed: int) -> None:
        places = list(range(len(members)))
        Random(seed).shuffle(places)
        self.desks = tuple(Desk(member, place) for member, place in zip(members, places, strict=True))
        self._by_name = {
            comparable(name): desk for desk in self.desks for name in (desk.member.name, *desk.member.also)
        }

    def find(self, name: str | None) -> Desk | None:
        """The desk of whoever has this name; None where that is nobody of the team."""
        return self._by_name.get(comparable(name)) if name else None

    def of_role(self, role: str) -> tuple[Desk, ...]:
        """The desks of a role."""
        return tuple(desk for desk in self.desks if desk.member.role == role)


def find_least_loaded(desks: Iterable[Desk]) -> Desk | None:
    """The desk with the fewest open leads for its capacity; of equal ones as the seed has drawn."""
    return min(desks, key=lambda desk: (desk.load, desk.place), default=None)


def say_loads(desks: Iterable[Desk], refused: Mapping[str, str]) -> str:
    """All desks with their loads, or why they can take nothing."""
    return "; ".join(refused.get(desk.member.name) or desk.say_load() for desk in desks)


COLUMNS = ("email_domain", "website", "company_comparable")
"""The columns of `lead` that tell a company."""

_MOST_DOMAINS = 5
"""A name with more domains than this is no company's own: "self-employed"."""


class Companies:
    """The companies of many leads: a domain and a name that one lead has are the same company for all.

    Args:
        leads: each with `COLUMNS`.
    """

    def __init__(self, leads: Iterable[Mapping[str, Any]]) -> None:
        self._above: dict[str, str] = {}
        domains_of: dict[str, set[str]] = defaultdict(set)
        for lead in leads:
            name = lead["company_comparable"]
            if name:
                domains_of[name] |= _find_domains(lead)
        for name, domains in domains_of.items():
            if len(domains) <= _MOST_DOMAINS:
                for domain in domains:
                    self._above[self._find_top(f"name {name}")] = self._find_top(f"domain {domain}")

    def find(self, lead: Mapping[str, Any]) -> str | None:
        """What a lead's company is known by here, the same for all leads of it; None where nothing tells it."""
        domains = _find_domains(lead)
        if domains:
            return self._find_top(f"domain {min(domains)}")
        name = lead["company_comparable"]
        return self._find_top(f"name {name}") if name else None

    def _find_top(self, known_by: str) -> str:
        passed = []
        while known_by in self._above and self._above[known_by] != known_by:
            passed.append(known_by)
            known_by = self._above[known_by]
        self._above |= dict.fromkeys(passed, known_by)
        return known_by


def _find_domains(lead: Mapping[str, Any]) -> set[str]:
    hosts = (lead["email_domain"], website_host(lead["website"]))
    return {domain for host in hosts if host and (domain := find_company_domain(host.lower()))}


SALES, QUALIFIER = "sales", "qualifier"

_lead, _score = table(Lead), table(LeadScore)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One lead and who gets it; `owner` is None where nobody could take it, `why` says why."""

    lead_id: int
    name: str | None
    company: str | None
    owner: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Who gets which lead.

    Attributes:
        assignments: best lead first.
        conflicts: companies that two reps or more work already, as sentences.
    """

    assignments: tuple[Assignment, ...]
    conflicts: tuple[str, ...]


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
    """Decide who gets which lead; nothing is changed.

    Args:
        seed: decides between equals; the same seed and database give the same plan.
        lead_ids: these leads only; None for all that nobody has.
        leaver: hand over this rep's open leads instead of those that nobody has.
        explain: say in `why` what all desks had when the choice was made.

    Raises:
        LeadtriageError: the criteria name no team.
    """
    if not criteria.team:
        raise LeadtriageError(
            "the criteria name no team to assign leads to",
            hint="add to criteria.yaml:  team: [{name: Maria, role: sales, capacity: 8}]",
        )
    team = Team(criteria.team, seed)
    gone = team.find(leaver)
    leaving = {comparable(name) for name in ((leaver,) if leaver else ())}
    if gone is not None:
        leaving |= {comparable(name) for name in (gone.member.name, *gone.member.also)}
    chosen = _is_for_the_taking(leaving)
    found = connection.execute(_select_leads(chosen)).mappings()
    rows = [dict(row) for row in found if lead_ids is None or row["id"] in lead_ids]
    if not rows:
        return Plan((), ())
    holders = _Holders(connection, team, act, leaving, rows)
    takers = _find_takers(connection, criteria, act, chosen)
    decide = _Decider(team, gone, holders, takers, act, explain=explain)
    assignments = tuple(decide.assign(row) for row in rows)
    return Plan(assignments, tuple(holders.tell_conflicts(rows)))


def _is_for_the_taking(leaving: Collection[str]) -> ColumnElement[bool]:
    """Which leads are handed out: all open ones of a leaver, else those in play that nobody has."""
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
    columns = (_lead.c[name] for name in ("id", "name", "company", "qualified_on", *COLUMNS))
    return (
        select(*columns)
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id)
        .where(chosen)
        .order_by(_score.c.grade, _score.c.score.desc(), _score.c.ceiling.desc(), _lead.c.created_on, _lead.c.id)
    )


def _find_takers(
    connection: Connection, criteria: Criteria, act: Act, chosen: ColumnElement[bool]
) -> dict[str, frozenset[int]]:
    """For each member with a territory the leads within it; what is unknown of a lead puts it in none."""
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
    """Who has which company, counted while the desks' own leads are read."""

    def __init__(
        self,
        connection: Connection,
        team: Team,
        act: Act,
        leaving: Collection[str] = (),
        waiting: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        columns = (_lead.c.owner, *(_lead.c[name] for name in COLUMNS))
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
        """Who has leads of this lead's company, those with most first."""
        counts = self._open.get(self._companies.find(lead) or "", Counter())
        return tuple(sorted(counts, key=lambda owner: (-counts[owner], owner)))

    def tell_conflicts(self, leads: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """A sentence for each company of these leads that two reps or more work."""
        told: set[str | None] = set()
        for lead in leads:
            company, owners = self._companies.find(lead), self.find(lead)
            if len(owners) > 1 and company not in told:
                told.add(company)
                yield f"{_name_company(lead)} is worked by {', '.join(owners[:-1])} and {owners[-1]}"


class _Decider:
    def __init__(
        self,
        team: Team,
        gone: Desk | None,
        holders: _Holders,
        takers: Mapping[str, frozenset[int]],
        act: Act,
        *,
        explain: bool,
    ) -> None:
        self._team, self._gone, self._holders, self._takers = team, gone, holders, takers
        self._day, self._explain = act.as_of, explain

    def assign(self, lead: Mapping[str, Any]) -> Assignment:
        desk, why = self._choose(lead)
        if desk is not None:
            desk.take()
            self._holders.add(lead, desk.member.name)
        owner = desk.member.name if desk is not None else None
        return Assignment(lead["id"], lead["name"], lead["company"], owner, why)

    def _choose(self, lead: Mapping[str, Any]) -> tuple[Desk | None, str]:
        holders = self._holders.find(lead)
        for desk in [desk for owner in holders if (desk := self._team.find(owner))][:1]:
            refused = desk.refuse(self._day)
            company = _name_company(lead)
            return (None, f"waits: {refused}, and has {company}") if refused else (desk, f"has {company} already")
        if holders:
            return None, f"waits: {holders[0]}, who is not in the team, has {_name_company(lead)}"
        role = SALES if lead["qualified_on"] is not None else QUALIFIER
        staff = [desk for desk in self._team.of_role(role) if desk is not self._gone]
        if not staff:
            return None, f"there is no {role} in the team"
        willing = [desk for desk in staff if lead["id"] in self._takers.get(desk.member.name, (lead["id"],))]
        if not willing:
            return None, f"no {role} takes such a lead"
        refusals = {desk.member.name: why for desk in willing if (why := desk.refuse(self._day))}
        desk = find_least_loaded(desk for desk in willing if desk.member.name not in refusals)
        if desk is None:
            return None, "; ".join(refusals.values())
        why = "the only one who can take it" if len(willing) - len(refusals) == 1 else "the least loaded"
        if self._explain:
            why += f" ({say_loads(willing, refusals)})"
        return desk, why


def _name_company(lead: Mapping[str, Any]) -> str:
    return str(lead["company"] or lead["email_domain"] or lead["website"])


def check_desk(connection: Connection, criteria: Criteria, act: Act, name: str) -> Desk:
    """Return the desk of a member as it stands today.

    Raises:
        UsageError: nobody of the team has this name.
    """
    team = Team(criteria.team, seed=0)
    desk = team.find(name)
    if desk is None:
        known = ", ".join(member.name for member in criteria.team) or "nobody"
        raise UsageError(f"{name} is not in the team", place="--to", hint=f"the team: {known}; it is in criteria.yaml")
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
    """Hand leads to the team in one act; see `plan_assignments` for who gets which.

    Args:
        dry_run: only say what would be done.

    Raises:
        LeadtriageError: the criteria name no team.
    """
    how: Mapping[str, Any] = {"seed": seed, "lead_ids": lead_ids, "leaver": leaver, "explain": explain}
    if dry_run:
        with reading(engine) as connection:
            return plan_assignments(connection, criteria, act, **how)
    with unit_of_work(engine, criteria, act) as work:
        plan = plan_assignments(work.connection, criteria, act, **how)
        _hand_over(work, plan.assignments)
    return plan


def assign_by_hand(
    engine: Engine, criteria: Criteria, act: Act, lead_id: int, to: str, *, force: bool = False
) -> Assignment:
    """Give one lead to a member of the team, whoever has it now.

    Args:
        force: also where the member is away or full.

    Raises:
        LeadtriageError: the lead is closed or gone, or the member is away, full, or has it already.
        UsageError: nobody of the team has this name.
    """
    with unit_of_work(engine, criteria, act) as work:
        lead = work.read_lead(lead_id)
        require_open(lead)
        desk = check_desk(work.connection, criteria, act, to)
        name = desk.member.name
        if lead["owner"] == name:
            raise LeadtriageError(f"{name} has it already", place=f"lead {lead_id}")
        refused = desk.refuse(act.as_of)
        if refused and not force:
            raise LeadtriageError(refused, place=f"lead {lead_id}", hint="to give it all the same, add --force")
        assignment = Assignment(lead_id, lead["name"], lead["company"], name, "by hand")
        _hand_over(work, [assignment])
    return assignment


def _hand_over(work: UnitOfWork, assignments: Collection[Assignment]) -> None:
    given = [assignment for assignment in assignments if assignment.owner is not None]
    leads = work.read_leads({assignment.lead_id for assignment in given})
    work.record(
        [
            LeadChange(
                assignment.lead_id,
                EventKind.OWNER,
                {
                    **text_columns("owner", assignment.owner),
                    "assigned_on": work.act.as_of,
                    "worked_here": True,
                },
                field="owner",
                old=leads[assignment.lead_id]["owner"],
                new=assignment.owner,
                note=assignment.why,
            )
            for assignment in given
        ]
    )
