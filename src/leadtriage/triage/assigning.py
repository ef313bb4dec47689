"""Hands leads to the team: by role, territory, company and capacity, so that a run can be explained and replayed.

Qualified leads go to sales, those that need answers to qualifiers. A company stays with the rep who has it. Else the
desk with the fewest open leads for its capacity gets the lead. Nobody gets more than fits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.criteria.text import comparable
from leadtriage.db.schema import Lead, LeadScore, table
from leadtriage.errors import LeadtriageError, UsageError
from leadtriage.scoring.conditions import compile_condition
from leadtriage.scoring.inputs import select_inputs
from leadtriage.scoring.rules import prepare_rules
from leadtriage.scoring.verdicts import is_open, is_visible
from leadtriage.triage.companies import COLUMNS, Companies
from leadtriage.triage.desks import Desk, Team, find_least_loaded, say_loads
from leadtriage.vocabulary import Stage

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
