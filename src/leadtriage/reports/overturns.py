"""How often reviewers do not follow what nominates leads as junk, and how often a second look does not follow them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, not_, select

from leadtriage.db.schema import ImportBatch, Verdict, VerdictLine, table
from leadtriage.reports.intervals import FEWEST, wilson_interval
from leadtriage.reports.page import CellRow
from leadtriage.scoring.nominating import BY_THE_CRITERIA, LOW_SCORE
from leadtriage.tabular import Column, Table
from leadtriage.vocabulary import VerdictKind, VerdictWord
from leadtriage.words import count_of

_batch, _verdict, _line = table(ImportBatch), table(Verdict), table(VerdictLine)
_again = _verdict.alias("again")

RULE, PERSON, SYSTEM, REVIEWER = "rule", "person", "system", "reviewer"

_COLUMNS = (
    Column("kind", "Whose", keep=90),
    Column("name", "Name", keep=100),
    Column("verdicts", "Verdicts", keep=80, align="right"),
    Column("confirmed", "Junk", keep=60, align="right"),
    Column("overturned", "Overturned", keep=70, align="right"),
    Column("overturn_rate", "Rate", keep=95, align="right", kind="share", shown="rate_shown"),
    Column("overturn_low", "At least", keep=85, align="right", kind="share"),
    Column("overturn_high", "At most", keep=84, align="right", kind="share"),
    Column("note", "Note", keep=10),
)


def list_overturns(connection: Connection) -> Table:
    """Return the overturn rates of the rules, people and systems that nominate, and of the reviewers.

    One row for each rule of the criteria (`kind` rule), for each person that flags (person), for each source system
    whose exports call leads junk (system) and for each reviewer whose junk was looked at again in an audit (reviewer).
    A nomination is confirmed by the verdict junk, unless the lead was brought back later, and overturned by any other.
    Of a verdict the last second look counts. The interval is Wilson's for 95 %; below 5 verdicts there is none, and no
    rate.
    """
    systems = set(connection.execute(select(_batch.c.system).distinct()).scalars())
    counted = [
        (*_tell_whose(by, rule, systems), *counts) for by, rule, *counts in connection.execute(_select_nominations())
    ]
    counted += [(REVIEWER, by, *counts) for by, *counts in connection.execute(_select_audits())]
    kinds = (RULE, PERSON, SYSTEM, REVIEWER)
    counted.sort(key=lambda row: (kinds.index(row[0]), -row[2], row[1]))
    return Table("Overturn rates", _COLUMNS, tuple(_present(*row) for row in counted))


def _tell_whose(by: str, rule: str | None, systems: Collection[str | None]) -> tuple[str, str]:
    """The kind and the name of who or what nominates."""
    if by == BY_THE_CRITERIA:
        return RULE, "low score" if rule in (LOW_SCORE, None) else str(rule)
    return SYSTEM if by in systems else PERSON, by


def _select_nominations() -> Select[Any]:
    """How many verdicts there are on the nominations of each person, system and rule, and how many confirmed them."""
    brought_back = (
        select(_again.c.id)
        .where(
            _again.c.lead_id == _verdict.c.lead_id,
            _again.c.audited_id == _verdict.c.id,
            _again.c.kind == VerdictKind.REVIEW.value,
            _again.c.withdrawn_at.is_(None),
        )
        .exists()
    )
    stays_junk = and_(_verdict.c.verdict == VerdictWord.JUNK.value, not_(brought_back))
    decided = (
        select(
            _verdict.c.lead_id,
            _verdict.c.id,
            _line.c.by,
            _line.c.rule,
            case((stays_junk, 1), else_=0).label("confirmed"),
        )
        .join(_line, and_(_line.c.lead_id == _verdict.c.lead_id, _line.c.verdict_id == _verdict.c.id))
        .where(
            _verdict.c.kind == VerdictKind.REVIEW.value,
            _verdict.c.withdrawn_at.is_(None),
            _verdict.c.audited_id.is_(None),
        )
        .distinct()
        .subquery()
    )
    columns = (decided.c.by, decided.c.rule)
    return select(*columns, func.count(), func.sum(decided.c.confirmed)).group_by(*columns)


def _select_audits() -> Select[Any]:
    """How many junk verdicts of each reviewer were looked at again, and how many the last look confirmed."""
    looks = and_(_again.c.kind == VerdictKind.AUDIT.value, _again.c.withdrawn_at.is_(None))
    last = select(func.max(_again.c.id)).where(looks).group_by(_again.c.lead_id, _again.c.audited_id)
    agrees = case((_again.c.verdict == VerdictWord.JUNK.value, 1), else_=0)
    return (
        select(_verdict.c.by, func.count(), func.sum(agrees))
        .join(_again, and_(_again.c.lead_id == _verdict.c.lead_id, _again.c.audited_id == _verdict.c.id))
        .where(looks, _again.c.id.in_(last), _verdict.c.withdrawn_at.is_(None))
        .group_by(_verdict.c.by)
    )


def _present(kind: str, name: str, verdicts: int, confirmed: int) -> CellRow:
    overturned = verdicts - confirmed
    row: CellRow = {
        "kind": kind,
        "name": name,
        "verdicts": verdicts,
        "confirmed": confirmed,
        "overturned": overturned,
        "overturn_rate": None,
        "rate_shown": "too few",
        "overturn_low": None,
        "overturn_high": None,
        "note": f"too few: {count_of(verdicts, 'verdict')}",
    }
    if verdicts < FEWEST:
        return row
    low, high = wilson_interval(overturned, verdicts)
    rate = round(overturned / verdicts, 4)
    return row | {
        "overturn_rate": rate,
        "rate_shown": None,
        "overturn_low": round(low, 4),
        "overturn_high": round(high, 4),
        "note": None,
    }
