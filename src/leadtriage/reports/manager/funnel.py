"""How far the leads of a period have come: qualified, assigned, touched in time or not, won, and in how many days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)

from leadtriage.core.tables import Column, Table
from leadtriage.core.vocabulary import QUALIFIED_STAGES, FunnelStep
from leadtriage.db.expressions import days_between, first_spelling, largest
from leadtriage.reports.query import (
    CellRow,
    Members,
    ReportRequest,
    choose_name,
    describe_unknown_days,
    find_median,
    find_members,
    find_ninetieth,
    find_share,
    has_reached,
    read_members,
)
from leadtriage.reports.registry import FunnelBy, find_report

_COLUMNS = find_report("funnel").columns

_WORDS = {
    FunnelStep.LEADS: "came in",
    FunnelStep.QUALIFIED: "qualified",
    FunnelStep.ASSIGNED: "assigned",
    FunnelStep.TOUCHED_IN_TIME: "contacted in time",
    FunnelStep.TOUCHED_LATE: "contacted late",
    FunnelStep.NEVER_TOUCHED: "not contacted",
    FunnelStep.WON: "won",
}

_BEFORE = {
    FunnelStep.QUALIFIED: FunnelStep.LEADS,
    FunnelStep.ASSIGNED: FunnelStep.QUALIFIED,
    FunnelStep.TOUCHED_IN_TIME: FunnelStep.ASSIGNED,
    FunnelStep.TOUCHED_LATE: FunnelStep.ASSIGNED,
    FunnelStep.NEVER_TOUCHED: FunnelStep.ASSIGNED,
    FunnelStep.WON: FunnelStep.QUALIFIED,
}
"""The step that each is a part of."""

_UNRECORDED = "unrecorded"

_OF = {FunnelStep.LEADS: "all", FunnelStep.QUALIFIED: "qualified", FunnelStep.ASSIGNED: "assigned"}

_FROM = {
    FunnelStep.QUALIFIED: ("came_in", "qualified_on"),
    FunnelStep.ASSIGNED: ("qualified_on", "assigned_on"),
    FunnelStep.TOUCHED_IN_TIME: ("came_in", "touched_on"),
    FunnelStep.TOUCHED_LATE: ("came_in", "touched_on"),
    FunnelStep.WON: ("came_in", "closed_on"),
}
"""Between which days a step's days are counted; the first-touch clock starts when a lead comes in."""

_FLAGS = {"stage", "qualified", "assigned", "touch", "won"}
_NEEDED = {"lead_id", *_FLAGS, *(name for days in _FROM.values() for name in days)}


@dataclass(slots=True)
class _Reached:
    """How many leads of a group reached a step, in all and by days."""

    leads: int = 0
    days: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Group:
    """The funnel of one group."""

    name: str | None = None
    unrecorded: int = 0
    """Won and converted leads without a recorded contact."""
    steps: dict[FunnelStep, _Reached] = field(default_factory=lambda: {step: _Reached() for step in FunnelStep})

    def __getitem__(self, step: FunnelStep) -> _Reached:
        return self.steps[step]

    def add(self, step: FunnelStep, leads: int, days: int | None) -> None:
        self[step].leads += leads
        if days is not None:
            self[step].days[days] += leads


def list_funnel(request: ReportRequest, by: FunnelBy | None = None) -> Table:
    """Return how many leads that came in within the period have reached each step by `as_of`.

    With `by` there are seven rows for each group, the largest group first; all names of a team member are one owner.
    Shares are fractions of 1, None of nothing. `share_of_previous` is of `assigned` for the three steps of the first
    contact and of `qualified` for `won`. Days count from the day the lead came in, for `assigned` from the day it was
    qualified, over leads with both days known.
    """
    members = find_members(request.connection, request.filters, request.as_of)
    groups = _count(request.connection, members, by)
    keys = _order(groups, by)
    columns = _COLUMNS if by is None else (Column(by.value, by.capitalize(), keep=99, shown="group_shown"), *_COLUMNS)
    return Table(
        title="Funnel" if by is None else f"Funnel by {by.value}",
        columns=columns,
        rows=tuple(row for key in keys for row in _present(groups[key], by)),
        summary=_summarize(groups.values()),
        group_by=None if by is None else by.value,
        group_sizes={} if by is None else {groups[key].name: groups[key][FunnelStep.LEADS].leads for key in keys},
    )


def _count(connection: Connection, members: Members, by: FunnelBy | None) -> dict[str | None, _Group]:
    """Count each step's leads by group and by days, in one statement."""
    everyone = members.select("cohort", {"came_in", *_group_columns(by)})
    # All other steps are parts of this one, which holds few of the leads.
    qualified = members.select("qualified", _NEEDED | _group_columns(by), members.columns["qualified"] == 1)
    counted = [_count_where(everyone, true(), FunnelStep.LEADS.value, by)]
    counted += [_count_step(qualified, step, by) for step in FunnelStep if step is not FunnelStep.LEADS]
    counted.append(_count_where(qualified, _ended_unrecorded(qualified), _UNRECORDED, by))
    member_of = read_members(connection) if by is FunnelBy.OWNER else {}
    groups: dict[str | None, _Group] = defaultdict(_Group)
    for spelling, name, step, number_of_days, leads in connection.execute(union_all(*counted)):
        key = member_of.get(spelling, spelling)
        group = groups[key]
        group.name = choose_name(key, group.name, name)
        if step == _UNRECORDED:
            group.unrecorded += leads
        else:
            group.add(FunnelStep(step), leads, number_of_days)
    return groups


