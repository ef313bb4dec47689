"""What each person of the team did within a period, how far goals are, and advice on what to change.

All spellings of a name are one person. Advice needs at least five cases; the worst comes first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Select, select

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import DIMENSION_OF, Reason, TeamMetric
from leadtriage.criteria import WHOLE_TEAM, Criteria
from leadtriage.reports.lists import list_leads, select_idle
from leadtriage.reports.manager.activities import (
    Activity,
    FlagReason,
    count_activities,
    count_second_looks,
    describe_too_few,
    find_systems,
    read_flag_reasons,
    select_activities,
)
from leadtriage.reports.manager.outcomes import (
    GoalKind,
    OwnedCount,
    Progress,
    TeamScope,
    count_idle,
    count_owned,
    counts_as,
    find_due,
    find_kinds,
    format_goal,
)
from leadtriage.reports.query import (
    IN_TIME,
    LATE,
    MIN_CASES,
    NEVER,
    NOT_YET,
    SYSTEM_MARK,
    CellRow,
    Filters,
    People,
    ReportRequest,
    convert_currencies,
    describe_unknown_days,
    find_median,
    find_rate,
    find_surviving_leads,
    round_money,
    select_cohort,
)
from leadtriage.reports.registry import find_report

MOST_LINES = 3
"""Of advice for one person; nobody acts on more."""

_LEAST_SHARE = 0.25
"""The smallest share of cases that went wrong to advise on."""

_COLUMNS = find_report("team").columns

_MOST_ADVICE = 10
"""Lines of advice above the table; scripts have each row's own in its note."""

_ACTIVITIES: dict[TeamMetric, tuple[Activity, int | None]] = {
    TeamMetric.PROMISES: (Activity.PROMISE, None),
    TeamMetric.KEPT: (Activity.PROMISE, 1),
    TeamMetric.FLAGGED: (Activity.FLAG, None),
    TeamMetric.CONFIRMED: (Activity.DECISION, 1),
    TeamMetric.OVERTURNED: (Activity.DECISION, 0),
    TeamMetric.REVIEWED: (Activity.REVIEW, None),
}
"""The numbers that count what somebody did, and how it came out where that matters; the others are about owners."""


def list_team(request: ReportRequest) -> Table:
    """Return what each person of the team, and each system that flags, did within the period, as it stood on `as_of`.

    The period selects the days on which things happened, not those on which leads came in: leads assigned, closed and
    promised for, flags and verdicts given. `idle` counts now. Days are working days, rates fractions of 1. Goals count
    the month or quarter of `as_of`; further goals of a person, and those of the whole team, have rows with only `name,
    goal, done, due_by_today, note`. A source or campaign filter leaves goals out. People with the most assigned leads
    are on top, systems at the end.
    """
    connection, filters, as_of, criteria = request.connection, request.filters, request.as_of, request.criteria
    people, scope = People(criteria.team), TeamScope(filters, criteria.follow_up, as_of)
    records = collect_records(connection, criteria, people, scope)
    flags = read_flag_reasons(connection, people, scope)
    order = sorted(records, key=lambda key: (records[key].system, -records[key].assigned, key))
    advice = {key: list_advice(records[key], flags.get(key, ())) for key in order}
    progress = _measure_goals(criteria, scope, records, people)
    rows: list[CellRow] = []
    for key in order:
        own = progress.get(key, [])
        worth = _describe_worth([records[key]], criteria)
        rows.append(_present(records[key], own[0] if own else None, worth, advice[key]))
        rows += [_present_goal(records[key].name, further) for further in own[1:]]
    rows += [_present_goal(WHOLE_TEAM, each) for each in progress.get(WHOLE_TEAM, ())]
    lines = [(records[key].name, line) for key in order for line in advice[key]]
    summary = " ".join(_summarize(records.values(), criteria))
    notes = (NOT_YET,) if filters.since is not None and filters.since > as_of else ()
    return Table("Team", _COLUMNS, tuple(rows), summary=(summary, *_cut_advice(lines)), notes=notes)


def _measure_goals(
    criteria: Criteria, scope: TeamScope, records: Mapping[str, Record], people: People
) -> dict[str, list[Progress]]:
    """Return the progress of each goal by the key of its person, or by the name of the whole team."""
    found: dict[str, list[Progress]] = defaultdict(list)
    if scope.filters.source is not None or scope.filters.campaign is not None:
        return found
    for goal in criteria.goals:
        of_all = goal.who == WHOLE_TEAM
        key = goal.who if of_all else people.find(goal.who)
        if scope.owner is not None and (of_all or key not in records):
            continue
        whose = records.values() if of_all else [records[key]]
        done = sum(record.done[GoalKind(goal.what, goal.per)] for record in whose)
        found[key].append(Progress(goal, done, find_due(goal, scope.as_of, scope.follow_up)))
    return found


