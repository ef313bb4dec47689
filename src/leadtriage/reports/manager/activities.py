"""What people did within a period, whoever owns the lead: promises of a next contact, flags, verdicts and reviews.

Also for which reasons flags were overturned, and whether anybody had asked what they claimed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Select, and_, exists, func, literal, not_, or_, select

from leadtriage.core.vocabulary import DIMENSION_OF, Dimension, EventKind, Reason, Stage, VerdictKind
from leadtriage.db import Event, ImportBatch, Lead, Nomination, PutOff, Touch, Verdict, table
from leadtriage.db.expressions import one_if
from leadtriage.reports.manager.outcomes import TeamScope
from leadtriage.reports.manager.overturns import select_decisions, select_second_looks
from leadtriage.reports.query import (
    MERGES,
    MIN_CASES,
    Filters,
    People,
    SurvivingLeads,
    filter_conditions,
    find_surviving_leads,
    is_visible,
    is_visible_score,
)
from leadtriage.scoring import BY_THE_CRITERIA

_lead, _touch = table(Lead), table(Touch)

_nomination, _verdict = table(Nomination), table(Verdict)

_further = _touch.alias("further")

_event, _batch = table(Event), table(ImportBatch)

_undoing = _event.alias("undoing")

_MOST_VERDICTS = 500
"""Of which the ledgers are read; the latest tell what happens now."""


class Activity(StrEnum):
    """What people do to leads, and when it counts as done well."""

    PROMISE = "promise"
    """Of a next touch; well: it was kept."""
    FLAG = "flag"
    """A nomination as junk."""
    DECISION = "decision"
    """A verdict on a flag, counted for whoever had flagged; well: junk it was."""
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
    return _read(connection, select(rows.c.by, func.count(), func.sum(rows.c.well)).group_by(rows.c.by))


def count_second_looks(connection: Connection, scope: TeamScope) -> list[ActivityCount]:
    """Count the junk verdicts that were looked at again, by reviewer; well are those that were confirmed."""
    about = _is_about(_verdict.c.lead_id, scope)
    return _read(connection, select_second_looks(about, *scope.at(_verdict.c.at), before=scope.end))


def _read(connection: Connection, counted: Select[Any]) -> list[ActivityCount]:
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
        of_flag: further columns of the flag that tell rows apart, such as `reason`.
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
    # A file that tells of a contact on the same day tells of the same one.
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
    # Selected as it stands, which the offset is for, so that the further touch is looked for once.
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
    taken_back = and_(_nomination.c.withdrawn_at.is_not(None), _nomination.c.withdrawn_act.is_(None))
    columns = _nomination.c.lead_id, _nomination.c.by, literal(0).label("well")
    about = _is_about(_nomination.c.lead_id, scope)
    return select(*columns).where(not_(taken_back), about, *scope.at(_nomination.c.at))


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
