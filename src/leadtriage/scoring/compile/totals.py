"""Selects all that the criteria say of a lead in one statement with levels: values, answers, sums, totals, verdicts.

Each level names what the next one uses several times. `OFFSET 0` keeps both engines from inlining a level, which would
evaluate it once per use. Only the values are materialized: SQLite searches a long text faster from there.

`lead_score.answers` holds a lead's answers as the digits of a few whole numbers, written as one text. Grouping by two
numbers takes less than half the time of a column per answer. A change of this layout needs a migration that empties
the column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Select,
    String,
    Subquery,
    Table,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    type_coerce,
)

from leadtriage.core.vocabulary import OPEN_STAGES, Dimension, Grade, Reason
from leadtriage.criteria import Condition, Criteria, DimensionRules
from leadtriage.db import Lead, Nomination, table
from leadtriage.db.expressions import largest, smallest
from leadtriage.scoring.compile.clocks import compute_clocks, select_clock_inputs
from leadtriage.scoring.compile.conditions import Values, compile_condition
from leadtriage.scoring.compile.criteria import CompiledCriterion, add_up, compile_criterion, find_first, whole
from leadtriage.scoring.compile.inputs import Rules, all_conditions, counts_days, select_inputs
from leadtriage.scoring.compile.text_cache import look_up

_LARGEST = 10**18
"""No number reaches it: with a digit before it, it is still one of 64 bits, as every database has them."""


@dataclass(frozen=True, slots=True)
class _Digit:
    """A digit of a number, from 0 up to, not including, `base`."""

    number: str
    weight: int
    base: int

    def read(self, numbers: Values) -> ColumnElement[int]:
        return numbers[self.number] // _wide(self.weight) % whole(self.base)


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """The layout of some of the answers.

    Attributes:
        criteria, lines: the digits of criteria and of disqualifiers, by index.
        widths: the decimal digits of each number, by name.
    """

    criteria: Mapping[int, _Digit]
    lines: Mapping[int, _Digit]
    widths: Mapping[str, int]

    @classmethod
    def of(cls, name: str, criteria: Mapping[int, int], lines: Sequence[int]) -> AnswerPart:
        """Lay answers out.

        Args:
            name: prefixes the names of the numbers.
            criteria: the number of answers to each criterion, by index.
            lines: the indexes of disqualifiers.
        """
        of_criteria = dict(_lay_out(f"{name}_criteria", criteria))
        of_lines = dict(_lay_out(f"{name}_lines", dict.fromkeys(lines, 2)))
        last = {digit.number: digit for digits in (of_criteria, of_lines) for digit in digits.values()}
        return cls(of_criteria, of_lines, {name: len(str(each.weight * each.base - 1)) for name, each in last.items()})

    def number_lines(self, holds: Sequence[ColumnElement[Any]]) -> dict[str, ColumnElement[int]]:
        """Return the numbers of the disqualifiers by name; `holds` has the test of each."""
        return _write((digit, case((holds[place], whole(1)), else_=whole(0))) for place, digit in self.lines.items())

    def number_criteria(self, compiled: Sequence[CompiledCriterion], selected: Values) -> dict[str, ColumnElement[int]]:
        """Return the numbers of the criteria by name."""
        return _write((digit, compiled[place].answer(selected)) for place, digit in self.criteria.items())

    def write(self, numbers: Values) -> ColumnElement[str]:
        """Return the numbers as one text."""
        texts = [cast(numbers[name] + _wide(10**width), String) for name, width in self.widths.items()]
        return reduce(add, texts, literal("", String))

    @property
    def length(self) -> int:
        """The number of characters of the text."""
        return sum(width + 1 for width in self.widths.values())

    def read(self, text: ColumnElement[str], start: int = 1) -> Iterator[ColumnElement[int]]:
        """Yield the numbers of a text from the character `start` on, labelled with their names."""
        for name, width in self.widths.items():
            number = cast(func.substr(text, start + 1, width), BigInteger)
            yield number.label(name)
            start += 1 + width


@dataclass(frozen=True, slots=True)
class AnswerLayout:
    """The layout of all answers: `daily` ones count days, `lasting` ones stay until a value of the lead changes."""

    compiled: Sequence[CompiledCriterion]
    lasting: AnswerPart
    daily: AnswerPart

    @classmethod
    def of(cls, criteria: Criteria, compiled: Sequence[CompiledCriterion]) -> AnswerLayout:
        """Lay out the answers to criteria."""
        parts = []
        for name, days in (("lasting", False), ("daily", True)):
            bases = {
                each.number: each.answers
                for each in compiled
                if counts_days(*(tier.condition for tier in each.criterion.tiers)) is days
            }
            lines = [i for i, line in enumerate(criteria.junk.disqualify) if counts_days(line.condition) is days]
            parts.append(AnswerPart.of(name, bases, lines))
        return cls(compiled, *parts)

    def gives(self, numbers: Values, criterion: int, tier: int) -> ColumnElement[bool]:
        """Return whether a tier gives the points of a criterion; both by index."""
        return self.compiled[criterion].gives(self._read(numbers, criterion), tier)

    def is_known(self, numbers: Values, criterion: int) -> ColumnElement[bool]:
        """Return whether the answer to a criterion is known."""
        return self.compiled[criterion].knows(self._read(numbers, criterion))

    def disqualifies(self, numbers: Values, line: int) -> ColumnElement[bool]:
        """Return whether a disqualifier holds."""
        part = self.lasting if line in self.lasting.lines else self.daily
        return part.lines[line].read(numbers) == whole(1)

    def find_disqualifier(self, numbers: Values) -> ColumnElement[int]:
        """Return the index of the first disqualifier that holds; their number if none does."""
        lines = [self.disqualifies(numbers, line) for line in range(len(self.lasting.lines) + len(self.daily.lines))]
        if not lines:
            return whole(0)
        written = dict.fromkeys(digit.number for part in (self.lasting, self.daily) for digit in part.lines.values())
        none = add_up([numbers[number] for number in written]) == whole(0)
        return case((none, whole(len(lines))), else_=find_first(lines))

    def _read(self, numbers: Values, criterion: int) -> ColumnElement[int]:
        part = self.lasting if criterion in self.lasting.criteria else self.daily
        return part.criteria[criterion].read(numbers)


def _lay_out(name: str, bases: Mapping[int, int]) -> Iterator[tuple[int, _Digit]]:
    """Give each answer a digit, in as few numbers as possible."""
    number, weight = 0, 1
    for place, base in bases.items():
        if weight * base > _LARGEST:
            number, weight = number + 1, 1
        yield place, _Digit(f"{name}_{number}", weight, base)
        weight *= base


def _write(answers: Iterator[tuple[_Digit, ColumnElement[Any]]]) -> dict[str, ColumnElement[int]]:
    terms: dict[str, list[ColumnElement[Any]]] = {}
    for digit, answer in answers:
        terms.setdefault(digit.number, []).append(answer * _wide(digit.weight))
    return {number: add_up(some) for number, some in terms.items()}


def _wide(number: int) -> ColumnElement[int]:
    return cast(whole(number), BigInteger)


GAIN_UNIT = 1024
"""`next_question` is the gain times this, plus 1023 minus the criterion's index, so that the largest one wins."""


