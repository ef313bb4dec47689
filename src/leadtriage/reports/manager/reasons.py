"""Why leads of a period became junk, were lost or snoozed, by source, grade or what flagged them.

A reason is about a dimension, as `no_budget` is about budget, or about what a disqualifier tests. A loss is unseen if
the lead had points in the dimension of its reason. No criterion covers reasons such as `price`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Subquery,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
)

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import DIMENSION_OF, Dimension, EventKind, Reason, Stage, VerdictKind
from leadtriage.criteria import Criteria
from leadtriage.db import Event, Lead, LeadScore, Verdict, VerdictLine, table
from leadtriage.db.expressions import first_spelling, one_if
from leadtriage.reports.query import (
    MIN_CASES,
    CellRow,
    Commands,
    Filters,
    ReportRequest,
    end_of,
    find_people,
    has_points,
    select_cohort,
)
from leadtriage.reports.registry import ReasonsBy, find_report

_MOST_NAMED = 3
"""Reasons that the criteria do not know; the others are counted."""

_lead, _score, _event = table(Lead), table(LeadScore), table(Event)

_verdict, _line = table(Verdict), table(VerdictLine)

_KINDS = (Stage.JUNK, Stage.LOST, Stage.NURTURE)

_KIND_LABELS = {Stage.JUNK: "junk", Stage.LOST: "lost", Stage.NURTURE: "snoozed"}

_UNKNOWN = {
    "reason": "no reason given",
    "source": "no source",
    "grade": "not scored",
    "flagged_by": "no review",
    "rule": None,
}
"""What people see where a value is missing."""

_GROUPS = {
    None: ("source", "grade"),
    ReasonsBy.SOURCE: ("source",),
    ReasonsBy.GRADE: ("grade",),
    ReasonsBy.RULE: ("flagged_by", "rule"),
}

_COLUMNS = {column.key: column for column in find_report("reasons").columns}


@dataclass(frozen=True, slots=True)
class _Count:
    kind: Stage
    reason: str | None
    group: tuple[str | None, ...]
    leads: int
    unseen: int


def list_reasons(request: ReportRequest, by: ReasonsBy | None = None) -> Table:
    """Return the leads that came in within the period and are junk, lost or snoozed on `as_of`, by reason.

    Every such lead is in one row. The reason is that of the day; None where nobody gave one. `grade` is that of the
    verdict for junk, of the closing for lost and of the snoozing for snoozed leads; None for leads never scored.
    `flagged_by` is the first person, system or `criteria` that flagged the lead for the verdict, `rule` the criteria's
    line; None for leads without a review.

    Args:
        by: what to split each reason by, instead of source and grade.
    """
    connection, filters, as_of, criteria = request.connection, request.filters, request.as_of, request.criteria
    group = _GROUPS[by]
    counts = _count(connection, criteria, filters, as_of, group)
    if by is ReasonsBy.RULE:
        counts = _merge_people(connection, counts)
    totals = Counter[Stage]()
    for count in counts:
        totals[count.kind] += count.leads
    return Table(
        title="Reasons" if by is None else f"Reasons by {by.value}",
        columns=tuple(_COLUMNS[key] for key in ("kind", "reason", *group, "leads")),
        rows=tuple(_present(count, group) for count in _order(counts)),
        summary=_summarize(totals, counts, criteria, Commands(filters, as_of)),
        group_by="kind",
        group_sizes={kind.value: totals[kind] for kind in _KINDS},
    )


def _count(
    connection: Connection, criteria: Criteria, filters: Filters, as_of: date, group: Sequence[str]
) -> list[_Count]:
    """Count the leads in one statement; names that differ only in case count as one."""
    cohort = select_cohort(connection, filters, as_of)
    keys: dict[str, ColumnElement[Any]] = {
        "source": cohort.c.source_key,
        "grade": _find_grade(cohort, as_of),
        "flagged_by": _line.c.by,
        "rule": _line.c.rule,
    }
    reason = _find_reason(cohort, as_of)
    decided = (
        select(
            cohort.c.stage.label("kind"),
            reason.label("reason"),
            *(keys[name].label(name) for name in group),
            *(cohort.c.source.label(f"{name}_name") for name in group if name == "source"),
            one_if(was_unseen(criteria, cohort.c.stage, reason)).label("unseen"),
        )
        .select_from(_join(cohort, _select_last_verdicts(as_of), with_lines="rule" in group))
        .where(cohort.c.stage.in_([kind.value for kind in _KINDS]))
        .subquery()
    )
    row = decided.c
    names = [first_spelling(row.source_name) if name == "source" else row[name] for name in group]
    statement = select(row.kind, row.reason, *names, func.count(), func.sum(row.unseen)).group_by(
        row.kind, row.reason, *(row[name] for name in group)
    )
    return [
        _Count(Stage(kind), why, tuple(labels), leads, unseen)
        for kind, why, *labels, leads, unseen in connection.execute(statement)
    ]


def _merge_people(connection: Connection, counts: Sequence[_Count]) -> list[_Count]:
    """Add up what one person flagged under several names."""
    names = find_people(connection, (count.group[0] for count in counts))
    united: dict[tuple[Stage, str | None, tuple[str | None, ...]], _Count] = {}
    for count in counts:
        group = (names[count.group[0]].name, *count.group[1:])
        known = united.get((count.kind, count.reason, group))
        leads, unseen = (known.leads, known.unseen) if known else (0, 0)
        whole = replace(count, group=group, leads=count.leads + leads, unseen=count.unseen + unseen)
        united[count.kind, count.reason, group] = whole
    return list(united.values())


def _join(cohort: CTE, last_verdict: Subquery, *, with_lines: bool) -> FromClause:
    rows = (
        cohort.join(_lead, _lead.c.id == cohort.c.lead_id)
        .outerjoin(_score, _score.c.lead_id == cohort.c.lead_id)
        .outerjoin(last_verdict, last_verdict.c.lead_id == cohort.c.lead_id)
        .outerjoin(
            _verdict,
            and_(
                _verdict.c.lead_id == cohort.c.lead_id,
                _verdict.c.id == last_verdict.c.id,
                _verdict.c.verdict == cohort.c.stage,
                or_(cohort.c.stage == Stage.JUNK.value, _on(_verdict.c.at) == _lead.c.parked_on),
            ),
        )
    )
    if not with_lines:
        return rows
    first = and_(_line.c.lead_id == _verdict.c.lead_id, _line.c.verdict_id == _verdict.c.id, _line.c.place == 0)
    return rows.outerjoin(_line, first)


def _select_last_verdicts(as_of: date) -> Subquery:
    """Select each lead's last review verdict that was not undone."""
    stands = (
        _verdict.c.kind == VerdictKind.REVIEW.value,
        _verdict.c.withdrawn_at.is_(None),
        _verdict.c.at < end_of(as_of),
    )
    last = select(_verdict.c.lead_id, func.max(_verdict.c.id).label("id")).where(*stands)
    return last.group_by(_verdict.c.lead_id).subquery("last_verdict")


