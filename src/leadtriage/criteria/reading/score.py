"""Reads the sections that make a score: the dimensions with their criteria and tiers, the grades, what is qualified."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from leadtriage.criteria.describe import label_condition, tell_apart
from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import Condition, Criterion, DimensionRules, Qualified, Tier
from leadtriage.criteria.reading.conditions import (
    GROUPS,
    OPERATOR_NAMES,
    Subject,
    read_condition,
    read_operators,
    read_subject,
)
from leadtriage.criteria.reading.mistakes import Mistakes, Place, list_names, quote
from leadtriage.criteria.reading.values import (
    read_block,
    read_choice,
    read_each,
    read_list,
    read_name,
    read_whole_number,
    refuse_repeats,
)
from leadtriage.criteria.reading.yaml_nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from leadtriage.criteria.text import fold
from leadtriage.vocabulary import Dimension, Grade

MOST_CRITERIA = 500
MOST_TIERS = 50
MOST_POINTS = 1_000
DEFAULT_GRADES: Mapping[Grade, int] = MappingProxyType({Grade.A: 75, Grade.B: 50, Grade.C: 25})

CRITERION_KEYS = ("name", "field", "column", "ask", "unlisted", "tiers")
TIER_KEYS = ("points", "when", *OPERATOR_NAMES)
UNLISTED_CHOICES = ("unknown",)


def read_score(node: YamlNode, mistakes: Mistakes) -> tuple[DimensionRules, ...]:
    """Return the rules of all five dimensions, those of the file first.

    One that the file lacks has no criteria and a max of 0.
    """
    entries = read_block(node, mistakes, what="score", allowed=tuple(Dimension)) or {}
    if isinstance(node, YamlMapping) and not entries:
        mistakes.add(node.place, f"score: found no dimension, expected at least one of {list_names(Dimension)}")
    rules = [_read_dimension(Dimension(name), entry, mistakes) for name, entry in entries.items()]
    count = sum(len(one.criteria) for one in rules)
    if count > MOST_CRITERIA:
        mistakes.add(node.place, f"score: found {count:,} criteria, expected at most {MOST_CRITERIA}")
    missing = [DimensionRules(dimension, 0, ()) for dimension in Dimension if dimension not in entries]
    return (*rules, *missing)


def _read_dimension(dimension: Dimension, node: YamlNode, mistakes: Mistakes) -> DimensionRules:
    entries = read_block(node, mistakes, what=dimension, allowed=("max", "criteria"), required=("max",)) or {}
    most = None
    if "max" in entries:
        most = read_whole_number(entries["max"], mistakes, what=f"{dimension}: max", low=0, high=MOST_POINTS)
    criteria: tuple[Criterion, ...] = ()
    if "criteria" in entries:
        what = f"{dimension}: criteria"
        names: list[tuple[str, Place]] = []
        criteria = read_each(
            entries["criteria"],
            mistakes,
            lambda item: _read_criterion(dimension, item, mistakes, names),
            what=what,
            most=MOST_CRITERIA,
        )
        refuse_repeats(names, mistakes, what=f"{what}: name", fold=fold)
    return DimensionRules(dimension, most or 0, criteria)


def _read_criterion(
    dimension: Dimension, node: YamlNode, mistakes: Mistakes, names: list[tuple[str, Place]]
) -> Criterion | None:
    entries = read_block(node, mistakes, what="criterion", allowed=CRITERION_KEYS, required=("name", "tiers"))
    if entries is None:
        return None
    name = read_name(entries["name"], mistakes, what="name") if "name" in entries else None
    called = f"criterion {quote(name)}" if name else "criterion"
    subject = read_subject(entries, node.place, mistakes, what=called)
    ask = read_name(entries["ask"], mistakes, what="ask") if "ask" in entries else None
    if "ask" in entries:
        _check_ask(entries["ask"], subject, has_subject="field" in entries or "column" in entries, mistakes=mistakes)
    if "unlisted" in entries:
        read_choice(entries["unlisted"], mistakes, what="unlisted", choices=UNLISTED_CHOICES)
    tiers: tuple[Tier, ...] = ()
    if "tiers" in entries:
        items = read_list(entries["tiers"], mistakes, what=f"{called}: tiers", most=MOST_TIERS)
        if isinstance(entries["tiers"], YamlList) and not entries["tiers"].items:
            mistakes.add(entries["tiers"].place, f"{called}: found no tier, expected at least one")
        has_subject = "field" in entries or "column" in entries
        read = [_read_tier(item, subject, mistakes, has_subject=has_subject) for item in items]
        tiers = tell_apart([tier for tier in read if tier is not None])
    if name is None:
        return None
    names.append((name, entries["name"].place))
    return Criterion(
        name=name,
        dimension=dimension,
        field=subject.field if subject else None,
        column=subject.column if subject else None,
        ask=ask,
        tiers=tiers,
        unlisted_unknown="unlisted" in entries,
        line=node.place.line,
    )


def _check_ask(node: YamlNode, subject: Subject | None, *, has_subject: bool, mistakes: Mistakes) -> None:
    if not has_subject:
        mistakes.add(node.place, "ask: the criterion has no field that an answer could go into; give it one")
    elif subject is not None and subject.field is not None and not LEAD_FIELDS[subject.field].asked:
        mistakes.add(node.place, f"ask: {subject.field} is worked out by leadtriage and cannot be asked; leave ask out")


def _read_tier(node: YamlNode, subject: Subject | None, mistakes: Mistakes, *, has_subject: bool) -> Tier | None:
    entries = _read_tier_block(node, mistakes)
    if entries is None or not isinstance(node, YamlMapping):
        return None
    points = None
    if "points" in entries:
        points = read_whole_number(entries["points"], mistakes, what="points", low=-MOST_POINTS, high=MOST_POINTS)
    in_place = [key for key in node.entries if key in OPERATOR_NAMES]
    condition: Condition | None = None
    if "when" in node.entries:
        condition = read_condition(node.entries["when"], mistakes, what="when")
        if in_place:
            mistakes.add(
                node.key_places[in_place[0]],
                f"tier: {in_place[0]} stands beside when, expected one of them; put it into the condition",
            )
            return None
    elif in_place and not has_subject:
        mistakes.add(node.place, "tier: the criterion has neither field nor column; give it one, or write when: here")
    else:
        has_unknown_keys = not node.entries.keys() <= set(TIER_KEYS)
        condition = read_operators(node, subject, mistakes, what="tier", has_unknown_keys=has_unknown_keys)
    if points is None or condition is None:
        return None
    label = label_condition(
        condition, field=subject.field if subject else None, column=subject.column if subject else None
    )
    return Tier(points, condition, label, node.place.line)


def _read_tier_block(node: YamlNode, mistakes: Mistakes) -> dict[str, YamlNode] | None:
    """A tier that names a field or a group of its own gets the advice it needs instead of a list of keys."""
    misplaced = [key for key in ("field", "column", *GROUPS) if isinstance(node, YamlMapping) and key in node.entries]
    if isinstance(node, YamlMapping) and misplaced:
        mistakes.add(
            node.key_places[misplaced[0]],
            f"tier: {misplaced[0]} cannot stand here; put the whole condition under when:",
        )
        return None
    return read_block(node, mistakes, what="tier", allowed=TIER_KEYS, required=("points",))


def read_grades(node: YamlNode, mistakes: Mistakes) -> Mapping[Grade, int]:
    """Return the lowest score of A, B and C, each lower than the one before."""
    names = (Grade.A, Grade.B, Grade.C)
    if isinstance(node, YamlMapping) and "D" in node.entries:
        mistakes.add(node.key_places["D"], "grades: D is whatever is lower than C; leave it out")
        node = YamlMapping(
            node.place,
            {key: entry for key, entry in node.entries.items() if key != "D"},
            {key: place for key, place in node.key_places.items() if key != "D"},
        )
    entries = read_block(node, mistakes, what="grades", allowed=names, required=names) or {}
    grades: dict[Grade, int] = {}
    for grade in names:
        if grade in entries:
            score = read_whole_number(
                entries[grade], mistakes, what=f"grades: {grade}", low=-5 * MOST_POINTS, high=5 * MOST_POINTS
            )
            if score is not None:
                grades[grade] = score
    for better, worse in ((Grade.A, Grade.B), (Grade.B, Grade.C)):
        if better in grades and worse in grades and grades[better] <= grades[worse]:
            mistakes.add(
                entries[worse].place,
                f"grades: {worse} starts at {grades[worse]}, expected less than {better}'s {grades[better]}",
            )
    return MappingProxyType(grades)


def read_qualified(node: YamlNode, mistakes: Mistakes) -> Qualified:
    """Return when a lead is qualified; a bare number is the score alone."""
    limits = {"low": -5 * MOST_POINTS, "high": 5 * MOST_POINTS}
    if isinstance(node, YamlScalar):
        return Qualified(read_whole_number(node, mistakes, what="qualified", **limits) or 0)
    entries = read_block(node, mistakes, what="qualified", allowed=("score", "when"), required=("score",)) or {}
    score = None
    if "score" in entries:
        score = read_whole_number(entries["score"], mistakes, what="qualified: score", **limits)
    when = read_condition(entries["when"], mistakes, what="qualified: when") if "when" in entries else None
    return Qualified(score or 0, when)
