"""What each rep has made of the leads of a period, what became of the flags of those who flag, and who reaches a goal.

The numbers are `records`', the advice is `coaching`'s; here they become rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from leadtriage.criteria.model import Criteria
from leadtriage.criteria.reading.team import WHOLE_TEAM
from leadtriage.reports.coaching import coach
from leadtriage.reports.cohort import IN_TIME, LATE, NEVER
from leadtriage.reports.filters import Filters
from leadtriage.reports.flag_reasons import read_flag_reasons
from leadtriage.reports.goals import GoalKind, Progress, find_due, say_goal
from leadtriage.reports.intervals import FEWEST, find_rate
from leadtriage.reports.known_days import say_unknown_days
from leadtriage.reports.overturns import say_too_few
from leadtriage.reports.page import CellRow
from leadtriage.reports.people import SYSTEM_MARK, People
from leadtriage.reports.periods import NOT_YET
from leadtriage.reports.quantiles import find_median
from leadtriage.reports.records import Record, gather_records
from leadtriage.reports.sums import convert, round_money
from leadtriage.reports.teamwork import Work
from leadtriage.tabular import Column, Table
from leadtriage.words import count_of

_COLUMNS = (
    Column("name", "Name", keep=100, shown="name_shown"),
    Column("assigned", "Assigned", keep=95, align="right"),
    Column("touched", "Touched", keep=55, align="right"),
    Column("in_time", "In time", keep=94, align="right"),
    Column("late", "Late", keep=93, align="right"),
    Column("never", "Never", keep=92, align="right"),
    Column("wait_assign_days", "Days to assign", keep=70, align="right", shown="wait_assign_shown"),
    Column("wait_rep_days", "Days to touch", keep=84, align="right", shown="wait_rep_shown"),
    Column("promises", "Promises", keep=50, align="right", shown="promises_shown"),
    Column("kept", "Kept", keep=86, align="right", shown="kept_shown"),
    Column("idle", "Idle", keep=90, align="right"),
    Column("won", "Won", keep=91, align="right"),
    Column("flagged", "Flagged", keep=60, align="right", shown="flagged_shown"),
    Column("confirmed", "Confirmed", keep=45, align="right", shown="confirmed_shown"),
    Column("overturned", "Overturned", keep=82, align="right", shown="overturned_shown"),
    Column("overturn_rate", "Rate", keep=65, align="right", kind="share"),
    Column("overturn_low", "At least", keep=41, align="right", kind="share"),
    Column("overturn_high", "At most", keep=40, align="right", kind="share"),
    Column("goal", "Goal", keep=30, align="right"),
    Column("done", "Done", keep=96, align="right", kind="progress", of="goal", mark="due_by_today", shown="done_shown"),
    Column("due_by_today", "Due by today", keep=75, align="right", shown="due_shown"),
    Column("note", "Note", keep=10, shown="note_shown"),
)

_MOST_ADVICE = 10
"""Lines of advice above the table; scripts have each row's own in its note."""


def list_team(connection: Connection, criteria: Criteria, filters: Filters, as_of: date) -> Table:
    """Return what each person of the team, and each system that flags, did within the period, as it stood on `as_of`.

    The period is about the days on which things happened, not about those on which leads came in: leads assigned,
    closed and promised for within it, flags and verdicts given within it. `idle` is about now. Columns as in
    `docs/cli.md`; days are working days, rates fractions of 1. A goal is about the month or quarter of `as_of`,
    whatever the period; a person's further goals, and those of the whole team under its name `team`, have rows in which
    only `name, goal, done, due_by_today, note` are filled. There are no goals where the leads are limited to a source
    or a campaign. Those to whom most leads were assigned are on top, systems at the end.
    """
    people, work = People(criteria.team), Work(filters, criteria.follow_up, as_of)
    records = gather_records(connection, criteria, people, work)
    flags = read_flag_reasons(connection, people, work)
    order = sorted(records, key=lambda key: (records[key].system, -records[key].assigned, key))
    advice = {key: coach(records[key], flags.get(key, ())) for key in order}
    progress = _measure_goals(criteria, work, records, people)
    rows: list[CellRow] = []
    for key in order:
        own = progress.get(key, [])
        worth = _say_worth([records[key]], criteria)
        rows.append(_present(records[key], own[0] if own else None, worth, advice[key]))
        rows += [_present_goal(records[key].name, further) for further in own[1:]]
    rows += [_present_goal(WHOLE_TEAM, each) for each in progress.get(WHOLE_TEAM, ())]
    said = [(records[key].name, line) for key in order for line in advice[key]]
    summary = " ".join(_summarize(records.values(), criteria))
    notes = (NOT_YET,) if filters.since is not None and filters.since > as_of else ()
    return Table("Team", _COLUMNS, tuple(rows), summary=(summary, *_tell_advice(said)), notes=notes)


def _measure_goals(
    criteria: Criteria, work: Work, records: Mapping[str, Record], people: People
) -> dict[str, list[Progress]]:
    """How far each goal has come, by its person's key; those of the whole team by its name."""
    found: dict[str, list[Progress]] = defaultdict(list)
    if work.filters.source is not None or work.filters.campaign is not None:
        return found
    for goal in criteria.goals:
        of_all = goal.who == WHOLE_TEAM
        key = goal.who if of_all else people.find(goal.who)
        if work.owner is not None and (of_all or key not in records):
            continue
        whose = records.values() if of_all else [records[key]]
        done = sum(record.done[GoalKind(goal.what, goal.per)] for record in whose)
        found[key].append(Progress(goal, done, find_due(goal, work.as_of, work.follow_up)))
    return found


