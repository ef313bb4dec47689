"""What people did within a period, whoever owns the lead: promises of a next contact, flags, verdicts and reviews.

Also how often verdicts overturn flags, and why, and how often a second look overturns verdicts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    Subquery,
    and_,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import DIMENSION_OF, Dimension, EventKind, Reason, Stage, VerdictKind, VerdictWord
from leadtriage.criteria import Criteria
from leadtriage.db import Event, ImportBatch, Lead, Nomination, PutOff, Touch, Verdict, VerdictLine, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.manager.outcomes import TeamScope
from leadtriage.reports.query import (
    MERGES,
    MIN_CASES,
    CellRow,
    Filters,
    People,
    SurvivingLeads,
    filter_conditions,
    find_rate,
    find_surviving_leads,
    is_visible,
    is_visible_score,
)
from leadtriage.reports.registry import find_report
from leadtriage.scoring import BY_THE_CRITERIA, LOW_SCORE

_lead, _touch, _event, _batch = table(Lead), table(Touch), table(Event), table(ImportBatch)
_nomination, _verdict, _line = table(Nomination), table(Verdict), table(VerdictLine)
_again, _further, _undoing = _verdict.alias("again"), _touch.alias("further"), _event.alias("undoing")

RULE, PERSON, SYSTEM, REVIEWER = "rule", "person", "system", "reviewer"

_OVERTURN_COLUMNS = find_report("junk --rates").columns

_MOST_VERDICTS = 500
"""Above this many overturned flags, their ledgers are not read."""


class Activity(StrEnum):
    """What people do to leads, and when it counts as done well."""

    PROMISE = "promise"
    """Of a next contact; well: it was kept."""
    FLAG = "flag"
    """A flag as junk."""
    DECISION = "decision"
    """A verdict on a flag, counted for the person who flagged; well: the verdict is junk."""
    REVIEW = "review"
    """A verdict on a candidate, counted for the reviewer."""


@dataclass(frozen=True, slots=True)
class ActivityCount:
    """How often one person did something, and how often well."""

    by: str
    done: int
    well: int


def count_activities(connection: Connection, scope: TeamScope, activity: Activity) -> list[ActivityCount]:
    """Count by name as it was written."""
    rows = select_activities(connection, scope, activity).subquery()
    return _read_counts(connection, select(rows.c.by, func.count(), func.sum(rows.c.well)).group_by(rows.c.by))


def count_second_looks(connection: Connection, scope: TeamScope) -> list[ActivityCount]:
    """Count the junk verdicts that were looked at again, by reviewer; well are those that were confirmed."""
    about = _is_about(_verdict.c.lead_id, scope)
    return _read_counts(connection, select_second_looks(about, *scope.at(_verdict.c.at), before=scope.end))


def _read_counts(connection: Connection, counted: Select[Any]) -> list[ActivityCount]:
    return [ActivityCount(*row) for row in connection.execute(counted)]


def select_activities(connection: Connection, scope: TeamScope, activity: Activity) -> Select[Any]:
    """Select `lead_id`, `by` and `well` (1 or 0) of everything of a kind done within the period."""
    if activity is Activity.PROMISE:
        return _select_promises(scope, find_surviving_leads(connection))
    return _SELECTED[activity](scope)


def _is_about(lead_id: ColumnElement[int], scope: TeamScope) -> ColumnElement[bool]:
    """Whether the scope includes a lead or the lead that it was merged into."""
    chosen = (is_visible(), *filter_conditions(scope.of_leads))
    through_merge = lead_id.in_(select(MERGES.c.lead_id).join(_lead, _lead.c.id == MERGES.c.into).where(*chosen))
    if scope.of_leads == Filters():
        return or_(is_visible_score(lead_id), through_merge)
    return or_(exists().where(_lead.c.id == lead_id, *chosen), through_merge)


def select_decided(scope: TeamScope, *of_flag: str) -> Select[Any]:
    """Select the verdicts of the period on flags: `lead_id`, `by` who flagged, `well`, `id` of the verdict.

    Args:
        of_flag: further columns of the flag that split rows, such as `reason`.
    """
    decided = select_decisions(*of_flag, before=scope.end)
    columns = (decided.c[name] for name in ("lead_id", "by", "id", *of_flag))
    flagged = decided.c.by != BY_THE_CRITERIA
    about = _is_about(decided.c.lead_id, scope)
    return select(*columns, decided.c.confirmed.label("well")).where(flagged, about, *scope.at(decided.c.at))


def _select_promises(scope: TeamScope, survivors: SurvivingLeads) -> Select[Any]:
    """Select the promises of a next contact that somebody here made for a day within the period.

    A promise is kept by any later contact up to that day. One for today counts once it is kept. One of a lead that was
    closed or snoozed by its day counts only if it was kept.
    """
    promise = _touch.c
    # A contact on the same day that an import reports is the same one.
    later_that_day = and_(_further.c.on == promise.on, _further.c.id > promise.id, _further.c.act.is_not(None))
    kept = exists().where(
        survivors.is_part(_further.c.lead_id, _lead.c.id),
        _further.c.withdrawn_at.is_(None),
        _further.c.dated,
        _further.c.on <= promise.next_on,
        or_(_further.c.on > promise.on, later_that_day),
    )
    closed = func.coalesce(_lead.c.closed_on <= promise.next_on, literal(False))
    parked = and_(_lead.c.stage == Stage.NURTURE.value, _lead.c.parked_on <= promise.next_on)
    released = or_(closed, func.coalesce(parked, literal(False)), _was_released())
    # The offset keeps the database from looking for the further contact more than once.
    made = (
        select(
            _lead.c.id.label("lead_id"),
            promise.by,
            promise.next_on,
            one_if(kept).label("well"),
            one_if(released).label("released"),
        )
        .select_from(survivors.beside(_touch, promise.lead_id))
        .join(_lead, _lead.c.id == survivors.of(promise.lead_id))
        .where(
            promise.withdrawn_at.is_(None),
            promise.act.is_not(None),
            promise.on <= scope.as_of,
            is_visible(),
            *filter_conditions(scope.of_leads),
            *scope.on(promise.next_on),
        )
        .offset(0)
        .subquery()
        .c
    )
    is_due = or_(made.well == 1, and_(made.next_on < scope.as_of, made.released == 0))
    return select(made.lead_id, made.by, made.well).where(is_due)


def _was_released() -> ColumnElement[bool]:
    """Whether the lead was closed or snoozed after a promise, by the day of the next contact."""
    promise, on = _touch.c, func.date(_event.c.at, type_=Date)
    of_lead = and_(_undoing.c.lead_id == _event.c.lead_id, _undoing.c.undoes == _event.c.act)
    undone_import = and_(_batch.c.id == _event.c.batch_id, _batch.c.undone_at.is_not(None))
    return exists().where(
        _event.c.lead_id.in_([promise.lead_id, _lead.c.id]),
        _event.c.kind == EventKind.STAGE.value,
        _event.c.new.not_in([Stage.NEW.value, Stage.WORKING.value]),
        or_(on > promise.on, and_(on == promise.on, _event.c.act > promise.act)),
        on <= promise.next_on,
        not_(exists().where(of_lead)),
        not_(exists().where(undone_import)),
    )


def _select_flags(scope: TeamScope) -> Select[Any]:
    """Select flags that were not withdrawn; a decided flag counts."""
    withdrawn = and_(_nomination.c.withdrawn_at.is_not(None), _nomination.c.withdrawn_act.is_(None))
    columns = _nomination.c.lead_id, _nomination.c.by, literal(0).label("well")
    about = _is_about(_nomination.c.lead_id, scope)
    return select(*columns).where(not_(withdrawn), about, *scope.at(_nomination.c.at))


def _select_reviews(scope: TeamScope) -> Select[Any]:
    return select(_verdict.c.lead_id, _verdict.c.by, literal(0).label("well")).where(
        _verdict.c.kind == VerdictKind.REVIEW.value,
        _verdict.c.withdrawn_at.is_(None),
        _verdict.c.audited_id.is_(None),
        _is_about(_verdict.c.lead_id, scope),
        *scope.at(_verdict.c.at),
    )


_SELECTED: Mapping[Activity, Callable[[TeamScope], Select[Any]]] = {
    Activity.FLAG: _select_flags,
    Activity.DECISION: select_decided,
    Activity.REVIEW: _select_reviews,
}


@dataclass(frozen=True, slots=True)
class FlagReason:
    """The verdicts on one person's flags for one reason.

    Attributes:
        unasked: overturned flags for what nobody had asked; None where that is not known.
    """

    reason: str
    decided: int
    overturned: int
    unasked: int | None = None


def read_flag_reasons(connection: Connection, people: People, scope: TeamScope) -> dict[str, list[FlagReason]]:
    """Count the verdicts on flags by person and reason, with the overturned ones that nobody had asked about."""
    decided = select_decided(scope, "reason").subquery()
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
        if reason in DIMENSION_OF and count["decided"] >= MIN_CASES and count["overturned"] <= _MOST_VERDICTS:
            unasked = _count_unasked(connection, scope, names[person, reason], Reason(reason))
        found[person].append(FlagReason(reason, count["decided"], count["overturned"], unasked))
    return dict(found)


def _count_unasked(connection: Connection, scope: TeamScope, names: Iterable[str], reason: Reason) -> int:
    """Count overturned flags on what no criterion knew then and nobody had asked.

    A question that was put off had been asked.
    """
    decided, verdict, put_off = select_decided(scope, "reason").subquery(), table(Verdict), table(PutOff)
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


def list_overturns(connection: Connection, criteria: Criteria) -> Table:
    """Return the overturn rates of the rules, people and systems that flag leads, and of the reviewers.

    A row is a rule of the criteria, a person, a source system, or a reviewer whose junk verdicts were audited. All
    spellings of a person's name are one. The verdict junk confirms a flag, unless the lead was brought back later; any
    other overturns it. Of several audits the last counts. Rates have Wilson's interval for 95 %; None below 5 verdicts.
    """
    systems = find_systems(connection)
    counted = [
        (*_classify_flagger(by, rule, systems), *counts) for by, rule, *counts in connection.execute(_count_decisions())
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
    return Table(
        "Overturn rates", _OVERTURN_COLUMNS, tuple(_present_overturns(key[0], names[key], *sums[key]) for key in order)
    )


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


def _count_decisions() -> Select[Any]:
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


def _present_overturns(kind: str, name: str, verdicts: int, confirmed: int) -> CellRow:
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