def _find_reason(cohort: CTE, as_of: date) -> ColumnElement[str]:
    """Return the current reason if the lead has not moved since, else that of its last move by that day."""
    now = _now(case((_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_reason), else_=_lead.c.outcome_reason))
    moved_for = (
        select(_event.c.reason)
        .where(
            _event.c.lead_id == cohort.c.lead_id,
            _event.c.kind == EventKind.STAGE.value,
            _event.c.new == cohort.c.stage,
            _event.c.at < end_of(as_of),
        )
        .order_by(_event.c.id.desc())
        .limit(1)
        .correlate(cohort)
        .scalar_subquery()
    )
    return case((_is_unchanged(cohort, as_of), now), else_=moved_for)


def _find_grade(cohort: CTE, as_of: date) -> ColumnElement[str]:
    """Return the grade at the decision: closed leads keep theirs, events hold later changes of the others."""
    parked = and_(_is_unchanged(cohort, as_of), cohort.c.stage == Stage.NURTURE.value)
    # Leads imported in nurture have no day of their own.
    parked_on = func.coalesce(_lead.c.parked_on, _lead.c.imported_on)
    moved = (
        select(_event.c.old)
        .where(
            _event.c.lead_id == cohort.c.lead_id,
            _event.c.kind == EventKind.GRADE.value,
            _on(_event.c.at) > case((parked, parked_on), else_=literal(as_of, Date)),
        )
        .order_by(_event.c.id)
        .limit(1)
        .correlate(cohort, _lead)
        .scalar_subquery()
    )
    keeps = and_(_is_unchanged(cohort, as_of), cohort.c.stage != Stage.NURTURE.value)
    return case(
        (_verdict.c.grade.is_not(None), _verdict.c.grade),
        (keeps, _score.c.grade),
        else_=func.coalesce(moved, _score.c.grade),
    )


def _is_unchanged(cohort: CTE, as_of: date) -> ColumnElement[bool]:
    """Whether the decision of that day is still the one in the lead's own columns."""
    decided_on = case((_lead.c.stage == Stage.NURTURE.value, _lead.c.parked_on), else_=_lead.c.closed_on)
    by_then = func.coalesce(or_(decided_on <= as_of, decided_on <= _lead.c.imported_on), literal(True))
    return and_(_lead.c.stage == cohort.c.stage, by_then)


