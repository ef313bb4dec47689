"""Warns about rules in a valid criteria file that are probably not intended, such as a tier that never counts.

Implication between conditions is conservative: what it claims is true, and where it cannot tell, it claims nothing.
"""

from __future__ import annotations

import bisect
import difflib
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from leadtriage.core.text import fold, words
from leadtriage.core.vocabulary import Reason
from leadtriage.criteria.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Criteria,
    Criterion,
    Not,
    Tier,
    find_comparisons,
)
from leadtriage.criteria.operators import FieldType, Interval, Operator

_NUMERIC = (FieldType.NUMBER, FieldType.MONEY, FieldType.DAYS)


def split(condition: Condition) -> tuple[Condition, ...]:
    """Return the alternatives of a condition: the parts of an `any`, the entries of a list."""
    if isinstance(condition, AnyOf):
        return tuple(alternative for part in condition.parts for alternative in split(part))
    if isinstance(condition, Comparison) and condition.operator.needs_one_entry:
        return _split_entries(condition)
    return (condition,)


def implies(later: Condition, earlier: Condition) -> bool:
    """Return whether `earlier` holds whenever `later` does."""
    if later == earlier:
        return True
    alternatives = split(later)
    if len(alternatives) > 1:
        return all(implies(one, earlier) for one in alternatives)
    later = alternatives[0]
    required = _require(earlier)
    if len(required) > 1:
        return all(implies(later, one) for one in required)
    if isinstance(later, AllOf) and any(implies(part, earlier) for part in later.parts):
        return True
    targets = split(required[0])
    if len(targets) > 1:
        return any(implies(later, one) for one in targets)
    target = targets[0]
    given = _require(later)
    if len(given) > 1:
        return any(implies(one, target) for one in given)
    later = given[0]
    if isinstance(later, Comparison) and isinstance(target, Comparison):
        return _same_subject(later, target) and _atom_implies(later, target)
    return False


def covers_numbers(condition: Condition, earlier: Sequence[Condition]) -> bool:
    """Return whether an earlier condition holds for each number for which the condition holds."""
    subject = _subject_of(condition)
    wanted = None if subject is None else _intervals(condition, subject)
    if wanted is None or subject is None:
        return False
    taken = [piece for other in earlier for piece in _intervals(other, subject) or ()]
    step = 1.0 if _counts_whole(subject) else 0.0
    merged: list[Interval] = []
    for low, high in sorted(taken):
        if merged and low <= merged[-1][1] + step:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    starts = [low for low, _ in merged]
    for low, high in wanted:
        place = bisect.bisect_right(starts, low) - 1
        if place < 0 or merged[place][1] < high:
            return False
    return True


def contradicts_itself(condition: Condition) -> bool:
    """Return whether the condition can never hold: "at least 10 and at most 5"."""
    if isinstance(condition, AnyOf):
        return all(contradicts_itself(part) for part in condition.parts)
    if not isinstance(condition, AllOf):
        return False
    if any(contradicts_itself(part) for part in condition.parts):
        return True
    tests = [part for part in condition.parts if isinstance(part, Comparison)]
    for test in tests:
        same = [other for other in tests if _same_subject(test, other)]
        intervals = _intervals(AllOf(tuple(same)), test)
        if intervals == []:
            return True
        if test.operator is Operator.PRESENT and not test.operands[0] and any(_needs_value(one) for one in same):
            return True
        if any(test.operator is other.operator is Operator.IS and not _atom_implies(test, other) for other in same):
            return True
    return False


def _split_entries(test: Comparison) -> tuple[Comparison, ...]:
    return tuple(replace(test, operator=test.operator.of_entry, operands=(one,)) for one in test.operands)


def _require(condition: Condition) -> tuple[Condition, ...]:
    """Return the parts that must all hold."""
    if isinstance(condition, AllOf):
        return tuple(required for part in condition.parts for required in _require(part))
    if isinstance(condition, Comparison) and condition.operator is Operator.NONE_OF:
        return _split_entries(condition)
    return (condition,)


def _same_subject(one: Comparison, other: Comparison) -> bool:
    return (one.field, one.column) == (other.field, other.column)


def _needs_value(comparison: Comparison) -> bool:
    return comparison.operator is not Operator.PRESENT or bool(comparison.operands[0])


def _atom_implies(later: Comparison, earlier: Comparison) -> bool:
    if earlier.operator is Operator.PRESENT:
        return _needs_value(later) == bool(earlier.operands[0])
    if later.operator is Operator.PRESENT or later.type is not earlier.type:
        return False
    if later.type in _NUMERIC:
        inner, outer = _intervals(later, later), _intervals(earlier, earlier)
        if inner is None or outer is None:
            return later.operator is earlier.operator and later.operands == earlier.operands
        return all(any(o[0] <= i[0] and i[1] <= o[1] for o in outer) for i in inner)
    given, text = fold(str(later.operands[0])), fold(str(earlier.operands[0]))
    return earlier.operator.rules.implied_by(later.operator, given, text)


def _subject_of(condition: Condition) -> Comparison | None:
    """Return a comparison with the subject of a condition that has only one subject."""
    leaves = list(find_comparisons(condition))
    first = leaves[0]
    return first if all(_same_subject(first, leaf) for leaf in leaves) else None


def _intervals(condition: Condition, subject: Comparison) -> list[Interval] | None:
    """Return the numbers for which a condition holds; None if it is about more than the subject."""
    if isinstance(condition, AnyOf):
        parts = [_intervals(part, subject) for part in condition.parts]
        return None if None in parts else [one for part in parts if part for one in part]
    if isinstance(condition, AllOf):
        found: list[Interval] = [(-math.inf, math.inf)]
        for part in condition.parts:
            inside = _intervals(part, subject)
            if inside is None:
                return None
            found = [
                (max(a[0], b[0]), min(a[1], b[1])) for a in found for b in inside if max(a[0], b[0]) <= min(a[1], b[1])
            ]
        return found
    if isinstance(condition, Not) or not _same_subject(condition, subject) or condition.type not in _NUMERIC:
        return None
    return _interval_of(condition)


