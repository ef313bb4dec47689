"""Writes docs/criteria.md: the text of `reference.md` with tables of keys, fields, operators and limits filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from leadtriage.core.vocabulary import Reason
from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.loader import DEFAULT_CURRENCY, DEFAULT_NAME, LARGEST_FILE, VERSION
from leadtriage.criteria.operators import Operator
from leadtriage.criteria.parse.sections import (
    DEFAULT_FOLLOW_UP,
    DEFAULT_GRADES,
    DEFAULT_JUNK,
    GOAL_COUNTS,
    GOAL_PERIODS,
    MOST_CRITERIA,
    MOST_POINTS,
    MOST_TIERS,
    ROLES,
    WHOLE_TEAM,
    WORKING_DAY_NAMES,
)
from leadtriage.criteria.parse.values import LARGEST_NUMBER, LONGEST_NAME, MOST_DAYS, MOST_LIST_ENTRIES
from leadtriage.criteria.parse.yaml import DEEPEST_NESTING


def render_reference() -> str:
    """Return the whole text of docs/criteria.md."""
    text = Path(__file__).with_name("reference.md").read_text(encoding="utf-8")
    parts = {
        "keys": _list_keys(),
        "fields": _list_fields(),
        "choices": _list_choices(),
        "operators": _list_operators(),
        "reasons": ", ".join(f"`{reason}`" for reason in Reason),
        "limits": _list_limits(),
    }
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _list_keys() -> str:
    clocks = DEFAULT_FOLLOW_UP
    first_touch = ", ".join(f"{grade}: {days}d" for grade, days in clocks.first_touch.items())
    grades = ", ".join(f"{grade}: {lowest}" for grade, lowest in DEFAULT_GRADES.items())
    week = ", ".join(WORKING_DAY_NAMES[day] for day in clocks.working_days)
    rows = [
        ("version", "the version of this format", str(VERSION)),
        ("name", "what the file is about", DEFAULT_NAME),
        ("currency", "of every amount in the file, three letters of ISO 4217", DEFAULT_CURRENCY),
        ("rates", "what one unit of another currency is worth in `currency`", "none"),
        ("score", "the dimensions by name, each with `max` and `criteria`", "must be there"),
        (
            "dimension: max",
            "the dimension's score is held within -max..max; the five should add up to 100",
            "must be there",
        ),
        ("dimension: criteria", "a list of criteria", "none"),
        ("criterion: name", "what people see; no two alike in a dimension", "must be there"),
        ("criterion: field, column", "what it looks at, one of them", "each tier has a `when`"),
        ("criterion: ask", "the question to ask a lead; the answer goes into the field", "it is not asked"),
        ("criterion: unlisted", "`unknown`: a value that no tier names says nothing", "it is known, for 0 points"),
        ("criterion: tiers", "a list of `points` with operators or `when`", "must be there"),
        ("grades", "the lowest score of A, B and C; anything lower is D", grades),
        ("qualified", "the score from which a lead is qualified; or `score` and `when`", "the lowest score of B"),
        ("junk: below", "a score under this makes a junk candidate ...", str(DEFAULT_JUNK.below)),
        ("junk: known", "... when at least this share of the evidence is known", f"{DEFAULT_JUNK.known}"),
        ("junk: disqualify", "a list of `reason` with a condition in place or under `when`", "none"),
        ("follow_up: first_touch", "how long a lead of a grade may wait for its first contact", first_touch),
        ("follow_up: idle", "after contact, silence longer than this is stale", f"{clocks.idle}d"),
        ("follow_up: nurture", "how often a parked lead is written to", f"{clocks.nurture}d"),
        ("follow_up: shelf_life", "a lead older than this without an outcome is dead", f"{clocks.shelf_life}d"),
        ("follow_up: warn", "it is reported as expiring so long before", f"{clocks.warn}d"),
        ("follow_up: working_days", f"of {_code(WORKING_DAY_NAMES)}", week),
        ("follow_up: holidays", "a list of dates that are no working days", "none"),
        ("timezone", "whose calendar days count, an IANA name such as Europe/Berlin", "the machine's"),
        ("team", "a list of the people who work leads", "none"),
        (
            "… name, also",
            "and what else the CRM calls them, which `--owner` knows from the next `score` on; no two share a name",
            "`name` must be there",
        ),
        ("team: role", f"{_code(ROLES)}; a qualifier gets the leads that need answers", ROLES[0]),
        ("team: capacity", "new leads a working day", "no limit"),
        ("team: max_open", "open leads at once", "no limit"),
        ("team: away", "a list of dates or spans without new leads", "never"),
        ("team: takes", "a condition on the leads that they get", "any lead"),
        ("goals", "a list of what is to be reached", "none"),
        ("goals: who", f"a member's name, or `{WHOLE_TEAM}`", "must be there"),
        (
            "goals: what, target, per",
            f"{_code(GOAL_COUNTS)}; a number; {_code(GOAL_PERIODS)}",
            "must be there",
        ),
    ]
    named = [(_name_keys(name), meaning, default) for name, meaning, default in rows]
    return _table(("key", "meaning", "where it is left out"), named)


def _name_keys(name: str) -> str:
    before, colon, keys = name.rpartition(": ")
    return f"{before}{colon}{_code(keys.split(', '))}"


def _list_fields() -> str:
    rows = [
        (f"`{one.name}`", one.type, one.description, "yes" if one.asked else "worked out")
        for one in LEAD_FIELDS.values()
    ]
    return _table(("field", "type", "meaning", "can be asked"), rows)


def _list_choices() -> str:
    rows = [(f"`{one.name}`", _code(one.choices)) for one in LEAD_FIELDS.values() if one.choices]
    return _table(("field", "its values"), rows)


def _list_operators() -> str:
    rows = [(f"`{one}`", one.rules.meaning, _code(one.rules.fields) or ", ".join(one.rules.types)) for one in Operator]
    return _table(("operator", "holds when the value", "on"), rows)


def _list_limits() -> str:
    rows = [
        ("criteria", f"{MOST_CRITERIA:,}"),
        ("tiers of a criterion", f"{MOST_TIERS:,}"),
        ("entries of a list", f"{MOST_LIST_ENTRIES:,}"),
        ("points of a tier", f"-{MOST_POINTS:,} to {MOST_POINTS:,}"),
        ("a number to compare with", f"-{LARGEST_NUMBER:,} to {LARGEST_NUMBER:,}"),
        ("a duration", f"{MOST_DAYS:,} days"),
        ("characters of a name", f"{LONGEST_NAME:,}"),
        ("levels inside one another", f"{DEEPEST_NESTING:,}"),
        ("bytes of the file", f"{LARGEST_FILE:,}"),
    ]
    return _table(("of", "at most"), rows)
