"""Reads who works the leads and by when: `follow_up`, `timezone`, `team` and `goals`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import date
from types import MappingProxyType

from leadtriage.criteria.model import FollowUp, Goal, TeamMember
from leadtriage.criteria.reading.conditions import read_condition
from leadtriage.criteria.reading.mistakes import Mistakes, Place, quote, suggest
from leadtriage.criteria.reading.values import (
    parse_date,
    read_block,
    read_choice,
    read_date,
    read_duration,
    read_each,
    read_list,
    read_name,
    read_whole_number,
    refuse_repeats,
    show,
)
from leadtriage.criteria.reading.yaml_nodes import YamlList, YamlNode, YamlScalar
from leadtriage.criteria.text import fold
from leadtriage.vocabulary import Grade

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