def _now(reason: ColumnElement[Any]) -> ColumnElement[str]:
    """Treat an empty cell as no reason."""
    return func.nullif(func.trim(reason), "")


def _on(at: ColumnElement[datetime]) -> ColumnElement[date]:
    return func.date(at, type_=Date)


def _order(counts: Iterable[_Count]) -> list[_Count]:
    """Order by kind, then by the size of the reason, then by the size of the row."""
    counts = list(counts)
    sizes = Counter[tuple[Stage, str | None]]()
    for count in counts:
        sizes[count.kind, count.reason] += count.leads
    return sorted(
        counts,
        key=lambda count: (
            _KINDS.index(count.kind),
            -sizes[count.kind, count.reason],
            count.reason or "",
            -count.leads,
            tuple(word or "" for word in count.group),
            tuple(word is None for word in count.group),
        ),
    )


def _present(count: _Count, group: Sequence[str]) -> CellRow:
    values = {"reason": count.reason, **dict(zip(group, count.group, strict=True))}
    shown = {f"{key}_shown": None if value is not None else _UNKNOWN[key] for key, value in values.items()}
    row: CellRow = {"kind": count.kind.value, "kind_shown": _KIND_LABELS[count.kind], "leads": count.leads}
    return {**row, **values, **shown}


def _summarize(
    totals: Counter[Stage], counts: Iterable[_Count], criteria: Criteria, commands: Commands
) -> tuple[str, ...]:
    if not totals:
        return ("No lead of this period became junk, was lost or snoozed.",)
    parts = [f"{totals[kind]:,} {_KIND_LABELS[kind]}" for kind in _KINDS if totals[kind]]
    total = f"{format_count(sum(totals.values()), 'lead')}: {', '.join(parts)}."
    lost = [Lost(count.reason, count.leads, count.unseen) for count in counts if count.kind is Stage.LOST]
    return (total, *describe_unseen(criteria, lost, commands))


@dataclass(frozen=True, slots=True)
class Lost:
    """Leads lost for one reason, and how many of them had points in its dimension."""

    reason: str | None
    leads: int
    unseen: int


def was_unseen(criteria: Criteria, stage: ColumnElement[Any], reason: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a lead had points in the dimension that it was lost for."""
    tests = [and_(reason == why.value, has_points(dimension)) for why, dimension in _find_dimensions(criteria).items()]
    return and_(stage == Stage.LOST.value, or_(false(), *tests))


def describe_unseen(criteria: Criteria, lost: Iterable[Lost], commands: Commands) -> tuple[str, ...]:
    """Describe unseen losses of at least 5 leads, each with the command that lists the leads."""
    leads, unseen = Counter[str | None](), Counter[str | None]()
    for each in lost:
        leads[each.reason] += each.leads
        unseen[each.reason] += each.unseen
    sentences: list[str] = []
    for reason, dimension in _find_dimensions(criteria).items():
        if leads[reason.value] >= MIN_CASES and unseen[reason.value]:
            lost_for = format_count(leads[reason.value], "lead")
            sentences += [
                f"{unseen[reason.value]:,} of {lost_for} lost for {reason} had points for {dimension}: the criteria "
                "did not see it. List them:",
                commands.list_leads("--stage", "lost", "--reason", reason, "--points", dimension),
            ]
    known = {*_find_dimensions(criteria), *(line.reason for line in criteria.junk.disqualify)}
    blind = sorted(
        ((number, reason) for reason, number in leads.items() if reason is not None and reason not in known),
        key=lambda pair: (-pair[0], pair[1]),
    )
    if sum(number for number, _ in blind) >= MIN_CASES:
        sentences += _describe_blind(blind, commands)
    return tuple(sentences)


def _describe_blind(blind: list[tuple[int, str]], commands: Commands) -> list[str]:
    parts = [f"{number:,} for {reason}" for number, reason in blind[:_MOST_NAMED]]
    if len(blind) > _MOST_NAMED:
        rest = sum(number for number, _ in blind[_MOST_NAMED:])
        parts.append(f"{rest:,} for {format_count(len(blind) - _MOST_NAMED, 'other reason')}")
    total = format_count(sum(number for number, _ in blind), "lead was", "leads were")
    return [
        f"{total} lost for reasons that no criterion covers: {', '.join(parts)}. List the first of them:",
        commands.list_leads("--stage", "lost", "--reason", blind[0][1]),
    ]


def _find_dimensions(criteria: Criteria) -> dict[Reason, Dimension]:
    """Return the reasons whose dimension has criteria."""
    covered = {part.dimension for part in criteria.score if part.criteria}
    return {reason: dimension for reason, dimension in DIMENSION_OF.items() if dimension in covered}