def _count_step(cohort: CTE, step: FunnelStep, by: FunnelBy | None) -> Select[Any]:
    days: ColumnElement[int | None] | None = None
    if step in _FROM:
        first, last = (cohort.c[column] for column in _FROM[step])
        days = case((first.is_not(None) & last.is_not(None), largest(days_between(last, first), literal(0))))
    return _count_where(cohort, has_reached(cohort, step), step.value, by, days)


def _count_where(
    cohort: CTE,
    holds: ColumnElement[bool],
    word: str,
    by: FunnelBy | None,
    days: ColumnElement[int | None] | None = None,
) -> Select[Any]:
    """Count leads by group and days only: grouping a million by a constant would sort them."""
    key, name = _group(cohort, by)
    keys = ([] if by is None else [key]) + ([] if days is None else [days])
    shown_days = cast(null(), Integer) if days is None else days
    columns = (key.label("key"), first_spelling(name).label("name"), literal(word, String).label("step"))
    counted = select(*columns, shown_days.label("days"), func.count().label("leads")).select_from(cohort)
    return counted.where(holds).group_by(*keys)


def _ended_unrecorded(cohort: CTE) -> ColumnElement[bool]:
    """Whether a lead was won or converted without a recorded owner or contact."""
    pursued = or_(has_reached(cohort, FunnelStep.TOUCHED_IN_TIME), has_reached(cohort, FunnelStep.TOUCHED_LATE))
    return and_(cohort.c.stage.in_(QUALIFIED_STAGES), not_(pursued))


def _group_columns(by: FunnelBy | None) -> set[str]:
    return set() if by in (None, FunnelBy.MONTH) else {by.value, f"{by.value}_key"}


def _group(cohort: CTE, by: FunnelBy | None) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the key and the name of the group."""
    if by is None:
        return cast(null(), String), cast(null(), String)
    if by is FunnelBy.MONTH:
        month = func.substr(cast(cohort.c.came_in, String), 1, len("2026-11"))
        return month, month
    return cohort.c[f"{by.value}_key"], cohort.c[by.value]


def _order(groups: Mapping[str | None, _Group], by: FunnelBy | None) -> list[str | None]:
    """Order months by time, other groups by size."""
    if by is FunnelBy.MONTH:
        return sorted(groups, key=lambda key: key or "")
    return sorted(groups, key=lambda key: (-groups[key][FunnelStep.LEADS].leads, key or ""))


def _present(group: _Group, by: FunnelBy | None) -> Iterator[CellRow]:
    for step in FunnelStep:
        reached = group[step]
        share = find_share(reached.leads, group[_BEFORE[step]].leads) if step in _BEFORE else None
        row: CellRow = {
            "step": step.value,
            "step_shown": _WORDS[step],
            "leads": reached.leads,
            "share_of_leads": find_share(reached.leads, group[FunnelStep.LEADS].leads),
            "share_of_previous": share,
            "previous_shown": None if share is None else f"{share:.0%} of {_OF[_BEFORE[step]]}",
            "median_days": find_median(reached.days),
            "p90_days": find_ninetieth(reached.days),
        }
        if by is not None:
            row |= {by.value: group.name, "group_shown": group.name or f"no {by.value}"}
        yield row


def _summarize(groups: Iterable[_Group]) -> tuple[str, ...]:
    counts, unrecorded, undated = Counter[FunnelStep](), 0, 0
    for group in groups:
        counts.update({step: group[step].leads for step in FunnelStep})
        unrecorded += group.unrecorded
        in_time = group[FunnelStep.TOUCHED_IN_TIME]
        undated += in_time.leads - in_time.days.total()
    leads, qualified = counts[FunnelStep.LEADS], counts[FunnelStep.QUALIFIED]
    pursued = counts[FunnelStep.TOUCHED_IN_TIME] + counts[FunnelStep.TOUCHED_LATE]
    if not leads:
        return ("No lead came in within this period.",)
    answers = [f"{qualified / leads:.0%} of the leads are qualified: {qualified:,} of {leads:,}."]
    if qualified:
        more = f"; {unrecorded:,} more were won or converted without a recorded contact" if unrecorded else ""
        share = f"{pursued / qualified:.0%} of the qualified leads are pursued by sales"
        answers.append(f"{share}: {pursued:,} of {qualified:,}{more}.")
    if undated:
        answers.append(describe_unknown_days(counts[FunnelStep.TOUCHED_IN_TIME], undated))
    return tuple(answers)
