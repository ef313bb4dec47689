"""The parts of the page: each report with its charts, its tables and the commands behind its numbers.

The registry says which reports are on the page. A report without a builder here is a table with bars.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby

from leadtriage.core.tables import Cell, Chart, Column, DrillDown, Part, Point, Series, Table, Tone
from leadtriage.core.vocabulary import OPEN_STAGES, AgingBy, FunnelStep, Grade
from leadtriage.reports.lists import BUCKETS, list_aging
from leadtriage.reports.manager import (
    MEASURES,
    list_criteria_in_use,
    list_funnel,
    list_reasons,
    list_sources,
    list_team,
    list_trend,
)
from leadtriage.reports.query import CellRow, Commands, ReportRequest
from leadtriage.reports.registry import REPORTS, FunnelBy, PagePart, ReasonsBy, Report, find_report

_MOST_BARS = 10
MOST_ROWS = 20

_FIRST_CONTACT = (
    Series("contacted in time", Tone.GOOD),
    Series("contacted late", Tone.LATE),
    Series("not contacted", Tone.QUIET),
)

_UNBROKEN_HYPHEN = "\u2011"
"""A narrow column breaks the line before a range and not within it."""

_MOST_REASONS = 12
"""Of each kind."""
_MOST_TIERS = 150
_MOST_WEEKS = 53


@dataclass(frozen=True, slots=True)
class _Content:
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    drill_downs: tuple[DrillDown, ...] = ()


def build_parts(request: ReportRequest) -> tuple[Part, ...]:
    """Build a part for each report on the page.

    Args:
        request: its filters have both days of a period.
    """
    return tuple(_build_part(report, report.page, request) for report in REPORTS if report.page is not None)


def _build_part(report: Report, page: PagePart, request: ReportRequest) -> Part:
    build = _BUILDERS.get(report.name)
    content = build(request) if build else _build_table(report, page, report.load()(request))
    drill_downs = (*_list_drill_downs(report, request), *content.drill_downs)
    title = report.name.capitalize()
    return Part(report.name, title, page.question, content.charts, content.tables, drill_downs, page.remarks)


def _list_drill_downs(report: Report, request: ReportRequest) -> Iterator[DrillDown]:
    """Return the registered commands with the request's filters, which replace placeholders of the same option."""
    filters = request.filters
    names = ("owner", "source", "campaign", "country", "state")
    given = {f"--{name}" for name in names if getattr(filters, name) is not None}
    for each in report.drill_down:
        if f"--{each.unless}" in given:
            continue
        words = shlex.split(each.command)
        kept = [word for before, word in zip(["", *words], words, strict=False) if not {before, word} & given]
        commands = Commands(filters, request.as_of)
        yield DrillDown(each.number, (commands if each.in_period else commands.without_period()).run(*kept))


def _build_table(report: Report, page: PagePart, table: Table, *charts: Chart) -> _Content:
    name = report.columns[0].key
    short = cap_rows(_round_sums(_merge_intervals(table), *page.money), name, page.sums)
    shown = _choose_columns(short, *(column.key for column in short.columns if column.key not in page.hidden))
    return _Content((_draw_part_of_whole(table, name, *page.bars), *charts), (shown,))


def _build_sources(request: ReportRequest) -> _Content:
    report = find_report("sources")
    assert report.page is not None
    sources = list_sources(request)
    return _build_table(report, report.page, sources, _draw_costs(sources, request.criteria.currency))


def _draw_costs(sources: Table, currency: str) -> Chart:
    cost = "cost_per_qualified"
    cheapest = sorted((row for row in sources.rows if row[cost] is not None), key=lambda row: _get_number(row, cost))
    points = [
        Point(
            str(row["source_shown"]),
            (_get_number(row, cost),),
            f"{_get_number(row, cost):,.2f} for each of {_get_number(row, 'qualified'):,.0f}",
        )
        for row in cheapest
    ]
    return _draw_bars(
        f"Cost of a qualified lead, in {currency}",
        "A bar for each source with recorded spend, the cheapest first.",
        (Series(currency),),
        points,
    )


_CONTACT_STEPS = (FunnelStep.TOUCHED_IN_TIME, FunnelStep.TOUCHED_LATE, FunnelStep.NEVER_TOUCHED)

_BY_SOURCE = (
    Column("source", "Source", keep=100, shown="source_shown"),
    Column("leads", "Came in", align="right"),
    Column("qualified", "Qualified", align="right"),
    Column("share_qualified", "Of all", align="right", kind="share"),
    Column("assigned", "Assigned", align="right"),
    Column("touched_in_time", "In time", align="right"),
    Column("touched_late", "Late", align="right"),
    Column("never_touched", "Not contacted", align="right"),
    Column("won", "Won", align="right"),
)