@dataclass(frozen=True)
class LeadValues:
    """The lowest level: the rows with the values that rules compare, and the compiled rules."""

    rules: Rules
    rows: FromClause
    values: Values

    @cached_property
    def criteria(self) -> tuple[CompiledCriterion, ...]:
        """All criteria, in their order."""
        return tuple(
            compile_criterion(criterion, number, self.values, self.rules.scales)
            for number, criterion in enumerate(self.rules.criteria.criteria)
        )

    @cached_property
    def disqualifiers(self) -> tuple[ColumnElement[Any], ...]:
        """Whether each of the disqualifiers holds, in their order."""
        return tuple(self.holds(line.condition) for line in self.rules.criteria.junk.disqualify)

    @cached_property
    def layout(self) -> AnswerLayout:
        """The layout of the stored answers."""
        return AnswerLayout.of(self.rules.criteria, self.criteria)

    def holds(self, condition: Condition) -> ColumnElement[Any]:
        """Return whether a condition holds."""
        return compile_condition(condition, self.values, self.rules.scales, possible=False)


def select_values(rules: Rules, where: ColumnElement[bool], carried: Mapping[str, ColumnElement[Any]]) -> LeadValues:
    """Select the values of leads once each; `carried` are further expressions to keep through all levels."""
    inputs = select_inputs(all_conditions(rules.criteria), rules.extra_columns, rules.scales)
    labels = {name: f"v{number}" for number, name in enumerate(inputs)}
    columns = [table(Lead).c.id.label("lead_id"), *(value.label(name) for name, value in carried.items())]
    columns += [value.label(labels[name]) for name, value in inputs.items()]
    rows = select(*columns).where(where).cte("lead_values").prefix_with("MATERIALIZED")
    return LeadValues(rules, rows, {name: rows.c[label] for name, label in labels.items()})