def _present(record: Record, progress: Progress | None, worth: Sequence[str], advice: Sequence[str]) -> CellRow:
    rate = find_rate(record.overturned, record.decided)
    rep, touch = find_median(record.for_rep.every), find_median(record.for_touch.every)
    notes = [*_list_notes(record), *_list_goal_notes(progress)]
    return {
        "name": record.name,
        "name_shown": f"{record.name}{SYSTEM_MARK}" if record.system else None,
        "assigned": record.assigned,
        "touched": record.in_time + record.late,
        "in_time": record.in_time,
        "late": record.late,
        "never": record.never,
        "wait_assign_days": rep,
        "wait_assign_shown": _format_number(rep),
        "wait_rep_days": touch,
        "wait_rep_shown": _format_number(touch),
        "promises": record.promises,
        "promises_shown": _format_if_any(record.promises, record.promises),
        "kept": record.kept,
        "kept_shown": _format_part(record.kept, record.promises),
        "idle": record.idle,
        "won": record.won,
        "flagged": record.flagged,
        "flagged_shown": _format_if_any(record.flagged, record.flagged),
        "confirmed": record.confirmed,
        "confirmed_shown": _format_if_any(record.confirmed, record.decided),
        "overturned": record.overturned,
        "overturned_shown": _format_part(record.overturned, record.decided),
        "overturn_rate": rate.rate,
        "overturn_low": rate.low,
        "overturn_high": rate.high,
        **_goal_cells(progress),
        "note": "; ".join([*worth, *notes, *advice]) or None,
        "note_shown": "; ".join(notes),
    }


def _present_goal(name: str, progress: Progress) -> CellRow:
    blank: CellRow = dict.fromkeys(column.key for column in _COLUMNS)
    return blank | {"name": name, **_goal_cells(progress), "note": "; ".join(_list_goal_notes(progress))}


def _goal_cells(progress: Progress | None) -> CellRow:
    if progress is None:
        return {"goal": None, "done": None, "due_by_today": None}
    goal = progress.goal
    return {
        "goal": goal.target,
        "done": progress.done,
        "done_shown": f"{progress.done:,} of {goal.target:,} {goal.what}",
        "due_by_today": progress.due,
        "due_shown": f"{progress.due:,.1f}",
    }


def _format_number(number: float | None) -> str | None:
    return None if number is None else f"{number:g}"


def _format_part(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}" if whole else ""


def _format_if_any(number: int, whole: int) -> str:
    """Format a number; empty without any cases, so that a team without them need not see the column."""
    return f"{number:,}" if whole else ""


def _list_notes(record: Record) -> Iterator[str]:
    if record.system:
        yield "a system, not a person"
    if 0 < record.decided < MIN_CASES:
        yield describe_too_few(record.decided)
    if record.undated:
        yield f"{record.undated:,} more won on an unknown day"
    if record.reviewed:
        yield f"reviewed {format_count(record.reviewed, 'candidate')}"
    if record.second_looks:
        disagreed = record.second_looks - record.stood
        yield f"a second look overturned {disagreed:,} of {record.second_looks:,}"


def _list_goal_notes(progress: Progress | None) -> list[str]:
    return [] if progress is None else [f"goal: {format_goal(progress.goal)}"]


def _summarize(records: Collection[Record], criteria: Criteria) -> Iterator[str]:
    touches, reps = Counter[str](), 0
    for record in records:
        touches.update(record.touches)
        reps += record.assigned > 0
    if touches:
        yield (
            f"Of {format_count(touches.total(), 'lead')} assigned to {format_count(reps, 'rep')}, {touches[IN_TIME]:,} "
            f"were contacted in time, {touches[LATE]:,} late and {touches[NEVER]:,} never, as far as recorded."
        )
    else:
        yield "No lead was assigned within this period."
    if undated_touches := sum(record.undated_touches for record in records):
        yield describe_unknown_days(touches[IN_TIME], undated_touches)
    yield from (f"{line[0].upper()}{line[1:]}." for line in _describe_worth(records, criteria))
    if undated := sum(record.undated for record in records):
        yield f"{undated:,} more {'was' if undated == 1 else 'were'} won on an unknown day."


def _describe_worth(records: Iterable[Record], criteria: Criteria) -> list[str]:
    """Describe the value of the won leads in the criteria's currency; nothing where no value is known."""
    worth, won, valued = Counter[str](), 0, 0
    for record in records:
        worth.update(record.worth)
        won += record.won
        valued += record.valued
    if not valued:
        return []
    converted = convert_currencies(worth, criteria.rates)
    if converted.total is None:
        unrated = ", ".join(converted.without_rate)
        return [f"what {format_count(won, 'won lead')} came to cannot be added up: amounts in {unrated} have no rate"]
    partly = "" if valued == won else f", {won - valued:,} of them without a value"
    total = f"{round_money(converted.total, criteria.currency):,.2f} {criteria.currency}"
    return [f"{format_count(won, 'won lead')} {'is' if won == 1 else 'are'} worth {total}{partly}"]