def _build_funnel(request: ReportRequest) -> _Content:
    funnel = list_funnel(request)
    return _Content((_draw_funnel(funnel),), (funnel, _spread_by_source(list_funnel(request, FunnelBy.SOURCE))))


def _draw_funnel(funnel: Table) -> Chart:
    rows = {FunnelStep(str(row["step"])): row for row in funnel.rows}
    leads = {step: _get_number(row, "leads") for step, row in rows.items()}

    def single(step: FunnelStep) -> Point:
        share = rows[step]["previous_shown"]
        label = f"{leads[step]:,.0f}" if share is None else f"{leads[step]:,.0f} ({share})"
        return Point(str(rows[step]["step_shown"]), (leads[step], None, None, None), label)

    contacted = leads[FunnelStep.TOUCHED_IN_TIME] + leads[FunnelStep.TOUCHED_LATE]
    contacts = f"{contacted:,.0f} of {leads[FunnelStep.ASSIGNED]:,.0f}"
    return _draw_bars(
        "From lead to customer",
        "A bar for each step: leads that came in, qualified, assigned, by their first contact, and won.",
        (Series("leads"), *_FIRST_CONTACT),
        [
            *(single(step) for step in (FunnelStep.LEADS, FunnelStep.QUALIFIED, FunnelStep.ASSIGNED)),
            Point("first contact", (None, *(leads[step] for step in _CONTACT_STEPS)), contacts),
            single(FunnelStep.WON),
        ],
    )


def _spread_by_source(funnel: Table) -> Table:
    """Return a row for each source instead of one for each of its steps."""
    spread: dict[Cell, CellRow] = {}
    for row in funnel.rows:
        place = spread.setdefault(row["source"], {"source": row["source"], "source_shown": row["group_shown"]})
        place[str(row["step"])] = row["leads"]
        if row["step"] == FunnelStep.QUALIFIED:
            place["share_qualified"] = row["share_of_leads"]
    table = Table("Funnel by source", _BY_SOURCE, tuple(spread.values()))
    return cap_rows(table, "source", [step.value for step in FunnelStep])


_GRADE_TONES = (Tone.PLAIN, Tone.OTHER, Tone.QUIET, Tone.FAINT, Tone.LATE)


def _build_aging(request: ReportRequest) -> _Content:
    everything = replace(request, filters=replace(request.filters, since=None, until=None))
    aging = list_aging(everything, AgingBy.GRADE)
    grades = [column for column in aging.columns if column.key not in ("bucket", "total")]
    series = tuple(
        Series(f"grade {column.label}" if len(column.label) == 1 else "not scored", tone)
        for column, tone in zip(grades, _GRADE_TONES, strict=False)
    )
    points = [
        Point(
            f"{row['bucket']} days",
            tuple(_get_number(row, column.key) for column in grades),
            f"{_get_number(row, 'total'):,.0f}",
        )
        for row in aging.rows
    ]
    chart = _draw_bars("Open leads by age in days", "A bar for each age, with a part for each grade.", series, points)
    return _Content((chart,), (aging,), tuple(_list_buckets(everything)))


def _list_buckets(request: ReportRequest) -> Iterator[DrillDown]:
    stages = [word for stage in OPEN_STAGES for word in ("--stage", stage.value)]
    first = 0
    for bucket, last in BUCKETS:
        aged = replace(
            request.filters,
            since=None if last is None else request.as_of - timedelta(days=last),
            until=request.as_of - timedelta(days=first) if first else None,
        )
        yield DrillDown(f"{bucket} days", Commands(aged, request.as_of).list_leads(*stages))
        first = (last or 0) + 1
    commands = Commands(request.filters, request.as_of)
    yield DrillDown("of one grade", commands.list_leads(*stages, "--grade", "GRADE"))


_FLAGS = ("flagged", "confirmed", "overturned")
_WORK = ("assigned", "touched", "in_time", "late", "never", "promises", "kept", "idle", "won")
_TEAM_HIDDEN = {"touched", *_FLAGS, "overturn_rate", "overturn_low", "overturn_high", "goal", "done", "due_by_today"}


def _build_team(request: ReportRequest) -> _Content:
    team = list_team(request)
    # The notes of the rows show the advice here, not the summary.
    noted = tuple({**row, "note_shown": None} for row in team.rows if row["assigned"] is not None)
    people = replace(team, rows=noted, summary=team.summary[:1])
    reps = replace(people, rows=tuple(row for row in noted if not _only_flags(row)))
    shown = [column.key for column in team.columns if column.key not in _TEAM_HIDDEN]
    tables = [_choose_columns(cap_rows(reps, "name", _WORK), *shown)]
    if flags := tuple(_list_flags(noted)):
        junk_flags = _merge_intervals(replace(people, title="Junk flags", rows=flags, summary=()))
        tables.append(_choose_columns(cap_rows(junk_flags, "name", _FLAGS), "name", *_FLAGS, "overturn_rate", "note"))
    goals = replace(team, title="Goals", rows=tuple(row for row in team.rows if row["goal"]), summary=())
    if goals.rows:
        tables.append(_choose_columns(cap_rows(goals, "name", ()), "name", "done", "due_by_today"))
    return _Content((_draw_contacts(people), _draw_goals(goals)), tuple(tables))


