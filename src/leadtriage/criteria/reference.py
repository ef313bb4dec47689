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
    MOST_CRITERIA,
    MOST_POINTS,
    MOST_TIERS,
    WORKING_DAY_NAMES,
)
from leadtriage.criteria.parse.values import LARGEST_NUMBER, LONGEST_NAME, MOST_DAYS, MOST_LIST_ENTRIES
from leadtriage.criteria.parse.yaml import DEEPEST_NESTING


def render_reference() -> str:
    """Return the whole text of docs/criteria.md."""
    text = Path(__file__).with_name("reference.md").read_text(encoding="utf-8")
    parts = {
        **_list_defaults(),
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


def _list_defaults() -> dict[str, str]:
    clocks = DEFAULT_FOLLOW_UP
    return {
        "version": str(VERSION),
        "name": DEFAULT_NAME,
        "currency": DEFAULT_CURRENCY,
        "grades": ", ".join(f"{grade}: {lowest}" for grade, lowest in DEFAULT_GRADES.items()),
        "junk_below": str(DEFAULT_JUNK.below),
        "junk_known": str(DEFAULT_JUNK.known),
        "first_touch": ", ".join(f"{grade}: {days}d" for grade, days in clocks.first_touch.items()),
        **{name: str(getattr(clocks, name)) for name in ("idle", "nurture", "shelf_life", "warn")},
        "week": _code(WORKING_DAY_NAMES),
        "working_days": ", ".join(WORKING_DAY_NAMES[day] for day in clocks.working_days),
    }


def _list_fields() -> str:
    rows = [
        (f"`{one.name}`", one.type, one.description, "yes" if one.asked else "computed") for one in LEAD_FIELDS.values()
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
