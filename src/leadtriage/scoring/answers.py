"""What each criterion makes of a lead, and the lead's totals: read for the few leads that are looked at closely.

All leads are scored by the same expressions, without reading anything: see `scoring.run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from leadtriage.db.schema import Lead, table
from leadtriage.scoring.rules import Rules
from leadtriage.scoring.totals import LeadValues, select_totals, select_values
from leadtriage.scoring.verdicts import find_grade, find_weakest

_LEADS = "looked_at"
"""What the statements are told each time: the leads' ids."""


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


@dataclass(frozen=True)
class CloseLook:
    """Statements that read what the rules make of a few leads; each is put together once, whichever leads these are.

    Attributes:
        lowest: the values of the leads.
    """

    lowest: LeadValues

    def read_answers(self, connection: Connection, lead_ids: Sequence[int]) -> Iterator[LeadAnswers]:
        """Read what each criterion makes of each lead, and its totals."""
        names, selected = self._answers
        for row in connection.execute(selected, {_LEADS: lead_ids}):
            read = row[len(names) :]
            yield LeadAnswers(
                lead_id=row.lead_id,
                answers=tuple(
                    Answer(points, ceiling, bool(known))
                    for points, ceiling, known in zip(read[::3], read[1::3], read[2::3], strict=True)
                ),
                totals=dict(zip(names, row, strict=False)),
            )

    def read_tiers(self, connection: Connection, lead_ids: Sequence[int]) -> dict[int, Sequence[int]]:
        """For each lead and criterion the index of the tier that gives the points, past the last where none does."""
        return {lead_id: held for lead_id, *held in connection.execute(self._tiers, {_LEADS: lead_ids})}

    def read_disqualifiers(self, connection: Connection, lead_ids: Sequence[int]) -> dict[int, list[int]]:
        """The disqualifiers that hold, by their places, for each lead of which one does."""
        if not self.lowest.disqualifiers:
            return {}
        rows = connection.execute(self._disqualifiers, {_LEADS: lead_ids})
        return {
            lead_id: [number for number, is_true in enumerate(holds) if is_true]
            for lead_id, *holds in rows
            if any(holds)
        }

    def read_values(
        self, connection: Connection, lead_ids: Sequence[int], names: Sequence[str]
    ) -> dict[int, dict[str, Any]]:
        """Read some values of each lead, by the names that `scoring.inputs` gives them."""
        selected = select(self.lowest.rows.c.lead_id, *(self.lowest.values[name] for name in names))
        rows = connection.execute(selected, {_LEADS: lead_ids})
        return {lead_id: dict(zip(names, values, strict=True)) for lead_id, *values in rows}

    @cached_property
    def _answers(self) -> tuple[list[str], Select[Any]]:
        rules = self.lowest.rules
        totals = select_totals(self.lowest, [], with_answers=True)
        found = dict(totals.c.items())
        derived = [
            expression
            for criterion in self.lowest.criteria
            for expression in (criterion.points(found), criterion.ceiling(found), criterion.is_known(found))
        ]
        sums = [
            totals.c[f"{part.dimension}{kind}"]
            for part in rules.criteria.score
            for kind in ("", "_raw", "_ceiling", "_ceiling_raw")
        ]
        wanted = [totals.c[name] for name in ("lead_id", "score", "ceiling", "known", "known_points", "ready")]
        wanted += [find_grade(rules.criteria, totals.c.score).label("grade")]
        wanted += [find_weakest(rules, totals).label("weakest"), *sums]
        selected = select(*wanted, *(part.label(f"a{place}") for place, part in enumerate(derived)))
        return [column.name for column in wanted], selected

    @cached_property
    def _tiers(self) -> Select[Any]:
        tiers = [criterion.place(criterion.columns) for criterion in self.lowest.criteria]
        return select(self.lowest.rows.c.lead_id, *tiers)

    @cached_property
    def _disqualifiers(self) -> Select[Any]:
        tests = [holds.label(f"line_{number}") for number, holds in enumerate(self.lowest.disqualifiers)]
        return select(self.lowest.rows.c.lead_id, *tests)


@lru_cache(maxsize=16)
def look_closely(rules: Rules) -> CloseLook:
    """Return what reads leads by these rules."""
    return CloseLook(select_values(rules, table(Lead).c.id.in_(bindparam(_LEADS, expanding=True)), {}))
