"""Warns of what a valid criteria file probably does not mean. Mistakes that make it invalid are `load`'s."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from leadtriage.criteria.covering import Covering, is_text_test
from leadtriage.criteria.fields import FieldType, Operator
from leadtriage.criteria.implication import (
    contradicts_itself,
    find_comparisons,
    split,
)
from leadtriage.criteria.model import Comparison, Condition, Criteria, Criterion, Tier
from leadtriage.criteria.text import fold
from leadtriage.vocabulary import Reason

FULL_SCORE = 100

_EQUALITIES = (Operator.IS, Operator.IS_NOT, Operator.ANY_OF, Operator.NONE_OF)
_COUNTRY = re.compile("[A-Za-z]{2}")


@dataclass(frozen=True, slots=True, order=True)
class CriteriaWarning:
    """Something in the criteria that is allowed and looks unintended; line 0 is the file as a whole."""

    line: int
    text: str


def lint_criteria(
    criteria: Criteria,
    *,
    known_fields: Collection[str] | None = None,
    known_columns: Collection[str] | None = None,
) -> tuple[CriteriaWarning, ...]:
    """Return the warnings in the order of the file, each once.

    Args:
        criteria: what to look at.
        known_fields: the lead fields of which at least one stored lead has a value; None where that is not known.
        known_columns: the headers of the further columns of all imports; None where that is not known.
    """
    found = [
        *_check_sums(criteria),
        *_check_reach(criteria),
        *_check_tiers(criteria),
        *_check_repeats(criteria),
        *_check_junk(criteria),
        *_check_rates(criteria),
        *_check_countries(criteria),
        *_check_names(criteria, known_fields, known_columns),
    ]
    return tuple(sorted(set(found)))


def _check_sums(criteria: Criteria) -> Iterator[CriteriaWarning]:
    total = sum(rules.max for rules in criteria.score)
    if total != FULL_SCORE:
        yield CriteriaWarning(
            _find_key(criteria, "score"), f"the maxima of the dimensions add up to {total}, not to {FULL_SCORE}"
        )
    for rules in criteria.score:
        best = sum(criterion.best for criterion in rules.criteria)
        if best < rules.max:
            line = rules.criteria[0].line if rules.criteria else _find_key(criteria, "score")
            yield CriteriaWarning(
                line, f"the criteria of {rules.dimension} give {best} points at most, less than its max of {rules.max}"
            )


def _check_reach(criteria: Criteria) -> Iterator[CriteriaWarning]:
    reach = sum(min(rules.max, sum(one.best for one in rules.criteria)) for rules in criteria.score)
    for grade, score in criteria.grades.items():
        if score > reach:
            line = _find_key(criteria, "grades")
            yield CriteriaWarning(line, f"grade {grade} starts at {score}, but no lead can score more than {reach}")
    line = _find_key(criteria, "qualified")
    needed = criteria.qualified.score
    if needed > reach:
        yield CriteriaWarning(line, f"qualified needs {needed}, but no lead can score more than {reach}")
    when = criteria.qualified.when
    if when is not None and contradicts_itself(when):
        yield CriteriaWarning(line, "qualified: its condition can never hold")
    line = _find_key(criteria, "junk")
    below = criteria.junk.below
    if below > reach:
        yield CriteriaWarning(line, f"junk below {below} is every lead, since none can score more than {reach}")
    elif below > needed:
        yield CriteriaWarning(line, f"a lead qualifies at {needed} and is a junk candidate below {below}: both at once")


def _check_tiers(criteria: Criteria) -> Iterator[CriteriaWarning]:
    for criterion in criteria.criteria:
        above = Covering()
        for tier in criterion.tiers:
            if contradicts_itself(tier.condition):
                yield CriteriaWarning(tier.line, f"{criterion.name}: this tier can never hold ({tier.label})")
            elif above.covers(tier.condition):
                yield CriteriaWarning(
                    tier.line,
                    f"{criterion.name}: this tier never gives its points ({tier.label}), the tiers above it hold first",
                )
            else:
                yield from _check_entries(criterion, tier, above)
            above.add(tier.condition, tier.line)


def _check_entries(criterion: Criterion, tier: Tier, above: Covering) -> Iterator[CriteriaWarning]:
    """Single entries of a list that an earlier tier, or another entry of the list, covers."""
    entries = [one for one in split(tier.condition) if isinstance(one, Comparison) and is_text_test(one)]
    own = Covering()
    for entry in entries:
        own.add_part(entry, tier.line)
    for entry in entries:
        shadow = above.find(entry)
        if shadow is not None:
            yield CriteriaWarning(
                tier.line,
                f'{criterion.name}: "{entry.operands[0]}" never counts here, line {shadow[1]} holds first',
            )
            continue
        cover = own.find(entry, but=entry)
        if cover is not None and isinstance(cover[0], Comparison):
            yield CriteriaWarning(
                tier.line, f'{criterion.name}: "{entry.operands[0]}" is covered by "{cover[0].operands[0]}" already'
            )


def _check_repeats(criteria: Criteria) -> Iterator[CriteriaWarning]:
    """The same words in two criteria on the same field give their points twice."""
    seen: dict[tuple[str | None, str | None, Operator, str], Criterion] = {}
    for criterion in criteria.criteria:
        for tier in criterion.tiers:
            for entry in split(tier.condition):
                if not isinstance(entry, Comparison) or not is_text_test(entry):
                    continue
                text = str(entry.operands[0])
                first = seen.setdefault((entry.field, entry.column, entry.operator, fold(text)), criterion)
                if first is not criterion:
                    yield CriteriaWarning(
                        tier.line, f'{criterion.name}: "{text}" counts in {first.name} (line {first.line}) as well'
                    )


def _check_junk(criteria: Criteria) -> Iterator[CriteriaWarning]:
    for line in criteria.junk.disqualify:
        if contradicts_itself(line.condition):
            yield CriteriaWarning(line.line, f"disqualify {line.reason}: this can never hold ({line.label})")
        if line.reason not in tuple(Reason):
            near = difflib.get_close_matches(line.reason, tuple(Reason), n=1, cutoff=0.75)
            if near:
                yield CriteriaWarning(line.line, f"the reason {line.reason} is a word of your own; is {near[0]} meant?")


def _check_rates(criteria: Criteria) -> Iterator[CriteriaWarning]:
    if len(criteria.rates) > 1:
        return
    money = [(line, test) for line, test in _find_tests(criteria) if test.type is FieldType.MONEY]
    if money:
        line, test = money[0]
        yield CriteriaWarning(
            line, f"{test.field}: amounts in any other currency than {criteria.currency} are unknown without rates"
        )


def _check_countries(criteria: Criteria) -> Iterator[CriteriaWarning]:
    """A lead's country is two letters, whatever its file has: it never equals anything else."""
    for line, test in _find_tests(criteria):
        if test.field == "country" and test.operator in _EQUALITIES:
            for name in test.operands:
                if not _COUNTRY.fullmatch(str(name)):
                    yield CriteriaWarning(line, f'no lead has the country "{name}"; write its two letters, such as DE')


