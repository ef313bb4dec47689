"""For which reasons a person's flags were overturned, and whether anybody had asked what they claimed to know.

The verdicts of a period are `reports.doings`', what to say of them is `reports.coaching`'s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from leadtriage.db.schema import PutOff, Verdict, table
from leadtriage.reports.doings import select_decided
from leadtriage.reports.intervals import FEWEST
from leadtriage.reports.people import People
from leadtriage.reports.teamwork import Work
from leadtriage.vocabulary import DIMENSION_OF, Dimension, Reason

_MOST_VERDICTS = 500
"""Of which the ledgers are read; the latest tell what happens now."""


@dataclass(frozen=True, slots=True)
class FlagReason:
    """The verdicts on one person's flags for one reason.

    Attributes:
        unasked: of those overturned, how many were flagged for what nobody had asked; None where that is not known.
    """

    reason: str
    decided: int
    overturned: int
    unasked: int | None = None


def read_flag_reasons(connection: Connection, people: People, work: Work) -> dict[str, list[FlagReason]]:
    """Count the verdicts on flags by person and reason; of overturned ones, what nobody had asked."""
    decided = select_decided(work, "reason").subquery()
    columns = decided.c.by, decided.c.reason
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for by, reason, cases, confirmed in connection.execute(
        select(*columns, func.count(), func.sum(decided.c.well)).group_by(*columns)
    ):
        key = people.find(by), reason
        counts[key].update(decided=cases, overturned=cases - confirmed)
        names[key].add(by)
    found: dict[str, list[FlagReason]] = defaultdict(list)
    for (person, reason), count in sorted(counts.items()):
        unasked = None
        if reason in DIMENSION_OF and count["decided"] >= FEWEST and count["overturned"] <= _MOST_VERDICTS:
            unasked = _count_unasked(connection, work, names[person, reason], Reason(reason))
        found[person].append(FlagReason(reason, count["decided"], count["overturned"], unasked))
    return dict(found)


def _count_unasked(connection: Connection, work: Work, names: Iterable[str], reason: Reason) -> int:
    """How many overturned flags said of a lead what no criterion knew then, without anybody having asked for it.

    A question that was put off had been asked.
    """
    decided, verdict, put_off = select_decided(work, "reason").subquery(), table(Verdict), table(PutOff)
    overturned = (
        select(verdict.c.lead_id, verdict.c.id, verdict.c.at, verdict.c.ledger)
        .join(decided, (decided.c.lead_id == verdict.c.lead_id) & (decided.c.id == verdict.c.id))
        .where(decided.c.by.in_(sorted(names)), decided.c.reason == reason.value, decided.c.well == 0)
    )
    rows = connection.execute(overturned).all()
    leads = overturned.subquery()
    asked = connection.execute(
        select(put_off.c.lead_id, put_off.c.criterion, put_off.c.at).where(
            put_off.c.lead_id.in_(select(leads.c.lead_id)), put_off.c.withdrawn_at.is_(None)
        )
    ).all()
    questions: dict[int, list[tuple[str, Any]]] = defaultdict(list)
    for lead_id, criterion, at in asked:
        questions[lead_id].append((criterion, at))
    dimension = DIMENSION_OF[reason]
    verdicts = {(row.lead_id, row.id): row for row in rows}
    return sum(
        _is_unasked(row.ledger, dimension, {name for name, at in questions[row.lead_id] if at <= row.at})
        for row in verdicts.values()
    )


def _is_unasked(ledger: Iterable[Mapping[str, Any]], dimension: Dimension, asked: set[str]) -> bool:
    """Whether no criterion of a dimension knew its answer; a dimension without criteria asks nothing."""
    lines = [line for line in ledger if line["dimension"] == dimension.value and line["known"] is not None]
    return bool(lines) and not any(line["known"] or line["criterion"] in asked for line in lines)
