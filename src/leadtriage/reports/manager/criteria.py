"""What each criterion does: for how many leads it is known, which get its points, and if it separates won from lost.

It does not propose other points. `read_coverage` returns which fields and columns the stored leads have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, select

from leadtriage.core.tables import Table
from leadtriage.core.text import format_count
from leadtriage.core.vocabulary import Stage
from leadtriage.criteria import LEAD_FIELDS, Criteria, Criterion, FieldType, Tier, find_comparisons
from leadtriage.db import ExtraColumn, Lead, table
from leadtriage.reports.manager.activities import select_decisions
from leadtriage.reports.query import CellRow, Members, ReportRequest, end_of, find_members, wilson_interval
from leadtriage.reports.registry import find_report
from leadtriage.scoring import BY_THE_CRITERIA, LOW_SCORE, AnswerSheets, collect_sheets

FEWEST_OUTCOMES = 20
"""Won leads, and lost leads, that a comparison of the two needs."""

FEWEST_ALIKE = 20
"""Leads that a note on a tier needs: it never holds, all get it, or it equals another."""

LEAST_DIFFERENCE = 0.05
"""Of the shares of won and of lost leads: less than one lead in twenty is not worth a note, however certain it is."""

_EVERYBODY = 0.95

_MOST_NAMED = 3

JUNK = "junk"
"""In the place of the dimension: a line that nominates."""

ALIKE = 0.95
"""Two tiers say the same where so much of each one's leads are the other's, too."""

_MOST_TIERS = 60
"""So many of the commonest tiers are compared with one another."""

_MOST_SUMS = 600
"""Of one statement: PostgreSQL selects 1,664 columns, SQLite 2,000."""

_OTHER, _WON, _LOST = range(3)

_COLUMNS = find_report("criteria").columns

Place = tuple[int, int]
"""Of a tier: its criterion's place and its own."""

_STORED_AS = {"budget": "budget_amount", "revenue": "revenue_amount", "decides_in_days": "decides_on"}

_ALWAYS = {"age_days", "idle_days"}
"""Fields that every lead has, since it came in one day."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many leads there are, and how many of them are won and lost."""

    leads: int
    won: int
    lost: int

    @property
    def are_enough(self) -> bool:
        """Whether there are enough of both to compare."""
        return min(self.won, self.lost) >= FEWEST_OUTCOMES