def _interval_of(comparison: Comparison) -> list[Interval] | None:
    values = [float(operand) for operand in comparison.operands if not isinstance(operand, str)]
    pairs = comparison.operator.rules.intervals(values)
    if pairs is None or not _counts_whole(comparison):
        return pairs
    whole = [
        (low if math.isinf(low) else float(math.ceil(low)), high if math.isinf(high) else float(math.floor(high)))
        for low, high in pairs
    ]
    return [(low, high) for low, high in whole if low <= high]


def _counts_whole(comparison: Comparison) -> bool:
    return comparison.field is not None and comparison.type is not FieldType.MONEY


LONGEST_PHRASE = 20
MOST_COMPARED = 200

Key = tuple[str | None, str | None, Operator, str]


class Covering:
    """Collects labelled conditions, and finds the first one that another condition implies.

    Looks up equal texts and words, since a criterion can list 50,000 of them. Compares other conditions one by one, at
    most 200 of them.
    """

    def __init__(self) -> None:
        self._by_text: dict[Key, tuple[Condition, int]] = {}
        self._others: list[tuple[Condition, int]] = []
        self._whole: list[Condition] = []

    def add(self, condition: Condition, label: int) -> None:
        """Add a condition."""
        self._whole.append(condition)
        for part in split(condition):
            self.add_part(part, label)

    def add_part(self, part: Condition, label: int) -> None:
        """Add one alternative, as `split` returns them."""
        if isinstance(part, Comparison) and is_text_test(part) and part.operator in (Operator.IS, Operator.WORDS):
            self._by_text.setdefault(_key_of(part, part.operator, _text_of(part)), (part, label))
        elif len(self._others) < MOST_COMPARED:
            self._others.append((part, label))

    def find(self, part: Condition, *, but: Condition | None = None) -> tuple[Condition, int] | None:
        """Return the first condition that the part implies, other than `but`, with its label."""
        for found in self._candidates(part):
            if found[0] is not but and implies(part, found[0]):
                return found
        return None

    def covers(self, condition: Condition) -> bool:
        """Return whether one of the added conditions holds whenever the condition does."""
        return covers_numbers(condition, self._whole) or all(self.find(part) is not None for part in split(condition))

    def _candidates(self, part: Condition) -> Iterator[tuple[Condition, int]]:
        if isinstance(part, Comparison) and is_text_test(part):
            for operator, text in _covering_texts(part):
                found = self._by_text.get(_key_of(part, operator, text))
                if found is not None:
                    yield found
            yield from self._others
        else:
            yield from self._others
            yield from list(self._by_text.values())[:MOST_COMPARED]


def is_text_test(comparison: Comparison) -> bool:
    """Return whether a comparison is of text with one text."""
    return (
        comparison.type is FieldType.TEXT
        and comparison.operator is not Operator.PRESENT
        and len(comparison.operands) == 1
    )


def _key_of(comparison: Comparison, operator: Operator, text: str) -> Key:
    return (comparison.field, comparison.column, operator, text)


def _text_of(comparison: Comparison) -> str:
    folded = fold(str(comparison.operands[0]))
    return words(folded) if comparison.operator is Operator.WORDS else folded


def _covering_texts(comparison: Comparison) -> Iterator[tuple[Operator, str]]:
    """Yield the tests that the comparison implies: its own, and `words` with its phrases."""
    if comparison.operator is Operator.IS:
        yield Operator.IS, _text_of(comparison)
    if comparison.operator in (Operator.IS, Operator.WORDS):
        spoken = words(fold(str(comparison.operands[0]))).split()
        for length in range(1, min(len(spoken), LONGEST_PHRASE) + 1):
            for start in range(len(spoken) - length + 1):
                yield Operator.WORDS, " ".join(spoken[start : start + length])


FULL_SCORE = 100

_EQUALITIES = (Operator.IS, Operator.IS_NOT, Operator.ANY_OF, Operator.NONE_OF)
_COUNTRY = re.compile("[A-Za-z]{2}")


@dataclass(frozen=True, slots=True, order=True)
class CriteriaWarning:
    """A warning about a line; line 0 is the whole file."""

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
        known_fields: the lead fields that at least one stored lead has; None if unknown.
        known_columns: the headers of the other columns of all imports; None if unknown.
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
    """Find entries of a list that an earlier tier or another entry covers."""
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
    for line, test in _find_tests(criteria):
        if test.field == "country" and test.operator in _EQUALITIES:
            for name in test.operands:
                if not _COUNTRY.fullmatch(str(name)):
                    yield CriteriaWarning(line, f'no lead has the country "{name}"; write its two letters, such as DE')


def _check_names(
    criteria: Criteria, known_fields: Collection[str] | None, known_columns: Collection[str] | None
) -> Iterator[CriteriaWarning]:
    headers = {fold(header) for header in known_columns or ()}
    warned: set[str] = set()
    for line, test in _find_tests(criteria):
        name = test.field or test.column or ""
        missing_field = test.field is not None and known_fields is not None and test.field not in known_fields
        missing_column = test.column is not None and known_columns is not None and fold(name) not in headers
        if (missing_field or missing_column) and name not in warned:
            warned.add(name)
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
    """Return the line of a section's key, or 0 if it is not found."""
    match = re.search(rf"^{key}\s*:", criteria.text, re.MULTILINE)
    return criteria.text.count("\n", 0, match.start()) + 1 if match else 0
