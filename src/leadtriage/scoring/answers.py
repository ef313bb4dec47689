"""What each criterion makes of a lead, and the lead's totals: read for the few leads that are looked at closely.

All leads are scored by the same expressions, without reading anything: see `scoring.run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.scoring.totals import LeadValues, select_totals
from leadtriage.scoring.verdicts import find_grade, find_weakest


@dataclass(frozen=True, slots=True)
class Answer:
    """What a criterion makes of a lead: its points, the most that they can become, whether the answer is there."""

    points: int
    ceiling: int
    known: bool


@dataclass(frozen=True, slots=True)
class LeadAnswers:
    """What the criteria make of one lead.

    Attributes:
        answers: one for each criterion, in the criteria's order.
        totals: `score`, `ceiling`, `known`, `known_points`, `ready`, `grade`, `weakest` (the reason that a low score
            stands for), and per dimension `NAME`, `NAME_raw`, `NAME_ceiling`, `NAME_ceiling_raw`.
    """

    lead_id: int
    answers: tuple[Answer, ...]
    totals: Mapping[str, Any]


def read_answers(connection: Connection, lowest: LeadValues) -> Iterator[LeadAnswers]:
    """Read what the criteria make of the leads of which `lowest` has the values."""
    rules = lowest.rules
    totals = select_totals(lowest, [], with_answers=True)
    found = dict(totals.c.items())
    derived = [
        expression
        for criterion in lowest.criteria
        for expression in (criterion.points(found), criterion.ceiling(found), criterion.is_known(found))
    ]
    sums = [
        totals.c[f"{part.dimension}{kind}"]
        for part in rules.criteria.score
        for kind in ("", "_raw", "_ceiling", "_ceiling_raw")
    ]
    wanted = [totals.c[name] for name in ("lead_id", "score", "ceiling", "known", "known_points", "ready")]
    wanted += [find_grade(rules.criteria, totals.c.score).label("grade"), find_weakest(rules, totals).label("weakest")]
    wanted += sums
    selected = select(*wanted, *(part.label(f"a{place}") for place, part in enumerate(derived)))
    names = [column.name for column in wanted]
    for row in connection.execute(selected):
        read = row[len(wanted) :]
        yield LeadAnswers(
            lead_id=row.lead_id,
            answers=tuple(
                Answer(points, ceiling, bool(known))
                for points, ceiling, known in zip(read[::3], read[1::3], read[2::3], strict=True)
            ),
            totals=dict(zip(names, row, strict=False)),
        )