@dataclass(slots=True)
class TierInUse:
    """A tier with its counts.

    Attributes:
        counts_days: its criterion counts days, which go on after a lead is closed.
        known: leads with an answer to its criterion.
        holds: leads that get their points from it.
        same_as: names of other criteria's tiers that hold for nearly the same leads.
    """

    criterion: Criterion
    tier: Tier
    counts_days: bool
    known: int
    holds: Outcomes
    same_as: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return "Company size: 50 to 1,000"."""
        return f"{self.criterion.name}: {self.tier.label}"


def list_criteria_in_use(request: ReportRequest) -> Table:
    """Return a row for each tier and for each line that flags leads, over the leads that came in within the period.

    Leads count as they are stored, with days up to `as_of`. `known` counts leads with an answer to the criterion,
    `holds` those that get their points from this tier. `mean_won` and `mean_lost` are the points from this tier per won
    and lost lead; None below 20 of either, and for criteria that count days, since closed leads have aged. A line that
    flags has the dimension `junk` and its reason as `criterion`; the last row is the low score. `nominated` counts the
    verdicts on its flags, `rescued` those that were not junk or were undone later; both are None for tiers.
    """
    connection, as_of, criteria = request.connection, request.as_of, request.criteria
    members = find_members(connection, request.filters, as_of)
    stage = members.columns["stage"]
    group = case({Stage.WON.value: _WON, Stage.LOST.value: _LOST}, value=stage, else_=_OTHER)
    with collect_sheets(connection, criteria, as_of, members.rows, members.where, group) as sheets:
        outcomes, tiers, lines = _count(connection, criteria, sheets)
        _mark_alike(connection, criteria, sheets, tiers, outcomes.leads)
    verdicts = _count_verdicts(connection, members, as_of)
    rows = [_present(tier, outcomes) for tier in tiers.values()]
    rows += _present_lines(criteria, lines, outcomes.leads, verdicts)
    return Table(
        title="Criteria",
        columns=_COLUMNS,
        rows=tuple(rows),
        group_by="dimension",
        summary=summarize(list(tiers.values()), outcomes),
    )


def _count(
    connection: Connection, criteria: Criteria, sheets: AnswerSheets
) -> tuple[Outcomes, dict[Place, TierInUse], list[Outcomes]]:
    """Count all, won and lost leads for each tier and each disqualifier in one statement."""
    wanted: list[ColumnElement[bool] | None] = [None]
    wanted += [sheets.is_known(place) for place in range(len(criteria.criteria))]
    places = [
        (number, place) for number, criterion in enumerate(criteria.criteria) for place in range(len(criterion.tiers))
    ]
    wanted += [sheets.gives(*place) for place in places]
    wanted += [sheets.disqualifies(line) for line in range(len(criteria.junk.disqualify))]
    counted = _count_each(connection, sheets, wanted)
    first = 1 + len(criteria.criteria)
    known = [each.leads for each in counted[1:first]]
    tiers = {
        place: TierInUse(
            criterion=criteria.criteria[place[0]],
            tier=criteria.criteria[place[0]].tiers[place[1]],
            counts_days=_counts_days(criteria.criteria[place[0]]),
            known=known[place[0]],
            holds=held,
        )
        for place, held in zip(places, counted[first:], strict=False)
    }
    return counted[0], tiers, counted[first + len(places) :]


def _count_each(
    connection: Connection, sheets: AnswerSheets, wanted: Sequence[ColumnElement[bool] | None]
) -> list[Outcomes]:
    """Count all, won and lost leads for each condition; None stands for all leads."""
    sums = [func.sum(sheets.leads if holds is None else case((holds, sheets.leads), else_=0)) for holds in wanted]
    found: list[Outcomes] = []
    for start in range(0, len(sums), _MOST_SUMS):
        some = sums[start : start + _MOST_SUMS]
        by_group = {
            group: [int(count) for count in counts]
            for group, *counts in connection.execute(select(sheets.group, *some).group_by(sheets.group))
        }
        other, won, lost = (by_group.get(group, [0] * len(some)) for group in (_OTHER, _WON, _LOST))
        found += [Outcomes(sum(counts), *counts[1:]) for counts in zip(other, won, lost, strict=True)]
    return found


def _mark_alike(
    connection: Connection, criteria: Criteria, sheets: AnswerSheets, tiers: Mapping[Place, TierInUse], leads: int
) -> None:
    """Mark tiers of two criteria that hold for nearly the same leads, except those that nearly all leads have."""
    common = sorted(
        (place for place, tier in tiers.items() if FEWEST_ALIKE <= tier.holds.leads < ALIKE * leads),
        key=lambda place: (-tiers[place].holds.leads, place),
    )[:_MOST_TIERS]
    pairs = [
        (one, other)
        for one, other in combinations(sorted(common), 2)
        if one[0] != other[0] and _may_be_alike(tiers[one].holds.leads, tiers[other].holds.leads)
    ]
    both = _count_each(connection, sheets, [and_(sheets.gives(*one), sheets.gives(*other)) for one, other in pairs])
    for (one, other), shared in zip(pairs, both, strict=True):
        if shared.leads >= ALIKE * max(tiers[one].holds.leads, tiers[other].holds.leads):
            tiers[one].same_as.append(tiers[other].name)
            tiers[other].same_as.append(tiers[one].name)


def _may_be_alike(one: int, other: int) -> bool:
    return min(one, other) >= ALIKE * max(one, other)


def _counts_days(criterion: Criterion) -> bool:
    return any(part.type is FieldType.DAYS for tier in criterion.tiers for part in find_comparisons(tier.condition))


def _count_verdicts(connection: Connection, members: Members, as_of: date) -> dict[tuple[str, str], tuple[int, int]]:
    """Count the verdicts on each line's flags, and those that were not junk."""
    decided = select_decisions("rule", "reason", before=end_of(as_of))
    # Few leads have verdicts: these are looked for among the members, and not the other way round.
    mine = exists().select_from(members.rows).where(members.where, members.columns["lead_id"] == decided.c.lead_id)
    columns = (decided.c.rule, decided.c.reason)
    statement = (
        select(*columns, func.count(), func.sum(1 - decided.c.confirmed))
        .where(decided.c.by == BY_THE_CRITERIA, mine)
        .group_by(*columns)
    )
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for rule, reason, verdicts, rescued in connection.execute(statement):
        key = (LOW_SCORE, "") if rule in (LOW_SCORE, None) else (rule, reason)
        before = found.get(key, (0, 0))
        found[key] = (before[0] + verdicts, before[1] + int(rescued))
    return found