def select_totals(lowest: LeadValues, carried: Sequence[str], *, with_answers: bool = False) -> Subquery:
    """Select the carried columns of each lead and its result.

    The columns: `lead_id`; per dimension `NAME` and `NAME_ceiling`; `known_points`; `next_question` (none if less than
    `GAIN_UNIT`); `disqualifier` (the index of the first that holds); `answers` (the lasting ones); `score`; `ceiling`;
    `known`.

    Args:
        with_answers: adds the columns of every `CompiledCriterion`, `NAME_raw` and `NAME_ceiling_raw` (the sums before
            the dimension's limit), and `ready` (whether `qualified.when` is true).
    """
    rules, compiled = lowest.rules, lowest.criteria
    kept = ["lead_id", *carried]
    if with_answers:
        kept.append("ready")
    answers = _keep(_select_answers(lowest, carried, with_ready=with_answers), "found")
    needed = [criterion for criterion in compiled if with_answers or criterion.criterion.ask is not None]
    kept_answers = [name for criterion in needed for name in criterion.columns]
    sums = _keep(_select_sums(lowest, answers, [*kept, *kept_answers]), "sums")
    kept += ["answers", "disqualifier"]
    if with_answers:
        kept += [column.name for column in sums.c if column.name not in (*kept, "known_points")]
    return _keep(_select_totals(rules, sums, kept, compiled), "totals")


def _keep(selected: Select[Any], name: str) -> Subquery:
    return selected.offset(0).subquery(name)


def _select_answers(lowest: LeadValues, carried: Sequence[str], *, with_ready: bool) -> Select[Any]:
    shared = look_up(lowest.rules, lowest.rows, lowest.values)
    columns = {name: column for criterion in lowest.criteria for name, column in criterion.columns.items()}
    columns |= shared.answers
    disqualifiers = [shared.disqualifiers.get(number, holds) for number, holds in enumerate(lowest.disqualifiers)]
    for part in (lowest.layout.lasting, lowest.layout.daily):
        columns |= part.number_lines(disqualifiers)
    selected = select(
        *(lowest.rows.c[name] for name in ("lead_id", *carried)),
        *(column.label(name) for name, column in columns.items()),
    ).select_from(shared.rows)
    if with_ready:
        when = lowest.rules.criteria.qualified.when
        ready = true() if when is None else func.coalesce(lowest.holds(when), false())
        selected = selected.add_columns(ready.label("ready"))
    return selected


def _select_sums(lowest: LeadValues, answers: Subquery, kept: Sequence[str]) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [answers.c[name] for name in kept]
    known: list[ColumnElement[Any]] = []
    found = dict(answers.c.items())
    columns.append(lowest.layout.find_disqualifier(found).label("disqualifier"))
    columns.append(_write_answers(lowest, found).label("answers"))
    for part in lowest.rules.criteria.score:
        mine = of_dimension(lowest.criteria, part)
        columns.append(add_up([criterion.points(found) for criterion in mine]).label(f"{part.dimension}_raw"))
        ceilings = add_up([criterion.ceiling(found) for criterion in mine])
        columns.append(ceilings.label(f"{part.dimension}_ceiling_raw"))
        known += [
            case((criterion.is_known(found), whole(criterion.criterion.best)), else_=whole(0))
            for criterion in mine
            if criterion.criterion.best
        ]
    return select(*columns, add_up(known).label("known_points"))


def _write_answers(lowest: LeadValues, found: Values) -> ColumnElement[str]:
    lasting = lowest.layout.lasting
    return lasting.write({**found, **lasting.number_criteria(lowest.criteria, found)})


def select_kept_answers(lowest: LeadValues) -> Subquery:
    """Select `lead_id` and `answers` alone."""
    found = _keep(_select_answers(lowest, [], with_ready=False), "found")
    written = _write_answers(lowest, dict(found.c.items()))
    return select(found.c.lead_id, written.label("answers")).subquery("written")