def _only_flags(row: Mapping[str, Cell]) -> bool:
    """Whether somebody only flags, as a system does whose export marks leads as junk."""
    return any(row[key] for key in _FLAGS) and not any(row[key] for key in (*_WORK, "goal"))


def _list_flags(rows: tuple[Mapping[str, Cell], ...]) -> Iterator[Mapping[str, Cell]]:
    """Return the rows of those who flag; the table of reps has the notes of those who have leads as well."""
    for row in rows:
        if any(row[key] for key in _FLAGS):
            yield row if _only_flags(row) else {**row, "note": None}


def _draw_contacts(people: Table) -> Chart:
    points = [
        Point(
            str(row["name"]),
            tuple(_get_number(row, key) for key in ("in_time", "late", "never")),
            f"{_get_number(row, 'in_time'):,.0f} of {_get_number(row, 'assigned'):,.0f} in time",
        )
        for row in people.rows
        if row["assigned"]
    ]
    description = "A bar for each rep: the leads assigned to them, by when the first contact was."
    return _draw_bars("First contact with assigned leads", description, _FIRST_CONTACT, points)


def _draw_goals(goals: Table) -> Chart:
    points = []
    for row in goals.rows:
        done, due = (100 * _get_number(row, key) / _get_number(row, "goal") for key in ("done", "due_by_today"))
        points.append(Point(str(row["name"]), (done,), str(row["done_shown"]), due))
    description = "A bar for each goal, as long as the goal: how much of it is done, in percent."
    chart = _draw_bars("How much of each goal is done", description, (Series("% done"),), points)
    return replace(chart, mark="where it should be by today", full=100)


def _build_trend(request: ReportRequest) -> _Content:
    filters = request.filters
    assert filters.since is not None and filters.until is not None
    first = filters.until - timedelta(weeks=_MOST_WEEKS - 1)
    is_cut = (filters.until - filters.since).days >= 7 * _MOST_WEEKS
    notes = (f"The last {_MOST_WEEKS} weeks of the period are shown.",) if is_cut else ()
    trend = list_trend(replace(request, filters=replace(filters, since=first)) if is_cut else request)
    labels = {column.key: column.label for column in trend.columns}
    chart = Chart(
        title="Week by week",
        description="A line for each number over the weeks.",
        kind="lines",
        series=tuple(Series(labels[key]) for key in MEASURES),
        points=tuple(
            Point(str(row["week"]), tuple(None if row[key] is None else _get_number(row, key) for key in MEASURES))
            for row in trend.rows
        ),
    )
    return _Content((chart,), (replace(trend, lines=(), notes=(*trend.notes, *notes)),))


_UNSCORED = "unscored"
_GRADES = (*(grade.lower() for grade in Grade), _UNSCORED)


def _build_reasons(request: ReportRequest) -> _Content:
    """Return a row for each reason with its leads by grade; the rarest reasons as one."""
    reasons = list_reasons(request, ReasonsBy.GRADE)
    spread: dict[tuple[Cell, Cell], CellRow] = {}
    for row in reasons.rows:
        labels = {key: row[key] for key in ("kind", "kind_shown", "reason", "reason_shown")}
        place = spread.setdefault((row["kind"], row["reason"]), labels | dict.fromkeys((*_GRADES, "leads"), 0))
        for key in (str(row["grade"] or _UNSCORED).lower(), "leads"):
            place[key] = int(_get_number(place, key) + _get_number(row, "leads"))
    kind, reason, _, leads = reasons.columns
    grades = [Column(key, "Not scored" if key == _UNSCORED else key.upper(), align="right") for key in _GRADES]
    if not any(row[_UNSCORED] for row in spread.values()):
        grades.pop()
    columns = (kind, reason, *grades, leads)
    rows: list[CellRow] = []
    for _, same in groupby(spread.values(), key=lambda row: row["kind"]):
        of_kind = tuple(same)
        capped = cap_rows(Table("", columns, of_kind), "reason", (*_GRADES, "leads"), most=_MOST_REASONS).rows
        rows += [{**row, "kind": of_kind[0]["kind"], "kind_shown": of_kind[0]["kind_shown"]} for row in capped]
    return _Content((), (replace(reasons, title="Reasons", columns=columns, rows=tuple(rows)),))