def _cut_advice(lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from (f"{name}: {line}." for name, line in lines[:_MOST_ADVICE])
    if len(lines) > _MOST_ADVICE:
        yield f"{format_count(len(lines) - _MOST_ADVICE, 'more line')} of advice: see the notes of --format json."


@dataclass(slots=True)
class Waits:
    """How many leads waited so many working days; `late` counts those that were contacted late."""

    every: Counter[int] = field(default_factory=Counter)
    late: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Record:
    """One person's numbers.

    Attributes:
        touches: leads assigned to them within the period, by first contact.
        undated_touches: of those contacted in time, leads with an unknown day of the first contact.
        for_rep: working days until leads were assigned.
        for_touch: working days from there to the first contact.
        worth: the value of won leads in minor units by currency; `valued` counts leads with a value.
        undated: leads won on an unknown day, which are in no period.
        second_looks: their junk verdicts that were audited; `stood` of them were confirmed.
        done: leads that count towards goals, by the kind of goal.
        system: whether it is a source system, not a person.
    """

    name: str
    touches: Counter[str] = field(default_factory=Counter)
    undated_touches: int = 0
    for_rep: Waits = field(default_factory=Waits)
    for_touch: Waits = field(default_factory=Waits)
    won: int = 0
    worth: Counter[str] = field(default_factory=Counter)
    valued: int = 0
    undated: int = 0
    idle: int = 0
    promises: int = 0
    kept: int = 0
    flagged: int = 0
    decided: int = 0
    confirmed: int = 0
    reviewed: int = 0
    second_looks: int = 0
    stood: int = 0
    done: Counter[GoalKind] = field(default_factory=Counter)
    system: bool = False

    @property
    def assigned(self) -> int:
        """Return the leads assigned to them within the period."""
        return self.touches.total()

    @property
    def in_time(self) -> int:
        """Return those contacted within the clock."""
        return self.touches[IN_TIME]

    @property
    def late(self) -> int:
        """Return those contacted after it."""
        return self.touches[LATE]

    @property
    def never(self) -> int:
        """Return those without a recorded contact."""
        return self.touches[NEVER]

    @property
    def overturned(self) -> int:
        """Return the verdicts on their flags that were not junk."""
        return self.decided - self.confirmed


def collect_records(connection: Connection, criteria: Criteria, people: People, scope: TeamScope) -> dict[str, Record]:
    """Return the record of each person and system by key: the team in the criteria's order, then the others.

    With an owner, only theirs.
    """
    records = {key: Record(name) for key, name in people.members.items()}

    def find(key: str, name: str) -> Record:
        record = records.setdefault(key, Record(name))
        if key not in people.members:
            record.name = min(record.name, name)
        return record

    kinds = find_kinds(criteria.goals)
    for counted in count_owned(connection, scope, kinds):
        _add_outcomes(find(people.find_comparable(counted.owner_key), counted.owner), counted, kinds)
    for owner_key, owner, leads in count_idle(connection, scope):
        find(people.find_comparable(owner_key), owner).idle += leads
    for activity in Activity:
        for count in count_activities(connection, scope, activity):
            _add_activity(find(people.find(count.by), count.by), activity, count.done, count.well)
    for count in count_second_looks(connection, scope):
        record = find(people.find(count.by), count.by)
        record.second_looks += count.done
        record.stood += count.well
    for system in find_systems(connection):
        if system is not None and people.find(system) in records and people.find(system) not in people.members:
            records[people.find(system)].system = True
    return _filter_by_owner(records, people, scope)


def _add_outcomes(record: Record, counted: OwnedCount, kinds: Sequence[GoalKind]) -> None:
    if counted.touch is not None:
        record.touches[counted.touch] += counted.leads
    for waits, days in ((record.for_rep, counted.for_rep), (record.for_touch, counted.for_touch)):
        if days is not None:
            waits.every[days] += counted.leads
            waits.late[days] += counted.leads if counted.touch == LATE else 0
    record.undated_touches += counted.undated_touches
    record.won += counted.won
    record.undated += counted.undated
    if counted.currency is not None:
        record.valued += counted.valued
        record.worth[counted.currency] += counted.worth
    record.done.update(dict(zip(kinds, counted.goals, strict=True)))


def _add_activity(record: Record, activity: Activity, done: int, well: int) -> None:
    if activity is Activity.PROMISE:
        record.promises += done
        record.kept += well
    elif activity is Activity.FLAG:
        record.flagged += done
    elif activity is Activity.DECISION:
        record.decided += done
        record.confirmed += well
    else:
        record.reviewed += done


def _filter_by_owner(records: dict[str, Record], people: People, scope: TeamScope) -> dict[str, Record]:
    if scope.owner is None:
        return records
    wanted = people.find(scope.owner)
    return {key: record for key, record in records.items() if key == wanted}


@dataclass(frozen=True, slots=True)
class Advice:
    """One line; `share` of the cases went wrong, 0 to 1."""

    share: float
    text: str


def list_advice(record: Record, flags: Iterable[FlagReason]) -> tuple[str, ...]:
    """Return at most three lines of advice, the worst first; none for a system."""
    if record.system:
        return ()
    found = [*_advise_on_flags(flags), *_advise_on_late_contacts(record), *_advise_on_promises(record)]
    worst = sorted(found, key=lambda advice: (-advice.share, advice.text))
    return tuple(advice.text for advice in worst[:MOST_LINES])


def _advise_on_flags(flags: Iterable[FlagReason]) -> list[Advice]:
    found = []
    for flag in flags:
        text = f"{flag.overturned:,} of {flag.decided:,} {flag.reason} flags were overturned"
        if flag.unasked and flag.unasked * 2 > flag.overturned:
            whole = flag.unasked == flag.overturned
            what = f"the {DIMENSION_OF[Reason(flag.reason)]}"
            text += f": {what} was never asked" if whole else f": in {flag.unasked:,} {what} was never asked"
        found += _make_advice(flag.overturned, flag.decided, text)
    return found


def _advise_on_late_contacts(record: Record) -> list[Advice]:
    touched = record.in_time + record.late
    were = "were" if touched > 1 else "was"
    text = f"{record.late:,} of {format_count(touched, 'contacted lead')} {were} contacted late"
    rep, touch = (find_median(waits.late) for waits in (record.for_rep, record.for_touch))
    if touch is not None:
        text += f"; half of these waited {_format_days(touch)} or more for the rep"
        text += f", {_format_days(rep)} or more to be assigned" if rep else ""
    return _make_advice(record.late, touched, text)


def _advise_on_promises(record: Record) -> list[Advice]:
    broken = record.promises - record.kept
    return _make_advice(broken, record.promises, f"kept {record.kept:,} of {format_count(record.promises, 'promise')}")


def _make_advice(wrong: int, cases: int, text: str) -> list[Advice]:
    if cases < MIN_CASES or wrong / cases < _LEAST_SHARE:
        return []
    return [Advice(wrong / cases, text)]


def _format_days(days: float) -> str:
    return f"{days:g} working {'day' if days == 1 else 'days'}"


def list_team_leads(request: ReportRequest, metric: TeamMetric) -> Table:
    """Return the leads behind a number of `list_team` with the same filters: of the owner's row, or of all rows.

    A lead that counts twice, such as one with two promises, appears once.
    """
    scope = TeamScope(request.filters, request.criteria.follow_up, request.as_of)
    people = People(request.criteria.team)
    find = _select_active if metric in _ACTIVITIES else _select_owned
    leads = find(request.connection, scope, people, metric)
    return list_leads(replace(request, filters=Filters()), among=leads)


def _select_owned(connection: Connection, scope: TeamScope, people: People, number: TeamMetric) -> Select[Any]:
    if number is TeamMetric.IDLE:
        idle = select_idle(scope.of_leads, scope.as_of).subquery()
        lead_id, owner, counts = idle.c.id, idle.c.owner_comparable, None
    else:
        cohort = select_cohort(connection, scope.of_leads, scope.as_of)
        lead_id, owner, counts = cohort.c.lead_id, cohort.c.owner_key, counts_as(cohort, scope, number)
    found = select(lead_id).where(owner.is_not(None))
    if counts is not None:
        found = found.where(counts)
    if scope.owner is None:
        return found
    return found.where(owner.in_(people.spellings(people.find(scope.owner))))


def _select_active(connection: Connection, scope: TeamScope, people: People, number: TeamMetric) -> Select[Any]:
    activity, well = _ACTIVITIES[number]
    rows = select_activities(connection, scope, activity).subquery()
    survivors = find_surviving_leads(connection)
    found = select(survivors.of(rows.c.lead_id)).select_from(survivors.beside(rows, rows.c.lead_id))
    if well is not None:
        found = found.where(rows.c.well == well)
    if scope.owner is None:
        return found
    names = connection.execute(select(rows.c.by).distinct()).scalars().all()
    return found.where(rows.c.by.in_(people.choose(people.find(scope.owner), names)))