def _check_names(
    criteria: Criteria, known_fields: Collection[str] | None, known_columns: Collection[str] | None
) -> Iterator[CriteriaWarning]:
    headers = {fold(header) for header in known_columns or ()}
    told: set[str] = set()
    for line, test in _find_tests(criteria):
        name = test.field or test.column or ""
        missing_field = test.field is not None and known_fields is not None and test.field not in known_fields
        missing_column = test.column is not None and known_columns is not None and fold(name) not in headers
        if (missing_field or missing_column) and name not in told:
            told.add(name)
            if missing_field:
                yield CriteriaWarning(line, f"no stored lead has a value for the field {name}")
            else:
                near = difflib.get_close_matches(name, list(known_columns or ()), n=1)
                hint = f"; is {near[0]} meant?" if near else ""
                yield CriteriaWarning(line, f'no imported lead has a column "{name}"{hint}')


def _find_tests(criteria: Criteria) -> Iterator[tuple[int, Comparison]]:
    """Yield every comparison of the file with its line."""
    conditions: list[tuple[int, Condition]] = [
        (tier.line, tier.condition) for criterion in criteria.criteria for tier in criterion.tiers
    ]
    if criteria.qualified.when is not None:
        conditions.append((_find_key(criteria, "qualified"), criteria.qualified.when))
    conditions += [(line.line, line.condition) for line in criteria.junk.disqualify]
    team = _find_key(criteria, "team")
    conditions += [(team, member.takes) for member in criteria.team if member.takes is not None]
    for line, condition in conditions:
        yield from ((line, test) for test in find_comparisons(condition))


def _find_key(criteria: Criteria, key: str) -> int:
    """Return the line of a section's key, or 0 where it is not there (or is written in some rarer way)."""
    match = re.search(rf"^{key}\s*:", criteria.text, re.MULTILINE)
    return criteria.text.count("\n", 0, match.start()) + 1 if match else 0