def _build_criteria(request: ReportRequest) -> _Content:
    used = list_criteria_in_use(request)
    left_out = len(used.rows) - _MOST_TIERS
    command = Commands(request.filters, request.as_of).run("report criteria")
    more = () if left_out <= 0 else (f"{left_out:,} more answers: {command}",)
    return _Content((), (replace(used, rows=used.rows[:_MOST_TIERS], notes=(*used.notes, *more)),))


_BUILDERS: Mapping[str, Callable[[ReportRequest], _Content]] = {
    "funnel": _build_funnel,
    "sources": _build_sources,
    "team": _build_team,
    "aging": _build_aging,
    "trend": _build_trend,
    "reasons": _build_reasons,
    "criteria": _build_criteria,
}


def _get_number(row: Mapping[str, Cell], key: str) -> float:
    """Return a row's number; 0 where there is none, since a bar of unknown length is not drawn."""
    value = row[key]
    return float(value) if isinstance(value, int | float) else 0.0


def _draw_bars(title: str, description: str, series: tuple[Series, ...], points: Sequence[Point]) -> Chart:
    """Return a chart of the first bars; where there are more, its title counts them."""
    if len(points) > _MOST_BARS:
        title = f"{title}: the first {_MOST_BARS} of {len(points):,}"
    return Chart(title, description, "bars", series, tuple(points[:_MOST_BARS]))


def _draw_part_of_whole(table: Table, name: str, part: str, whole: str) -> Chart:
    """Return a bar for each row that has a whole, with its part first.

    Args:
        name: the key of the column that names a row.
        part: the key of the part; `whole` that of the whole.
    """
    points = []
    for row in table.rows:
        number, total = _get_number(row, part), _get_number(row, whole)
        if total:
            label = f"{number:,.0f} of {total:,.0f} ({number / total:.0%})"
            points.append(Point(str(row[f"{name}_shown"]), (number, total - number), label))
    return _draw_bars(
        f"{whole.capitalize()} by {name}",
        f"A bar for each {name}: its {whole}, those that are {part} first.",
        (Series(part), Series(f"not {part}", Tone.FAINT)),
        points,
    )


def cap_rows(table: Table, name: str, sums: Sequence[str], *, most: int = MOST_ROWS) -> Table:
    """Return the table with its first rows, and one that adds up the others: `name` holds how many these are.

    Args:
        name: the key of the column that names a row.
        sums: the keys to add up; a sum with an unknown part is unknown. Other values, such as shares, become None.
    """
    kept, rest = table.rows[:most], table.rows[most:]
    if not rest:
        return table
    others: CellRow = {key: None for row in table.rows for key in row}
    others |= {key: _add(rest, key) for key in sums}
    shown = next(column.shown for column in table.columns if column.key == name)
    others[shown or name] = others[name] = f"{len(rest):,} others"
    return replace(table, rows=(*kept, others), notes=(*table.notes, f"The largest {most:,} are shown one by one."))


def _choose_columns(table: Table, *keys: str) -> Table:
    """Return the table with some of its columns, in this order; rows keep their values."""
    columns: dict[str, Column] = {column.key: column for column in table.columns}
    return replace(table, columns=tuple(columns[key] for key in keys))


def _merge_intervals(table: Table) -> Table:
    """Return the table with each rate shown beside its interval, "12% (8-17%)", instead of in three columns."""
    rates = [column.key.removesuffix("_rate") for column in table.columns if column.key.endswith("_rate")]
    bounds = {f"{rate}_{bound}" for rate in rates for bound in ("low", "high")}
    columns = tuple(
        replace(column, shown=f"{column.key}_shown") if column.key.endswith("_rate") else column
        for column in table.columns
        if column.key not in bounds
    )
    rows = tuple(
        row | {f"{rate}_rate_shown": _format_interval(*(row[f"{rate}_{each}"] for each in ("rate", "low", "high")))}
        for row in map(dict, table.rows)
        for rate in rates
    )
    return replace(table, columns=columns, rows=rows)


def _round_sums(table: Table, *keys: str) -> Table:
    """Return the table with sums of money shown in whole units."""
    columns = tuple(replace(each, shown=f"{each.key}_shown") if each.key in keys else each for each in table.columns)
    rows = tuple({**row, **{f"{key}_shown": _round(row[key]) for key in keys}} for row in table.rows)
    return replace(table, columns=columns, rows=rows)


def _round(value: Cell) -> str | None:
    return f"{value:,.0f}" if isinstance(value, int | float) else None


def _format_interval(rate: Cell, low: Cell, high: Cell) -> str | None:
    if not (isinstance(rate, float) and isinstance(low, float) and isinstance(high, float)):
        return None
    return f"{rate:.0%} ({low * 100:.0f}{_UNBROKEN_HYPHEN}{high:.0%})"


def _add(rows: Sequence[Mapping[str, Cell]], key: str) -> Cell:
    values = [row[key] for row in rows]
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers) if len(numbers) == len(values) else None
