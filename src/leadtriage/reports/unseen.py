"""Leads that were lost for a reason that the score had not seen: it gave points for what then was missing.

A reason stands for a dimension (`no_budget` for budget), or for what a disqualifier tests; where the criteria have
neither, such as for `price`, they could not have seen it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from leadtriage.criteria.model import Criteria
from leadtriage.reports.commands import Commands
from leadtriage.reports.filters import has_points
from leadtriage.reports.intervals import FEWEST
from leadtriage.vocabulary import DIMENSION_OF, Dimension, Reason, Stage
from leadtriage.words import count_of

_MOST_TOLD = 3
"""Reasons that the criteria do not know; the others are counted."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Leads that were lost for one reason, and how many of them had points for what it stands for."""

    reason: str | None
    leads: int
    unseen: int


def was_unseen(criteria: Criteria, stage: ColumnElement[Any], reason: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a lead was lost for what a dimension is about that had given it points."""
    tests = [and_(reason == why.value, has_points(dimension)) for why, dimension in _asked_dimensions(criteria).items()]
    return and_(stage == Stage.LOST.value, or_(false(), *tests))


def say_unseen(criteria: Criteria, lost: Iterable[Lost], commands: Commands) -> tuple[str, ...]:
    """Say it in a few lines, each with the command below it that lists the leads; of fewer than 5 nothing is said.

    Args:
        commands: for the leads that were looked at.
    """
    leads, unseen = Counter[str | None](), Counter[str | None]()
    for each in lost:
        leads[each.reason] += each.leads
        unseen[each.reason] += each.unseen
    said: list[str] = []
    for reason, dimension in _asked_dimensions(criteria).items():
        if leads[reason.value] >= FEWEST and unseen[reason.value]:
            lost_for = count_of(leads[reason.value], "lead")
            said += [
                f"{unseen[reason.value]:,} of {lost_for} lost for {reason} had points for {dimension}: the criteria "
                "did not see it. List them:",
                commands.list_leads("--stage", "lost", "--reason", reason, "--points", dimension),
            ]
    known = {*_asked_dimensions(criteria), *(line.reason for line in criteria.junk.disqualify)}
    blind = sorted(
        ((number, reason) for reason, number in leads.items() if reason is not None and reason not in known),
        key=lambda pair: (-pair[0], pair[1]),
    )
    if sum(number for number, _ in blind) >= FEWEST:
        said += _say_blind(blind, commands)
    return tuple(said)


def _say_blind(blind: list[tuple[int, str]], commands: Commands) -> list[str]:
    parts = [f"{number:,} for {reason}" for number, reason in blind[:_MOST_TOLD]]
    if len(blind) > _MOST_TOLD:
        rest = sum(number for number, _ in blind[_MOST_TOLD:])
        parts.append(f"{rest:,} for {count_of(len(blind) - _MOST_TOLD, 'other reason')}")
    total = count_of(sum(number for number, _ in blind), "lead was", "leads were")
    return [
        f"{total} lost for what no criterion stands for: {', '.join(parts)}. List the first of them:",
        commands.list_leads("--stage", "lost", "--reason", blind[0][1]),
    ]


def _asked_dimensions(criteria: Criteria) -> dict[Reason, Dimension]:
    """The reasons for which the criteria have a dimension with something in it."""
    asked = {part.dimension for part in criteria.score if part.criteria}
    return {reason: dimension for reason, dimension in DIMENSION_OF.items() if dimension in asked}