def _select_totals(
    rules: Rules, sums: Subquery, kept: Sequence[str], compiled: Sequence[CompiledCriterion]
) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [sums.c[name] for name in (*kept, "known_points")]
    subtotals, ceilings = [], []
    gains: list[ColumnElement[Any]] = [whole(0)]
    found = dict(sums.c.items())
    for part in rules.criteria.score:
        raw, cap = sums.c[f"{part.dimension}_raw"], _find_cap(part)
        subtotals.append(cap(raw))
        ceilings.append(cap(sums.c[f"{part.dimension}_ceiling_raw"]))
        columns.append(subtotals[-1].label(part.dimension))
        columns.append(ceilings[-1].label(f"{part.dimension}_ceiling"))
        for criterion in of_dimension(compiled, part):
            if criterion.criterion.ask is None:
                continue
            gain = cap(raw + criterion.rise(found)) - cap(raw)
            worth = gain * whole(GAIN_UNIT) + whole(GAIN_UNIT - 1 - criterion.number)
            gains.append(case((criterion.is_known(found), whole(0)), else_=worth))
    most = rules.most_known
    return select(
        *columns,
        largest(*gains).label("next_question"),
        add_up(subtotals).label("score"),
        add_up(ceilings).label("ceiling"),
        (cast(sums.c.known_points, Float) / most if most else cast(whole(1), Float)).label("known"),
    )


def of_dimension(compiled: Sequence[CompiledCriterion], part: DimensionRules) -> list[CompiledCriterion]:
    """Return the criteria of one dimension."""
    return [criterion for criterion in compiled if criterion.criterion.dimension is part.dimension]


def _find_cap(part: DimensionRules) -> Callable[[ColumnElement[Any]], ColumnElement[Any]]:
    """Return a function that limits a sum to the dimension's maximum, with only the tests that its criteria need."""
    lowest = sum(min(0, *(tier.points for tier in criterion.tiers)) for criterion in part.criteria)
    highest = sum(criterion.best for criterion in part.criteria)
    below, above = lowest < -part.max, highest > part.max

    def cap(points: ColumnElement[Any]) -> ColumnElement[Any]:
        if below:
            points = largest(points, whole(-part.max))
        return smallest(points, whole(part.max)) if above else points

    return cap


_REASONS: Mapping[Dimension, Reason] = {
    Dimension.FIT: Reason.NO_FIT,
    Dimension.BUDGET: Reason.NO_BUDGET,
    Dimension.AUTHORITY: Reason.NO_AUTHORITY,
    Dimension.NEED: Reason.NO_NEED,
    Dimension.TIMING: Reason.BAD_TIMING,
}

_SHARE_UNIT = 1_000_000


def is_visible() -> ColumnElement[bool]:
    """Return whether a lead is neither removed nor merged into another."""
    lead = table(Lead).c
    return and_(lead.removed_by.is_(None), lead.merged_into.is_(None))


def is_open() -> ColumnElement[bool]:
    """Return whether a lead is in an open stage."""
    return table(Lead).c.stage.in_([str(stage) for stage in OPEN_STAGES])


def open_nominations() -> ColumnElement[bool]:
    """Return whether a nomination has not been withdrawn."""
    return table(Nomination).c.withdrawn_at.is_(None)


