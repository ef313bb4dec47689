"""How often reviewers do not follow what nominates leads as junk, and how often a second look does not follow them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, exists, func, not_, select

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import VerdictKind, VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import ImportBatch, Verdict, VerdictLine, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.query import CellRow, People, find_rate
from leadtriage.reports.registry import find_report
from leadtriage.scoring import BY_THE_CRITERIA, LOW_SCORE

_batch, _verdict, _line = table(ImportBatch), table(Verdict), table(VerdictLine)
_again = _verdict.alias("again")

RULE, PERSON, SYSTEM, REVIEWER = "rule", "person", "system", "reviewer"

_COLUMNS = find_report("junk --rates").columns


def list_overturns(connection: Connection, criteria: Criteria) -> Table:
    """Return the overturn rates of the rules, people and systems that flag leads, and of the reviewers.

    A row is a rule of the criteria, a person, a source system, or a reviewer whose junk verdicts were audited. All
    spellings of a person's name are one. The verdict junk confirms a flag, unless the lead was brought back later; any
    other overturns it. Of several audits the last counts. Rates have Wilson's interval for 95 %; None below 5 verdicts.
    """
    systems = find_systems(connection)
    counted = [
        (*_classify_flagger(by, rule, systems), *counts)
        for by, rule, *counts in connection.execute(_select_nominations())
    ]
    counted += [(REVIEWER, by, *counts) for by, *counts in connection.execute(select_second_looks())]
    people = People(criteria.team)
    names: dict[tuple[str, str], str] = {}
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for kind, name, verdicts, confirmed in counted:
        is_person = kind in (PERSON, REVIEWER)
        key = kind, people.find(name) if is_person else name
        member = people.members.get(key[1]) if is_person else None
        names[key] = member or min(name, names.get(key, name))
        before = sums.get(key, (0, 0))
        sums[key] = before[0] + verdicts, before[1] + confirmed
    kinds = (RULE, PERSON, SYSTEM, REVIEWER)
    order = sorted(sums, key=lambda key: (kinds.index(key[0]), -sums[key][0], names[key]))
    return Table("Overturn rates", _COLUMNS, tuple(_present(key[0], names[key], *sums[key]) for key in order))


def _classify_flagger(by: str, rule: str | None, systems: Collection[str | None]) -> tuple[str, str]:
    if by == BY_THE_CRITERIA:
        return RULE, "low score" if rule in (LOW_SCORE, None) else str(rule)
    return SYSTEM if by in systems else PERSON, by


def find_systems(connection: Connection) -> set[str | None]:
    """Return the source systems of the imports, which are not people."""
    return set(connection.execute(select(_batch.c.system).distinct()).scalars())


def select_decisions(*of_line: str, before: datetime | None = None) -> Subquery:
    """Select the valid verdicts on flags, one row for each lead, verdict and flagger.

    Columns: `lead_id`, `id` and `at` of the verdict, `by` of the flag, `confirmed` (1 or 0): the verdict was junk, and
    the lead was not brought back later.

    Args:
        of_line: further columns of the flag that split rows, such as `rule`.
        before: only count verdicts, and leads brought back, before that time.
    """
    brought_back = [
        _again.c.lead_id == _verdict.c.lead_id,
        _again.c.audited_id == _verdict.c.id,
        _again.c.kind == VerdictKind.REVIEW.value,
        _again.c.withdrawn_at.is_(None),
    ]
    last_verdict = [
        _verdict.c.kind == VerdictKind.REVIEW.value,
        _verdict.c.withdrawn_at.is_(None),
        _verdict.c.audited_id.is_(None),
    ]
    if before is not None:
        brought_back.append(_again.c.at < before)
        last_verdict.append(_verdict.c.at < before)
    stays_junk = and_(_verdict.c.verdict == VerdictWord.JUNK.value, not_(exists().where(*brought_back)))
    return (
        select(
            _verdict.c.lead_id,
            _verdict.c.id,
            _verdict.c.at,
            _line.c.by,
            *(_line.c[name] for name in of_line),
            one_if(stays_junk).label("confirmed"),
        )
        .join(_line, and_(_line.c.lead_id == _verdict.c.lead_id, _line.c.verdict_id == _verdict.c.id))
        .where(*last_verdict)
        .distinct()
        .subquery()
    )


def _select_nominations() -> Select[Any]:
    """Count the verdicts on the flags of each person, system and rule, and those that confirmed them."""
    decided = select_decisions("rule")
    columns = (decided.c.by, decided.c.rule)
    return select(*columns, func.count(), func.sum(decided.c.confirmed)).group_by(*columns)


def select_second_looks(*where: ColumnElement[bool], before: datetime | None = None) -> Select[Any]:
    """Count the junk verdicts of each reviewer that were audited, and those that the last audit confirmed.

    Args:
        where: conditions on the reviewers' verdicts.
        before: only count audits before that time.
    """
    looks = and_(_again.c.kind == VerdictKind.AUDIT.value, _again.c.withdrawn_at.is_(None))
    if before is not None:
        looks = and_(looks, _again.c.at < before)
    last = select(func.max(_again.c.id)).where(looks).group_by(_again.c.lead_id, _again.c.audited_id)
    agrees = one_if(_again.c.verdict == VerdictWord.JUNK.value)
    return (
        select(_verdict.c.by, func.count(), func.sum(agrees))
        .join(_again, and_(_again.c.lead_id == _verdict.c.lead_id, _again.c.audited_id == _verdict.c.id))
        .where(looks, _again.c.id.in_(last), _verdict.c.withdrawn_at.is_(None), *where)
        .group_by(_verdict.c.by)
    )


def _present(kind: str, name: str, verdicts: int, confirmed: int) -> CellRow:
    overturned = verdicts - confirmed
    found = find_rate(overturned, verdicts)
    few = found.rate is None
    return {
        "kind": kind,
        "name": name,
        "verdicts": verdicts,
        "confirmed": confirmed,
        "overturned": overturned,
        "overturn_rate": found.rate,
        "rate_shown": "too few" if few else None,
        "overturn_low": found.low,
        "overturn_high": found.high,
        "note": describe_too_few(verdicts) if few else None,
    }


def describe_too_few(verdicts: int) -> str:
    """Return why there is no rate."""
    return f"too few for an overturn rate: {format_count(verdicts, 'verdict')}"