def _present(record: Record, progress: Progress | None, worth: Sequence[str], advice: Sequence[str]) -> CellRow:
    rate = find_rate(record.overturned, record.decided)
    rep, touch = find_median(record.for_rep.every), find_median(record.for_touch.every)
    notes = [*_note(record), *_note_goal(progress)]
    return {
        "name": record.name,
        "name_shown": f"{record.name}{SYSTEM_MARK}" if record.system else None,
        "assigned": record.assigned,
        "touched": record.in_time + record.late,
        "in_time": record.in_time,
        "late": record.late,
        "never": record.never,
        "wait_assign_days": rep,
        "wait_assign_shown": _say_number(rep),
        "wait_rep_days": touch,
        "wait_rep_shown": _say_number(touch),
        "promises": record.promises,
        "promises_shown": _say_if_any(record.promises, record.promises),
        "kept": record.kept,
        "kept_shown": _say_part(record.kept, record.promises),
        "idle": record.idle,
        "won": record.won,
        "flagged": record.flagged,
        "flagged_shown": _say_if_any(record.flagged, record.flagged),
        "confirmed": record.confirmed,
        "confirmed_shown": _say_if_any(record.confirmed, record.decided),
        "overturned": record.overturned,
        "overturned_shown": _say_part(record.overturned, record.decided),
        "overturn_rate": rate.rate,
        "overturn_low": rate.low,
        "overturn_high": rate.high,
        **_goal_cells(progress),
        "note": "; ".join([*worth, *notes, *advice]) or None,
        "note_shown": "; ".join(notes),
    }


def _present_goal(name: str, progress: Progress) -> CellRow:
    """A row of a goal alone."""
    blank: CellRow = dict.fromkeys(column.key for column in _COLUMNS)
    return blank | {"name": name, **_goal_cells(progress), "note": "; ".join(_note_goal(progress))}


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


def _say_number(number: float | None) -> str | None:
    return None if number is None else f"{number:g}"


def _say_part(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}" if whole else ""


def _say_if_any(number: int, whole: int) -> str:
    """Nothing where nothing was done, so that a team without it need not see the column."""
    return f"{number:,}" if whole else ""


def _note(record: Record) -> Iterator[str]:
    """What a reader of the numbers has to know."""
    if record.system:
        yield "a system, not a person"
    if 0 < record.decided < FEWEST:
        yield say_too_few(record.decided)
    if record.undated:
        yield f"{record.undated:,} more won on a day that nobody knows"
    if record.reviewed:
        yield f"reviewed {count_of(record.reviewed, 'candidate')}"
    if record.second_looks:
        disagreed = record.second_looks - record.stood
        yield f"a second look overturned {disagreed:,} of {record.second_looks:,}"


def _note_goal(progress: Progress | None) -> list[str]:
    return [] if progress is None else [f"goal: {say_goal(progress.goal)}"]


def _summarize(records: Collection[Record], criteria: Criteria) -> Iterator[str]:
    touches, reps = Counter[str](), 0
    for record in records:
        touches.update(record.touches)
        reps += record.assigned > 0
    if touches:
        yield (
            f"Of {count_of(touches.total(), 'lead')} assigned to {count_of(reps, 'rep')}, {touches[IN_TIME]:,} were "
            f"touched in time and {touches[LATE]:,} late; of {touches[NEVER]:,} no contact is recorded."
        )
    else:
        yield "No lead was assigned within this period."
    if undated_touches := sum(record.undated_touches for record in records):
        yield say_unknown_days(touches[IN_TIME], undated_touches)
    yield from (f"{line[0].upper()}{line[1:]}." for line in _say_worth(records, criteria))
    if undated := sum(record.undated for record in records):
        yield f"{undated:,} more {'was' if undated == 1 else 'were'} won on a day that nobody knows."


def _say_worth(records: Iterable[Record], criteria: Criteria) -> list[str]:
    """Say what the won leads come to in the criteria's currency; nothing where nobody told it of any."""
    worth, won, valued = Counter[str](), 0, 0
    for record in records:
        worth.update(record.worth)
        won += record.won
        valued += record.valued
    if not valued:
        return []
    converted = convert(worth, criteria.rates)
    if converted.total is None:
        unrated = ", ".join(converted.without_rate)
        return [f"what {count_of(won, 'won lead')} came to cannot be added up: amounts in {unrated} have no rate"]
    partly = "" if valued == won else f", {won - valued:,} of them without a value"
    total = f"{round_money(converted.total, criteria.currency):,.2f} {criteria.currency}"
    return [f"{count_of(won, 'won lead')} {'is' if won == 1 else 'are'} worth {total}{partly}"]


def _tell_advice(lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from (f"{name}: {line}." for name, line in lines[:_MOST_ADVICE])
    if len(lines) > _MOST_ADVICE:
        yield f"{count_of(len(lines) - _MOST_ADVICE, 'more line')} of advice: see the notes of --format json."
