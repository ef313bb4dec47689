"""Loads criteria from a file, a text or the built-in example."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from leadtriage.core.errors import CriteriaError, FileError
from leadtriage.core.vocabulary import Grade
from leadtriage.criteria.model import Criteria, Qualified
from leadtriage.criteria.parse.sections import (
    DEFAULT_FOLLOW_UP,
    DEFAULT_GRADES,
    DEFAULT_JUNK,
    read_follow_up,
    read_goals,
    read_grades,
    read_junk,
    read_qualified,
    read_score,
    read_team,
    read_timezone,
)
from leadtriage.criteria.parse.values import (
    read_block,
    read_decimal,
    read_key,
    read_name,
    read_whole_number,
    show,
)
from leadtriage.criteria.parse.yaml import Mistakes, Place, YamlMapping, YamlNode, YamlScalar, read_yaml

LARGEST_FILE = 4 * 1024 * 1024


def read_source(path: Path) -> str:
    """Return the text of a file in UTF-8 (or UTF-16 with its mark), its lines ended by line feeds.

    Raises:
        FileError: when it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(
            f"the criteria cannot be read: {error.strerror or error}",
            place=str(path),
            hint="`leadtriage init` writes a file to start from",
        ) from error
    if len(content) > LARGEST_FILE:
        raise FileError(f"the file has {len(content):,} bytes, expected at most {LARGEST_FILE:,}", place=str(path))
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"line {line} is not valid {encoding.upper()}", place=str(path), hint="save the file as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").removeprefix("\ufeff")


def digest_source(text: str) -> str:
    """Return the SHA-256 of a criteria text in hexadecimal."""
    return hashlib.sha256(text.removeprefix("\ufeff").encode(errors="replace")).hexdigest()


def example_text() -> str:
    """Return the example file, from the installed package or, in a checkout, from its top folder."""
    shipped = Path(__file__).with_name("example.yaml")
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[3] / "criteria.example.yaml"
    return checkout.read_text(encoding="utf-8")


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


def load_criteria(text: str, *, place: str) -> Criteria:
    """Return the criteria that a text defines; `place` names its file in messages.

    Raises:
        CriteriaError: lists all mistakes, each as `line:column: what was found, what was expected`.
    """
    text = text.removeprefix("\ufeff")
    mistakes = Mistakes()
    root = read_yaml(text, mistakes)
    if root is None:
        if not mistakes.found:
            Place(1, 1, mistakes).report(
                "the file is empty, expected criteria; `leadtriage init` writes some to start from"
            )
        mistakes.raise_if_any(place)
    criteria = _read_root(root, text) if root is not None else None
    mistakes.raise_if_any(place)
    if criteria is None:
        raise CriteriaError("the criteria cannot be read", mistakes=(), place=place)
    return criteria


def read_criteria(path: Path) -> Criteria:
    """Return the criteria of a file in UTF-8 (or UTF-16 with its mark).

    Raises:
        FileError: when it cannot be read.
        CriteriaError: when it has mistakes.
    """
    return load_criteria(read_source(path), place=str(path))


def _read_root(root: YamlNode, text: str) -> Criteria | None:
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
        digest=digest_source(text),
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


EXAMPLE_PLACE = "the built-in example"


def example_criteria() -> Criteria:
    """Return the example as criteria."""
    return load_criteria(example_text(), place=EXAMPLE_PLACE)


def starter_text(schema_path: str) -> str:
    """Return the example for a new file; its first line points editors to the JSON Schema's path or address."""
    return f"# yaml-language-server: $schema={schema_path}\n{example_text()}"
