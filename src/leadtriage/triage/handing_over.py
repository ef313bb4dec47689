"""Gives leads to reps: a planned run, or one lead by hand. Who should get which is `triage.assigning`'s."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Engine

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.db.engine import reading
from leadtriage.errors import LeadtriageError
from leadtriage.triage.acting import Acting, LeadChange, acting, require_open, text_values
from leadtriage.triage.assigning import Assignment, Plan, check_desk, plan_assignments
from leadtriage.vocabulary import EventKind


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
    with acting(engine, criteria, act) as doing:
        plan = plan_assignments(doing.connection, criteria, act, **how)
        _hand_over(doing, plan.assignments)
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
    with acting(engine, criteria, act) as doing:
        lead = doing.read_lead(lead_id)
        require_open(lead)
        desk = check_desk(doing.connection, criteria, act, to)
        name = desk.member.name
        if lead["owner"] == name:
            raise LeadtriageError(f"{name} has it already", place=f"lead {lead_id}")
        refused = desk.refuse(act.as_of)
        if refused and not force:
            raise LeadtriageError(refused, place=f"lead {lead_id}", hint="to give it all the same, add --force")
        assignment = Assignment(lead_id, lead["name"], lead["company"], name, "by hand")
        _hand_over(doing, [assignment])
    return assignment


def _hand_over(doing: Acting, assignments: Collection[Assignment]) -> None:
    given = [assignment for assignment in assignments if assignment.owner is not None]
    leads = doing.read_leads({assignment.lead_id for assignment in given})
    doing.record(
        [
            LeadChange(
                assignment.lead_id,
                EventKind.OWNER,
                {
                    **text_values("owner", assignment.owner),
                    "assigned_on": doing.act.as_of,
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