def _present(tier: TierInUse, outcomes: Outcomes) -> CellRow:
    says_means = outcomes.are_enough and not tier.counts_days
    notes = list_notes(tier, outcomes)
    few = [] if outcomes.are_enough else [describe_few(outcomes)]
    return {
        "dimension": tier.criterion.dimension.value,
        "dimension_shown": None,
        "criterion": tier.criterion.name,
        "tier": tier.tier.label,
        "points": tier.tier.points,
        "known": tier.known,
        "holds": tier.holds.leads,
        "mean_won": _mean(tier.tier.points, tier.holds.won, outcomes.won) if says_means else None,
        "mean_lost": _mean(tier.tier.points, tier.holds.lost, outcomes.lost) if says_means else None,
        "nominated": None,
        "rescued": None,
        "note": "; ".join([*notes, *few]) or None,
        "note_shown": "; ".join(notes) or ("" if few else None),
    }


def _mean(points: int, holds: int, leads: int) -> float:
    return round(points * holds / leads, 2)


def _present_lines(
    criteria: Criteria, lines: Sequence[Outcomes], leads: int, verdicts: Mapping[tuple[str, str], tuple[int, int]]
) -> list[CellRow]:
    rows = []
    for line, holds in zip(criteria.junk.disqualify, lines, strict=True):
        row = _present_line(line.reason, line.label, verdicts.get((line.label, line.reason), (0, 0)))
        rows.append(row | {"holds": holds.leads, "note": note_line(holds, leads)})
    low = f"under {criteria.junk.below} with {int(criteria.junk.known * 100)}% known"
    rows.append(_present_line("low score", low, verdicts.get((LOW_SCORE, ""), (0, 0))))
    return rows


def _present_line(reason: str, label: str, verdicts: tuple[int, int]) -> CellRow:
    empty: CellRow = dict.fromkeys(("points", "known", "holds", "mean_won", "mean_lost", "note", "note_shown"))
    return {
        "dimension": JUNK,
        "dimension_shown": "what flags as junk",
        "criterion": reason,
        "tier": label,
        **empty,
        "nominated": verdicts[0],
        "rescued": verdicts[1],
    }


def summarize(tiers: Sequence[TierInUse], outcomes: Outcomes) -> tuple[str, ...]:
    """Summarize the criteria in a few sentences."""
    if not outcomes.leads:
        return ("No lead came in within this period.",)
    sentences = [f"{format_count(outcomes.leads, 'lead')}: {outcomes.won:,} won, {outcomes.lost:,} lost."]
    sentences.append(_describe_differences(tiers, outcomes) if outcomes.are_enough else _describe_too_few())
    idle = [tier for tier in tiers if _never_holds(tier)]
    general = [tier for tier in tiers if _is_general(tier, outcomes.leads)]
    alike = [tier for tier in tiers if tier.same_as]
    silent = {tier.criterion.name for tier in tiers if not tier.known and not tier.holds.leads}
    parts = [
        *([f"{format_count(len(silent), 'criterion is', 'criteria are')} known for no lead"] if silent else []),
        *([f"{format_count(len(idle), 'answer')} {_has(idle)} never been given"] if idle else []),
        *([f"nearly everybody gets {len(general):,}"] if general else []),
        *([f"{len(alike):,} say the same as another"] if alike else []),
    ]
    if parts:
        sentence = ", ".join(parts)
        sentences.append(f"{sentence[0].upper()}{sentence[1:]}: see the notes (--format csv has them all).")
    return tuple(sentences)


def _has(tiers: Sequence[TierInUse]) -> str:
    return "has" if len(tiers) == 1 else "have"


def _describe_too_few() -> str:
    return f"Too few outcomes to say what tells won from lost: {FEWEST_OUTCOMES} of each are needed."


def _describe_differences(tiers: Sequence[TierInUse], outcomes: Outcomes) -> str:
    sure = [tier for tier in tiers if _find_direction(tier, outcomes)]
    if not sure:
        return "No answer is clearly more often with won leads than with lost ones."
    wrong = [tier for tier in sure if _is_wrong(tier, outcomes)]
    sure.sort(key=lambda tier: (-abs(_difference(tier, outcomes)), tier.name))
    best = "; ".join(_format_shares(tier, outcomes) for tier in sure[:_MOST_NAMED])
    against = f" {len(wrong):,} of them against the points." if wrong else ""
    return f"{format_count(len(sure), 'answer')} tell won from lost, the most: {best}.{against}"