def select_verdicts(
    rules: Rules, where: ColumnElement[bool], calendar: Table, rescued: Table | None = None
) -> tuple[Select[Any], list[str]]:
    """Select the columns of `lead_score`, except those of its run, and return them with their names.

    Args:
        calendar: the deadlines from every day on which a clock of these leads starts.
        rescued: the ids of leads that the criteria do not nominate, because a reviewer has judged all evidence.
    """
    nominated = select(table(Nomination).c.lead_id).where(open_nominations())
    carried = {
        "is_open": is_open(),
        "is_nominated": table(Lead).c.id.in_(nominated),
        "was_qualified": table(Lead).c.qualified_on.is_not(None),
        "created_on": table(Lead).c.created_on,
        "owner": table(Lead).c.owner,
        **select_clock_inputs(),
    }
    if rescued is not None:
        carried["is_rescued"] = table(Lead).c.id.in_(select(rescued.c.id))
    totals = select_totals(select_values(rules, where, carried), list(carried))
    candidate = case((totals.c.is_open, is_candidate(rules, totals)), else_=literal(False))
    graded = (
        select(*totals.c, find_grade(rules.criteria, totals.c.score).label("grade"), candidate.label("candidate"))
        .offset(0)
        .subquery("graded")
    )
    row = graded.c
    in_play = and_(row.is_open, not_(row.candidate), row.may_contact)
    waiting, shelf = calendar.alias("waiting"), calendar.alias("shelf")
    target = rules.criteria.qualified.score
    has_question = row.next_question >= whole(GAIN_UNIT)
    columns: dict[str, ColumnElement[Any]] = {
        "lead_id": row.lead_id,
        "score": row.score,
        "ceiling": row.ceiling,
        "known": row.known,
        "grade": row.grade,
        **{str(name): row[name] if name in row else whole(0) for name in Dimension},
        "candidate": row.candidate,
        "reason": case((row.candidate, find_reason(rules, graded))),
        "needs_answers": and_(
            row.is_open,
            not_(row.candidate),
            not_(row.was_qualified),
            row.score < whole(target),
            row.ceiling >= whole(target),
        ),
        "gap": whole(target) - row.score,
        "next_criterion": case((has_question, whole(GAIN_UNIT - 1) - row.next_question % whole(GAIN_UNIT))),
        "next_gain": case((has_question, type_coerce(row.next_question, Integer) // whole(GAIN_UNIT))),
        "queue_from": case((in_play, row.arrives_on)),
        "created_on": row.created_on,
        "owner": row.owner,
        "answers": row.answers,
        **compute_clocks(row, waiting.c, shelf.c, row.grade),
    }
    selected = select(*(column.label(name) for name, column in columns.items())).select_from(
        graded.outerjoin(waiting, and_(waiting.c.day == row.waits_from, in_play)).outerjoin(
            shelf, and_(shelf.c.day == row.shelf_from, in_play)
        )
    )
    return selected, list(columns)


def find_grade(criteria: Criteria, score: ColumnElement[int]) -> ColumnElement[str]:
    """Return the grade of a score."""
    steps = [(score >= whole(criteria.grades[grade]), _word(grade)) for grade in (Grade.A, Grade.B, Grade.C)]
    return case(*steps, else_=_word(Grade.D))


def is_candidate(rules: Rules, totals: Subquery) -> ColumnElement[bool]:
    """Return whether a flag, a disqualifier or the score makes a lead a junk candidate."""
    junk = rules.criteria.junk
    by_criteria = or_(
        totals.c.disqualifier < whole(len(junk.disqualify)),
        and_(
            totals.c.score < whole(junk.below),
            or_(totals.c.known_points >= whole(rules.known_enough), totals.c.ceiling < whole(junk.below)),
        ),
    )
    if "is_rescued" in totals.c:
        by_criteria = and_(not_(totals.c.is_rescued), by_criteria)
    return or_(totals.c.is_nominated, by_criteria)


def find_reason(rules: Rules, rows: Subquery) -> ColumnElement[str]:
    """Return a candidate's reason: of the first flag, else the first disqualifier, else the weakest dimension."""
    nominations = table(Nomination)
    theirs = (
        select(nominations.c.reason)
        .where(nominations.c.lead_id == rows.c.lead_id, open_nominations())
        .order_by(nominations.c.id)
        .limit(1)
        .correlate(rows)
        .scalar_subquery()
    )
    lines = {index: literal(line.reason, String) for index, line in enumerate(rules.criteria.junk.disqualify)}
    weakest = find_weakest(rules, rows)
    ours = case(lines, value=rows.c.disqualifier, else_=weakest) if lines else weakest
    return case((rows.c.is_nominated, theirs), else_=ours)


def find_weakest(rules: Rules, rows: Subquery) -> ColumnElement[str]:
    """Return the reason of the first dimension with the least share of its maximum."""
    order = tuple(Dimension)
    shares = []
    for part in rules.criteria.score:
        if part.max and part.criteria:
            above_lowest = cast(rows.c[part.dimension], BigInteger) + whole(part.max)
            share = above_lowest * whole(_SHARE_UNIT) // whole(part.max)
            shares.append(share * whole(len(order)) + whole(order.index(part.dimension)))
    if not shares:
        return _word(Reason.NO_FIT)
    return case(
        {index: _word(_REASONS[name]) for index, name in enumerate(order)},
        value=smallest(*shares) % whole(len(order)),
    )


def _word(word: str) -> ColumnElement[str]:
    return literal(str(word), String)
