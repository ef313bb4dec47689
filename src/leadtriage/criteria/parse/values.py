"""Reads values and lists from nodes, and reports mistakes as what was found and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from leadtriage.criteria.parse.yaml import (
    Place,
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    expect_name,
    list_names,
    quote,
    suggest,
)

MOST_LIST_ENTRIES = 1_000
LARGEST_NUMBER = 10**12
LONGEST_NAME = 200
MOST_DAYS = 3_650

_DURATION = re.compile(r"([0-9]{1,4})\s*([dw])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Value = TypeVar("Value")
Default = TypeVar("Default")


def show(node: YamlNode) -> str:
    """Describe a node in a message."""
    if isinstance(node, YamlMapping):
        return "a block of keys"
    if isinstance(node, YamlList):
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, str):
        return f"the text {quote(node.text)}"
    return node.text


def text_of(node: YamlNode) -> str:
    """Return the text of a scalar as written, or an empty text."""
    return node.text if isinstance(node, YamlScalar) else ""


def read_block(
    node: YamlNode, *, what: str, allowed: Collection[str], required: Collection[str] = ()
) -> dict[str, YamlNode] | None:
    """Return a block's entries without empty ones, whose content may be commented out; None for another node.

    Reports unknown keys and missing required ones.
    """
    if not isinstance(node, YamlMapping):
        node.report(f"{what}: found {show(node)}, expected a block of keys ({', '.join(allowed)})")
        return None
    for key, place in node.key_places.items():
        if key not in allowed:
            place.report(f"{what}: unknown key {quote(key)}{expect_name(key, allowed)}")
    for key in required:
        if key not in node.entries:
            node.report(f'{what}: missing key "{key}"')
        elif is_empty(node.entries[key]):
            node.entries[key].report(f"{what}: {key}: found nothing, expected a value")
    return {key: entry for key, entry in node.entries.items() if key in allowed and not is_empty(entry)}


def read_key(
    entries: Mapping[str, YamlNode], key: str, read: Callable[..., Value | None], default: Default, **options: Any
) -> Value | Default:
    """Return the value of an optional key; the default where it is missing or a mistake.

    Args:
        read: reads the value; takes the node and `options`, of which `what` is the key by default.
    """
    value = read(entries[key], **{"what": key, **options}) if key in entries else None
    return default if value is None else value


def is_empty(node: YamlNode) -> bool:
    """Return whether a node is empty or `null`."""
    return isinstance(node, YamlScalar) and node.value is None


def read_list(node: YamlNode, *, what: str, most: int = MOST_LIST_ENTRIES) -> tuple[YamlNode, ...]:
    """Return the entries of a list; none for another node or with more than `most`."""
    if not isinstance(node, YamlList):
        node.report(f"{what}: found {show(node)}, expected a list")
        return ()
    if len(node.items) > most:
        node.report(f"{what}: found {len(node.items):,} entries, expected at most {most:,}")
        return ()
    return node.items


def read_each(
    node: YamlNode, read_item: Callable[[YamlNode], Value | None], *, what: str, most: int = MOST_LIST_ENTRIES
) -> tuple[Value, ...]:
    """Return the values of a list, without the entries that are mistakes."""
    values = [read_item(item) for item in read_list(node, what=what, most=most)]
    return tuple(value for value in values if value is not None)


def read_text(node: YamlNode, *, what: str) -> str | None:
    """Return a text as written, trimmed; numbers and dates count as text, true, false and nothing do not."""
    if not isinstance(node, YamlScalar) or node.value is None or isinstance(node.value, bool):
        found = show(node)
        in_quotes = f'; in quotes it is a text: "{found}"' if found in ("true", "false") else ""
        node.report(f"{what}: found {found}, expected a text{in_quotes}")
        return None
    text = node.text.strip()
    if not text:
        node.report(f"{what}: found an empty text, expected one with characters in it")
        return None
    return text


def read_name(node: YamlNode, *, what: str) -> str | None:
    """Return a name: a text of one line and at most 200 characters, with single spaces."""
    text = read_text(node, what=what)
    if text is None:
        return None
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME:
        node.report(f"{what}: found {len(name):,} characters, expected at most {LONGEST_NAME}")
        return None
    return name


def read_choice(node: YamlNode, *, what: str, choices: Sequence[str]) -> str | None:
    """Return one of the choices in its exact spelling."""
    if isinstance(node, YamlScalar) and node.text in choices:
        return node.text
    near = suggest(node.text, choices) if isinstance(node, YamlScalar) else ""
    node.report(f"{what}: found {show(node)}, expected {list_names(choices)}{near}")
    return None


def read_yes_no(node: YamlNode, *, what: str) -> bool | None:
    """Return true or false; `yes` and `no` are text in YAML 1.2."""
    if isinstance(node, YamlScalar) and isinstance(node.value, bool):
        return node.value
    node.report(f"{what}: found {show(node)}, expected true or false")
    return None


def read_whole_number(node: YamlNode, *, what: str, low: int, high: int) -> int | None:
    """Return a whole number within the limits, inclusive."""
    value = node.value if isinstance(node, YamlScalar) else None
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    limits = f"a whole number from {low:,} to {high:,}" if low < high else f"{low:,}"
    node.report(f"{what}: found {show(node)}, expected {limits}{_plainly(node)}")
    return None


def read_number(node: YamlNode, *, what: str, low: int = -LARGEST_NUMBER) -> int | float | None:
    """Return a number from `low` up to 10^12, whole or with a decimal point."""
    value = node.value if isinstance(node, YamlScalar) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= LARGEST_NUMBER:
        return value
    expected = "a number" if low < 0 else f"a number from {low:,} up"
    if isinstance(value, int | float) and not isinstance(value, bool):
        expected = f"a number from {low:,} to {LARGEST_NUMBER:,}"
    node.report(f"{what}: found {show(node)}, expected {expected}{_plainly(node)}")
    return None


def read_decimal(node: YamlNode, *, what: str, low: Decimal, high: Decimal) -> Decimal | None:
    """Return a number exactly as written, within the limits, inclusive."""
    value = node.value if isinstance(node, YamlScalar) else None
    if isinstance(node, YamlScalar) and isinstance(value, int | float) and not isinstance(value, bool):
        exact = Decimal(node.text)
        if low <= exact <= high:
            return exact
    node.report(f"{what}: found {show(node)}, expected a number from {low:f} to {high:f}{_plainly(node)}")
    return None


def _plainly(node: YamlNode) -> str:
    """Suggest the plain form of a number that was written for people ("20,000", "20k", "30 days")."""
    if not isinstance(node, YamlScalar) or not isinstance(node.value, str):
        return ""
    match = re.fullmatch(r"[^\w.-]{0,2}\s*([0-9][0-9,_' ]*)\s*(k|m|d|days?|%)?", node.text.strip(), re.IGNORECASE)
    if match is None or len(node.text) > 20:
        return ""
    digits = re.sub(r"[^0-9]", "", match[1])
    zeros = {"k": "000", "m": "000000"}.get((match[2] or "").lower(), "")
    plain = f"0.{digits:0>2}" if match[2] == "%" else digits + zeros
    return f"; write {plain}"


def parse_duration(text: str, *, days_in_week: int = 7) -> int | None:
    """Return the days of a duration such as "10d" or "2w", or None; a week can have fewer working days."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    return int(match[1]) * (days_in_week if match[2] == "w" else 1)