def _format_shares(tier: TierInUse, outcomes: Outcomes) -> str:
    return (
        f"{tier.name} ({tier.holds.won / outcomes.won:.0%} of the won, {tier.holds.lost / outcomes.lost:.0%} of the "
        "lost)"
    )


def list_notes(tier: TierInUse, outcomes: Outcomes) -> list[str]:
    """List short notes on a tier."""
    notes = [note for note in (_describe_extent(tier, outcomes.leads), _describe_difference(tier, outcomes)) if note]
    notes += [f"holds for the same leads as {other}" for other in tier.same_as]
    if tier.counts_days and outcomes.are_enough:
        notes.append("counts days: closed leads have aged since")
    return notes


def note_line(holds: Outcomes, leads: int) -> str | None:
    """Return a note on a line that flags leads as junk."""
    if holds.won:
        return f"holds for {format_count(holds.won, 'won lead')}"
    return "never holds" if not holds.leads and leads >= FEWEST_ALIKE else None


def describe_few(outcomes: Outcomes) -> str:
    """Return "too few outcomes: 3 won, 5 lost"."""
    return f"too few outcomes: {outcomes.won:,} won, {outcomes.lost:,} lost"


def _difference(tier: TierInUse, outcomes: Outcomes) -> float:
    return tier.holds.won / outcomes.won - tier.holds.lost / outcomes.lost


def _find_direction(tier: TierInUse, outcomes: Outcomes) -> int:
    """Return 1 for an answer clearly more frequent among won leads, -1 among lost ones, 0 if it may be chance.

    Clearly: the intervals of the two shares do not overlap, and the shares differ enough to matter.
    """
    if tier.counts_days or not outcomes.are_enough or abs(_difference(tier, outcomes)) < LEAST_DIFFERENCE:
        return 0
    won_low, won_high = wilson_interval(tier.holds.won, outcomes.won)
    lost_low, lost_high = wilson_interval(tier.holds.lost, outcomes.lost)
    return 1 if won_low > lost_high else -1 if lost_low > won_high else 0


def _is_wrong(tier: TierInUse, outcomes: Outcomes) -> bool:
    return _find_direction(tier, outcomes) * tier.tier.points < 0


def _describe_difference(tier: TierInUse, outcomes: Outcomes) -> str | None:
    direction = _find_direction(tier, outcomes)
    if not direction:
        return None
    more = "won" if direction > 0 else "lost"
    shares = (
        f"more often {more}: {tier.holds.won / outcomes.won:.0%} of won, {tier.holds.lost / outcomes.lost:.0%} of lost"
    )
    return f"{shares}, against its points" if _is_wrong(tier, outcomes) else shares


def _describe_extent(tier: TierInUse, leads: int) -> str | None:
    if not tier.known and not tier.holds.leads:
        return "known for no lead" if leads else None
    if _never_holds(tier):
        return "never holds"
    if tier.known < FEWEST_ALIKE and not tier.holds.leads:
        return f"known for {format_count(tier.known, 'lead')} only"
    if _is_general(tier, leads):
        return "everybody gets it" if tier.holds.leads == leads else f"{tier.holds.leads / leads:.0%} of all get it"
    if tier.holds.leads == tier.known >= FEWEST_ALIKE:
        return "all that are known get it"
    return None


def _never_holds(tier: TierInUse) -> bool:
    return tier.holds.leads == 0 and tier.known >= FEWEST_ALIKE


def _is_general(tier: TierInUse, leads: int) -> bool:
    return leads >= FEWEST_ALIKE and tier.holds.leads >= _EVERYBODY * leads


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the stored leads have.

    Attributes:
        fields: lead fields with a value in at least one lead.
        headers: further columns of all imports, as they were written.
    """

    fields: frozenset[str]
    headers: frozenset[str]


def read_coverage(connection: Connection) -> Coverage | None:
    """Read the stored leads once; None where there are none."""
    leads, extras = table(Lead), table(ExtraColumn)
    stored = {name: leads.c[_STORED_AS.get(name, name)] for name in LEAD_FIELDS if name not in _ALWAYS}
    counts = connection.execute(
        select(func.count().label("leads_in_all"), *(func.count(column).label(name) for name, column in stored.items()))
        .select_from(leads)
        .where(leads.c.removed_by.is_(None), leads.c.merged_into.is_(None))
    ).one()
    if not counts.leads_in_all:
        return None
    found = {name for name in stored if counts._mapping[name]}
    headers = connection.execute(select(extras.c.header)).scalars()
    return Coverage(frozenset(found | _ALWAYS), frozenset(headers))
