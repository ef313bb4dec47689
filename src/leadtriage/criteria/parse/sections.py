"""Reads the sections that make a score: the dimensions with their criteria and tiers, the grades, what is qualified.

Reads the section `junk`: when a low score counts, and the lines that nominate whatever the score.

Reads who works the leads and by when: `follow_up`, `timezone`, `team` and `goals`.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from leadtriage.core.text import fold
from leadtriage.core.vocabulary import Dimension, Grade
from leadtriage.criteria.describe import describe_condition, label_condition, tell_apart
from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import (
    Condition,
    Criterion,
    DimensionRules,
    Disqualifier,
    FollowUp,
    Goal,
    JunkRules,
    Qualified,
    TeamMember,
    Tier,
)
from leadtriage.criteria.parse.conditions import (
    GROUPS,
    OPERATOR_NAMES,
    Subject,
    read_condition,
    read_operators,
    read_subject,
)
from leadtriage.criteria.parse.values import (
    parse_date,
    read_block,
    read_choice,
    read_date,
    read_decimal,
    read_duration,
    read_each,
    read_list,
    read_name,
    read_whole_number,
    refuse_repeats,
    show,
)
from leadtriage.criteria.parse.yaml import (
    Mistakes,
    Place,
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    list_names,
    quote,
    suggest,
)

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


DEFAULT_JUNK = JunkRules(below=0, known=Decimal("0.6"))
REASON_PATTERN = "[a-z][a-z0-9]*(_[a-z0-9]+)*"
LONGEST_REASON = 40


def read_junk(node: YamlNode, mistakes: Mistakes) -> JunkRules:
    """Return the rules; `below` is 0 and `known` 0.6 where they are not given."""
    entries = read_block(node, mistakes, what="junk", allowed=("below", "known", "disqualify")) or {}
    below: int | None = DEFAULT_JUNK.below
    known: Decimal | None = DEFAULT_JUNK.known
    if "below" in entries:
        limit = 5 * MOST_POINTS
        below = read_whole_number(entries["below"], mistakes, what="junk: below", low=-limit, high=limit)
    if "known" in entries:
        known = read_decimal(entries["known"], mistakes, what="junk: known", low=Decimal(0), high=Decimal(1))
    disqualify: tuple[Disqualifier, ...] = ()
    if "disqualify" in entries:
        lines = read_each(
            entries["disqualify"], mistakes, lambda item: _read_disqualifier(item, mistakes), what="disqualify"
        )
        disqualify = tell_apart(lines)
    return JunkRules(below or 0, known if known is not None else DEFAULT_JUNK.known, disqualify)


def _read_disqualifier(node: YamlNode, mistakes: Mistakes) -> Disqualifier | None:
    if not isinstance(node, YamlMapping):
        mistakes.add(node.place, f"disqualify: found {show(node)}, expected a block with reason and when")
        return None
    reason = None
    if "reason" in node.entries:
        reason = _read_reason(node.entries["reason"], mistakes)
    else:
        mistakes.add(node.place, "disqualify: the key reason is missing")
    condition = _read_its_condition(node, mistakes)
    if reason is None or condition is None:
        return None
    return Disqualifier(reason, condition, describe_condition(condition), node.place.line)


def _read_its_condition(node: YamlMapping, mistakes: Mistakes) -> Condition | None:
    if "when" not in node.entries:
        misplaced = [key for key in GROUPS if key in node.entries]
        if misplaced:
            mistakes.add(
                node.key_places[misplaced[0]], f"disqualify: {misplaced[0]} cannot stand here; put it under when:"
            )
            return None
        return read_condition(node, mistakes, what="disqualify", besides=("reason", "when"))
    others = [key for key in node.entries if key not in ("reason", "when")]
    if others:
        mistakes.add(
            node.key_places[others[0]],
            f"disqualify: {list_names(others, last='and')} beside when, expected reason and when alone",
        )
    return read_condition(node.entries["when"], mistakes, what="when")


def _read_reason(node: YamlNode, mistakes: Mistakes) -> str | None:
    text = node.text if isinstance(node, YamlScalar) else ""
    if re.fullmatch(REASON_PATTERN, text) and len(text) <= LONGEST_REASON:
        return text
    near = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    write = f"; write {near}" if re.fullmatch(REASON_PATTERN, near) and len(near) <= LONGEST_REASON else ""
    mistakes.add(
        node.place, f"reason: found {show(node)}, expected small letters, digits and underscores, as in no_fit{write}"
    )
    return None


WORKING_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FOLLOW_UP_KEYS = ("first_touch", "idle", "nurture", "shelf_life", "warn", "working_days", "holidays")
DEFAULT_FOLLOW_UP = FollowUp(
    first_touch=MappingProxyType({Grade.A: 1, Grade.B: 2, Grade.C: 5}),
    idle=10,
    nurture=30,
    shelf_life=90,
    warn=14,
    working_days=(0, 1, 2, 3, 4),
)
ROLES = ("sales", "qualifier")
MEMBER_KEYS = ("name", "also", "role", "capacity", "max_open", "away", "takes")
GOAL_KEYS = ("who", "what", "target", "per")
GOAL_COUNTS = ("won", "qualified", "touched")
GOAL_PERIODS = ("month", "quarter")
WHOLE_TEAM = "team"
MOST_COUNTED = 1_000_000


def read_follow_up(node: YamlNode, mistakes: Mistakes) -> FollowUp:
    """Return the clocks; each that is not given has its default.

    In `first_touch` and `idle`, which count working days, a week is as many days as the week has working days.
    """
    entries = read_block(node, mistakes, what="follow_up", allowed=FOLLOW_UP_KEYS) or {}
    default = DEFAULT_FOLLOW_UP
    working_days: tuple[int, ...] = default.working_days
    if "working_days" in entries:
        working_days = _read_working_days(entries["working_days"], mistakes) or working_days
    first_touch = default.first_touch
    if "first_touch" in entries:
        grades = read_block(entries["first_touch"], mistakes, what="first_touch", allowed=tuple(Grade)) or {}
        waits = {
            Grade(name): read_duration(entry, mistakes, what=f"first_touch: {name}", days_in_week=len(working_days))
            for name, entry in grades.items()
        }
        first_touch = MappingProxyType({grade: days for grade, days in waits.items() if days is not None})
    days = {"idle": default.idle, "nurture": default.nurture, "shelf_life": default.shelf_life, "warn": default.warn}
    for name in days:
        if name in entries:
            week = len(working_days) if name == "idle" else 7
            low = 0 if name == "warn" else 1
            read = read_duration(entries[name], mistakes, what=name, low=low, days_in_week=week)
            days[name] = days[name] if read is None else read
    if days["warn"] >= days["shelf_life"]:
        at = entries.get("warn") or entries.get("shelf_life") or node
        mistakes.add(at.place, f"warn: {days['warn']}d, expected less than the shelf life of {days['shelf_life']}d")
    holidays: tuple[date, ...] = ()
    if "holidays" in entries:
        holidays = read_each(
            entries["holidays"], mistakes, lambda item: read_date(item, mistakes, what="holidays"), what="holidays"
        )
    return FollowUp(first_touch=first_touch, working_days=working_days, holidays=tuple(sorted(set(holidays))), **days)


def _read_working_days(node: YamlNode, mistakes: Mistakes) -> tuple[int, ...]:
    names = read_each(
        node,
        mistakes,
        lambda item: read_choice(item, mistakes, what="working_days", choices=WORKING_DAY_NAMES),
        what="working_days",
    )
    if isinstance(node, YamlList) and not node.items:
        mistakes.add(node.place, "working_days: found none, expected at least one of mon to sun")
    return tuple(sorted({WORKING_DAY_NAMES.index(name) for name in names}))


def read_timezone(node: YamlNode, mistakes: Mistakes) -> str | None:
    """Return the name of a time zone that this machine knows."""
    name = node.text if isinstance(node, YamlScalar) else ""
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        near = suggest(name, zoneinfo.available_timezones())
        mistakes.add(node.place, f"timezone: found {show(node)}, expected an IANA name such as Europe/Berlin{near}")
        return None
    return name


def read_team(node: YamlNode, mistakes: Mistakes) -> tuple[TeamMember, ...]:
    """Return the members; no two may share a name or an `also`."""
    names: list[tuple[str, Place]] = []
    members = read_each(node, mistakes, lambda item: _read_member(item, mistakes, names), what="team")
    refuse_repeats(names, mistakes, what="team", fold=fold)
    return members


def _read_member(node: YamlNode, mistakes: Mistakes, names: list[tuple[str, Place]]) -> TeamMember | None:
    entries = read_block(node, mistakes, what="team", allowed=MEMBER_KEYS, required=("name",))
    if entries is None:
        return None
    name = read_name(entries["name"], mistakes, what="name") if "name" in entries else None
    also: list[str] = []
    if "also" in entries:
        for item in read_list(entries["also"], mistakes, what="also"):
            other = read_name(item, mistakes, what="also")
            if other is not None:
                also.append(other)
                names.append((other, item.place))
    role = read_choice(entries["role"], mistakes, what="role", choices=ROLES) if "role" in entries else ROLES[0]
    capacity, max_open = (
        read_whole_number(entries[key], mistakes, what=key, low=0, high=MOST_COUNTED) if key in entries else None
        for key in ("capacity", "max_open")
    )
    away: tuple[tuple[date, date], ...] = ()
    if "away" in entries:
        away = read_each(entries["away"], mistakes, lambda item: _read_absence(item, mistakes), what="away")
    takes = read_condition(entries["takes"], mistakes, what="takes") if "takes" in entries else None
    if name is None:
        return None
    names.append((name, entries["name"].place))
    return TeamMember(
        name=name,
        role=role or ROLES[0],
        also=tuple(also),
        capacity=capacity,
        max_open=max_open,
        away=tuple(sorted(away)),
        takes=takes,
    )


def _read_absence(node: YamlNode, mistakes: Mistakes) -> tuple[date, date] | None:
    text = node.text if isinstance(node, YamlScalar) else ""
    first_text, dots, last_text = text.partition("..")
    first = parse_date(first_text.strip())
    last = parse_date(last_text.strip()) if dots else first
    if first is None or last is None:
        mistakes.add(node.place, f"away: found {show(node)}, expected a date or a span such as 2026-12-21..2027-01-03")
        return None
    if last < first:
        mistakes.add(node.place, f"away: {quote(text)} ends before it starts; swap the dates")
        return None
    return (first, last)


def read_goals(node: YamlNode, team: Sequence[TeamMember], mistakes: Mistakes) -> tuple[Goal, ...]:
    """Return the goals; each is for the whole `team` or for one of its members by name."""
    return read_each(node, mistakes, lambda item: _read_goal(item, team, mistakes), what="goals")


def _read_goal(node: YamlNode, team: Sequence[TeamMember], mistakes: Mistakes) -> Goal | None:
    entries = read_block(node, mistakes, what="goals", allowed=GOAL_KEYS, required=GOAL_KEYS)
    if entries is None:
        return None
    who = read_name(entries["who"], mistakes, what="who") if "who" in entries else None
    if who is not None:
        who = _find_member(who, entries["who"].place, team, mistakes)
    what = read_choice(entries["what"], mistakes, what="what", choices=GOAL_COUNTS) if "what" in entries else None
    per = read_choice(entries["per"], mistakes, what="per", choices=GOAL_PERIODS) if "per" in entries else None
    target = None
    if "target" in entries:
        target = read_whole_number(entries["target"], mistakes, what="target", low=1, high=MOST_COUNTED)
    if who is None or what is None or per is None or target is None:
        return None
    return Goal(who, what, target, per)


def _find_member(who: str, place: Place, team: Sequence[TeamMember], mistakes: Mistakes) -> str | None:
    if who == WHOLE_TEAM:
        return who
    for member in team:
        if fold(who) in {fold(name) for name in (member.name, *member.also)}:
            return member.name
    names = [member.name for member in team]
    mistakes.add(
        place,
        f"who: {quote(who)} is nobody in team, expected a member's name or team{suggest(who, [*names, WHOLE_TEAM])}",
    )
    return None