def read_duration(node: YamlNode, *, what: str, low: int = 0, days_in_week: int = 7) -> int | None:
    """Return the days of a duration ("10d", "2w") of at least `low` days and at most ten years."""
    days = parse_duration(node.text, days_in_week=days_in_week) if isinstance(node, YamlScalar) else None
    if days is not None and low <= days <= MOST_DAYS:
        return days
    spoken = re.fullmatch(r"([0-9]{1,4})\s*(d|w|)[a-z]*", text_of(node).lower())
    near = f"; write {spoken[1]}{spoken[2] or 'd'}" if days is None and spoken else ""
    node.report(
        f"{what}: found {show(node)}, expected days or weeks such as 10d or 2w, from {low}d to {MOST_DAYS:,}d{near}"
    )
    return None


def parse_date(text: str) -> date | None:
    """Return the day of a text such as 2026-12-31, or None."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_date(node: YamlNode, *, what: str) -> date | None:
    """Return a day written as 2026-12-31."""
    day = parse_date(node.text.strip()) if isinstance(node, YamlScalar) else None
    if day is None:
        node.report(f"{what}: found {show(node)}, expected a date such as 2026-12-31")
    return day


def refuse_repeats(places: Sequence[tuple[str, Place]], *, what: str, fold: Callable[[str], str] = str) -> None:
    """Report each repeated text, as `fold` compares them."""
    first: dict[str, Place] = {}
    for text, place in places:
        before = first.setdefault(fold(text), place)
        if before != place:
            place.report(f"{what}: duplicate {quote(text)}, first on line {before.line}")
