"""Reads the sections of a criteria file: the score, grades, junk, clocks, team and goals."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from leadtriage.core.text import fold
from leadtriage.core.vocabulary import Dimension, Grade
from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import (
    Condition,
    Criteria,
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
    describe_condition,
    label_condition,
    number_labels,
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
    read_key,
    read_list,
    read_name,
    read_whole_number,
    refuse_repeats,
    show,
)
from leadtriage.criteria.parse.yaml import (
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
LIMITS = {"low": -5 * MOST_POINTS, "high": 5 * MOST_POINTS}
"""Of a score."""
DEFAULT_GRADES: Mapping[Grade, int] = MappingProxyType({Grade.A: 75, Grade.B: 50, Grade.C: 25})

CRITERION_KEYS = ("name", "field", "column", "ask", "unlisted", "tiers")
TIER_KEYS = ("points", "when", *OPERATOR_NAMES)
UNLISTED_CHOICES = ("unknown",)


def read_score(node: YamlNode, *, what: str) -> tuple[DimensionRules, ...]:
    """Return the rules of all five dimensions, those of the file first.

    One that the file lacks has no criteria and a max of 0.
    """
    entries = read_block(node, what=what, allowed=tuple(Dimension)) or {}
    if isinstance(node, YamlMapping) and not entries:
        node.report(f"score: found no dimension, expected at least one of {list_names(Dimension)}")
    rules = [_read_dimension(Dimension(name), entry) for name, entry in entries.items()]
    count = sum(len(one.criteria) for one in rules)
    if count > MOST_CRITERIA:
        node.report(f"score: found {count:,} criteria, expected at most {MOST_CRITERIA}")
    missing = [DimensionRules(dimension, 0, ()) for dimension in Dimension if dimension not in entries]
    return (*rules, *missing)


def _read_dimension(dimension: Dimension, node: YamlNode) -> DimensionRules:
    entries = read_block(node, what=dimension, allowed=("max", "criteria"), required=("max",)) or {}
    most = read_key(entries, "max", read_whole_number, 0, what=f"{dimension}: max", low=0, high=MOST_POINTS)
    criteria: tuple[Criterion, ...] = ()
    if "criteria" in entries:
        what = f"{dimension}: criteria"
        names: list[tuple[str, Place]] = []
        criteria = read_each(
            entries["criteria"], lambda item: _read_criterion(dimension, item, names), what=what, most=MOST_CRITERIA
        )
        refuse_repeats(names, what=f"{what}: name", fold=fold)
    return DimensionRules(dimension, most, criteria)


def _read_criterion(dimension: Dimension, node: YamlNode, names: list[tuple[str, Place]]) -> Criterion | None:
    entries = read_block(node, what="criterion", allowed=CRITERION_KEYS, required=("name", "tiers"))
    if entries is None:
        return None
    name = read_key(entries, "name", read_name, None)
    called = f"criterion {quote(name)}" if name else "criterion"
    subject = read_subject(entries, node.place, what=called)
    ask = read_key(entries, "ask", read_name, None)
    if "ask" in entries:
        _check_ask(entries["ask"], subject, has_subject="field" in entries or "column" in entries)
    read_key(entries, "unlisted", read_choice, None, choices=UNLISTED_CHOICES)
    tiers: tuple[Tier, ...] = ()
    if "tiers" in entries:
        items = read_list(entries["tiers"], what=f"{called}: tiers", most=MOST_TIERS)
        if isinstance(entries["tiers"], YamlList) and not entries["tiers"].items:
            entries["tiers"].report(f"{called}: found no tier, expected at least one")
        has_subject = "field" in entries or "column" in entries
        read = [_read_tier(item, subject, has_subject=has_subject) for item in items]
        tiers = number_labels([tier for tier in read if tier is not None])
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


def _check_ask(node: YamlNode, subject: Subject | None, *, has_subject: bool) -> None:
    if not has_subject:
        node.report("ask: the criterion has no field for the answer; add field: or column:")
    elif subject is not None and subject.field is not None and not LEAD_FIELDS[subject.field].asked:
        node.report(f"ask: {subject.field} is computed by leadtriage; leave ask out")


def _read_tier(node: YamlNode, subject: Subject | None, *, has_subject: bool) -> Tier | None:
    entries = _read_tier_block(node)
    if entries is None or not isinstance(node, YamlMapping):
        return None
    points = read_key(entries, "points", read_whole_number, None, low=-MOST_POINTS, high=MOST_POINTS)
    in_place = [key for key in node.entries if key in OPERATOR_NAMES]
    condition: Condition | None = None
    if "when" in node.entries:
        condition = read_condition(node.entries["when"], what="when")
        if in_place:
            node.key_places[in_place[0]].report(
                f"tier: found both {in_place[0]} and when, expected one of them; put it into the condition"
            )
            return None
    elif in_place and not has_subject:
        node.report("tier: the criterion has neither field nor column; add one, or use when: here")
    else:
        has_unknown_keys = not node.entries.keys() <= set(TIER_KEYS)
        condition = read_operators(node, subject, what="tier", has_unknown_keys=has_unknown_keys)
    if points is None or condition is None:
        return None
    label = label_condition(
        condition, field=subject.field if subject else None, column=subject.column if subject else None
    )
    return Tier(points, condition, label, node.place.line)


def _read_tier_block(node: YamlNode) -> dict[str, YamlNode] | None:
    """A tier that names a field or a group of its own gets the advice it needs instead of a list of keys."""
    misplaced = [key for key in ("field", "column", *GROUPS) if isinstance(node, YamlMapping) and key in node.entries]
    if isinstance(node, YamlMapping) and misplaced:
        node.key_places[misplaced[0]].report(
            f'tier: unexpected key "{misplaced[0]}"; put the whole condition under when:'
        )
        return None
    return read_block(node, what="tier", allowed=TIER_KEYS, required=("points",))


def read_grades(node: YamlNode, *, what: str) -> Mapping[Grade, int]:
    """Return the lowest score of A, B and C, each lower than the one before."""
    names = (Grade.A, Grade.B, Grade.C)
    if isinstance(node, YamlMapping) and "D" in node.entries:
        node.key_places["D"].report('grades: unexpected key "D", every score below C is D; leave it out')
        node = YamlMapping(
            node.place,
            {key: entry for key, entry in node.entries.items() if key != "D"},
            {key: place for key, place in node.key_places.items() if key != "D"},
        )
    entries = read_block(node, what=what, allowed=names, required=names) or {}
    read = {
        grade: read_key(entries, grade, read_whole_number, None, what=f"grades: {grade}", **LIMITS) for grade in names
    }
    grades = {grade: score for grade, score in read.items() if score is not None}
    for better, worse in ((Grade.A, Grade.B), (Grade.B, Grade.C)):
        if better in grades and worse in grades and grades[better] <= grades[worse]:
            entries[worse].report(
                f"grades: {worse} starts at {grades[worse]}, expected less than {better}'s {grades[better]}"
            )
    return MappingProxyType(grades)


def read_qualified(node: YamlNode, *, what: str) -> Qualified:
    """Return when a lead is qualified; a bare number is the score alone."""
    if isinstance(node, YamlScalar):
        return Qualified(read_whole_number(node, what=what, **LIMITS) or 0)
    entries = read_block(node, what=what, allowed=("score", "when"), required=("score",)) or {}
    score = read_key(entries, "score", read_whole_number, 0, what="qualified: score", **LIMITS)
    when = read_condition(entries["when"], what="qualified: when") if "when" in entries else None
    return Qualified(score, when)


DEFAULT_JUNK = JunkRules(below=0, known=Decimal("0.6"))
REASON_PATTERN = "[a-z][a-z0-9]*(_[a-z0-9]+)*"
LONGEST_REASON = 40


def read_junk(node: YamlNode, *, what: str) -> JunkRules:
    """Return the rules; `below` is 0 and `known` 0.6 where they are not given."""
    entries = read_block(node, what=what, allowed=("below", "known", "disqualify")) or {}
    lines: tuple[Disqualifier, ...] = read_key(entries, "disqualify", read_each, (), read_item=_read_disqualifier)
    return JunkRules(
        below=read_key(entries, "below", read_whole_number, DEFAULT_JUNK.below, what="junk: below", **LIMITS),
        known=read_key(
            entries, "known", read_decimal, DEFAULT_JUNK.known, what="junk: known", low=Decimal(0), high=Decimal(1)
        ),
        disqualify=number_labels(lines),
    )


def _read_disqualifier(node: YamlNode) -> Disqualifier | None:
    if not isinstance(node, YamlMapping):
        node.report(f"disqualify: found {show(node)}, expected a block with reason and when")
        return None
    reason = _read_reason(node.entries["reason"]) if "reason" in node.entries else None
    if "reason" not in node.entries:
        node.report('disqualify: missing key "reason"')
    condition = _read_its_condition(node)
    if reason is None or condition is None:
        return None
    return Disqualifier(reason, condition, describe_condition(condition), node.place.line)


def _read_its_condition(node: YamlMapping) -> Condition | None:
    if "when" not in node.entries:
        misplaced = [key for key in GROUPS if key in node.entries]
        if misplaced:
            node.key_places[misplaced[0]].report(f'disqualify: unexpected key "{misplaced[0]}"; put it under when:')
            return None
        return read_condition(node, what="disqualify", besides=("reason", "when"))
    others = [key for key in node.entries if key not in ("reason", "when")]
    if others:
        node.key_places[others[0]].report(
            f"disqualify: found {list_names(others, last='and')} beside when, expected only reason and when"
        )
    return read_condition(node.entries["when"], what="when")


def _read_reason(node: YamlNode) -> str | None:
    text = node.text if isinstance(node, YamlScalar) else ""
    if re.fullmatch(REASON_PATTERN, text) and len(text) <= LONGEST_REASON:
        return text
    near = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    write = f"; write {near}" if re.fullmatch(REASON_PATTERN, near) and len(near) <= LONGEST_REASON else ""
    node.report(f"reason: found {show(node)}, expected small letters, digits and underscores, as in no_fit{write}")
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


def read_follow_up(node: YamlNode, *, what: str) -> FollowUp:
    """Return the clocks; each that is not given has its default.

    In `first_touch` and `idle`, which count working days, a week is as many days as the week has working days.
    """
    entries = read_block(node, what=what, allowed=FOLLOW_UP_KEYS) or {}
    default = DEFAULT_FOLLOW_UP
    working_days = read_key(entries, "working_days", _read_working_days, ()) or default.working_days
    first_touch = default.first_touch
    if "first_touch" in entries:
        grades = read_block(entries["first_touch"], what="first_touch", allowed=tuple(Grade)) or {}
        waits = {
            Grade(name): read_duration(entry, what=f"first_touch: {name}", days_in_week=len(working_days))
            for name, entry in grades.items()
        }
        first_touch = MappingProxyType({grade: days for grade, days in waits.items() if days is not None})
    days = {"idle": default.idle, "nurture": default.nurture, "shelf_life": default.shelf_life, "warn": default.warn}
    for name in days:
        if name in entries:
            week = len(working_days) if name == "idle" else 7
            low = 0 if name == "warn" else 1
            read = read_duration(entries[name], what=name, low=low, days_in_week=week)
            days[name] = days[name] if read is None else read
    if days["warn"] >= days["shelf_life"]:
        at = entries.get("warn") or entries.get("shelf_life") or node
        at.report(f"warn: {days['warn']}d, expected less than the shelf life of {days['shelf_life']}d")
    holidays: tuple[date, ...] = read_key(
        entries, "holidays", read_each, (), read_item=lambda item: read_date(item, what="holidays")
    )
    return FollowUp(first_touch=first_touch, working_days=working_days, holidays=tuple(sorted(set(holidays))), **days)


def _read_working_days(node: YamlNode, *, what: str) -> tuple[int, ...]:
    names = read_each(
        node, lambda item: read_choice(item, what="working_days", choices=WORKING_DAY_NAMES), what="working_days"
    )
    if isinstance(node, YamlList) and not node.items:
        node.report("working_days: found none, expected at least one of mon to sun")
    return tuple(sorted({WORKING_DAY_NAMES.index(name) for name in names}))


def read_timezone(node: YamlNode, *, what: str) -> str | None:
    """Return the name of a time zone that this machine knows."""
    name = node.text if isinstance(node, YamlScalar) else ""
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        near = suggest(name, zoneinfo.available_timezones())
        node.report(f"timezone: found {show(node)}, expected an IANA name such as Europe/Berlin{near}")
        return None
    return name


def read_team(node: YamlNode, *, what: str) -> tuple[TeamMember, ...]:
    """Return the members; no two may share a name or an `also`."""
    names: list[tuple[str, Place]] = []
    members = read_each(node, lambda item: _read_member(item, names), what=what)
    refuse_repeats(names, what=what, fold=fold)
    return members


def _read_member(node: YamlNode, names: list[tuple[str, Place]]) -> TeamMember | None:
    entries = read_block(node, what="team", allowed=MEMBER_KEYS, required=("name",))
    if entries is None:
        return None
    name = read_key(entries, "name", read_name, None)
    also: list[str] = []
    if "also" in entries:
        for item in read_list(entries["also"], what="also"):
            other = read_name(item, what="also")
            if other is not None:
                also.append(other)
                names.append((other, item.place))
    if name is None:
        return None
    names.append((name, entries["name"].place))
    away: tuple[tuple[date, date], ...] = read_key(entries, "away", read_each, (), read_item=_read_absence)
    takes = read_condition(entries["takes"], what="takes") if "takes" in entries else None
    return TeamMember(
        name=name,
        role=read_key(entries, "role", read_choice, ROLES[0], choices=ROLES),
        also=tuple(also),
        capacity=read_key(entries, "capacity", read_whole_number, None, low=0, high=MOST_COUNTED),
        max_open=read_key(entries, "max_open", read_whole_number, None, low=0, high=MOST_COUNTED),
        away=tuple(sorted(away)),
        takes=takes,
    )


def _read_absence(node: YamlNode) -> tuple[date, date] | None:
    text = node.text if isinstance(node, YamlScalar) else ""
    first_text, dots, last_text = text.partition("..")
    first = parse_date(first_text.strip())
    last = parse_date(last_text.strip()) if dots else first
    if first is None or last is None:
        node.report(f"away: found {show(node)}, expected a date or a span such as 2026-12-21..2027-01-03")
        return None
    if last < first:
        node.report(f"away: {quote(text)} ends before it starts; swap the dates")
        return None
    return (first, last)


def read_goals(node: YamlNode, *, what: str, team: Sequence[TeamMember]) -> tuple[Goal, ...]:
    """Return the goals; each is for the whole `team` or for one of its members by name."""
    return read_each(node, lambda item: _read_goal(item, team), what="goals")


def _read_goal(node: YamlNode, team: Sequence[TeamMember]) -> Goal | None:
    entries = read_block(node, what="goals", allowed=GOAL_KEYS, required=GOAL_KEYS)
    if entries is None:
        return None
    who = read_key(entries, "who", read_name, None)
    if who is not None:
        who = _find_member(who, entries["who"].place, team)
    what = read_key(entries, "what", read_choice, None, choices=GOAL_COUNTS)
    per = read_key(entries, "per", read_choice, None, choices=GOAL_PERIODS)
    target = read_key(entries, "target", read_whole_number, None, low=1, high=MOST_COUNTED)
    if who is None or what is None or per is None or target is None:
        return None
    return Goal(who, what, target, per)


def _find_member(who: str, place: Place, team: Sequence[TeamMember]) -> str | None:
    if who == WHOLE_TEAM:
        return who
    for member in team:
        if fold(who) in {fold(name) for name in (member.name, *member.also)}:
            return member.name
    names = [member.name for member in team]
    place.report(
        f"who: unknown member {quote(who)}, expected a member's name or team{suggest(who, [*names, WHOLE_TEAM])}"
    )
    return None


TOP_KEYS = (
    "version",
    "name",
    "currency",
    "rates",
    "score",
    "grades",
    "qualified",
    "junk",
    "follow_up",
    "timezone",
    "team",
    "goals",
)
VERSION = 1
DEFAULT_NAME = "Criteria"
DEFAULT_CURRENCY = "USD"
LOWEST_RATE, HIGHEST_RATE = Decimal("0.000001"), Decimal(1_000_000)


def read_root(root: YamlNode, text: str, digest: str) -> Criteria | None:
    """Return the criteria that a whole file defines; `digest` identifies its text."""
    if isinstance(root, YamlScalar) and root.value is None:
        root.report("the file is empty, expected criteria; `leadtriage init` writes some to start from")
        return None
    entries = read_block(root, what="criteria file", allowed=TOP_KEYS, required=("score",))
    if entries is None or not isinstance(root, YamlMapping):
        return None
    read_key(entries, "version", read_whole_number, None, low=VERSION, high=VERSION)
    currency = read_key(entries, "currency", _read_currency, DEFAULT_CURRENCY)
    grades = read_key(entries, "grades", read_grades, DEFAULT_GRADES)
    team = read_key(entries, "team", read_team, ())
    return Criteria(
        name=read_key(entries, "name", read_name, DEFAULT_NAME),
        currency=currency,
        rates=_read_rates(entries.get("rates"), currency),
        score=read_key(entries, "score", read_score, ()),
        grades=grades,
        qualified=read_key(entries, "qualified", read_qualified, Qualified(grades.get(Grade.B, 0))),
        junk=read_key(entries, "junk", read_junk, DEFAULT_JUNK),
        follow_up=read_key(entries, "follow_up", read_follow_up, DEFAULT_FOLLOW_UP),
        timezone=read_key(entries, "timezone", read_timezone, None),
        team=team,
        goals=read_key(entries, "goals", read_goals, (), team=team),
        text=text,
        digest=digest,
    )


def _read_currency(node: YamlNode, *, what: str) -> str | None:
    text = node.text if isinstance(node, YamlScalar) else ""
    if re.fullmatch("[A-Z]{3}", text):
        return text
    near = f"; write {text.upper()}" if re.fullmatch("[A-Za-z]{3}", text) else ""
    node.report(f"{what}: found {show(node)}, expected three capital letters such as EUR{near}")
    return None


def _read_rates(node: YamlNode | None, currency: str) -> Mapping[str, Decimal]:
    rates = {currency: Decimal(1)}
    if node is None:
        return MappingProxyType(rates)
    if not isinstance(node, YamlMapping):
        node.report(f"rates: found {show(node)}, expected currencies with their worth, as in {{EUR: 1.08}}")
        return MappingProxyType(rates)
    for code, entry in node.entries.items():
        name = _read_currency(YamlScalar(node.key_places.get(code, node.place), code, code), what="currency")
        rate = read_decimal(entry, what=f"rates: {code}", low=LOWEST_RATE, high=HIGHEST_RATE)
        if name == currency and rate is not None and rate != 1:
            entry.report(f"rates: {code} is the file's own currency, expected 1 or nothing")
        if name is not None and rate is not None:
            rates[name] = rate
    return MappingProxyType(rates)
